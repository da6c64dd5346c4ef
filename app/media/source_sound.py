"""What a source's sound decodes to, so that a repackaged copy can show exactly that."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from app.media.mp4_movie import Movie, Shown, Track
from app.media.mp4_sound import usual_duration
from app.media.mp4_tables import Runs
from app.media.probe import opened

AAC_PRIMING = 1024


@dataclass(frozen=True)
class SourceSound:
    """One audio track as FFmpeg presents it."""

    at: Fraction
    """Seconds on the file's timeline at which its first sample sounds."""
    n_samples: int
    """Samples it decodes to."""
    hidden: int
    """Samples that the decoder makes and hides before the first one (encoder priming)."""
    sample_rate: int
    """Hz."""


def source_sounds(path: Path) -> list[SourceSound]:
    """Decode every audio track of a file and say what came out.

    Args:
        path: the file.
    """
    with opened(path) as container:
        n_tracks = len(container.streams.audio)
    return [_source_sound(path, track) for track in range(n_tracks)]


def _source_sound(path: Path, track: int) -> SourceSound:
    with opened(path) as container:
        stream = container.streams.audio[track]
        rate = stream.codec_context.sample_rate
        at: Fraction | None = None
        counts: list[int] = []
        for packet in container.demux(stream):
            frames = packet.decode()
            if packet.size or frames:
                counts.append(sum(frame.samples for frame in frames))
            if at is None and frames and frames[0].pts is not None:
                at = frames[0].pts * Fraction(stream.time_base)
    usual = max(set(counts), key=counts.count, default=0)
    hidden = 0
    for count in counts:
        if count >= usual:
            break
        hidden += usual - count
    return SourceSound(at or Fraction(0), sum(counts), hidden, rate)


def showing(movie: Movie, sounds: list[SourceSound], copied: list[bool]) -> Movie:
    """A movie whose audio tracks show exactly what the source's decode to.

    Containers with times in milliseconds make FFmpeg's own edit lists wrong by some samples.

    Args:
        movie: the repackaged copy.
        sounds: of the source, in the same order.
        copied: whether each track's packets are the source's; the others were encoded by encode_sound's codecs.
    """
    tracks = list(movie.tracks)
    for track, sound, is_copy in zip(movie.of_kind("soun"), sounds, copied, strict=True):
        even = _without_jitter(track)
        scale = Fraction(even.timescale, sound.sample_rate)
        hidden = sound.hidden if is_copy else AAC_PRIMING if even.sample_entry == "mp4a" else 0
        padding = even.table.n_samples * usual_duration(even.table) - int((hidden + sound.n_samples) * scale)
        end = even.table.time_at(even.table.n_samples) - max(0, padding)
        place = next(n for n, known in enumerate(tracks) if known.number == track.number)
        tracks[place] = dataclasses.replace(even, shown=Shown(sound.at, int(hidden * scale), end))
    return dataclasses.replace(movie, tracks=tuple(tracks))


def _without_jitter(track: Track) -> Track:
    """A track whose packets all last what most of them do, but for holes; a millisecond clock makes them uneven."""
    table = track.table
    durations = table.durations.between(0, table.n_samples)
    if not len(durations):
        return track
    usual = usual_duration(table)
    clock = 2 * track.timescale // 1000
    durations[:-1] = np.where(durations[:-1] <= usual + clock, usual, durations[:-1])
    durations[-1] = usual
    even = Runs(np.ones(len(durations), dtype=np.int64), durations)
    return dataclasses.replace(track, table=dataclasses.replace(table, durations=even))
