"""Who may have which file, and for how long: each visitor has a folder of his own, and everything else is refused.

Agents share one, in which a file is had by whoever can name it.

<root>/visitors/<key>/uploads/<hash>/holiday.mp4   what a visitor sent
<root>/visitors/<key>/arriving-<random>            what is being sent
<root>/visitors/<key>/<random>/take1/...           one tab's results
<root>/visitors/open/<random>/take1/...            one agent's result
<root>/visitors/open-<hash>/uploads/<random>/...   what was sent from an address by somebody without a token
"""

from __future__ import annotations

import importlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from riffusion_inference.errors import SettingError

from ..settings import Settings
from . import strings

UPLOADS, ARRIVING = "uploads", "arriving-"
OPEN = "open"
"""Whose the files of those are that cannot be known again, such as agents: whoever can name a file has it. The names
cannot be guessed."""
LOCK = ".lock"
"""A file that every page holds which is served out of this folder."""
SWEEP_SECONDS = 15
ARRIVING_SECONDS = 15 * 60
"""Pieces of a file that nobody has gone on sending for so long are given up."""
HIDDEN_SECONDS = 60
"""How young something may be and yet go when space is short: an upload is used a moment after it has come."""

fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None
_HELD: list[IO[str]] = []


@dataclass(frozen=True)
class Quota:
    """What a visitor may keep, and what must stay free."""

    visitor_bytes: int
    """Bytes of all uploads of one visitor."""
    visitor_files: int
    """Uploads of one visitor."""
    min_free_bytes: int
    """Bytes that stay free on the disk."""


def quota_of(settings: Settings) -> Quota:
    """What the settings say of it."""
    return Quota(settings.visitor_mb * 1_000_000, settings.visitor_files, settings.min_free_mb * 1_000_000)


class NoRoom(SettingError):
    """An upload has no place, here or under this visitor's limits."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        """413 where the visitor can do something about it, 507 where the disk is full."""


class Visitors:
    """The page's folder and whose is what in it.

    Args:
        root: the page's folder.
        quota: what a visitor may keep.
    """

    def __init__(self, root: Path, quota: Quota) -> None:
        self.root = root.resolve()
        self.home = self.root / "visitors"
        self.quota = quota
        self.in_use: Callable[[], set[Path]] = set
        """Gives the folders and uploads that running jobs need."""
        self._mine: set[Path] = set()
        self._shared: dict[Path, set[str]] = {}
        self._lock = threading.Lock()

    def clear_dead(self) -> None:
        """Delete what pages left here that were killed, unless another one is being served out of the same folder."""
        clear_dead_pages(self.root, keep_lock=True)
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)

    def new_folder(self, visitor: str) -> Path:
        """Make an empty folder with an unguessable name for one session of a visitor."""
        return self._made(self.home / visitor / secrets.token_hex(16))

    def uploads(self, visitor: str) -> Path:
        """Where a visitor's uploads lie."""
        return self._made(self.home / visitor / UPLOADS)

    def arriving(self, visitor: str) -> Path:
        """A new folder for what is being sent."""
        return self._made(self.home / visitor / f"{ARRIVING}{secrets.token_hex(8)}")

    def _made(self, folder: Path) -> Path:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        with self._lock:
            self._mine.add(folder.parent)
        return folder

    def may_read(self, visitor: str, path: Path | str) -> bool:
        """Whether a file is this visitor's own; where the path leads counts, not how it is spelled."""
        try:
            real = Path(path).resolve()
        except (OSError, ValueError, RuntimeError, TypeError):
            return False  # It names nothing, or is no name.
        if not real.is_relative_to(self.home):
            return False
        if real.is_relative_to(self.home / visitor) or is_open(real.relative_to(self.home).parts[:1]):
            return True
        with self._lock:
            return any(visitor in guests and real.is_relative_to(path) for path, guests in self._shared.items())

    def share(self, path: Path, visitors: set[str]) -> None:
        """Let some visitors read a file or a folder of one of them, for as long as it is there."""
        with self._lock:
            self._shared = {one: guests for one, guests in self._shared.items() if one.exists()}
            self._shared[path.resolve()] = set(visitors)

    def own(self, visitor: str, path: Path | str) -> Path:
        """The path itself, once it is known to be this visitor's.

        Raises:
            SettingError: it is someone else's, or no upload at all.
        """
        if not self.may_read(visitor, path):
            raise SettingError(strings.NOT_YOURS)
        return Path(path)

    def check_room(self, visitor: str, n_bytes: int) -> None:
        """Check that a visitor may send so much more.

        Raises:
            NoRoom: the visitor keeps too much already, or the disk has too little left.
        """
        files = [path for one in files_in(self.home / visitor) if _is_sent(one) for path in _files(one)]
        if len(files) >= self.quota.visitor_files:
            raise NoRoom(413, strings.TOO_MANY_FILES.format(limit=self.quota.visitor_files))
        kept = sum(_size(path) for path in files)
        if kept + n_bytes > self.quota.visitor_bytes:
            limit = self.quota.visitor_bytes / 1e6
            raise NoRoom(413, strings.TOO_MUCH_KEPT.format(kept=kept / 1e6, size=n_bytes / 1e6, limit=limit))
        self.check_floor(n_bytes)

    def check_floor(self, n_bytes: int = 0) -> None:
        """Check that the disk keeps its floor; what is not in use goes first, the oldest before the rest.

        Raises:
            NoRoom: even then there is too little.
        """
        if self._lacks(n_bytes):
            for path in self._idle():
                _delete(path)
                if not self._lacks(n_bytes):
                    break
        if self._lacks(n_bytes):
            raise NoRoom(507, strings.NO_ROOM)

    def _lacks(self, n_bytes: int) -> bool:
        return shutil.disk_usage(self.root).free - n_bytes < self.quota.min_free_bytes

    def _idle(self) -> list[Path]:
        """What no running job needs and nobody has touched for a moment, the longest untouched first."""
        needed, young = self.in_use(), time.time() - HIDDEN_SECONDS
        found = [(touched(path), path) for path in self._items() if not _is_needed(path, needed)]
        return [path for at, path in sorted(found) if at < young]

    def _items(self) -> Iterator[Path]:
        """Sessions' folders, uploads, and what arrives."""
        for folder in files_in(self.home):
            for path in files_in(folder):
                yield from files_in(path) if path.name == UPLOADS else (path,)

    def sweep(self, older_than: float) -> int:
        """Delete sessions and uploads that nobody has touched since a time, and what came only in part.

        Args:
            older_than: seconds since the epoch.
        Returns:
            How many files and folders went.
        """
        needed = self.in_use()
        old = [path for path in self._items() if touched(path) < older_than and not _is_needed(path, needed)]
        stale = min(older_than, time.time() - ARRIVING_SECONDS)
        old += [path for path in self._items() if path.name.startswith(ARRIVING) and touched(path) < stale]
        # What Gradio itself puts beside the visitors: copies that it makes of inputs, and files that came in part.
        old += [
            path
            for path in files_in(self.root)
            if path not in (self.home, self.root / LOCK) and touched(path) < older_than
        ]
        old += self._empty_files(time.time() - HIDDEN_SECONDS)
        for path in dict.fromkeys(old):
            _delete(path)
        for folder in files_in(self.home):
            for empty in (folder / UPLOADS, folder):
                _delete_empty(empty)
        return len(dict.fromkeys(old))

    def sweep_for_ever(self, delete_after_seconds: float, also: Callable[[], object]) -> threading.Thread:
        """Start the thread that deletes what has been left alone for so long; `also` is called each time."""

        def work() -> None:
            while True:
                also()
                self.sweep(time.time() - delete_after_seconds)
                time.sleep(min(SWEEP_SECONDS, delete_after_seconds))

        thread = threading.Thread(target=work, name="sweep", daemon=True)
        thread.start()
        return thread

    def delete_all(self) -> None:
        """Delete what this process has made: with the process everything is lost that could find it again."""
        with self._lock:
            mine, self._mine = self._mine, set()
        for path in (*mine, *self._empty_files(time.time())):
            _delete(path)

    def _empty_files(self, older_than: float) -> list[Path]:
        """Gradio's widgets for files make an empty one for each that they are handed, and leave it."""
        found = (path for path in files_in(self.root) if path.name.startswith("tmp") and path.is_file())
        return [path for path in found if not _size(path) and touched(path) <= older_than]


def is_open(folder: tuple[str, ...]) -> bool:
    """Whether the first of a path's names below the visitors is a folder whose files are had by whoever names them."""
    return bool(folder) and (folder[0] == OPEN or folder[0].startswith(f"{OPEN}-"))


def touched(path: Path) -> float:
    """When a file, a folder or something right in it last changed, seconds since the epoch; infinite if it is gone."""
    try:
        return max(float(p.stat().st_mtime) for p in (path, *(path.iterdir() if path.is_dir() else ())))
    except OSError:
        return float("inf")


def clear_dead_pages(root: Path, *, keep_lock: bool = False) -> list[Path]:
    """Delete what pages left that were killed.

    Args:
        root: the folder that pages are served out of.
        keep_lock: whether this process is going to serve one out of it.
    Returns:
        What was deleted; nothing while a page is being served out of the folder.
    """
    if fcntl is None:
        return []
    held = (root / LOCK).open("a")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        found = []
    else:
        found = [
            path for path in (*files_in(root / "visitors"), *files_in(root)) if path.name not in ("visitors", LOCK)
        ]
        for path in found:
            _delete(path)
    if keep_lock:
        fcntl.flock(held, fcntl.LOCK_SH)
        _HELD.append(held)
    else:
        held.close()
    return found


def _is_needed(path: Path, needed: set[Path]) -> bool:
    return any(one.is_relative_to(path) or path.is_relative_to(one) for one in needed)


def files_in(folder: Path) -> list[Path]:
    """What lies in a folder; others delete while we look, which pathlib's glob does not bear."""
    try:
        return [folder / name for name in os.listdir(folder)]
    except OSError:
        return []


def _files(folder: Path) -> Iterator[Path]:
    return (Path(here) / name for here, _, names in os.walk(folder) for name in names)


def _is_sent(folder: Path) -> bool:
    return folder.name == UPLOADS or folder.name.startswith(ARRIVING)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # It has just been moved or deleted.


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _delete_empty(folder: Path) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        return  # It holds something, or is gone.
