"""What an MP4 or MOV track shows, frame by frame or as sound, read from its tables without decoding anything."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .movie import Movie, Track
from .tables import SampleTable

PACKET_IS_FRAME = {
    "avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "av01", "vp09", "mp4v", "jpeg", "mjpa", "mjpb", "FFV1",
    "apch", "apcn", "apcs", "apco", "ap4h", "ap4x", "s263", "h263",
}  # fmt: skip
ES_TAG, DECODER_TAG = 3, 4


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
    are_packets: bool = True
    """Whether each frame is one packet that bears its time."""


def frame_times(movie: Movie, video_index: int) -> FrameTimes | None:
    """Read the frame times of a track.

    Args:
        movie: the index.
        video_index: the track's number in the file.
    Returns:
        The frames, or None where the tables alone do not say: fragments, an unusual edit list, two pictures at the
        same time, or a codec whose packets are not frames.
    """
    track = movie.tracks[video_index] if video_index < len(movie.tracks) else None
    if movie.is_fragmented or track is None or track.handler != "vide" or track.shown is None:
        return None
    if track.sample_entry not in PACKET_IS_FRAME:
        return None
    table, shown = track.table, track.shown
    times = table.presentation_times()
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


def shown_times(movie: Movie, video_index: int) -> np.ndarray | None:
    """When each sample of a track is shown or would be, in the order stored.

    Args:
        movie: the index.
        video_index: the track's number in the file.
    Returns:
        [n_samples] int64, on the file's timeline in the track's units; None where the tables alone do not say.
    """
    track = movie.tracks[video_index] if video_index < len(movie.tracks) else None
    if movie.is_fragmented or track is None or track.shown is None:
        return None
    return track.table.presentation_times() + int(track.shown.at * track.timescale) - track.shown.first


@dataclass(frozen=True)
class SoundExtent:
    """When a track's sound is heard."""

    start: Fraction
    """Seconds on the file's timeline of the first sample."""
    end: Fraction
    """Seconds on the file's timeline after the last sample."""
    media_end: int
    """The same in media time."""
    gaps: Fraction
    """Seconds in between without sound."""

    def n_samples(self, sample_rate: int) -> int:
        """Samples that it decodes to."""
        return round((self.end - self.start - self.gaps) * sample_rate)


def sound_extent(track: Track) -> SoundExtent | None:
    """Read when a track's sound is heard.

    Args:
        track: of handler "soun".
    Returns:
        None where its edit list is an unusual one.
    """
    table, shown = track.table, track.shown
    if shown is None:
        return None
    media_end = table.time_at(table.n_samples)
    if shown.end is not None:
        media_end = min(media_end, shown.end)
    end = shown.at + Fraction(max(0, media_end - shown.first), track.timescale)
    return SoundExtent(shown.at, end, media_end, _gaps(track, media_end))


def _gaps(track: Track, media_end: int) -> Fraction:
    """Seconds in which packets have run out before the next one starts."""
    table, shown = track.table, track.shown
    assert shown is not None
    usual = usual_duration(table)
    if not np.any(table.durations.values > usual) and track.packet_pts is None:
        return Fraction(0)
    times = table.decode_times(0, table.n_samples)
    ends = np.append(times[1:], table.time_at(table.n_samples))
    gap_start = np.clip(times + usual, shown.first, media_end)
    gap_end = np.clip(ends, shown.first, media_end)
    gaps = gap_end - gap_start
    # Where every packet's length is known, the times of two may overlap, and both are decoded whole all the same.
    gaps = np.append(gaps[:-1], max(0, gaps[-1])) if track.packet_pts is not None else np.maximum(gaps, 0)
    return Fraction(int(gaps.sum()), track.timescale)


def usual_duration(table: SampleTable) -> int:
    """What most packets last, in media time."""
    values, counts = table.durations.values, table.durations.counts
    if not len(values):
        return 1
    known = np.unique(values)
    return int(known[np.argmax([counts[values == value].sum() for value in known])])


def object_type(track: Track) -> int | None:
    """MPEG-4's number for the codec of an mp4a track (0x40 AAC, 0x6B and 0x69 MP3), None where it has none.

    Source: ISO/IEC 14496-1, 7.2.6.5 and 7.2.6.6.
    """
    entry = track.box.need(b"mdia", b"minf", b"stbl", b"stsd").payload
    at = entry.find(b"esds")
    if at < 0:
        return None
    stream_at = _past_header(entry, at + 8, ES_TAG)
    if stream_at is None or stream_at + 3 > len(entry):
        return None
    flags = entry[stream_at + 2]
    config_at = stream_at + 3 + (2 if flags & 0x80 else 0) + (2 if flags & 0x20 else 0)
    kind_at = _past_header(entry, config_at, DECODER_TAG)
    return entry[kind_at] if kind_at is not None and kind_at < len(entry) else None


def _past_header(data: bytes, at: int, tag: int) -> int | None:
    """Where a descriptor's contents start."""
    if at >= len(data) or data[at] != tag:
        return None
    at += 1
    while at < len(data) and data[at] & 0x80:
        at += 1
    return at + 1
