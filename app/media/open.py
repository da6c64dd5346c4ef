"""Opening media files, and refusing in one sentence what cannot be read."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import av
import av.error

from ..errors import MediaError
from .allowed import CODECS, MAX_PIXELS, OPTIONS
from .clip import Clip
from .kinds import other_kind, refuse_others
from .mp4.movie import read_movie

LOG = logging.getLogger(__name__)
UNKNOWN_CODEC = "unknown"


def path_of(source: Clip | Path) -> Path:
    """The file of a clip, or the path itself."""
    return source.path if isinstance(source, Clip) else Path(source)


def check_readable(path: Path) -> Path:
    """Raise MediaError unless path is a readable file that is not empty; return it absolute."""
    path = Path(path).absolute()
    try:
        there = path.exists()
    except OSError as error:
        raise MediaError(
            f"{path.name} cannot be reached ({error.strerror}): check its name and its folders."
        ) from error
    if not there:
        raise MediaError(f"{path} does not exist: check the name.")
    if path.is_dir():
        raise MediaError(f"{path} is a folder: give the video file itself.")
    if not os.access(path, os.R_OK):
        raise MediaError(f"Permission to read {path} is denied: grant it with chmod u+r.")
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
        refuse_others(path)
        with _container(path) as container:
            yield container
    # PyAV looks past the end of its list where a damaged file brings a stream that its header did not name.
    except IndexError as error:
        message = (
            f"{path.name} is damaged: a track begins midway that its header does not name. Copy or download it again."
        )
        raise MediaError(message) from error
    except (av.error.FFmpegError, UnicodeError) as error:
        raise _refusal(path, error) from error


def _container(path: Path) -> Any:
    """A file as FFmpeg opens it."""
    try:
        return av.open(str(path), metadata_errors="replace", options=OPTIONS)
    except av.error.ArgumentError as error:
        # FFmpeg calls a kind that is not on the list an invalid argument.
        raise MediaError(other_kind(path)) from error


def _refusal(path: Path, error: Exception) -> Exception:
    """What is said where FFmpeg gives up; its own words are for the log."""
    LOG.info("%s: %s", path.name, error)
    if isinstance(error, av.error.MemoryError):
        return MemoryError()
    if _is_protected(path):
        return protected_error(path)
    if isinstance(error, av.error.PermissionError):
        return MediaError(f"Permission to read {path.name} is denied: grant it with chmod u+r.")
    return MediaError(f"{path.name} is not a readable video, or it is damaged or incomplete.")


def protected_error(path: Path) -> MediaError:
    """What is said of a file whose packets are encrypted."""
    return MediaError(f"{path.name} is copy-protected (DRM): use an unprotected file.")


def _is_protected(path: Path) -> bool:
    """True where the index says that packets are encrypted; FFmpeg often cannot even open such a file."""
    try:
        return read_movie(path).is_protected
    except (MediaError, OSError):
        return False


def seek_back(container: Any, stream: Any, pts: int) -> None:
    """Go to the last keyframe at or before a time; where the file has no index that allows it, to the start.

    Args:
        container: opened.
        stream: whose time is meant.
        pts: in the stream's time base.
    """
    try:
        container.seek(pts, stream=stream, backward=True)
    except av.error.FFmpegError:
        with suppress(av.error.FFmpegError):
            container.seek(0, backward=True, any_frame=True)


def codec_name(stream: Any) -> str:
    """FFmpeg's name of a stream's codec; UNKNOWN_CODEC where FFmpeg has no decoder for it."""
    return str(stream.codec_context.codec.canonical_name) if stream.codec_context is not None else UNKNOWN_CODEC


def check_allowed(stream: Any, path: Path) -> None:
    """Raise MediaError where a stream's decoder is not on the list, or its pictures are too large."""
    context = stream.codec_context
    if context.codec.name not in CODECS:
        raise MediaError(
            f"{path.name} has a track of the kind {context.codec.name}, which is not opened here: convert it to H.264 "
            "and AAC, for example."
        )
    if stream.type == "video" and context.width * context.height > MAX_PIXELS:
        raise MediaError(
            f"{path.name} has pictures of {context.width} x {context.height}, but at most {MAX_PIXELS:,} pixels are "
            "accepted: make them smaller."
        )


def video_stream(container: Any, path: Path) -> Any:
    """The first video stream; cover art does not count.

    Raises:
        MediaError: there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & stream.disposition.__class__.attached_pic:
            if codec_name(stream) == UNKNOWN_CODEC:
                raise MediaError(
                    f"FFmpeg cannot decode the video track of {path.name}: convert it to H.264, for example."
                )
            check_allowed(stream, path)
            return stream
    found = "only sound, no video" if container.streams.audio else "no video"
    raise MediaError(f"{path.name} contains {found}: choose a video file.")
