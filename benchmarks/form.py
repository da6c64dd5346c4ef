"""Is there form in the music: what comes back, a pulse, the tempo that was asked for, an ending, other seeds, other music?

    python -m benchmarks.form [--model pocket] [--sketch-only]

Every piece is a score, measured as its sketch and, beside it, as the sound that a model makes of it. Nothing here is
told what the score says; the figures come from the picture alone. Last, how long a score of ten minutes takes to write.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from riffusion_inference import GenerationSettings, MusicModel, load_model
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.datatypes import Score
from riffusion_inference.score.sketch import draw_sketch
from riffusion_inference.score.timbres import GRID
from riffusion_inference.spectrogram.mel import mel_from_waveform

Array = NDArray[np.float64]
Painter = Callable[[str, Score], NDArray[np.float32]]
"""A prompt and its score to mel amplitudes [n_mels, F] on GRID."""
FRAME_RATE = GRID.sample_rate / GRID.hop_length
SECONDS = 30
FORM_PROMPTS = (
    "calm piano",
    "techno",
    "orchestral, strings and french horn",
    "folk, acoustic guitar",
    "lo-fi, electric piano",
    "epic trailer",
)
TEMPO_PROMPTS = (
    ("ambient pads with a slow piano, {} bpm", 60),
    ("trap beat, {} bpm", 71),
    ("lo-fi, {} bpm", 80),
    ("hip hop, {} bpm", 90),
    ("funk, {} bpm", 101),
    ("pop, {} bpm", 112),
    ("house, {} bpm", 123),
    ("techno, {} bpm", 134),
    ("rock, {} bpm", 145),
    ("bluegrass banjo, {} bpm", 156),
    ("swing, {} bpm", 168),
    ("drum and bass, {} bpm", 180),
)
N_SEEDS = 4
SEED_PROMPTS = ("techno", "piano", "rock", "ambient")
WINDOW, NEAREST, FARTHEST = 2.0, 1.5, 12.0
"""Seconds: of a window, and how far away the window may be that it is compared with."""


def picture_of(mel: NDArray[np.float32]) -> Array:
    """The picture that repetition is looked for in: fourth roots at 10 frames a second, each row without its mean.

    Returns:
        [n_mels // 2, F // 5].
    """
    roots = np.asarray(mel, dtype=np.float64) ** GRID.power_for_image
    rows, frames = len(roots) // 2, roots.shape[1] // 5
    small = roots[: 2 * rows, : 5 * frames].reshape(rows, 2, frames, 5).mean((1, 3))
    return small - small.mean(1, keepdims=True)


def repetition(mel: NDArray[np.float32]) -> float:
    """Mean over all windows of the best correlation with a window NEAREST to FARTHEST seconds away; 1 is the same again."""
    picture = picture_of(mel)
    frames, size = picture.shape[1], round(10 * WINDOW)
    count = frames - size + 1
    energy = _sums((picture**2).sum(0), size)
    best = np.full(count, -1.0)
    for lag in range(round(10 * NEAREST), min(round(10 * FARTHEST), count - 1) + 1):
        products = _sums((picture[:, :-lag] * picture[:, lag:]).sum(0), size)
        alike = products / np.sqrt(energy[:-lag] * energy[lag:] + 1e-12)
        best[:-lag] = np.maximum(best[:-lag], alike)
        best[lag:] = np.maximum(best[lag:], alike)
    return float(best.mean())


def _sums(values: Array, size: int) -> Array:
    """Sums over every window of `size`."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[size:] - total[:-size])


def onset_envelope(mel: NDArray[np.float32]) -> Array:
    """How much begins in each frame: the rise of the logarithm in 32 bands, without its slow part; deviation 1."""
    bands = np.asarray(mel, dtype=np.float64).reshape(32, -1, mel.shape[1]).mean(1)
    floor = max(float(bands.max()), 1e-9) * 1e-3
    rise = np.maximum(np.diff(np.log(bands + floor), axis=1, prepend=np.log(bands[:, :1] + floor)), 0).sum(0)
    width = round(0.8 * FRAME_RATE)
    rise = rise - np.convolve(np.pad(rise, width // 2, mode="edge"), np.ones(width) / width, mode="same")[: len(rise)]
    return np.asarray((rise - rise.mean()) / (rise.std() + 1e-9))


def autocorrelation(envelope: Array) -> Array:
    """Likeness of an envelope with itself at every lag of frames, 1 at lag 0."""
    count = len(envelope)
    raw = np.fft.irfft(np.abs(np.fft.rfft(envelope, 2 * count)) ** 2)[:count]
    return np.asarray(raw / (raw[0] + 1e-9) * count / np.maximum(count - np.arange(count), count // 4))


def pulse(mel: NDArray[np.float32], bpm: float) -> float:
    """Autocorrelation of what begins at one beat, or at two or four where a beat passes without anything: the best."""
    likeness = autocorrelation(onset_envelope(mel))
    beat = 60 * FRAME_RATE / bpm
    return max(float(likeness[round(beats * beat) - 1 : round(beats * beat) + 2].max()) for beats in (1, 2, 4))


def heard_tempo(mel: NDArray[np.float32]) -> float:
    """Estimate BPM from the picture alone: the tempo whose multiples repeat best, made exact by how long it stays in step.

    Source: autocorrelation and comb after Scheirer 1998; the preference for 110 after Ellis 2007.
    """
    envelope = onset_envelope(mel)
    likeness, tempi = autocorrelation(envelope), np.geomspace(50, 200, 700)
    lags = 60 * FRAME_RATE / tempi
    frames = np.arange(len(likeness))
    comb = np.mean([np.interp(beats * lags, frames, likeness) for beats in (1, 2, 3, 4, 6, 8)], axis=0)
    between = np.mean([np.interp(lags * part, frames, likeness) for part in (0.5, 0.25)], axis=0)
    liked = np.exp(-0.5 * (np.log2(tempi / 110) / 1.0) ** 2)
    near = tempi[int(np.argmax(np.maximum(comb + 0.5 * between, 0) * liked))]
    fine = near * np.geomspace(0.97, 1.03, 601)
    moments = np.arange(len(envelope)) / FRAME_RATE
    turns = [np.abs(np.exp(2j * np.pi * np.outer(fine * parts / 60, moments)) @ envelope) for parts in (1, 2, 4)]
    return float(fine[int(np.argmax(np.sum(turns, axis=0)))])


def likeness_of(first: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation of two pictures as they are seen."""
    frames = min(first.shape[1], other.shape[1])
    seen = [np.asarray(mel[:, :frames], dtype=np.float64) ** GRID.power_for_image for mel in (first, other)]
    return float(np.corrcoef(seen[0].ravel(), seen[1].ravel())[0, 1])
