"""The wall: what a worker may do, and what becomes of one that dies, hangs or has been taken over."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import media
from app.errors import DubCancelled, MediaError
from app.wall import hand, job, registry, starter
from app.wall.bounds import Bounds
from app.wall.job import Policy
from app.wall.wire import HEAD, send_answer
from tests.fixtures_clips import ClipShelf

ROOT = Path(__file__).resolve().parents[3]
OUTSIDE = {
    "lag",
    "likeness_db",
    "as_clip",
    "describe_sandbox",
    "ffmpeg_versions",
    "film_suffix",
    "in_this_process",
    "job",
    "use_settings",
    "write_wav",
}
"""What of the face opens no stranger's file, or calls something that does so behind the wall."""


def _children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _workers() -> list[int]:
    starter.STARTER.start()
    server = starter.STARTER._server
    assert server is not None
    return _children(server.pid)


def _is_gone(process: int, within: float = 10.0) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_every_function_of_the_face_that_reads_files_is_behind_the_wall() -> None:
    functions = {name for name in media.__all__ if callable(getattr(media, name)) and name[0].islower()}
    assert functions - OUTSIDE == set(registry.FUNCTIONS) - {"nothing"}
    for name in registry.FUNCTIONS:
        assert registry.returns(name) is not None


# What a worker may do.

CONFINED = """
import json, os, resource, socket, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from app.wall.bounds import Bounds
from app.wall.confine import confine
own, work = Path({own!r}), Path({work!r})
bounds = Bounds((own,), (work,), 2 << 30, 60, 1 << 20, None, "ab", "0-0-0")
done = confine(bounds, Path({root!r}) / "app", ())
found = {{"done": done}}
def tried(name, act):
    try:
        act()
        found[name] = "done"
    except OSError as error:
        found[name] = type(error).__name__
tried("read own", own.read_bytes)
tried("read neighbour", own.with_name("neighbour").read_bytes)
tried("read secrets", Path("/etc/passwd").read_bytes)
tried("write in the folder", lambda: (work / "new").write_text("x"))
tried("rename in the folder", lambda: ((work / "sub").mkdir(), os.rename(work / "new", work / "sub" / "new")))
tried("write to own", lambda: own.write_text("x"))
tried("write beside", lambda: own.with_name("other").write_text("x"))
tried("write too much", lambda: (work / "large").write_bytes(bytes(2 << 20)))
tried("run a program", lambda: os.execv("/bin/true", ["true"]))
tried("connect", lambda: socket.create_connection(("127.0.0.1", {port}), 5))
found["core"] = resource.getrlimit(resource.RLIMIT_CORE)[0]
found["home"] = os.environ["HOME"]
print(json.dumps(found))
"""


def test_a_worker_may_do_its_work_and_nothing_else(tmp_path: Path) -> None:
    own, work = tmp_path / "own", tmp_path / "work"
    own.write_text("mine")
    (tmp_path / "neighbour").write_text("theirs")
    work.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        code = CONFINED.format(root=str(ROOT), own=str(own), work=str(work), port=port)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if not any(word.startswith("landlock") for word in found["done"]):
        pytest.skip("this system has no Landlock")
    may = {"read own", "write in the folder", "rename in the folder"}
    assert {name for name, what in found.items() if what == "done"} == may
    assert found["read neighbour"] == found["read secrets"] == found["run a program"] == "PermissionError"
    assert (found["core"], found["home"]) == (0, str(work))
    assert own.read_text() == "mine"


def test_a_worker_cannot_read_what_its_job_does_not_name(clips: ClipShelf) -> None:
    bounds = job.bounds_of(Policy(), [clips.path("h264")], [])
    one = hand.Hand(bounds)
    call = hand.Call("probe", {"path": clips.path("mkv")}, "mkv.mkv", 60.0, None, lambda: False)
    with pytest.raises(MediaError, match=r"Permission to read mkv\.mkv is denied"):
        list(one.answers(call))
    one.close()


def test_the_server_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_secret")
    mine = starter.Starter()
    mine.start()
    server = mine._server
    assert server is not None
    try:
        until = time.monotonic() + 10
        while not (told := Path(f"/proc/{server.pid}/environ").read_bytes()) and time.monotonic() < until:
            time.sleep(0.01)
        assert b"PATH=" in told
        assert b"r8_secret" not in told
    finally:
        mine._stop()
    assert _is_gone(server.pid)


# What becomes of a worker that dies or hangs.


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGSEGV, r"the reader crashed \(SIGSEGV\)"),
        (signal.SIGKILL, "the system ended the reader, probably because memory ran out"),
        (signal.SIGXCPU, r"the reader used up the \d+ s of processor time that are allowed"),
    ],
)
def test_a_worker_that_dies_costs_one_sentence(clips: ClipShelf, number: signal.Signals, said: str) -> None:
    path = clips.path("h264")
    before = _workers()
    with media.job(reads=[path]):
        clip = media.probe(path)
        [worker] = set(_workers()) - {*before}
        os.kill(worker, number)
        assert _is_gone(worker)
        with pytest.raises(MediaError, match=rf"^h264\.mp4 could not be read: {said}"):
            media.probe(path)
        assert media.probe(path) == clip


def test_a_worker_that_hangs_is_ended(clips: ClipShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "_POLICY", Policy(seconds=1))
    path, before = clips.path("h264"), _workers()
    with media.job(reads=[path]):
        media.probe(path)
        [worker] = set(_workers()) - {*before}
        os.kill(worker, signal.SIGSTOP)
        with pytest.raises(MediaError, match="the reader was stopped after 1 s without a sign of progress"):
            media.probe(path)
        assert _is_gone(worker)


def test_a_file_that_needs_too_much_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "_POLICY", Policy(memory_bytes=700 << 20))
    path, n_bytes = tmp_path / "long.wav", 400 << 20
    with path.open("wb") as file:
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
        file.write(b"RIFF" + struct.pack("<I", 36 + n_bytes) + b"WAVE" + form + b"data" + struct.pack("<I", n_bytes))
        file.truncate(44 + n_bytes)
    with pytest.raises(MediaError, match=r"^long\.wav could not be read: that needs more than the 700 MB of memory"):
        media.read_audio(path)


def test_a_cancel_ends_the_worker_and_leaves_nothing(clips: ClipShelf, tmp_path: Path) -> None:
    clip = media.probe(clips.path("keyframes"))
    plan = media.explain_split(clip, 4, "reencode")
    (tmp_path / "kept.txt").write_text("mine")
    told: list[float] = []
    with pytest.raises(DubCancelled, match="nothing was left behind"):
        media.split(clip, plan, tmp_path, on_progress=lambda _: told.append(1), should_cancel=lambda: bool(told))
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_what_a_killed_worker_has_begun_is_deleted(clips: ClipShelf, tmp_path: Path) -> None:
    def interrupted(_progress: object) -> None:
        raise ZeroDivisionError

    clip = media.probe(clips.path("keyframes"))
    plan = media.explain_split(clip, 4, "reencode")
    with pytest.raises(ZeroDivisionError):
        media.split(clip, plan, tmp_path / "new", on_progress=interrupted)
    assert list(tmp_path.iterdir()) == []


def test_nothing_outlives_the_program(clips: ClipShelf) -> None:
    code = (
        "import os, sys; from pathlib import Path; from app import media; from app.wall.starter import STARTER\n"
        "path = Path(sys.argv[1])\n"
        "with media.job(reads=[path]):\n"
        "    media.probe(path)\n"
        "    server = STARTER._server.pid\n"
        "    print(server, Path(f'/proc/{server}/task/{server}/children').read_text(), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, clips.path("h264")], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    processes = [int(word) for word in done.stdout.split()]
    assert len(processes) == 2
    assert all(_is_gone(process) for process in processes)


# What a worker that has been taken over can say.


class _Bomb:
    """Runs a command where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.system, (f"touch {self._path}",)


def _clip_words(clips: ClipShelf, **instead: Any) -> tuple[dict[str, Any], list[Any]]:
    from app.wall.answers import encode

    buffers: list[Any] = []
    words = encode(replace(media.probe(clips.path("mkv")), path=clips.path("h264")), buffers)
    return {"done": {**words, **instead}}, buffers


ANSWERS: dict[str, Callable[[ClipShelf, Path], bytes | tuple[dict[str, Any], list[Any]]]] = {
    "a pickle": lambda _, mark: pickle.dumps(_Bomb(mark)),
    "a pickle as a value": lambda _, mark: ({"done": pickle.dumps(_Bomb(mark)).decode("latin-1")}, []),
    "a length that nobody has": lambda *_: HEAD.pack(20, 1) + struct.pack(">Q", 1 << 60) + bytes(20),
    "words without end": lambda *_: HEAD.pack(0xFFFFFFFF, 0) + bytes(100),
    "no JSON": lambda *_: HEAD.pack(4, 0) + b"\xff\xfe[[",
    "JSON nested too deep": lambda *_: HEAD.pack(200_000, 0) + b"[" * 200_000,
    "a number of 10,000 digits": lambda *_: HEAD.pack(10_009, 0) + b'{"done":' + b"9" * 10_000 + b"}",
    "nothing that is known": lambda *_: ({"else": 1}, []),
    "another type": lambda *_: ({"done": "h264"}, []),
    "a field too many": lambda clips, _: _clip_words(clips, more=1),
    "a clip of another file": lambda clips, _: _clip_words(clips, path="/etc/passwd"),
    "a clip of a file beside": lambda clips, _: _clip_words(clips, path=str(clips.path("h264").parent / ".." / "x")),
    "a clip without frames": lambda clips, _: _clip_words(clips, frame_pts=[]),
    "a clip without time": lambda clips, _: _clip_words(clips, time_base=[0, 1]),
    "a clip without a denominator": lambda clips, _: _clip_words(clips, time_base=[1, 0]),
    "a clip that is too wide": lambda clips, _: _clip_words(clips, width=10**15),
    "an error that is none": lambda *_: ({"error": "SystemExit", "said": "x"}, []),
    "progress that is none": lambda *_: ({"progress": ["x", [], 1]}, []),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_none_is_one_sentence(
    clips: ClipShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    mark = tmp_path / "executed"
    said = ANSWERS[name](clips, mark)
    calls, theirs = socket.socketpair()
    watch, servers = socket.socketpair()
    monkeypatch.setattr(hand.STARTER, "worker", lambda bounds: (calls, watch))

    def answer() -> None:
        theirs.recv(1 << 20)
        theirs.sendall(said) if isinstance(said, bytes) else send_answer(theirs, *said)
        servers.recv(1)
        servers.sendall(b"-9")

    thread = threading.Thread(target=answer)
    thread.start()
    one = hand.Hand(Bounds((clips.path("h264"),), (), 1 << 30, 60, 0, None, "ab", "0-0-0"))
    call = hand.Call("probe", {"path": clips.path("h264")}, "h264.mp4", 60.0, None, lambda: False)
    with pytest.raises(MediaError, match=r"^h264\.mp4 could not be read: ") as error:
        list(one.answers(call))
    thread.join()
    assert "\n" not in str(error.value)
    assert not mark.exists()
    theirs.close()
    servers.close()


def test_arrays_and_pictures_are_as_large_as_they_say() -> None:
    from app.wall.answers import AnswerError, decode, encode

    def back(hint: Any, value: Any, change: Callable[[Any], Any] = lambda words: words) -> Any:
        buffers: list[Any] = []
        return decode(hint, change(encode(value, buffers)), [bytes(one) for one in buffers], lambda path: path)

    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(back(np.ndarray, array), array)
    for change in (
        lambda words: ["<f4", [2, 4], words[2]],
        lambda words: ["<f4", [-2, -3], words[2]],
        lambda words: ["<f4", [10**12, 10**12], words[2]],
        lambda words: ["|O", [3], words[2]],
        lambda words: ["<f4", [2, 3], 7],
    ):
        with pytest.raises(AnswerError):
            back(np.ndarray, array, change)
