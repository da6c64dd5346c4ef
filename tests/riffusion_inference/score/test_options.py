"""Every attribute of a brief is an option too, which wins over the words and refuses what cannot be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from riffusion_inference.errors import SettingError
from riffusion_inference.notation.score import Score
from riffusion_inference.score.brief import Brief, read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.options import CHOICES, with_options


def test_an_option_wins_over_the_words_and_is_told_in_their_place() -> None:
    brief = read_prompt("sad piano with drums, 90 bpm in C major")
    changed = with_options(
        brief, mood="happy", bpm=100, key="a minor", instruments="Geige, cello", drums=False, energy="high"
    )
    assert (changed.mood, changed.bpm, changed.tonic, changed.minor) == ("happy", 100, 9, True)
    assert (changed.instruments, changed.drums, changed.solo) == (("violin", "cello"), False, None)
    assert changed.sentence() == "Read as: happy, 100 BPM, A minor, violin, cello, no drums, high energy."
    assert with_options(brief) == brief
    assert with_options(brief, genre=None) == brief


def test_a_solo_that_was_only_implied_goes_with_what_implied_it() -> None:
    alone = read_prompt("calm piano")
    assert alone.solo
    assert not with_options(alone, genre="techno").solo
    assert not with_options(alone, drums="yes").solo
    assert with_options(alone, drums="yes", solo="yes").solo
    assert with_options(Brief(), instruments=["harp"]).solo
    assert with_options(read_prompt("flute and harp"), solo=True).instruments == ("flute",)


def test_a_word_for_a_pace_and_a_tempo_do_not_stand_side_by_side() -> None:
    assert with_options(read_prompt("slow rock"), bpm=150).pace is None
    assert with_options(read_prompt("rock at 150 bpm"), pace="slow").bpm is None


@pytest.mark.parametrize("name", CHOICES)
def test_everything_that_is_listed_is_taken(name: str) -> None:
    for value in CHOICES[name]:
        assert with_options(Brief(), **{name: value}) != Brief(), value


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"genre": "phonk"}, "'phonk' is not known, and trap is nearest: choose one of techno, house"),
        ({"mood": "sadd"}, "'sadd' is not known, and sad is nearest: choose one of happy"),
        ({"bpm": 400}, "Tempo in BPM is 400.0, but must be from 40 to 240"),
        ({"bpm": "quick"}, "The tempo 'quick' is not a number: choose 40 to 240"),
        ({"key": "X minor"}, "'X minor' is not known, and G minor is nearest"),
        ({"meter": "13/4"}, "'13/4' is not known, and 3/4 is nearest: choose one of 2/4"),
        ({"instruments": "piano, braam"}, "'braam' is not known, and brass section is nearest"),
        ({"instruments": " , "}, "No instrument is named"),
        ({"drums": "maybe"}, "Drums is 'maybe', but must be yes or no"),
        ({"solo": True, "instruments": "piano, cello"}, "Solo is for one instrument, but piano and cello are chosen"),
        ({"speed": 3}, "There is no option 'speed' for the music: choose one of bpm, genre"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(option: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingError) as refused:
        with_options(Brief(), **option)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "tonic", "minor"),
    [("Am", 9, True), ("F#", 6, None), ("bb major", 10, False), ("h-Moll", 11, True), ("sol mayor", 7, False)],
)
def test_keys_are_read_as_people_type_them(typed: str, tonic: int, minor: bool | None) -> None:
    brief = with_options(Brief(), key=typed)
    assert (brief.tonic, brief.minor) == (tonic, minor)


def test_an_introduction_grows_and_leads_on_and_an_ending_fades() -> None:
    def written(**options: Any) -> Score:
        return write_score(with_options(read_prompt("folk, acoustic guitar"), **options), Fraction(24), 3)

    def loud(score: Score, first: int, last: int) -> float:
        return sum(n.velocity * n.ticks for n in score.notes if first <= score.seconds(n.tick) < last)

    intro, ending, plain = written(section="intro"), written(section="ending"), written()
    assert loud(intro, 0, 8) < 0.6 * loud(intro, 16, 24)
    assert loud(ending, 0, 8) > 2 * loud(ending, 14, 22)
    assert (
        [section.name for section in plain.sections][-1]
        == [section.name for section in ending.sections][-1]
        == "ending"
    )
    assert "ending" not in {section.name for section in intro.sections}
