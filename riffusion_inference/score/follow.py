"""A tempo map and bars on which a film's cuts fall on beats."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.notation.score import MICROSECONDS, TICKS, Tempo

MAX_BEND = 0.04
"""How far the tempo may bend between two hits."""
N_TEMPI = 240
"""Tempi that are tried, and a third of them where there are more than MANY hits, among which one tempo is as good as
the next."""
MANY = 60
FREEDOM = 1.3
"""How far from the tempo that the genre would have the search may go, as a factor, where nobody named one."""
BAR_BONUS = 0.15
"""What a hit on a bar line is worth more than one on another beat, as a share of its weight."""
BEND_COST = 0.02
"""What a bend of MAX_BEND costs, in weights of a hit: of two maps that keep the same hits the steadier one wins."""
FAR_COST = 0.02
"""What a tempo at the end of FREEDOM costs for every hit, likewise."""
ENOUGH = 0.86
"""Share of the hits with which a map is good enough."""
SHORT_BARS = ((np.inf, 2), (0.9, 2), (0.6, 2), (0.3, 2), (0.8, 1), (0.5, 1), (0.3, 1))
"""What a bar that loses a part of a beat costs, likewise, and that part in sixteenths; the first with which ENOUGH hits
are kept is taken, else the one that keeps most."""
APART = 1.0
"""Seconds that lie at least between two hits with such a bar between them."""
REACH = 24
"""Hits back to which the search looks; farther ones are met at any tempo."""
STEPS = 4
"""Sixteenths in a beat: the first bar may be cut short by any number of them."""
STEP = TICKS // STEPS
"""Ticks of a sixteenth."""


@dataclass(frozen=True)
class Hit:
    """A moment of the picture that the music may meet."""

    time: Fraction
    """Seconds from the beginning of the part."""
    weight: float
    """0 to 1, how much it matters: a hard cut 1, a soft one less."""


@dataclass(frozen=True)
class Followed:
    """A tempo map, bars, and the hits that they keep."""

    tempi: tuple[Tempo, ...]
    """A tempo for each stretch between kept hits."""
    kept: tuple[tuple[Hit, int], ...]
    """Hits that fall on a beat, each with its tick."""
    bpm: float
    """The tempo from which the stretches bend."""
    bar_lines: tuple[int, ...] = (0,)
    """Tick of every bar line up to the last kept hit; from there on bars are whole. A shorter bar meets a hit."""


@dataclass(frozen=True)
class _Path:
    """The best choice of hits at one tempo."""

    worth: float
    hits: tuple[int, ...]
    """Numbers of kept hits in order of time."""
    steps: tuple[int, ...]
    """Sixteenths from the beginning to the first, and from each to the next."""


def follow_hits(hits: Sequence[Hit], bpm: float, *, bpm_is_asked: bool = False, bar: int = 4 * STEPS) -> Followed:
    """Choose a tempo and a first bar line, and bend the tempo between hits, so that hits fall on beats.

    Music begins with the part, in a first bar that may be shorter. For each of many tempi the best chain of hits is
    found by dynamic programming: two hits may follow each other in it if a whole number of beats lies between them
    whose length differs from the tempo's by MAX_BEND at most. Where that keeps too few, the bar before a hit may lose
    half a beat, as composers for film write it: a bar of 7/8, and the hit is the next bar's first beat; where even
    that keeps too few, a sixteenth.

    Args:
        hits: moments of the picture, in any order.
        bpm: quarter notes per minute, around which to search.
        bpm_is_asked: whether it was named, so that only bends are allowed.
        bar: sixteenths of a whole bar.
    Returns:
        The map; one tempo and nothing kept where there are no hits.
    """
    ordered = sorted({hit.time: hit for hit in hits if hit.time > 0}.values(), key=lambda hit: hit.time)
    n_tempi = N_TEMPI if len(ordered) <= MANY else N_TEMPI // 3
    tempi = np.array([bpm]) if bpm_is_asked else bpm * np.geomspace(1 / FREEDOM, FREEDOM, n_tempi)
    search = _Search(ordered, 60.0 / tempi / STEPS, bar)
    far = FAR_COST * len(ordered) * np.abs(np.log(tempi / bpm)) / np.log(FREEDOM)
    best, chosen = _Path(0.0, (), ()), bpm
    for cost, unit in SHORT_BARS if ordered else ():
        path, place = search.best(cost, unit, far)
        if len(path.hits) > len(best.hits):
            best, chosen = path, float(tempi[place])
        if len(best.hits) >= ENOUGH * len(ordered):
            break
    return _map(best, ordered, chosen, bar)


class _Search:
    """Looks for the chain of hits that is worth most, at many tempi at once."""

    def __init__(self, hits: Sequence[Hit], steps: NDArray[np.float64], bar: int) -> None:
        """Prepare a search.

        Args:
            hits: in order of time.
            steps: [K] seconds of a sixteenth at each tempo.
            bar: sixteenths.
        """
        self.times = np.array([0.0, *(float(hit.time) for hit in hits)])
        self.weights = np.array([0.0, *(0.4 + 0.6 * hit.weight for hit in hits)])
        self.steps, self.bar = steps, bar

    def best(self, cost: float, unit: int, far: NDArray[np.float64]) -> tuple[_Path, int]:
        """Find the best chain, and the place of its tempo.

        Args:
            cost: of a bar that loses a part of a beat.
            unit: that part, in sixteenths.
            far: [K] what each tempo costs.
        """
        shape = (len(self.steps), len(self.times))
        worth, places = np.full(shape, -np.inf), np.zeros(shape, dtype=int)
        before, steps = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
        worth[:, 0] = 0.0
        each = np.arange(shape[0])
        for to in range(1, shape[1]):
            froms = np.arange(max(to - REACH, 0), to)
            whole, gain, after = self._whole(worth, places, froms, to)
            odd, odd_gain = self._odd(worth, froms, to, unit)
            odd_gain -= cost
            is_odd = odd_gain > gain
            gain, after = np.where(is_odd, odd_gain, gain), np.where(is_odd, 0, after)
            choice = gain.argmax(axis=1)
            worth[:, to], places[:, to], before[:, to] = gain[each, choice], after[each, choice], froms[choice]
            steps[:, to] = np.where(is_odd, odd, whole)[each, choice]
        place = int((worth.max(axis=1) - far).argmax())
        chain = [int(worth[place].argmax())]
        while chain[-1]:
            chain.append(int(before[place, chain[-1]]))
        chain = chain[-2::-1]
        value = float(worth[place].max() - far[place])
        return _Path(value, tuple(hit - 1 for hit in chain), tuple(int(steps[place, hit]) for hit in chain)), place

    def _whole(
        self, worth: NDArray[np.float64], places: NDArray[np.int64], froms: NDArray[np.int64], to: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Whole beats from each earlier hit; from the beginning any number of sixteenths, and then a bar line.

        Returns:
            [K, F] sixteenths, what the chain is worth, and the place in the bar, in sixteenths.
        """
        spans = (self.times[to] - self.times[froms])[None] / self.steps[:, None]
        unit = np.where(froms == 0, 1, STEPS)
        count = np.maximum(np.round(spans / unit), 1).astype(int) * unit
        after = np.where(froms == 0, 0, (places[:, froms] + count) % self.bar)
        bends = np.abs(spans / count - 1)
        gain = worth[:, froms] + self.weights[to] * (1 + BAR_BONUS * (after == 0)) - BEND_COST * bends / MAX_BEND
        gain -= np.where(froms == 0, BEND_COST * (count % self.bar != 0), 0.0)
        return count, np.where(bends <= MAX_BEND, gain, -np.inf), after

    def _odd(
        self, worth: NDArray[np.float64], froms: NDArray[np.int64], to: int, unit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Beats and a part of one from each earlier hit: [K, F] sixteenths, and what the chain is worth."""
        spans = (self.times[to] - self.times[froms])[None] / self.steps[:, None]
        count = np.maximum(np.round(spans / unit), 1).astype(int) * unit
        bends = np.abs(spans / count - 1)
        gain = worth[:, froms] + self.weights[to] * (1 + BAR_BONUS) - BEND_COST * bends / MAX_BEND
        possible = (bends <= MAX_BEND) & (count % STEPS != 0) & (count > STEPS) & (froms > 0)
        possible &= self.times[to] - self.times[froms] >= APART
        return count, np.where(possible, gain, -np.inf)


def _map(path: _Path, hits: list[Hit], bpm: float, bar: int) -> Followed:
    """Write a chain of hits as tempi and bars; each stretch makes up for what rounding to microseconds left before."""
    tempi: list[Tempo] = []
    kept: list[tuple[Hit, int]] = []
    tick, moment, lines = 0, Fraction(0), [0]
    for number, steps in zip(path.hits, path.steps, strict=True):
        hit = hits[number]
        microseconds = round((hit.time - moment) * MICROSECONDS * STEPS / steps)
        tempi.append(Tempo(tick, microseconds))
        lines += bars_to(lines[-1], tick + steps * STEP, bar, meets=not kept or steps % STEPS != 0)
        tick += steps * STEP
        moment += Fraction(steps * microseconds, STEPS * MICROSECONDS)
        kept.append((hit, tick))
    tempi.append(Tempo(tick, round(60 * MICROSECONDS / bpm)))
    return Followed(tuple(tempi), tuple(kept), bpm, tuple(lines))


def bars_to(line: int, tick: int, bar: int, *, meets: bool) -> list[int]:
    """Bar lines after one, up to a hit.

    Args:
        line: tick of the last bar line.
        tick: of the hit.
        bar: sixteenths of a whole bar.
        meets: whether the hit is to be on a bar line, so that a bar is cut short.
    """
    count, rest = divmod((tick - line) // STEP, bar)
    lengths = [bar] * count
    if meets and rest:
        lengths.append(rest)
        if count and rest < 1.5 * STEPS:
            # That is no bar yet: it and the one before it are divided, and whole beats come first.
            half = bar // (2 * STEPS) * STEPS
            lengths[-2:] = [half, bar + rest - half]
        # The first bar of the piece may be the short one.
        if line == 0:
            lengths.reverse()
    return list(itertools.accumulate((length * STEP for length in lengths), initial=line))[1:]
