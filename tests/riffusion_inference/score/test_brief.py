"""Prompts as people write them are read for what they say, in four languages; what is not understood is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.lexicon import lexicon, words_of
from riffusion_inference.score.quantities import read_quantities
from riffusion_inference.score.words import MOODS, TEMPO_WORDS

SAID: dict[str, dict[str, Any]] = {
    "calm piano": {"mood": "calm", "instruments": ("piano",), "solo": True},
    "solo violin, slow, sad": {"instruments": ("violin",), "solo": True, "pace": "slow", "mood": "sad"},
    "epic trailer with braams and big drums, 90 bpm": {"genre": "epic", "drums": True, "bpm": 90, "dynamics": "loud"},
    "phonk, 130bpm": {"genre": "trap", "bpm": 130, "mood": "dark"},
    "k-pop dance track, bright synths": {"genre": "pop", "energy": "high", "instruments": ("synth",)},
    "corporate ukulele, happy": {"genre": "corporate", "instruments": ("acoustic guitar",), "mood": "happy"},
    "noir saxophone": {"genre": "jazz", "instruments": ("saxophone",), "mood": "dark"},
    "lo-fi hip hop beats to study to": {"genre": "lo-fi", "drums": True},
    "dark techno 128 BPM no vocals": {"genre": "techno", "mood": "dark", "bpm": 128, "without": ("voice",)},
    "acoustic guitar and cello duet in D minor": {
        "instruments": ("acoustic guitar", "cello"),
        "tonic": 2,
        "minor": True,
        "solo": False,
    },
    "a waltz in F# minor, 3/4, 92 bpm": {"genre": "waltz", "tonic": 6, "minor": True, "meter": (3, 4), "bpm": 92},
    "upbeat electronic dance music, driving drums and synth bass, 120 BPM": {
        "genre": "house",
        "drums": True,
        "instruments": ("synth bass",),
        "bpm": 120,
    },
    "no drums, ambient pads, dreamy": {"drums": False, "genre": "ambient", "mood": "dreamy", "solo": None},
    "jazz trio, brushes, 160": {"genre": "jazz", "bpm": 160, "drums": True, "solo": None},
    "Am, bossa nova": {"tonic": 9, "minor": True, "genre": "bossa nova"},
    "a minor key piano piece": {"minor": True, "tonic": None, "instruments": ("piano",), "solo": True},
    "heavy metal in E minor 180 bpm": {"genre": "metal", "tonic": 4, "minor": True, "bpm": 180},
    "music for a sunset, gentle": {"mood": "calm", "dynamics": "soft"},
    "voilin and pinao": {"instruments": ("violin", "piano")},
    "B flat major trumpet fanfare": {"tonic": 10, "minor": False, "instruments": ("trumpet",)},
    "90-100 bpm reggae": {"bpm": 95, "genre": "reggae"},
    "not too fast, harp": {"pace": None, "instruments": ("harp",)},
    "8-bit": {"genre": "chiptune", "bpm": None},
    "drums only": {"drums": True, "instruments": ()},
    "traurige Klaviermusik in a-Moll, langsam, ohne Schlagzeug": {
        "mood": "sad",
        "genre": "classical piano",
        "tonic": 9,
        "minor": True,
        "pace": "slow",
        "drums": False,
    },
    "fröhlicher Walzer mit Akkordeon und Geige": {
        "mood": "happy",
        "genre": "waltz",
        "meter": (3, 4),
        "instruments": ("accordion", "violin"),
    },
    "h-Moll, Streicher, düster": {"tonic": 11, "minor": True, "instruments": ("strings",), "mood": "dark"},
    "ruhige Gitarre, 80 Schläge pro Minute": {"mood": "calm", "instruments": ("acoustic guitar",), "bpm": 80},
    "música de piano triste en la menor": {"genre": "classical piano", "mood": "sad", "tonic": 9, "minor": True},
    "guitarra española alegre, rápida, con batería": {
        "instruments": ("acoustic guitar",),
        "mood": "happy",
        "pace": "fast",
        "drums": True,
    },
    "flauta y arpa, soñador, sin percusión": {"instruments": ("flute", "harp"), "mood": "dreamy", "drums": False},
    "musique de film épique avec chœur et cuivres, 100 bpm": {
        "genre": "epic",
        "instruments": ("choir", "brass section"),
        "bpm": 100,
    },
    "berceuse douce à la harpe": {"genre": "lullaby", "mood": "calm", "instruments": ("harp",)},
    "piano et violoncelle, mélancolique, très lent": {
        "instruments": ("piano", "cello"),
        "mood": "sad",
        "pace": "very slow",
    },
    "si bémol majeur, orgue": {"tonic": 10, "minor": False, "instruments": ("organ",)},
}


@pytest.mark.parametrize("prompt", SAID)
def test_what_a_prompt_says_is_read(prompt: str) -> None:
    brief = read_prompt(prompt)
    assert {name: getattr(brief, name) for name in SAID[prompt]} == SAID[prompt], brief.sentence()


@pytest.mark.parametrize("prompt", ["asdf qwer zxcv", "🎵🔥", "xkcd", "!!!", "東京"])
def test_nonsense_is_said_to_be_nonsense(prompt: str) -> None:
    brief = read_prompt(prompt)
    assert not brief.read
    assert brief.sentence().startswith("Nothing in the prompt was understood.")
    assert brief.genre is brief.mood is brief.bpm is None


def test_what_is_near_and_what_is_not_understood_is_said() -> None:
    said = read_prompt("lo-fi, 78 BPM, minor, electric piano, drums, kazoos").sentence()
    assert said == "Read as: 78 BPM, lo-fi, minor, electric piano, drums. Not understood: kazoos."
    assert "trap (for phonk)" in read_prompt("phonk").sentence()
    assert "40 to 240" in read_prompt("metal at 400 bpm").sentence()


def test_every_phrase_says_something_that_the_composer_has() -> None:
    values = {"genre": set(GENRES), "instrument": set(INSTRUMENTS), "mood": set(MOODS)}
    values["pace"] = {pace for _, pace, _ in TEMPO_WORDS}
    for phrase, meanings in lexicon().items():
        assert phrase, meanings
        for meaning in meanings:
            assert meaning.value in values.get(meaning.field, {meaning.value}), (phrase, meaning)


@given(st.text(max_size=120))
def test_any_text_is_read(text: str) -> None:
    brief = read_prompt(text)
    assert brief.sentence()
    assert read_quantities(text).bpm is None or 40 <= (read_quantities(text).bpm or 0) <= 240
    assert all(word == word.lower() for word in words_of(text) if word.isascii())
