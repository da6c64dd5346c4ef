"""The sound that an MP4 or MOV track shows, read from its tables without decoding."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .movie import Track
from .tables import SampleTable

ES_TAG, DECODER_TAG = 3, 4


@dataclass(frozen=True)
class ListedSound:
    """When a track's sound is heard."""

    start: Fraction
    """Seconds on the file's timeline of the first sample."""
    end: Fraction
    """Seconds on the file's timeline after the last sample."""
    media_end: int
    """The same in media time."""
    holes: Fraction
    """Seconds in between without sound."""

    def n_samples(self, sample_rate: int) -> int:
        """Samples that it decodes to."""
        return round((self.end - self.start - self.holes) * sample_rate)


def listed_sound(track: Track) -> ListedSound | None:
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
    return ListedSound(shown.at, end, media_end, _holes(track, media_end))


def _holes(track: Track, media_end: int) -> Fraction:
    """Seconds in which packets have run out before the next one starts."""
    table, shown = track.table, track.shown
    assert shown is not None
    usual = usual_duration(table)
    if not np.any(table.durations.values > usual):
        return Fraction(0)
    times = table.decode_times(0, table.n_samples)
    ends = np.append(times[1:], table.time_at(table.n_samples))
    hole_start = np.clip(times + usual, shown.first, media_end)
    hole_end = np.clip(ends, shown.first, media_end)
    return Fraction(int(np.maximum(hole_end - hole_start, 0).sum()), track.timescale)


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
