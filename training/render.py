"""Turns notes into sound: a General MIDI soundfont, a room and a little mastering."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.notation.notes import LAYER_VOLUME, Note
from riffusion_inference.score.genres import GENRES
from training.composer import compose
from training.piece import Piece

SAMPLE_RATE = 22050
DRUM_CHANNEL = 9
PEAK = 0.89
SOUNDFONT = Path("/usr/share/sounds/sf3/FluidR3Mono_GM.sf3")
"""Debian's fluidr3mono-gm-soundfont."""


@functools.cache
def load_synth(soundfont: Path) -> tuple[Any, int]:
    """Load a soundfont once in each process; needs the `tinysoundfont` wheel, which only training uses."""
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE, gain=-6)
    return synth, synth.sfload(str(soundfont))


def render(piece: Piece, seconds: float, soundfont: Path) -> NDArray[np.float32]:
    """Compose a piece and play it.

    Args:
        piece: what to play.
        seconds: length.
        soundfont: SF2 or SF3 file.
    Returns:
        [T] float32 at SAMPLE_RATE, peak 0.89; the same piece and soundfont give the same samples.
    """
    return render_notes(piece, compose(piece, seconds), seconds, soundfont)


def render_notes(piece: Piece, notes: list[Note], seconds: float, soundfont: Path) -> NDArray[np.float32]:
    """Play notes in the room of a piece; returns [T] as `render` does."""
    return master(piece, play(notes, round(seconds * SAMPLE_RATE), soundfont))


def play(notes: list[Note], n_samples: int, soundfont: Path) -> NDArray[np.float32]:
    """Play notes with the soundfont, no effects; returns [T] float32."""
    synth, font = load_synth(soundfont)
    channels = _set_up_channels(synth, font, notes)
    events = []
    for note in notes:
        channel = DRUM_CHANNEL if note.layer == "drums" else channels[note.layer, note.program]
        start = round(note.start * SAMPLE_RATE)
        end = max(round((note.start + note.duration) * SAMPLE_RATE), start + 64)
        events.append((end, 0, channel, note.key, 0))
        events.append((start, 1, channel, note.key, note.velocity))
    output = np.zeros(n_samples, dtype=np.float32)
    position = 0
    for when, on, channel, key, velocity in sorted(events):
        if when >= n_samples:
            break
        if when > position:
            output[position:when] = _generate(synth, when - position)
            position = when
        if on:
            synth.noteon(channel, key, velocity)
        else:
            synth.noteoff(channel, key)
    output[position:] = _generate(synth, n_samples - position)
    synth.sounds_off()
    for channel in range(16):
        synth.sounds_off(channel)
    _generate(synth, SAMPLE_RATE // 2)
    return output


def _set_up_channels(synth: Any, font: int, notes: list[Note]) -> dict[tuple[str, int], int]:
    """Give each (layer, program) a channel and its volume."""
    channels: dict[tuple[str, int], int] = {}
    for note in notes:
        if note.layer == "drums":
            synth.program_select(DRUM_CHANNEL, font, 128, note.program, True)
            synth.control_change(DRUM_CHANNEL, 7, LAYER_VOLUME["drums"])
        elif (note.layer, note.program) not in channels:
            channel = len(channels)
            channels[note.layer, note.program] = channel
            synth.program_select(channel, font, 0, note.program, False)
            synth.control_change(channel, 7, LAYER_VOLUME[note.layer])
    return channels


def _generate(synth: Any, n_samples: int) -> NDArray[np.float32]:
    """Let the synthesizer run; returns the mean of left and right, [n_samples]."""
    if n_samples <= 0:
        return np.zeros(0, dtype=np.float32)
    stereo = np.frombuffer(bytes(synth.generate(n_samples)), dtype=np.float32).reshape(-1, 2)
    return stereo.mean(axis=1)


def master(piece: Piece, dry: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add a room, a slight tilt of the spectrum and soft limiting; peak 0.89, silence stays silence."""
    rng = np.random.default_rng([piece.seed, 2])
    share = float(np.clip(GENRES[piece.genre].reverb * rng.uniform(0.6, 1.3), 0, 0.7))
    seconds = 0.4 + 2.4 * share
    n_fft = 1 << int(np.ceil(np.log2(dry.size + seconds * SAMPLE_RATE)))
    spectrum = np.fft.rfft(dry, n_fft)
    frequencies = np.maximum(np.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE), 30.0)
    spectrum *= (frequencies / 1000.0) ** rng.uniform(-0.06, 0.06)
    wet = np.fft.irfft(spectrum * np.fft.rfft(_room(round(seconds * SAMPLE_RATE), rng), n_fft), n_fft)[: dry.size]
    direct = np.fft.irfft(spectrum, n_fft)[: dry.size]
    mixed = direct * (1 - 0.5 * share) + wet * share
    peak = float(np.abs(mixed).max())
    if peak < 1e-6:
        return np.zeros_like(dry)
    loud = np.tanh(mixed / peak * rng.uniform(1.2, 2.0))
    return (loud * (PEAK / np.abs(loud).max())).astype(np.float32)


def _room(n_samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A room's impulse response: noise that decays by 60 dB, duller towards its end, energy 1."""
    time = np.arange(n_samples) / n_samples
    noise = rng.normal(size=n_samples) * 10 ** (-3 * time)
    dull = np.convolve(noise, np.ones(8) / 8, mode="same")
    tail = noise * (1 - time) * 0.4 + dull * (0.4 + time)
    tail[: SAMPLE_RATE // 100] *= 0.2
    return np.asarray(tail / np.sqrt(np.sum(tail**2)))
