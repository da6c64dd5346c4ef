"""What was found in a part and what the music makes of it, as a picture: for people, with no reading of numbers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from .watch import Watched

if TYPE_CHECKING:
    from riffusion_inference.notation.score import Score

WIDTH, HEIGHT = 1200, 150
CURVE, BEATS = 100, 28
"""Pixels of height: of the curve of energy and the cuts over it, and of the bars and beats under them."""
GROUND, LIGHT, ENERGY, MET, MISSED, PEAK, BAR, BEAT, WORDS = (
    "#15171c",
    "#2b2f38",
    "#4f7cac",
    "#f2c14e",
    "#8a4b4b",
    "#7fb069",
    "#d8dee9",
    "#565d6b",
    "#a7adba",
)
SECONDS = (1, 2, 5, 10, 30, 60, 120)
"""Distances that marks of time may have."""
ON_BEAT = 0.001
"""Seconds within which an accent of the score is a hit that was kept."""


def draw_strip(watched: Watched, score: Score | None = None, width: int = WIDTH) -> Image.Image:
    """Draw a part from left to right.

    Energy is a filled curve, light a paler one behind it. Every cut is a line from the top, the longer the harder:
    yellow where the music meets it, dull red where it does not or where there is no music yet. Peaks of motion are
    green dots on the curve, filled where they are met. Under them lie the score's bar lines, its beats, and a ruler.

    Args:
        watched: what was found in the part.
        score: the music that was written to it; None: no bars, no beats, and nothing is met.
        width: pixels.
    Returns:
        RGB image [HEIGHT, width].
    """
    image = Image.new("RGB", (width, HEIGHT), GROUND)
    draw = ImageDraw.Draw(image)
    seconds = max(float(watched.duration), 1e-6)

    def across(moment: float) -> float:
        return moment / seconds * (width - 1)

    _fill(draw, watched.light, width, LIGHT)
    _fill(draw, watched.energy, width, ENERGY)
    met = [float(score.seconds(accent.tick)) for accent in score.accents] if score else []
    for cut in watched.cuts:
        at, kept = float(cut.time), any(abs(float(cut.time) - moment) <= ON_BEAT for moment in met)
        reach = round((0.35 + 0.65 * cut.weight) * CURVE)
        draw.line([(across(at), 0), (across(at), reach)], fill=MET if kept else MISSED, width=3 if kept else 2)
    for peak in watched.peaks:
        at, kept = float(peak.time), any(abs(float(peak.time) - moment) <= ON_BEAT for moment in met)
        level = float(np.interp(at, np.linspace(0, seconds, len(watched.energy)), watched.energy))
        box = (across(at) - 4, _down(level) - 4, across(at) + 4, _down(level) + 4)
        draw.ellipse(box, fill=PEAK if kept else None, outline=PEAK, width=2)
    if score is not None:
        _draw_beats(draw, score, across)
    _draw_ruler(draw, seconds, across)
    return image


def _down(level: float) -> float:
    """Pixels from the top at which a level of 0 to 1 lies."""
    return CURVE - 2 - level * (CURVE - 8)


def _fill(draw: ImageDraw.ImageDraw, levels: tuple[float, ...], width: int, colour: str) -> None:
    """Fill the ground under a curve."""
    places = np.linspace(0, width - 1, len(levels))
    line = [(float(place), _down(level)) for place, level in zip(places, levels, strict=True)]
    draw.polygon([(0, CURVE), *line, (width - 1, CURVE)], fill=colour)


def _draw_beats(draw: ImageDraw.ImageDraw, score: Score, across: Callable[[float], float]) -> None:
    """Bar lines, and the beats between them where there is room."""
    lines = [*score.bar_lines(), score.end]
    for line, following in pairwise(lines):
        beats = range(line, following, score.ticks_per_quarter)
        moments = [across(float(score.seconds(tick))) for tick in beats]
        for moment in moments[1:]:
            draw.line([(moment, CURVE + 14), (moment, CURVE + BEATS - 4)], fill=BEAT)
        draw.line([(moments[0], CURVE + 4), (moments[0], CURVE + BEATS - 4)], fill=BAR, width=2)


def _draw_ruler(draw: ImageDraw.ImageDraw, seconds: float, across: Callable[[float], float]) -> None:
    """Marks of time, a dozen or so."""
    step = next((step for step in SECONDS if seconds / step <= 14), SECONDS[-1])
    for second in range(0, int(seconds) + 1, step):
        draw.text((across(second) + 2, CURVE + BEATS + 4), f"{second} s", fill=WORDS)
