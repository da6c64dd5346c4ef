"""A score as a picture: bars, form, chords, notes and drums over the same seconds as the spectrogram above it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from riffusion_inference.notation.notes import DRUMS, LAYERS
from riffusion_inference.notation.score import Score, ScoreNote

from .music_words import chord_name, layers_in_words, score_in_words, section_name

WIDTH = 10_000
"""Units across the picture, whatever its width in pixels."""
NARROWEST = 25
"""Units of the shortest note that is drawn: a pixel on a telephone."""
STRIKE = 60
"""Units of the longest drum stroke that is drawn."""
FEWEST_ROWS = 24
"""Semitones from bottom to top at least, so that a few keys do not fill the picture."""
NARROW, WIDE = 320, 700
"""Pixels that a picture has at least: on a telephone, and from where page.css shows what is marked as wide."""
LETTER, GAP = 7.0, 8.0
"""Pixels of one letter of a label, and between two labels."""
LINES = 8.0
"""Pixels between two lines at least; of bars that lie closer, every second, fourth, ... is drawn."""
LOUDNESS = ((60, "soft"), (92, "medium"), (128, "loud"))
"""Velocities below which a note is drawn in that strength."""
DRUM_ROWS = (
    (35, 36),
    (37, 38, 39, 40),
    (41, 43, 45, 47, 48, 50),
    (42, 44, 46),
    (49, 51, 52, 53, 55, 57, 59),
)
"""Keys that share a row, from the bottom up: bass drum, snare, toms, hi-hat, cymbals; any other is above them."""


@dataclass(frozen=True)
class Label:
    """A word above or below the notes."""

    text: str
    """What it says."""
    x: str
    """Where it begins, in percent."""
    narrow: bool
    """Whether there is room for it in a narrow picture."""
    wide: bool
    """Whether there is room for it in a wide one."""
    at_end: bool = False
    """Whether it ends at x instead."""


@dataclass(frozen=True)
class Stretch:
    """A section of the form."""

    x: str
    """Where it begins, in percent."""
    width: str
    """How long it is, in percent."""


@dataclass(frozen=True)
class Voice:
    """Notes of one layer that are equally strong."""

    layer: str
    """lead, chords, bass or drums."""
    strength: str
    """soft, medium or loud."""
    path: str
    """The notes as an SVG path."""


@dataclass(frozen=True)
class PianoRoll:
    """Everything that the picture shows."""

    says: str
    """The score in words."""
    sections: tuple[Stretch, ...]
    """The form."""
    section_names: tuple[Label, ...]
    """What the sections are called."""
    chords: tuple[Label, ...]
    """The harmony."""
    bars: str
    """Bar lines as an SVG path, 1 high."""
    beats: str
    """Beats between them, likewise."""
    bar_numbers: tuple[Label, ...]
    """Numbers of bars, from 1."""
    accents: tuple[str, ...]
    """Where the music meets the picture, in percent."""
    rows: int
    """Height of the pitched notes, in semitones."""
    drum_rows: int
    """Height of the drums, in kinds of drums; 0 without."""
    voices: tuple[Voice, ...]
    """The pitched notes, layers that lie behind first."""
    drums: tuple[Voice, ...]
    """The drums."""
    legend: tuple[tuple[str, str], ...]
    """Layer, and what it is with its instruments."""


@dataclass(frozen=True)
class Axis:
    """Where a tick lies between the left edge and the right one."""

    score: Score
    """Has the tempo map."""
    duration: Fraction
    """Seconds across."""

    def share(self, tick: int) -> float:
        """0 at the left edge, 1 at the right one."""
        return float(self.score.seconds(tick) / self.duration)

    def units(self, tick: int) -> int:
        """The same in units of the picture."""
        return round(self.share(tick) * WIDTH)

    def every(self, ticks: Sequence[int], width: int, pixels: float) -> int:
        """1, 2, 4, ...: of ticks one after another the first, and so on, that lie so many pixels apart on average."""
        apart = 1.0 if len(ticks) < 2 else (self.share(ticks[-1]) - self.share(ticks[0])) / (len(ticks) - 1)
        step = 1
        while step * apart * width < pixels and step < len(ticks):
            step *= 2
        return step


def piano_roll(score: Score, duration: Fraction, name: str) -> PianoRoll:
    """Lay a score out for piano_roll.html.

    Args:
        score: what is drawn.
        duration: seconds from the left edge to the right one, > 0; what lies behind is cut off.
        name: what the music is called, for those who do not see the picture.
    """
    axis = Axis(score, duration)
    bars = [tick for tick in score.bar_lines() if axis.units(tick) < WIDTH]
    pitched, drums = _split(note for note in score.notes if axis.units(note.tick) < WIDTH)
    keys = [note.key for note in pitched] or [60]
    middle = (min(keys) + max(keys)) // 2
    rows = max(FEWEST_ROWS, max(keys) - min(keys) + 3)
    bottom = min(min(keys) - 1, middle - rows // 2)
    drum_rows = sorted({_drum_row(note.key) for note in drums})
    return PianoRoll(
        says=score_in_words(score, name, len(bars)),
        sections=tuple(_stretches(score, axis)),
        section_names=_section_names(score, axis),
        chords=labels([(chord_name(chord, score.key), axis.share(chord.tick)) for chord in score.chords]),
        bars=_lines([axis.units(tick) for tick in bars[:: axis.every(bars, NARROW, LINES)]]),
        beats=_lines([axis.units(tick) for tick in _beats(score, bars, axis)]),
        bar_numbers=_bar_numbers(bars, axis),
        accents=tuple(percent(axis.share(one.tick)) for one in score.accents if axis.units(one.tick) <= WIDTH),
        rows=rows,
        drum_rows=len(drum_rows),
        voices=_voices(pitched, axis, lambda note: rows - 1 - (note.key - bottom)),
        drums=_voices(drums, axis, lambda note: len(drum_rows) - 1 - drum_rows.index(_drum_row(note.key))),
        legend=tuple(layers_in_words(score).items()),
    )


def labels(items: Iterable[tuple[str, float]]) -> tuple[Label, ...]:
    """Words at shares of the width, from left to right: in either width those that there is room for."""
    free, found = {NARROW: 0.0, WIDE: 0.0}, []
    for text, share in items:
        fits = {}
        for width, since in free.items():
            end = share * width + LETTER * len(text)
            fits[width] = share * width >= since and end <= width
            free[width] = end + GAP if fits[width] else since
        if any(fits.values()):
            found.append(Label(text, percent(share), narrow=fits[NARROW], wide=fits[WIDE]))
    return tuple(found)


def percent(share: float) -> str:
    """0.5 as 50%, with what a screen can show."""
    return f"{100 * share:.2f}%"


def _split(notes: Iterable[ScoreNote]) -> tuple[list[ScoreNote], list[ScoreNote]]:
    """Pitched notes and drums."""
    pitched: list[ScoreNote] = []
    drums: list[ScoreNote] = []
    for note in notes:
        (drums if note.layer == DRUMS else pitched).append(note)
    return pitched, drums


def _drum_row(key: int) -> int:
    """The row of a drum's key."""
    return next((row for row, keys in enumerate(DRUM_ROWS) if key in keys), len(DRUM_ROWS))


def _voices(notes: Sequence[ScoreNote], axis: Axis, row_of: Callable[[ScoreNote], int]) -> tuple[Voice, ...]:
    """One path for each layer and strength, so that a piece of ten minutes is a dozen elements and not ten thousand."""
    paths: dict[tuple[str, str], list[str]] = {}
    # What leads lies in front.
    for note in sorted(notes, key=lambda note: -LAYERS.index(note.layer)):
        strength = next(name for limit, name in LOUDNESS if note.velocity < limit)
        x, end = axis.units(note.tick), min(axis.units(note.tick + note.ticks), WIDTH)
        # A gap between notes that follow each other on one key.
        length = max(NARROWEST, min(end - x - NARROWEST // 2, STRIKE if note.layer == DRUMS else WIDTH))
        path = f"M{x} {row_of(note)}h{length}v1h-{length}z"
        paths.setdefault((note.layer, strength), []).append(path)
    return tuple(Voice(layer, strength, "".join(path)) for (layer, strength), path in paths.items())


def _lines(places: Iterable[int]) -> str:
    """Upright lines, 1 high."""
    return "".join(f"M{place} 0v1" for place in places)


def _beats(score: Score, bars: Sequence[int], axis: Axis) -> list[int]:
    """Ticks of the beats between bar lines; none where they would lie too close."""
    units = {meter.tick: meter.unit for meter in score.meters}
    ticks: list[int] = []
    unit = 4
    for bar, following in itertools.pairwise([*bars, score.end]):
        unit = units.get(bar, unit)
        ticks += range(bar, following, max(score.ticks_per_quarter * 4 // unit, 1))
    crowded = axis.every(ticks, NARROW, LINES) > 1
    return [] if crowded else sorted({*ticks} - {*bars})


def _bar_numbers(bars: Sequence[int], axis: Axis) -> tuple[Label, ...]:
    """Numbers of bars at even distances: 1, 2, 3 or 1, 5, 9, as there is room."""
    room = LETTER * len(str(len(bars))) + GAP
    narrow, wide = axis.every(bars, NARROW, room), axis.every(bars, WIDE, room)
    shares = [(index, axis.share(tick)) for index, tick in enumerate(bars) if index % wide == 0]
    return tuple(
        Label(
            str(index + 1),
            percent(share),
            narrow=index % narrow == 0 and (1 - share) * NARROW >= room,
            wide=(1 - share) * WIDE >= room,
        )
        for index, share in shares
    )


def _stretches(score: Score, axis: Axis) -> Iterable[Stretch]:
    """The sections' places."""
    for section, following in itertools.zip_longest(score.sections, score.sections[1:]):
        start = axis.share(section.tick)
        end = min(axis.share(following.tick), 1.0) if following else 1.0
        if start < end:
            yield Stretch(percent(start), percent(end - start))


def _section_names(score: Score, axis: Axis) -> tuple[Label, ...]:
    """The sections' names; the last one ends at the right edge where it is too short for its name."""
    named = [(section_name(section.name), axis.share(section.tick)) for section in score.sections]
    if not named:
        return ()
    (last, share), before = named[-1], named[:-1]
    if (1 - share) * NARROW >= LETTER * len(last):
        return labels(named)
    room = 1 - (LETTER * len(last) + GAP) / NARROW
    kept = [one for one in labels(before) if float(one.x.rstrip("%")) / 100 + LETTER * len(one.text) / NARROW <= room]
    return (*kept, Label(last, "100%", narrow=True, wide=True, at_end=True))
