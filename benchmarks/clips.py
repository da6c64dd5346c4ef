"""Clips of music for the benchmarks: three made by code (a band, an arpeggio with echoes, a voice), and recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import Waveform
from riffusion_inference.resampling import resample

RECORDINGS = ("cantina", "sax")


def make_clips(sample_rate: int = 44100, n_samples: int = 511 * 441) -> dict[str, Waveform]:
    """Return the clips by name, mono, peak 0.8; the same on every call."""
    return {
        name: Waveform(_normal(make(n_samples / sample_rate, sample_rate)[:n_samples]), sample_rate)
        for name, make in (("band", _band), ("arpeggio", _arpeggio), ("voice", _voice))
    }


def recorded_clips(sample_rate: int = 44100, n_samples: int = 511 * 441) -> dict[str, Waveform]:
    """Return the recordings of music that come with gradio by name, mono, from their first sample on, peak 0.8."""
    import gradio.media

    from app.media import read_audio

    found = {}
    for name in RECORDINGS:
        read = resample(read_audio(Path(gradio.media.get_audio(f"{name}.wav"))), sample_rate)
        found[name] = Waveform(_normal(read.samples.mean(axis=0)[:n_samples]), sample_rate)
    return found


def _normal(samples: np.ndarray) -> np.ndarray:
    """Return [1, T] float32 with peak 0.8."""
    return (0.8 * samples / np.abs(samples).max())[None].astype(np.float32)


def _note(midi: float, seconds: float, sample_rate: int, decay: float, n_partials: int, tilt: float) -> np.ndarray:
    """Return one decaying harmonic note; partials above 9.5 kHz are left out."""
    time = np.arange(int(seconds * sample_rate)) / sample_rate
    pitch = 440.0 * 2 ** ((midi - 69) / 12)
    partials = [k for k in range(1, n_partials + 1) if k * pitch < 9500]
    sound = np.zeros(len(time))
    for k in partials:
        sound += np.sin(2 * np.pi * k * pitch * time + k * k) * k**-tilt * np.exp(-time * decay * (1 + 0.3 * k))
    return sound * np.minimum(1.0, time / 0.004)


def _place(out: np.ndarray, at: float, sound: np.ndarray, sample_rate: int, gain: float = 1.0) -> None:
    """Add a sound to out at a time in seconds; what hangs over the end is dropped."""
    first = int(at * sample_rate)
    room = max(0, len(out) - first)
    out[first : first + len(sound)] += gain * sound[:room]


def _band(seconds: float, sample_rate: int) -> np.ndarray:
    """Chords, a bass, kick, snare and hi-hat at 120 beats per minute."""
    rng = np.random.default_rng(1)
    out = np.zeros(int(seconds * sample_rate) + 1)
    chords = ([57, 60, 64], [53, 57, 60], [48, 55, 64], [55, 59, 62])
    for beat in range(int(seconds * 2) + 1):
        chord = chords[beat // 4 % 4]
        for midi in chord:
            _place(out, beat * 0.5, _note(midi, 0.9, sample_rate, 2.5, 12, 1.2), sample_rate, 0.3)
        _place(out, beat * 0.5, _note(chord[0] - 24, 0.45, sample_rate, 3.0, 8, 1.0), sample_rate, 0.6)
        time = np.arange(int(0.2 * sample_rate)) / sample_rate
        kick = np.sin(2 * np.pi * (50 * time + 8 * (1 - np.exp(-time * 30)))) * np.exp(-time * 18)
        snare = rng.standard_normal(len(time)) * np.exp(-time * 25)
        _place(out, beat * 0.5, kick if beat % 2 == 0 else 0.4 * snare, sample_rate)
        for half in (0.0, 0.25):
            hat = np.diff(rng.standard_normal(len(time) + 1)) * np.exp(-time * 70)
            _place(out, beat * 0.5 + half, hat, sample_rate, 0.12)
    return out


def _arpeggio(seconds: float, sample_rate: int) -> np.ndarray:
    """Plucked sixteenth notes with three echoes."""
    out = np.zeros(int(seconds * sample_rate) + 1)
    pattern = [45, 57, 60, 64, 69, 64, 60, 57, 41, 53, 57, 60, 65, 60, 57, 53]
    for index in range(int(seconds * 8) + 1):
        note = _note(pattern[index % 16] + 12 * (index // 16 % 2), 0.7, sample_rate, 5.0, 20, 0.9)
        for echo in range(4):
            _place(out, index * 0.125 + echo * 0.19, note, sample_rate, 0.45**echo)
    return out


def _voice(seconds: float, sample_rate: int) -> np.ndarray:
    """A gliding voice with vibrato and moving formants over a soft pad."""
    time = np.arange(int(seconds * sample_rate) + 1) / sample_rate
    pitch = 180 * 2 ** (0.35 * np.sin(2 * np.pi * 0.31 * time) + 0.02 * np.sin(2 * np.pi * 5.5 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / sample_rate
    out = np.zeros(len(time))
    for k in range(1, 36):
        frequency = k * pitch
        formants = sum(
            gain * np.exp(-(((frequency - centre) / width) ** 2))
            for gain, centre, width in (
                (1.0, 600 + 250 * np.sin(2 * np.pi * 0.4 * time), 250.0),
                (0.6, 1500 + 600 * np.sin(2 * np.pi * 0.27 * time), 400.0),
                (0.25, 3200.0, 900.0),
            )
        )
        out += np.sin(k * phase + k) * (formants + 0.02) * (frequency < 9500)
    for midi in (45, 52, 57, 61):
        out[: len(time)] += 0.25 * np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * time)
    return out
