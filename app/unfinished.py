"""What is being made and not finished: hidden names that say whose they are, and what the dead left behind.

    .result.partial-<machine>-<process>-<started>-<random>    is made beside `result`, or was in its place and goes
    .result.replaced-<machine>-<process>-<started>-<random>   was in its place a moment ago and may go back there

A process that is killed cannot clear away what it made. Whoever comes next can, because the name tells the process: it
is dead where no process of that number runs on this machine, or one that started at another time. What another machine
makes on a shared disk is nobody's business here until it has been left alone for a day.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

UNFINISHED: set[Path] = set()
"""Files and folders being made right now; whoever has to end the process at once deletes them."""
PARTIAL, REPLACED = "partial", "replaced"
MARKED = re.compile(
    r"\.(?P<name>.+)\.(?P<kind>partial|replaced)-(?P<machine>[0-9a-f]{6})-(?P<pid>\d+)-(?P<started>\d+)-(?P<own>[0-9a-f]{8,32})"
    r"(?P<ending>\.\w{1,10})?",
    re.DOTALL,
)
OF_BEFORE = re.compile(r"\..+\.partial-[0-9a-f]{8}(?:-old)?(?:\.\w{1,10})?", re.DOTALL)
"""Names of versions up to 0.4, which say nothing about the process: they are told and left."""
LEFT_ALONE_SECONDS = 24 * 3600
NAME_BYTES = 140
EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""
AT_FDCWD = -100


_FOR: tuple[str, str] | None = None


def owner() -> str:
    """This process as hidden names tell it: machine, number, and when it began."""
    return f"{_machine()}-{os.getpid()}-{started(os.getpid())}"


def work_for(whom: str, mark: str) -> None:
    """Name what is unfinished after the process that this one works for, from here on, and clear nothing away.

    A worker behind a wall sees too little of the system to tell the living from the dead.

    Args:
        whom: owner() of that process.
        mark: hexadecimal, by which it finds what this one leaves.
    """
    global _FOR
    _FOR = whom, mark


def is_marked(path: Path, mark: str) -> bool:
    """Whether this is something unfinished of a worker with that mark."""
    found = MARKED.fullmatch(path.name)
    return found is not None and found["own"].startswith(mark)


def hidden_name(name: str, kind: str = PARTIAL, ending: str = "") -> str:
    """A name for something of this process that is not finished.

    Args:
        name: of what it becomes; a very long one is shortened.
        kind: PARTIAL or REPLACED.
        ending: what the hidden name ends in, for programs that go by it.
    """
    whom, mark = _FOR or (owner(), "")
    return f".{_shortened(name)}.{kind}-{whom}-{mark}{secrets.token_hex(4)}{ending}"


def is_dead(path: Path) -> bool:
    """Whether this is something unfinished whose process is gone."""
    mark = MARKED.fullmatch(path.name)
    if mark is None:
        return False
    if mark["machine"] != _machine():
        return _left_alone(path)
    pid, now = int(mark["pid"]), started(int(mark["pid"]))
    return not is_alive(pid) or (now != 0 and int(mark["started"]) not in (0, now))


def is_alive(pid: int) -> bool:
    """Whether a process of this machine runs; one that has ended and waits to be noticed does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    status = _status(pid)
    return not status or status[0] != "Z"


def started(pid: int) -> int:
    """When a process began, in ticks since the machine did; 0 where the system does not tell."""
    status = _status(pid)
    return int(status[19]) if len(status) > 19 else 0


def recover(folder: Path) -> list[str]:
    """Put things right in a folder after runs that were killed: what they had moved aside goes back, the rest goes.

    Args:
        folder: what is in it directly is looked at; it need not exist.
    Returns:
        A sentence for each result that was put back, and for what could not be cleared away.
    """
    said: list[str] = []
    if _FOR is not None:
        return said
    for path in dead_in(folder):
        mark = MARKED.fullmatch(path.name)
        place = folder / mark["name"] if mark is not None and mark["kind"] == REPLACED else None
        if place is not None and not place.exists() and not place.is_symlink():
            try:
                os.rename(path, place)
            except OSError as error:
                said.append(
                    f"{path} is {place.name}, which a killed run had moved aside: rename it ({error.strerror})."
                )
            else:
                said.append(f"{place.name} was put back: a run that was killed had moved it aside.")
            continue
        delete(path)
        if path.exists():
            said.append(f"{path} was left by a run that was killed and cannot be deleted: delete it yourself.")
    return said


def clean(folder: Path) -> tuple[list[Path], list[str]]:
    """As recover, in a folder and everything below it.

    Returns:
        What was deleted, and sentences on the rest.
    """
    deleted: list[Path] = []
    said: list[str] = []
    for here, folders, files in os.walk(folder):
        found = list(dead_in(Path(here)))
        told = recover(Path(here))
        deleted += [path for path in found if not path.exists() and not any(path.name in one for one in told)]
        said += told
        of_before = [Path(here) / name for name in (*folders, *files) if OF_BEFORE.fullmatch(name)]
        said += [f"{path} may be what version 0.4 or older left: look, and delete it yourself." for path in of_before]
        folders[:] = [name for name in folders if not name.startswith(".")]
    return deleted, said


def is_unfinished(path: Path) -> bool:
    """Whether a file lies in, or is, something that has a hidden name."""
    return any(MARKED.fullmatch(part) for part in path.parts)


def delete(path: Path) -> None:
    """Delete a file or a folder as far as it can be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return  # Whoever asked looks whether it is still there.


@contextmanager
def work_folder(parent: Path, name: str) -> Iterator[Path]:
    """Give a hidden folder to work in, which is gone afterwards; what dead processes left beside it goes too."""
    recover(parent)
    folder = parent / hidden_name(name)
    UNFINISHED.add(folder)
    try:
        folder.mkdir(parents=True)
        yield folder
    finally:
        delete(folder)
        UNFINISHED.discard(folder)


def exchange(one: Path, other: Path) -> bool:
    """Let two files or folders of one disk change places in a single step; False where the system cannot.

    Raises:
        OSError: one of them is not there, or may not be moved.
    """
    call = _renameat2()
    if call is None:
        return False
    if call(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM, errno.EXDEV):
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def flush(path: Path) -> None:
    """See that a file, or a folder with everything in it, is on the disk and not only on its way there.

    Raises:
        OSError: it could not be written after all.
    """
    if path.is_dir():
        for one in path.iterdir():
            flush(one)
    _flush(path)


def flush_entry(path: Path) -> None:
    """See that a name's place in its folder is on the disk."""
    _flush(path.parent)


def _flush(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return  # Other systems open no folders.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems, such as those that programs provide, cannot flush; what they can is done.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(descriptor)


def dead_in(folder: Path) -> Iterator[Path]:
    """What lies directly in a folder, is unfinished, and will not be finished."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith("."))
    except OSError:
        return
    for name in names:
        if is_dead(folder / name):
            yield folder / name


def _shortened(name: str) -> str:
    """At most so many bytes; a name that loses something gets a hash, so that two stay two."""
    data = os.fsencode(name)
    if len(data) <= NAME_BYTES:
        return name
    return f"{data[: NAME_BYTES - 9].decode('utf-8', 'ignore')}~{hashlib.sha256(data).hexdigest()[:8]}"


def _left_alone(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > LEFT_ALONE_SECONDS
    except OSError:
        return False


def _status(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat after the command's name; none where the system has no such file."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@cache
def _machine() -> str:
    """Tells this machine, or container, from others."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]


@cache
def _renameat2() -> Any:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return call
