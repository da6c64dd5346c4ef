"""Chords for every bar, and their voices: loops that come back, cadences where phrases end, little movement."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from riffusion_inference.score.form import Plan, with_following
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.taste import Taste

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
LOOPS = {
    False: ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 0, 4), (0, 2, 3, 4), (0, 5, 1, 4), (0, 3, 4, 4), (0, 4, 3, 4)),
    True: ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 4), (0, 5, 3, 4), (0, 3, 6, 4), (0, 2, 5, 4), (0, 0, 5, 6)),
}
"""Degrees of the scale, 0 = tonic, for each bar of a phrase, in major and in minor."""
CONTRASTS = {False: ((3, 4, 2, 5), (5, 3, 0, 4), (3, 0, 1, 4)), True: ((5, 6, 0, 0), (3, 6, 2, 4), (5, 3, 6, 4))}
"""The same for sections that stand against the others."""
SHORT_LOOPS = {
    False: ((0, 3), (0, 4), (0, 5), (0, 1), (0, 2)),
    True: ((0, 5), (0, 3), (0, 6), (0, 2), (0, 4)),
}
"""The same for loops of two bars."""
SHORT_CONTRASTS = {False: ((3, 0), (5, 3), (3, 4)), True: ((5, 6), (3, 0), (5, 2))}
SEVENTHS = ("jazz", "swing", "bossa nova", "lo-fi", "funk", "house", "blues")
STATIC = ("ambient", "horror", "indian", "techno")
BLUES = (0, 0, 0, 0, 3, 3, 0, 0, 4, 3, 0, 4)


@dataclass(frozen=True)
class Bar:
    """Harmony of a bar."""

    degree: int
    """Degree of the scale, 0 = tonic."""
    root: int
    """Pitch class."""
    tones: tuple[int, ...]
    """Semitones above the root."""
    voicing: tuple[int, ...]
    """MIDI keys of the chord instrument, low to high."""


def scale_of(taste: Taste) -> tuple[int, ...]:
    """Semitones of the seven degrees above the tonic."""
    return MINOR if taste.minor else MAJOR


def harmonise(taste: Taste, plan: Plan, rng: np.random.Generator) -> list[Bar]:
    """Write the harmony of every bar, and of the last chord as one bar more."""
    degrees = _degrees(taste, plan, rng)
    bars: list[Bar] = []
    before: tuple[int, ...] = ()
    # What comes back sounds the same.
    voiced: dict[tuple[int, tuple[int, ...]], tuple[int, ...]] = {}
    for degree in [*degrees, 0]:
        root, tones = _chord(taste, degree)
        if (root, tones) not in voiced:
            voiced[root, tones] = _voice(taste, root, tones, before)
        before = voiced[root, tones]
        bars.append(Bar(degree, root, tones, before))
    return bars


def _degrees(taste: Taste, plan: Plan, rng: np.random.Generator) -> list[int]:
    """Choose a degree for each bar: every section has its loop, whenever it comes."""
    if taste.texture == "drone" or (taste.genre.name in STATIC and rng.random() < 0.6):
        return [0] * plan.n_bars
    loops = _loops(taste, plan.loop, rng)
    degrees = []
    for block, following in with_following(plan.blocks):
        loop = loops[block.name]
        # An introduction leads into its loop's beginning.
        first = -block.n_bars if block.name == "intro" else 0
        degrees += [loop[(first + bar) % len(loop)] for bar in range(block.n_bars)]
        # A section that another one follows ends on the dominant, as a half close does.
        if block.n_bars >= 4 and following is not None and loops[following.name] != loop:
            degrees[-1] = 4
    if plan.closes and plan.n_bars >= 2:
        # The dominant leads home; what leads to it is the loop's own, or the subdominant where that is the tonic still.
        degrees[-1] = 4
        degrees[-2] = degrees[-2] or 3 * (plan.n_bars >= 4)
    return degrees


def _loops(taste: Taste, length: int, rng: np.random.Generator) -> dict[str, tuple[int, ...]]:
    """Draw the loop of each section."""
    if taste.genre.name == "blues":
        return dict.fromkeys(("intro", "a", "b", "c"), BLUES)

    def draw(table: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        loop = table[int(rng.integers(len(table)))]
        return tuple(degree for degree in loop for _ in range(2)) if length == 1 else loop

    usual, contrasts = (LOOPS, CONTRASTS) if length == 4 else (SHORT_LOOPS, SHORT_CONTRASTS)
    first = draw(usual[taste.minor])
    return {"intro": first, "a": first, "b": draw(contrasts[taste.minor]), "c": draw(usual[taste.minor])}


def _chord(taste: Taste, degree: int) -> tuple[int, tuple[int, ...]]:
    """Root and tones of the chord on a degree; the dominant of a minor key is major, so that it leads home."""
    scale = scale_of(taste)
    steps = (0, 2, 4, 6) if taste.genre.name in SEVENTHS else (0, 2, 4)
    keys = [scale[(degree + step) % 7] + 12 * ((degree + step) // 7) for step in steps]
    tones = [key - keys[0] for key in keys]
    if taste.minor and degree == 4:
        tones[1] = 4
    return (taste.tonic + keys[0]) % 12, tuple(tones)


def _voice(taste: Taste, root: int, tones: tuple[int, ...], before: tuple[int, ...]) -> tuple[int, ...]:
    """Spell a chord so that its voices move little from the chord before, near the middle of the instrument."""
    instrument = INSTRUMENTS[taste.chords or taste.lead]
    low = max(instrument.low, 48)
    high = max(min(instrument.high, 76), low + 14)
    middle = min(max(61, low + 5), high - 5)
    choices = [[key for key in range(low, high + 1) if (key - root - tone) % 12 == 0] for tone in tones]
    best: tuple[int, ...] = ()
    least = float("inf")
    for keys in product(*choices):
        spelt = tuple(sorted(keys))
        if spelt[-1] - spelt[0] > 14 or min(np.diff(spelt)) < 2:
            continue
        movement = sum(abs(a - b) for a, b in zip(spelt, before, strict=False)) if before else 0
        cost = movement + 0.6 * abs(sum(spelt) / len(spelt) - middle) + 0.1 * (spelt[-1] - spelt[0])
        if cost < least:
            best, least = spelt, cost
    return best or tuple(sorted(low + (root + tone - low) % 12 for tone in tones))
