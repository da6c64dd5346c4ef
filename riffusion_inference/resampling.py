"""Sound from one sample rate to another, and a period from one length to another."""

from __future__ import annotations

from math import gcd

import numpy as np
import torch
from numpy.typing import NDArray

from riffusion_inference.datatypes import Waveform

BLOCK_SAMPLES = 1 << 19
"""Samples resampled at a time."""
FILTER_WIDTH = 32
"""Samples, at the lower rate, that the filter reaches to each side; torchaudio's reaches 7."""
MAX_PHASES = 2000
"""Above this many filter phases the polyphase filter would fill the memory, so the spectrum is used instead."""


def resample(waveform: Waveform, sample_rate: int) -> Waveform:
    """Change the sample rate; what lies above half the lower rate is lost.

    Args:
        waveform: samples [C, T].
        sample_rate: Hz, >= 1.
    Returns:
        Waveform, samples [C, ceil(T * sample_rate / waveform.sample_rate)] float32.
    Source: torchaudio.functional.resample (windowed sinc).
    """
    old = waveform.sample_rate
    if old == sample_rate or waveform.n_samples == 0:
        return Waveform(waveform.samples, sample_rate)
    common = gcd(old, sample_rate)
    n_samples = -(-waveform.n_samples * sample_rate // old)
    if max(old, sample_rate) // common > MAX_PHASES:
        return Waveform(_by_spectrum(waveform, sample_rate)[:, :n_samples], sample_rate)
    return Waveform(_by_sinc(waveform, sample_rate, n_samples), sample_rate)


def resample_circular(samples: NDArray[np.float32], n_samples: int) -> NDArray[np.float32]:
    """Stretch one period [C, T] to exactly n_samples; it stays a period, since only its Fourier series is resampled.

    >>> resample_circular(np.ones((1, 7), dtype=np.float32), 3).round(3).tolist()
    [[1.0, 1.0, 1.0]]
    """
    period = samples.shape[1]
    if period == n_samples:
        return samples
    spectrum = torch.fft.rfft(torch.from_numpy(np.ascontiguousarray(samples)))
    kept = spectrum[:, : (min(period, n_samples) - 1) // 2 + 1]
    wide = torch.zeros(samples.shape[0], n_samples // 2 + 1, dtype=spectrum.dtype)
    wide[:, : kept.shape[1]] = kept
    stretched: NDArray[np.float32] = (torch.fft.irfft(wide, n=n_samples) * (n_samples / period)).numpy()
    return stretched


def _by_sinc(waveform: Waveform, sample_rate: int, n_samples: int) -> NDArray[np.float32]:
    """Resample block by block, since torch's convolution takes many times the memory of the sound."""
    from torchaudio.functional import resample as by_sinc

    old = waveform.sample_rate
    common = gcd(old, sample_rate)
    down, up = old // common, sample_rate // common
    block = -(-BLOCK_SAMPLES // down) * down
    # Blocks and what is seen beyond them are whole cycles of the filter, so that every block has the same phases.
    context = -(-(FILTER_WIDTH * max(1, old // sample_rate + 1)) // down) * down
    out = np.empty((waveform.n_channels, n_samples), dtype=np.float32)
    for first in range(0, waveform.n_samples, block):
        start = max(0, first - context)
        seen = waveform.samples[:, start : first + block + context]
        part = by_sinc(torch.from_numpy(np.ascontiguousarray(seen, dtype=np.float32)), old, sample_rate).numpy()
        place, skipped = first // down * up, (first - start) // down * up
        wanted = min(block // down * up, n_samples - place)
        out[:, place : place + wanted] = part[:, skipped : skipped + wanted]
    return out


def _by_spectrum(waveform: Waveform, sample_rate: int) -> NDArray[np.float32]:
    """Resample through the spectrum of the mirrored sound, for rates with no small ratio."""
    both = np.concatenate([waveform.samples, waveform.samples[:, ::-1]], axis=1)
    return resample_circular(both, round(both.shape[1] * sample_rate / waveform.sample_rate))
