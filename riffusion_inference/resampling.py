"""Sample rates."""

from __future__ import annotations

from math import gcd

import numpy as np
import torch

from riffusion_inference.datatypes import Waveform

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
    from torchaudio.functional import resample as by_sinc

    samples = torch.from_numpy(np.ascontiguousarray(waveform.samples, dtype=np.float32))
    return Waveform(by_sinc(samples, old, sample_rate).numpy()[:, :n_samples], sample_rate)


def resample_circular(samples: np.ndarray, n_samples: int) -> np.ndarray:
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
    return (torch.fft.irfft(wide, n=n_samples) * (n_samples / period)).numpy()


def _by_spectrum(waveform: Waveform, sample_rate: int) -> np.ndarray:
    """Resample through the spectrum of the mirrored sound, for rates with no small ratio."""
    both = np.concatenate([waveform.samples, waveform.samples[:, ::-1]], axis=1)
    return resample_circular(both, round(both.shape[1] * sample_rate / waveform.sample_rate))
