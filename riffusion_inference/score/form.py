"""The plan of a piece: how many bars fit, what sections they make, how much happens in each, and where it ends."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest

import numpy as np

from riffusion_inference.notation.score import MICROSECONDS, TICKS, Meter, Score, Tempo
from riffusion_inference.score.follow import STEP, Followed, bars_to
from riffusion_inference.score.taste import Taste

RING_OUT = (0.9, 2.6)
"""Seconds that the last chord has where the piece is long enough: at least, and at most unless it rings longer."""
RING_ON_HIT = 3.6
"""Seconds that a last chord may ring where it begins on a hit."""
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
    lines: tuple[int, ...] = ()
    """Ticks at which the bars begin as they are played, and the last chord; empty where every bar is whole. Everything
    is written in whole bars, and `played` then leaves out what a shorter one has no room for."""
    energies: tuple[float, ...] = ()
    """How much happens in each bar, 0 to 1, where a picture is followed."""

    @property
    def final(self) -> int:
        """Tick of the last chord, or of the end where there is none."""
        return self.pickup + self.n_bars * self.bar_ticks if self.closes else self.end

    def tick(self, bar: int, step: float = 0.0) -> int:
        """Tick of a sixteenth in a bar."""
        return round(self.pickup + bar * self.bar_ticks + step * TICKS / 4)

    def bar_at(self, tick: int) -> int:
        """Number of the bar that a tick is in, as it is played; -1 in a pickup, n_bars from the last chord on."""
        if self.lines:
            return bisect_right(self.lines, tick) - 1
        return min((tick - self.pickup) // self.bar_ticks, self.n_bars)

    def played(self, tick: int) -> int:
        """The tick at which something is played that was written in whole bars; a short bar's end for what is lost."""
        bar = min(tick // self.bar_ticks, self.n_bars)
        if not self.lines:
            return tick
        inside = self.lines[bar] + tick - bar * self.bar_ticks
        return inside if bar == self.n_bars else min(inside, self.lines[bar + 1])


def plan_bars(taste: Taste, duration: Fraction, energy: np.ndarray | None, followed: Followed | None = None) -> Plan:
    """Fit whole bars and a last chord that rings out into a part.

    A tempo that was named is kept, and the last chord takes what is left; any other is moved a little, so that the last
    chord has as long as it should. A part too short for a bar gets a few beats of pickup, or the last chord alone.

    Args:
        taste: tempo and meter.
        duration: seconds.
        energy: how much happens, 0 to 1, at even distances over the part; None for the form's own arc.
        followed: the tempo map and bar lines, where they are given by what the music follows.
    """
    if followed:
        return _plan_on(followed, taste, duration, energy)
    beat = 60.0 / taste.bpm
    bar_quarters = 4 * taste.meter[0] / taste.meter[1]
    bar, seconds = beat * bar_quarters, float(duration)
    wanted = max(min(0.75 * bar, RING_OUT[1]), min(taste.ring_seconds, LONGEST_RING))
    ring = max(min(wanted * taste.linger, 0.3 * seconds), min(RING_OUT[0], 0.4 * seconds))
    shortest = min(ring, max(RING_OUT[0], taste.ring_seconds))
    n_bars = int((seconds - shortest) / bar + 1e-6) if taste.bpm_is_asked else int((seconds - ring) / bar + 0.5)
    if n_bars and not taste.bpm_is_asked:
        stretched = (seconds - ring) / (n_bars * bar_quarters)
        beat = float(np.clip(stretched, beat * (1 - MAX_STRETCH), beat * (1 + MAX_STRETCH)))
        n_bars = min(n_bars, int((seconds - shortest + 1e-6) / (bar_quarters * beat)))
    pickup_beats = 0 if n_bars else max(min(int((seconds - ring) / beat + 1e-6), int(bar_quarters) - 1), 0)
    tempo = Tempo(0, round(beat * MICROSECONDS))
    meters: tuple[Meter, ...] = (Meter(0, *taste.meter),)
    if pickup_beats:
        meters = (Meter(0, pickup_beats, 4), Meter(pickup_beats * TICKS, *taste.meter))
    end = int(duration * MICROSECONDS * TICKS / tempo.microseconds)
    pickup, bar_ticks = pickup_beats * TICKS, round(bar_quarters * TICKS)
    lines = [pickup + bar * bar_ticks for bar in range(n_bars + 1)]
    energies = bar_energies(energy, Score((), 0, (tempo,)), lines, duration)
    blocks = divide_bars(n_bars, energies, taste)
    loop = loop_of(taste, n_bars)
    return Plan((tempo,), meters, pickup, bar_ticks, blocks, n_bars, end, loop, energies=energies)


def _plan_on(followed: Followed, taste: Taste, duration: Fraction, energy: np.ndarray | None) -> Plan:
    """Take the bars of a tempo map and go on with whole ones, up to the last chord."""
    clock = Score((), 0, followed.tempi)
    bar = TICKS * 4 * taste.meter[0] // taste.meter[1]
    end = clock.last_tick(duration)
    lines = [*followed.bar_lines]
    lines += range(lines[-1] + bar, end, bar)
    final = _last_chord(followed, clock, lines, duration)
    lines = [line for line in lines if line < final]
    if final:
        # The bar before the last chord may be a short one; one of hardly a beat would be none.
        lines = [*lines[:-2], *_bars_before(lines[-2:], final, bar)]
    n_bars = len(lines)
    energies = bar_energies(energy, clock, [*lines, final], duration)
    # Hits that come while the last chord rings out stay where their bars begin.
    later = [line for line in followed.bar_lines if line > final]
    meters = meters_of([*lines, final, *later], bar, taste)
    end += n_bars * bar - final
    blocks = divide_bars(n_bars, energies, taste)
    loop, played = loop_of(taste, n_bars), (*lines, final)
    return Plan(followed.tempi, meters, 0, bar, blocks, n_bars, end, loop, lines=played, energies=energies)


def _bars_before(lines: list[int], final: int, bar: int) -> list[int]:
    """The last one or two bar lines before the last chord, moved where the last bar would be too short."""
    if len(lines) < 2 or final - lines[-1] >= 1.5 * TICKS:
        return lines
    return [lines[0], *bars_to(lines[0], final, bar // STEP, meets=True)[:-1]]


def _last_chord(followed: Followed, clock: Score, lines: Sequence[int], duration: Fraction) -> int:
    """Tick of the last chord: on the last hit that leaves it time enough, else on a bar line or a beat after one."""
    least = Fraction(min(RING_OUT[0], 0.4 * float(duration))).limit_denominator(1000)
    for hit, tick in reversed(followed.kept):
        if least <= duration - hit.time <= RING_ON_HIT:
            return tick
    final = max((line for line in lines if duration - clock.seconds(line) >= least), default=0)
    beats = (beat for beat in range(final, clock.tick_at(duration), TICKS))
    rings = {beat: duration - clock.seconds(beat) for beat in beats}
    return next((beat for beat, ring in rings.items() if least <= ring <= RING_OUT[1]), final)


def meters_of(lines: Sequence[int], bar: int, taste: Taste) -> tuple[Meter, ...]:
    """The meters of bars, each said where it changes; the last chord is in a whole bar."""
    meters: list[Meter] = []
    for line, following in zip(lines, (*lines[1:], lines[-1] + bar), strict=True):
        steps = (following - line) // STEP
        beats, unit = (
            taste.meter
            if following - line == bar
            else next((steps // part, 16 // part) for part in (4, 2, 1) if steps % part == 0)
        )
        if not meters or (meters[-1].beats, meters[-1].unit) != (beats, unit):
            meters.append(Meter(line, beats, unit))
    return tuple(meters)


def bar_energies(
    energy: np.ndarray | None, clock: Score, lines: Sequence[int], duration: Fraction
) -> tuple[float, ...]:
    """How much happens in each bar, on average; nothing where nothing is followed.

    Args:
        energy: 0 to 1, at even distances over the part.
        clock: a score with the tempo map.
        lines: ticks of the bar lines, the last one that of the last chord.
        duration: seconds.
    """
    if energy is None or not len(energy):
        return ()
    moments = np.array([float(clock.seconds(line)) for line in lines])
    inside = np.linspace(moments[:-1], moments[1:], 9) / float(duration) * (len(energy) - 1)
    return tuple(map(float, np.interp(inside, np.arange(len(energy)), energy).mean(axis=0)))


def with_following(blocks: tuple[Block, ...]) -> Iterator[tuple[Block, Block | None]]:
    """Every section with the one after it."""
    yield from zip_longest(blocks, blocks[1:])


def loop_of(taste: Taste, n_bars: int) -> int:
    """Bars of the harmony's loop in a piece of so many bars, which is played at least twice."""
    loop = taste.loop
    while loop > 1 and 2 * loop > n_bars:
        loop //= 2
    return loop


def divide_bars(n_bars: int, energies: Sequence[float], taste: Taste) -> tuple[Block, ...]:
    """Divide bars into sections that play their harmony twice; what does not fill one is an introduction.

    A section is written for the livelier of its bars; `dynamics` then thins out the others.
    """
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
        if energies:
            own = 0.25 * own + 0.75 * float(np.quantile(energies[first : first + length], 0.75))
        blocks.append(Block(name, first, length, visits[name], float(np.clip(own, 0.05, 1.0))))
        visits[name] += 1
        first += length
    return tuple(blocks)
