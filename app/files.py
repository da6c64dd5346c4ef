"""Files that appear whole or not at all, their hashes and copies, and the sentence for a disk that is full."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from riffusion_inference.datatypes import ShouldCancel

from .errors import DubCancelled, MediaError
from .unfinished import UNFINISHED, flush, hidden_name, is_unfinished, recover

CHUNK_BYTES = 1 << 20
VIDEO_ENDINGS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".ts", ".3gp")
"""Names that end so are taken for videos where nothing else says what a file is."""
COPY_BYTES = 32 << 20


def check_cancel(should_cancel: ShouldCancel | None) -> None:
    """Raise DubCancelled where the person asked to stop."""
    if should_cancel is not None and should_cancel():
        raise DubCancelled("Stopped; nothing was left behind.")


@contextmanager
def written_together() -> Iterator[Callable[[Path], Path]]:
    """Give for each file a hidden name beside it to write to first; all move into place at the end, or none is left.

    Raises:
        MediaError: a folder cannot be made or written, or it is full.
    """
    moves: dict[Path, Path] = {}
    looked: set[Path] = set()

    def hidden(path: Path) -> Path:
        path = path.absolute()
        if path.parent not in looked and not is_unfinished(path):
            looked.add(path.parent)
            recover(path.parent)
        temporary = path.with_name(hidden_name(path.stem, ending=path.suffix))
        moves[temporary] = path
        UNFINISHED.add(temporary)
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        return temporary

    placed: list[Path] = []
    try:
        yield hidden
        for temporary, path in moves.items():
            is_new = not path.exists()
            with write_errors(path):
                if temporary.is_file() and not is_unfinished(path):
                    flush(temporary)
                os.replace(temporary, path)
            placed += [path] * is_new
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise
    finally:
        for temporary in moves:
            temporary.unlink(missing_ok=True)
            UNFINISHED.discard(temporary)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a hidden name beside path; move it into place when the block ends well, delete it when not.

    Args:
        path: the file to appear, whole or not at all; its folder is made.
    Raises:
        MediaError: the folder cannot be made or written, or it is full.
    """
    with written_together() as hidden, write_errors(path):
        yield hidden(path)


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn an error of the operating system while writing path, a file or a folder, into a sentence on what to do."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # Not the operating system's: a network library's.
            raise
        raise write_error(error, path) from error


@contextmanager
def still_there(path: Path) -> Iterator[None]:
    """Where a file vanishes while the block reads it, say that instead of whatever it came to notice."""
    was_there = os.path.exists(path)
    try:
        yield
    except (MediaError, OSError) as error:
        if was_there and not os.path.exists(path):
            raise MediaError(
                f"{path} was there when the work began and is gone: put it back and start again."
            ) from error
        raise


def write_error(error: OSError, path: Path) -> MediaError:
    """The sentence for an error of the operating system: it names the folder and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space_error(path if path.is_dir() else path.parent)
    return MediaError(f"{path.name} cannot be written to {path.parent}: {error.strerror or error}.")


def no_space_error(folder: Path, needed_bytes: int | None = None) -> MediaError:
    """The sentence for a full disk."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        free = 0
    needs = f"about {needed_bytes:,} bytes are needed" if needed_bytes is not None else "more is needed"
    return MediaError(
        f"There is no space left in {folder}: {needs}, {free:,} are free. Free some space or choose another folder."
    )


def check_free_space(folder: Path, needed_bytes: int) -> None:
    """Raise MediaError where folder's disk has less free than needed_bytes; folder need not exist yet."""
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if shutil.disk_usage(existing).free < needed_bytes:
        raise no_space_error(folder, needed_bytes)


def hash_file(path: Path, should_cancel: ShouldCancel | None = None) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            check_cancel(should_cancel)
            digest.update(chunk)
    return digest.hexdigest()


class Hashing:
    """The SHA-256 of a file, made in a thread of its own while something else goes on."""

    def __init__(self, path: Path, should_cancel: ShouldCancel | None = None) -> None:
        """Begin.

        Args:
            path: the file.
            should_cancel: asked for every megabyte.
        """
        self._is_over = False
        self._found: Future[str] = Future()
        self._should_cancel = should_cancel
        threading.Thread(target=self._work, args=(path,), name="hash", daemon=True).start()

    def result(self) -> str:
        """The hash, hexadecimal, once it is there.

        Raises:
            OSError: the file cannot be read.
            DubCancelled: should_cancel returned True.
        """
        return self._found.result()

    def stop(self) -> None:
        """Nobody wants it any more."""
        self._is_over = True

    def _work(self, path: Path) -> None:
        try:
            self._found.set_result(hash_file(path, self._must_stop))
        except BaseException as error:  # Whoever asks for the result gets it.
            self._found.set_exception(error)

    def _must_stop(self) -> bool:
        return self._is_over or (self._should_cancel is not None and self._should_cancel())


def copy_file(source: Path, target: Path, should_cancel: ShouldCancel | None = None) -> None:
    """Copy a file's bytes; never a hard link, so that two results stay independent."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb", buffering=0) as read, target.open("wb") as write:
        while _copied_by_system(read.fileno(), write.fileno()):
            check_cancel(should_cancel)
        while chunk := read.read(CHUNK_BYTES):
            check_cancel(should_cancel)
            write.write(chunk)


def _copied_by_system(read: int, write: int) -> int:
    """Bytes that the system has copied by itself from where both files are; 0 at the end, or where it cannot."""
    if not hasattr(os, "copy_file_range"):
        return 0
    try:
        return os.copy_file_range(read, write, COPY_BYTES)
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise
