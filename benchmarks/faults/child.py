"""The program in a process of its own, which a fault befalls."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile  # noqa: F401 - all that a run needs is imported before the first child is forked
import torch

import app.cli.commands  # noqa: F401
import riffusion_inference.engines.load as engines
from app.cli.main import main
from benchmarks.hum import HumModel

Befall = Callable[[], None]
"""Prepares a fault in the child, before the program starts there."""
CHANGES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.utime")
"""What Python tells its audit hooks of files; renameat2 goes past it, between two of these."""
HANGS_SECONDS = 120.0
torch.set_num_threads(1)


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    """Exit code; minus a signal's number where one ended it."""
    said: str
    """What it wrote to stdout and stderr."""
    seconds: float
    """How long it ran."""
    changes: int
    """How many times it did something to a file below the folder that was watched."""

    @property
    def was_killed(self) -> bool:
        """Whether it was ended from outside."""
        return self.code == -signal.SIGKILL

    @property
    def is_clean(self) -> bool:
        """Whether it succeeded, or said in one sentence why not."""
        return self.code == 0 or (self.code in (1, 2) and "Traceback" not in self.said)


def run(
    words: Sequence[str],
    *,
    befall: Befall | None = None,
    kill_after: float | None = None,
    watched: Path | None = None,
    act_at: int | None = None,
    act: Befall | None = None,
) -> Ended:
    """Run the program with a model that costs nothing, in a child that is forked: everything is imported already.

    Args:
        words: the command line.
        befall: called in the child first.
        kill_after: seconds after which the child is killed.
        watched: a folder; what the child does to files in it is counted.
        act_at: at which of these counts act is called in the child.
        act: the child kills itself where it is None.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as counted:
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _be_child(words, said.fileno(), counted.fileno(), befall, watched, act_at, act)
        status = _wait(pid, began, kill_after)
        seconds = time.monotonic() - began
        said.seek(0)
        counted.seek(0)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        changes = len(counted.read())
        return Ended(code, said.read().decode("utf-8", "replace"), seconds, changes)


def _wait(pid: int, began: float, kill_after: float | None) -> int:
    """Wait for the child's end, and bring it about when its time has come."""
    limit = HANGS_SECONDS if kill_after is None else kill_after
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        if time.monotonic() - began > limit:
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
            if kill_after is None:
                raise SystemExit(f"The program hung for {HANGS_SECONDS:.0f} s.")
            return status
        time.sleep(0.002)


def _be_child(
    words: Sequence[str],
    said: int,
    counted: int,
    befall: Befall | None,
    watched: Path | None,
    act_at: int | None,
    act: Befall | None,
) -> None:
    """Become the program; never returns."""
    code = 1
    try:
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        engines.load_model = lambda name, **options: HumModel()
        if befall is not None:
            befall()
        if watched is not None:
            _watch(watched, counted, act_at, act)
        code = main(words)
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(code)


def _watch(folder: Path, counted: int, act_at: int | None, act: Befall | None) -> None:
    """Count what this process does to files of a folder; at one of them, act."""
    count, root = 0, os.fspath(folder)

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal count
        if event not in CHANGES or not any(isinstance(one, str) and one.startswith(root) for one in map(_path, args)):
            return
        count += 1
        os.write(counted, b".")
        if count == act_at:
            if act is None:
                os.kill(os.getpid(), signal.SIGKILL)
            else:
                act()

    sys.addaudithook(hook)


def _path(value: object) -> object:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    return os.fsdecode(value) if isinstance(value, bytes) else value
