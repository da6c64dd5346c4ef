"""Decoded frames of an audio track, one after another, cut where MP4's edit list ends; and how far a track reaches."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError
from .mp4.movie import read_movie
from .mp4.shown import ListedSound, listed_sound
from .open import UNKNOWN_CODEC, codec_name, opened


def audio_extent(path: Path, track: int) -> tuple[Fraction, int]:
    """When an audio track starts on the file's timeline (seconds), and how many samples it decodes to.

    Args:
        path: any media file.
        track: number among the audio tracks.
    """
    with opened(path) as container:
        stream = audio_stream(container, track, path)
        listed = _listed_extent(container, stream, path)
        if listed is not None:
            return listed.start, listed.n_samples(stream.codec_context.sample_rate)
        time_base, start, count = Fraction(stream.time_base), None, 0
        for pts, piece in decoded_pieces(container, stream, path):
            start = pts * time_base if start is None and pts is not None else start
            count += piece.shape[1]
    return start or Fraction(0), count


def audio_stream(container: Any, track: int, path: Path) -> Any:
    """An audio stream by its number among the audio tracks.

    Raises:
        MediaError: there is no such track, or FFmpeg cannot decode it.
    """
    tracks = container.streams.audio
    if not 0 <= track < len(tracks):
        has = f"{len(tracks)} audio tracks" if tracks else "no sound"
        raise MediaError(f"{Path(path).name} has {has}: there is no audio track {track}.")
    if codec_name(tracks[track]) == UNKNOWN_CODEC:
        raise MediaError(f"Audio track {track} of {Path(path).name} is in a format that FFmpeg does not know.")
    return tracks[track]


def decoded_pieces(container: Any, stream: Any, path: Path) -> Iterator[tuple[int | None, np.ndarray]]:
    """Decoded frames as (pts, [C, n] float32), cut where MP4's edit list ends: FFmpeg 9 does that, 8 does not."""
    listed = _listed_extent(container, stream, path)
    time_base, rate = Fraction(stream.time_base), stream.codec_context.sample_rate
    for frame in container.decode(stream):
        piece = _to_float(frame)
        if listed is not None and frame.pts is not None:
            piece = piece[:, : max(0, round((listed.end - frame.pts * time_base) * rate))]
        if piece.shape[1]:
            yield frame.pts, piece


def _listed_extent(container: Any, stream: Any, path: Path) -> ListedSound | None:
    """What MP4's tables say of a track; None elsewhere."""
    if "mp4" not in container.format.name.split(","):
        return None
    movie = read_movie(Path(path))
    track = movie.tracks[stream.index] if stream.index < len(movie.tracks) else None
    return None if movie.is_fragmented or track is None or track.handler != "soun" else listed_sound(track)


def _to_float(frame: Any) -> np.ndarray:
    """[C, n] float32 of a decoded audio frame; integers are scaled by their full range."""
    array = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, frame.layout.nb_channels).T
    if array.dtype == np.uint8:
        return ((array.astype(np.float32) - 128) / 128).astype(np.float32)
    if np.issubdtype(array.dtype, np.integer):
        return (array.astype(np.float64) / (1 << (8 * array.dtype.itemsize - 1))).astype(np.float32)
    return np.ascontiguousarray(array, dtype=np.float32)
