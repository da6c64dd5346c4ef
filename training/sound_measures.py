"""How clean a sound is: tones over noise, the floor between notes, the range of loudness, bands that start together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import Waveform
from training.measures import stft_magnitudes

Array = NDArray[np.float64]
SILENT = 1e-9


@dataclass(frozen=True)
class SoundFigures:
    """Measures of one clip of 22050 Hz."""

    harmonics_db: float
    """Energy of what stands out of its surroundings in the spectrum over the rest, dB; low for noise and for drums."""
    floor_db: float
    """Level that a tenth of the spectrum lies below, under the loudest moment and band, dB."""
    range_db: float
    """Loudness of the loud moments over that of the soft ones, dB."""
    together: float
    """Correlation of the onsets in different bands, -1 to 1: high where a note's partials begin at one time."""


def measure_sound(waveform: Waveform) -> SoundFigures:
    """Measure a mono clip of 22050 Hz."""
    magnitudes = stft_magnitudes(waveform.samples[0])
    return SoundFigures(
        harmonics_to_noise(magnitudes),
        noise_floor(magnitudes),
        loudness_range(waveform.samples[0]),
        bands_together(magnitudes),
    )


def harmonics_to_noise(magnitudes: Array, reach: int = 24) -> float:
    """Energy of spectral peaks over the energy of the noise beneath, dB, at most 60.

    The noise's power is taken from the median of the power around each bin, which peaks do not move; the median of a
    noise's power is log 2 of its mean.

    Args:
        magnitudes: [bins, F].
        reach: bins to each side that the median is taken over.
    """
    power = magnitudes[5:930] ** 2
    loud = power.sum(0) > 1e-4 * power.sum(0).max()
    power = power[:, loud]
    padded = np.pad(power, ((reach, reach), (0, 0)), mode="reflect")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    noise = np.median(around, axis=2) / np.log(2)
    tonal = np.maximum(power - noise, 0).sum()
    return float(min(10 * np.log10((tonal + SILENT) / (np.minimum(noise, power).sum() + SILENT)), 60.0))


def noise_floor(magnitudes: Array) -> float:
    """Level below which a tenth of all bins and moments lie, under the loudest of 40 bands, dB."""
    edges = np.unique(np.geomspace(5, 930, 41).astype(int))
    bands = np.stack([(magnitudes[a:b] ** 2).mean(0) for a, b in itertools.pairwise(edges)])
    return float(10 * np.log10((np.quantile(bands, 0.1) + SILENT) / (bands.max() + SILENT)))


def loudness_range(samples: NDArray[np.float32], size: int = 2205) -> float:
    """Level of the loudest twentieth of the moments of 100 ms over that of the softest, dB, at most 80."""
    whole = samples[: len(samples) // size * size].astype(np.float64).reshape(-1, size)
    levels = 10 * np.log10(np.maximum((whole**2).mean(1), 1e-10))
    low, high = np.quantile(levels, (0.05, 0.95))
    return float(min(high - low, 80.0))


def bands_together(magnitudes: Array, n_bands: int = 12) -> float:
    """Mean correlation of the rise of level between pairs of bands."""
    edges = np.unique(np.geomspace(8, 930, n_bands + 1).astype(int))
    levels = np.stack([np.log(1e-4 * magnitudes.max() + magnitudes[a:b].mean(0)) for a, b in itertools.pairwise(edges)])
    rises = np.maximum(np.diff(levels, axis=1), 0)
    rises = rises[rises.std(axis=1) > 1e-6]
    if len(rises) < 2:
        return 0.0
    table = np.corrcoef(rises)
    return float(table[np.triu_indices(len(table), 1)].mean())
