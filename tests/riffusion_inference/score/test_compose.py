"""A written piece fills its part: whole bars, sections that return, a close on the tonic inside it."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riffusion_inference.errors import SettingError
from riffusion_inference.score.brief import Brief, read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.datatypes import Score
from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.midi import midi_from_score, score_from_midi

PROMPTS = ("calm piano", "techno 128 bpm", "epic orchestral", "waltz, accordion", "lo-fi", "rock", "ambient pads", "")


def last_chord(score: Score) -> int:
    """Tick of the section "ending"."""
    return next(section.tick for section in score.sections if section.name == "ending")


@given(st.sampled_from(PROMPTS), st.fractions(Fraction(1, 5), 90), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_a_piece_closes_on_the_tonic_inside_its_part(prompt: str, duration: Fraction, seed: int) -> None:
    score = write_score(read_prompt(prompt), duration, seed)
    assert score.key is not None
    assert duration - Fraction(1, 100) < score.duration <= duration
    assert all(note.tick + note.ticks <= score.end for note in score.notes)
    final = [note for note in score.notes if note.tick >= last_chord(score)]
    lead = [note for note in final if note.layer == "lead"]
    assert lead
    assert all(note.key % 12 == score.key.tonic for note in lead)
    assert last_chord(score) in score.bar_lines()
    assert write_score(read_prompt(prompt), duration, seed) == score


@pytest.mark.parametrize("genre", GENRES)
def test_every_genre_can_be_written_and_kept_as_midi(genre: str) -> None:
    score = write_score(Brief(genre=genre), Fraction(24), 5)
    assert len(score.notes) > 10
    assert score_from_midi(midi_from_score(score)).score == score


def test_sections_come_back_and_seeds_differ() -> None:
    brief = replace(read_prompt("folk, 120 bpm, acoustic guitar melody"), meter=(4, 4))
    score = write_score(brief, Fraction(62), 1)
    bar = 4 * score.ticks_per_quarter
    starts = [section.tick for section in score.sections if section.name == "a"]

    def leads(score: Score, first: int) -> list[tuple[int, int]]:
        inside = [note for note in score.notes if note.layer == "lead" and first <= note.tick + 20 < first + 4 * bar]
        return [(round((note.tick - first) / 120), note.key) for note in inside]

    assert len(starts) >= 2
    first, again = leads(score, starts[0]), leads(score, starts[1])
    assert len(set(first) & set(again)) > 0.7 * len(first)
    other = leads(write_score(brief, Fraction(62), 2), starts[0])
    assert len(set(first) & set(other)) < 0.5 * len(first)


FIELDS: dict[str, dict[str, Any]] = {
    "genre": {"genre": "metal"},
    "mood": {"mood": "scary"},
    "bpm": {"bpm": 77.0},
    "pace": {"pace": "very fast"},
    "meter": {"meter": (3, 4)},
    "tonic": {"tonic": 6},
    "minor": {"minor": True},
    "instruments": {"instruments": ("harp",)},
    "without": {"without": ("piano", "electric guitar", "synth", "voice", "saw lead")},
    "solo": {"solo": True},
    "drums": {"drums": False},
    "density": {"density": "busy"},
    "dynamics": {"dynamics": "loud"},
    "articulation": {"articulation": "staccato"},
    "texture": {"texture": "arpeggio"},
    "energy": {"energy": "high"},
}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_brief_changes_the_music(name: str) -> None:
    plain = Brief(genre="pop")
    scores = [write_score(brief, Fraction(20), 3) for brief in (plain, replace(plain, **FIELDS[name]))]
    assert scores[0].notes != scores[1].notes


def test_what_is_asked_for_is_there() -> None:
    score = write_score(read_prompt("rock in E minor, 133 bpm, no drums, trumpet"), Fraction(20), 4)
    assert score.tempi[0].bpm == pytest.approx(133, rel=1e-4)
    assert score.key is not None
    assert (score.key.tonic, score.key.minor) == (4, True)
    assert all(note.layer != "drums" for note in score.notes)
    assert any(note.program == INSTRUMENTS["trumpet"].program for note in score.notes if note.layer == "lead")
    alone = write_score(read_prompt("solo flute"), Fraction(20), 4)
    assert {note.program for note in alone.notes} == {INSTRUMENTS["flute"].program}


def test_energy_drives_how_much_happens() -> None:
    rising = [place / 20 for place in range(21)]
    score = write_score(read_prompt("house, 124 bpm"), Fraction(60), 1, energy=rising)
    half = score.end // 2
    loud = [sum(n.velocity for n in score.notes if (n.tick < half) == early) for early in (True, False)]
    assert loud[1] > 1.5 * loud[0]


def test_ten_minutes_are_written_in_a_second_and_have_sections() -> None:
    brief = read_prompt("drum and bass")
    began = time.perf_counter()
    score = write_score(brief, Fraction(600), 1)
    assert time.perf_counter() - began < 3.0
    assert len(score.sections) > 10
    assert {section.name for section in score.sections} >= {"a", "b", "c", "ending"}


def test_parts_that_are_too_short_or_too_long_are_refused() -> None:
    for seconds in (Fraction(1, 10), Fraction(601)):
        with pytest.raises(SettingError, match=r"0\.2 to 600"):
            write_score(Brief(), seconds, 1)
