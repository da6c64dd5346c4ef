"""Folders to work in, which are gone afterwards, also those of processes that were killed."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..files import write_errors
from ..unfinished import UNFINISHED, is_alive
from .place import Place

MOST_TRIES = 100
"""How often a folder is made again whose root another process deletes in between."""


@contextmanager
def scratch_of(out: Place, temporary: Path) -> Iterator[Path]:
    """Give a folder to work in that is deleted at the end.

    Args:
        out: where results go; if it is local, the folder is on its disk, so that a result moves there in one step.
        temporary: where work files of this machine go otherwise.
    """
    root = scratch_root(out, temporary)
    # Others see by its name whether its process still works.
    folder = root / f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    UNFINISHED.add(folder)
    try:
        with write_errors(folder):
            _make(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        UNFINISHED.discard(folder)
        with suppress(OSError):
            root.rmdir()  # Only when it is empty.


def _make(folder: Path) -> None:
    """Make a folder and those above it, of which another process may delete the empty ones at the same time."""
    for _ in range(MOST_TRIES):
        # The root may go after it was found to be there, and before its folder is made.
        with suppress(FileNotFoundError, FileExistsError):
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            return
    folder.mkdir(parents=True)


def scratch_root(out: Place, temporary: Path) -> Path:
    """Where the scratch folders of a batch lie."""
    return Path(out.at("_scratch")) if out.is_local else temporary.absolute() / "riffusion-dub-batch"


def clean_scratch(out: Place, temporary: Path) -> None:
    """Delete what processes of this machine left behind that were killed."""
    root = scratch_root(out, temporary)
    for folder in root.glob(f"{socket.gethostname()}-*"):
        pid = folder.name.rsplit("-", 2)[1]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        root.rmdir()
