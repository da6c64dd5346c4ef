"""One film, one music: later parts take up the first part's key and tempo, and music may run on across a cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from riffusion_inference.errors import ScoreError
from riffusion_inference.notation.score import MICROSECONDS, Accent, Chord, Meter, Score, ScoreNote, Section, Tempo
from riffusion_inference.score.brief import Brief
from riffusion_inference.score.taste import usual_tempi
from riffusion_inference.score.words import MAJOR_MOODS, MINOR_MOODS

State = TypeVar("State", bound=Tempo | Meter | Section | Chord | Accent | ScoreNote)

RATIOS = (Fraction(1), Fraction(2), Fraction(1, 2), Fraction(3, 2), Fraction(2, 3))
"""Tempi that belong together, as factors."""


def related(brief: Brief, first: Score) -> Brief:
    """Give a later part's brief the key and a related tempo of the film's first part, where it leaves them open.

    The tempo is the first part's, or twice, half, three halves or two thirds of it: whichever is nearest to the middle
    of what the brief's genre, mood and words for a pace allow, with the first part's own before the others.

    Args:
        brief: of the later part.
        first: score of the first part that has music.
    Returns:
        The brief; unchanged where it names key and tempo itself.
    """
    if brief.bpm is None:
        bpm = main_bpm(first)
        slow, fast = usual_tempi(brief)
        inside = [bpm * float(ratio) for ratio in RATIOS if slow <= bpm * float(ratio) <= fast]
        middle = (slow * fast) ** 0.5
        choices = inside[:1] or sorted((bpm * float(ratio) for ratio in RATIOS), key=lambda b: abs(b / middle - 1))
        brief = replace(brief, bpm=round(choices[0], 3))
    if brief.tonic is None and first.key is not None:
        minor = _mode(brief, first.key.minor)
        # Of another mode the relative key has the same notes.
        step = 0 if minor == first.key.minor else 3 if first.key.minor else -3
        brief = replace(brief, tonic=(first.key.tonic + step) % 12, minor=minor)
    return brief


def _mode(brief: Brief, minor: bool) -> bool:
    """Whether a later part is in minor: as it says itself, or by its mood, or as the first part is."""
    if brief.minor is not None:
        return brief.minor
    return (minor or brief.mood in MINOR_MOODS) and brief.mood not in MAJOR_MOODS


def main_bpm(score: Score) -> float:
    """The tempo that a score has for the longest time."""
    lengths: dict[int, int] = {}
    for place, tempo in enumerate(score.tempi):
        last = score.tempi[place + 1].tick if place + 1 < len(score.tempi) else score.end
        lengths[tempo.microseconds] = (
            lengths.get(tempo.microseconds, 0) + max(last - tempo.tick, 0) * tempo.microseconds
        )
    return 60 * MICROSECONDS / max(lengths, key=lambda one: lengths[one])


def joined(scores: Sequence[Score]) -> Score:
    """Put scores one after the other, each beginning on the tick at which the one before it ends.

    Raises:
        ScoreError: there are none, or their ticks differ in length.
    """
    if not scores or len({score.ticks_per_quarter for score in scores}) > 1:
        raise ScoreError("Scores are joined if there is at least one and all have ticks of the same length.")
    whole, at = scores[0], scores[0].end
    for score in scores[1:]:
        whole = replace(
            whole,
            notes=(*whole.notes, *_moved(score.notes, at)),
            end=at + score.end,
            tempi=(*(t for t in whole.tempi if t.tick < at), *_moved(score.tempi, at)),
            meters=(*(m for m in whole.meters if m.tick < at), *_moved(score.meters, at)),
            sections=(*whole.sections, *_moved(score.sections, at)),
            chords=(*whole.chords, *_moved(score.chords, at)),
            accents=(*whole.accents, *_moved(score.accents, at)),
        )
        at += score.end
    return whole


def excerpt(score: Score, start: Fraction, end: Fraction) -> Score:
    """The stretch of a score between two moments, to the nearest tick; what is held over an edge is cut there.

    Args:
        score: the whole piece.
        start: seconds, 0 or more.
        end: seconds, after start.
    Raises:
        ScoreError: the stretch is not inside the score.
    """
    first, last = score.tick_at(start), score.tick_at(end)
    if not 0 <= first < last <= score.end + 1:
        raise ScoreError(
            f"The stretch from {float(start):g} to {float(end):g} s is not inside the score, which lasts "
            f"{float(score.duration):g} s."
        )
    notes = []
    for note in score.notes:
        begins, stops = max(note.tick, first), min(note.tick + note.ticks, last)
        if begins < stops:
            notes.append(replace(note, tick=begins - first, ticks=stops - begins))
    bars = [tick for tick in score.bar_lines() if tick >= first]
    meters = _from(score.meters, first, last)
    # After a bar that is broken at its beginning the bar lines go on where they were.
    if bars and bars[0] > first and all(meter.tick + first != bars[0] for meter in meters):
        meters = (*meters, replace(meters[0], tick=bars[0] - first)) if bars[0] < last else meters
    return replace(
        score,
        notes=tuple(notes),
        end=last - first,
        tempi=_from(score.tempi, first, last),
        meters=meters,
        sections=_from(score.sections, first, last),
        chords=_from(score.chords, first, last),
        accents=tuple(
            replace(accent, tick=accent.tick - first) for accent in score.accents if first <= accent.tick < last
        ),
    )


def _moved(items: Sequence[State], by: int) -> tuple[State, ...]:
    """Items some ticks later."""
    return tuple(replace(item, tick=item.tick + by) for item in items)


def _from(items: Sequence[State], first: int, last: int) -> tuple[State, ...]:
    """What holds at tick `first` and what begins from there to `last`, counted from `first`."""
    before = [item for item in items if item.tick <= first]
    after = [replace(item, tick=item.tick - first) for item in items if first < item.tick < last]
    return (*(replace(item, tick=0) for item in before[-1:]), *after)
