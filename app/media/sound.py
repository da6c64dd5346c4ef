"""Decoded frames of an audio track, one after another, cut where MP4's edit list ends; and how far a track reaches."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError
from .mp4.movie import Movie
from .mp4.shown import SoundExtent, sound_extent
from .open import UNKNOWN_CODEC, codec_name, opened


def audio_extent(path: Path, track: int, movie: Movie | None) -> tuple[Fraction, int]:
    """When an audio track starts on the file's timeline (seconds), and how many samples it decodes to.

    Args:
        path: any media file.
        track: number among the audio tracks.
        movie: the file's index; without one the track is decoded.
    """
    with opened(path) as container:
        stream = audio_stream(container, track, path)
        indexed = _indexed_extent(stream, movie)
        if indexed is not None:
            return indexed.start, indexed.n_samples(stream.codec_context.sample_rate)
        time_base, start, count = Fraction(stream.time_base), None, 0
        for pts, piece in decoded_pieces(container, stream, movie):
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
        raise MediaError(f"{path.name} has {has}: there is no audio track {track}.")
    if codec_name(tracks[track]) == UNKNOWN_CODEC:
        raise MediaError(f"FFmpeg cannot decode audio track {track} of {path.name}.")
    return tracks[track]


def decoded_pieces(container: Any, stream: Any, movie: Movie | None) -> Iterator[tuple[int | None, np.ndarray]]:
    """Decoded frames as (pts, [C, n] float32), cut where MP4's edit list ends: FFmpeg 9 does that, 8 does not."""
    indexed = _indexed_extent(stream, movie)
    time_base, rate = Fraction(stream.time_base), stream.codec_context.sample_rate
    for frame in container.decode(stream):
        piece = _to_float(frame)
        if indexed is not None and frame.pts is not None:
            piece = piece[:, : max(0, round((indexed.end - frame.pts * time_base) * rate))]
        if piece.shape[1]:
            yield frame.pts, piece


def _indexed_extent(stream: Any, movie: Movie | None) -> SoundExtent | None:
    """What MP4's tables say of an audio stream; None where they do not say."""
    if movie is None or movie.is_fragmented or stream.index >= len(movie.tracks):
        return None
    track = movie.tracks[stream.index]
    return sound_extent(track) if track.handler == "soun" else None


def _to_float(frame: Any) -> np.ndarray:
    """[C, n] float32 of a decoded audio frame; integers are scaled by their full range."""
    array: np.ndarray = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, frame.layout.nb_channels).T
    if array.dtype == np.uint8:
        return ((array.astype(np.float32) - 128) / 128).astype(np.float32)
    if np.issubdtype(array.dtype, np.integer):
        return (array.astype(np.float64) / (1 << (8 * array.dtype.itemsize - 1))).astype(np.float32)
    return np.ascontiguousarray(array, dtype=np.float32)
