"""A sketch has every note at its time, its pitch and its strength, and any window of it is the same as the whole."""

from __future__ import annotations

import time

import numpy as np
import pytest

from riffusion_inference.notation.notes import Note, note_gain
from riffusion_inference.score.sketch import borrowed_sounds, draw_sketch, pixels_of
from riffusion_inference.score.timbres import GRID, anchors, note_picture


def row_of(hertz: float) -> int:
    """The grid's row that a frequency lies in."""
    mel = 2595 * np.log10(1 + hertz / 700)
    return round(mel / (2595 * np.log10(1 + GRID.f_max / 700)) * (GRID.n_mels + 1)) - 1


@pytest.mark.parametrize("program", [0, 40, 73, 33])
def test_a_note_stands_at_its_time_and_its_pitch(program: int) -> None:
    mel = draw_sketch([Note(1.0, 0.5, 57, 100, program, "lead")], 150)
    assert mel[:, :47].max() == 0
    assert mel[:, 55].max() > 10 * mel[:, 120].max()
    strongest = {int(row) for row in np.argsort(mel[:, 55])[-40:]}
    partials = {row_of(220 * order) for order in range(1, 7)}
    assert any(abs(row - partial) <= 1 for row in strongest for partial in partials)


def test_louder_is_louder_in_proportion() -> None:
    soft, loud = (draw_sketch([Note(0.2, 0.5, 60, velocity, 0, "lead")], 50) for velocity in (40, 80))
    np.testing.assert_allclose(2 * soft, loud, rtol=1e-4)
    assert note_gain(Note(0, 1, 60, 100, 0, "chords")) < note_gain(Note(0, 1, 60, 100, 0, "lead"))


def test_a_window_of_a_sketch_is_the_sketch_of_the_window() -> None:
    notes = [Note(0.3 * place, 0.5, 50 + place, 90, 24, "lead") for place in range(12)]
    notes += [Note(0.6 * place, 0.1, 36, 110, 0, "drums") for place in range(6)]
    whole = draw_sketch(notes, 250)
    np.testing.assert_allclose(draw_sketch(notes, 100, start=2.0), whole[:, 100:200], rtol=1e-3, atol=1e-4)


def test_every_program_and_drum_can_be_drawn() -> None:
    for program in range(128):
        assert np.isfinite(note_picture(program, 60).roots).all()
    for drum_set in (0, 25, 99):
        for key in range(27, 88):
            assert note_picture(128 + drum_set, key).roots.max() > 0
    assert len(anchors()) > 60


def test_an_instrument_that_was_not_measured_is_said_to_be_borrowed() -> None:
    notes = [Note(0, 1, 60, 90, program, "lead") for program in (0, 1, 121)] + [Note(0, 1, 36, 90, 1, "drums")]
    assert borrowed_sounds(notes) == (
        "General MIDI program 2 is painted as piano.",
        "General MIDI program 122 is painted as taiko.",
    )


def test_pixels_are_white_in_silence_and_black_where_it_is_loudest() -> None:
    assert (pixels_of(draw_sketch([], 20)) == 255).all()
    pixels = pixels_of(draw_sketch([Note(0.1, 0.5, 69, 100, 0, "lead")], 50))
    assert pixels.min() == 0
    assert pixels.shape == (256, 50)


def test_a_minute_takes_well_under_a_second() -> None:
    notes = [Note(0.125 * place, 0.3, 48 + place % 24, 90, 0, "lead") for place in range(480)]
    draw_sketch(notes, 100)
    began = time.perf_counter()
    draw_sketch(notes, 3000)
    assert time.perf_counter() - began < 2.0
