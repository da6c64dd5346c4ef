"""The frames that an MP4 or MOV file shows, read from its tables without touching the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .movie import Movie

PACKET_IS_FRAME = {
    "avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "av01", "vp09", "mp4v", "jpeg", "mjpa", "mjpb", "FFV1",
    "apch", "apcn", "apcs", "apco", "ap4h", "ap4x",
}  # fmt: skip


@dataclass(frozen=True)
class FrameTimes:
    """When each frame is shown."""

    pts: list[int]
    """Rising, in time_base units, on the file's timeline."""
    keyframes: list[int]
    """Numbers of the frames that can be decoded on their own."""
    time_base: Fraction
    """Seconds per unit."""
    end: int
    """When the last frame stops being shown."""


def listed_frames(movie: Movie, video_index: int) -> FrameTimes | None:
    """Read the frame times of a track.

    Args:
        movie: the index.
        video_index: the track's number in the file.
    Returns:
        The frames, or None where the tables alone do not tell: fragments, an unusual edit list, two pictures at the
        same time, a codec whose packets are not frames, or an edit list whose shift is not a whole number of units.
    """
    track = movie.tracks[video_index] if video_index < len(movie.tracks) else None
    if movie.is_fragmented or track is None or track.handler != "vide" or track.shown is None:
        return None
    if track.sample_entry not in PACKET_IS_FRAME or (track.shown.at * track.timescale).denominator != 1:
        return None
    table, shown = track.table, track.shown
    times = table.decode_times(0, table.n_samples) + table.shown_shifts(0, table.n_samples)
    visible = times >= shown.first
    if shown.end is not None:
        visible &= times < shown.end
    if table.sync is not None and len(table.sync) and not visible[: table.sync[0] + 1].any():
        visible[: table.sync[0]] = False
    order = np.argsort(times[visible], kind="stable")
    numbers = np.flatnonzero(visible)[order]
    if not len(numbers) or np.any(np.diff(times[numbers]) <= 0):
        return None
    shift = int(shown.at * track.timescale) - shown.first
    is_key = np.full(table.n_samples, table.sync is None)
    is_key[table.sync if table.sync is not None else []] = True
    end = int(times[numbers[-1]]) + max(1, int(table.durations.between(numbers[-1], numbers[-1] + 1)[0]))
    if shown.end is not None:
        end = min(end, shown.end)
    return FrameTimes(
        (times[numbers] + shift).tolist(),
        np.flatnonzero(is_key[numbers]).tolist(),
        Fraction(1, track.timescale),
        end + shift,
    )
