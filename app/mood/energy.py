"""How much happens in a picture over time: curves of motion, light and energy, and the peaks of motion; pure arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEP = 0.25
"""Seconds between two points of a curve, at most."""
WIDTH = 0.35
"""Seconds over which motion and light are averaged around a point, to each side."""
CUT_REACH = 0.13
"""Seconds after a cut in which the change of the picture is the cut and not motion."""
HALF = 0.6
"""Motion that makes half of the most energy."""
LIGHT_SHARE = 0.15
"""What light makes of energy."""
PEAK_APART = 1.0
"""Seconds between two peaks of motion, at least."""
PEAK_ABOVE = 1.6
"""How far a peak stands above the usual motion around it, as a factor."""
PEAK_ALONE, PEAK_SLOPE = 2.0, 0.2
"""Seconds around a peak within which motion is less by this share on both sides."""
PEAK_FROM = 0.15
"""Motion under which there is no peak."""


class EnergyCurves(NamedTuple):
    """Three curves at the same moments, from the beginning to the end."""

    motion: Array
    """[P] change of the picture a second, in units of its contrast."""
    light: Array
    """[P] mean luma, 0 to 1."""
    energy: Array
    """[P] how much happens, 0 to 1."""


def curves_of(
    seconds: Array, motion: NDArray[np.float32], light: NDArray[np.float32], duration: float, cuts: Sequence[float]
) -> EnergyCurves:
    """Average what was seen of each frame at even distances.

    Args:
        seconds: [F] from the part's start, when each frame appears.
        motion: [F] change a second.
        light: [F] mean luma.
        duration: of the part, seconds.
        cuts: seconds of its cuts, around which motion is not to be had from the difference of two frames.
    Returns:
        Curves of P points, at most STEP apart.
    """
    points = np.linspace(0, duration, max(2, round(duration / STEP) + 1))
    if not len(seconds):
        return EnergyCurves(*(np.zeros(len(points)) for _ in range(3)))
    moves = np.ones(len(seconds), dtype=bool)
    moves[0] = False
    for cut in cuts:
        moves &= ~((seconds >= cut - 1e-6) & (seconds < cut + CUT_REACH))
    curve = _average(seconds[moves], motion[moves].astype(float), points)
    bright = _average(seconds, light.astype(float), points)
    energy = (1 - LIGHT_SHARE) * curve / (curve + HALF) + LIGHT_SHARE * bright
    return EnergyCurves(curve, bright, np.clip(energy, 0, 1))


def _average(seconds: Array, values: Array, points: Array) -> Array:
    """Mean of what lies around each point, by a triangle of WIDTH to each side; between far frames a straight line."""
    if not len(seconds):
        return np.zeros(len(points))
    fine = np.linspace(points[0], points[-1], max(2, 8 * (len(points) - 1) + 1))
    line = np.interp(fine, seconds, values)
    reach = max(1, round(WIDTH / max(fine[1] - fine[0], 1e-6)))
    window = np.bartlett(2 * reach + 1)
    smooth = np.convolve(np.pad(line, reach, mode="edge"), window / window.sum(), mode="valid")
    return np.asarray(np.interp(points, fine, smooth))


def peaks_of(curves: EnergyCurves, duration: float) -> list[tuple[float, float]]:
    """Find the moments at which motion is greatest.

    Returns:
        (seconds, weight 0 to 1) in order: the more a peak stands out, the more it weighs.
    """
    motion = curves.motion
    points = np.linspace(0, duration, len(motion))
    reach = max(1, round(PEAK_ALONE / max(points[1], 1e-6)))
    usual = float(np.median(motion))
    found: list[tuple[float, float]] = []
    for place in np.argsort(-motion, kind="stable"):
        inside = 0 < place < len(motion) - 1 and motion[place] >= max(motion[place - 1], motion[place + 1])
        if motion[place] < max(PEAK_FROM, PEAK_ABOVE * usual):
            break
        sides = motion[max(place - reach, 0) : place + 1].min(), motion[place : place + reach + 1].min()
        inside &= bool(max(sides) <= (1 - PEAK_SLOPE) * motion[place])
        if inside and all(abs(points[place] - at) >= PEAK_APART for at, _ in found):
            found.append((float(points[place]), float(motion[place])))
    most = max((height for _, height in found), default=1.0)
    return sorted((at, 0.3 + 0.4 * height / most) for at, height in found)
