"""Writes the notes of a piece: progression with voice leading, bass line, chords, lead and drums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riffusion_inference.score.genres import GENRES, Genre
from riffusion_inference.score.instruments import INSTRUMENTS, Instrument
from riffusion_inference.score.melody import Lead, write_lead
from riffusion_inference.score.notes import Note
from riffusion_inference.score.patterns import BASS, CHORDS, DRUM_SETS, DRUMS
from training.piece import Piece

__all__ = ["Frame", "Note", "compose"]

SECONDS_PER_FRAME = 0.02
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
PROGRESSIONS = {
    False: (
        (0, 4, 5, 3),
        (0, 5, 3, 4),
        (0, 3, 4, 0),
        (0, 3, 0, 4),
        (0, 0, 3, 4),
        (0, 2, 3, 4),
        (0, 1, 4, 0),
        (0, 4, 0, 3),
    ),
    True: (
        (0, 5, 2, 6),
        (0, 3, 4, 0),
        (0, 6, 5, 6),
        (0, 5, 3, 4),
        (0, 0, 5, 6),
        (0, 3, 6, 0),
        (0, 0, 3, 0),
        (0, 6, 3, 0),
    ),
}
SEVENTHS = ("jazz", "swing", "bossa nova", "lo-fi", "funk", "house", "blues")
STATIC = ("ambient", "horror", "indian", "techno")
GAIN = {"soft": 0.62, "medium": 0.8, "loud": 1.0}


@dataclass(frozen=True)
class Frame:
    """The time grid that every layer shares."""

    sixteenth: float
    """Seconds."""
    steps_per_bar: int
    """Sixteenths in a bar."""
    n_bars: int
    """Bars that cover the clip."""
    swing: float
    """Delay of the off-beat eighth, in eighths."""

    def seconds(self, step: float) -> float:
        """Time of a sixteenth, swung."""
        whole, within = divmod(step, 4)
        if self.swing and within >= 2:
            within = 2 + 2 * self.swing + (within - 2) * (1 - self.swing)
        elif self.swing:
            within *= 1 + self.swing
        return float((whole * 4 + within) * self.sixteenth)


def compose(piece: Piece, seconds: float) -> list[Note]:
    """Write all notes of a piece that start within `seconds`, in order of time.

    Args:
        piece: what to write.
        seconds: length of the clip.
    Returns:
        The notes; the same piece gives the same notes.
    """
    rng = np.random.default_rng([piece.seed, 1])
    genre = GENRES[piece.genre]
    sixteenth = piece.beat_frames * SECONDS_PER_FRAME / 4
    steps = 4 * genre.meter
    grid = Frame(sixteenth, steps, int(np.ceil(seconds / (sixteenth * steps))), genre.swing)
    degrees = _progression(piece, grid.n_bars, rng)
    voicings = _voice(degrees, piece, rng)
    roots = [_pitch(degree, piece) for degree in degrees]
    notes = _lead_notes(piece, grid, degrees, voicings, rng)
    if piece.chords:
        notes += _chord_notes(piece, genre, grid, voicings, rng)
    if piece.bass:
        notes += _bass_notes(piece, genre, grid, roots, rng)
    if piece.drums:
        notes += _drum_notes(piece, grid, rng)
    notes = [note for note in notes if 0 <= note.start < seconds and _sounds(piece, note, seconds)]
    return sorted(notes, key=lambda note: (note.start, note.key))


def _sounds(piece: Piece, note: Note, seconds: float) -> bool:
    """Whether a layer plays at this time: in an intro layers enter one by one, in an outro they leave."""
    order = {"lead": 0.0, "chords": 0.25, "bass": 0.4, "drums": 0.55}[note.layer]
    if piece.section == "intro":
        return note.start >= order * seconds * 0.8
    if piece.section == "outro":
        return note.start <= (1 - order * 0.7) * seconds
    return True


def _progression(piece: Piece, n_bars: int, rng: np.random.Generator) -> list[int]:
    """Choose one chord (a scale degree, 0 = tonic) for each bar."""
    if piece.texture == "drone" or (piece.genre in STATIC and rng.random() < 0.6):
        return [0] * n_bars
    if piece.genre == "blues":
        pattern: tuple[int, ...] = (0, 0, 3, 0, 4, 3, 0, 0)
    else:
        options = PROGRESSIONS[piece.minor]
        pattern = options[int(rng.integers(len(options)))]
    return [pattern[bar % len(pattern)] for bar in range(n_bars)]


def _pitch(degree: int, piece: Piece) -> int:
    """Pitch in semitones above C of a scale degree; degrees past 6 are in the next octave."""
    scale = MINOR if piece.minor else MAJOR
    octave, step = divmod(degree, 7)
    return piece.key + scale[step] + 12 * octave


def _voice(degrees: list[int], piece: Piece, rng: np.random.Generator) -> list[list[int]]:
    """Spell each chord near the one before it, so that the voices move little."""
    instrument = INSTRUMENTS[piece.chords or piece.lead]
    centre = float(np.clip(rng.normal(62, 3), instrument.low + 7, instrument.high - 7))
    seventh = piece.genre in SEVENTHS
    classical = piece.genre in ("classical piano", "baroque", "waltz", "tango", "orchestral", "church music")
    voicings = []
    for degree in degrees:
        tones = [_pitch(degree + step, piece) % 12 for step in ((0, 2, 4, 6) if seventh else (0, 2, 4))]
        if piece.minor and degree == 4 and classical:
            tones[1] = (piece.key + 11) % 12
        keys = sorted(int(tone + 12 * round((centre - tone) / 12)) for tone in tones)
        if len(keys) == 3:
            keys.append(keys[0] + 12)
        voicings.append(keys)
        centre = 0.7 * centre + 0.3 * float(np.mean(keys[:3]))
    return voicings


def _velocity(piece: Piece, base: float, rng: np.random.Generator) -> int:
    """Loudness of one note with a human's unevenness."""
    return int(np.clip(base * GAIN[piece.dynamics] * rng.normal(1, 0.06), 12, 127))


def _lead_notes(
    piece: Piece, grid: Frame, degrees: list[int], voicings: list[list[int]], rng: np.random.Generator
) -> list[Note]:
    """Place what the lead plays on the time grid."""
    instrument = INSTRUMENTS[piece.lead]
    scale = MINOR if piece.minor else MAJOR
    lead = Lead(piece.texture, piece.density, piece.key, scale, instrument.low, instrument.high, grid.steps_per_bar)
    length = {"legato": 1.05, "normal": 0.9, "staccato": 0.45}[piece.articulation]
    notes = []
    for step, steps, key, accent in write_lead(lead, degrees, voicings, rng):
        start = grid.seconds(step) + rng.normal(0, piece.rubato)
        held = (grid.seconds(step + steps) - grid.seconds(step)) * length
        notes.append(
            Note(max(start, 0), max(held, 0.06), key, _velocity(piece, 104 * accent, rng), instrument.program, "lead")
        )
    return notes


def _chord_notes(
    piece: Piece, genre: Genre, grid: Frame, voicings: list[list[int]], rng: np.random.Generator
) -> list[Note]:
    """Play the chord pattern of the genre on the chord instrument."""
    pattern = CHORDS["pad" if piece.density == "sparse" and genre.drums < 0.5 else genre.chord_style]
    instrument = INSTRUMENTS[piece.chords]
    power = piece.chords in ("distorted guitar", "overdriven guitar")
    notes = []
    for bar, voicing in enumerate(voicings):
        voicing = [voicing[0] - 12, voicing[0] - 5, voicing[0]] if power else voicing
        for step, mark, steps in _events(pattern, grid.steps_per_bar):
            keys = voicing if mark == "C" else voicing[1:] if mark == "U" else [voicing[int(mark) % len(voicing)]]
            start = grid.seconds(bar * grid.steps_per_bar + step)
            held = grid.sixteenth * steps * 0.95
            for order, key in enumerate(keys):
                late = order * 0.008 if instrument.family == "guitar" else 0.0
                when = max(start + late + rng.normal(0, piece.rubato), 0)
                notes.append(
                    Note(when, held, _fit(key, instrument), _velocity(piece, 74, rng), instrument.program, "chords")
                )
    return notes


def _bass_notes(piece: Piece, genre: Genre, grid: Frame, roots: list[int], rng: np.random.Generator) -> list[Note]:
    """Play the bass pattern of the genre."""
    pattern = BASS["long" if piece.density == "sparse" and genre.drums < 0.5 else genre.bass_style]
    instrument = INSTRUMENTS[piece.bass]
    notes = []
    for bar, root in enumerate(roots):
        low = _fit(28 + (root - 28) % 12, instrument)
        following = _fit(28 + (roots[(bar + 1) % len(roots)] - 28) % 12, instrument)
        third = low + (3 if piece.minor else 4)
        pitches = {
            "R": low,
            "F": low + 7,
            "O": low + 12,
            "W": third,
            "A": following + (1 if rng.random() < 0.5 else -1),
        }
        for step, mark, steps in _events(pattern, grid.steps_per_bar):
            when = max(grid.seconds(bar * grid.steps_per_bar + step) + rng.normal(0, piece.rubato * 0.5), 0)
            held = grid.sixteenth * steps * 0.95
            notes.append(Note(when, held, pitches[mark], _velocity(piece, 96, rng), instrument.program, "bass"))
    return notes


def _drum_notes(piece: Piece, grid: Frame, rng: np.random.Generator) -> list[Note]:
    """Play the groove, with a fill in every fourth bar of a busy piece."""
    drum_set, lines = DRUMS[piece.groove]
    notes = []
    for bar in range(grid.n_bars):
        fill = bar % 4 == 3 and piece.density == "busy"
        for key, line in lines.items():
            for step in range(grid.steps_per_bar):
                mark = line[step % len(line)]
                if (
                    mark == "."
                    or (piece.density == "sparse" and mark in "345")
                    or (key in (49, 51) and bar % 2 and mark == "8")
                ):
                    continue
                when = max(grid.seconds(bar * grid.steps_per_bar + step) + rng.normal(0, piece.rubato * 0.5), 0)
                loud = _velocity(piece, 34 + 10 * int(mark), rng)
                notes.append(Note(when, 0.1, key, loud, DRUM_SETS[drum_set], "drums"))
        for step in range(grid.steps_per_bar - 4, grid.steps_per_bar) if fill else ():
            when = grid.seconds(bar * grid.steps_per_bar + step)
            notes.append(
                Note(when, 0.1, int(rng.choice((38, 45, 48))), _velocity(piece, 100, rng), DRUM_SETS[drum_set], "drums")
            )
    return notes


def _events(pattern: str, steps_per_bar: int) -> list[tuple[int, str, int]]:
    """Read a pattern: (step, mark, steps held) of every note in a bar."""
    marks = [pattern[step % len(pattern)] for step in range(steps_per_bar)]
    events = []
    for step, mark in enumerate(marks):
        if mark in ".-":
            continue
        end = step + 1
        while end < steps_per_bar and marks[end] == "-":
            end += 1
        events.append((step, mark, end - step))
    return events


def _fit(key: int, instrument: Instrument) -> int:
    """Move a key by octaves into the instrument's range."""
    while key < instrument.low:
        key += 12
    while key > instrument.high:
        key -= 12
    return key
