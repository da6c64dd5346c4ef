"""A prompt as the composer understands it: words to attributes, and what was not understood is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.lexicon import MAX_PHRASE, Meaning, meanings_of, passed_over, slip_of, words_of
from riffusion_inference.score.quantities import Quantities, read_quantities

NEGATIONS = frozenset(
    ("no", "not", "without", "minus", "never", "zero", "ohne", "kein", "keine", "keinen", "sin", "ni", "sans", "pas")
)
TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR_TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
IMPLIED = {"classical piano": "piano"}
"""Genres that are named after their instrument."""
SINGLE = ("genre", "mood", "pace", "density", "dynamics", "articulation", "texture", "energy", "section")
"""Fields of which the first that is said counts."""


@dataclass(frozen=True)
class Said:
    """One thing that was understood."""

    field: str
    """Field of a Brief that it sets."""
    shown: str
    """In the composer's words, as a person is told."""


@dataclass(frozen=True)
class Brief:
    """What the music should be. None or empty: the composer is free."""

    text: str = ""
    """The prompt."""
    genre: str | None = None
    """Name in genres.GENRES."""
    mood: str | None = None
    """Name in words.MOODS."""
    other_moods: tuple[str, ...] = ()
    """Further moods that were said."""
    bpm: float | None = None
    """Beats per minute, where a number was said."""
    pace: str | None = None
    """very slow, slow, medium tempo, fast or very fast."""
    meter: tuple[int, int] | None = None
    """Beats in a bar, and what a beat is."""
    tonic: int | None = None
    """Pitch class, 0 = C."""
    minor: bool | None = None
    """True: minor mode."""
    instruments: tuple[str, ...] = ()
    """Names in instruments.INSTRUMENTS, in the order in which they were said."""
    without: tuple[str, ...] = ()
    """Instruments that must not play."""
    solo: bool | None = None
    """True: one instrument alone."""
    drums: bool | None = None
    """Whether a drum kit plays."""
    density: str | None = None
    """sparse, medium or busy."""
    dynamics: str | None = None
    """soft, medium or loud."""
    articulation: str | None = None
    """legato, normal or staccato."""
    texture: str | None = None
    """What the lead does: melody, arpeggio, ostinato, drone, riff or chords."""
    energy: str | None = None
    """low or high."""
    section: str | None = None
    """intro or ending."""
    said: tuple[Said, ...] = ()
    """What was understood, in the order in which it was."""
    unread: tuple[str, ...] = ()
    """Words that were not."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing that cannot be done as it was said."""

    @property
    def read(self) -> tuple[str, ...]:
        """What was understood, in the composer's words."""
        return tuple(dict.fromkeys(said.shown for said in self.said))

    def sentence(self) -> str:
        """What a person is told.

        >>> read_prompt("dark lo-fi with kazoos, 78 BPM").sentence()
        'Read as: 78 BPM, dark, lo-fi. Not understood: kazoos.'
        """
        parts = [f"Read as: {', '.join(self.read)}." if self.read else "Nothing in the prompt was understood."]
        if self.unread:
            parts.append(f"Not understood: {', '.join(self.unread)}.")
        return " ".join([*parts, *self.notes])


@dataclass
class _Reading:
    """What has been read so far."""

    fields: dict[str, str] = field(default_factory=dict)
    moods: list[str] = field(default_factory=list)
    instruments: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    drums: bool | None = None
    solo: bool | None = None
    minor: bool | None = None
    meter: tuple[int, int] | None = None
    said: list[Said] = field(default_factory=list)
    weak: list[tuple[str, Meaning]] = field(default_factory=list)
    """Phrases that count only where nothing else says what their field is."""
    unread: list[str] = field(default_factory=list)


def read_prompt(text: str) -> Brief:
    """Read what a prompt asks for.

    Numbers and keys are read first, then the longest phrases that mean something; a word with a slip in it is read as
    the word that it is nearest to, and something unknown that has a known neighbour as that; both are said.

    Args:
        text: the prompt; English, German, Spanish or French, or a mixture.
    Returns:
        The brief; nothing in it that was not said.
    """
    quantities = read_quantities(text)
    reading = _Reading()
    _read_numbers(quantities, reading)
    _read_words(words_of(quantities.rest), reading)
    _take_weak(reading)
    fields = reading.fields
    solo = implies_solo(reading.instruments, fields.get("genre"), reading.drums)
    if reading.solo is not None:
        solo = reading.solo and len(reading.instruments) <= 1
    return Brief(
        text=text,
        genre=fields.get("genre"),
        mood=reading.moods[0] if reading.moods else None,
        other_moods=tuple(reading.moods[1:]),
        bpm=quantities.bpm,
        pace=fields.get("pace"),
        meter=quantities.meter or reading.meter,
        tonic=quantities.tonic,
        minor=reading.minor if quantities.minor is None else quantities.minor,
        instruments=tuple(reading.instruments),
        without=tuple(reading.without),
        solo=solo,
        drums=reading.drums,
        density=fields.get("density"),
        dynamics=fields.get("dynamics"),
        articulation=fields.get("articulation"),
        texture=fields.get("texture"),
        energy=fields.get("energy"),
        section=fields.get("section"),
        said=tuple(reading.said),
        unread=tuple(dict.fromkeys(reading.unread)),
        notes=quantities.notes,
    )


def _read_numbers(quantities: Quantities, reading: _Reading) -> None:
    """Show what the numbers say."""
    if quantities.bpm:
        reading.said.append(Said("bpm", f"{quantities.bpm:g} BPM"))
    if quantities.tonic is not None:
        reading.said.append(Said("tonic", key_name(quantities.tonic, quantities.minor)))
    if quantities.meter:
        reading.said.append(Said("meter", f"{quantities.meter[0]}/{quantities.meter[1]}"))


def key_name(tonic: int, minor: bool | None) -> str:
    """A key as people write it.

    >>> key_name(9, True)
    'A minor'
    """
    return (MINOR_TONICS if minor else TONICS)[tonic] + {True: " minor", False: " major", None: ""}[minor]


def implies_solo(instruments: Sequence[str], genre: str | None, drums: bool | None) -> bool | None:
    """An instrument's name with no genre, no drums and no other instrument means that instrument alone."""
    bare = len(instruments) == 1 and (not genre or genre in IMPLIED) and not drums
    melodic = bare and INSTRUMENTS[instruments[0]].family not in ("bass", "percussion")
    return True if melodic else None


def _read_words(words: list[str], reading: _Reading) -> None:
    """Read phrase after phrase, the longest first; what is negated is kept out."""
    place, negated = 0, False
    while place < len(words):
        length, meanings = _longest(words[place:])
        if meanings:
            _take(words[place : place + length], meanings, negated, reading)
        elif words[place] in NEGATIONS:
            negated, place = True, place + 1
            continue
        elif words[place] in passed_over():
            place += 1
            continue
        else:
            _read_slip(words[place], negated, reading)
        place, negated = place + max(length, 1), False


def _longest(words: Sequence[str]) -> tuple[int, tuple[Meaning, ...]]:
    """The longest phrase at the beginning that means something: how many words, and what."""
    for length in range(min(MAX_PHRASE, len(words)), 0, -1):
        phrase = tuple(words[:length])
        # A single small word of one language may be a big one of another: "alto", "son", "marche".
        meanings = () if length == 1 and phrase[0] in passed_over() else meanings_of(phrase)
        if meanings:
            return length, meanings
    return 0, ()


def _read_slip(word: str, negated: bool, reading: _Reading) -> None:
    """Read a word that is not known as the one that it is a slip for, if there is one."""
    meant = slip_of(word)
    if meant:
        _take([meant], meanings_of((meant,)), negated, reading, said=word)
    else:
        reading.unread.append(word)


def _take(phrase: Sequence[str], meanings: Sequence[Meaning], negated: bool, reading: _Reading, said: str = "") -> None:
    """Take in what a phrase says."""
    for meaning in meanings:
        if meaning.weak:
            reading.weak += [] if negated else [(" ".join(phrase), meaning)]
            continue
        shown = _apply(meaning, negated, reading)
        if shown and (meaning.near or said):
            shown = f"{shown} (for {said or ' '.join(phrase)})"
        if shown:
            name = ("without" if negated else "instruments") if meaning.field == "instrument" else meaning.field
            reading.said.append(Said(name, shown))


def _take_weak(reading: _Reading) -> None:
    """Take in what was said by words that count only where nothing else does."""
    for phrase, meaning in reading.weak:
        known = reading.moods if meaning.field == "mood" else reading.fields.get(meaning.field)
        if not known:
            _take([phrase], [replace(meaning, weak=False)], False, reading)


def _apply(meaning: Meaning, negated: bool, reading: _Reading) -> str:
    """Set what one meaning says; returns how it is shown, or "" where something else was said before."""
    name, value = meaning.field, meaning.value
    if name == "instrument":
        chosen = reading.without if negated else reading.instruments
        if value not in chosen:
            chosen.append(value)
        return f"no {value}" if negated else value
    if name == "drums":
        reading.drums = (value == "yes") != negated
        return "drums" if reading.drums else "no drums"
    if negated:
        return ""
    if name == "mood":
        known = value in reading.moods
        reading.moods += [] if known else [value]
        return "" if known else value
    # "Funk with a saxophone solo" is no saxophone alone.
    if (
        name == "solo"
        and value == "yes"
        and reading.instruments
        and reading.fields.get("genre", "") not in ("", *IMPLIED)
    ):
        return ""
    if name in ("solo", "minor"):
        setattr(reading, name, value == "yes")
        return {"solo": ("a band", "solo"), "minor": ("major", "minor")}[name][value == "yes"]
    if name == "meter":
        beats, _, unit = value.partition("/")
        reading.meter = (int(beats), int(unit))
        return value
    if name not in SINGLE or name in reading.fields:
        return ""
    reading.fields[name] = value
    if value in IMPLIED and IMPLIED[value] not in reading.instruments:
        reading.instruments.append(IMPLIED[value])
    return f"{value} energy" if name == "energy" else value
