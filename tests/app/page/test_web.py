"""The page as strangers meet it: who they are, what they may send, and what every answer says."""

from __future__ import annotations

import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from gradio_client import Client, handle_file

from app.page import strings
from app.page.tabs import TABS_PER_VISITOR
from app.page.visitors import ARRIVING, OPEN, NoRoom, Quota, Visitors
from app.page.web.headers import file_headers
from app.page.web.identity import COOKIE, Identities, key_of
from app.page.web.logs import Careful
from app.page.web.rates import AtOnce, Rates
from riffusion_inference.errors import SettingError
from tests.app.page.test_gradio_queue import until
from tests.fixtures_page import Served

TOKEN, OTHER = "a" * 64, "b" * 64
API = "/gradio_api"


def scope_of(path: str = "/", headers: dict[str, str] | None = None, client: str = "10.0.0.1") -> dict[str, Any]:
    """A request as the server hands it on."""
    pairs = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return {"type": "http", "method": "GET", "path": path, "headers": pairs, "client": (client, 1), "query_string": b""}


def test_a_visitor_is_known_by_header_cookie_or_address_of_the_page() -> None:
    who = Identities(trust_proxy=False)
    assert who.identify(scope_of(headers={"x-visitor": TOKEN})).key == key_of(TOKEN)
    assert who.identify(scope_of(f"/visit/{OTHER}/config")).key == key_of(OTHER)
    assert who.identify(scope_of(headers={"cookie": f"{COOKIE}={TOKEN}"})).key == key_of(TOKEN)
    # Two phones of one kind behind one proxy, and one phone that changes its network.
    phones = [who.identify(scope_of(f"/visit/{token}/", {"user-agent": "phone"})) for token in (TOKEN[::-1], OTHER)]
    assert phones[0].key == key_of(TOKEN[::-1]) or phones[0].is_new
    assert phones[0].key != phones[1].key
    assert who.identify(scope_of(f"/visit/{OTHER}/", client="10.9.9.9")).key == phones[1].key
    made_up = who.identify(scope_of(headers={"cookie": f"{COOKIE}=guessed"}))
    assert made_up.is_new
    assert made_up.key not in (key_of("guessed"), who.identify(scope_of()).key)


def test_a_copied_address_is_of_no_use_where_its_visitor_keeps_cookies() -> None:
    who = Identities(trust_proxy=False)
    address = f"/visit/{TOKEN}{API}/file=x"
    assert who.identify(scope_of(address)).key == key_of(TOKEN)
    assert who.identify(scope_of(address, {"cookie": f"{COOKIE}={TOKEN}"})).key == key_of(TOKEN)
    assert who.identify(scope_of(address)).key != key_of(TOKEN)
    assert who.identify(scope_of(address, {"cookie": f"{COOKIE}={OTHER}"})).key == key_of(OTHER)


def test_agents_are_one_visitor_and_their_limits_go_by_address() -> None:
    who, agent = Identities(trust_proxy=False), {"x-gradio-user": "mcp"}
    first, second = (who.identify(scope_of("/x", agent, client)) for client in ("1.1.1.1", "2.2.2.2"))
    assert first.key == second.key == OPEN
    assert first.account != second.account
    # Where an agent calls from comes along with what Gradio does for it; nobody else can say so.
    asked = scope_of("/gradio_api/mcp/", {"x-agent-from": "guessed 6.6.6.6"}, "3.3.3.3")
    assert who.identify(asked).address == "3.3.3.3"
    (passed,) = [value.decode() for name, value in asked["headers"] if name == b"x-agent-from"]
    assert who.identify(scope_of("/x", {**agent, "x-agent-from": passed}, "127.0.0.1")).address == "3.3.3.3"
    for guess in ("guessed 6.6.6.6", " 6.6.6.6", "6.6.6.6"):
        assert who.identify(scope_of("/x", {**agent, "x-agent-from": guess}, "4.4.4.4")).address == "4.4.4.4"


def test_who_says_that_he_is_an_agent_gains_nothing_of_others(served: Served, stranger: Any, real_clip: Path) -> None:
    own, liar = stranger(TOKEN), stranger()
    liar.headers["x-gradio-user"] = "mcp"
    mine = send(own, "mine.mp4", real_clip.read_bytes()).json()[0]
    tab = {"data": [None], "fn_index": 0, "session_hash": "anothers"}
    own.post(f"{API}/queue/join", json=tab)
    assert liar.get(f"{API}/file={mine}").status_code == 403
    assert strings.NOT_YOURS in call(liar, "probe", file_data(mine))
    assert strings.NOT_YOURS in call(liar, "probe", file_data(f"{served.url}{API}/file={mine}"))
    assert liar.post(f"{API}/queue/join", json=tab).status_code == 403
    home = served.folder / "visitors"
    assert liar.get(f"{API}/file={home}/open/../{Path(mine).relative_to(home)}").status_code == 403
    # What agents have is had by whoever can name it, under a name that what is in it does not tell.
    theirs = Path(send(liar, "theirs.mp4", real_clip.read_bytes()).json()[0])
    assert own.get(f"{API}/file={theirs}").status_code == 200
    assert theirs.parent.name != Path(mine).parent.name
    assert own.get(f"{API}/file={theirs.parent}").status_code in (403, 404)


def test_only_a_trusted_proxy_says_where_a_request_comes_from() -> None:
    forwarded = {"x-forwarded-for": "6.6.6.6, 1.2.3.4"}
    assert Identities(trust_proxy=True).identify(scope_of(headers=forwarded)).address == "1.2.3.4"
    assert Identities(trust_proxy=False).identify(scope_of(headers=forwarded)).address == "10.0.0.1"


def test_rates_fill_up_again_and_leave_others_alone() -> None:
    rates, who = Rates(60), Identities(trust_proxy=False)
    mine, other = (who.identify(scope_of(headers={"x-visitor": token})) for token in (TOKEN, OTHER))
    assert [rates.wait_seconds(mine, now=0.0) for _ in range(60)] == [0.0] * 60
    assert rates.wait_seconds(mine, now=0.0) == pytest.approx(1.0)
    assert rates.wait_seconds(other, now=0.0) == 0.0
    assert rates.wait_seconds(mine, now=1.5) == 0.0
    # Visitors drawn by the dozen share what their address may ask.
    many = [who.identify(scope_of()) for _ in range(700)]
    assert sum(rates.wait_seconds(one, now=2.0) > 0 for one in many) >= 100


def test_so_many_at_once_and_no_more() -> None:
    most, who = AtOnce(per_visitor=1, per_address=2, in_all=9), Identities(trust_proxy=False)
    a, b, c = (who.identify(scope_of(headers={"x-visitor": letter * 64})) for letter in "abc")
    with most.one_more(a) as first, most.one_more(a) as again, most.one_more(b) as second, most.one_more(c) as third:
        assert (first, again, second, third) == (True, False, True, False)
    with most.one_more(c) as later:
        assert later


def visitors_of(folder: Path, **limits: int) -> Visitors:
    """A page's folder with these limits, and else none."""
    return Visitors(folder, Quota(**{"visitor_bytes": 1 << 40, "visitor_files": 1000, "min_free_bytes": 0, **limits}))


def upload_of(visitors: Visitors, visitor: str, name: str, n_bytes: int = 10) -> Path:
    """A file that a visitor has sent."""
    path = visitors.uploads(visitor) / name / "holiday.mp4"
    path.parent.mkdir()
    path.write_bytes(bytes(n_bytes))
    return path


def test_each_visitor_reads_only_own_files(tmp_path: Path) -> None:
    visitors = visitors_of(tmp_path)
    mine = visitors.new_folder("anna") / "film.mp4"
    mine.write_bytes(b"film")
    upload = upload_of(visitors, "anna", "0abc")
    assert visitors.may_read("anna", mine)
    assert visitors.may_read("anna", upload)
    for path in (mine, upload, "/etc/passwd", tmp_path / "visitors/anna/../../../etc/passwd", "", "\0", "x" * 9999):
        assert not visitors.may_read("bert", path), path
    link = visitors.new_folder("bert") / "link.mp4"
    link.symlink_to(mine)
    assert not visitors.may_read("bert", link)
    with pytest.raises(SettingError, match="not from this visit"):
        visitors.own("bert", upload)


def make_old(*paths: Path) -> None:
    """Touched an hour ago."""
    import os

    for path in paths:
        for one in (*path.rglob("*"), path):
            os.utime(one, (time.time() - 3600,) * 2)


def test_what_nobody_uses_goes_and_what_runs_stays(tmp_path: Path) -> None:
    visitors = visitors_of(tmp_path)
    old, running, new = (visitors.new_folder("anna") for _ in range(3))
    upload, half = upload_of(visitors, "anna", "0abc"), visitors.arriving("anna")
    (half / "tmp1").write_bytes(b"half")
    stray = tmp_path / "tmpabc"
    stray.write_bytes(b"what Gradio left")
    make_old(old, running, upload.parent, half, stray)
    visitors.in_use = lambda: {running, upload}
    visitors.sweep(time.time() - 1800)
    assert [path.exists() for path in (old, half, stray)] == [False] * 3
    assert [path.exists() for path in (running, new, upload)] == [True] * 3
    visitors.in_use = set
    visitors.sweep(time.time() - 1800)
    assert not upload.exists()


def test_limits_of_one_visitor_are_sentences(tmp_path: Path) -> None:
    visitors = visitors_of(tmp_path, visitor_bytes=2_000_000, visitor_files=3)
    upload_of(visitors, "anna", "1", 1_500_000)
    visitors.check_room("anna", 400_000)
    with pytest.raises(NoRoom, match="take 2 MB; with 1 MB more they would go over the 2 MB") as much:
        visitors.check_room("anna", 600_000)
    upload_of(visitors, "anna", "2")
    upload_of(visitors, "anna", "3")
    with pytest.raises(NoRoom, match="You have 3 files here") as many:
        visitors.check_room("anna", 1)
    assert (much.value.status, many.value.status) == (413, 413)
    visitors.check_room("bert", 600_000)


def test_the_oldest_goes_first_when_space_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    visitors = visitors_of(tmp_path, min_free_bytes=1000)
    oldest, running, older, fresh = (upload_of(visitors, "anna", name) for name in "1234")
    make_old(oldest.parent, running.parent, older.parent)
    visitors.in_use = lambda: {running}

    def disk_usage(path: Path) -> Any:
        gone = sum(not one.exists() for one in (oldest, older, fresh))
        return shutil._ntuple_diskusage(10_000, 0, 400 + 500 * gone)  # type: ignore[attr-defined]

    monkeypatch.setattr("shutil.disk_usage", disk_usage)
    make_old(oldest.parent)
    visitors.check_floor(300)
    assert [one.exists() for one in (oldest, running, older, fresh)] == [False, True, False, True]
    with pytest.raises(NoRoom, match="disk is nearly full") as full:
        visitors.check_floor(900)
    assert full.value.status == 507
    assert running.exists()
    assert fresh.exists(), "it has just come and is about to be used"


def test_a_page_that_was_killed_leaves_nothing_to_the_next_one(tmp_path: Path) -> None:
    dead = visitors_of(tmp_path)
    dead.new_folder("anna")
    (tmp_path / "tmpabc").write_bytes(b"half")
    first = visitors_of(tmp_path)
    first.clear_dead()
    assert {path.name for path in tmp_path.iterdir()} == {"visitors", ".lock"}
    kept = first.new_folder("bert")
    second = visitors_of(tmp_path)
    second.clear_dead()
    assert kept.exists(), "another page lives in the same folder"
    second.new_folder("carl")
    second.delete_all()
    assert kept.exists()
    assert not (tmp_path / "visitors" / "carl").exists()


def test_a_file_is_played_or_downloaded_and_never_a_document() -> None:
    kinds = {"video/mp4": b"inline", "image/png": b"inline", "image/svg+xml": b"attachment", "text/html": b"attachment"}
    for kind, how in kinds.items():
        given = [(b"content-type", kind.encode()), (b"content-disposition", b'inline; filename="x"')]
        said = dict(file_headers(given))
        assert said[b"content-disposition"].startswith(how), kind
        assert b"sandbox" in said[b"content-security-policy"]
    assert dict(file_headers([(b"content-type", b"application/zip")]))[b"content-disposition"] == b"attachment"


def test_logs_hold_an_id_and_no_secrets(caplog: pytest.LogCaptureFixture) -> None:
    careful = Careful("r8_mine")
    said = careful.clean(f"r8_mine r8_other hf_{'x' * 30} /visit/{TOKEN}/x https://me:pass@host/y {COOKIE}={OTHER}")
    for secret in ("r8_", "hf_", TOKEN, OTHER, "pass"):
        assert secret not in said


# On the running page.


@pytest.fixture
def stranger(served: Served) -> Iterator[Callable[..., httpx.Client]]:
    """Open a program that keeps no cookies: stranger(token)."""
    opened: list[httpx.Client] = []

    def make(token: str = "") -> httpx.Client:
        client = httpx.Client(base_url=served.url, timeout=30, headers={"x-visitor": token} if token else {})
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


def send(client: httpx.Client, name: str, data: bytes, root: str = "") -> httpx.Response:
    """Upload a file."""
    return client.post(f"{root}{API}/upload", files=[("files", (name, data))])


def call(client: httpx.Client, name: str, *data: Any, root: str = "") -> str:
    """Call an endpoint; gives the events that it answers with."""
    posted = client.post(f"{root}{API}/call/{name}", json={"data": [*data]})
    assert posted.status_code == 200, posted.text
    return client.get(f"{root}{API}/call/{name}/{posted.json()['event_id']}").text


def file_data(path: str) -> dict[str, Any]:
    """A file as Gradio's clients name it."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_without_cookies_the_pages_own_address_is_the_visitor(served: Served, real_clip: Path) -> None:
    with httpx.Client(base_url=served.url, timeout=30) as phone:
        page = phone.get("/")
        root = urlsplit(
            json.loads(re.search(r"window\.gradio_config = (\{.*?\});</script>", page.text)[1])["root"]
        ).path
        assert re.fullmatch(r"/visit/[0-9a-f]{64}", root)
        phone.cookies.clear()
        path = send(phone, "b.mp4", real_clip.read_bytes(), root).json()[0]
        phone.cookies.clear()
        assert '"n_frames": 150' in call(phone, "probe", file_data(path), root=root)
        phone.cookies.clear()
        assert phone.get(f"{root}{API}/file={path}").status_code == 200
        phone.cookies.clear()
        assert phone.get(f"{API}/file={path}").status_code == 403


def test_every_answer_says_what_may_be_done_with_it(served: Served, stranger: Any, real_clip: Path) -> None:
    client = stranger(TOKEN)
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in policy
    assert "object-src 'none'" in policy
    for answer in (page, client.get("/config"), client.get("/theme.css"), client.get("/nonsense")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert len(answer.headers["x-request-id"]) == 12
    path = send(client, "page.html", b"<script>alert(1)</script>").json()[0]
    answer = client.get(f"{API}/file={path}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert stranger(OTHER).get(f"{API}/file={path}").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/proxy=http://127.0.0.1:1/x", "/gradio_api/component_server", "/gradio_api/process_recording",
     "/gradio_api/vibe-code", "/gradio_api/runs", "/monitoring", "/gradio_api/dev/reload", "/gradio_api/deep_link",
     "/gradio_api/api/dub", "/docs", "/gradio_api/file=http://127.0.0.1:1/x", "/login"],
)  # fmt: skip
def test_what_gradio_offers_beyond_the_page_is_refused(stranger: Any, path: str) -> None:
    client = stranger()
    assert client.get(path).status_code == 403
    assert client.post(path, json={}).status_code == 403


def test_nobody_goes_past_the_queue(stranger: Any) -> None:
    answer = stranger(TOKEN).post(f"{API}/run/dub", json={"data": [None, "piano"]})
    assert answer.status_code == 404


def test_health_tells_how_it_is_and_nothing_about_anybody(served: Served, stranger: Any) -> None:
    answer = stranger().get("/health")
    assert answer.status_code == 200
    facts = answer.json()
    assert facts["status"] == "ok"
    assert {"version", "jobs_waiting", "jobs_running", "free_mb", "model", "tabs"} < {*facts}
    assert str(served.folder) not in answer.text


def test_an_upload_that_breaks_off_leaves_nothing(served: Served) -> None:
    where = urlsplit(served.url)
    before = {path for path in served.folder.rglob("*") if path.is_file()}
    head = (
        f"POST {API}/upload HTTP/1.1\r\nHost: x\r\nX-Visitor: {'c' * 64}\r\nContent-Length: 2000000\r\n"
        "Content-Type: multipart/form-data; boundary=X\r\n\r\n"
        '--X\r\nContent-Disposition: form-data; name="files"; filename="half.mp4"\r\n\r\n'
    )
    home = served.folder / "visitors" / key_of("c" * 64)
    with socket.create_connection((where.hostname, where.port)) as line:
        line.sendall(head.encode() + bytes(300_000))
        assert until(lambda: any(path.is_file() for path in home.rglob("*")))
    assert until(lambda: not [path for path in home.rglob("*") if path.is_file()])
    assert {path for path in served.folder.rglob("*") if path.is_file()} - before == set()


def test_a_hundred_hanging_uploads_keep_nobody_out(served: Served, real_clip: Path) -> None:
    where = urlsplit(served.url)
    lines = []
    try:
        for number in range(100):
            line = socket.create_connection((where.hostname, where.port))
            token = f"{number % 50:064x}"
            line.sendall(
                f"POST {API}/upload HTTP/1.1\r\nHost: x\r\nX-Visitor: {token}\r\nContent-Length: 900000\r\n"
                "Content-Type: multipart/form-data; boundary=X\r\n\r\n--X\r\n".encode()
            )
            lines.append(line)
        # All of them come from the address that the honest visitor comes from as well.
        client = Client(served.url, verbose=False, headers={"x-visitor": OTHER})
        facts = client.predict(handle_file(str(real_clip)), api_name="/probe")
        assert facts["n_frames"] == 150
    finally:
        for line in lines:
            line.close()


def test_a_file_in_pieces_is_the_file(served: Served, stranger: Any, real_clip: Path) -> None:
    client, data = stranger(TOKEN), real_clip.read_bytes()
    name, size = "1" * 32, 100_000

    def piece(at: int, body: bytes, total: int = len(data)) -> httpx.Response:
        asks = {"id": name, "at": at, "total": total, "name": "../../in pieces.mp4"}
        return client.post(f"{API}/upload_piece", params=asks, content=body)

    assert piece(0, data[:size]).json() == {"at": size}
    again = piece(0, data[:size])
    assert (again.status_code, again.json()["at"]) == (409, size)
    assert stranger(OTHER).post(
        f"{API}/upload_piece", params={"id": name, "at": size, "total": len(data)}, content=b"x"
    ).status_code == 409  # fmt: skip
    for at in range(size, len(data), size):
        said = piece(at, data[at : at + size])
        assert said.status_code == 200, said.text
    path = Path(said.json()["path"])
    assert path.read_bytes() == data
    assert path.is_relative_to(served.folder / "visitors" / key_of(TOKEN))
    assert path.name == "in pieces.mp4"
    assert not list(path.parents[2].glob(f"{ARRIVING}{name}"))
    assert '"n_frames": 150' in call(client, "probe", file_data(str(path)))
    name = "2" * 32
    assert piece(0, b"x", total=4_000_000).status_code == 413
    assert piece(0, bytes(20), total=10).status_code == 413
    assert client.post(f"{API}/upload_piece", params={"id": "../x", "at": 0, "total": 1}).status_code == 400


def test_wrong_uploads_are_sentences(stranger: Any) -> None:
    client = stranger(TOKEN)
    large = send(client, "large.mp4", bytes(5_000_000))
    assert large.status_code == 413
    assert large.json()["detail"] == strings.UPLOAD_TOO_LARGE.format(limit=3)
    assert client.post(f"{API}/upload", content=b"no form").status_code == 400
    assert client.post(f"{API}/upload", files=[("files", (f"{n}.txt", b"x")) for n in range(11)]).status_code == 400
    assert client.post(f"{API}/call/probe", content=b"x" * 9_000_000).status_code == 413


def test_uploads_stop_at_the_floor(served: Served, stranger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = stranger("d" * 64)
    free = {"bytes": 1_000_000_000 + 2_500_000}

    answers: list[Any] = []

    def disk_usage(path: Any) -> Any:
        sent = 900_000 * sum(answer.status_code == 200 for answer in answers)
        return shutil._ntuple_diskusage(10**12, 0, free["bytes"] - sent)  # type: ignore[attr-defined]

    monkeypatch.setattr("shutil.disk_usage", disk_usage)
    # What other tests have left stays: nothing is old enough to go.
    monkeypatch.setattr("app.page.visitors.HIDDEN_SECONDS", 10**9)
    for number in range(5):
        answers.append(send(client, f"{number}.bin", bytes([number]) * 900_000))
    assert [answer.status_code for answer in answers] == [200, 200, 507, 507, 507]
    assert answers[-1].json()["detail"] == strings.NO_ROOM
    health = client.get("/health")
    assert health.status_code == 200
    free["bytes"] -= 1_000_000
    assert (client.get("/health").status_code, client.get("/health").json()["status"]) == (503, "disk nearly full")


def test_another_ones_tab_and_call_are_not_read(stranger: Any) -> None:
    anna, bert = stranger(TOKEN), stranger(OTHER)
    event = anna.post(f"{API}/call/probe", json={"data": [None]}).json()["event_id"]
    assert bert.get(f"{API}/call/probe/{event}").status_code == 403
    tab = {"data": [None], "fn_index": 0, "session_hash": "annas"}
    assert anna.post(f"{API}/queue/join", json=tab).status_code in (200, 400, 404, 422)
    assert bert.post(f"{API}/queue/join", json=tab).status_code == 403
    assert bert.get(f"{API}/queue/data", params={"session_hash": "annas"}).status_code == 403
    assert bert.get(f"{API}/heartbeat/annas").status_code == 403


def test_addresses_inside_and_nothing_are_no_inputs(stranger: Any) -> None:
    client = stranger(TOKEN)
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "100.64.0.1", "0.0.0.0", "example.invalid"):
        said = strings.NOT_FETCHED.format(host=host.strip("[]"))
        assert said in call(client, "probe", file_data(f"http://{host}:1/film.mp4"))
    assert strings.NO_FILE in call(client, "probe", None)
    wrong = client.post(f"{API}/call/dub", json={"data": [None, "piano"]})
    assert (wrong.status_code, "takes" in wrong.json()["detail"]) == (400, True)
    for nonsense in (b"[" * 100_000, b"no JSON", b'{"data":' + b"[" * 50_000):
        answer = client.post(f"{API}/queue/join", content=nonsense)
        assert answer.status_code == 400
        assert answer.json()["detail"] == strings.BAD_CALL


def test_the_pages_own_fields_take_no_addresses(stranger: Any) -> None:
    client = stranger(TOKEN)
    config = client.get("/config").json()
    videos = {one["id"] for one in config["components"] if one["type"] == "video"}
    event = next(one for one in config["dependencies"] if videos & {*one["inputs"]})
    address = {"path": "https://example.org/film.mp4", "meta": {"_type": "gradio.FileData"}}
    data = [address if one in videos else None for one in event["inputs"]]
    asked = {"data": data, "fn_index": event["id"], "session_hash": "addresses"}
    assert client.post(f"{API}/queue/join", json=asked).status_code == 200
    with client.stream("GET", f"{API}/queue/data", params={"session_hash": "addresses"}) as answer:
        said = next(line for line in answer.iter_lines() if '"process_completed"' in line)
    assert strings.NO_ADDRESSES in said


def test_a_visitor_keeps_so_many_tabs_and_no_more(served: Served, stranger: Any) -> None:
    client = stranger("7" * 64)
    for number in range(TABS_PER_VISITOR + 10):
        body = {"data": [""], "session_hash": f"crowd{number}"}
        assert client.post(f"{API}/call/archive", json=body).status_code in (200, 429)
        time.sleep(0.02)
    home = served.folder / "visitors" / key_of("7" * 64)
    assert until(lambda: 0 < len([*home.iterdir()]) <= TABS_PER_VISITOR)


def test_a_closed_tab_takes_its_files_with_it(served: Served, real_clip: Path) -> None:
    client = Client(served.url, verbose=False, headers={"x-visitor": "e" * 64})
    client.predict(handle_file(str(real_clip)), 2, api_name="/split")
    home = served.folder / "visitors" / key_of("e" * 64)
    assert list(home.rglob("parts/01.mp4"))
    assert until(lambda: client.session_hash in served.tabs._beats)
    client.close()
    assert until(lambda: client.session_hash in served.tabs._closed)
    assert list(home.rglob("parts/01.mp4")), "it may come back"
    make_old(home)
    fresh = home / "uploads" / "fresh" / "next.mp4"
    fresh.parent.mkdir()
    fresh.write_bytes(b"for the next tab")
    served.tabs.forget_closed(0)
    assert [path for path in home.rglob("*") if path.is_file()] == [fresh]


def test_too_many_requests_are_one_visitors_own_trouble(stranger: Any) -> None:
    hasty, answers = stranger("9" * 64), []

    def hammer() -> None:
        body = {"session_hash": "x", "fn_index": 0, "event_id": "y"}
        answers.extend(hasty.post(f"{API}/cancel", json=body) for _ in range(450))

    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert "too often" in refused[0].json()["detail"]
    assert stranger("8" * 64).post(f"{API}/queue/join", json={}).status_code == 422
