"""A score as a checkpoint meets it: as a picture to paint over, or as a sound to start from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import ShouldCancel, Spectrogram, Waveform
from riffusion_inference.diffusion.canvas import Canvas
from riffusion_inference.notation.score import Score
from riffusion_inference.score.sketch import draw_sketch, pixels_of
from riffusion_inference.score.timbres import GRID
from riffusion_inference.spectrogram.inversion import waveform_from_mel

SKETCH_PEAK = 0.89
"""Peak of a sketch that is turned into sound."""


def sketch_picture(score: Score, canvas: Canvas, factor: int) -> NDArray[np.float32]:
    """Draw a score as wide as a canvas of the embedded checkpoint's grid.

    Args:
        score: what is played; what begins after the canvas is left out.
        canvas: the piece's; on one that wraps around, what is still heard at its end goes on at its start.
        factor: columns for one latent.
    Returns:
        Brightness [3, n_mels, canvas.n_latents * factor] float32 in 0..1, high frequencies first.
    """
    n_columns, notes = canvas.n_latents * factor, score.played()
    if not canvas.loop:
        drawn = draw_sketch(notes, n_columns)
    else:
        # A loop's canvas is up to half a latent wider or narrower than the loop.
        stretch = n_columns / canvas.n_columns
        fitted = [replace(note, start=note.start * stretch, duration=note.duration * stretch) for note in notes]
        drawn = draw_sketch(fitted, n_columns, loop=n_columns * GRID.hop_length / GRID.sample_rate)
    return np.repeat(pixels_of(drawn).astype(np.float32)[None] / 255.0, 3, axis=0)


# Where a bar comes back, so does its sketch; but out of other noise other details are painted, as if the players could
# not play a bar the same way twice. So every bar is painted out of the same noise, from its first column on, and sounds
# the same when it comes back. Where two bars differ, it is because the score differs.


def noise_columns(score: Score, canvas: Canvas, factor: int) -> NDArray[np.int64]:
    """Say of each column of latents which column of noise it is painted out of: its number within its bar.

    Args:
        score: what is played.
        canvas: the piece's, on the embedded checkpoint's grid.
        factor: columns for one latent.
    Returns:
        [canvas.n_latents], each from 0 to canvas.n_latents - 1.
    """
    per_second = GRID.sample_rate / GRID.hop_length / factor
    if canvas.loop:
        per_second *= canvas.n_latents * factor / canvas.n_columns
    lines = np.array([0.0, *(float(score.seconds(tick)) * per_second for tick in score.bar_lines())])
    middles = np.arange(canvas.n_latents) + 0.5
    inside = middles - lines[np.searchsorted(lines, middles, side="right") - 1]
    return np.asarray(np.floor(inside), dtype=np.int64)


# A drum on an accent is what people hear a cut by, to a few hundredths of a second. A window of the spectrogram reaches
# 50 ms to either side, and the UNet now and then paints such a stroke a column too early, which is 20 ms.

EARLY_COLUMNS = 3
"""Columns before a stroke in which its energy may show."""


def with_sharp_drums(painted: NDArray[np.float32], sketch: NDArray[np.float32], score: Score) -> NDArray[np.float32]:
    """Let no more rise before a drum on an accent than rises there in the sketch.

    Args:
        painted: brightness [C, n_mels, W] in 0..1 on the embedded checkpoint's grid, 1 is silence.
        sketch: of the score, [3, n_mels, at least W].
        score: what is played.
    Returns:
        The painting with those few columns made quieter.
    """
    sharp, per_second = painted.copy(), GRID.sample_rate / GRID.hop_length
    for accent in score.accents:
        if not any(note.layer == "drums" and note.tick == accent.tick for note in score.notes):
            continue
        stroke = int(float(score.seconds(accent.tick)) * per_second)
        before = stroke - EARLY_COLUMNS - 1
        early = slice(max(before + 1, 0), min(stroke, sharp.shape[2]))
        if before < 0 or early.start >= early.stop:
            continue
        rise = np.maximum(sketch[:1, :, before, None] - sketch[:1, :, early], 0)
        sharp[:, :, early] = np.maximum(sharp[:, :, early], painted[:, :, before, None] - rise)
    return sharp


def sketch_sound(score: Score, seconds: float, should_cancel: ShouldCancel | None = None) -> Waveform:
    """Turn the sketch of a score into sound, for a checkpoint that takes no sketch; mono, 22,050 Hz, up to 10 kHz.

    Args:
        score: what is played.
        seconds: length.
        should_cancel: asked while it is inverted.
    """
    n_frames = GRID.n_frames(round(seconds * GRID.sample_rate))
    drawn = Spectrogram(draw_sketch(score.played(), n_frames)[None], GRID)
    samples = waveform_from_mel(drawn, should_cancel=should_cancel).samples
    peak = float(np.abs(samples).max())
    return Waveform(samples * np.float32(SKETCH_PEAK / peak) if peak > 0 else samples, GRID.sample_rate)
