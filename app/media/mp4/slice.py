"""Some samples of a track as a track of their own, with the edit list that shows what is wanted of them.

How an MP4 track tells time (ISO/IEC 14496-12, 8.6): sample k is decoded at D(k), the sum of the durations before it
(stts), and shown at the media time D(k) + O(k), where O (ctts) is what B-frames need: they are stored after the later
picture that they lean on, so decoding order and showing order differ. The edit list then says which stretch of media
time is shown and when. What lies outside that stretch is decoded but neither seen nor heard.

Cutting samples first..last out of a track therefore takes three steps:

1. Decoding times count from the first sample, so every media time falls by D(first).
2. Offsets may be negative in the source, which older players do not accept. All are raised by the lowest one, so every
   media time rises by as much, and nothing changes between the samples.
3. One edit shows what is wanted. What the source shows at media time m is now at m - D(first) - lowest: that is the
   edit's media_time, and hides the lead-in from the keyframe to the cut, or the packets that warm up a sound decoder
   (and with them an encoder's priming). Its duration hides what was copied only because it is decoded in between: the
   pictures after the end that the last B-frames need, or the rest of the last packet of sound.

An empty edit (media_time -1) before it delays the track. Durations in the edit list count in the movie's timescale,
media_time in the track's.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .boxes import Box, Edit, edits_box, with_timed_header, with_track_header
from .movie import OutTrack, Track, rescaled, with_tables
from .tables import SampleTable, chunks_box, numbers_box, runs_box, sizes_box


@dataclass(frozen=True)
class Span:
    """Some samples of a track and what of them is shown."""

    first: int
    """First sample copied."""
    last: int
    """One past the last sample copied."""
    at: Fraction
    """Seconds on the part's timeline at which it is shown first."""
    media_start: int
    """Media time of the source that is shown first."""
    media_end: int
    """One past the media time of the source that is shown last."""
    lead_end: int = 0
    """Pictures: players must start at first; keyframes after it, up to this sample, are not offered to them."""
    packet: int | None = None
    """Sound: what a packet lasts. Gaps before media_start are closed, because decoders count packets there."""
    trims: bool = False
    """True: the first sample starts at media_start and the last one ends at media_end, with nothing left to hide."""


def cut_track(
    track: Track,
    span: Span,
    movie_timescale: int,
    *,
    timescale: int | None = None,
    order_by_time: bool = False,
    chunk_seconds: Fraction | None = None,
) -> tuple[OutTrack, int]:
    """Make a track of a span of another.

    Args:
        track: the source track.
        span: what to take.
        movie_timescale: of the file to be written.
        timescale: media timescale to use instead of the track's; for sound, its sample rate.
        order_by_time: interleave by time instead of by place in the source.
        chunk_seconds: cut the source's chunks to this length, so that they interleave finely.
    Returns:
        The track to be written, and its end on the part's timeline in movie_timescale.
    """
    table, scale = track.table, timescale or track.timescale
    start, end = (rescaled(time, scale, track.timescale) for time in (span.media_start, span.media_end))
    times = _decode_times(track, span, scale, start, end)
    shifts = _rescaled_all(table.composition_offsets_of(span.first, span.last), scale, track.timescale)
    lowest = min(0, int(shifts.min(initial=0)))
    media_time = start - lowest - int(times[0])
    max_samples = None
    if chunk_seconds is not None:
        max_samples = max(1, int(chunk_seconds * scale * len(shifts) / max(1, int(times[-1] - times[0]))))
    tables, offsets, sizes, firsts = _tables(table, span, np.diff(times), shifts - lowest, max_samples)
    trak = with_tables(track.box, tables)
    trak, ends = _with_headers(trak, span, scale, end - start, media_time, int(times[-1] - times[0]), movie_timescale)
    order: np.ndarray = offsets
    if order_by_time:
        order = (times[:-1][firsts] - start) / scale + float(span.at)
    return OutTrack(trak, track.path, offsets, sizes, order), ends


def _decode_times(track: Track, span: Span, scale: int, start: int, end: int) -> np.ndarray:
    """When each sample of a span is decoded in another timescale, and when the last one ends.

    The times are rounded, and the durations are their differences: rounding durations would let the error add up.
    """
    table = track.table
    times = np.append(table.decode_times(span.first, span.last), table.time_at(span.last))
    if span.packet is not None:
        _close_gaps(times, span.media_start, span.packet)
    times = _rescaled_all(times, scale, track.timescale)
    if span.trims and len(times) > 1:
        times[0] = start
        times[-1] = max(int(times[-2]) + 1, end)
    return times


def _rescaled_all(values: np.ndarray, multiplier: int, divisor: int) -> np.ndarray:
    """What rescaled does, for an array."""
    return values if multiplier == divisor else (values * multiplier * 2 + divisor) // (2 * divisor)


def _close_gaps(times: np.ndarray, start: int, packet: int) -> None:
    """Let every packet that ends before start end when the next one begins, after no more than a packet's length.

    Before the cut a decoder throws away as many samples as media_time says. It counts what it has decoded, not the time
    that has passed, and a gap decodes to nothing: it would throw away the start of the part instead.
    """
    lead = int(np.searchsorted(times, start, side="right")) - 1
    if lead <= 0:
        return
    steps = np.minimum(np.diff(times[: lead + 1]), packet)
    times[:lead] = times[lead] - np.cumsum(steps[::-1])[::-1]


def _with_headers(
    trak: Box, span: Span, scale: int, shown: int, media_time: int, media_length: int, movie_timescale: int
) -> tuple[Box, int]:
    delay = rescaled(span.at, movie_timescale)
    length = rescaled(shown, movie_timescale, scale)
    if span.first == span.last:
        delay, length, edits = 0, 0, []
    else:
        edits = [Edit(delay, -1)] if delay > 0 else []
        edits.append(Edit(length, media_time))
    mdia = trak.need(b"mdia")
    mdia = mdia.replaced(with_timed_header(mdia.need(b"mdhd"), scale, media_length))
    head = with_track_header(trak.need(b"tkhd"), delay + length)
    rest = [box for box in trak.children if box.kind not in (b"tkhd", b"edts", b"mdia")]
    return Box(b"trak", b"", [head, *([edits_box(edits)] if edits else []), *rest, mdia]), delay + length


def _tables(
    table: SampleTable, span: Span, durations: np.ndarray, shifts: np.ndarray, max_samples: int | None
) -> tuple[list[Box], np.ndarray, np.ndarray, np.ndarray]:
    """The per-sample boxes, each chunk's place and size in the source, and each chunk's first sample in the span.

    Keyframes within the lead-in are left out of stss but for the first: a player that seeks to the part's start goes to
    the last keyframe before it, which may belong to an open GOP, from which it cannot decode.
    """
    first, last = span.first, span.last
    sizes = table.sizes_of(first, last)
    bounds, offsets, entries = _chunks(table, first, last, max_samples)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    chunk_sizes = ends[bounds[1:] - first] - ends[bounds[:-1] - first]
    boxes = [runs_box(b"stts", durations)]
    if np.any(shifts):
        boxes.append(runs_box(b"ctts", shifts))
    if table.sync is not None:
        offered = (table.sync == first) | (table.sync > span.lead_end)
        inside = table.sync[(table.sync >= first) & (table.sync < last) & offered]
        boxes.append(numbers_box(b"stss", inside - first + 1))
    boxes += [chunks_box(np.diff(bounds), entries), sizes_box(sizes)]
    return boxes, offsets, chunk_sizes, bounds[:-1] - first


def _chunks(
    table: SampleTable, first: int, last: int, max_samples: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First sample of each chunk (and last), its place in the source, and its sample description."""
    if first >= last:
        none = np.zeros(0, dtype=np.int64)
        return np.array([first]), none, none
    # A chunk is a run of samples that lie together in the file. The span may start and end within one: its first chunk
    # is what is left of the source's from `first` on, and lies `into` that chunk by the sizes of the samples before.
    low = int(np.searchsorted(table.chunk_first, first, side="right")) - 1
    high = int(np.searchsorted(table.chunk_first, last, side="left"))
    bounds = np.unique(np.clip(table.chunk_first[low : high + 1], first, last))
    if max_samples is not None:
        bounds = np.union1d(bounds, np.arange(first, last, max_samples))
    chunk = np.searchsorted(table.chunk_first, bounds[:-1], side="right") - 1
    ahead = int(table.chunk_first[low])
    ends = np.concatenate([[0], np.cumsum(table.sizes_of(ahead, last))])
    into = ends[bounds[:-1] - ahead] - ends[np.maximum(table.chunk_first[chunk], ahead) - ahead]
    return bounds, table.chunk_offsets[chunk] + into, table.chunk_entry[chunk]
