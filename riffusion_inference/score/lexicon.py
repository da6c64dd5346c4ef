"""What words mean to the composer: phrases in English, and how other forms of a word lead to them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.lexicon_tables import NEAR, OTHER_LANGUAGES, PASSED_OVER, PLAIN
from riffusion_inference.score.words import (
    ARTICULATION_WORDS,
    DENSITY_WORDS,
    DRUM_WORDS,
    DYNAMIC_WORDS,
    MAJOR_WORDS,
    MINOR_WORDS,
    MOODS,
    NO_DRUM_WORDS,
    SCENES,
    TEMPO_WORDS,
    TEXTURE_WORDS,
)

MAX_PHRASE = 5
"""Most words in a phrase that means something."""
LIKENESS, SHORTEST = 0.8, 5
"""How like a known word an unknown one must be to count as a slip of the pen, and how long."""
ENDINGS = (
    ("s", ""),
    ("es", ""),
    ("e", ""),
    ("er", ""),
    ("en", ""),
    ("em", ""),
    ("a", "o"),
    ("as", "o"),
    ("os", "o"),
    ("euse", "eux"),
    ("ive", "if"),
    ("ce", "x"),
    ("ies", "y"),
)
"""Endings of plurals, cases and genders, and what stands in their place in the word that is known."""


@dataclass(frozen=True)
class Meaning:
    """One thing that a phrase says."""

    field: str
    """Field of a Brief: genre, mood, pace, instrument, drums, minor, density, dynamics, articulation, texture, ..."""
    value: str
    """The field's value."""
    near: bool = False
    """Whether the phrase says something that is not known, and this lies nearest to it."""


Phrase = tuple[str, ...]


STOP = ","
"""What stands between words that do not belong together."""


def words_of(text: str) -> list[str]:
    """Split text into words, lower case and without accents; a hyphen divides, symbols and STOP stand by themselves.

    >>> words_of("Lo-fi, tanzbare Schläge à 90!")
    ['lo', 'fi', ',', 'tanzbare', 'schlage', 'a', '90', ',']
    """
    plain = unicodedata.normalize("NFKD", text).lower().replace("ß", "ss").replace("œ", "oe").replace("’", "'")
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    found = re.findall(r"[^\W_]+(?:[&][^\W_]+)?|[.,;:!?()/\n]|[^\w\s.,;:!?'\"()\-/&]+", plain)
    return [STOP if len(word) == 1 and word in ".,;:!?()/\n" else word for word in found]


@lru_cache(maxsize=1)
def lexicon() -> dict[Phrase, tuple[Meaning, ...]]:
    """All phrases; one may say several things ("gentle" is a mood and a loudness)."""
    found: dict[Phrase, list[Meaning]] = {}
    for phrase, meaning in _phrases():
        said = found.setdefault(tuple(words_of(phrase)), [])
        if not any((meaning.field, meaning.value) == (other.field, other.value) for other in said):
            said.append(meaning)
    return {phrase: tuple(meanings) for phrase, meanings in found.items()}


@lru_cache(maxsize=1)
def passed_over() -> frozenset[str]:
    """Words that say nothing to the composer, and are not worth saying that of."""
    return frozenset((STOP, *words_of(PASSED_OVER)))


def _phrases() -> Iterator[tuple[str, Meaning]]:
    """Every phrase with one thing that it says; what is exact comes before what is near."""
    for genre in GENRES.values():
        yield from ((word, Meaning("genre", genre.name)) for word in (genre.name, *genre.words))
    for instrument in INSTRUMENTS.values():
        yield from ((word, Meaning("instrument", instrument.name)) for word in (instrument.name, *instrument.words))
    for _, pace, more in TEMPO_WORDS:
        yield from ((word, Meaning("pace", pace)) for word in (pace, *more))
    for field, table in (
        ("mood", MOODS),
        ("density", DENSITY_WORDS),
        ("dynamics", DYNAMIC_WORDS),
        ("articulation", ARTICULATION_WORDS),
        ("texture", {name: tuple(w for w in more if w != "solo") for name, more in TEXTURE_WORDS.items()}),
    ):
        for name, others in table.items():
            # "medium", "normal" and the like say nothing by themselves.
            said = (name, *others) if others else ()
            yield from ((word, Meaning(field, name)) for word in said)
    for flag, value, phrases in (
        ("drums", "yes", DRUM_WORDS),
        ("drums", "no", NO_DRUM_WORDS),
        ("minor", "yes", MINOR_WORDS),
        ("minor", "no", MAJOR_WORDS),
    ):
        yield from ((word, Meaning(flag, value)) for word in phrases)
    for mood, scenes in SCENES.items():
        yield from ((scene, Meaning("mood", mood)) for scene in scenes)
    for tables, near in ((PLAIN, False), (OTHER_LANGUAGES, False), (NEAR, True)):
        for line in tables.strip().splitlines():
            meanings, *phrase_lists = (part.strip() for part in line.split("|"))
            for phrase in (one.strip() for part in phrase_lists for one in part.split(",")):
                for meaning in meanings.split("+"):
                    field, _, value = meaning.strip().partition(" ")
                    if phrase:
                        yield phrase, Meaning(field, value, near)


def meanings_of(phrase: Phrase) -> tuple[Meaning, ...]:
    """What a phrase says as it stands, or with the endings of its words taken off; empty for nothing."""
    known = lexicon()
    if phrase in known:
        return known[phrase]
    for place, word in enumerate(phrase):
        for ending, instead in ENDINGS:
            stem = word[: len(word) - len(ending)] + instead
            if word.endswith(ending) and len(stem) >= 3:
                candidate = (*phrase[:place], stem, *phrase[place + 1 :])
                if candidate in known:
                    return known[candidate]
    return ()


def slip_of(word: str) -> str:
    """The known word that an unknown one is a slip for, or ""."""
    if len(word) < SHORTEST or not word.isalpha():
        return ""
    single = [phrase[0] for phrase in lexicon() if len(phrase) == 1 and len(phrase[0]) >= SHORTEST]
    close = get_close_matches(word, single, n=1, cutoff=LIKENESS)
    return close[0] if close and close[0][0] == word[0] else ""
