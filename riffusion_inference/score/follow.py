"""A tempo map on which a film's cuts fall on beats."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.score.datatypes import MICROSECONDS, TICKS, Tempo

MAX_BEND = 0.04
"""How far the tempo may bend between two hits."""
N_TEMPI = 240
"""Tempi that are tried."""
FREEDOM = 1.25
"""How far from the tempo that the genre would have the search may go, as a factor, where nobody named one."""
BAR_BONUS = 0.15
"""What a hit on a bar line is worth more than one on another beat, as a share of its weight."""
BEND_COST = 0.02
"""What a bend of MAX_BEND costs, in weights of a hit: of two maps that keep the same hits the steadier one wins."""
FAR_COST = 0.02
"""What a tempo at the end of FREEDOM costs for every hit, likewise."""


@dataclass(frozen=True)
class Hit:
    """A moment of the picture that the music may meet."""

    time: Fraction
    """Seconds from the beginning of the part."""
    weight: float
    """0 to 1, how much it matters: a hard cut 1, a soft one less."""


@dataclass(frozen=True)
class Followed:
    """A tempo map and the hits that it keeps."""

    tempi: tuple[Tempo, ...]
    """A tempo for each stretch between kept hits."""
    kept: tuple[tuple[Hit, int], ...]
    """Hits that fall on a beat, each with its tick."""
    bpm: float
    """The tempo from which the stretches bend."""


@dataclass(frozen=True)
class _Path:
    """The best choice of hits at one tempo."""

    worth: float
    places: tuple[int, ...]
    """Indices of hits, 0 for the beginning, in order of time."""
    beats: tuple[int, ...]
    """Beats from each to the next."""


def follow_hits(
    hits: Sequence[Hit], bpm: float, *, bpm_is_asked: bool = False, beats_in_bar: int = 4, grid: int = 1
) -> Followed:
    """Choose a tempo, and bend it between hits, so that as much weight of hits as possible falls on beats.

    The beginning of the part is the first beat. For each of many tempi the best chain of hits is found by dynamic
    programming: two hits may follow each other in it if a whole number of beats lies between them whose length differs
    from the tempo's by MAX_BEND at most.

    Args:
        hits: moments of the picture, in any order.
        bpm: quarter notes per minute, around which to search.
        bpm_is_asked: whether it was named, so that only bends are allowed.
        beats_in_bar: where bar lines lie.
        grid: 1: hits fall on beats; 2: also on eighths between them.
    Returns:
        The map; one tempo and nothing kept where there are no hits.
    """
    ordered = sorted({hit.time: hit for hit in hits if hit.time > 0}.values(), key=lambda hit: hit.time)
    times = np.array([0.0, *(float(hit.time) for hit in ordered)])
    weights = np.array([0.0, *(hit.weight for hit in ordered)])
    tempi = bpm * np.geomspace(1 / FREEDOM, FREEDOM, N_TEMPI) if not bpm_is_asked else np.array([bpm])
    best, chosen = _Path(-1.0, (0,), ()), bpm
    for tempo in tempi:
        path = _best_path(times, weights, 60.0 / float(tempo) / grid, beats_in_bar * grid)
        worth = path.worth - FAR_COST * len(ordered) * abs(np.log(tempo / bpm)) / np.log(FREEDOM)
        if worth > best.worth:
            best, chosen = _Path(float(worth), path.places, path.beats), float(tempo)
    return _map(best, ordered, chosen, grid)


def _best_path(times: NDArray[np.float64], weights: NDArray[np.float64], beat: float, bar: int) -> _Path:
    """Find the chain of hits with the most weight.

    Args:
        times: [N] seconds, the first 0.
        weights: [N].
        beat: seconds.
        bar: beats.
    """
    count = len(times)
    spans = times[None] - times[:, None]
    beats = np.maximum(np.round(spans / beat), 1)
    bends = np.abs(spans / (beats * beat) - 1)
    possible = (spans > 0) & (bends <= MAX_BEND)
    worth, before = np.full(count, -np.inf), np.full(count, -1)
    worth[0] = 0.0
    places = np.zeros(count, dtype=int)
    for to in range(1, count):
        froms = np.flatnonzero(possible[:to, to] & np.isfinite(worth[:to]))
        if froms.size == 0:
            continue
        counted = beats[froms, to].astype(int)
        on_bar = (places[froms] + counted) % bar == 0
        gain = worth[froms] + weights[to] * (1 + BAR_BONUS * on_bar) - BEND_COST * bends[froms, to] / MAX_BEND
        choice = int(gain.argmax())
        worth[to], before[to], places[to] = gain[choice], froms[choice], places[froms[choice]] + counted[choice]
    chain = [int(worth.argmax())]
    while before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    chain.reverse()
    steps = tuple(int(beats[a, b]) for a, b in itertools.pairwise(chain))
    return _Path(float(worth.max()), tuple(chain), steps)


def _map(path: _Path, hits: list[Hit], bpm: float, grid: int) -> Followed:
    """Write a chain of hits as tempi; each stretch makes up for what rounding to microseconds left before it."""
    tempi, kept, tick, moment = [], [], 0, Fraction(0)
    per_step = TICKS // grid
    for place, beats in zip(path.places[1:], path.beats, strict=True):
        hit = hits[place - 1]
        microseconds = round((hit.time - moment) * MICROSECONDS * grid / beats)
        tempi.append(Tempo(tick, microseconds))
        tick += beats * per_step
        moment += Fraction(beats * microseconds, grid * MICROSECONDS)
        kept.append((hit, tick))
    tempi.append(Tempo(tick, round(60 * MICROSECONDS / bpm)))
    return Followed(tuple(tempi), tuple(kept), bpm)
