"""When a beat is heard, how loud music is from second to second, and how much of it is chance: plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
HOP, WINDOW, SIDE = 0.002, 0.012, 0.02
"""Seconds between two places at which an onset may be, of a spectrum, and of the sound to both sides."""
BANDS = (30, 150, 400, 1000, 2500, 11000)
"""Hz."""
FLOOR = -15.0
"""Decibels below the mean power of all bands under which a rise is not heard beside what else sounds in the piece."""
REACH = 0.05
"""Seconds around a written beat in which its onset is looked for."""
HEARD = 0.1
"""A beat is heard if the rise at it is at least this share of what only a hundredth of the piece's rises exceed."""
CLOSE = 0.02
"""Seconds within which a cut and a beat are together."""


@dataclass(frozen=True)
class Rises:
    """How much louder sound is just after each moment than just before, over all frequencies."""

    rises: Array
    """[N], >= 0."""
    hop: float
    """Seconds from one moment to the next; the first is 0."""


def rises_of(samples: NDArray[np.float32], sample_rate: int) -> Rises:
    """Measure the rises of a mono sound [T], in dB, each octave or two by itself, and none below FLOOR."""
    hop, size = round(HOP * sample_rate), round(WINDOW * sample_rate)
    starts = np.arange(0, len(samples), hop)
    padded = np.pad(samples.astype(np.float32), size // 2)
    frequencies = np.fft.rfftfreq(size, 1 / sample_rate)
    inside = np.array([(frequencies >= low) & (frequencies < high) for low, high in pairwise(BANDS)], dtype=float)
    window = np.hanning(size)
    chunks = np.array_split(starts, max(1, len(starts) // 4096))
    spectra = (np.abs(np.fft.rfft(padded[chunk[:, None] + np.arange(size)] * window)) ** 2 for chunk in chunks)
    power = np.concatenate([spectrum @ inside.T for spectrum in spectra])
    sums = np.concatenate([np.zeros((1, power.shape[1])), np.cumsum(power, axis=0)])
    middle, side = np.arange(len(power)), round(SIDE * sample_rate / hop)
    before = sums[middle] - sums[np.maximum(middle - side, 0)]
    after = sums[np.minimum(middle + side, len(power))] - sums[middle]
    least = side * power.mean() * 10 ** (FLOOR / 10)
    rises = np.maximum(10 * np.log10((after + least) / (before + least)), 0).sum(axis=1)
    return Rises(np.asarray(rises, dtype=float), hop / sample_rate)


def heard_beats(rises: Rises, beats: Sequence[float]) -> Array:
    """Seconds at which written beats are heard; beats without an onset are left out.

    Args:
        rises: of the whole piece.
        beats: seconds.
    """
    least = HEARD * float(np.quantile(rises.rises, 0.99))
    heard = []
    for beat in beats:
        low = max(round((beat - REACH) / rises.hop), 0)
        near = rises.rises[low : round((beat + REACH) / rises.hop) + 1]
        if len(near) and near.max() >= least:
            heard.append((low + int(near.argmax())) * rises.hop)
    return np.array(heard)


def distances(cuts: Array, beats: Array) -> Array:
    """Seconds from each cut to the nearest beat; a second where there is none."""
    if not len(beats):
        return np.ones(len(cuts))
    return np.asarray(np.abs(cuts[:, None] - beats[None]).min(axis=1))


def by_chance(cuts: Array, beats: Array, duration: float, n_phases: int = 200) -> float:
    """Share of cuts that are together with a beat where the same music begins anywhere else."""
    if not len(cuts):
        return 0.0
    shifts = np.random.default_rng(1).uniform(0, duration, n_phases)
    return float(np.mean([distances(cuts, (beats + shift) % duration) <= CLOSE for shift in shifts]))


def at_best_constant_tempo(cuts: Array, bpm: float, freedom: float) -> float:
    """Most cuts that one steady beat can meet, as a share: of all tempi around one, and all phases.

    Args:
        cuts: seconds.
        bpm: the tempo around which to search.
        freedom: how far, as a factor.
    """
    best = 0.0
    for tempo in bpm * np.geomspace(1 / freedom, freedom, 400):
        beat = 60.0 / tempo
        for phase in cuts % beat:
            off = np.abs((cuts - phase + beat / 2) % beat - beat / 2)
            # A window of CLOSE to both sides may lie anywhere; one that begins at a cut is as good as any.
            best = max(best, float(np.mean((cuts - phase) % beat <= 2 * CLOSE)), float(np.mean(off <= CLOSE)))
    return best


def loudness_over(samples: NDArray[np.float32], sample_rate: int, moments: Array) -> Array:
    """Mean level of the second around each moment, dB.

    Args:
        samples: [T] mono.
        sample_rate: Hz.
        moments: seconds.
    """
    sums = np.concatenate([[0.0], np.cumsum(samples.astype(float) ** 2)])
    low = np.clip(np.round((moments - 0.5) * sample_rate).astype(int), 0, len(samples) - 1)
    high = np.clip(np.round((moments + 0.5) * sample_rate).astype(int), low + 1, len(samples))
    return np.asarray(10 * np.log10((sums[high] - sums[low]) / (high - low) + 1e-12))


def rank_correlation(first: Array, second: Array) -> float:
    """Spearman's rank correlation; equal values share their mean rank."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Array) -> Array:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])
