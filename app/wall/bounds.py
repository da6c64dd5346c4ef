"""What a worker is told when it is started."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MAX_REQUEST = 1 << 17
"""Bytes of the message that asks for a worker."""


def is_inside(path: Path, places: Iterable[Path]) -> bool:
    """Whether a path is one of some places, or lies in one of them."""
    return any(path.is_relative_to(place) for place in places)


@dataclass(frozen=True)
class Bounds:
    """What a worker may do."""

    reads: tuple[Path, ...]
    """Files, and folders with all that is in them."""
    writes: tuple[Path, ...]
    """Folders."""
    memory_bytes: int
    """Address space, of each process."""
    cpu_seconds: int
    """Processor time, of each process, all threads together."""
    file_bytes: int
    """Largest file that may be written."""
    ffmpeg: Path | None
    """The FFmpeg to be run; None: the one that the program carries."""
    mark: str
    """Stands in the names of all unfinished files, so that they are found if it is killed."""
    owner: str
    """The process that it works for, as hidden names tell it."""
