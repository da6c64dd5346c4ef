"""Agents and other programs, by clients that are not ours: MCP, gradio_client and curl, with files from anywhere."""

from __future__ import annotations

import ast
import asyncio
import base64
import datetime
import ipaddress
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app.page import strings
from app.page.given_files import fetcher
from app.page.visitors import ARRIVING, NoRoom, Quota, Visitors
from app.page.web.identity import CALLER, Visitor
from app.result.verify import verify
from tests.fixtures_page import Served

DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of our own making for localhost, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + DAY)
    builder = builder.add_extension(names, critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, plain))
    return folder / "certificate.pem", folder / "key.pem"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing; /moved leads on to the film, /inside to a place that is none for visitors."""

    def do_GET(self) -> None:
        if self.path in ("/moved", "/inside"):
            self.send_response(302)
            self.send_header("location", "/film.mp4" if self.path == "/moved" else "https://10.0.0.1/film.mp4")
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def elsewhere(
    own_certificate: tuple[Path, Path], real_clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server with a film, asked by https."""
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(real_clip, folder / "film.mp4")
    (folder / "other.mp4").write_bytes(real_clip.read_bytes() + b"\0\0\0\x08free")
    (folder / "large.mp4").write_bytes(bytes(4_000_000))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*own_certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()


@pytest.fixture
def trusting(own_certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The page trusts that certificate, and takes this machine for a public one."""
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate[0]))
    monkeypatch.setattr("app.page.given_files.is_public", lambda address: address in ("127.0.0.1", "::1"))


Call = Callable[..., Awaitable[list[str]]]


def as_agent(url: str, work: Callable[[Call], Awaitable[None]]) -> None:
    """Let a real MCP client work; its calls give the texts of the answer, and raise what the agent is told."""
    pytest.importorskip("mcp", reason="the package mcp is not installed: pip install -r requirements-mcp.txt")
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def talk() -> None:
        async with (
            streamablehttp_client(f"{url}/gradio_api/mcp/") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()

            async def heard(*_: Any) -> None:
                """Progress is asked for: without it Gradio gives several values as one text."""

            async def call(tool: str, **arguments: Any) -> list[str]:
                answer = await session.call_tool(tool, arguments, progress_callback=heard)
                texts = [str(getattr(one, "text", "")) for one in answer.content]
                if answer.isError:
                    raise ValueError(texts[0])
                return texts

            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            assert set(tools) == {"probe", "split", "suggest", "dub", "archive"}
            assert all(tool.description for tool in tools.values())
            assert {"earlier", "part", "prompt"} <= set(tools["dub"].inputSchema["properties"])
            assert "result" in tools["archive"].inputSchema["properties"]
            await work(call)

    # The browser of other tests keeps an event loop in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, talk()).result()


def facts_in(text: str) -> dict[str, Any]:
    """A tool's facts, as Gradio writes them."""
    found = ast.literal_eval(text)
    assert isinstance(found, dict)
    return found


def test_an_agent_does_the_whole_job(
    served: Served, real_clip: Path, elsewhere: str, trusting: None, tmp_path: Path
) -> None:
    data = f"data:video/mp4;base64,{base64.b64encode(real_clip.read_bytes()).decode()}"
    with real_clip.open("rb") as file:
        sent = httpx.post(f"{served.url}/gradio_api/upload", files={"files": file}).json()[0]
    uploaded = f"{served.url}/gradio_api/file={sent}"

    async def work(call: Call) -> None:
        for video in (data, uploaded, f"{elsewhere}/film.mp4"):
            (said,) = await call("probe", video=video)
            assert facts_in(said)["n_frames"] == 150
        (said,) = await call("suggest", video=uploaded, part=2)
        prompt = facts_in(said)["prompt"]
        quick = {"num_inference_steps": 2, "n_parts": 4}
        film, music, said, _ = await call("dub", video=uploaded, prompt=prompt, part=2, seed=5, **quick)
        first = facts_in(said)
        assert [(one["part"], one["prompt"]) for one in first["dubs"]] == [(2, prompt)]
        # The same film from elsewhere: what was made of it goes on.
        _, _, said, _ = await call(
            "dub", video=f"{elsewhere}/film.mp4", prompt="strings", part=3, earlier=first["result"], **quick
        )
        second = facts_in(said)
        assert [one["part"] for one in second["dubs"]] == [2, 3]
        assert second["result"] != first["result"]
        # No state between calls: without a name a new film begins.
        _, _, said, _ = await call("dub", video=data, prompt="strings", part=3, **quick)
        assert [one["part"] for one in facts_in(said)["dubs"]] == [3]
        # Other times of it, whatever it was cut into: what they do not touch stays.
        more = {"earlier": second["result"], "ranges": [["0:00.2", 1.0], "4.5-"], "num_inference_steps": 2}
        _, _, said, _ = await call("dub", video=uploaded, prompt="harp", **more)
        second = facts_in(said)
        dubs = [[*(round(time, 2) for time in one["time"]), one["prompt"]] for one in second["dubs"]]
        others = [[0.2, 1.0, "harp"], [1.23, 2.5, prompt], [2.5, 3.73, "strings"], [4.5, 5.0, "harp"]]
        assert dubs == others
        assert second["times"][:2] == [[0.0, 0.2], [0.2, 1.0]]
        *files, said = await call("split", video=uploaded, ranges="1-2")
        assert facts_in(said)["times"] == [[0.0, 1.0], [1.0, 2.0], [2.0, 5.0]]
        assert len(files) in (1, 3)
        (where,) = await call("archive", result=second["result"])
        archive = tmp_path / "archive.zip"
        archive.write_bytes(httpx.get(where).content)
        report = verify(archive, real_clip)
        assert report.ok, report.lines
        assert httpx.get(film).status_code == httpx.get(music).status_code == 200
        # What was made goes in again.
        (said,) = await call("probe", video=film)
        assert facts_in(said)["n_frames"] == 150

    as_agent(served.url, work)


def test_an_agent_is_told_what_is_wrong_in_a_sentence(
    served: Served, real_clip: Path, elsewhere: str, trusting: None, tmp_path: Path
) -> None:
    client, own = Client(served.url, verbose=False), tmp_path / "own.mp4"
    own.write_bytes(real_clip.read_bytes() + b"\0\0\0\x08free")
    *_, mine, _ = client.predict(handle_file(str(own)), "piano", num_inference_steps=1, api_name="/dub")
    upload = f"{served.url}/gradio_api/file={next(served.folder.glob('visitors/*/uploads/*/own.mp4'))}"

    async def work(call: Call) -> None:
        for told, tool, arguments in (
            ("There is no result", "archive", {"result": mine["result"]}),
            (strings.NOT_YOURS, "probe", {"video": upload}),
            ("There is no result", "archive", {"result": "0" * 32 + "-1"}),
            ("There is no result", "archive", {"result": "../../etc"}),
            (strings.NO_RESULT, "archive", {}),
            ("localhost answered 404", "probe", {"video": f"{elsewhere}/none.mp4"}),
            ("larger than 3 MB", "probe", {"video": f"{elsewhere}/large.mp4"}),
            ("could not be fetched from 10.0.0.1", "probe", {"video": f"{elsewhere}/inside"}),
            ("could not be fetched from 169.254.169.254", "probe", {"video": "http://169.254.169.254/latest"}),
            ("could not be fetched from nowhere.invalid", "probe", {"video": "https://nowhere.invalid/a.mp4"}),
            ("Part 9 does not exist: choose from 1 to 4", "suggest", {"video": f"{elsewhere}/moved", "part": 9}),
            ("is of another video", "dub", {"video": f"{elsewhere}/other.mp4"}),
            ("is not a range of time", "dub", {"video": f"{elsewhere}/moved", "prompt": "a", "ranges": "12"}),
        ):
            if told == "is of another video":
                quick = {"video": f"{elsewhere}/moved", "prompt": "piano", "num_inference_steps": 1}
                *_, said, _ = await call("dub", **quick)
                arguments = {**quick, **arguments, "earlier": facts_in(said)["result"]}
            with pytest.raises(ValueError, match=r"\w") as error:
                await call(tool, **arguments)
            assert told in str(error.value), error.value
            assert str(served.folder) not in str(error.value)

    as_agent(served.url, work)
    # Nothing is left of what could not be fetched.
    fetched = {path.name for path in served.folder.glob("visitors/open-*/uploads/*/*")}
    assert fetched <= {"film.mp4", "moved", "b.mp4", "file.mp4", "other.mp4"}


def test_a_file_from_elsewhere_by_gradio_client_and_by_curl(
    served: Served, elsewhere: str, trusting: None, real_clip: Path, tmp_path: Path
) -> None:
    client = Client(served.url, verbose=False, download_files=str(tmp_path))
    film = handle_file(f"{elsewhere}/film.mp4")
    assert client.predict(film, api_name="/probe")["n_frames"] == 150
    client.predict(film, "piano", part=1, num_inference_steps=1, api_name="/dub")
    *_, report, _ = client.predict(film, "piano", part=2, num_inference_steps=1, api_name="/dub")
    assert [one["part"] for one in report["dubs"]] == [1, 2]
    archive = client.predict(report["result"], api_name="/archive")
    assert verify(Path(archive), real_clip).ok
    with pytest.raises(AppError, match="There is no video"):
        client.predict(None, api_name="/probe")
    body = {"data": [{"path": f"{elsewhere}/film.mp4", "meta": {"_type": "gradio.FileData"}}]}
    token = ("-H", f"X-Visitor: {'5' * 64}")
    call = ("-H", "content-type: application/json", "-d", json.dumps(body), f"{served.url}/gradio_api/call/probe")
    asked = curl(*token, *call)
    said = curl(*token, "--no-buffer", f"{served.url}/gradio_api/call/probe/{json.loads(asked)['event_id']}")
    assert '"n_frames": 150' in said


def test_what_is_fetched_counts_as_an_upload(elsewhere: str, trusting: None, tmp_path: Path) -> None:
    visitors = Visitors(tmp_path, Quota(visitor_bytes=1 << 40, visitor_files=1, min_free_bytes=0))
    full = Visitors(tmp_path, Quota(visitor_bytes=1 << 40, visitor_files=9, min_free_bytes=1 << 60))

    async def work() -> None:
        CALLER.set(Visitor("anna", "10.0.0.1", ""))
        film = await fetcher(visitors, 3)(f"{elsewhere}/moved")
        assert film.is_relative_to(visitors.uploads("anna"))
        assert visitors.may_read("anna", film)
        assert not visitors.may_read("bert", film)
        with pytest.raises(NoRoom, match="1 file"):
            await fetcher(visitors, 3)(f"{elsewhere}/film.mp4")
        with pytest.raises(NoRoom, match=strings.NO_ROOM[:20]):
            await fetcher(full, 3)(f"{elsewhere}/film.mp4")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work()).result()
    assert not list(tmp_path.glob(f"visitors/*/{ARRIVING}*"))


def curl(*arguments: str) -> str:
    """What curl prints."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout
