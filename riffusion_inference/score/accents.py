"""Marks the hits that a score meets: louder notes, a chord, a crash, and for the strongest a breath before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from riffusion_inference.notation.score import TICKS, Accent, Score, ScoreNote
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.parts import DRUM_TICKS, Writer, fold
from riffusion_inference.score.patterns import CRASH, DRUM_SETS, DRUMS, KICK
from riffusion_inference.score.sketch import rise_seconds
from riffusion_inference.score.taste import Taste

NEAR = TICKS // 16
"""Ticks from a hit within which a note belongs to it."""
LOUDER = 0.3
"""How much louder a note on the strongest hit is."""
CRASH_FROM, BREATH_FROM = 0.6, 0.85
"""Weights from which a hit gets a crash and a breath before it; a chord every hit gets."""
BREATH = TICKS // 2
STRUCK_RISE = 0.02
"""Seconds after which, at most, what is struck is heard to begin."""
PLUCK_RISE = Fraction(13, 1000)
"""Seconds by which a plucked string that sounds alone is heard late, in the middle of 24."""
ABOVE = 12
"""How much louder than all that swells in something is struck beside it."""
STRUCK = ("keys", "mallets", "guitar", "plucked", "bass", "synth")
"""Families that are loudest within 40 ms."""
JOINS = ("chords", "harp")
"""Layer and instrument that join a band in which nothing is struck."""
SOLO_JOINS = {"pad": "new age pad", "strings": "pizzicato strings"}
"""What joins an instrument of a family that plays alone: pads a glassier one, and who bows a string can pluck it."""
BOWED = "strings"
"""The family whose player plucks instead of bowing."""


def mark_accents(notes: list[ScoreNote], accents: tuple[Accent, ...], writer: Writer) -> list[ScoreNote]:
    """Return the notes with every accent marked."""
    # A solo that swells in is heard at once only after a rest.
    family = INSTRUMENTS[writer.taste.lead].family
    alone = is_solo(writer.taste) and family not in STRUCK
    resting = ("lead", "chords") if alone else ("chords", "bass", "drums")
    early = alone and family not in SOLO_JOINS
    clock = Score((), 0, writer.plan.tempi)
    for accent in accents:
        if alone or accent.weight >= BREATH_FROM:
            notes = [
                _breathe(note, accent.tick, resting) for note in notes if not _in_breath(note, accent.tick, resting)
            ]
        near = [_louder(note, accent) for note in notes if abs(note.tick - accent.tick) <= NEAR]
        near += _chord(accent, writer)
        notes = [note for note in notes if abs(note.tick - accent.tick) > NEAR]
        struck = _struck(accent, writer, max((note.velocity for note in near), default=0))
        struck += _strikes(accent, writer)
        if alone and struck and family == BOWED and not is_last(accent, writer):
            near = []  # Who plucks a string cannot bow it.
            struck = [_earlier(note, clock, PLUCK_RISE) for note in struck]
        # A drum is heard at once, whatever swells in beside it.
        if not any(note.layer == "drums" for note in (*near, *struck)):
            near = [_ahead(note, clock, whole=early) for note in near]
        notes += near + struck
    return notes


def _ahead(note: ScoreNote, clock: Score, *, whole: bool) -> ScoreNote:
    """A note that begins so early that it is heard to begin where it is written, as players of strings have it.

    Args:
        note: on the hit.
        clock: a score with the tempo map.
        whole: by all of its rise, as what sounds alone needs it; else by half of what it rises slower than something
            struck beside it.
    """
    rise = rise_seconds(note.program, note.key)
    return _earlier(note, clock, Fraction(rise if whole else max(rise - STRUCK_RISE, 0) / 2).limit_denominator(1000))


def _earlier(note: ScoreNote, clock: Score, early: Fraction) -> ScoreNote:
    """A note that begins some seconds earlier and ends when it did."""
    tick = max(clock.tick_at(clock.seconds(note.tick) - early), 0)
    return replace(note, tick=tick, ticks=note.ticks + note.tick - tick)


def _in_breath(note: ScoreNote, tick: int, resting: Sequence[str]) -> bool:
    """Whether a note of a layer that rests begins in the breath before a tick."""
    return note.layer in resting and tick - BREATH <= note.tick < tick - NEAR


def _breathe(note: ScoreNote, tick: int, resting: Sequence[str]) -> ScoreNote:
    """End a note of a layer that rests before the breath."""
    if note.layer not in resting or not note.tick < tick - BREATH < note.tick + note.ticks:
        return note
    return replace(note, ticks=tick - BREATH - note.tick)


def _louder(note: ScoreNote, accent: Accent) -> ScoreNote:
    """A note as it is played on a hit: on its tick exactly, and louder."""
    velocity = min(127, round(note.velocity * (1 + LOUDER * accent.weight)))
    return replace(note, tick=accent.tick, velocity=velocity)


def _chord(accent: Accent, writer: Writer) -> list[ScoreNote]:
    """The bar's chord, a beat long, the louder the stronger the hit; the last chord needs no other."""
    taste, bar = writer.taste, writer.plan.bar_at(accent.tick)
    if is_last(accent, writer):
        return []
    layer = "chords" if taste.chords else "lead"
    instrument = INSTRUMENTS[taste.chords or taste.lead]
    keys = {fold(key, instrument) for key in writer.bars[max(bar, 0)].voicing}
    # An instrument with one voice plays its highest tone.
    chosen = sorted(keys) if taste.chords else [max(keys)]
    span, loud = (accent.tick, accent.tick + 0.9 * TICKS), 78 + 36 * accent.weight
    return [writer.note(layer, instrument.program, key, span, loud) for key in chosen]


def _struck(accent: Accent, writer: Writer, loudest: int) -> list[ScoreNote]:
    """Join a chord that swells in with something that is heard at once, above all else; most solos have nothing."""
    taste, harmony = writer.taste, writer.bars[max(writer.plan.bar_at(accent.tick), 0)]
    family = INSTRUMENTS[taste.chords or taste.lead].family
    if family in STRUCK or (is_solo(taste) and family not in SOLO_JOINS):
        return []
    own = [(layer, name) for layer, name in (("lead", taste.lead), ("bass", taste.bass)) if name]
    quick = [(layer, name) for layer, name in own if INSTRUMENTS[name].family in STRUCK]
    layer, name = [*quick, ("chords", SOLO_JOINS[family]) if is_solo(taste) else JOINS][0]
    instrument = INSTRUMENTS[name]
    keys = {fold(28 + (harmony.root - 28) % 12, instrument)} if layer == "bass" else set(harmony.voicing)
    span = (accent.tick, accent.tick + 0.9 * TICKS)
    loud = max(84 + 36 * accent.weight, (loudest + ABOVE) / taste.loudness)
    return [writer.note(layer, instrument.program, fold(key, instrument), span, loud) for key in sorted(keys)]


def is_last(accent: Accent, writer: Writer) -> bool:
    """Whether the last chord is on a hit."""
    return writer.plan.closes and accent.tick == writer.plan.played(writer.plan.final)


def is_solo(taste: Taste) -> bool:
    """Whether one instrument plays alone."""
    return len({taste.lead, taste.chords, taste.bass} - {""}) == 1 and not taste.groove


def _strikes(accent: Accent, writer: Writer) -> list[ScoreNote]:
    """Kick and crash on a hit that is strong enough, where drums play."""
    if accent.weight < CRASH_FROM or not writer.taste.groove:
        return []
    program, span = DRUM_SETS[DRUMS[writer.taste.groove][0]], (accent.tick, accent.tick + DRUM_TICKS)
    return [writer.note("drums", program, key, span, 90 + 30 * accent.weight) for key in (KICK, CRASH)]
