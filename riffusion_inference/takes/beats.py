"""Where the beats of a piece are, as far as plain signal processing can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import Waveform
from riffusion_inference.resampling import resample

ANALYSIS_RATE = 11025
"""Hz; beats live far below half of it."""
N_FFT, HOP_LENGTH = 512, 110
"""46 ms windows every 10 ms (a frame rate of 100.2 Hz)."""
FRAME_RATE = ANALYSIS_RATE / HOP_LENGTH
N_BANDS = 24
MIN_BPM, MAX_BPM = 50.0, 200.0
CLEAR_STRENGTH = 0.3
"""Pulse strength from which a beat is clear; white noise has about 0.1."""
BEATS_COMPARED = 4
"""A tempo is judged by how alike the piece is to itself one to four beats later."""


@dataclass(frozen=True)
class Pulse:
    """The beat of a piece."""

    bpm: float
    """Beats per minute."""
    strength: float
    """0 no regular pulse to 1 a metronome: mean autocorrelation at one to four beats."""
    first_beat: float
    """Seconds from the start to the first beat, less than one beat."""


def onset_strength(waveform: Waveform) -> NDArray[np.float64]:
    """How much new sound begins in each frame of 10 ms: half-wave rectified change of log energy in 24 bands.

    Args:
        waveform: samples [C, T] at any rate.
    Returns:
        [F] float64, mean 0; frame f is centred on f * 110 / 11025 s. All zero for silence.
    Source: spectral flux, after Bello et al. 2005.
    """
    mono = resample(waveform, ANALYSIS_RATE).samples.mean(axis=0)
    n_frames = 1 + len(mono) // HOP_LENGTH
    padded = np.pad(mono.astype(np.float64), (N_FFT // 2, N_FFT))
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH][:n_frames]
    power = np.abs(np.fft.rfft(frames * np.hanning(N_FFT))) ** 2
    edges = np.unique(np.round(np.geomspace(1, N_FFT // 2, N_BANDS + 1)).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1)
    reference = max(float(bands.max()), 1e-12)
    level = np.log1p(1e4 * bands / reference)
    flux = np.maximum(np.diff(level, axis=0, prepend=level[:1]), 0).sum(axis=1)
    # Only what is louder than the 0.8 s around it counts, so that a swell is not taken for a beat.
    width = int(0.8 * FRAME_RATE)
    local = np.convolve(np.pad(flux, width // 2, mode="edge"), np.ones(width) / width, mode="valid")[: len(flux)]
    sharp: NDArray[np.float64] = np.maximum(flux - local, 0)
    return sharp - float(sharp.mean())


def find_pulse(waveform: Waveform, low_bpm: float = MIN_BPM, high_bpm: float = MAX_BPM) -> Pulse:
    """The tempo between two limits that the piece repeats at most clearly.

    Args:
        waveform: at least two beats long at low_bpm, or the strength is 0.
        low_bpm: slowest.
        high_bpm: fastest.
    Returns:
        Pulse; its tempo is found to about 0.5 %.
    Source: autocorrelation of the onset strength, combed over one to four beats.
    """
    onsets = onset_strength(waveform)
    tempos = np.geomspace(low_bpm, high_bpm, max(2, int(np.log(high_bpm / low_bpm) / 0.0025)))
    similar = _autocorrelation(onsets)
    scores = np.array([_comb(similar, bpm) for bpm in tempos])
    best = int(scores.argmax())
    bpm = float(tempos[best])
    return Pulse(bpm, float(np.clip(scores[best], 0, 1)), _phase(onsets, bpm))


def tempo_match(waveform: Waveform, bpm: float) -> float:
    """How well a tempo, its half or its double explains the piece: 0 not at all to 1 as well as any tempo does.

    A piece with no clear pulse (under CLEAR_STRENGTH) cannot reach 1.
    """
    similar = _autocorrelation(onset_strength(waveform))
    tempos = np.geomspace(MIN_BPM, MAX_BPM, 555)
    best = max(float(max(_comb(similar, tempo) for tempo in tempos)), 1e-9)
    near = [bpm * factor * step for factor in (0.5, 1.0, 2.0) for step in np.linspace(0.98, 1.02, 9)]
    found = max(_comb(similar, tempo) for tempo in near if MIN_BPM / 2 <= tempo <= MAX_BPM * 2)
    return float(np.clip(found / best, 0, 1) * min(1.0, best / CLEAR_STRENGTH))


def beats_off(waveform: Waveform, bpm: float, start: float = 0.0, end: float = float("inf")) -> float:
    """How far the beats of a stretch are from a grid that begins with the piece, in beats: -0.5 to 0.5, 0 is on it.

    Args:
        waveform: the whole piece.
        bpm: of the grid.
        start: seconds; onsets before it do not count.
        end: seconds; onsets from it on do not count.
    """
    onsets = onset_strength(waveform)
    times = np.arange(len(onsets)) / FRAME_RATE
    inside = np.where((times >= start) & (times < end), onsets, 0.0)
    # Each instant is a direction on a clock face that turns once a beat; the mean is weighted by how much begins then.
    turn = np.sum(np.maximum(inside, 0) ** 2 * np.exp(2j * np.pi * times * bpm / 60))
    return float(np.angle(turn) / (2 * np.pi))


def _autocorrelation(onsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """[F] autocorrelation, 1 at lag 0, each lag scaled for how much overlap it has."""
    n = len(onsets)
    energy = float(np.square(onsets).sum())
    if energy < 1e-12:
        return np.zeros(n)
    spectrum = np.abs(np.fft.rfft(onsets, 2 * n)) ** 2
    return np.fft.irfft(spectrum)[:n] / energy * (n / np.maximum(n - np.arange(n), n // 4))


def _comb(similar: NDArray[np.float64], bpm: float) -> float:
    """Mean autocorrelation at one to four beats, as many as fit into three quarters of the piece."""
    beat = 60 * FRAME_RATE / bpm
    lags = np.array([k * beat for k in range(1, BEATS_COMPARED + 1) if k * beat < 0.75 * len(similar)])
    return float(np.interp(lags, np.arange(len(similar)), similar).mean()) if len(lags) else 0.0


def _phase(onsets: NDArray[np.float64], bpm: float) -> float:
    """Seconds to the first beat: the offset at which the beats meet the most onset."""
    beat = 60 * FRAME_RATE / bpm
    offsets = np.arange(0, beat)
    if len(onsets) < beat:
        return 0.0
    frames = np.arange(len(onsets))
    sums = [np.interp(np.arange(offset, len(onsets), beat), frames, onsets).mean() for offset in offsets]
    return float(offsets[int(np.argmax(sums))] / FRAME_RATE)
