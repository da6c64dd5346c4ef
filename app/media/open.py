"""Opening media files, and refusing in one sentence what cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import av.error

from ..errors import MediaError

UNKNOWN_CODEC = "unknown"


def check_readable(path: Path) -> Path:
    """Raise MediaError unless path is a file that can be read and holds something; return it absolute."""
    path = Path(path).absolute()
    if not path.exists():
        raise MediaError(f"{path} does not exist: check the name.")
    if path.is_dir():
        raise MediaError(f"{path} is a folder: give the video file itself.")
    if not os.access(path, os.R_OK):
        raise MediaError(f"{path} may not be read: give yourself permission to read it (chmod u+r).")
    if path.stat().st_size == 0:
        raise MediaError(f"{path} is empty (0 bytes): the copy or download did not finish.")
    return path


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a media file for reading.

    Raises:
        MediaError: it cannot be read or is damaged, also where that shows only inside the block.
    """
    path = check_readable(path)
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            yield container
    except PermissionError as error:
        raise MediaError(f"{path} may not be read: give yourself permission to read it (chmod u+r).") from error
    except (av.error.FFmpegError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{path.name} is not a video that can be read, or it is damaged or cut short: {reason}."
        raise MediaError(message) from error


def codec_name(stream: Any) -> str:
    """FFmpeg's name of a stream's codec; UNKNOWN_CODEC where FFmpeg has no decoder for it."""
    return str(stream.codec_context.codec.canonical_name) if stream.codec_context is not None else UNKNOWN_CODEC


def video_stream(container: Any, path: Path) -> Any:
    """The first stream of moving pictures; cover art does not count.

    Raises:
        MediaError: there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & stream.disposition.__class__.attached_pic:
            if codec_name(stream) == UNKNOWN_CODEC:
                raise MediaError(f"The pictures of {path.name} are in a format that FFmpeg does not know: convert it.")
            return stream
    kind = "only sound" if container.streams.audio else "no video"
    raise MediaError(f"{path.name} holds {kind}, no moving pictures: give a video file.")
