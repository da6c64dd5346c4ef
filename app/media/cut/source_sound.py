"""What a source's sound decodes to, so that a remuxed copy can play exactly that."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from av.error import InvalidDataError

from ..clock import slack_samples, steady_starts
from ..mp4.movie import Movie, ShownRange, Track, rescaled
from ..mp4.shown import usual_duration
from ..mp4.tables import Runs
from ..open import opened

AAC_PRIMING = 1024


@dataclass(frozen=True)
class SourceSound:
    """One audio track as FFmpeg presents it."""

    at: Fraction
    """Seconds on the file's timeline at which its first sample sounds."""
    counts: tuple[int, ...]
    """Samples that each packet decodes to, hidden ones counted."""
    gaps: tuple[int, ...]
    """Samples of silence after each packet, where the next one comes late."""
    hidden: int
    """Samples that the decoder makes and hides before the first one (encoder priming)."""
    n_samples: int
    """Samples that the track decodes to, without the hidden ones."""
    sample_rate: int
    """Hz."""


def source_sounds(path: Path, tracks: list[int]) -> list[SourceSound]:
    """Decode audio tracks of a file and say what came out.

    Args:
        path: the file.
        tracks: their numbers among the audio tracks.
    """
    return [_source_sound(path, track) for track in tracks]


def _source_sound(path: Path, track: int) -> SourceSound:
    at: Fraction | None = None
    counts: list[int] = []
    stated: list[int | None] = []
    with opened(path) as container:
        stream = container.streams.audio[track]
        rate, time_base = stream.codec_context.sample_rate, Fraction(stream.time_base)
        for packet in container.demux(stream):
            frames = _decoded(packet)
            if packet.size or frames:
                counts.append(sum(frame.samples for frame in frames))
                stated.append(rescaled(packet.pts * time_base, rate) if packet.pts is not None else None)
            if at is None and frames and frames[0].pts is not None:
                at = frames[0].pts * time_base
    n_samples = sum(counts)
    usual = max(set(counts), key=counts.count, default=0)
    hidden = 0
    for number, count in enumerate(counts):
        if count >= usual:
            break
        hidden += usual - count
        counts[number] = usual
    if at is not None:
        # What is hidden at the start may be less than a unit of the file's clock, which has rounded the first time.
        stated[0] = rescaled(at, rate) - hidden
    gaps = _gaps(stated, counts, rate, slack_samples(time_base, rate))
    return SourceSound(at or Fraction(0), tuple(counts), gaps, hidden, n_samples, rate)


def _decoded(packet: Any) -> list[Any]:
    """The frames of a packet; none where it is damaged."""
    try:
        return list(packet.decode())
    except InvalidDataError:
        return []


def _gaps(stated: list[int | None], counts: list[int], rate: int, slack: int) -> tuple[int, ...]:
    """By how many samples the next packet starts later than this one ends, where that is a hole and not jitter."""
    items = ((time, count, None) for time, count in zip(stated, counts, strict=True))
    starts = [start for start, _ in steady_starts(items, rate, slack)]
    late = [after - start - count for start, after, count in zip(starts, starts[1:], counts, strict=False)]
    return (*(max(0, samples) for samples in late), 0)[: len(counts)]


def with_source_sound(movie: Movie, sounds: list[SourceSound], copied: list[bool]) -> Movie:
    """A movie whose audio tracks play exactly what the source's decode to.

    Containers with times in milliseconds make FFmpeg's own edit lists wrong by some samples.

    Args:
        movie: the remuxed copy.
        sounds: of the source, in the same order.
        copied: whether each track's packets are the source's; the others were encoded by encode_sound's codecs.
    """
    tracks = list(movie.tracks)
    for track, sound, is_copy in zip(movie.of_kind("soun"), sounds, copied, strict=True):
        place = next(n for n, known in enumerate(tracks) if known.number == track.number)
        if is_copy and len(sound.counts) == track.table.n_samples:
            tracks[place] = _timed(track, sound)
        else:
            hidden = AAC_PRIMING if track.sample_entry == "mp4a" else 0
            end = hidden + sound.n_samples + _gaps_in(track, sound.sample_rate)
            tracks[place] = _shown_from(track, sound, hidden, end)
    return dataclasses.replace(movie, tracks=tuple(tracks))


def _gaps_in(track: Track, sample_rate: int) -> int:
    """Samples of silence that an encoded track's packets leave between them."""
    durations = track.table.durations
    late = np.maximum(durations.values - usual_duration(track.table), 0)
    return int((late * durations.counts).sum()) * sample_rate // track.timescale


def _timed(track: Track, sound: SourceSound) -> Track:
    """A track whose packets last what they decode to; a millisecond clock had made them uneven."""
    scale = Fraction(track.timescale, sound.sample_rate)
    lasting = np.array(sound.counts, dtype=np.int64) + np.array(sound.gaps, dtype=np.int64)
    ends = np.cumsum(lasting) * scale.numerator // scale.denominator
    durations = np.diff(np.concatenate([[0], ends]))
    table = dataclasses.replace(track.table, durations=Runs(np.ones(len(durations), dtype=np.int64), durations))
    end = sound.hidden + sound.n_samples + sum(sound.gaps[:-1])
    return _shown_from(dataclasses.replace(track, table=table, packet_pts=None), sound, sound.hidden, end)


def _shown_from(track: Track, sound: SourceSound, first: int, end: int) -> Track:
    """A track that shows its samples first to end."""
    scale = Fraction(track.timescale, sound.sample_rate)
    return dataclasses.replace(track, shown=ShownRange(sound.at, int(first * scale), int(end * scale)))
