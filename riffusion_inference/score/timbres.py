"""How instruments sound on the embedded checkpoint's grid: partials, attack, decay and noise, from a table of numbers.

`training.timbres` measures the table from a soundfont, note by note; here it is read and turned into the picture of one
note. An instrument has a few anchors, a handful of semitones apart. An anchor has the frequencies of its partials
relative to the key's own, the strength of each at OFFSETS from the onset, the noise between them in N_NOISE bands, and
how the note dies away when the key is released. Strengths are kept as fourth roots, as the picture shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import SpectrogramParams
from riffusion_inference.spectrogram.filters import mel_filterbank

Array = NDArray[np.float32]
GRID = SpectrogramParams(sample_rate=22050, n_fft=4410, win_length=2205, hop_length=441, n_mels=256)
"""The grid that the table was measured on, which is the embedded checkpoint's."""
OFFSETS = np.array((-60, -40, -20, 0, 20, 40, 60, 80, 120, 180, 260, 400, 600, 900, 1400, 2200, 3200), dtype=np.float32)
"""Times of a note's picture, in ms from the onset; a frame's window reaches 50 ms to either side, so -60 is silent."""
RELEASE_OFFSETS = np.array(
    (-60, -40, -20, 0, 20, 40, 60, 80, 120, 180, 260, 400, 600, 900, 1400, 2200), dtype=np.float32
)
"""Times of a release, in ms from the moment the key is let go."""
N_NOISE = 16
"""Bands of noise, 16 rows of the grid each."""
DRUM_ROWS = np.concatenate(
    [np.arange(0, 32), np.arange(32, 64, 2), np.arange(64, 128, 4), np.arange(128, 256, 8), [256]]
)
"""First rows of the bands in which drums are kept: single rows at the bottom, eight at a time at the top."""
LEVELS = 63
"""Strengths are whole numbers from 0 to this, the fourth root of the amplitude over the sound's loudest."""
INAUDIBLE = 0.05
"""Fourth root of an amplitude ratio, 104 dB down, below which a released note is no longer drawn."""
MAX_RING_MS = 8000.0
"""Longest that a note is drawn after its release."""
FADED_DB = 30.0
"""How far under its loudest a note has died away: under what else is heard in a film it is gone."""
TABLE = Path(__file__).with_name("timbres.npz")


@dataclass(frozen=True)
class Anchor:
    """One note that was measured."""

    program: int
    """General MIDI program; 128 and on: drum set + 128."""
    key: int
    """MIDI key."""
    scale: float
    """Amplitude on the grid of a strength of LEVELS, at full velocity and volume."""
    ratios: Array
    """[P], frequency of each partial over the key's own; none for a drum."""
    partials: NDArray[np.uint8]
    """[P, len(OFFSETS)], strengths."""
    noise: NDArray[np.uint8]
    """[bands, len(OFFSETS)], strengths: N_NOISE bands, or for a drum a band for each of DRUM_ROWS."""
    release: Array
    """[len(RELEASE_OFFSETS)], fourth root of the amplitude over a held note's; empty for a drum."""


@dataclass(frozen=True)
class NotePicture:
    """The picture of one note at full velocity and volume, on the grid's rows but at OFFSETS in time."""

    roots: Array
    """[n_mels, len(OFFSETS)], fourth roots of mel amplitudes."""
    release: Array
    """As in Anchor."""

    @property
    def ring_ms(self) -> float:
        """How long it can be heard after its release."""
        if self.release.size == 0:
            return float(OFFSETS[-1])
        heard = np.flatnonzero(self.release > INAUDIBLE)
        last = int(heard[-1]) if heard.size else 0
        return float(RELEASE_OFFSETS[last + 1]) if last + 1 < len(RELEASE_OFFSETS) else MAX_RING_MS

    def held(self, since_onset: Array) -> Array:
        """Fourth roots of amplitudes of a held note, [n_mels, F], for frames [F] in ms from the onset.

        After the last offset it goes on as it went before it, row by row, but grows no more.
        """
        place = np.interp(since_onset, OFFSETS, np.arange(len(OFFSETS)))
        left = np.minimum(place.astype(int), len(OFFSETS) - 2)
        weight = (place - left).astype(np.float32)
        roots = self.roots[:, left] * (1 - weight) + self.roots[:, left + 1] * weight
        steps = (since_onset - OFFSETS[-1]) / (OFFSETS[-1] - OFFSETS[-2])
        beyond = steps > 0
        if beyond.any():
            ratio = np.minimum(self.roots[:, -1] / np.maximum(self.roots[:, -2], 1e-9), 1.0)
            roots[:, beyond] *= ratio[:, None] ** steps[None, beyond]
        return np.asarray(roots, dtype=np.float32)

    def let_go(self, since_release: Array) -> Array:
        """Factor [F] on the roots for frames [F] in ms from the release; 1 before it."""
        if self.release.size == 0:
            return np.ones(len(since_release), dtype=np.float32)
        factor = np.interp(since_release, RELEASE_OFFSETS, self.release)
        steps = (since_release - RELEASE_OFFSETS[-1]) / (RELEASE_OFFSETS[-1] - RELEASE_OFFSETS[-2])
        ratio = min(float(self.release[-1] / max(self.release[-2], 1e-9)), 1.0)
        return np.asarray(factor * ratio ** np.maximum(steps, 0), dtype=np.float32)


@lru_cache(maxsize=1)
def anchors() -> dict[int, tuple[Anchor, ...]]:
    """Read the table: the anchors of each program, in order of key."""
    return read_table(TABLE)


def read_table(path: Path) -> dict[int, tuple[Anchor, ...]]:
    """Read a table that `training.timbres` wrote."""
    with np.load(path) as stored:
        table = {name: stored[name] for name in stored}  # Each look into the file unpacks the whole array.
    programs, keys, counts = table["programs"], table["keys"], table["counts"]
    ends, noise_ends = np.cumsum(counts), np.cumsum(table["noise_counts"])
    found: dict[int, list[Anchor]] = {}
    for index, (program, key) in enumerate(zip(programs, keys, strict=True)):
        rows = slice(int(ends[index] - counts[index]), int(ends[index]))
        noise = slice(int(noise_ends[index] - table["noise_counts"][index]), int(noise_ends[index]))
        release = table["releases"][index].astype(np.float32) / 255
        anchor = Anchor(
            int(program),
            int(key),
            float(table["scales"][index]),
            table["ratios"][rows].astype(np.float32),
            table["partials"][rows],
            table["noise"][noise],
            release if program < 128 else release[:0],
        )
        found.setdefault(int(program), []).append(anchor)
    return {program: tuple(sorted(some, key=lambda one: one.key)) for program, some in found.items()}


@lru_cache(maxsize=2048)
def note_picture(program: int, key: int) -> NotePicture:
    """Draw one note of an instrument; a program that was not measured borrows the nearest that was.

    Args:
        program: General MIDI program; for drums the drum set + 128.
        key: MIDI key.
    """
    return picture_of(nearest_anchor(program, key), key)


def nearest_anchor(program: int, key: int) -> Anchor:
    """Return the anchor that lies nearest to a key; for drums the drum itself, else that of the standard set."""
    table = anchors()
    if program < 128:
        return min(table[nearest_program(program)], key=lambda one: abs(one.key - key))
    for candidate in (*table.get(program, ()), *table[128]):
        if candidate.key == key:
            return candidate
    return min(table[128], key=lambda one: abs(one.key - key))


@lru_cache(maxsize=1024)
def fade_seconds(program: int, key: int, held: float) -> float:
    """How long a note is heard: seconds from its onset until it stays FADED_DB under its loudest.

    Args:
        program: General MIDI program, no drum set.
        key: MIDI key.
        held: seconds until the key is let go.
    """
    anchor = nearest_anchor(program, key)
    strongest = NotePicture((anchor.partials / LEVELS).astype(np.float32), anchor.release)
    times = np.arange(0, 1000 * held + MAX_RING_MS, 20, dtype=np.float32)
    roots = strongest.held(times).max(0, initial=0) * strongest.let_go(times - 1000 * held)
    heard = np.flatnonzero(roots > roots.max() * 10 ** (-FADED_DB / 80))
    return float(times[heard[-1]] + 20) / 1000 if heard.size else 0.0


def nearest_program(program: int) -> int:
    """Return a General MIDI program if it was measured, else the nearest, in its family of eight if it can be."""
    known = [number for number in anchors() if number < 128]
    return min(known, key=lambda number: (number // 8 != program // 8, abs(number - program)))


def picture_of(anchor: Anchor, key: int) -> NotePicture:
    """Draw an anchor's sound at a key."""
    if anchor.program >= 128:
        centres = (DRUM_ROWS[:-1] + DRUM_ROWS[1:] - 1) / 2
        roots = _spread(anchor.noise, centres)
        return NotePicture(roots * (anchor.scale**0.25 / LEVELS), anchor.release)
    frequencies = 440.0 * 2.0 ** ((key - 69) / 12) * anchor.ratios
    amplitudes = (anchor.partials.astype(np.float32) / LEVELS) ** 4
    audible = frequencies < GRID.f_max
    tonal = lobes(frequencies[audible], amplitudes[audible])
    height = GRID.n_mels // N_NOISE
    centres = np.asarray(np.arange(N_NOISE) * height + (height - 1) / 2)
    hiss = _spread(anchor.noise, centres) / LEVELS
    both = np.sqrt(tonal**2 + hiss**8) * anchor.scale
    return NotePicture((both**0.25).astype(np.float32), anchor.release)


def lobes(frequencies: Array, amplitudes: Array) -> Array:
    """Draw steady partials through the window and the mel filters.

    The window spreads a partial over the transform's bins; partials that meet in a bin add up by power, since their
    phases are unknown; the mel filters then add up magnitudes. A partial of amplitude 1 has 1 in its middle bin.

    Args:
        frequencies: [P] in Hz.
        amplitudes: [P, T].
    Returns:
        [n_mels, T] float32.
    """
    bins = np.linspace(0.0, GRID.sample_rate // 2, GRID.n_fft // 2 + 1, dtype=np.float32)
    power = np.zeros((len(bins), amplitudes.shape[1]), dtype=np.float32)
    width = GRID.sample_rate / GRID.win_length
    for frequency, amplitude in zip(frequencies, amplitudes, strict=True):
        # Beyond 30 widths of a bin a Hann window's side lobes are 100 dB down.
        first, last = np.searchsorted(bins, (frequency - 30 * width, frequency + 30 * width))
        away = (bins[first:last] - frequency) / width
        # The transform of a Hann window; 0/0 at one bin's distance, where it is a half.
        shape = np.sinc(away) / np.where(np.abs(np.abs(away) - 1) < 1e-3, 1e9, 1 - away**2)
        shape += np.where(np.abs(np.abs(away) - 1) < 1e-3, 0.5, 0.0)
        power[first:last] += np.outer(shape**2, amplitude**2)
    return np.asarray(mel_filterbank(GRID).T @ np.sqrt(power), dtype=np.float32)


def _spread(strengths: NDArray[np.uint8], centres: NDArray[Any]) -> Array:
    """Interpolate bands [bands, T] to the grid's rows [n_mels, T]."""
    rows = np.arange(GRID.n_mels)
    columns = [np.interp(rows, centres, column) for column in strengths.T.astype(np.float32)]
    return np.stack(columns, axis=1).astype(np.float32)
