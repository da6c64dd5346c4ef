"""Loudness, true peak and a limiter: arrays in, numbers and arrays out (pure).

Loudness follows ITU-R BS.1770-4 at any sample rate. Filters run in blocks, so that memory beyond the signal is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from riffusion_inference.datatypes import Waveform

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
BLOCK_SECONDS = 0.4
STEPS_PER_BLOCK = 4
CEILING_DBTP = -1.0
MAX_LIMITING_DB = 6.0
LOOKAHEAD_SECONDS = 0.005
OVERSAMPLING = 4
TAPS_PER_PHASE = 24
FILTER_BLOCK = 1 << 16
TAPS_PER_TRANSFORM = 4
"""Lengths of the K-weighting in one transform, of which all but one are new samples."""
PEAK_ROW = 64
"""Samples whose neighbourhoods are one row of a matrix product."""
# Front left and right (and centre) count 1, surround channels 1.41, the bass channel nothing.
CHANNEL_WEIGHTS = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    4: (1.0, 1.0, 1.41, 1.41),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
    8: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41, 1.41, 1.41),
}


def db_to_gain(db: float) -> float:
    """Decibels to a factor on amplitudes."""
    return float(10.0 ** (db / 20.0))


def gain_to_db(gain: float) -> float:
    """A factor on amplitudes to decibels; 0 gives -inf."""
    return 20.0 * math.log10(gain) if gain > 0 else -math.inf


def integrated_loudness(waveform: Waveform) -> float | None:
    """Gated loudness in LUFS; None for silence (nothing above -70 LUFS).

    Under 0.4 s there is no full gating block: the ungated K-weighted mean over the whole clip stands in for it.

    Args:
        waveform: samples [C, T], any sample rate of 4 kHz or more.
    Source: ITU-R BS.1770-4, annex 1.
    """
    n_samples, sample_rate = waveform.n_samples, waveform.sample_rate
    if n_samples == 0:
        return None
    step = BLOCK_SECONDS / STEPS_PER_BLOCK * sample_rate
    n_steps = int(n_samples / step + 1e-9)
    weights = CHANNEL_WEIGHTS.get(waveform.n_channels, (1.0,) * waveform.n_channels)
    if n_steps < STEPS_PER_BLOCK:
        edges, n_steps = np.array([0, n_samples]), 1
    else:
        edges = np.round(np.arange(n_steps + 1) * step).astype(np.int64)
    energy = np.zeros(n_steps)
    for channel, weight in zip(waveform.samples, weights, strict=True):
        if weight:
            energy += weight * _weighted_energy(channel, sample_rate, edges)
    per_block = STEPS_PER_BLOCK if n_steps >= STEPS_PER_BLOCK else 1
    total = np.convolve(energy, np.ones(per_block), mode="valid")
    length = np.convolve(np.diff(edges), np.ones(per_block), mode="valid")
    return _gated(total / length)


def _gated(block_energy: np.ndarray) -> float | None:
    """Mean of the blocks that pass the absolute and then the relative gate, in LUFS."""
    with np.errstate(divide="ignore"):
        block_lufs = -0.691 + 10.0 * np.log10(block_energy)
    loud = block_lufs > ABSOLUTE_GATE_LUFS
    if not loud.any():
        return None
    relative_gate = -0.691 + 10.0 * math.log10(float(block_energy[loud].mean())) + RELATIVE_GATE_LU
    kept = block_energy[loud & (block_lufs > relative_gate)]
    return -0.691 + 10.0 * math.log10(float(kept.mean()))


def _weighted_energy(channel: np.ndarray, sample_rate: int, edges: np.ndarray) -> np.ndarray:
    """Sum of squares of the K-weighted channel between consecutive edges."""
    spectrum, n_taps, size = _k_weighting(sample_rate)
    energy = np.zeros(len(edges) - 1)
    end, step = int(edges[-1]), size - n_taps + 1
    for start in range(0, end, step):
        stop = min(start + step, end)
        # The filter looks back only, so a block needs the samples one kernel before it; what wraps around falls there.
        before = min(start, n_taps - 1)
        block = channel[start - before : stop].astype(np.float64)
        filtered = np.fft.irfft(np.fft.rfft(block, size) * spectrum, size)[before : before + stop - start]
        low = int(np.searchsorted(edges, start, side="right")) - 1
        high = int(np.searchsorted(edges, stop, side="left"))
        inner = np.maximum(edges[low:high] - start, 0)
        energy[low:high] += np.add.reduceat(np.square(filtered), inner)
    return energy


@lru_cache(maxsize=8)
def _k_weighting(sample_rate: int) -> tuple[np.ndarray, int, int]:
    """The K-weighting, 0.25 s long: by then its impulse response has decayed below 1e-20.

    Returns:
        Its spectrum for blocks, its taps, and the length of such a block's transform.
    Source: BS.1770-4, tables 1 and 2, as analogue prototypes that give the same coefficients at 48 kHz (De Man 2014).
    """
    size = 1 << int(0.25 * sample_rate).bit_length()
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    shelf_hz, shelf_db, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k, high = math.tan(math.pi * shelf_hz / sample_rate), 10.0 ** (shelf_db / 20.0)
    band = high**0.4996667741545416
    shelf = (high + band * k / shelf_q + k * k) + 2 * (k * k - high) * z + (high - band * k / shelf_q + k * k) * z**2
    shelf /= (1 + k / shelf_q + k * k) + 2 * (k * k - 1) * z + (1 - k / shelf_q + k * k) * z**2
    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * pass_hz / sample_rate)
    scale = 1 + k / pass_q + k * k
    high_pass = (1 - 2 * z + z**2) / (1 + 2 * (k * k - 1) / scale * z + (1 - k / pass_q + k * k) / scale * z**2)
    block = size * TAPS_PER_TRANSFORM
    return np.fft.rfft(np.fft.irfft(shelf * high_pass, size), block), size, block


@lru_cache(maxsize=1)
def _interpolator() -> np.ndarray:
    """[PEAK_ROW + TAPS_PER_PHASE - 1, (OVERSAMPLING - 1) * PEAK_ROW] windowed sinc.

    From so many neighbouring samples to the points between them: first those a quarter of the way to the next sample,
    then those half of the way, and so on.
    """
    centre = TAPS_PER_PHASE // 2 - 1
    rows = np.zeros((PEAK_ROW + TAPS_PER_PHASE - 1, OVERSAMPLING - 1, PEAK_ROW), dtype=np.float32)
    for phase in range(1, OVERSAMPLING):
        at = np.arange(TAPS_PER_PHASE) - centre - phase / OVERSAMPLING
        taps = np.sinc(at) * np.i0(7.0 * np.sqrt(np.clip(1 - (at / (TAPS_PER_PHASE / 2)) ** 2, 0, 1)))
        for sample in range(PEAK_ROW):
            rows[sample : sample + TAPS_PER_PHASE, phase - 1, sample] = taps / taps.sum()
    return rows.reshape(len(rows), -1)


def _peak_envelope(samples: np.ndarray) -> Iterator[np.ndarray]:
    """For each sample, the largest magnitude of any channel there or between it and the next, block by block."""
    n_samples, left = samples.shape[1], TAPS_PER_PHASE // 2 - 1
    for start in range(0, n_samples, FILTER_BLOCK):
        stop = min(start + FILTER_BLOCK, n_samples)
        n_rows = -(-(stop - start) // PEAK_ROW)
        low, high = start - left, start + n_rows * PEAK_ROW + TAPS_PER_PHASE - 1 - left
        block = samples[:, max(low, 0) : min(high, n_samples)].astype(np.float32, copy=False)
        block = np.pad(block, ((0, 0), (max(-low, 0), max(high - n_samples, 0))))
        envelope = np.zeros((n_rows, PEAK_ROW), dtype=np.float32)
        for channel in block:
            near = np.lib.stride_tricks.sliding_window_view(channel, PEAK_ROW + TAPS_PER_PHASE - 1)[::PEAK_ROW]
            between = np.abs(near @ _interpolator()).reshape(n_rows, OVERSAMPLING - 1, PEAK_ROW).max(axis=1)
            envelope = np.maximum(envelope, between)
            envelope = np.maximum(envelope, np.abs(near[:, left : left + PEAK_ROW]))
        yield envelope.reshape(-1)[: stop - start]


def true_peak(samples: np.ndarray) -> float:
    """Largest magnitude of the continuous signal, linear, by 4 times oversampling; 0 for no samples.

    Source: BS.1770-4, annex 2, with a longer interpolator than its example.
    """
    return max((float(block.max()) for block in _peak_envelope(samples)), default=0.0)


def true_peak_dbtp(waveform: Waveform) -> float:
    """True peak in dBTP; -inf for silence."""
    return gain_to_db(true_peak(waveform.samples))


def limit(samples: np.ndarray, sample_rate: int, ceiling_dbtp: float = CEILING_DBTP) -> np.ndarray:
    """Hold the true peak at or under the ceiling by turning down around peaks only; quieter passages stay as they are.

    The gain falls over 5 ms before a peak and rises over 5 ms after it, so nothing clicks; lost is level at the peaks.

    Args:
        samples: [C, T] float32; all channels get the same gain, so the stereo image stays.
    Returns:
        [C, T] float32.
    """
    ceiling = db_to_gain(ceiling_dbtp)
    envelope = np.concatenate([*_peak_envelope(samples), np.zeros(0, dtype=np.float32)])
    if envelope.size == 0 or float(envelope.max()) <= ceiling:
        return samples.astype(np.float32, copy=True)
    needed = np.minimum(1.0, ceiling / np.maximum(envelope, ceiling))
    reach = max(2, round(LOOKAHEAD_SECONDS * sample_rate))
    # A minimum over +-2 reach and then two means over +-reach/2 and less: the mean never rises above what a peak needs.
    gain = _running_mean(_running_mean(_running_minimum(needed, reach), reach // 2), reach // 2)
    limited = (samples * gain).astype(np.float32)
    over = true_peak(limited) / ceiling
    return np.asarray(limited / np.float32(over * (1 + 1e-6))) if over > 1 else limited


def _running_minimum(values: np.ndarray, reach: int) -> np.ndarray:
    """Minimum over [i - reach, i + reach], in two passes whatever the reach (van Herk 1992)."""
    width, n_values = 2 * reach + 1, len(values)
    padded = np.pad(values, (reach, reach + (-(n_values + 2 * reach)) % width), constant_values=1.0).reshape(-1, width)
    forward = np.minimum.accumulate(padded, axis=1).ravel()
    backward = np.minimum.accumulate(padded[:, ::-1], axis=1)[:, ::-1].ravel()
    return np.minimum(backward[:n_values], forward[width - 1 : width - 1 + n_values])


def _running_mean(values: np.ndarray, reach: int) -> np.ndarray:
    """Mean over [i - reach, i + reach]; the edges repeat."""
    sums = np.cumsum(np.pad(values.astype(np.float64), (reach + 1, reach), mode="edge"))
    return (sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)
