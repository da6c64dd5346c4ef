"""A score: what is played when, by what, how loud, and what it means; exact, frozen, and kept as JSON or as MIDI.

Times are ticks, whole parts of a quarter note; the tempo map turns them into seconds, as fractions.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

from riffusion_inference.errors import ScoreError
from riffusion_inference.notation.notes import LAYERS, Note

TICKS = 480
"""Ticks of a quarter note in what this program writes; a MIDI file may bring its own number."""
MICROSECONDS = 1_000_000
MAX_TEMPO = 2**24 - 1
"""Longest quarter note in microseconds that a MIDI file can say."""
FORMAT, VERSION = "riffusion-dub score", 1
Item = TypeVar("Item")


@dataclass(frozen=True)
class Tempo:
    """From here on, how long a quarter note is."""

    tick: int
    """Where it begins."""
    microseconds: int
    """Length of a quarter note, 1 to MAX_TEMPO."""

    @property
    def bpm(self) -> float:
        """Quarter notes per minute."""
        return 60 * MICROSECONDS / self.microseconds


@dataclass(frozen=True)
class Meter:
    """From here on, what a bar is."""

    tick: int
    """Where it begins, which is a bar line."""
    beats: int
    """Beats in a bar."""
    unit: int
    """What a beat is: 4 for a quarter note, 8 for an eighth."""


@dataclass(frozen=True)
class Key:
    """Tonic and mode."""

    tonic: int
    """Pitch class, 0 = C."""
    minor: bool
    """True: minor mode."""


@dataclass(frozen=True)
class Section:
    """A stretch of the form."""

    tick: int
    """Where it begins; it ends where the next begins."""
    name: str
    """intro, a, b, ending, ..."""


@dataclass(frozen=True)
class Chord:
    """Harmony from here on."""

    tick: int
    """Where it begins."""
    root: int
    """Pitch class of the root, 0 = C."""
    tones: tuple[int, ...]
    """Semitones above the root, from 0 up."""


@dataclass(frozen=True)
class Accent:
    """A moment that stands out, such as a cut that the music meets."""

    tick: int
    """When."""
    weight: float
    """0 to 1, how much."""


@dataclass(frozen=True)
class ScoreNote:
    """One note of one instrument."""

    tick: int
    """Where it begins."""
    layer: str
    """lead, chords, bass or drums."""
    program: int
    """General MIDI program 0 to 127; for drums the drum set."""
    key: int
    """MIDI key 0 to 127, or the drum's key."""
    ticks: int
    """How long it is held, >= 1."""
    velocity: int
    """1 to 127."""


BY_TIME = attrgetter(*(field.name for field in fields(ScoreNote)))
"""Key that puts notes in order of time, and those that begin together in one order."""


@dataclass(frozen=True)
class Score:
    """A piece of music as it is written. Validated on construction; everything is kept in order of time."""

    notes: tuple[ScoreNote, ...]
    """All notes."""
    end: int
    """Tick at which the piece ends; what is still heard rings out."""
    tempi: tuple[Tempo, ...] = (Tempo(0, 500_000),)
    """The tempo map; the first at tick 0."""
    meters: tuple[Meter, ...] = (Meter(0, 4, 4),)
    """What bars there are; the first at tick 0."""
    key: Key | None = None
    """Tonic and mode, where they are known."""
    sections: tuple[Section, ...] = ()
    """The form, where it is known."""
    chords: tuple[Chord, ...] = ()
    """The harmony, where it is known."""
    accents: tuple[Accent, ...] = ()
    """Moments that stand out."""
    ticks_per_quarter: int = TICKS
    """Ticks of a quarter note."""

    def __post_init__(self) -> None:
        for name in ("notes", "tempi", "meters", "sections", "chords", "accents"):
            order: Any = BY_TIME if name == "notes" else attrgetter("tick")
            object.__setattr__(self, name, tuple(sorted(getattr(self, name), key=order)))
        _check_times(self)
        for note in self.notes:
            _check_note(note)
        _check_nesting(self.notes)

    @cached_property
    def _tempo_starts(self) -> list[Fraction]:
        """Seconds at which each tempo begins."""
        starts = [Fraction(0)]
        for before, after in zip(self.tempi, self.tempi[1:], strict=False):
            starts.append(starts[-1] + self._span(after.tick - before.tick, before))
        return starts

    def _span(self, ticks: int, tempo: Tempo) -> Fraction:
        """Seconds that ticks take at one tempo."""
        return Fraction(ticks * tempo.microseconds, self.ticks_per_quarter * MICROSECONDS)

    def seconds(self, tick: int) -> Fraction:
        """The moment of a tick, in seconds from the beginning.

        >>> Score((), 960, (Tempo(0, 500_000), Tempo(480, 1_000_000))).seconds(960)
        Fraction(3, 2)
        """
        place = max(bisect_right([tempo.tick for tempo in self.tempi], tick) - 1, 0)
        return self._tempo_starts[place] + self._span(tick - self.tempi[place].tick, self.tempi[place])

    def tick_at(self, seconds: Fraction) -> int:
        """The tick nearest to a moment."""
        place = max(bisect_right(self._tempo_starts, seconds) - 1, 0)
        tempo, since = self.tempi[place], seconds - self._tempo_starts[place]
        return tempo.tick + round(since * MICROSECONDS * self.ticks_per_quarter / tempo.microseconds)

    def last_tick(self, seconds: Fraction) -> int:
        """The last tick that is not after a moment."""
        tick = self.tick_at(seconds)
        return tick - 1 if self.seconds(tick) > seconds else tick

    @property
    def duration(self) -> Fraction:
        """Seconds to the end."""
        return self.seconds(self.end)

    def bar_lines(self) -> list[int]:
        """Ticks of all bar lines before the end."""
        lines: list[int] = []
        for place, meter in enumerate(self.meters):
            last = self.meters[place + 1].tick if place + 1 < len(self.meters) else self.end
            step = max(self.ticks_per_quarter * 4 * meter.beats // meter.unit, 1)
            lines += range(meter.tick, min(last, self.end), step)
        return lines

    def played(self) -> list[Note]:
        """The notes in seconds, in order of time, as the sketch and the renderer take them."""
        played = []
        for note in self.notes:
            start, stop = float(self.seconds(note.tick)), float(self.seconds(note.tick + note.ticks))
            played.append(Note(start, stop - start, note.key, note.velocity, note.program, note.layer))
        return played

    def to_json(self) -> str:
        """The score as JSON, one line for each note."""
        values = asdict(self)
        notes = ",\n".join(json.dumps(list(note.values())) for note in values.pop("notes"))
        head = json.dumps({"format": FORMAT, "version": VERSION, "note": NOTE_FIELDS, **values}, indent=1)
        return f'{head[:-2]},\n "notes": [\n{notes}\n]\n}}\n'

    @classmethod
    def from_json(cls, text: str) -> Score:
        """Read what `to_json` wrote.

        Raises:
            ScoreError: it is no JSON, or not a score of this program.
        """
        try:
            values = json.loads(text)
            if values.pop("format") != FORMAT or values.pop("version") != VERSION or values.pop("note") != NOTE_FIELDS:
                raise ScoreError(f"The file is no score of this program's version {VERSION}.")
            values["notes"] = tuple(ScoreNote(*row) for row in values["notes"])
            for name, kind in (("tempi", Tempo), ("meters", Meter), ("sections", Section), ("accents", Accent)):
                values[name] = tuple(kind(**item) for item in values[name])
            values["chords"] = tuple(Chord(c["tick"], c["root"], tuple(c["tones"])) for c in values["chords"])
            values["key"] = Key(**values["key"]) if values["key"] else None
            return cls(**values)
        except RecursionError as error:
            raise ScoreError("The file is no score that can be read: it is nested too deep.") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ScoreError(f"The file is no score that can be read: {error}.") from error


NOTE_FIELDS = [field.name for field in fields(ScoreNote)]


def _check_times(score: Score) -> None:
    """Raise ScoreError unless there is a time for everything."""
    if not 1 <= score.ticks_per_quarter <= 32767 or score.end < 0:
        raise ScoreError(
            f"A quarter note has {score.ticks_per_quarter} ticks and the score ends at {score.end}: there must be "
            "1 to 32767 ticks, and no end before the beginning."
        )
    for name, items in (("tempo", score.tempi), ("meter", score.meters)):
        if not items or items[0].tick != 0 or len({item.tick for item in items}) < len(items):
            raise ScoreError(f"The first {name} must be at tick 0, and there may be one at a time.")
    if not all(1 <= tempo.microseconds <= MAX_TEMPO for tempo in score.tempi):
        raise ScoreError(f"A quarter note must be 1 to {MAX_TEMPO} microseconds long.")
    if not all(1 <= meter.beats <= 255 and meter.unit in (1, 2, 4, 8, 16, 32, 64) for meter in score.meters):
        raise ScoreError("A bar must have 1 to 255 beats, each a whole note, a half, a quarter and so on to a 64th.")
    later: Iterable[Any] = (*score.sections, *score.chords, *score.accents)
    if any(item.tick < 0 for item in later) or any(not 0 <= accent.weight <= 1 for accent in score.accents):
        raise ScoreError("Sections, chords and accents must not begin before 0, and an accent weighs 0 to 1.")


def _check_note(note: ScoreNote) -> None:
    """Raise ScoreError unless a note can be played."""
    if note.layer not in LAYERS:
        raise ScoreError(f"A note's layer is {note.layer!r}, but must be one of {', '.join(LAYERS)}.")
    ranges = (
        ("key", note.key, 0, 127),
        ("program", note.program, 0, 127),
        ("velocity", note.velocity, 1, 127),
        ("tick", note.tick, 0, 2**31),
        ("length in ticks", note.ticks, 1, 2**31),
    )
    for name, value, low, high in ranges:
        if not isinstance(value, int) or not low <= value <= high:
            raise ScoreError(f"A note's {name} is {value}, but must be a whole number from {low} to {high}.")


def _check_nesting(notes: tuple[ScoreNote, ...]) -> None:
    """Raise ScoreError where a key is struck and let go while the same instrument holds it: MIDI cannot say that."""
    ends: dict[tuple[str, int, int], int] = {}
    for note in notes:
        which, end = (note.layer, note.program, note.key), note.tick + note.ticks
        if end < ends.get(which, 0):
            raise ScoreError(
                f"Key {note.key} of the {note.layer} is struck at tick {note.tick} and let go while it is still held: "
                "end the longer note where the shorter one begins."
            )
        ends[which] = end
