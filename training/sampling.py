"""Pictures as sound and side by side: what previews, sample sheets and the evaluation look at and listen to."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from riffusion_inference.datatypes import Spectrogram, Waveform
from riffusion_inference.spectrogram.inversion import waveform_from_mel
from training.dataset import PARAMS

REFERENCE = 180.0
"""Amplitude of a black pixel when a drawn picture is turned into sound: the middle of what real pieces have."""
LABEL_HEIGHT = 14


def sound_from_pixels(pixels: NDArray[np.uint8], n_iter: int = 32) -> Waveform:
    """Turn pixels [n_mels, F] into sound; peak 0.89 unless silent."""
    amplitudes = ((255.0 - pixels[::-1]) / 255.0) ** (1 / PARAMS.power_for_image) * REFERENCE
    waveform = waveform_from_mel(Spectrogram(amplitudes[None].astype(np.float32), PARAMS), n_iter=n_iter)
    peak = float(np.abs(waveform.samples).max())
    return Waveform(waveform.samples * (0.89 / peak), waveform.sample_rate) if peak > 1e-6 else waveform


def draw_sheet(
    pairs: list[tuple[str, list[NDArray[np.uint8]]]], path: Path, columns: int = 2, size: int | None = None
) -> None:
    """Draw labelled groups of pictures, `columns` groups side by side, as a PNG of 16 greys.

    Args:
        pairs: label and pictures [height, width] of each group, as many in each.
        path: where it goes.
        columns: groups side by side.
        size: height and width of a picture in the sheet; None keeps the picture's own.
    """
    height, width = (size, size) if size else pairs[0][1][0].shape
    count = len(pairs[0][1])
    letters = count * (width + 4) // 6
    lines = max(len(wrap(label, letters)) for label, _ in pairs)
    cell, row = count * (width + 4), height + lines * LABEL_HEIGHT + 6
    sheet = Image.new("L", (columns * cell, -(-len(pairs) // columns) * row), 255)
    drawing = ImageDraw.Draw(sheet)
    for index, (label, pictures) in enumerate(pairs):
        left, top = (index % columns) * cell, (index // columns) * row
        drawing.text((left + 1, top), "\n".join(wrap(label, letters)), fill=0)
        for place, picture in enumerate(pictures):
            shown = Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)
            sheet.paste(shown, (left + place * (width + 4), top + lines * LABEL_HEIGHT))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(16).save(path, optimize=True)
