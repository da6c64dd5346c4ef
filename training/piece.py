"""What a piece is: its attributes, drawn from a seed, with the attribute pairs that training never sees."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from riffusion_inference.score.genres import GENRES, Genre
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.words import (
    ARTICULATIONS,
    DENSITIES,
    DYNAMICS,
    FAST_MOODS,
    MAJOR_MOODS,
    MINOR_MOODS,
    MOODS,
    SLOW_MOODS,
    SOFT_MOODS,
)

FRAMES_PER_MINUTE = 3000
"""Frames of 20 ms in a minute: BPM = 3000 / beat_frames."""
SECTIONS = ("steady", "intro", "outro")
SOLO_SHARE = 0.4
"""Share of pieces for one instrument alone that is drawn; a few genres have none, so that a little over a third are."""


@dataclass(frozen=True)
class Piece:
    """The attributes of one short piece; the seed settles every note."""

    seed: int
    """Draws the notes."""
    genre: str
    """Name in genres.GENRES."""
    mood: str
    """Name in MOODS."""
    beat_frames: float
    """Length of a beat in frames of 20 ms."""
    minor: bool
    """True: minor mode."""
    key: int
    """Pitch class of the tonic, 0 = C."""
    lead: str
    """Instrument with the melody."""
    chords: str
    """Instrument with the chords, or ""."""
    bass: str
    """Bass instrument, or ""."""
    groove: str
    """Name in patterns.DRUMS, or "" for no drums."""
    texture: str
    """What the lead does: melody, arpeggio, ostinato, drone, riff, chords."""
    density: str
    """One of DENSITIES."""
    dynamics: str
    """One of DYNAMICS."""
    articulation: str
    """One of ARTICULATIONS."""
    section: str
    """One of SECTIONS: in an intro the parts enter one by one, in an outro they leave."""
    rubato: float
    """How loosely it is played, standard deviation of onsets in seconds."""

    @property
    def bpm(self) -> float:
        """Beats per minute."""
        return FRAMES_PER_MINUTE / self.beat_frames

    @property
    def alone(self) -> bool:
        """Whether the lead plays all by itself."""
        return not (self.chords or self.bass or self.groove)

    @property
    def drums(self) -> bool:
        """Whether a drum kit plays."""
        return self.groove != ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def is_held_out(genre: str, lead: str) -> bool:
    """Whether training never sees this pair (about 6 % of pairs, by a fixed hash)."""
    return len(GENRES[genre].leads) > 2 and hashlib.sha256(f"{genre}/{lead}".encode()).digest()[0] < 16


def draw_piece(
    seed: int,
    *,
    held_out: bool = False,
    genre_name: str | None = None,
) -> Piece:
    """Draw the attributes of a piece, in any key and at any tempo; the same seed gives the same piece.

    Args:
        seed: >= 0.
        held_out: True: also draw genre and lead pairs that training must not see.
        genre_name: draw within this genre; None draws the genre too.
    Returns:
        The piece.
    """
    rng = np.random.default_rng(seed)
    names = list(GENRES)
    weights = np.array([genre.weight for genre in GENRES.values()])
    genre = GENRES[genre_name or names[int(rng.choice(len(names), p=weights / weights.sum()))]]
    mood = str(rng.choice(genre.moods)) if rng.random() < 0.8 else str(rng.choice(list(MOODS)))
    solo = rng.random() < SOLO_SHARE and genre.name not in ("techno", "house", "metal", "trap")
    lead = _draw_lead(rng, genre, held_out)
    sustained = INSTRUMENTS[lead].sustains
    texture = str(rng.choice(genre.textures))
    if texture == "drone" and not sustained:
        texture = "ostinato"
    drums = not solo and rng.random() < genre.drums
    soft = mood in SOFT_MOODS
    return Piece(
        seed=seed,
        genre=genre.name,
        mood=mood,
        beat_frames=_draw_beat(rng, genre, mood),
        minor=_draw_minor(rng, genre, mood),
        key=int(rng.integers(12)),
        lead=lead,
        chords="" if solo else str(rng.choice(genre.chords or ("",))),
        bass="" if solo else str(rng.choice(genre.basses or ("",))),
        groove=str(rng.choice(genre.kits)) if drums and genre.kits else "",
        texture=texture,
        density=str(rng.choice(DENSITIES, p=(0.45, 0.4, 0.15) if soft else (0.2, 0.45, 0.35))),
        dynamics=str(rng.choice(DYNAMICS, p=(0.6, 0.35, 0.05) if soft else (0.15, 0.5, 0.35))),
        articulation=str(rng.choice(ARTICULATIONS, p=(0.5, 0.45, 0.05) if soft else (0.2, 0.55, 0.25))),
        section=str(rng.choice(SECTIONS, p=(0.84, 0.08, 0.08))),
        rubato=float(rng.uniform(0.002, 0.012)) * (0.3 if drums else 1.0),
    )


def _draw_lead(rng: np.random.Generator, genre: Genre, held_out: bool) -> str:
    """Draw the lead: usually the genre's own, sometimes any instrument."""
    while True:
        if rng.random() < 0.9:
            lead = str(rng.choice(genre.leads))
        else:
            lead = str(rng.choice([i.name for i in INSTRUMENTS.values() if i.family not in ("bass", "percussion")]))
        if held_out or not is_held_out(genre.name, lead):
            return lead


def _draw_beat(rng: np.random.Generator, genre: Genre, mood: str) -> float:
    """Draw the beat's length: slow moods from the slower half of the genre's tempi, and now and then any tempo."""
    slow, fast = genre.tempo
    place = rng.random()
    if mood in SLOW_MOODS:
        place *= 0.6
    elif mood in FAST_MOODS:
        place = 0.4 + 0.6 * place
    bpm = slow * (fast / slow) ** place
    if rng.random() < 0.15:
        bpm = float(np.exp(rng.uniform(np.log(58), np.log(180))))
    return FRAMES_PER_MINUTE / bpm


def _draw_minor(rng: np.random.Generator, genre: Genre, mood: str) -> bool:
    """Draw the mode: the mood decides more than the genre."""
    share = genre.minor
    if mood in MINOR_MOODS:
        share = 1 - (1 - share) * 0.15
    elif mood in MAJOR_MOODS:
        share *= 0.3
    return bool(rng.random() < share)
