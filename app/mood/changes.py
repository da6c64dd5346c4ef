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
LEAST = 0.022
"""Change of the mean large pixel, of 1, under which nothing is a cut."""
SHORTEST_SHOT = 0.13
"""Seconds between two cuts, at least: of changes that follow faster, as in a whip pan, the greatest is the cut."""
DARK = 0.05
"""Mean of a picture, of 1, that is black."""
FLASH = 0.25
"""Seconds within which a picture that comes back was never left: a flash, or a damaged frame."""
LOCAL, LOCAL_STANDS_OUT = 0.35, 5.0
"""Share of the large pixels under which a change is local, as when something passes by, and how far it has to stand
out to be a cut all the same."""
SHIFTS = (6, 10)
"""Rows and columns by which the whole picture may jump from frame to frame: the camera shook or was swung."""
SAME_PLACE = 0.55
"""A shift explains a change of which it leaves less than this share."""
COMES_BACK = 0.3
"""A picture has come back if it differs from what was before by less than this share of the change."""
DISSOLVE = (0.3, 0.6, 1.2)
"""Seconds over which a dissolve or a fade may take place."""
MIXED = 0.3
"""In a dissolve pictures are mixtures of the first and the last: they differ from these by less than this share."""
STEADY = 0.35
"""Before and after a dissolve pictures change less than this share of what it changes."""
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


def find_cuts(
    signatures: NDArray[np.uint8], greys: NDArray[np.uint8], seconds: NDArray[np.float64]
) -> list[tuple[int, float]]:
    """Find the frames at which a new shot begins.

    Args:
        signatures: [F, SIGNATURE] of frames in order.
        greys: [F, h, w] the frames' luma.
        seconds: [F] when each appears.
    Returns:
        (place of the shot's first frame, weight 0 to 1) for each cut, in order.
    """
    if len(signatures) < 2:
        return []
    pictures = signatures.astype(np.float32) / 255
    changes = np.abs(np.diff(pictures, axis=0)).reshape(len(pictures) - 1, -1, 3).mean(axis=2)
    steps = np.concatenate([[0.0], changes.mean(axis=1)])
    cuts = []
    for place in map(int, np.flatnonzero(steps >= LEAST)):
        local = float((changes[place - 1] > steps[place] / 3).mean()) < LOCAL
        usual = (LOCAL_STANDS_OUT if local else STANDS_OUT) * _usual(steps, seconds, place)
        is_cut = steps[place] >= usual + LEAST / 2 and not _comes_back(pictures, seconds, steps, place)
        if is_cut and not _is_shifted(greys[place - 1], greys[place]):
            cuts.append((place, float(np.clip(steps[place] / HARD, SOFTEST, 1.0))))
    cuts = _apart(cuts, pictures, seconds, steps)
    return sorted([*cuts, *_dissolves(pictures, seconds, [place for place, _ in cuts])])


def _dissolves(pictures: NDArray[Any], seconds: NDArray[np.float64], cuts: list[int]) -> list[tuple[int, float]]:
    """Find where one shot slowly becomes another: the frame at which it is half done, and a weight of a half at most.

    Args:
        pictures: [F, SIGNATURE] 0 to 1.
        seconds: [F].
        cuts: places of hard cuts, across which nothing dissolves.
    """
    found: list[tuple[float, int, float]] = []
    for length in DISSOLVE:
        firsts = np.arange(len(seconds))
        lasts = np.searchsorted(seconds, seconds + length)
        whole = (lasts < len(seconds)) & (lasts - firsts >= 4)
        firsts, lasts = firsts[whole], lasts[whole]
        changes = np.abs(pictures[lasts] - pictures[firsts]).mean(axis=1)
        for first, last, change in zip(firsts, lasts, changes, strict=True):
            if change < 3 * LEAST or any(first < cut <= last for cut in cuts):
                continue
            if _is_mixture(pictures, int(first), int(last), float(change)):
                middle = _half_way(pictures[first : last + 1])
                found.append((float(change), int(first) + middle, float(np.clip(change / HARD, SOFTEST, 1.0)) / 2))
    kept: list[tuple[int, float]] = []
    for _, place, weight in sorted(found, key=lambda one: -one[0]):
        if all(abs(seconds[place] - seconds[other]) > max(DISSOLVE) / 2 for other, _ in kept):
            kept.append((place, weight))
    return kept


def _is_mixture(pictures: NDArray[Any], first: int, last: int, change: float) -> bool:
    """Whether pictures pass from the first to the last by mixing the two, and hardly change before and after."""
    span = last - first
    for beyond in (max(first - span // 2, 0), min(last + span // 2, len(pictures) - 1)):
        nearer = first if beyond <= first else last
        if np.abs(pictures[beyond] - pictures[nearer]).mean() > STEADY * change:
            return False
    way = pictures[last] - pictures[first]
    done = (pictures[first : last + 1] - pictures[first]) @ way / (way @ way)
    mixed = pictures[first] + done[:, None] * way
    apart = np.abs(pictures[first : last + 1] - mixed).mean(axis=1)
    half = (done > 0.25) & (done < 0.75)
    return bool(apart.max() < MIXED * change and half.sum() >= max(2, span // 4) and np.diff(done).min() > -0.1)


def _half_way(pictures: NDArray[Any]) -> int:
    """Place of the picture that is as far from the first as from the last."""
    way = pictures[-1] - pictures[0]
    return int(np.abs((pictures - pictures[0]) @ way / (way @ way) - 0.5).argmin())


def _usual(steps: NDArray[np.float64], seconds: NDArray[np.float64], place: int) -> float:
    """How much the pictures around a frame change; a few great changes among them do not count."""
    low, high = np.searchsorted(seconds, (seconds[place] - AROUND, seconds[place] + AROUND))
    around = np.delete(steps[max(low, 1) : high], place - max(low, 1))
    return float(np.quantile(around, 0.85)) if len(around) else 0.0


def _is_shifted(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """Whether a picture is the one before, moved as a whole."""
    first, second = before.astype(np.float32), after.astype(np.float32)
    height, width = first.shape
    apart = np.abs(first - second).mean()
    rows, columns = (min(most, size // 3) for most, size in zip(SHIFTS, (height, width), strict=True))
    least = np.inf
    for down in range(-rows, rows + 1):
        for along in range(-columns, columns + 1):
            here = first[max(down, 0) : height + min(down, 0), max(along, 0) : width + min(along, 0)]
            there = second[max(-down, 0) : height + min(-down, 0), max(-along, 0) : width + min(-along, 0)]
            least = min(least, np.abs(here - there).mean())
    return bool(least < SAME_PLACE * apart)


def _apart(
    cuts: list[tuple[int, float]], pictures: NDArray[Any], seconds: NDArray[np.float64], steps: NDArray[np.float64]
) -> list[tuple[int, float]]:
    """Leave out cuts that lie too near to a greater change, and those to black where a picture follows at once."""
    kept: list[tuple[int, float]] = []
    for place, weight in sorted(cuts, key=lambda cut: (pictures[cut[0]].mean() < DARK, -steps[cut[0]])):
        if all(abs(seconds[place] - seconds[other]) >= SHORTEST_SHOT for other, _ in kept):
            kept.append((place, weight))
    return sorted(kept)


def _comes_back(pictures: NDArray[Any], seconds: NDArray[np.float64], steps: NDArray[np.float64], place: int) -> bool:
    """Whether what was seen just before a change is seen again just after it."""
    low, high = np.searchsorted(seconds, (seconds[place] - FLASH, seconds[place] + FLASH))
    before, after = pictures[min(low, place - 1) : place], pictures[place : high + 1]
    apart = np.abs(before[:, None] - after[None]).mean(axis=2)
    return bool(apart.min() < COMES_BACK * steps[place])
