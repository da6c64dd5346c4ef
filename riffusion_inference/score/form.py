"""The plan of a piece: how many bars fit, what sections they make, how much happens in each, and where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest

import numpy as np

from riffusion_inference.score.datatypes import MICROSECONDS, TICKS, Meter, Score, Tempo
from riffusion_inference.score.taste import Taste

RING_OUT = (0.9, 2.6)
"""Seconds that the last chord has where the piece is long enough: at least, and at most unless it rings longer."""
LONGEST_RING = 5.5
"""Seconds that are left for a last chord to die away, at most."""
MAX_STRETCH = 0.06
"""How far a tempo that nobody named may move, so that whole bars fill the part."""
BLOCK = 8
"""Bars in a section of a long piece; in a short one there are two loops of the harmony."""
ARC = {"intro": 0.4, "a": 0.62, "b": 0.82, "c": 0.5, "ending": 0.9}
"""How much happens in a section, before the part's own energy."""
SHORT_FORMS = {1: "a", 2: "aa", 3: "aba", 4: "aaba"}
LONG_FORM = "aabacaba"
"""Order of sections in a long piece, from the beginning again and again; the last before the ending is always a."""


@dataclass(frozen=True)
class Block:
    """A section of the form."""

    name: str
    """intro, a, b or c."""
    first_bar: int
    """Index of its first bar."""
    n_bars: int
    """Bars in it."""
    visit: int
    """How many times a section of this name has been before it."""
    energy: float
    """0 to 1, how much happens."""


@dataclass(frozen=True)
class Plan:
    """Where everything lies in time."""

    tempi: tuple[Tempo, ...]
    """The tempo map."""
    meters: tuple[Meter, ...]
    """The bars: a pickup of a few beats may come first."""
    pickup: int
    """Ticks of the pickup."""
    bar_ticks: int
    """Ticks of a bar."""
    blocks: tuple[Block, ...]
    """The sections, without the last chord."""
    n_bars: int
    """Whole bars before the last chord."""
    end: int
    """Tick at which the part ends."""
    loop: int = 4
    """Bars after which the harmony comes back: 4, 2, or 1 where every bar is played twice."""
    closes: bool = True
    """Whether a last chord follows the bars; where none does, the music goes on or repeats."""

    @property
    def final(self) -> int:
        """Tick of the last chord, or of the end where there is none."""
        return self.pickup + self.n_bars * self.bar_ticks if self.closes else self.end

    def tick(self, bar: int, step: float = 0.0) -> int:
        """Tick of a sixteenth in a bar."""
        return round(self.pickup + bar * self.bar_ticks + step * TICKS / 4)


def plan_bars(taste: Taste, duration: Fraction, energy: np.ndarray | None, tempi: tuple[Tempo, ...] = ()) -> Plan:
    """Fit whole bars and a last chord that rings out into a part.

    A tempo that was named is kept, and the last chord takes what is left; any other is moved a little, so that the last
    chord has as long as it should. A part too short for a bar gets a few beats of pickup, or the last chord alone.

    Args:
        taste: tempo and meter.
        duration: seconds.
        energy: how much happens, 0 to 1, at even distances over the part; None for the form's own arc.
        tempi: the tempo map, where it is given by what the music follows.
    """
    if tempi:
        return _plan_on(tempi, taste, duration, energy)
    beat = 60.0 / taste.bpm
    bar_quarters = 4 * taste.meter[0] / taste.meter[1]
    bar, seconds = beat * bar_quarters, float(duration)
    wanted = max(min(0.75 * bar, RING_OUT[1]), min(taste.ring_seconds, LONGEST_RING))
    ring = max(min(wanted, 0.3 * seconds), min(RING_OUT[0], 0.4 * seconds))
    n_bars = int((seconds - ring) / bar + (1e-6 if taste.bpm_is_asked else 0.5))
    if n_bars and not taste.bpm_is_asked:
        stretched = (seconds - ring) / (n_bars * bar_quarters)
        beat = float(np.clip(stretched, beat * (1 - MAX_STRETCH), beat * (1 + MAX_STRETCH)))
        shortest = min(ring, max(RING_OUT[0], taste.ring_seconds))
        n_bars = min(n_bars, int((seconds - shortest + 1e-6) / (bar_quarters * beat)))
    pickup_beats = 0 if n_bars else max(min(int((seconds - ring) / beat + 1e-6), int(bar_quarters) - 1), 0)
    tempo = Tempo(0, round(beat * MICROSECONDS))
    meters: tuple[Meter, ...] = (Meter(0, *taste.meter),)
    if pickup_beats:
        meters = (Meter(0, pickup_beats, 4), Meter(pickup_beats * TICKS, *taste.meter))
    end = int(duration * MICROSECONDS * TICKS / tempo.microseconds)
    blocks = divide_bars(n_bars, energy, taste)
    return Plan(
        (tempo,), meters, pickup_beats * TICKS, round(bar_quarters * TICKS), blocks, n_bars, end, loop_of(taste, n_bars)
    )


def _plan_on(tempi: tuple[Tempo, ...], taste: Taste, duration: Fraction, energy: np.ndarray | None) -> Plan:
    """Fit bars onto a tempo map; the last chord is on the last bar line that leaves it time enough."""
    clock = Score((), 0, tempi)
    bar_ticks = TICKS * 4 * taste.meter[0] // taste.meter[1]
    ring = Fraction(min(RING_OUT[0], 0.4 * float(duration))).limit_denominator(1000)
    n_bars = clock.tick_at(duration - ring) // bar_ticks
    end = clock.tick_at(duration)
    end -= clock.seconds(end) > duration
    meters = (Meter(0, *taste.meter),)
    return Plan(tempi, meters, 0, bar_ticks, divide_bars(n_bars, energy, taste), n_bars, end, loop_of(taste, n_bars))


def with_following(blocks: tuple[Block, ...]) -> Iterator[tuple[Block, Block | None]]:
    """Every section with the one after it."""
    yield from zip_longest(blocks, blocks[1:])


def loop_of(taste: Taste, n_bars: int) -> int:
    """Bars of the harmony's loop in a piece of so many bars, which is played at least twice."""
    loop = taste.loop
    while loop > 1 and 2 * loop > n_bars:
        loop //= 2
    return loop


def divide_bars(n_bars: int, energy: np.ndarray | None, taste: Taste) -> tuple[Block, ...]:
    """Divide bars into sections that play their harmony twice; what does not fill one is an introduction."""
    loop = loop_of(taste, n_bars)
    size = BLOCK if n_bars >= 3 * BLOCK else 2 * loop
    count, rest = divmod(n_bars, size)
    if count == 0:
        names, lengths = (["a"], [rest]) if rest else ([], [])
    else:
        names = [*SHORT_FORMS.get(count, (LONG_FORM * (count // len(LONG_FORM) + 1))[: count - 1] + "a")]
        lengths = [size] * count
        if rest > loop and names[0] == "a":
            # A loop more of the first section, so that the introduction is not longer than one.
            names, lengths, rest = ["a", *names], [rest // loop * loop, *lengths], rest % loop
        if rest:
            names, lengths = ["intro", *names], [rest, *lengths]
        elif count >= 5:
            names[0] = "intro"
    blocks, first, visits = [], 0, dict.fromkeys(ARC, 0)
    for place, (name, length) in enumerate(zip(names, lengths, strict=True)):
        own = ARC[name] + 0.08 * visits[name] + (0.12 if place == len(names) - 1 and place else 0.0)
        own = own * (0.6 + 0.8 * taste.lively)
        if energy is not None and len(energy):
            inside = np.linspace(first, first + length, 9) / max(n_bars, 1) * (len(energy) - 1)
            own = 0.25 * own + 0.75 * float(np.interp(inside, np.arange(len(energy)), energy).mean())
        blocks.append(Block(name, first, length, visits[name], float(np.clip(own, 0.05, 1.0))))
        visits[name] += 1
        first += length
    return tuple(blocks)
