"""Captions as people write prompts: true to the piece, in many wordings, lengths and orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.genres import GENRES
from training.instruments import INSTRUMENTS
from training.piece import MOODS, Piece

TEMPO_WORDS: tuple[tuple[float, str, tuple[str, ...]], ...] = (
    (70, "very slow", ("largo", "extremely slow", "dragging", "glacial tempo", "very slow tempo")),
    (92, "slow", ("adagio", "slow tempo", "downtempo", "unhurried", "slow-paced", "ballad tempo", "leisurely")),
    (
        113,
        "medium tempo",
        ("moderate tempo", "mid-tempo", "andante", "walking pace", "moderately paced", "steady pace"),
    ),
    (142, "fast", ("allegro", "fast tempo", "quick", "up-tempo", "fast-paced", "brisk")),
    (1000, "very fast", ("presto", "rapid", "frantic tempo", "breakneck", "very fast tempo", "racing")),
)
DENSITY_WORDS = {
    "sparse": ("sparse", "minimal", "simple", "few notes", "spacious", "minimalist"),
    "medium": (),
    "busy": ("busy", "dense", "full", "many notes", "rich", "intricate"),
}
DYNAMIC_WORDS = {
    "soft": ("soft", "quiet", "gentle", "delicate", "subtle"),
    "medium": (),
    "loud": ("loud", "powerful", "big", "forceful", "strong"),
}
ARTICULATION_WORDS = {
    "legato": ("legato", "flowing", "smooth", "sustained"),
    "normal": (),
    "staccato": ("staccato", "short notes", "plucky", "crisp", "choppy"),
}
TEXTURE_WORDS = {
    "melody": ("melody", "tune", "theme", "solo", "melodic line"),
    "arpeggio": ("arpeggio", "arpeggios", "arpeggiated pattern", "broken chords", "rolling figure"),
    "ostinato": ("ostinato", "repeating figure", "looping pattern", "pulse", "repeated notes"),
    "drone": ("drone", "long held notes", "sustained tones", "drones"),
    "riff": ("riff", "hook", "lick", "phrase", "repeated riff"),
    "chords": ("chords", "block chords", "harmony", "chord progression"),
}
SECTION_WORDS = {
    "steady": (),
    "intro": ("intro", "building up", "gradual build"),
    "outro": ("outro", "ending", "fading out"),
}
DRUM_WORDS = ("with drums", "drums", "drum beat", "drum groove", "beat", "percussion", "rhythmic drums")
NO_DRUM_WORDS = ("no drums", "without drums", "beatless", "no percussion", "drumless", "no beat")
MINOR_WORDS = ("minor key", "minor", "in a minor key", "minor mode", "minor tonality")
MAJOR_WORDS = ("major key", "major", "in a major key", "major mode", "major tonality")
SCENES: dict[str, tuple[str, ...]] = {
    "happy": ("party", "birthday", "summer holiday", "children playing", "a dog running"),
    "sad": ("funeral", "goodbye", "rainy window", "lonely street", "a breakup"),
    "calm": ("sunset", "lake", "forest", "beach at dawn", "meditation", "a sleeping cat", "mountains"),
    "energetic": ("workout", "car race", "sports highlights", "city traffic", "skateboarding"),
    "dark": ("night alley", "abandoned factory", "storm clouds", "crime scene"),
    "tense": ("chase", "heist", "countdown", "detective story"),
    "dreamy": ("clouds", "underwater", "stars", "snowfall", "outer space"),
    "epic": ("battle", "mountain peak", "victory", "castle", "a rocket launch"),
    "romantic": ("wedding", "candlelight dinner", "first kiss", "paris street"),
    "mysterious": ("cave", "ancient temple", "misty forest", "magic trick"),
    "playful": ("kitten", "toy shop", "circus", "cartoon"),
    "warm": ("family dinner", "fireplace", "coffee shop", "autumn leaves"),
    "nostalgic": ("old photographs", "childhood memories", "home movie"),
    "uplifting": ("graduation", "startup presentation", "sunrise", "time-lapse of flowers"),
    "dramatic": ("courtroom", "shipwreck", "opera stage", "rough sea"),
    "scary": ("haunted house", "graveyard", "monster", "nightmare"),
    "angry": ("fight", "riot", "explosion"),
    "confident": ("fashion show", "boss walking in", "parade"),
    "hypnotic": ("night drive", "machines", "dance floor"),
    "serious": ("memorial", "museum", "news report"),
    "funny": ("slapstick", "clumsy robot", "silly walk"),
}
NOUNS = ("music", "track", "piece", "song", "tune", "composition", "soundtrack", "background music", "instrumental")


@dataclass(frozen=True)
class Caption:
    """A prompt and what it says."""

    text: str
    """The prompt."""
    says: frozenset[str]
    """Attributes that it states: genre, mood, tempo, mode, lead, chords, bass, drums, texture, density, ..."""


def tempo_word(bpm: float) -> str:
    """The plain word for a tempo: very slow, slow, medium tempo, fast or very fast."""
    return next(word for limit, word, _ in TEMPO_WORDS if bpm < limit)


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
    alone = not (piece.chords or piece.bass or piece.drums)
    facts = {
        "genre": _genre(piece, rng),
        "mood": _mood(piece, rng),
        "tempo": _tempo(piece, rng),
        "mode": _pick(rng, MINOR_WORDS if piece.minor else MAJOR_WORDS),
        "lead": f"solo {lead}" if alone and rng.random() < 0.6 else lead,
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
    names = names or ["genre"]
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
    """One to three words."""
    facts = _facts(piece, rng)
    form = (("genre",), ("lead",), ("mood", "genre"), ("lead", "genre"), ("mood", "lead"), ("genre", "tempo"))[
        int(rng.integers(6))
    ]
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
