"""A score as a checkpoint meets it: as a picture to paint over, or as a sound to start from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import ShouldCancel, Spectrogram, Waveform
from riffusion_inference.diffusion.canvas import Canvas
from riffusion_inference.score.datatypes import Score
from riffusion_inference.score.notes import Note
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
    n_columns = canvas.n_latents * factor
    notes = score.played()
    if canvas.loop:
        notes = _wrapped(notes, canvas, n_columns)
    pixels = pixels_of(draw_sketch(notes, n_columns)).astype(np.float32) / 255.0
    return np.repeat(pixels[None], 3, axis=0)


def _wrapped(notes: list[Note], canvas: Canvas, n_columns: int) -> list[Note]:
    """The notes of a loop on a canvas that is a little wider or narrower than it, and once more a turn earlier."""
    stretch = n_columns / canvas.n_columns
    turn = n_columns * GRID.hop_length / GRID.sample_rate
    fitted = [replace(note, start=note.start * stretch, duration=note.duration * stretch) for note in notes]
    return [replace(note, start=note.start - turn) for note in fitted] + fitted


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
