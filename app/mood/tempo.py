"""A tempo that makes a part a whole number of bars; pure and exact."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..errors import MoodError

MIN_BPM, MAX_BPM = 60, 170
"""What a person hears as a tempo; slower or faster is heard as its double or half."""
BEATS_PER_BAR = 4
NAMED_BPM = re.compile(r"(?<![\d.])(\d{2,3}(?:\.\d+)?)\s*(?:bpm|beats per minute)\b", re.IGNORECASE)
CUT_WEIGHT = 0.25
"""How much cuts that miss the beat by a whole half-beat weigh, in octaves of distance from the desired tempo."""


@dataclass(frozen=True)
class Tempo:
    """A tempo in 4/4 under which a part ends on a bar line."""

    bpm: Fraction
    """Beats per minute, exactly."""
    bars: int
    """Whole bars in the part, >= 1."""
    cut_error: float | None = None
    """Mean distance of the cuts from the nearest beat, 0 on it to 0.5 between two; None where there are no cuts."""

    @property
    def duration(self) -> Fraction:
        """Seconds of all the bars: exactly the part's."""
        return self.bars * BEATS_PER_BAR * 60 / self.bpm

    @property
    def is_musical(self) -> bool:
        """False for parts so short that their single bar is faster than MAX_BPM."""
        return MIN_BPM <= self.bpm <= MAX_BPM


def fit_tempo(duration: Fraction, desired_bpm: float, cuts: Sequence[Fraction] = ()) -> Tempo:
    """Choose the whole number of bars whose tempo is nearest to the desired one and to the cuts.

    Args:
        duration: seconds of the part, > 0.
        desired_bpm: what the mood asks for.
        cuts: seconds from the part's start at which the picture changes.
    Returns:
        Tempo with bars * 4 * 60 / bpm == duration exactly, from 60 to 170 bpm. A part under 24/17 s (1.41 s) is one
        bar however fast that is.
    Raises:
        MoodError: the duration or the desired tempo is not positive.
    """
    if duration <= 0:
        raise MoodError(f"The part is {float(duration):g} s long, but must be longer than 0 s: choose another part.")
    if not (math.isfinite(desired_bpm) and desired_bpm > 0):
        raise MoodError(
            f"The desired tempo is {desired_bpm}, but must be above 0: {MIN_BPM} to {MAX_BPM} bpm is usual."
        )
    beats = Fraction(duration) / 60 / BEATS_PER_BAR
    fewest, most = math.ceil(beats * MIN_BPM), math.floor(beats * MAX_BPM)
    candidates = [_tempo(bars, beats, cuts) for bars in range(max(1, fewest), max(1, fewest, most) + 1)]
    return min(candidates, key=lambda tempo: (_cost(tempo, desired_bpm), tempo.bars))


def named_bpm(prompt: str) -> float | None:
    """The tempo that a prompt names in numbers, or None.

    >>> named_bpm("slow steady rhythm at 64 BPM; soft piano")
    64.0
    """
    found = NAMED_BPM.search(prompt)
    return float(found[1]) if found and 40 <= float(found[1]) <= 240 else None


def part_bpm(prompt: str, duration: Fraction) -> float | None:
    """The tempo that a part's music should keep: the one its prompt names.

    Args:
        prompt: may name a tempo, rounded as prompts do.
        duration: seconds of the part.
    Returns:
        The exact tempo under which the part is whole bars where that is the one meant (within 1 bpm), else the one
        named, else None.
    """
    named = named_bpm(prompt)
    if named is None:
        return None
    fitting = fit_tempo(duration, named)
    return float(fitting.bpm) if abs(float(fitting.bpm) - named) <= 1 else named


def _tempo(bars: int, beats: Fraction, cuts: Sequence[Fraction]) -> Tempo:
    bpm = bars / beats
    if not cuts:
        return Tempo(bpm, bars)
    phases = [cut * bpm / 60 % 1 for cut in cuts]
    return Tempo(bpm, bars, float(sum(min(phase, 1 - phase) for phase in phases) / len(phases)))


def _cost(tempo: Tempo, desired_bpm: float) -> float:
    """Octaves from the desired tempo, plus how far the cuts are off the beat."""
    return abs(math.log2(float(tempo.bpm) / desired_bpm)) + CUT_WEIGHT * 2 * (tempo.cut_error or 0.0)
