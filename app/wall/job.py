"""Calls of walled functions: which worker does them, and what it may read, write and use."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import ShouldCancel

from ..settings import Settings
from ..unfinished import owner
from .bounds import Bounds, is_inside
from .hand import MB, Call, Hand
from .registry import FUNCTIONS, HOOKS, returns, signature_of, use_caller, walled
from .starter import STARTER, is_possible

OUT = "out_"
"""Parameters whose names begin so are files and folders to write."""
SECONDS_PER_MB = 1.0
"""Time to read a file, beside what any file gets."""
WRITING = 10
"""Times as long to write one."""
CPU_SHARE = 20
"""Times as much processor time, for each thread: what goes on and tells of it may take long."""
MAX_FILE_BYTES = 4 << 30
"""Largest file that may be written, beside ten times the size of what is read."""


@dataclass(frozen=True)
class Policy:
    """What holds for all workers."""

    is_on: bool = True
    """False: calls are carried out in this process."""
    memory_bytes: int = 6144 * MB
    """Address space of a worker."""
    seconds: int = 60
    """How long reading may go on without a sign, and a second for each megabyte."""
    threads: int = 4
    """That may use processor time at once."""
    ffmpeg: Path | None = None
    """The FFmpeg that workers may run."""


class Job:
    """Workers that may read and write the same things; see job()."""

    def __init__(
        self, policy: Policy, reads: Sequence[Path], writes: Sequence[Path], should_cancel: ShouldCancel | None
    ) -> None:
        self.policy, self.should_cancel = policy, should_cancel
        self.reads = {_absolute(path) for path in reads}
        self.writes = {_absolute(path) for path in writes}
        self._lock = threading.Lock()
        self._hands: list[Hand] = []

    def covers(self, reads: Iterable[Path], writes: Iterable[Path]) -> bool:
        """Whether its workers may do all that a call needs."""
        return all(is_inside(path, self.reads | self.writes) for path in reads) and all(
            is_inside(path, self.writes) for path in writes
        )

    def take(self) -> Hand:
        """A worker that has nothing to do, or a new one."""
        with self._lock:
            for hand in self._hands:
                if hand.is_idle:
                    hand.is_idle = False
                    return hand
        hand = Hand(bounds_of(self.policy, self.reads, self.writes))
        hand.is_idle = False
        with self._lock:
            self._hands.append(hand)
        return hand

    def give_back(self, hand: Hand) -> None:
        """A worker's call has ended; one that is in the middle of it is of no more use."""
        if not hand.is_idle:
            hand.kill()
            with self._lock:
                self._hands.remove(hand)

    def close(self) -> None:
        """End its workers."""
        for hand in self._hands:
            hand.close()


_POLICY = Policy()
_JOB: ContextVar[Job | None] = ContextVar("job", default=None)


def policy_of(settings: Settings) -> Policy:
    """What the settings say of workers."""
    return Policy(
        is_on=not settings.no_sandbox and is_possible(),
        memory_bytes=settings.media_memory_mb * MB,
        seconds=settings.media_seconds,
        threads=max(1, settings.threads_on_splitting),
        ffmpeg=settings.ffmpeg_path,
    )


def use_settings(settings: Settings) -> None:
    """Let all calls outside jobs be carried out as the settings say, and get ready for the first one."""
    global _POLICY
    _POLICY = policy_of(settings)
    if _POLICY.is_on:
        STARTER.start()


@contextmanager
def job(
    settings: Settings | None = None,
    *,
    reads: Sequence[Path] = (),
    writes: Sequence[Path] = (),
    should_cancel: ShouldCancel | None = None,
) -> Iterator[None]:
    """Carry out the calls in the block in one worker, which may read and write these and nothing else.

    A call that needs other files gets a worker of its own for those.

    Args:
        settings: say whether there are workers, and their limits; None: as around the block.
        reads: files, and folders with all that is in them.
        writes: folders, which may be read too.
        should_cancel: asked while any call in the block is waited for.
    """
    around = _JOB.get()
    policy = around.policy if around is not None else _POLICY
    if settings is not None and (around is None or around.policy.is_on):
        policy = policy_of(settings)
    cancel = should_cancel or (around.should_cancel if around else None)
    mine = Job(policy, reads, writes, cancel)
    token = _JOB.set(mine)
    try:
        yield
    finally:
        _JOB.reset(token)
        mine.close()


@contextmanager
def in_this_process() -> Iterator[None]:
    """Carry out the calls in the block here, without a wall."""
    token = _JOB.set(Job(Policy(is_on=False), (), (), None))
    try:
        yield
    finally:
        _JOB.reset(token)


def abilities() -> list[str]:
    """What a worker gives up on this system, one word each; empty where calls are carried out in this process."""
    policy = _POLICY
    if not (policy.is_on and is_possible()):
        return []
    hand = Hand(bounds_of(policy, (), ()))
    try:
        call = Call("nothing", {}, "Nothing", policy.seconds, None, lambda: False)
        for _ in hand.answers(call):
            pass
        return hand.has
    finally:
        hand.close()


def describe_sandbox() -> str:
    """What protects this system from the files that are read, in a sentence."""
    found = abilities()
    if found:
        return f"Media are read in a process of their own, with {', '.join(found)}."
    why = "it was asked for" if is_possible() else "this system has no other way"
    return f"Media are read in this very process, because {why}: open no files of strangers."


@walled
def nothing() -> None:
    """Nothing: whoever has it done sees that a worker starts."""


def bounds_of(policy: Policy, reads: Iterable[Path], writes: Iterable[Path]) -> Bounds:
    """The bounds of a worker that may read and write something."""
    reads, writes = tuple(sorted(reads)), tuple(sorted(writes))
    read_bytes = _size_of(reads)
    seconds = (policy.seconds + SECONDS_PER_MB * read_bytes / MB) * (WRITING if writes else 1)
    return Bounds(
        reads=reads,
        writes=writes,
        memory_bytes=policy.memory_bytes,
        cpu_seconds=int(seconds * CPU_SHARE * policy.threads) + 1,
        file_bytes=MAX_FILE_BYTES + 10 * read_bytes if writes else 0,
        ffmpeg=policy.ffmpeg,
        mark=secrets.token_hex(6),
        owner=owner(),
    )


def _carry_out(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A call of a walled function."""
    around = _JOB.get()
    policy = around.policy if around is not None else _POLICY
    if not policy.is_on or not is_possible():
        return FUNCTIONS[name](*args, **kwargs)
    parameters = signature_of(name).parameters
    bound = signature_of(name).bind(*args, **kwargs)
    reads, writes = _files_of(bound.arguments)
    hooks = {hook: bound.arguments.get(hook) for hook in HOOKS}
    plain = {key: _from_anywhere(value) for key, value in bound.arguments.items() if key not in HOOKS}
    plain |= {
        hook: True for hook in HOOKS if hooks[hook] is not None or (hook == "should_cancel" and hook in parameters)
    }
    mine = around if around is not None and around.covers(reads, writes) else None
    used = mine or Job(
        policy, [*reads], [*(_existing(path) for path in writes)], around.should_cancel if around else None
    )
    cancels = [one for one in (hooks["should_cancel"], used.should_cancel) if one is not None]
    call = Call(
        name,
        plain,
        next((path.name for path in sorted(reads)), "The file"),
        _seconds(policy, reads, writes),
        hooks["on_progress"],
        lambda: any(cancel() for cancel in cancels),
    )
    answers = _answers(call, used, is_own=mine is None, new_folders=[path for path in writes if not path.exists()])
    if returns(name)[1]:
        return answers
    [answer] = answers
    return answer


def _answers(call: Call, used: Job, is_own: bool, new_folders: Sequence[Path]) -> Iterator[Any]:
    hand = used.take()
    try:
        yield from hand.answers(call)
    except BaseException:
        used.give_back(hand)
        for folder in new_folders:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        raise
    finally:
        if is_own:
            used.close()


def _seconds(policy: Policy, reads: Iterable[Path], writes: Sequence[Path]) -> float:
    return (policy.seconds + SECONDS_PER_MB * _size_of(reads) / MB) * (WRITING if writes else 1)


def _size_of(paths: Iterable[Path]) -> int:
    """Bytes of all files together; one that cannot be reached has none, which is said when it is opened."""
    size = 0
    for path in paths:
        with suppress(OSError):
            size += path.stat().st_size
    return size


def _files_of(arguments: dict[str, Any]) -> tuple[set[Path], list[Path]]:
    """What a call reads and what it writes, by its arguments."""
    reads: set[Path] = set()
    writes: list[Path] = []
    for name, value in arguments.items():
        if name.startswith(OUT):
            writes += [_absolute(path) for path in _paths(value)]
        else:
            reads |= {_absolute(path) for path in _paths(value)}
    return reads, writes


def _paths(value: Any, deep: int = 1) -> Iterator[Path]:
    """Every path in a value; of a dataclass those in its fields, and in the fields of what lies in them, no deeper."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, tuple | list) and value and (isinstance(value[0], Path | tuple) or is_dataclass(value[0])):
        for item in value:
            yield from _paths(item, deep)
    elif is_dataclass(value) and deep >= 0:
        for field in fields(value):
            yield from _paths(getattr(value, field.name), deep - 1)


def _from_anywhere(value: Any) -> Any:
    """A path, or several, as a process with another working folder finds them."""
    if isinstance(value, Path):
        return _absolute(value)
    if isinstance(value, tuple | list) and value and isinstance(value[0], Path):
        return [_absolute(path) for path in value]
    return value


def _absolute(path: Path) -> Path:
    return Path(path).absolute()


def _existing(path: Path) -> Path:
    """The folder that has to be written to make a file or folder."""
    folder = path if path.is_dir() else path.parent
    while not folder.exists():
        folder = folder.parent
    return folder


use_caller(_carry_out)
