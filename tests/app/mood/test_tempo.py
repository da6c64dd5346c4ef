"""Tempo that fits: whole bars for a part of any length, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import MoodError
from app.mood.tempo import MAX_BPM, MIN_BPM, fit_tempo, named_bpm, part_bpm

durations = st.fractions(min_value=Fraction(1, 5), max_value=600, max_denominator=100_000)


@given(durations, st.floats(60, 170))
def test_any_length_is_a_whole_number_of_bars(duration: Fraction, desired: float) -> None:
    tempo = fit_tempo(duration, desired)
    assert tempo.bars >= 1
    assert tempo.bars * 4 * 60 / tempo.bpm == duration
    assert tempo.duration == duration


@given(durations.filter(lambda d: d >= Fraction(24, 17)), st.floats(60, 170))
def test_the_tempo_is_one_that_people_hear_as_such(duration: Fraction, desired: float) -> None:
    assert MIN_BPM <= fit_tempo(duration, desired).bpm <= MAX_BPM
    assert fit_tempo(duration, desired).is_musical


@given(durations.filter(lambda d: d >= 4), st.floats(60, 170))
def test_no_other_number_of_bars_is_nearer(duration: Fraction, desired: float) -> None:
    tempo = fit_tempo(duration, desired)

    def ratio(bpm: float) -> float:
        return max(bpm / desired, desired / bpm)

    for bars in (tempo.bars - 1, tempo.bars + 1):
        other = Fraction(bars * 240) / duration
        if MIN_BPM <= other <= MAX_BPM:
            assert ratio(float(tempo.bpm)) <= ratio(float(other)) + 1e-9


def test_a_very_short_part_is_one_fast_bar() -> None:
    tempo = fit_tempo(Fraction(1, 2), 90)
    assert (tempo.bars, tempo.bpm, tempo.is_musical) == (1, 480, False)


def test_cuts_pull_the_tempo_to_their_beat() -> None:
    duration = Fraction(12)
    cuts = [Fraction(3 * k, 5) for k in range(1, 20)]  # every 0.6 s: 100 bpm
    assert fit_tempo(duration, 112).bpm == 120
    with_cuts = fit_tempo(duration, 112, cuts)
    assert with_cuts.bpm == 100
    assert with_cuts.cut_error == 0


@pytest.mark.parametrize(
    ("duration", "desired"), [(Fraction(0), 90.0), (Fraction(5), 0.0), (Fraction(5), float("nan"))]
)
def test_what_cannot_be_is_a_sentence(duration: Fraction, desired: float) -> None:
    with pytest.raises(MoodError, match=r"must be (longer than 0 s|above 0)"):
        fit_tempo(duration, desired)


@pytest.mark.parametrize(
    ("prompt", "bpm"),
    [
        ("slow steady rhythm at 64 BPM; piano", 64.0),
        ("techno 128bpm", 128.0),
        ("97.5 beats per minute", 97.5),
        ("an 808 beat, 1980 style", None),
        ("at 12 BPM", None),
        ("5000 bpm", None),
    ],
)
def test_a_prompts_tempo_is_read(prompt: str, bpm: float | None) -> None:
    assert named_bpm(prompt) == bpm


def test_a_rounded_tempo_means_the_exact_one_that_fits() -> None:
    duration = Fraction(5033, 1000)
    fitting = fit_tempo(duration, 95)
    assert fitting.bpm.denominator != 1
    assert part_bpm(f"at {round(fitting.bpm)} BPM", duration) == float(fitting.bpm)
    assert part_bpm("at 110 BPM", duration) == 110
    assert part_bpm("calm piano", duration) is None
