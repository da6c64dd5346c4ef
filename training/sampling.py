"""Windows from prompts with the pipeline itself: what previews, sample sheets and the evaluation look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from riffusion_inference.datatypes import Spectrogram, Waveform
from riffusion_inference.spectrogram import waveform_from_mel
from training.dataset import PARAMS, PATCH_WINDOW

REFERENCE = 180.0
"""Amplitude of a black pixel when a drawn picture is turned into sound: the middle of what real pieces have."""
LABEL_HEIGHT = 14


def generate_pixels(
    pipe: Any, prompts: list[str], seeds: list[int], *, steps: int = 20, guidance: float = 4.0, batch: int = 8
) -> NDArray[np.uint8]:
    """Generate one window for each prompt and seed; returns uint8 [B, n_mels, 256]."""
    pipe.set_progress_bar_config(disable=True)
    pictures = []
    for first in range(0, len(prompts), batch):
        generators = [torch.Generator().manual_seed(seed) for seed in seeds[first : first + batch]]
        pictures += pipe(
            prompts[first : first + batch],
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=generators,
            height=PARAMS.n_mels,
            width=PATCH_WINDOW,
            output_type="pil",
        ).images
    return np.stack([np.asarray(picture.convert("L")) for picture in pictures])


def sound_from_pixels(pixels: NDArray[np.uint8], n_iter: int = 32) -> Waveform:
    """Turn pixels [n_mels, F] into sound; peak 0.89 unless silent."""
    amplitudes = ((255.0 - pixels[::-1]) / 255.0) ** (1 / PARAMS.power_for_image) * REFERENCE
    waveform = waveform_from_mel(Spectrogram(amplitudes[None].astype(np.float32), PARAMS), n_iter=n_iter)
    peak = float(np.abs(waveform.samples).max())
    return Waveform(waveform.samples * (0.89 / peak), waveform.sample_rate) if peak > 1e-6 else waveform


def draw_sheet(pairs: list[tuple[str, list[NDArray[np.uint8]]]], path: Path, columns: int = 2) -> None:
    """Draw labelled rows of pictures, `columns` prompts side by side, as a greyscale PNG."""
    height, width = pairs[0][1][0].shape
    count = len(pairs[0][1])
    rows = -(-len(pairs) // columns)
    sheet = Image.new("L", (columns * count * (width + 4), rows * (height + LABEL_HEIGHT + 4)), 255)
    drawing = ImageDraw.Draw(sheet)
    for index, (label, pictures) in enumerate(pairs):
        left, top = (index % columns) * count * (width + 4), (index // columns) * (height + LABEL_HEIGHT + 4)
        drawing.text((left + 2, top + 1), label[: count * 42], fill=0)
        for place, picture in enumerate(pictures):
            sheet.paste(Image.fromarray(picture), (left + place * (width + 4), top + LABEL_HEIGHT))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)
