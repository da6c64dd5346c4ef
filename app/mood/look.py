"""What a picture looks like and how a part moves, as numbers; pure arrays in, numbers out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from PIL import Image

LOOK_SIZE = 96
"""Pictures are measured at this many pixels on their longer side: enough for light, colour and texture."""
MOVE_SIZE = 48
"""Movement is measured at this size, where grain and coding noise have averaged out."""
EDGE_STEP = 0.06
"""A luma step from one pixel to the next that counts as an edge, of 1."""
CUT_DISTANCE = 0.35
"""Share of the colour histogram that must change between two neighbouring samples for a cut."""
CUT_RATIO = 3.0
"""A cut must also stand out from the clip's ordinary change by this factor."""

HUES = (
    (20, "red"),
    (45, "orange"),
    (70, "yellow"),
    (160, "green"),
    (200, "cyan"),
    (255, "blue"),
    (290, "violet"),
    (340, "pink"),
    (360, "red"),
)
"""Upper edge in degrees and name of each hue."""


@dataclass(frozen=True)
class Look:
    """The look of one picture, or the mean look of several."""

    light: float
    """Mean luma, 0 black to 1 white."""
    warmth: float
    """(red - blue) over brightness, -1 cold to 1 warm."""
    saturation: float
    """Chroma over brightness, 0 grey to 1 pure colour."""
    contrast: float
    """Standard deviation of luma, 0 flat to 0.5 black and white."""
    texture: float
    """Share of pixels on an edge, 0 smooth to 1 busy."""
    hue: str
    """Name of the prevailing hue; "grey" when there is hardly any colour."""


@dataclass(frozen=True)
class Movement:
    """How the part moves."""

    motion: float
    """Median change of the picture per second, in units of its own contrast; 0 is a still."""
    cuts: tuple[Fraction, ...]
    """Seconds from the part's start, one for each cut found."""
    cuts_per_minute: float
    """len(cuts) scaled to a minute."""


def flatten(image: Image.Image) -> Image.Image:
    """RGB copy of a picture; what is transparent shows white, as on a page."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def shrink(image: Image.Image, size: int) -> np.ndarray:
    """[h, w, 3] float32 in 0..1, the longer side at most `size` pixels, averaged so that noise goes."""
    image = flatten(image)
    scale = min(1.0, size / max(image.size))
    shape = (max(2, round(image.width * scale)), max(2, round(image.height * scale)))
    return np.asarray(image.resize(shape, Image.Resampling.BOX), dtype=np.float32) / 255


def luma(rgb: np.ndarray) -> np.ndarray:
    """[h, w] luma of [h, w, 3] RGB. Source: ITU-R BT.709."""
    return rgb @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def sharpness(image: Image.Image) -> float:
    """Variance of the Laplacian of luma: high in focus, low under motion blur or in a fade, 0 for one flat colour.

    Only good for comparing neighbouring frames of one clip. Source: Pech-Pacheco et al. 2000.
    """
    grey = luma(shrink(image, 320))
    laplacian = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return float(laplacian.var()) if laplacian.size else 0.0


def is_black(image: Image.Image) -> bool:
    """True when the picture shows nothing: hardly a pixel is above black."""
    return float(np.quantile(luma(shrink(image, LOOK_SIZE)), 0.99)) < 0.08


def look_at(images: Sequence[Image.Image]) -> Look:
    """The mean look of one or more pictures. Each weighs the same, whatever its size."""
    arrays = [shrink(image, LOOK_SIZE) for image in images]
    greys = [luma(rgb) for rgb in arrays]
    pixels = np.concatenate([rgb.reshape(-1, 3) for rgb in arrays])
    brightness = float(pixels.max(axis=1).sum()) + 1e-6
    chroma = pixels.max(axis=1) - pixels.min(axis=1)
    # Black says nothing about colour temperature, so a faint tint on almost nothing is pulled to neutral.
    presence = min(1.0, brightness / len(pixels) / 0.02)
    saturation = float(chroma.sum()) / brightness * presence
    return Look(
        light=_mean(grey.mean() for grey in greys),
        warmth=float((pixels[:, 0] - pixels[:, 2]).sum()) / brightness * presence,
        saturation=saturation,
        contrast=_mean(grey.std() for grey in greys),
        texture=_mean(_edge_share(grey) for grey in greys),
        hue=_hue_name(pixels, chroma) if saturation >= 0.08 else "grey",
    )


def movement_of(
    pairs: Sequence[tuple[Image.Image, Image.Image, Fraction]],
    samples: Sequence[Image.Image],
    times: Sequence[Fraction],
    duration: Fraction,
) -> Movement:
    """How much a part moves and where it cuts.

    Args:
        pairs: two pictures a moment apart and the seconds between them; a pair across a cut does not hurt (median).
        samples: pictures spread over the part, in order; a cut is found between two of them.
        times: seconds from the part's start of each sample.
        duration: seconds of the part.
    Returns:
        Movement; a cut's time is the middle between its two samples, so it is known to half their distance.
    """
    changes = [_change(first, second) / float(gap) for first, second, gap in pairs if gap > 0]
    steps = [_histogram_distance(first, second) for first, second in pairwise(samples)]
    usual = float(np.median(steps)) if steps else 0.0
    cuts = tuple(
        (times[i] + times[i + 1]) / 2
        for i, step in enumerate(steps)
        if step > CUT_DISTANCE and step > min(CUT_RATIO * usual, 0.7)
    )
    return Movement(
        motion=float(np.median(changes)) if changes else 0.0,
        cuts=cuts,
        cuts_per_minute=float(60 * len(cuts) / duration),
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _edge_share(grey: np.ndarray) -> float:
    step = np.maximum(np.abs(np.diff(grey, axis=0))[:, :-1], np.abs(np.diff(grey, axis=1))[:-1])
    return float((step > EDGE_STEP).mean())


def _hue_name(pixels: np.ndarray, chroma: np.ndarray) -> str:
    """The hue name with the most chroma behind it; a vote, because the mean of red and cyan is neither."""
    red, green, blue = pixels.T
    safe = np.maximum(chroma, 1e-6)
    top = pixels.argmax(axis=1)
    sixth = np.choose(top, [(green - blue) / safe % 6, (blue - red) / safe + 2, (red - green) / safe + 4])
    votes: dict[str, float] = {}
    low = 0
    for high, name in HUES:
        inside = (sixth * 60 >= low) & (sixth * 60 < high)
        votes[name] = votes.get(name, 0.0) + float(chroma[inside].sum())
        low = high
    return max(votes, key=lambda name: votes[name])


def _change(first: Image.Image, second: Image.Image) -> float:
    """Mean luma change between two pictures of the same size, over their contrast."""
    a, b = luma(shrink(first, MOVE_SIZE)), luma(shrink(second, MOVE_SIZE))
    return float(np.abs(a - b).mean() / (max(a.std(), b.std()) + 0.02))


def _histogram_distance(first: Image.Image, second: Image.Image) -> float:
    """Half the L1 distance between 4x4x4 colour histograms: 0 the same colours, 1 nothing in common."""
    counts = []
    for image in (first, second):
        levels = np.minimum((shrink(image, MOVE_SIZE) * 4).astype(int), 3).reshape(-1, 3)
        counts.append(np.bincount(levels @ np.array([16, 4, 1]), minlength=64) / len(levels))
    return float(np.abs(counts[0] - counts[1]).sum() / 2)
