"""A track's packets as splicing sees them: their grid of frames, their coding, and their bytes where these matter."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..clip import Clip
from ..clock import slack_samples, steady_starts
from ..mp4.movie import Movie, Track, rescaled
from ..mp4.shown import sound_extent, usual_duration
from ..open import codec_name, opened
from .codecs import PCM_BLOCK, Coding
from .plan import Grid


@dataclass(frozen=True)
class Packets:
    """The first audio track of a clip."""

    grid: Grid
    """Where its frames lie."""
    coding: Coding
    """How it is coded."""
    read: Callable[[int, int], list[bytes]]
    """The bytes of packets from one to another."""
    track: Track | None
    """Where the clip has an index: the track in it."""
    hidden: int = 0
    """Samples that the decoder makes and hides before the first one that is heard, where there is no index."""
    lengths: np.ndarray | None = None
    """[N] samples in each packet, where there is no index."""


def read_packets(clip: Clip, movie: Movie | None) -> Packets | str:
    """Read where the packets of a clip's first audio track lie; nothing is decoded beyond the first few.

    Args:
        clip: with sound.
        movie: its index, not fragmented; None where it is no MP4.
    Returns:
        The packets; or, as half a sentence, why they cannot be spliced.
    """
    if movie is None:
        return _demuxed(clip)
    track = next(iter(movie.of_kind("soun")), None)
    if track is None or track.shown is None or not track.table.n_samples:
        return "its own edit list shows more than one segment"
    if len(np.unique(track.table.chunk_entry)) > 1:
        return "its sound changes its configuration midway"
    return _indexed(clip, track)


def _indexed(clip: Clip, track: Track) -> Packets | str:
    table, shown, rate = track.table, track.shown, clip.sample_rate
    extent = sound_extent(track)
    assert shown is not None
    assert extent is not None
    assert rate is not None
    is_pcm = (clip.audio_codec or "").startswith("pcm_")
    scale = Fraction(rate, track.timescale)
    heard = round((shown.at - clip.start) * rate)
    frame = PCM_BLOCK if is_pcm else round(usual_duration(table) * scale)
    numbers = np.arange(0, table.n_samples, PCM_BLOCK if is_pcm else 1)
    if is_pcm and (scale * usual_duration(table) != 1 or len(table.durations.values) > 1):
        return "its samples do not follow one another evenly"
    times = table.times_at(np.append(numbers, table.n_samples)) - shown.first
    # To the nearest sample: a clock that is not the sample rate rounds.
    at = (times * scale.numerator * 2 + scale.denominator) // (2 * scale.denominator) + heard
    end = round((extent.media_end - shown.first) * scale) + heard
    grid = Grid(at[:-1], frame, heard, end, int(at[-1]), rate)

    def read(first: int, last: int) -> list[bytes]:
        return _bytes_of(track, first, last)

    with opened(clip.path) as container:
        coding = _coding(container.streams.audio[0], frame, rate)
    return Packets(grid, coding, read, track)


def _bytes_of(track: Track, first: int, last: int) -> list[bytes]:
    table = track.table
    numbers = np.arange(first, last)
    chunks = np.searchsorted(table.chunk_first, numbers, side="right") - 1
    found = []
    with track.path.open("rb") as file:
        for number, chunk in zip(numbers.tolist(), chunks.tolist(), strict=True):
            before = int(table.sizes_of(int(table.chunk_first[chunk]), number).sum())
            size = int(table.sizes_of(number, number + 1)[0])
            found.append(os.pread(file.fileno(), size, int(table.chunk_offsets[chunk]) + before))
    return found


def _coding(stream: Any, frame: int, sample_rate: int) -> Coding:
    context = stream.codec_context
    return Coding(
        codec_name(stream),
        str(context.profile or ""),
        bytes(context.extradata or b""),
        frame,
        context.format.name if context.format is not None else "",
        sample_rate,
        context.layout.name,
        context.channels,
    )


def _demuxed(clip: Clip) -> Packets | str:
    """Every packet of the track is read once, since only packets say when they are; their bytes are not kept."""
    assert clip.sample_rate is not None
    rate, times, lengths = clip.sample_rate, [], []
    with opened(clip.path) as container:
        stream = container.streams.audio[0]
        time_base, is_pcm = Fraction(stream.time_base), codec_name(stream).startswith("pcm_")
        align = _bytes_per_sample(stream) if is_pcm else 0
        frame, hidden = _first_frames(clip)
        if not frame:
            return "its packets hold different numbers of samples"
        for packet in container.demux(stream):
            if packet.size:
                times.append(packet.pts * time_base if packet.pts is not None else None)
                lengths.append(packet.size // align if align else frame)
        coding = _coding(stream, PCM_BLOCK if is_pcm else frame, rate)
    stated = [None if time is None else rescaled(time - clip.start, rate) for time in times]
    # What is hidden at the start may be less than a unit of the file's clock, which has rounded the first time.
    stated[0] = clip.audio_start_sample - hidden
    items = zip(stated, lengths, [None] * len(lengths), strict=True)
    starts = np.array(
        [start for start, _ in steady_starts(items, rate, slack_samples(time_base, rate))], dtype=np.int64
    )
    counted = np.array(lengths, dtype=np.int64)
    stop = int(starts[-1]) + lengths[-1]
    # What the last packet hides of its end, and what a short last packet lacks, is known from what was decoded.
    heard_end = clip.audio_start_sample + clip.n_samples + _skipped(starts, counted)
    stop = min(stop, heard_end)
    if is_pcm:
        if _skipped(starts, counted):
            return "its sound has a hole"
        # PCM has no frames: blocks of any size will do, wherever its packets begin and end.
        starts = np.arange(int(starts[0]), stop, PCM_BLOCK)
    grid = Grid(starts, coding.frame, clip.audio_start_sample, stop, stop, rate)

    def read(first: int, last: int) -> list[bytes]:
        with opened(clip.path) as container:
            packets = (packet for packet in container.demux(container.streams.audio[0]) if packet.size)
            return [bytes(packet) for number, packet in enumerate(packets) if first <= number < last]

    return Packets(grid, coding, read, None, hidden, counted)


def _bytes_per_sample(stream: Any) -> int:
    name = codec_name(stream)
    bits = int("".join(char for char in name.split("_")[1] if char.isdigit()) or 8)
    return bits // 8 * int(stream.codec_context.channels)


def _skipped(starts: np.ndarray, lengths: np.ndarray) -> int:
    """Samples of silence in holes between packets."""
    return int((np.diff(starts) - lengths[:-1]).sum()) if len(starts) > 1 else 0


def _first_frames(clip: Clip) -> tuple[int, int]:
    """Samples in a packet, 0 where packets differ, and how many of the first ones are hidden."""
    counts: list[int] = []
    with opened(clip.path) as container:
        stream = container.streams.audio[0]
        is_pcm = codec_name(stream).startswith("pcm_")
        for packet in container.demux(stream):
            if not packet.size or len(counts) >= 12:
                break
            counts.append(sum(frame.samples for frame in packet.decode()))
    usual = max(counts, default=0)
    if is_pcm:
        return PCM_BLOCK, 0
    full = next((n for n, count in enumerate(counts) if count == usual), 0)
    differ = any(count != usual for count in counts[full:-1])
    return (0 if differ else usual), sum(usual - count for count in counts[:full])
