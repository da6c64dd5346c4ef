"""Films read from a store and results written to it: an S3 on this machine, and a server that fails at times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.batch import place
from app.batch.claims import claimed, clear_claims, running
from app.batch.jobs import read_jobs
from app.batch.key import job_of_result
from app.batch.ledger import Head, Ledger, Outcome, Status, read_history
from app.batch.place import MissingError, open_place, transport, without_secrets
from app.batch.scratch import scratch_of, scratch_root
from app.batch.status import status_values
from app.batch.transfer import fetch, fingerprint, publish
from app.errors import StorageError
from app.result.verify import verify
from tests.fixtures_batch import POCKET, NotingDubber, made_by, row, write_list
from tests.fixtures_dub import SETTINGS


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """An empty bucket of an S3 in a thread of this process."""
    pytest.importorskip("s3fs")
    server_of = pytest.importorskip("moto.server")
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        open_place("s3://films").fs.mkdir("films")
        yield "s3://films"
    server.stop()


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried again at once."""
    monkeypatch.setattr(place, "WAITS_SECONDS", (0.0, 0.0, 0.0))


def test_films_come_from_s3_and_results_go_there(bucket: str, films: list[Path], tmp_path: Path) -> None:
    s3, out, scratch = open_place(bucket), f"{bucket}/dubbed", tmp_path / "scratch"
    s3.fs.put_file(str(films[0]), s3.at("in", "film0.mp4"))
    listed = write_list(tmp_path / "list.jsonl", [row(films[0], source=f"{bucket}/in/film0.mp4")])
    s3.fs.put_file(str(listed), s3.at("list.jsonl"))
    (job,) = read_jobs(f"{bucket}/list.jsonl", POCKET)
    settings = type(SETTINGS)(**{**vars(SETTINGS), "temporary_directory": scratch})
    dubber = NotingDubber(settings, out, "run", str(tmp_path / "calls"))
    first, again = dubber(job), dubber(job)
    assert (first.status, first.made, first.error) == (Status.DONE, True, "")
    assert (again.status, again.made) == (Status.DONE, False)
    assert made_by(tmp_path / "calls") == ["film0.mp4"]
    assert not [path for path in scratch.rglob("*") if path.is_file()]
    assert running(open_place(out)) == []

    s3.fs.get(s3.at("dubbed", "film0") + "/", str(tmp_path / "back") + "/", recursive=True)
    assert verify(tmp_path / "back", films[0]).ok
    manifest = json.loads((tmp_path / "back" / "manifest.json").read_text())
    assert manifest["source"]["path"] == f"{bucket}/in/film0.mp4"
    assert manifest["job"] == first.job == job_of_result(open_place(out), "film0")


def test_a_result_is_none_before_its_manifest_is_there(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_waits: None
) -> None:
    out, folder = open_place(f"{bucket}/half"), tmp_path / "result"
    for name in ("old.wav", "film.mp4", "manifest.json"):
        out.write(b'{"job": "before"}', "one", name)
    (folder / "parts").mkdir(parents=True)
    for name in ("film.mp4", "parts/01.mp4", "manifest.json"):
        (folder / name).write_text('{"job": "now"}')
    put_file = out.fs.put_file

    def refuse(path: str, target: str) -> None:
        if path.endswith("01.mp4"):
            raise OSError("the line is dead")
        put_file(path, target)

    monkeypatch.setattr(out.fs, "put_file", refuse)
    with pytest.raises(StorageError, match=r"01\.mp4 did not answer in 4 tries \(the line is dead\)"):
        publish(folder, out, "one", tmp_path)
    assert job_of_result(out, "one") is None
    monkeypatch.setattr(out.fs, "put_file", put_file)
    publish(folder, out, "one", tmp_path)
    assert job_of_result(out, "one") == "now"
    assert sorted(out.fs.find(out.at("one"))) == [
        out.at("one", name) for name in ("film.mp4", "manifest.json", "parts/01.mp4")
    ]


def test_what_may_pass_is_tried_again_and_what_may_not_is_not(no_waits: None) -> None:
    tries: list[int] = []

    def fails(times: int, error: Exception) -> str:
        tries.append(1)
        if len(tries) <= times:
            raise error
        return "came"

    assert transport("http://a/b", lambda: fails(3, TimeoutError("too slow"))) == "came"
    assert len(tries) == 4
    for error, kind in ((FileNotFoundError(), MissingError), (PermissionError("no"), StorageError)):
        tries.clear()
        with pytest.raises(kind):
            transport("http://a/b", lambda error=error: fails(9, error))  # type: ignore[misc]
        assert len(tries) == 1


def test_what_came_short_is_fetched_again(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_waits: None
) -> None:
    s3 = open_place(bucket)
    s3.write(b"0123456789", "ten.mp4")
    get_file, cut = s3.fs.get_file, [True]

    def short(source: str, target: str) -> None:
        get_file(source, target)
        if cut and cut.pop():
            Path(target).write_bytes(b"0123")

    monkeypatch.setattr(s3.fs, "get_file", short)
    assert fetch(f"{bucket}/ten.mp4", tmp_path / "in").read_bytes() == b"0123456789"
    assert not cut


@pytest.mark.parametrize("where", ["local", "s3"])
def test_a_row_is_claimed_by_one_alone(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = str(tmp_path) if where == "local" else request.getfixturevalue("bucket") + "/claims"
    out = open_place(url)
    with claimed(out, "row", "first") as mine:
        assert mine is not None
        with claimed(open_place(url), "row", "second") as other:
            assert other is None
        assert [claim.run for claim in running(out)] == ["first"]
    with claimed(out, "row", "second") as free:
        assert free is not None
    # Its owner was killed: the process is gone, or it was never heard of again on another machine.
    for left in ({"pid": 2**22 + 1}, {"host": "elsewhere", "renewed": mine.renewed - 3600}):
        out.write(json.dumps({**vars(mine), **left}).encode(), "_ledger", "running", "row.json")
        with claimed(out, "row", "third") as taken:
            assert taken is not None
        out.write(json.dumps({**vars(mine), **left}).encode(), "_ledger", "running", "row.json")
        clear_claims(out)
        assert out.names("_ledger", "running") == []


@pytest.mark.parametrize("where", ["local", "s3"])
def test_a_ledger_is_read_as_it_was_written(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    out = open_place(str(tmp_path) if where == "local" else request.getfixturevalue("bucket") + "/ledger")
    head = Head("20261124T000000Z-abc", 1200, 0, 1200, "local", 2, 0.0)
    with Ledger(out, head) as ledger:
        for number in range(1200):
            ledger.add(Outcome(f"film{number}", Status.DONE, made=True, seconds={"mux": 0.1}, at=float(number)))
    history = read_history(out)
    assert history.heads == (head,)
    assert len(history.latest) == len(history.of_last) == 1200
    assert history.latest["film7"].seconds == {"mux": 0.1}
    assert status_values(out)["done"] == 1200


def test_a_file_is_told_by_its_size_and_three_places_of_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(1_000_000))
    first = fingerprint(str(tmp_path / "a"))
    (tmp_path / "copy").write_bytes(bytes(1_000_000))
    assert fingerprint(str(tmp_path / "copy")) == first
    for at in (0, 500_000, 999_999):
        data = bytearray(1_000_000)
        data[at] = 1
        (tmp_path / "a").write_bytes(data)
        assert fingerprint(str(tmp_path / "a")) != first
    (tmp_path / "a").write_bytes(bytes(1_000_001))
    assert fingerprint(str(tmp_path / "a")) != first


def test_workers_make_and_delete_their_folders_at_the_same_time(tmp_path: Path) -> None:
    out = open_place(str(tmp_path / "out"))

    def come_and_go(_: int) -> int:
        with scratch_of(out, tmp_path) as folder:
            return len(list(folder.parent.iterdir()))

    with ThreadPoolExecutor(4) as pool:
        assert min(pool.map(come_and_go, range(2000))) >= 1
    assert not scratch_root(out, tmp_path).exists()


def test_what_is_secret_in_a_url_is_not_kept() -> None:
    assert without_secrets("https://me:pass@host/a%20b.mp4?X-Signature=1#x") == "https://host/a%20b.mp4"
    assert without_secrets("folder/a?b.mp4") == "folder/a?b.mp4"


def test_stores_that_nothing_is_known_of_are_named(tmp_path: Path) -> None:
    for url in ("nonsense://bucket/a", "gs://bucket/a"):
        with pytest.raises(StorageError, match="cannot be reached"):
            open_place(url)
