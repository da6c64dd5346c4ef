"""One worker as this program sees it: calls go to it, answers are waited for, and how it ended is put into words."""

from __future__ import annotations

import logging
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel

from ..errors import DubCancelled, MediaError
from ..unfinished import is_marked
from .answers import AnswerError, Buffers, decode
from .bounds import Bounds, is_inside
from .registry import ERRORS, returns
from .starter import STARTER
from .wire import WireError, is_readable, receive_answer, send_call, send_cancel

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.1
CANCEL_SECONDS = 1.0
"""How long a worker that was asked to stop may take to do so."""
MOST_TIMES = 50
"""Times as long as it may be silent a call may take in all, however much it says."""
END_SECONDS = 5.0
"""How long the system may take to end a process."""
MB = 1 << 20
SILENT = "the reader ended without a word"


@dataclass(frozen=True)
class Call:
    """What a worker is to do."""

    name: str
    """The function's."""
    arguments: dict[str, Any]
    """By parameter; a callback is True."""
    subject: str
    """The file that it is about, for sentences."""
    seconds: float
    """How long it may be silent."""
    on_progress: OnProgress | None
    """The caller's."""
    should_cancel: ShouldCancel
    """The caller's, and that of the job."""


class Hand:
    """One worker."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.has: list[str] = []
        """What it has given up, once it has said so."""
        self.is_idle = True
        """Whether it can be given a call."""
        self._known = {*bounds.reads, *bounds.writes, *(path.resolve() for path in bounds.reads)}
        self._calls, self._watch = STARTER.worker(bounds)

    def answers(self, call: Call) -> Iterator[Any]:
        """Do a call: what it returns, or each of the things it returns one after another.

        Raises:
            RiffusionError: what the function raised; or, in one sentence, why the worker could not go on.
            OSError: what the function raised.
            DubCancelled: the caller has asked to stop.
        """
        self.is_idle = False
        hint, is_many = returns(call.name)
        try:
            send_call(self._calls, (call.name, call.arguments))
        except OSError as error:
            raise self._lost(call) from error
        waiting = _Waiting(call)
        while True:
            words, buffers = self._next(call, waiting)
            if "progress" in words:
                self._pass_on(words["progress"], call)
            elif "items" in words and is_many:
                yield from self._built(list[hint], words["items"], buffers, call)  # type: ignore[valid-type]
            elif "done" in words:
                self.is_idle = True
                if not is_many:
                    yield self._built(hint, words["done"], buffers, call)
                return
            elif "ready" in words:
                self.has = [str(word) for word in words["ready"]]
            else:
                raise self._failure(words, call)

    def _next(self, call: Call, waiting: _Waiting) -> tuple[dict[str, Any], Buffers]:
        """The next message, the caller's wish to stop and the clock being looked at meanwhile."""
        while True:
            if waiting.must_cancel():
                with suppress(OSError):
                    send_cancel(self._calls)
            if is_readable(self._calls, POLL_SECONDS):
                break
            if waiting.is_late:
                self.kill()
                if waiting.is_cancelled:
                    raise DubCancelled("Stopped; nothing was left behind.")
                raise _sentence(call, f"the reader was stopped after {call.seconds:.0f} s without a sign of progress")
        try:
            found = receive_answer(self._calls)
        except WireError as error:
            raise self._broken(call, error) from error
        except OSError:
            found = None
        if found is None:
            raise DubCancelled("Stopped; nothing was left behind.") if waiting.is_cancelled else self._lost(call)
        waiting.heard()
        return found

    def _pass_on(self, words: Any, call: Call) -> None:
        try:
            stage, done, total = decode(tuple[str, int, int], words, [], _no_path)
        except AnswerError as error:
            raise self._broken(call, error) from error
        if call.on_progress is not None:
            call.on_progress(Progress(stage, done, total))

    def _built(self, hint: Any, value: Any, buffers: Buffers, call: Call) -> Any:
        try:
            return decode(hint, value, buffers, self._checked)
        except AnswerError as error:
            raise self._broken(call, error) from error

    def _checked(self, path: Path) -> Path:
        """A path that a worker names, if it was told of it: another call may read what it names."""
        if ".." not in path.parts and is_inside(path, self._known):
            return path
        raise AnswerError("it names a file that it was not given")

    def _failure(self, words: dict[str, Any], call: Call) -> Exception:
        """The error that a worker tells of."""
        said = words.get("said")
        if words.get("error") in ERRORS and isinstance(said, str):
            self.is_idle = True
            return ERRORS[words["error"]](said)
        if isinstance(words.get("system"), int) and isinstance(said, str):
            self.is_idle = True
            return OSError(words["system"], said, str(words.get("place") or call.subject))
        self.kill()
        if "memory" in words:
            allowed = self.bounds.memory_bytes // MB
            return _sentence(
                call, f"that needs more than the {allowed:,} MB of memory that are allowed (MEDIA_MEMORY_MB)"
            )
        LOG.error("The reader of %s failed:\n%s", call.subject, words.get("trace"))
        return _sentence(call, f"it is damaged in a way that this program does not know ({str(words.get('bug'))[:40]})")

    def _broken(self, call: Call, error: Exception) -> MediaError:
        """What is said of an answer that is none."""
        self.kill()
        LOG.error("The reader of %s gave an answer that is none: %s", call.subject, error)
        return _sentence(call, "its reader gave an answer that is none, as if the file had taken it over")

    def _lost(self, call: Call) -> MediaError:
        """What is said of a worker that has ended."""
        return _sentence(call, _how(self._code(), self.bounds))

    def _code(self) -> int | None:
        """The exit code of a worker that is ending, minus the signal's number; None where nobody knows."""
        try:
            self._watch.settimeout(END_SECONDS)
            return int(self._watch.recv(16))
        except (OSError, ValueError):
            return None
        finally:
            self.close()

    def kill(self) -> None:
        """End the worker and what it has started, and delete what it has left unfinished."""
        with suppress(OSError):
            self._watch.sendall(b"k")
        self._code()
        for folder in self.bounds.writes:
            for path in [*folder.glob(".*"), *folder.glob("*/.*")]:
                if is_marked(path, self.bounds.mark):
                    _delete(path)

    def close(self) -> None:
        """Let go of it: it ends; where it could write, that is waited for."""
        self.is_idle = False
        self._calls.close()
        if self.bounds.writes:
            with suppress(OSError):
                self._watch.settimeout(END_SECONDS)
                self._watch.recv(16)
        self._watch.close()


class _Waiting:
    """How long an answer has been waited for."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._last = time.monotonic() + MOST_TIMES * call.seconds
        self.is_cancelled = False
        """Whether the worker was asked to stop."""
        self.heard()

    def heard(self) -> None:
        """Something came."""
        if not self.is_cancelled:
            self._until = time.monotonic() + self._call.seconds

    def must_cancel(self) -> bool:
        """Whether the worker has to be asked to stop now."""
        if self.is_cancelled or not self._call.should_cancel():
            return False
        self.is_cancelled, self._until = True, time.monotonic() + CANCEL_SECONDS
        return True

    @property
    def is_late(self) -> bool:
        """Whether it took too long."""
        return time.monotonic() > min(self._until, self._last)


def _sentence(call: Call, why: str) -> MediaError:
    return MediaError(f"{call.subject} could not be read: {why}.")


def _how(code: int | None, bounds: Bounds) -> str:
    """How a worker ended, as half a sentence."""
    if code is None or code >= 0:
        return SILENT if not code else f"{SILENT} (exit code {code})"
    name = signal.Signals(-code).name if -code in {*signal.Signals} else f"signal {-code}"
    if name == "SIGXCPU":
        return f"the reader used up the {bounds.cpu_seconds} s of processor time that are allowed (MEDIA_SECONDS)"
    if name == "SIGKILL":
        return "the system ended the reader, probably because memory ran out"
    return f"the reader crashed ({name}), so the file is damaged or made to do harm"


def _no_path(path: Path) -> Path:
    raise AnswerError(f"{path} is no place for a path")


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
