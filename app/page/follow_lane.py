"""What the music follows in the picture, on the axis of the piano roll: energy, and cuts that it meets or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from riffusion_inference.notation.score import Score

from ..dub.score import is_met
from ..result.facts import HitFacts, ScoreFacts
from . import strings

WIDTH, HEIGHT = 10_000, 100
"""Units of the lane."""


@dataclass(frozen=True)
class Moment:
    """A moment of the picture."""

    x: str
    """Where it is, in percent."""
    kind: str
    """met, missed or peak."""
    weight: float
    """0 to 1, how much it matters."""


@dataclass(frozen=True)
class Lane:
    """What was found in the picture."""

    energy: str
    """How much happens, as an SVG path, filled from below; empty where it was not followed."""
    moments: tuple[Moment, ...]
    """Cuts, met or missed, and peaks of motion that are met."""
    legend: tuple[tuple[str, str], ...]
    """Kind, and what it is, of all that is shown."""
    says: str
    """The lane in words."""


def follow_lane(facts: ScoreFacts | None, score: Score, duration: Fraction) -> Lane | None:
    """Lay out what a part's music follows.

    Args:
        facts: what was found in the picture.
        score: which of it the score meets.
        duration: seconds from the left edge to the right one, > 0.
    Returns:
        The lane; None where nothing was followed.
    """
    if facts is None or not (facts.cuts or facts.peaks or facts.energy):
        return None
    cuts = _moments(facts.cuts, score, duration, "met", "missed")
    peaks = [one for one in _moments(facts.peaks, score, duration, "peak", "") if one.kind]
    moments = (*cuts, *peaks)
    shown = {one.kind for one in moments} | ({"energy"} if facts.energy else set())
    met = sum(one.kind == "met" for one in cuts)
    said = [strings.LANE_CUTS.format(met=met, n=len(cuts))] if cuts else []
    said += [strings.counted(strings.LANE_PEAKS, len(peaks))] if peaks else []
    return Lane(
        energy=energy_path(facts.energy),
        moments=moments,
        legend=tuple((kind, text) for kind, text in strings.LANE.items() if kind in shown),
        says=strings.LANE_ALT.format(facts="; ".join([*said, *([strings.LANE_ENERGY] if facts.energy else [])])),
    )


def _moments(hits: Sequence[HitFacts], score: Score, duration: Fraction, met: str, missed: str) -> list[Moment]:
    """Hits inside the duration, each by whether the score meets it."""
    return [
        Moment(f"{float(100 * Fraction(hit.time) / duration):.2f}%", met if is_met(score, hit) else missed, hit.weight)
        for hit in hits
        if Fraction(hit.time) <= duration
    ]


def energy_path(energy: Sequence[float]) -> str:
    """A curve of values from 0 to 1 at even distances over the whole width, as an area.

    >>> energy_path((0.0, 0.5, 1.0))
    'M0 100L0 100 5000 50 10000 0L10000 100z'
    """
    if len(energy) < 2:
        return ""
    step = WIDTH / (len(energy) - 1)
    points = " ".join(f"{round(place * step)} {round(HEIGHT * (1 - value))}" for place, value in enumerate(energy))
    return f"M0 {HEIGHT}L{points}L{WIDTH} {HEIGHT}z"
