"""A score as a picture: every note drawn as its instrument sounds, dry, on the embedded checkpoint's grid.

The notes' pictures come from `timbres`; here they are stretched to their length and added up. What a picture of the
real sound has besides, and the diffusion model paints: the room, partials that beat with each other, the players.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.notation.notes import DRUMS, Note, note_gain
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.timbres import GRID, OFFSETS, Array, nearest_program, note_picture

MAX_RISE_MS = 60.0
"""Longest rise that is looked for: a player would not begin earlier for a beat."""
HOP_MS = 1000.0 * GRID.hop_length / GRID.sample_rate


def draw_sketch(notes: Iterable[Note], n_frames: int, start: float = 0.0, *, loop: float | None = None) -> Array:
    """Draw notes as mel amplitudes.

    Args:
        notes: in any order; those outside the window cost nothing.
        n_frames: width, frames of 20 ms.
        start: seconds from the beginning of the piece to the first frame.
        loop: seconds after which the piece begins again, as often as the window shows; None: it does not.
    Returns:
        [n_mels, n_frames] float32, linear, >= 0, on the scale of samples in [-1, 1].
    """
    power = np.zeros((GRID.n_mels, n_frames), dtype=np.float32)
    end = start + n_frames * HOP_MS / 1000
    for note in notes if loop is None else _repeated(notes, loop, start, end):
        program = note.program + 128 if note.layer == DRUMS else note.program
        picture = note_picture(program, note.key)
        onset, release = 1000 * (note.start - start), 1000 * (note.start - start + note.duration)
        first = max(0, int(np.ceil((onset + OFFSETS[0]) / HOP_MS)))
        last = min(n_frames, int(np.ceil((release + picture.ring_ms) / HOP_MS)))
        if first < last:
            times = np.arange(first, last, dtype=np.float32) * HOP_MS
            roots = picture.held(times - onset) * picture.let_go(times - release)
            amplitudes = np.square(np.square(roots)) * note_gain(note)
            power[:, first:last] += np.square(amplitudes)
    return np.sqrt(power)


def _repeated(notes: Iterable[Note], loop: float, start: float, end: float) -> Iterator[Note]:
    """Every note as often as it is played or still heard between two moments, loop after loop."""
    for note in notes:
        picture = note_picture(note.program + 128 if note.layer == DRUMS else note.program, note.key)
        lasts = note.duration + picture.ring_ms / 1000
        first = math.ceil((start - lasts - note.start) / loop)
        last = math.floor((end - float(OFFSETS[0]) / 1000 - note.start) / loop)
        yield from (replace(note, start=note.start + times * loop) for times in range(first, last + 1))


@lru_cache(maxsize=1024)
def rise_seconds(program: int, key: int) -> float:
    """How long after its onset a note grows most, seconds, >= 0: when an ear hears it begin.

    Args:
        program: General MIDI program, no drum set.
        key: MIDI key.
    """
    times = np.arange(0, MAX_RISE_MS + 1, 2.0, dtype=np.float32)
    amplitudes = np.sqrt((note_picture(program, key).held(times) ** 8).sum(0))
    return float(times[int(np.diff(amplitudes).argmax())]) / 1000


def borrowed_sounds(notes: Iterable[Note]) -> tuple[str, ...]:
    """One sentence for each instrument that is drawn as another, since it was not measured."""
    names = {instrument.program: instrument.name for instrument in reversed(INSTRUMENTS.values())}
    programs = sorted({note.program for note in notes if note.layer != DRUMS})
    return tuple(
        f"General MIDI program {program + 1} is painted as {names[nearest_program(program)]}."
        for program in programs
        if nearest_program(program) != program
    )


def pixels_of(mel_amplitudes: Array, loudest: float | None = None) -> NDArray[np.uint8]:
    """Draw mel amplitudes [n_mels, F] as pixels [n_mels, F], white is silence, low frequencies at the bottom.

    Args:
        mel_amplitudes: linear, >= 0.
        loudest: the amplitude that is black; None: the loudest there is.
    """
    black = max(float(mel_amplitudes.max()) if loudest is None else loudest, 1e-9)
    scaled = np.minimum(mel_amplitudes / black, 1.0) ** GRID.power_for_image
    return np.asarray(np.round(255.0 - 255.0 * scaled[::-1]), dtype=np.uint8)
