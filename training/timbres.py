"""Measures how the soundfont's instruments sound on the checkpoint's grid, for the sketch of a score.

`python -m training.timbres --soundfont FILE` plays every instrument that the composer knows, a note every few
semitones, and every drum; finds the partials, their strength over time, the noise between them and the release; and
writes the numbers to riffusion_inference/score/timbres.npz. Nothing of the soundfont itself is kept.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import Waveform
from riffusion_inference.notation.notes import Note, note_gain
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.patterns import DRUM_SETS, DRUMS
from riffusion_inference.score.timbres import (
    DRUM_ROWS,
    GRID,
    LEVELS,
    N_NOISE,
    OFFSETS,
    RELEASE_OFFSETS,
    TABLE,
    Anchor,
    picture_of,
)
from riffusion_inference.spectrogram.mel import mel_from_waveform
from training.render import SAMPLE_RATE, SOUNDFONT, play

Floats = NDArray[np.float64]
LEAD_IN = 0.2
"""Seconds of silence before a measured note."""
HELD = 3.6
"""Seconds that a measured note is held."""
LET_GO = 0.4
"""Seconds after which a note is let go of to measure its release."""
VELOCITY = 100
KEY_STEP = 5
"""Semitones between anchors."""
MAX_PARTIALS = 40
FLOOR = 10 ** (-78 / 20)
"""Partials weaker than this, beside the strongest, are not kept."""
STANDARD_DRUMS = range(35, 82)
LOBE = 3.0
"""Power of a partial over all bins of the transform, over that of its middle bin: Hann, padded to twice its length."""
APART = 24.0
"""Hz between partials that the grid's window can tell apart."""
FINE = 8192
"""Samples of the window in which partials are told apart."""


def measure_note(program: int, key: int, soundfont: Path) -> Anchor | None:
    """Measure one note of a melodic instrument; None where the soundfont has none."""
    note = Note(LEAD_IN, HELD, key, VELOCITY, program, "lead")
    samples = play([note], round((LEAD_IN + HELD) * SAMPLE_RATE), soundfont) / note_gain(note)
    mel = _mel(samples)
    if mel.max() < 1e-3:
        return None
    frequencies = find_partials(samples[round(LEAD_IN * SAMPLE_RATE) :], 440.0 * 2 ** ((key - 69) / 12))
    strengths = partial_strengths(samples, frequencies)
    scale = max(float(strengths.max()), 1e-9)
    ratios = (frequencies / (440.0 * 2 ** ((key - 69) / 12))).astype(np.float32)
    release = measure_release(program, key, mel, soundfont)
    tonal = Anchor(program, key, scale, ratios, _levels(strengths / scale), _no_noise(), release)
    noise = measure_noise(mel, picture_of(tonal, key).roots ** 4)
    return Anchor(program, key, scale, ratios, tonal.partials, _levels(noise / scale), release)


def measure_drum(drum_set: int, key: int, soundfont: Path) -> Anchor | None:
    """Measure one drum; None where the set has none on this key."""
    note = Note(LEAD_IN, 0.1, key, VELOCITY, drum_set, "drums")
    samples = play([note], round((LEAD_IN + HELD) * SAMPLE_RATE), soundfont) / note_gain(note)
    mel = _at_offsets(_mel(samples))
    if mel.max() < 1e-3:
        return None
    bands = np.stack([mel[a:b].mean(0) for a, b in itertools.pairwise(DRUM_ROWS)])
    scale = float(bands.max())
    nothing = np.zeros((0, len(OFFSETS)), np.uint8)
    empty = np.zeros(0, np.float32)
    return Anchor(drum_set + 128, key, scale, empty, nothing, _levels(bands / scale), empty)


def find_partials(held: NDArray[np.float32], own: float) -> Floats:
    """Find the frequencies of the strongest partials, far enough apart for the grid to tell them apart, rising.

    Args:
        held: samples from the onset on.
        own: the key's frequency in Hz.
    """
    step = SAMPLE_RATE / (4 * FINE)
    spectrum = _fine_spectrum(held)
    spectrum[: int(20 / step)] = 0
    spectrum[int(GRID.f_max / step) :] = 0
    rest, weakest = spectrum.copy(), FLOOR * spectrum.max()
    found: list[float] = []
    # Vibrato and chorus make one partial several peaks, and the grid's window makes what is near one peak.
    narrow = min(APART, 0.45 * own)
    while len(found) < MAX_PARTIALS and rest.max() > weakest:
        peak = int(rest.argmax())
        reach = int(max(narrow, min(0.4 * own, 0.02 * peak * step)) / step)
        near = slice(max(peak - reach, 0), peak + reach + 1)
        if spectrum[peak] >= spectrum[near].max():
            weights = spectrum[near] ** 2
            places = np.arange(near.start, near.start + len(weights)) * step
            found.append(float((places * weights).sum() / weights.sum()))
        rest[near] = 0
    return np.sort(np.array(found or [own]))


def _fine_spectrum(held: NDArray[np.float32]) -> Floats:
    """Root mean square of the spectra of three moments of a held note, through a window whose skirts are 92 dB down.

    Source: Harris 1978, the four-term Blackman-Harris window.
    """
    turns = 2 * np.pi * np.arange(FINE) / FINE
    window = 0.35875 - 0.48829 * np.cos(turns) + 0.14128 * np.cos(2 * turns) - 0.01168 * np.cos(3 * turns)
    starts = [round(seconds * SAMPLE_RATE) for seconds in (0.03, 0.25, 0.7)]
    spectra = [np.abs(np.fft.rfft(held[at : at + FINE] * window, 4 * FINE)) for at in starts]
    return np.asarray(np.sqrt(np.mean(np.square(spectra), axis=0)))


def partial_strengths(samples: NDArray[np.float32], frequencies: Floats) -> Floats:
    """Measure each partial's magnitude in its middle bin, [P, len(OFFSETS)]."""
    padded = np.pad(samples.astype(np.float64), GRID.win_length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, GRID.win_length)[:: GRID.hop_length]
    power = np.abs(np.fft.rfft(_at_offsets(frames.T).T * np.hanning(GRID.win_length), GRID.n_fft)) ** 2
    step = GRID.sample_rate / GRID.n_fft
    middles = (frequencies[:-1] + frequencies[1:]) / 2
    lows, highs = np.concatenate([[0.0], middles]), np.concatenate([middles, [GRID.sample_rate / 2]])
    strengths = []
    for frequency, low, high in zip(frequencies, lows, highs, strict=True):
        reach = 22.0 + 0.008 * frequency
        first, last = round(max(low, frequency - reach) / step), round(min(high, frequency + reach) / step)
        strengths.append(np.sqrt(power[:, first : max(last, first + 1)].sum(1) / LOBE))
    return np.stack(strengths)


def measure_noise(mel: Floats, tonal: NDArray[np.float32]) -> Floats:
    """Measure what the picture of a note has between its partials: the median of the rest in each band of rows."""
    rest = np.sqrt(np.maximum(_at_offsets(mel) ** 2 - tonal**2, 0))
    return np.asarray(np.median(rest.reshape(N_NOISE, -1, len(OFFSETS)), axis=1))


def measure_release(program: int, key: int, held_mel: Floats, soundfont: Path) -> NDArray[np.float32]:
    """Measure how a note dies away when the key is let go: fourth roots over the same note held on."""
    note = Note(LEAD_IN, LET_GO, key, VELOCITY, program, "lead")
    samples = play([note], round((LEAD_IN + HELD) * SAMPLE_RATE), soundfont) / note_gain(note)
    frames = np.round((1000 * (LEAD_IN + LET_GO) + RELEASE_OFFSETS) * SAMPLE_RATE / 1000 / GRID.hop_length).astype(int)
    let_go, held = (np.sqrt((mel[:, frames] ** 2).sum(0)) for mel in (_mel(samples), held_mel))
    ratio = np.clip(let_go / np.maximum(held, 1e-6 * held_mel.max()), 0, 1)
    return np.asarray(np.minimum.accumulate(np.where(ratio < 1e-4, 0, ratio)) ** 0.25, dtype=np.float32)


def _mel(samples: NDArray[np.float32]) -> Floats:
    """Mel amplitudes [n_mels, F]."""
    mel = mel_from_waveform(Waveform(samples[None], SAMPLE_RATE), GRID).mel_amplitudes[0]
    return np.asarray(mel, dtype=np.float64)


def _at_offsets(frames: Floats) -> Floats:
    """Pick the frames [..., F] at OFFSETS from the measured note's onset."""
    places = np.round((1000 * LEAD_IN + OFFSETS) * SAMPLE_RATE / 1000 / GRID.hop_length).astype(int)
    return np.asarray(frames[..., places])


def _levels(amplitudes: Floats) -> NDArray[np.uint8]:
    """Amplitudes as whole fourth roots."""
    return np.round(np.clip(amplitudes, 0, 1) ** 0.25 * LEVELS).astype(np.uint8)


def _no_noise() -> NDArray[np.uint8]:
    return np.zeros((N_NOISE, len(OFFSETS)), np.uint8)


def measure_all(soundfont: Path) -> Iterator[Anchor]:
    """Measure every instrument of the composer and every drum; drums that equal the standard set's are left out."""
    for instrument in INSTRUMENTS.values():
        for key in range(max(instrument.low - 3, 24), instrument.high + 4, KEY_STEP):
            anchor = measure_note(instrument.program, key, soundfont)
            if anchor is not None:
                yield anchor
    standard = {key: measure_drum(0, key, soundfont) for key in STANDARD_DRUMS}
    yield from (anchor for anchor in standard.values() if anchor is not None)
    for number in sorted(set(DRUM_SETS.values()) - {0}):
        names = {name for name, value in DRUM_SETS.items() if value == number}
        grooves = [lines for kit, lines in DRUMS.values() if kit in names]
        for key in sorted({*range(35, 58), *(key for lines in grooves for key in lines)}):
            anchor, usual = measure_drum(number, key, soundfont), standard.get(key)
            if anchor is not None and (usual is None or not _alike(anchor, usual)):
                yield anchor


def _alike(first: Anchor, second: Anchor) -> bool:
    """Whether two drums' pictures hardly differ."""
    a, b = (one.noise / LEVELS * one.scale**0.25 for one in (first, second))
    return bool(np.abs(a - b).mean() < 0.01 * b.max())


def write_table(anchors: list[Anchor], path: Path) -> None:
    """Write anchors as one compressed file of arrays."""
    releases = [np.pad(one.release, (0, len(RELEASE_OFFSETS) - one.release.size)) for one in anchors]
    np.savez_compressed(
        path,
        programs=np.array([one.program for one in anchors], np.uint16),
        keys=np.array([one.key for one in anchors], np.uint8),
        scales=np.array([one.scale for one in anchors], np.float32),
        counts=np.array([len(one.ratios) for one in anchors], np.uint8),
        noise_counts=np.array([len(one.noise) for one in anchors], np.uint8),
        ratios=np.concatenate([one.ratios for one in anchors]).astype(np.float16),
        partials=np.concatenate([one.partials for one in anchors]),
        noise=np.concatenate([one.noise for one in anchors]),
        releases=np.round(np.stack(releases) * 255).astype(np.uint8),
    )


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, measure, write the table."""
    parser = argparse.ArgumentParser(description="Measure the soundfont's instruments for the sketch of a score.")
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT)
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args(arguments)
    anchors = list(measure_all(options.soundfont))
    write_table(anchors, options.table)
    print(f"{len(anchors)} notes measured, {options.table.stat().st_size} bytes")


if __name__ == "__main__":
    main()
