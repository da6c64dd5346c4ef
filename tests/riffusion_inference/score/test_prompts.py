"""Prompts as people type them into music models and as film editors ask for music, in four languages.

After the demo prompts of Riffusion, MusicGen and Stable Audio, the manner of MusicCaps, and what editors search for.
"""

from __future__ import annotations

from typing import Any

import pytest

from riffusion_inference.score.brief import read_prompt

ENGLISH: dict[str, dict[str, Any]] = {
    "An 80s driving pop song with heavy drums and synth pads in the background": {
        "genre": "pop",
        "mood": "energetic",
        "drums": True,
        "instruments": ("warm pad",),
    },
    "A cheerful country song with acoustic guitars": {"genre": "country", "instruments": ("acoustic guitar",)},
    "90s rock song with electric guitar and heavy drums": {"genre": "rock", "drums": True, "dynamics": "loud"},
    "a light and cheerly EDM track, with syncopated drums, airy pads, and strong emotions bpm: 130": {
        "genre": "house",
        "bpm": 130,
        "drums": True,
    },
    "lofi slow bpm electro chill with organic samples": {"genre": "lo-fi", "pace": "slow", "instruments": ()},
    "church bells on sunday": {"instruments": ("tubular bells",)},
    "funk bassline with a jazzy saxophone solo": {"genre": "funk", "instruments": ("saxophone",), "solo": None},
    "acoustic folk violin jam": {"genre": "folk", "instruments": ("violin",), "solo": None},
    "Tropical House, Electric Guitar, Bass Guitar, Keyboards, Congas, Feel-Good, Uplifting, Danceable. 130 BPM.": {
        "genre": "house",
        "bpm": 130,
        "instruments": ("electric guitar", "bass guitar", "synth"),
        "mood": "happy",
    },
    "Blues, with horns. Band. Horns solo.": {"genre": "blues", "instruments": ("brass section",), "solo": False},
    "Lo-fi hip hop with mellow Rhodes piano, brushed drums, subtle vinyl crackle, 80 BPM in C minor": {
        "genre": "lo-fi",
        "bpm": 80,
        "tonic": 0,
        "minor": True,
        "instruments": ("electric piano",),
    },
    "pop, tinny wide hi hats, mellow piano melody, high pitched female vocal melody, sustained synth lead": {
        "genre": "pop",
        "instruments": ("piano", "voice", "saw lead"),
        "drums": True,
    },
    "A warm 100 BPM indie folk piece with bright acoustic guitar, ukulele strums and a whistled melody": {
        "genre": "folk",
        "bpm": 100,
        "instruments": ("acoustic guitar", "whistle"),
    },
    "a cinematic orchestral soundtrack with dramatic percussion": {"genre": "epic", "mood": "dramatic"},
    "cinematic tension riser": {"genre": "epic", "mood": "tense", "energy": "high", "texture": "drone"},
    "like Hans Zimmer": {"genre": "epic"},
    "80s synth": {"genre": "synthwave", "instruments": ("synth",), "solo": None},
    "sad piano for my wedding video": {"mood": "sad", "instruments": ("piano",), "solo": True},
    "aggressive drill beat, sliding 808s, dark piano, 142 bpm": {
        "genre": "trap",
        "bpm": 142,
        "mood": "angry",
        "instruments": ("synth bass", "piano"),
    },
    "drift phonk with cowbell": {"genre": "trap", "mood": "dark", "drums": True},
    "K-pop girl group dance track": {"genre": "pop", "energy": "high"},
    "corporate ukulele and claps, happy, for a startup explainer": {"genre": "corporate", "mood": "happy"},
    "noir saxophone, rainy night in Paris": {"genre": "jazz", "mood": "dark", "pace": "slow"},
    "chiptune boss battle": {"genre": "chiptune", "mood": "epic"},
    "upbeat background music for a cooking video": {"mood": "energetic"},
    "suspenseful true crime podcast underscore": {"genre": "documentary", "mood": "tense"},
    "sea shanty sung by a choir of sailors": {"genre": "folk", "instruments": ("choir",)},
    "minimal piano à la Satie": {"genre": "classical piano", "density": "sparse", "solo": True},
    "Spaghetti western showdown, whistle and twangy guitar": {"genre": "country", "mood": "tense"},
    "meditation music with singing bowls": {"genre": "ambient", "instruments": ("bowed pad",)},
    "Compose a lullaby that soothes the listener into a peaceful sleep.": {"genre": "lullaby", "mood": "calm"},
    "a forlorn cornet over murky strings": {"mood": "sad", "instruments": ("trumpet", "strings")},
}
OTHERS: dict[str, dict[str, Any]] = {
    "ruhige Hintergrundmusik für ein Naturvideo mit Klavier und Streichern": {
        "mood": "calm",
        "instruments": ("piano", "strings"),
        "unread": (),
    },
    "epische Trailermusik mit Chor und Pauken, 90 bpm": {
        "genre": "epic",
        "bpm": 90,
        "instruments": ("choir", "timpani"),
    },
    "lustige Musik für ein Katzenvideo": {"mood": "funny"},
    "treibender Techno, düster, 135 BPM": {"genre": "techno", "bpm": 135, "other_moods": ("dark",)},
    "gemütliche Weihnachtsmusik mit Glöckchen": {"genre": "lullaby", "mood": "warm"},
    "Blasmusik vom Oktoberfest": {"genre": "march", "instruments": ("brass section",)},
    "música épica para tráiler con coro y tambores": {"mood": "epic", "instruments": ("choir",), "drums": True},
    "guitarra flamenca apasionada con palmas": {"genre": "folk", "mood": "romantic", "drums": True},
    "cumbia alegre con acordeón": {"genre": "salsa", "mood": "happy", "instruments": ("accordion",)},
    "música de fondo suave para entrevista": {"genre": "documentary", "mood": "calm", "energy": "low"},
    "piano triste y lento en re menor": {"tonic": 2, "minor": True, "mood": "sad", "pace": "slow", "solo": True},
    "reggaetón para un video de playa": {"genre": "caribbean", "mood": "warm"},
    "musique douce de piano pour un mariage": {"mood": "calm", "instruments": ("piano",)},
    "ambiance film noir, saxophone et contrebasse": {"genre": "jazz", "instruments": ("saxophone", "double bass")},
    "musique électro énergique pour une vidéo de sport": {"genre": "synthwave", "mood": "energetic"},
    "accordéon parisien, valse musette": {"genre": "waltz", "meter": (3, 4), "instruments": ("accordion",)},
    "suspense inquiétant pour un court métrage": {"genre": "horror", "mood": "tense", "unread": ()},
    "bossa nova tranquille à la guitare": {"genre": "bossa nova", "mood": "calm"},
}


@pytest.mark.parametrize("prompt", [*ENGLISH, *OTHERS])
def test_prompts_of_many_people_are_read(prompt: str) -> None:
    brief, said = read_prompt(prompt), {**ENGLISH, **OTHERS}[prompt]
    assert {name: getattr(brief, name) for name in said} == said, brief.sentence()


@pytest.mark.parametrize("word", ["sport", "shoot", "along", "something", "organic", "horses", "dimly", "emotion"])
def test_another_word_is_not_read_as_a_slip(word: str) -> None:
    """Words that lie a letter or two from short, alone, soothing and organ, and mean something else."""
    said = {one.shown for one in read_prompt(word).said}
    assert not said & {f"{value} (for {word})" for value in ("staccato", "solo", "calm", "organ")}


@pytest.mark.parametrize(
    ("typed", "meant"), [("voilin", "violin"), ("saxaphone", "saxophone"), ("guittar", "acoustic guitar")]
)
def test_a_slip_is_read_and_said(typed: str, meant: str) -> None:
    assert read_prompt(typed).sentence().startswith(f"Read as: {meant} (for {typed})")


def test_a_comma_parts_what_it_stands_between() -> None:
    assert read_prompt("orchestral, strings").genre == "orchestral"
    assert read_prompt("orchestral strings").genre is None
    assert read_prompt("piano. solo guitar").instruments == ("piano", "acoustic guitar")


def test_a_decade_says_the_genre_where_nothing_else_does() -> None:
    assert read_prompt("80s").genre == "synthwave"
    assert read_prompt("80s country").genre == "country"
