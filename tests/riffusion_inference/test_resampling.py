"""Sample rates: exact counts, the library's samples, and periods that stay periods."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchaudio

from riffusion_inference.datatypes import Waveform
from riffusion_inference.resampling import BLOCK_SAMPLES, resample, resample_circular


def tone(sample_rate: int, n_samples: int, frequency: float = 440.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(n_samples) / sample_rate)[None].astype(np.float32)


@pytest.mark.parametrize(("old", "new"), [(22050, 44100), (44100, 48000), (48000, 22050), (44100, 8000), (8000, 96000)])
@pytest.mark.parametrize("n_samples", [500, 20011, BLOCK_SAMPLES + 1, 3 * BLOCK_SAMPLES + 12345])
def test_blocks_equal_the_library(old: int, new: int, n_samples: int) -> None:
    n_channels = 2 if n_samples < BLOCK_SAMPLES else 1
    samples = np.random.default_rng(0).standard_normal((n_channels, n_samples)).astype(np.float32)
    wanted = torchaudio.functional.resample(torch.from_numpy(samples), old, new).numpy()
    got = resample(Waveform(samples, old), new)
    assert got.sample_rate == new
    assert got.samples.shape == wanted.shape == (n_channels, -(-samples.shape[1] * new // old))
    np.testing.assert_allclose(got.samples, wanted, atol=1e-5)


def test_rates_without_a_small_ratio() -> None:
    got = resample(Waveform(tone(44100, 44100), 44100), 44099)
    assert got.samples.shape == (1, 44099)
    np.testing.assert_allclose(got.samples[:, 100:-100], tone(44099, 44099)[:, 100:-100], atol=0.01)


def test_the_same_rate_and_silence() -> None:
    samples = tone(8000, 100)
    assert resample(Waveform(samples, 8000), 8000).samples is samples
    assert resample(Waveform(samples[:, :0], 8000), 44100).samples.shape == (1, 0)


@pytest.mark.parametrize(("period", "n_samples"), [(8000, 44100), (44100, 8001), (8001, 8000), (8000, 8000), (7, 3)])
def test_a_period_stays_a_period(period: int, n_samples: int) -> None:
    one = np.cos(2 * np.pi * np.arange(period) / period)[None].astype(np.float32)
    wanted = np.cos(2 * np.pi * np.arange(n_samples) / n_samples)[None]
    got = resample_circular(one, n_samples)
    assert got.shape == (1, n_samples)
    np.testing.assert_allclose(got, wanted, atol=1e-4)
