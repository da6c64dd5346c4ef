"""What words mean to the composer: phrases in English, and how other forms of a word lead to them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.lexicon_tables import NEAR, OTHER_LANGUAGES, PASSED_OVER, PLAIN, WEAK
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
SHORTEST, LONG = 5, 8
"""Letters that a word must have to be read as a slip, and to be read as one that has another letter."""
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
    ("ly", ""),
    ("n", ""),
    ("musik", ""),
    ("video", ""),
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
    weak: bool = False
    """Whether it counts only where nothing else says what the field is."""


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
    for tables, near, weak in (
        (PLAIN, False, False),
        (OTHER_LANGUAGES, False, False),
        (NEAR, True, False),
        (WEAK, True, True),
    ):
        for line in tables.strip().splitlines():
            meanings, *phrase_lists = (part.strip() for part in line.split("|"))
            for phrase in (one.strip() for part in phrase_lists for one in part.split(",")):
                for meaning in meanings.split("+"):
                    field, _, value = meaning.strip().partition(" ")
                    if phrase:
                        yield phrase, Meaning(field, value, near, weak)


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
    """The known word that an unknown one is a slip for, or "".

    A letter too many, too few, or two the wrong way round are slips; another letter is often another word, such as
    "sport" for "short", and counts in long words only.
    """
    if len(word) < SHORTEST or not word.isalpha():
        return ""
    return next((known for known in _single_words() if known[0] == word[0] and _is_slip(word, known)), "")


@lru_cache(maxsize=1)
def _single_words() -> tuple[str, ...]:
    """Known words that are long enough to be taken for what a slip meant."""
    return tuple(phrase[0] for phrase in lexicon() if len(phrase) == 1 and len(phrase[0]) >= SHORTEST)


def _is_slip(word: str, known: str) -> bool:
    """Whether one slip lies between two words.

    >>> _is_slip("voilin", "violin"), _is_slip("sport", "short"), _is_slip("saxaphone", "saxophone")
    (True, False, True)
    """
    if abs(len(word) - len(known)) > 1:
        return False
    first = next((at for at, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), min(len(word), len(known)))
    rest, other = word[first:], known[first:]
    if len(word) != len(known):
        return rest[1:] == other or rest == other[1:]
    swapped = len(rest) > 1 and rest[:2] == other[1::-1] and rest[2:] == other[2:]
    return swapped or (len(word) >= LONG and rest[1:] == other[1:])
