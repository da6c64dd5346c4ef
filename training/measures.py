"""What can be heard in a clip: tempo, drums, brightness, density, mode; plain signal processing, no learned model."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import Waveform

N_FFT, HOP = 2048, 441
KRUMHANSL_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
KRUMHANSL_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
TEMPO_TOLERANCE = 0.08


@dataclass(frozen=True)
class Heard:
    """Measures of one clip."""

    bpm: float
    """Estimated tempo, beats per minute."""
    percussive: float
    """Share of the energy in upright strokes of the spectrogram, 0 to 1."""
    centroid: float
    """Brightness: log2 of the spectral centroid in Hz."""
    onsets: float
    """Density: onsets per second."""
    minor: float
    """How much better a minor key's profile fits than a major key's, -2 to 2."""
    envelope: NDArray[np.float64]
    """Onset strength of each frame of 20 ms."""


def hear(waveform: Waveform, tonic: int | None = None) -> Heard:
    """Measure a mono clip of 22050 Hz.

    Args:
        waveform: samples [1, T].
        tonic: pitch class of the tonic, where it is known: major and minor are then told apart far better.
    """
    magnitudes = stft_magnitudes(waveform.samples[0])
    envelope = onset_envelope(magnitudes)
    frequencies = np.asarray(np.fft.rfftfreq(N_FFT, 1 / waveform.sample_rate), dtype=np.float64)
    weights = magnitudes.sum(1) + 1e-9
    return Heard(
        bpm=estimate_tempo(envelope, waveform.sample_rate / HOP),
        percussive=percussive_share(magnitudes),
        centroid=float(np.log2(max(float((frequencies * weights).sum() / weights.sum()), 20.0))),
        onsets=count_onsets(envelope) / (len(envelope) * HOP / waveform.sample_rate),
        minor=minor_score(magnitudes, frequencies, range(12) if tonic is None else (tonic,)),
        envelope=envelope,
    )


def stft_magnitudes(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Magnitudes [bins, frames] of Hann windows of 93 ms, 20 ms apart."""
    padded = np.pad(samples.astype(np.float64), N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(N_FFT), axis=1)).T


def onset_envelope(magnitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rise of log magnitude from frame to frame, averaged over 40 log-spaced bands; mean 0, deviation 1."""
    edges = np.unique(np.geomspace(2, len(magnitudes) - 1, 41).astype(int))
    bands = np.log1p(10 * np.stack([magnitudes[a:b].mean(0) for a, b in itertools.pairwise(edges)]))
    rise = np.maximum(np.diff(bands, axis=1, prepend=bands[:, :1]), 0).mean(0)
    rise = rise - np.convolve(np.pad(rise, 15, mode="edge"), np.ones(31) / 31, mode="valid")
    return np.asarray((rise - rise.mean()) / (rise.std() + 1e-9))


def autocorrelation(envelope: NDArray[np.float64]) -> NDArray[np.float64]:
    """Autocorrelation, 1 at lag 0, not biased by the overlap that shrinks."""
    size = len(envelope)
    spectrum = np.fft.rfft(envelope, 2 * size)
    raw = np.fft.irfft(np.abs(spectrum) ** 2)[:size]
    return np.asarray(raw / (raw[0] + 1e-9) * size / np.maximum(size - np.arange(size), size // 4))


def beat_strength(correlation: NDArray[np.float64], lag: float) -> float:
    """Mean autocorrelation at one to four beats of `lag` frames each, between frames by interpolation."""
    lags = np.array([lag * beats for beats in range(1, 5) if lag * beats < 0.75 * len(correlation)])
    return float(np.interp(lags, np.arange(len(correlation)), correlation).mean()) if len(lags) else 0.0


def strength_near(envelope: NDArray[np.float64], beat_frames: float) -> float:
    """Strongest beat of a length within TEMPO_TOLERANCE of beat_frames, -1 to 1."""
    correlation = autocorrelation(envelope)
    lags = beat_frames * np.geomspace(1 - TEMPO_TOLERANCE, 1 + TEMPO_TOLERANCE, 65)
    return max(beat_strength(correlation, lag) for lag in lags)


def estimate_tempo(envelope: NDArray[np.float64], frame_rate: float) -> float:
    """Estimate BPM from 50 to 200: the lag whose multiples repeat best, with a mild preference for 110.

    A beat divides in two or three: of even sixteenths, four make a beat and five do not.
    """
    correlation = autocorrelation(envelope)
    candidates = np.geomspace(50, 200, 560)
    prior = np.exp(-0.5 * (np.log2(candidates / 110) / 0.9) ** 2)
    lags = 60 * frame_rate / candidates
    halves, thirds = (np.interp(lags / parts, np.arange(len(correlation)), correlation) for parts in (2, 3))
    beats = np.array([beat_strength(correlation, lag) for lag in lags])
    scores = beats + 0.5 * np.maximum(np.maximum(halves, thirds), 0)
    return float(candidates[int(np.argmax(np.maximum(scores, 0) * prior))])


def tempo_matches(heard: float, asked: float) -> bool:
    """Whether two tempi agree within 8 %, or would if one were doubled or halved (as people tap them)."""
    return any(abs(heard * factor / asked - 1) <= TEMPO_TOLERANCE for factor in (0.5, 1.0, 2.0))


def percussive_share(magnitudes: NDArray[np.float64], size: int = 17) -> float:
    """Share of energy that a median along frequency keeps better than a median along time.

    Source: Fitzgerald 2010, harmonic and percussive separation by median filtering.
    """
    from numpy.lib.stride_tricks import sliding_window_view

    power = magnitudes[:930:2] ** 0.5
    half = size // 2
    along_time = np.median(
        sliding_window_view(np.pad(power, ((0, 0), (half, half)), mode="edge"), size, axis=1), axis=2
    )
    along_pitch = np.median(
        sliding_window_view(np.pad(power, ((half, half), (0, 0)), mode="edge"), size, axis=0), axis=2
    )
    mask = along_pitch**2 / (along_pitch**2 + along_time**2 + 1e-12)
    return float((mask * power**2).sum() / ((power**2).sum() + 1e-12))


def count_onsets(envelope: NDArray[np.float64]) -> int:
    """Count peaks of the onset envelope that stand out, at least 60 ms apart."""
    count, last = 0, -10
    for frame in range(1, len(envelope) - 1):
        is_peak = (
            envelope[frame] > 0.8 and envelope[frame] >= envelope[frame - 1] and envelope[frame] > envelope[frame + 1]
        )
        if is_peak and frame - last >= 3:
            count, last = count + 1, frame
    return count


def minor_score(
    magnitudes: NDArray[np.float64], frequencies: NDArray[np.float64], tonics: Iterable[int] = range(12)
) -> float:
    """Best correlation of the chroma with a minor key's profile minus the best with a major key's.

    Args:
        magnitudes: [bins, frames].
        frequencies: [bins] in Hz.
        tonics: pitch classes that the tonic may be.
    Source: Krumhansl & Kessler 1982, profiles of keys.
    """
    used = (frequencies > 80) & (frequencies < 2000)
    pitch = 12 * np.log2(frequencies[used] / 261.6256)
    nearest = np.round(pitch)
    closeness = np.clip(1 - 3 * np.abs(pitch - nearest), 0, None)
    energy = (magnitudes[used] ** 0.67).mean(1) * closeness
    chroma = np.bincount((nearest % 12).astype(int), weights=energy, minlength=12)
    if chroma.std() < 1e-9:
        return 0.0
    shifts = tuple(tonics)
    fits = [
        max(np.corrcoef(np.roll(profile, shift), chroma)[0, 1] for shift in shifts)
        for profile in (KRUMHANSL_MINOR, KRUMHANSL_MAJOR)
    ]
    return float(fits[0] - fits[1])
