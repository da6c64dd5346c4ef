"""Writes a score for a part: whole bars, sections that come back, an ending inside the part."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import MAX_SECONDS, MIN_SECONDS
from riffusion_inference.errors import SettingError
from riffusion_inference.notation.score import BY_TIME, Accent, Chord, Key, Score, ScoreNote, Section
from riffusion_inference.score.accents import mark_accents
from riffusion_inference.score.bars import play_bars
from riffusion_inference.score.brief import Brief
from riffusion_inference.score.drums import write_drum_part
from riffusion_inference.score.dynamics import swell, thin_out
from riffusion_inference.score.follow import Followed, Hit, follow_hits
from riffusion_inference.score.form import Plan, plan_bars
from riffusion_inference.score.harmony import Bar, harmonise
from riffusion_inference.score.open_form import plan_loop, plan_open
from riffusion_inference.score.parts import (
    Writer,
    write_bass_part,
    write_chord_part,
    write_ending,
    write_lead_part,
)
from riffusion_inference.score.taste import Taste, settle

SHORTEST_CHORD = Fraction(1, 4)
"""Seconds before the end of the part from which on nothing is met: no chord could be heard."""
N_SLOPE = 32
SLOPES = {"intro": (0.15, 0.9), "ending": (0.9, 0.1)}
"""How much happens at the beginning and at the end of a piece that is to be only an introduction, or an ending."""


def write_score(
    brief: Brief,
    duration: Fraction,
    seed: int,
    hits: Sequence[Hit] = (),
    energy: Sequence[float] | None = None,
    *,
    loop: bool = False,
    ending: bool = True,
) -> Score:
    """Write a piece that fills a part.

    Args:
        brief: what it should be; what it leaves open is drawn.
        duration: of the part, seconds, 0.2 to 600.
        seed: draws everything; another seed gives another piece.
        hits: moments of the picture; those that the tempo can meet become accents.
        energy: how much happens over the part, 0 to 1, at even distances; None for the form's own arc.
        loop: fill the part with whole bars, so that it can repeat without end; the tempo is moved until they fit, a
            named one too (`departures` says so), and hits are not followed.
        ending: False: there is no last chord, and the music goes on where the part ends, as an introduction does.
    Returns:
        The score; its last chord is on the tonic, and ends before the part does. A loop and a piece without an ending
        have none.
    Raises:
        SettingError: the part is too short or too long.
    """
    if not MIN_SECONDS <= float(duration) <= MAX_SECONDS:
        raise SettingError(
            f"The part lasts {float(duration):g} s, but music can be written for {MIN_SECONDS:g} to {MAX_SECONDS:g} s."
        )
    taste = settle(brief, np.random.default_rng([seed, _kind(brief), 0]))
    curve = _curve(energy, None if loop else brief.section)
    followed = None if loop else _follow(hits, taste, duration)
    if loop:
        plan = plan_loop(taste, duration, curve)
    else:
        closes = ending and brief.section != "intro"
        plan = (plan_bars if closes else plan_open)(taste, duration, curve, followed)
    accents = tuple(Accent(tick, hit.weight) for hit, tick in followed.kept) if followed else ()
    bars = harmonise(taste, plan, np.random.default_rng([seed, 8]))
    writer = Writer(taste, plan, bars, seed)
    notes = write_lead_part(writer)
    notes += write_chord_part(writer) if taste.chords else []
    notes += write_bass_part(writer) if taste.bass else []
    notes += write_drum_part(writer) if taste.groove else []
    notes = play_bars([note for note in notes if note.tick < plan.final], plan)
    if plan.energies:
        notes = thin_out(notes, plan, taste.asked)
    # Whatever is held into the last chord would blur it.
    notes = [_until(note, plan.played(plan.final)) for note in notes]
    last = max((note for note in notes if note.layer == "lead"), key=BY_TIME, default=None)
    notes += play_bars(write_ending(writer, last.key if last else None), plan) if plan.closes else []
    notes = mark_accents(notes, accents, writer)
    if curve is not None:
        notes = swell(notes, Score((), 0, plan.tempi), curve, duration)
    end = plan.played(plan.end)
    return Score(
        notes=tuple(_until(note, end) for note in untangle(notes) if note.tick < end),
        end=end,
        tempi=plan.tempi,
        meters=plan.meters,
        key=Key(taste.tonic, taste.minor),
        sections=_sections(plan),
        chords=_chords(plan, bars),
        accents=accents,
    )


def _curve(energy: Sequence[float] | None, section: str | None) -> NDArray[np.float64] | None:
    """How much happens over the part, 0 to 1: as the picture has it, and an introduction grows and an ending fades."""
    curve = None if energy is None else np.clip(np.asarray(energy, dtype=float), 0, 1)
    if section is None:
        return curve
    slope = np.linspace(*SLOPES[section], N_SLOPE if curve is None else len(curve))
    return slope if curve is None else np.asarray(curve * slope)


def _kind(brief: Brief) -> int:
    """A number for the kind of piece: of one seed, other kinds draw other things, and an option more the same."""
    return zlib.crc32(f"{brief.genre}, {brief.instruments[:1]}".encode())


def _follow(hits: Sequence[Hit], taste: Taste, duration: Fraction) -> Followed | None:
    """Find a tempo map that meets the hits inside the part; None where it meets none."""
    inside = [hit for hit in hits if 0 < hit.time <= duration - SHORTEST_CHORD]
    found = follow_hits(inside, taste.bpm, bpm_is_asked=taste.bpm_is_asked, bar=taste.steps_per_bar)
    return found if found.kept else None


def _until(note: ScoreNote, tick: int) -> ScoreNote:
    """A note that ends at a tick at the latest."""
    return note if note.tick + note.ticks <= tick else replace(note, ticks=max(tick - note.tick, 1))


def untangle(notes: list[ScoreNote]) -> list[ScoreNote]:
    """End a note where its key is struck again, and hold that one on; of two that begin together the louder stays."""
    last: dict[tuple[str, int, int], ScoreNote] = {}
    result: list[ScoreNote] = []
    for note in sorted(notes, key=BY_TIME):
        which = (note.layer, note.program, note.key)
        before = last.get(which)
        if before is not None and note.tick == before.tick:
            note = replace(max(before, note, key=lambda one: one.velocity), ticks=max(before.ticks, note.ticks))
        elif before is not None:
            note = replace(note, ticks=max(note.ticks, before.tick + before.ticks - note.tick))
            result.append(_until(before, note.tick))
        last[which] = note
    return [*result, *last.values()]


def _sections(plan: Plan) -> tuple[Section, ...]:
    """The form, with the last chord as its ending."""
    names = tuple(Section(plan.played(plan.tick(block.first_bar)), block.name) for block in plan.blocks)
    return (*names, Section(plan.played(plan.final), "ending")) if plan.closes else names


def _chords(plan: Plan, bars: list[Bar]) -> tuple[Chord, ...]:
    """The harmony where it changes."""
    chords: list[Chord] = []
    for index, bar in enumerate(bars if plan.closes else bars[:-1]):
        chord = Chord(plan.played(plan.tick(index)), bar.root, bar.tones)
        if not chords or (chords[-1].root, chords[-1].tones) != (chord.root, chord.tones):
            chords.append(chord)
    return tuple(chords)
