"""A written piece fills its part: whole bars, sections that return, a close on the tonic inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riffusion_inference.errors import SettingError
from riffusion_inference.notation.score import Key, Score, ScoreNote
from riffusion_inference.score.brief import Brief, read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.midi import midi_from_score, score_from_midi
from riffusion_inference.score.sketch import draw_sketch
from riffusion_inference.score.taste import PACES

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
    others = [leads(write_score(brief, Fraction(62), seed), starts[0]) for seed in range(2, 10)]
    shared = [len(set(first) & set(other)) / len(first) for other in others]
    assert np.mean(shared) < 0.25
    assert max(shared) < 0.7


@pytest.mark.parametrize("prompt", [*PROMPTS, "harp", "church organ", "glockenspiel, slow"])
def test_the_last_chord_has_died_away_where_the_part_ends(prompt: str) -> None:
    for seed in range(2):
        score = write_score(read_prompt(prompt), Fraction(12), seed)
        sketch = draw_sketch(score.played(), 600)
        chord = sketch[:, int(50 * score.seconds(last_chord(score))) :]
        assert chord[:, -2:].max() < 0.1 * chord.max()


def written(**fields: Any) -> list[Score]:
    """Pop of 20 s with some fields set, with five seeds."""
    return [write_score(replace(Brief(genre="pop"), **fields), Fraction(20), seed) for seed in range(5)]


def mean(scores: list[Score], measure: Callable[[Score], float]) -> float:
    """Mean of a measure over scores."""
    return float(np.mean([measure(score) for score in scores]))


def velocity(score: Score) -> float:
    return float(np.mean([note.velocity for note in score.notes]))


def lead_notes(score: Score) -> list[ScoreNote]:
    return [note for note in score.notes if note.layer == "lead" and note.tick < last_chord(score)]


def n_leads(score: Score) -> float:
    return len(lead_notes(score)) / float(score.duration)


def held(score: Score) -> float:
    return float(np.mean([note.ticks for note in lead_notes(score)]))


def bpm(score: Score) -> float:
    return score.tempi[0].bpm


def minor(score: Score) -> float:
    assert score.key is not None
    return float(score.key.minor)


def programs(score: Score, layer: str) -> set[int]:
    return {note.program for note in score.notes if note.layer == layer}


def test_fields_that_say_how_much_change_how_much() -> None:
    """Busy has more notes, loud is louder, staccato shorter, fast faster."""
    busy, medium, sparse = (written(density=density, texture="melody") for density in ("busy", "medium", "sparse"))
    assert mean(busy, n_leads) > 1.3 * mean(medium, n_leads) > 1.3 * 1.3 * mean(sparse, n_leads)
    loud, soft = written(dynamics="loud"), written(dynamics="soft")
    assert mean(loud, velocity) > 1.4 * mean(soft, velocity)
    legato, staccato = written(articulation="legato"), written(articulation="staccato")
    assert mean(legato, held) > 2 * mean(staccato, held)
    high, low = written(energy="high"), written(energy="low")
    assert mean(high, velocity) > 1.4 * mean(low, velocity)
    assert mean(high, lambda score: len(score.notes)) > 1.2 * mean(low, lambda score: len(score.notes))
    for pace, (slowest, fastest) in PACES.items():
        assert all(0.93 * slowest <= bpm(score) <= 1.07 * fastest for score in written(pace=pace)), pace
    assert all(bpm(score) == pytest.approx(77, rel=1e-4) for score in written(bpm=77.0))


def test_fields_that_say_what_are_what_is_written() -> None:
    """Key, mode, meter, instruments, solo, drums and texture are in the notes."""
    assert all(score.key == Key(6, minor=True) for score in written(tonic=6, minor=True))
    assert mean(written(mood="sad"), minor) > 0.5 > mean(written(mood="happy"), minor)
    for score in written(meter=(3, 4)):
        lines = score.bar_lines()
        assert {after - before for before, after in pairwise(lines)} == {3 * score.ticks_per_quarter}
        assert last_chord(score) in lines
    for score in written(instruments=("harp", "organ", "synth bass")):
        assert programs(score, "lead") == {INSTRUMENTS["harp"].program}
        assert programs(score, "chords") == {INSTRUMENTS["organ"].program}
        assert programs(score, "bass") == {INSTRUMENTS["synth bass"].program}
    banned = ("piano", "electric guitar", "bass guitar")
    for score in written(without=banned):
        assert not {note.program for note in score.notes if note.layer != "drums"} & {
            INSTRUMENTS[name].program for name in banned
        }
    assert all(len({note.layer for note in score.notes}) >= 3 for score in written(drums=True))
    assert not any(programs(score, "drums") for score in written(drums=False))
    alone = written(solo=True, instruments=("flute",))
    assert all({note.program for note in score.notes} == {INSTRUMENTS["flute"].program} for score in alone)
    metal = written(genre="metal")
    assert all(programs(score, "chords") == {INSTRUMENTS["distorted guitar"].program} for score in metal)
    thick = {texture: mean(written(texture=texture), thickness) for texture in ("chords", "melody", "riff", "arpeggio")}
    assert thick["chords"] > 2
    assert max(thick["melody"], thick["riff"], thick["arpeggio"]) < 1.3


def thickness(score: Score) -> float:
    notes = lead_notes(score)
    return len(notes) / max(len({round(note.tick / 40) for note in notes}), 1)


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


def test_ten_minutes_have_sections() -> None:
    score = write_score(read_prompt("drum and bass"), Fraction(600), 1)
    assert len(score.sections) > 10
    assert {section.name for section in score.sections} >= {"a", "b", "c", "ending"}


def test_parts_that_are_too_short_or_too_long_are_refused() -> None:
    for seconds in (Fraction(1, 10), Fraction(601)):
        with pytest.raises(SettingError, match=r"0\.2 to 600"):
            write_score(Brief(), seconds, 1)
