"""Where a run of pictures cuts, and how hard; pure arrays in, places out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHAPE = (9, 16)
"""Rows and columns of the few large pixels by which pictures are compared: what shakes a little stays in its pixel."""
SIGNATURE = SHAPE[0] * SHAPE[1] * 3
AROUND = 0.5
"""Seconds to each side of a frame in which its change is compared with the usual change."""
STANDS_OUT = 2.5
"""How far a cut's change stands above the usual change around it, as a factor."""
LEAST = 0.035
"""Change of the mean large pixel, of 1, under which nothing is a cut."""
FLASH = 0.25
"""Seconds within which a picture that comes back was never left: a flash, or a damaged frame."""
COMES_BACK = 0.5
"""A picture has come back if it differs from what was before by less than this share of the change."""
HARD = 0.2
"""Change of a cut that weighs 1."""
SOFTEST = 0.3
"""Weight of the softest cut."""


def signature_of(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture [h, w, 3] as SHAPE large pixels, flat."""
    rows, columns = SHAPE
    height, width = picture.shape[:2]
    if width < height:
        picture, height, width = picture.transpose(1, 0, 2), width, height
    down = np.linspace(0, height, rows + 1).astype(int)[:-1]
    along = np.linspace(0, width, columns + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(picture.astype(np.float32), down, axis=0), along, axis=1)
    counts = np.add.reduceat(np.ones(height), down)[:, None] * np.add.reduceat(np.ones(width), along)[None]
    return np.asarray(np.round(sums / counts[..., None]), dtype=np.uint8).reshape(-1)


def change_between(first: NDArray[np.float32], second: NDArray[np.float32], seconds: float) -> float:
    """Mean change of luma a second from one picture to another, over their contrast."""
    if first.shape != second.shape or seconds <= 0:
        return 0.0
    return float(np.abs(first - second).mean() / (max(first.std(), second.std()) + 0.02) / seconds)


def find_cuts(signatures: NDArray[np.uint8], seconds: NDArray[np.float64]) -> list[tuple[int, float]]:
    """Find the frames at which a new shot begins.

    Args:
        signatures: [F, SIGNATURE] of frames in order.
        seconds: [F] when each appears.
    Returns:
        (place of the shot's first frame, weight 0 to 1) for each cut, in order.
    """
    if len(signatures) < 2:
        return []
    pictures = signatures.astype(np.float32) / 255
    steps = np.concatenate([[0.0], np.abs(np.diff(pictures, axis=0)).mean(axis=1)])
    cuts = []
    for place in np.flatnonzero(steps >= LEAST):
        low, high = np.searchsorted(seconds, (seconds[place] - AROUND, seconds[place] + AROUND))
        around = np.delete(steps[max(low, 1) : high], place - max(low, 1))
        usual = float(np.quantile(around, 0.85)) if len(around) else 0.0
        if steps[place] >= STANDS_OUT * usual + LEAST / 2 and not _comes_back(pictures, seconds, steps, int(place)):
            cuts.append((int(place), float(np.clip(steps[place] / HARD, SOFTEST, 1.0))))
    return cuts


def _comes_back(pictures: NDArray[Any], seconds: NDArray[np.float64], steps: NDArray[np.float64], place: int) -> bool:
    """Whether what was seen just before a change is seen again just after it."""
    low, high = np.searchsorted(seconds, (seconds[place] - FLASH, seconds[place] + FLASH))
    before, after = pictures[min(low, place - 1) : place], pictures[place : high + 1]
    apart = np.abs(before[:, None] - after[None]).mean(axis=2)
    return bool(apart.min() < COMES_BACK * steps[place])
