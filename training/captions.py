"""Captions as people write prompts: true to the piece, in many wordings, lengths and orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import INSTRUMENTS
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
    SECTION_WORDS,
    TEMPO_WORDS,
    TEXTURE_WORDS,
    tempo_word,
)
from training.piece import Piece

NOUNS = ("music", "track", "piece", "song", "tune", "composition", "soundtrack", "background music", "instrumental")


@dataclass(frozen=True)
class Caption:
    """A prompt and what it says."""

    text: str
    """The prompt."""
    says: frozenset[str]
    """Attributes that it states: genre, mood, tempo, mode, lead, chords, bass, drums, texture, density, ..."""


def write_caption(piece: Piece, rng: np.random.Generator) -> Caption:
    """Describe a piece in one of many ways; what is said is true, and usually only a part is said."""
    writers = (_tags, _sentence, _mood_prompt, _short, _scene)
    writer = writers[int(rng.choice(len(writers), p=(0.34, 0.24, 0.2, 0.12, 0.1)))]
    text, says = writer(piece, rng)
    if rng.random() < 0.3:
        text = text.lower()
    return Caption(text, frozenset(says))


def _pick(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    """Draw one word."""
    return options[int(rng.integers(len(options)))]


def instrument_word(name: str, rng: np.random.Generator) -> str:
    """An instrument's name, or now and then another word for it."""
    return _pick(rng, INSTRUMENTS[name].words) if rng.random() < 0.3 and INSTRUMENTS[name].words else name


def _genre(piece: Piece, rng: np.random.Generator) -> str:
    genre = GENRES[piece.genre]
    return _pick(rng, genre.words) if rng.random() < 0.4 else genre.name


def _mood(piece: Piece, rng: np.random.Generator) -> str:
    return _pick(rng, MOODS[piece.mood]) if rng.random() < 0.5 else piece.mood


def _tempo(piece: Piece, rng: np.random.Generator) -> str:
    """A tempo word, a number, or both; numbers are rounded as people round them."""
    word = next((name, *others) for limit, name, others in TEMPO_WORDS if piece.bpm < limit)
    said = word[0] if rng.random() < 0.5 else _pick(rng, word)
    bpm = round(piece.bpm) if rng.random() < 0.4 else 5 * round(piece.bpm * rng.uniform(0.975, 1.025) / 5)
    number = f"{bpm} {_pick(rng, ('BPM', 'bpm', 'beats per minute'))}"
    return (said, number, f"{said}, {number}")[int(rng.choice(3, p=(0.45, 0.4, 0.15)))]


def _facts(piece: Piece, rng: np.random.Generator) -> dict[str, str]:
    """One phrase for everything that can be said of a piece."""
    lead = instrument_word(piece.lead, rng)
    texture = _pick(rng, TEXTURE_WORDS[piece.texture])
    facts = {
        "genre": _genre(piece, rng),
        "mood": _mood(piece, rng),
        "tempo": _tempo(piece, rng),
        "mode": _pick(rng, MINOR_WORDS if piece.minor else MAJOR_WORDS),
        "lead": f"solo {lead}" if piece.alone and rng.random() < 0.6 else lead,
        "lead texture": f"{lead} {texture}",
        "drums": _pick(rng, DRUM_WORDS if piece.drums else NO_DRUM_WORDS),
        "chords": instrument_word(piece.chords, rng) if piece.chords else "",
        "bass": instrument_word(piece.bass, rng) if piece.bass else "",
    }
    for name, table in (
        ("density", DENSITY_WORDS),
        ("dynamics", DYNAMIC_WORDS),
        ("articulation", ARTICULATION_WORDS),
        ("section", SECTION_WORDS),
    ):
        options: tuple[str, ...] = table[getattr(piece, name)]  # type: ignore[index, assignment]
        facts[name] = _pick(rng, options) if options else ""
    return {name: phrase for name, phrase in facts.items() if phrase}


def _tags(piece: Piece, rng: np.random.Generator) -> tuple[str, set[str]]:
    """Phrases with commas, in any order."""
    facts = _facts(piece, rng)
    facts.pop("lead" if rng.random() < 0.5 else "lead texture")
    names = [
        name
        for name in facts
        if rng.random() < (0.6 if name in ("genre", "lead", "lead texture", "tempo", "mood") else 0.33)
    ]
    # An instrument's name by itself would mean that instrument alone.
    if not names or (names[0].startswith("lead") and len(names) == 1 and not piece.alone):
        names.append("genre")
    rng.shuffle(names)
    return ", ".join(facts[name] for name in names), {part for name in names for part in name.split()}


def _sentence(piece: Piece, rng: np.random.Generator) -> tuple[str, set[str]]:
    """A sentence: "A calm folk tune with an acoustic guitar melody, slow, no drums"."""
    facts, says = _facts(piece, rng), {"genre", "lead"}
    head = (
        f"{facts['genre']} {_pick(rng, NOUNS)}"
        if not facts["genre"].endswith(("music", "song", "track"))
        else facts["genre"]
    )
    if rng.random() < 0.6:
        head = f"{facts['mood']} {head}"
        says.add("mood")
    for name in ("dynamics", "density"):
        if name in facts and rng.random() < 0.2:
            head = f"{facts[name]} {head}"
            says.add(name)
    lead = facts["lead texture"] if rng.random() < 0.5 else facts["lead"]
    says |= {"texture"} if lead == facts["lead texture"] else set()
    text = _pick(
        rng,
        (
            "A {h} with {i}",
            "{h} with {i}",
            "{h} featuring {i}",
            "{i} in a {h}",
            "{h}, {i} playing the melody",
            "{h} led by {i}",
        ),
    )
    text = text.format(h=head, i=lead)
    for name, joint in (
        ("chords", " and "),
        ("bass", " and "),
        ("drums", ", "),
        ("tempo", ", "),
        ("mode", ", "),
        ("articulation", ", "),
        ("section", ", "),
    ):
        if name in facts and rng.random() < 0.35:
            text += joint + facts[name]
            says.add(name)
    return text[0].upper() + text[1:], says


def _mood_prompt(piece: Piece, rng: np.random.Generator) -> tuple[str, set[str]]:
    """Atmosphere, rhythm, melody: the form in which a picture is described."""
    facts, says = _facts(piece, rng), {"mood", "tempo", "lead"}
    other = _mood(piece, rng)
    word = tempo_word(piece.bpm).replace(" tempo", "")
    bpm = 5 * round(piece.bpm / 5) if rng.random() < 0.6 else round(piece.bpm)
    atmosphere = (
        f"{facts['mood']}, {other} atmosphere"
        if rng.random() < 0.5
        else f"{facts['mood']} {_pick(rng, ('atmosphere', 'mood', 'feeling'))}"
    )
    beat = _pick(rng, ("rhythm", "steady rhythm", "beat", "tempo", "pulse"))
    rhythm = f"{word} {beat} at {bpm} BPM" if rng.random() < 0.6 else f"{word} {beat}"
    texture = _pick(rng, TEXTURE_WORDS[piece.texture]) if rng.random() < 0.6 else "melody"
    colour = facts.get("dynamics", facts.get("articulation", other)) if rng.random() < 0.6 else ""
    melody = f"{colour} {facts['lead']} {texture}".strip()
    if "dynamics" in facts and colour == facts["dynamics"]:
        says.add("dynamics")
    parts = [atmosphere, rhythm, melody]
    for name, share in (("genre", 0.4), ("drums", 0.4), ("mode", 0.25), ("chords", 0.2)):
        if name in facts and rng.random() < share:
            parts.append(facts[name])
            says.add(name)
    if texture != "melody":
        says.add("texture")
    return _pick(rng, ("; ", ", ", ". ")).join(parts), says


def _short(piece: Piece, rng: np.random.Generator) -> tuple[str, set[str]]:
    """One to three words; an instrument's name with no genre beside it means that instrument alone."""
    facts = _facts(piece, rng)
    forms = [("genre",), ("mood", "genre"), ("lead", "genre"), ("genre", "tempo")]
    if piece.alone:
        forms += [("lead",), ("lead",), ("mood", "lead"), ("lead", "tempo")]
    form = forms[int(rng.integers(len(forms)))]
    return " ".join(facts[name] for name in form), set(form)


def _scene(piece: Piece, rng: np.random.Generator) -> tuple[str, set[str]]:
    """Music for a picture: "background music for a sunset, calm piano"."""
    facts = _facts(piece, rng)
    head = _pick(rng, ("background music for", "soundtrack for", "music for", "score for", "music that fits"))
    text = f"{head} {_pick(rng, SCENES[piece.mood])}"
    says = {"mood"}
    for name, share in (("mood", 0.4), ("genre", 0.5), ("lead", 0.6), ("tempo", 0.4), ("drums", 0.2)):
        if rng.random() < share:
            text += ", " + facts[name]
            says.add(name)
    return text, says
