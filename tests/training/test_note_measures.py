"""The measures of notes find what was played, and not what was played at another time or in another key."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from riffusion_inference.datatypes import Waveform
from riffusion_inference.notation.notes import Note
from training.note_measures import note_figures, rise_map
from training.sound_measures import measure_sound

RATE = 22050
NOTES = [
    Note(0.4 + 0.5 * place, 0.4, key, 100, 0, "lead") for place, key in enumerate((60, 67, 64, 72, 69, 62, 65, 71))
]


def tones(notes: list[Note], seconds: float = 5.0) -> NDArray[np.float32]:
    """Eight partials for each note, dying away."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros_like(time)
    for note in notes:
        since = time - note.start
        fade = np.clip((note.duration - since) / 0.1, 0, 1) ** 2
        envelope = np.where(since >= 0, np.exp(-3 * np.maximum(since, 0)) * fade, 0)
        own = 440 * 2 ** ((note.key - 69) / 12)
        sound += envelope * sum(np.sin(2 * np.pi * own * order * time) / order for order in range(1, 9))
    return (0.2 * sound).astype(np.float32)


def test_notes_are_heard_where_they_are_written_and_nowhere_else() -> None:
    rises = rise_map(tones(NOTES), RATE)
    figures = note_figures(rises, NOTES)
    assert figures.heard == 1.0
    assert figures.shifted <= 0.3
    assert figures.transposed <= 0.2
    assert figures.error_ms <= 30
    assert figures.precision >= 0.8
    assert note_figures(rises, [replace(note, key=note.key + 1) for note in NOTES]).precision <= 0.3


def test_half_of_the_notes_are_half_heard_and_drums_do_not_count() -> None:
    rises = rise_map(tones(NOTES[::2]), RATE)
    assert note_figures(rises, NOTES).heard == pytest.approx(0.5, abs=0.13)
    drums = [replace(note, layer="drums", key=36) for note in NOTES]
    assert note_figures(rises, [*NOTES[::2], *drums]).heard == 1.0
    assert np.isnan(note_figures(rises, drums).heard)


def test_tones_are_told_from_noise_and_rests_from_a_steady_sound() -> None:
    rng = np.random.default_rng(0)
    clean, hiss = tones(NOTES), rng.normal(0, 0.05, 5 * RATE).astype(np.float32)
    of_tones, of_both, of_hiss = (
        measure_sound(Waveform(samples[None], RATE)) for samples in (clean, clean + hiss, hiss)
    )
    assert of_tones.harmonics_db > of_both.harmonics_db + 6 > of_hiss.harmonics_db + 12
    assert of_tones.floor_db < of_both.floor_db - 20
    assert of_tones.range_db > of_both.range_db > of_hiss.range_db
    assert of_tones.together > of_hiss.together + 0.3
