"""When sound is heard: what is a hole in it, and what is jitter.

A decoder gives samples one after another; the file says of each packet when it is heard. The two rarely agree. A packet
is late by L(k): its stated time less the samples that came before it.

- A **hole** is where L rises and stays: packets are missing, or the recorder was not listening. The timeline is right,
  and there is silence until the next packet.
- **Jitter** is where L rises and comes back: milliseconds that were rounded, a recorder that wrote down when it was
  called instead of what it had heard. Nothing is missing, and each packet is heard when the one before it has ended.

So L is looked at half a second ahead, and ten seconds as long as it rises by no more than a twentieth of a second,
which nobody notices: some recorders are late by a packet for several seconds. The least of it there is what stays, and
only where that is more than rounding is it a hole. Where the least falls (packets overlap, or a clock is slow) the
times are followed back in the same way, once the most of it lies below.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile
from typing import Generic, TypeVar

import numpy as np

from .mp4.movie import Movie, ShownRange, Track, rescaled
from .mp4.shown import usual_duration
from .mp4.tables import Runs

AHEAD_SECONDS = Fraction(1, 2)
LITTLE_SECONDS, FAR_AHEAD_SECONDS = Fraction(1, 20), 10
LEAST_SLACK_SECONDS = Fraction(1, 1000)
SLACK_UNITS = 2
# Every packet of these decodes to as many samples as the one before; others may change from packet to packet, and what
# their tables say is all that is known without decoding them.
EVEN_CODECS = {"aac", "mp3", "ac3", "eac3", "amrnb", "amrwb", "amr_nb", "amr_wb", "alac"}

Item = TypeVar("Item")


@dataclass(frozen=True)
class SoundClock:
    """What decoding the first packets of an audio track shows of its clock."""

    sample_rate: int
    """Hz that the decoder gives."""
    packet_samples: int | None
    """Samples that every packet decodes to; None where that may change."""
    first_pts: int
    """Stated time of the first sound, on the file's timeline: a decoder may keep the first packet's to itself."""


def slack_samples(time_base: Fraction, sample_rate: int) -> int:
    """By how many samples a stated time may be off for rounding alone.

    Args:
        time_base: seconds per unit of the times.
        sample_rate: Hz.
    """
    return max(1, round(max(LEAST_SLACK_SECONDS, SLACK_UNITS * time_base) * sample_rate))


def steady_starts(
    items: Iterable[tuple[int | None, int, Item]], sample_rate: int, slack: int
) -> Iterator[tuple[int, Item]]:
    """Say when each piece of sound is heard, by the rule above; ten seconds are read ahead.

    Args:
        items: (stated start in samples or None, samples, anything) of each piece, in order.
        sample_rate: Hz.
        slack: what rounding explains, in samples.
    Returns:
        (start in samples, the same thing) of each.
    """
    waiting: deque[_Waiting[Item]] = deque()
    total, shift = 0, None
    for stated, length, item in items:
        waiting.append(_Waiting(stated - total if stated is not None else None, total, item))
        total += length
        while total - waiting[0].before > FAR_AHEAD_SECONDS * sample_rate:
            shift = _next_shift(waiting, shift, slack, sample_rate)
            first = waiting.popleft()
            yield first.before + shift, first.item
    while waiting:
        shift = _next_shift(waiting, shift, slack, sample_rate)
        first = waiting.popleft()
        yield first.before + shift, first.item


@dataclass(frozen=True)
class _Waiting(Generic[Item]):
    """A piece of sound whose time is not settled yet."""

    late: int | None
    """Samples by which its stated time is later than what came before it lasts."""
    before: int
    """Samples that came before it."""
    item: Item


def _next_shift(waiting: deque[_Waiting[Item]], shift: int | None, slack: int, sample_rate: int) -> int:
    """By how much the first of those who wait is late for good."""
    near = _late_within(waiting, int(AHEAD_SECONDS * sample_rate))
    if shift is None:
        return near[0] if near else 0
    moved = _followed(near, shift, slack)
    if moved == shift or abs(moved - shift) > LITTLE_SECONDS * sample_rate:
        return moved
    return _followed(_late_within(waiting, FAR_AHEAD_SECONDS * sample_rate), shift, slack)


def _late_within(waiting: deque[_Waiting[Item]], samples: int) -> list[int]:
    end = waiting[0].before + samples
    return [one.late for one in takewhile(lambda one: one.before <= end, waiting) if one.late is not None]


def _followed(late: list[int], shift: int, slack: int) -> int:
    """What of the lateness stays: the least where all of it is more, the most where all of it is less."""
    if late and min(late) - shift > slack:
        return min(late)
    if late and shift - max(late) > slack:
        return max(late)
    return shift


def with_steady_sound(movie: Movie, clocks: dict[int, SoundClock]) -> Movie:
    """A movie whose audio tracks count in samples, with jitter taken out of their packets' times and holes left in.

    Args:
        movie: as read.
        clocks: by the track's place in the file.
    """
    tracks = [
        _steady(track, clocks[place]) if place in clocks and track.table.n_samples else track
        for place, track in enumerate(movie.tracks)
    ]
    return dataclasses.replace(movie, tracks=tuple(tracks))


def _steady(track: Track, clock: SoundClock) -> Track:
    """One track; its media time 0 is the first packet's start, as it was.

    The edit list's media times fall somewhere in a packet, as many samples from its start as they did.
    """
    rate, table = clock.sample_rate, track.table
    if clock.packet_samples is None or track.shown is None:
        return track
    stated = table.decode_times(0, table.n_samples)
    starts = (stated * rate * 2 + track.timescale) // (2 * track.timescale)
    lengths = np.full(len(starts), clock.packet_samples * _frames_in_one(track, clock), dtype=np.int64)
    steady = _steady_array(starts, lengths, rate, slack_samples(Fraction(1, track.timescale), rate))
    ends = np.append(steady[1:], steady[-1] + lengths[-1])

    def moved(time: int) -> int:
        packet = max(0, int(np.searchsorted(stated, time, side="right")) - 1)
        into = rescaled(time - int(stated[packet]), rate, track.timescale)
        return int(min(steady[packet] + into, ends[packet]))

    pts = stated - track.shown.first + rescaled(track.shown.at, track.timescale)
    shown = ShownRange(
        track.shown.at, moved(track.shown.first), moved(track.shown.end) if track.shown.end is not None else None
    )
    heard = max(0, int(np.searchsorted(pts, clock.first_pts, side="right")) - 1)
    if int(steady[heard]) > shown.first:
        at = shown.at + Fraction(int(steady[heard]) - shown.first, rate)
        shown = dataclasses.replace(shown, at=at, first=int(steady[heard]))
    durations = Runs(np.ones(len(starts), dtype=np.int64), ends - steady)
    new = dataclasses.replace(table, durations=durations)
    return dataclasses.replace(track, timescale=rate, table=new, shown=shown, packet_pts=pts)


def _frames_in_one(track: Track, clock: SoundClock) -> int:
    """How many of the decoder's frames a packet holds: AMR in 3GP has up to ten."""
    assert clock.packet_samples is not None
    if track.sample_entry not in ("samr", "sawb") or track.table.n_samples < 2:
        return 1
    lasts = Fraction(usual_duration(track.table) * clock.sample_rate, track.timescale)
    return max(1, round(lasts / clock.packet_samples))


def _steady_array(starts: np.ndarray, lengths: np.ndarray, rate: int, slack: int) -> np.ndarray:
    """What steady_starts says, at once where nothing is late by more than rounding."""
    before = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    late = starts - before
    if int(late.max() - late.min()) <= slack and abs(int(late.max()) - int(late[0])) <= slack:
        return np.asarray(before + late[0])
    items = ((int(start), int(length), None) for start, length in zip(starts, lengths, strict=True))
    return np.array([start for start, _ in steady_starts(items, rate, slack)], dtype=np.int64)
