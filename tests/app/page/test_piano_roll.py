"""The piano roll: what lies where, what is said, and what there is room for."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from app.page.follow_lane import follow_lane
from app.page.music_words import chord_name, instrument_names, key_name, tempo_text
from app.page.piano_roll import Axis, labels, piano_roll
from app.page.render import render
from app.result.facts import HitFacts, ScoreFacts
from riffusion_inference.notation.score import Accent, Chord, Key, Meter, Score, ScoreNote, Section, Tempo
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score

TWO_BARS = Score(
    notes=(
        ScoreNote(0, "lead", 73, 72, 960, 100),
        ScoreNote(0, "bass", 32, 36, 480, 50),
        ScoreNote(1920, "lead", 73, 76, 480, 80),
        ScoreNote(1920, "drums", 32, 36, 60, 110),
        ScoreNote(1920, "drums", 32, 42, 60, 40),
    ),
    end=3840,
    key=Key(9, minor=True),
    sections=(Section(0, "a"), Section(1920, "<b>")),
    chords=(Chord(0, 9, (0, 3, 7)), Chord(1920, 4, (0, 4, 7, 10))),
    accents=(Accent(1920, 0.9),),
)
"""Four seconds at 120 BPM in 4/4."""


def boxes(path: str) -> list[tuple[int, int, int]]:
    """Left edge, row and length of the notes in a path."""
    return [(int(x), int(y), int(w)) for x, y, w in re.findall(r"M(\d+) (\d+)h(\d+)v1", path)]


def test_everything_lies_at_its_time_on_the_spectrograms_axis() -> None:
    roll = piano_roll(TWO_BARS, Fraction(5), "take 1")
    assert roll.bars == "M0 0v1M4000 0v1"
    assert roll.beats == "M1000 0v1M2000 0v1M3000 0v1M5000 0v1M6000 0v1M7000 0v1"
    assert roll.accents == ("40.00%",)
    assert [(one.x, one.width) for one in roll.sections] == [("0.00%", "40.00%"), ("40.00%", "60.00%")]
    assert [(one.text, one.x) for one in roll.chords] == [("Am", "0.00%"), ("E7", "40.00%")]
    assert [one.text for one in roll.bar_numbers] == ["1", "2"]
    lead = [box for voice in roll.voices if voice.layer == "lead" for box in boxes(voice.path)]
    assert [(x, round(length, -2)) for x, _, length in sorted(lead)] == [(0, 2000), (4000, 1000)]


def test_higher_notes_lie_higher_and_louder_ones_are_stronger() -> None:
    roll = piano_roll(TWO_BARS, Fraction(4), "take 1")
    rows = {(voice.layer, voice.strength): boxes(voice.path)[0][1] for voice in roll.voices}
    assert rows["lead", "loud"] - rows["lead", "medium"] == 76 - 72
    assert rows["bass", "soft"] - rows["lead", "loud"] == 72 - 36
    assert all(0 <= row < roll.rows for row in rows.values())
    drums = {voice.strength: boxes(voice.path)[0][1] for voice in roll.drums}
    assert roll.drum_rows == 2
    assert drums == {"soft": 0, "loud": 1}, "the hi-hat lies above the bass drum"


def test_a_bent_tempo_moves_what_comes_after_it() -> None:
    bent = Score((), 3840, (Tempo(0, 500_000), Tempo(1920, 520_000)))
    assert Axis(bent, Fraction(408, 100)).units(2400) == round(10_000 * 2.52 / 4.08)
    assert tempo_text(bent) == "115.4 to 120 BPM"


def test_what_is_behind_the_right_edge_is_cut_off() -> None:
    roll = piano_roll(TWO_BARS, Fraction(1), "take 1")
    found = [box for voice in (*roll.voices, *roll.drums) for box in boxes(voice.path)]
    assert len(found) == 2
    assert all(x + length <= 10_000 for x, _, length in found)
    assert len(roll.sections) == 1


def test_a_screen_reader_is_told_what_the_picture_shows() -> None:
    html = render("piano_roll", roll=piano_roll(TWO_BARS, Fraction(5), "take 1"), lane=None)
    assert 'role="img"' in html
    said = re.search(r'aria-label="([^"]*)"', html)
    assert said is not None
    for words in ("take 1", "2 bars", "4/4", "120 BPM", "A minor", "Lead: flute", "jazz kit", "1 accent"):
        assert words in said[1]
    assert "&lt;b&gt;" in html
    assert "<b>" not in html.lower()


@pytest.mark.parametrize("seconds", [Fraction(1, 5), Fraction(512, 100), Fraction(600)])
def test_any_length_is_a_few_elements_and_every_word_has_room(seconds: Fraction) -> None:
    score = write_score(read_prompt("house, drums"), seconds, 5)
    roll = piano_roll(score, seconds, "take 1")
    assert len(roll.voices) + len(roll.drums) <= 12
    for shown in (roll.chords, roll.section_names, roll.bar_numbers):
        for width, flag in ((320, "narrow"), (700, "wide")):
            places = [(float(it.x[:-1]) / 100 * width, it) for it in shown if getattr(it, flag) and not it.at_end]
            ends = [left + 7 * len(it.text) for left, it in places]
            assert all(end <= left for end, (left, _) in zip(ends, places[1:], strict=False))
            assert all(end <= width for end in ends)
    lines = [int(x) for x in re.findall(r"M(\d+) 0v1", roll.bars)]
    assert len(lines) <= 45


def test_words_that_have_no_room_are_left_out() -> None:
    first, second = labels([("Intro", 0.0), ("A", 0.1), ("B", 0.5)])[::2]
    assert (first.narrow, second.text) == (True, "B")
    assert [(one.narrow, one.wide) for one in labels([("Intro", 0.0), ("A", 0.1)])] == [(True, True), (False, True)]


def test_names_are_those_of_musicians() -> None:
    assert [key_name(Key(tonic, minor=False)) for tonic in (6, 1, 10)] == ["F♯ major", "D♭ major", "B♭ major"]
    assert [key_name(Key(tonic, minor=True)) for tonic in (6, 8, 10)] == ["F♯ minor", "G♯ minor", "B♭ minor"]
    assert chord_name(Chord(0, 3, (0, 4, 7, 11)), Key(10, minor=False)) == "E♭maj7"
    assert chord_name(Chord(0, 3, (0, 3, 7, 10, 14)), Key(4, minor=False)) == "D♯m"
    score = Score((ScoreNote(0, "lead", 127, 60, 9, 64), ScoreNote(0, "drums", 77, 36, 9, 64)), 480)
    assert instrument_names(score) == {"lead": ["General MIDI program 128"], "drums": ["percussion"]}


def test_a_score_of_nothing_is_a_picture_too() -> None:
    roll = piano_roll(Score((), 480, meters=(Meter(0, 3, 4),)), Fraction(1, 2), "take 1")
    assert roll.voices == roll.drums == roll.legend == ()
    assert "3/4" in roll.says


def test_cuts_are_marked_by_whether_the_music_meets_them() -> None:
    cuts = (HitFacts("2", 1.0), HitFacts("5/2", 0.5), HitFacts("7", 1.0))
    facts = ScoreFacts("written", cuts=cuts, peaks=(HitFacts("2", 0.7), HitFacts("3", 0.9)), energy=(0.0, 1.0, 0.5))
    lane = follow_lane(facts, TWO_BARS, Fraction(4))
    assert lane is not None
    marks = [(one.x, one.kind) for one in lane.moments]
    assert marks == [("50.00%", "met"), ("62.50%", "missed"), ("50.00%", "peak")], (
        "what is missed of motion is no matter"
    )
    assert lane.energy == "M0 100L0 100 5000 0 10000 50L10000 100z"
    assert [kind for kind, _ in lane.legend] == ["energy", "met", "missed", "peak"]
    assert "1 of 2 cuts are met; 1 peak of motion is met" in lane.says
    html = render("piano_roll", roll=piano_roll(TWO_BARS, Fraction(4), "take 1"), lane=lane)
    assert html.count('role="img"') == 2
    assert html.count('<line class="missed"') == 1


def test_music_that_follows_nothing_has_no_lane() -> None:
    assert follow_lane(None, TWO_BARS, Fraction(4)) is None
    assert follow_lane(ScoreFacts("given"), TWO_BARS, Fraction(4)) is None
