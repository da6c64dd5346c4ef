"""Spectrograms in colour: what is loud is bright, on a scale that those who see few colours can read too."""

from __future__ import annotations

import numpy as np
from PIL import Image

STOPS = ((252, 253, 191), (254, 159, 109), (222, 73, 104), (140, 41, 129), (59, 15, 112), (10, 8, 30))
"""From the loudest to silence; the lightness falls all the way, as in matplotlib's magma."""


def in_colour(image: Image.Image) -> Image.Image:
    """Colour a spectrogram image, in which black is loud and white is silent.

    >>> in_colour(Image.new("L", (1, 1), 0)).getpixel((0, 0)), in_colour(Image.new("L", (1, 1), 255)).getpixel((0, 0))
    ((252, 253, 191), (10, 8, 30))
    """
    places = np.linspace(0, 255, len(STOPS))
    table = np.stack([np.interp(np.arange(256), places, channel) for channel in np.array(STOPS).T], axis=1)
    grey = np.asarray(image.convert("L"))
    return Image.fromarray(np.round(table).astype(np.uint8)[grey])
