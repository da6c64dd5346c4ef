"""Loops repeat without a seam, music runs on across a cut, and the parts of one film go together."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riffusion_inference.errors import ScoreError
from riffusion_inference.notation.notes import Note
from riffusion_inference.score.brief import Brief, read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.film import excerpt, joined, main_bpm, related
from riffusion_inference.score.open_form import departures
from riffusion_inference.score.sketch import draw_sketch

PROMPTS = ("calm piano", "techno 128 bpm", "waltz, accordion", "epic, 6/8", "")


@given(st.sampled_from(PROMPTS), st.fractions(Fraction(1, 5), 90), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_loop_is_whole_bars_that_fill_the_part(prompt: str, duration: Fraction, seed: int) -> None:
    score = write_score(read_prompt(prompt), duration, seed, loop=True)
    assert abs(score.duration - duration) <= Fraction(1, 1_000_000)
    bar = 4 * score.ticks_per_quarter * score.meters[0].beats // score.meters[0].unit
    assert score.end % bar == 0
    assert all(section.name != "ending" for section in score.sections)
    assert all(note.tick + note.ticks <= score.end for note in score.notes)
    assert score.notes


def test_a_loops_sketch_begins_as_it_ends() -> None:
    notes = write_score(read_prompt("ambient pads"), Fraction(6), 1, loop=True).played()
    looped = draw_sketch(notes, 300, loop=6.0)
    second_time = draw_sketch(notes, 300, start=6.0, loop=6.0)
    np.testing.assert_allclose(looped, second_time, rtol=1e-3, atol=1e-6)


def test_what_rings_over_a_loops_end_is_heard_at_its_beginning() -> None:
    notes = [Note(1.0, 4.95, 57, 100, 48, "lead")]
    once, looped = draw_sketch(notes, 300), draw_sketch(notes, 300, loop=6.0)
    assert once[:, :40].max() == 0
    assert looped[:, :5].max() > 0.2 * once.max()
    assert looped[:, :5].max() > looped[:, 30:40].max()


def test_a_loop_that_cannot_keep_its_tempo_says_so() -> None:
    brief = read_prompt("rock, 100 bpm")
    assert departures(brief, write_score(brief, Fraction(48, 5), 1, loop=True)) == ()
    sentences = departures(brief, write_score(brief, Fraction(6), 1, loop=True))
    assert sentences == ("The tempo is 120 BPM, not 100, so that whole bars fill the 6 s of the loop.",)
    short = read_prompt("4/4, 120 bpm")
    assert "the loop is a bar of 1/4" in departures(short, write_score(short, Fraction(1, 2), 1, loop=True))[0]
    assert departures(brief, write_score(brief, Fraction(6), 1)) == ()


def test_music_without_an_ending_plays_to_the_end() -> None:
    for seed in range(5):
        score = write_score(read_prompt("house, 124 bpm"), Fraction(20), seed, ending=False)
        last = max(note.tick + note.ticks for note in score.notes)
        assert Fraction("19.99") < score.duration <= 20
        assert last > score.end - 2 * score.ticks_per_quarter
        assert main_bpm(score) == pytest.approx(124, rel=1e-4)


def test_parts_of_a_film_share_their_key_and_their_tempi_belong_together() -> None:
    first = write_score(read_prompt("lo-fi, 80 bpm, in D minor"), Fraction(20), 1)
    for prompt in ("techno", "sad piano", "waltz", "drum and bass", "happy ukulele"):
        brief = related(read_prompt(prompt), first)
        assert brief.bpm is not None
        assert min(abs(brief.bpm / 80 / ratio - 1) for ratio in (0.5, 2 / 3, 1, 1.5, 2)) < 0.001
        assert (brief.tonic, brief.minor) in ((2, True), (5, False))
        assert write_score(brief, Fraction(10), 2).key
    own = read_prompt("rock, 133 bpm, E minor")
    assert related(own, first) == own


def test_scores_are_joined_and_cut_again() -> None:
    parts = [write_score(Brief(genre=genre), Fraction(8), 3, ending=False) for genre in ("rock", "waltz")]
    whole = joined(parts)
    assert whole.end == sum(part.end for part in parts)
    assert len(whole.notes) == sum(len(part.notes) for part in parts)
    again = excerpt(whole, parts[0].duration, whole.duration)
    assert (again.notes, again.tempi, again.end) == (parts[1].notes, parts[1].tempi, parts[1].end)
    assert again.bar_lines() == parts[1].bar_lines()
    middle = excerpt(whole, Fraction(3), Fraction(5))
    assert abs(middle.duration - 2) < Fraction(1, 500)
    assert {line for line in middle.bar_lines() if line} <= {
        line - whole.tick_at(Fraction(3)) for line in whole.bar_lines()
    }
    with pytest.raises(ScoreError, match="not inside the score"):
        excerpt(whole, Fraction(3), Fraction(30))
    with pytest.raises(ScoreError, match="at least one"):
        joined([])
