"""Writes the notes of a training piece: a stretch of a score by the composer that ships, for the piece's attributes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from riffusion_inference.notation.notes import Note
from riffusion_inference.notation.score import Score
from riffusion_inference.score.brief import Brief
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.genres import GENRES
from training.piece import Piece

LONGEST = 4.0
"""A piece is taken from a score of up to this many times its length."""
TRIES = 6
"""Places that are tried for one at which everything plays that the piece's caption may name."""
SHORTEST_NOTE = 0.06


def brief_of(piece: Piece) -> Brief:
    """What the composer is asked for, so that what a caption says of the piece is true."""
    named = (piece.lead, piece.chords, piece.bass)
    return Brief(
        genre=piece.genre,
        mood=piece.mood,
        bpm=piece.bpm,
        meter=(GENRES[piece.genre].meter, 4),
        tonic=piece.key,
        minor=piece.minor,
        instruments=tuple(dict.fromkeys(name for name in named if name)),
        solo=piece.alone,
        drums=piece.drums,
        density=piece.density,
        dynamics=piece.dynamics,
        articulation=piece.articulation,
        texture=piece.texture,
    )


def compose(piece: Piece, seconds: float) -> list[Note]:
    """Write all notes of a piece that start within `seconds`, in order of time.

    An intro is the beginning of a score and an outro its ending, with the last chord ringing out; any other piece is
    from somewhere inside.

    Args:
        piece: what to write.
        seconds: length of the clip.
    Returns:
        The notes; the same piece gives the same notes.
    """
    rng = np.random.default_rng([piece.seed, 1])
    length = Fraction(round(1000 * seconds * rng.uniform(1.0, LONGEST)), 1000)
    score = write_score(brief_of(piece), length, piece.seed)
    best: list[Note] = []
    for start in _places(score, piece, seconds, rng):
        notes = _stretch(score, start, seconds)
        if not best or len({note.layer for note in notes}) > len({note.layer for note in best}):
            best = notes
    late = [max(0.0, note.start + rng.normal(0, piece.rubato)) for note in best]
    loose = [replace(note, start=when) for note, when in zip(best, late, strict=True) if when < seconds]
    return sorted(loose, key=lambda note: (note.start, note.key))


def _places(score: Score, piece: Piece, seconds: float, rng: np.random.Generator) -> list[float]:
    """Moments at which the clip may begin: the first is the best unless a layer is missing there."""
    last = max(float(score.duration) - seconds, 0.0)
    if piece.section != "steady":
        return [0.0 if piece.section == "intro" else last]
    bars = [float(score.seconds(tick)) for tick in score.bar_lines()]
    inside = [bar for bar in bars if bar <= last] or [0.0]
    return [inside[int(rng.integers(len(inside)))] for _ in range(TRIES)]


def _stretch(score: Score, start: float, seconds: float) -> list[Note]:
    """The notes that begin within `seconds` from `start`, as if the clip began there."""
    return [
        replace(note, start=note.start - start, duration=max(note.duration, SHORTEST_NOTE))
        for note in score.played()
        if start - 1e-6 <= note.start < start + seconds
    ]
