"""Writing a piece's scores: the prompt is read, the picture is watched, and what was understood and kept is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from riffusion_inference.datatypes import MusicModel
from riffusion_inference.notation.score import Score
from riffusion_inference.score.brief import Brief, key_name, read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.film import excerpt, main_bpm, related
from riffusion_inference.score.follow import Hit
from riffusion_inference.score.midi import MidiReading
from riffusion_inference.score.open_form import departures
from riffusion_inference.score.options import with_options

from .. import mood
from ..mood import Watched
from ..plan import Follow
from ..result.facts import HitFacts, MusicFacts, ScoreFacts
from ..settings.options import ATTRIBUTES
from ..settings.writing import Lead, Writing
from .cut import Cut
from .order import PartOrder
from .piece import Piece
from .run import Run

KEPT_WITHIN = Fraction(2, 1000)
"""Seconds from an accent of the score within which a cut is met: a tick or two, however it is rounded."""


@dataclass(frozen=True)
class Scored:
    """The scores of a piece."""

    scores: tuple[Score, ...] = ()
    """One for each candidate, or one for all; none where the model finds the notes itself."""
    facts: ScoreFacts | None = None
    """Where they come from; what was followed is counted from the piece's beginning."""
    notes: tuple[str, ...] = ()
    """What is to be told where there is no score."""


def wants_score(writing: Writing, model: MusicModel) -> bool:
    """Whether a score is written, or given, for this model."""
    return writing.is_wanted(model.takes_scores)


def watch_piece(piece: Piece, cut: Cut, run: Run) -> Watched | None:
    """Look at every frame of a piece's parts, where its score follows the picture."""
    writing, generation = piece.first.writing, piece.first.generation
    # A loop has whole bars of one length and meets nothing.
    if writing.midi is not None or writing.follow == Follow.OFF or generation.loop:
        return None
    with run.stage("watch"):
        return mood.watch(cut.clip, piece.span(cut), on_progress=run.progress, should_cancel=run.should_cancel)


def score_music(order: PartOrder, model: MusicModel, duration: Fraction, watched: Watched | None = None) -> Scored:
    """Write the scores of a part or a piece, or take the one that was given.

    Args:
        order: what to make; its prompt is known, and its lead where there is one.
        model: what will paint them; one that takes no scores gets them where they are asked for.
        duration: seconds to fill.
        watched: what was seen, where the picture is followed.
    Raises:
        SettingError: music cannot be written for so short or so long a part.
    """
    if not wants_score(order.writing, model):
        return Scored(notes=_unkept_attributes(order.writing))
    return write_scores(order, duration, watched)


def write_scores(order: PartOrder, duration: Fraction, watched: Watched | None = None) -> Scored:
    """The same, whatever will paint them."""
    writing = order.writing
    if writing.midi is not None:
        return _given(writing.midi, duration)
    brief, notes = _brief_of(order)
    hits, energy = mood.followed(watched, writing.follow) if watched is not None else ((), None)
    seeds, loop = order.generation.seeds(), order.generation.loop
    scores = tuple(write_score(brief, duration, seed, hits, energy, loop=loop) for seed in seeds)
    if loop:
        notes += departures(brief, scores[0])
    facts = ScoreFacts("written", brief.sentence(), notes=notes)
    if watched is not None:
        facts = _with_what_is_followed(facts, watched, writing.follow)
    return Scored(scores, facts)


def _unkept_attributes(writing: Writing) -> tuple[str, ...]:
    """What is said of attributes that only a score could keep."""
    names = [ATTRIBUTES[name].label.lower() for name in writing.attributes if name != "bpm"]
    if not names:
        return ()
    return (f"Without a score, {' and '.join(names)} did nothing: say it in the prompt, or turn the score on.",)


def _given(midi: MidiReading, duration: Fraction) -> Scored:
    """Somebody's own score; that it does not fill the part is said."""
    long, notes = midi.score.duration, [*midi.notes]
    lasts = f"The score lasts {float(long):.1f} s and its place {float(duration):.1f} s"
    if long - duration > Fraction(1, 10):
        notes.append(f"{lasts}: what comes after that is left out.")
    elif duration - long > 1:
        notes.append(f"{lasts}: the rest is silent.")
    return Scored((midi.score,), ScoreFacts("given", notes=tuple(notes)))


def _brief_of(order: PartOrder) -> tuple[Brief, tuple[str, ...]]:
    """What a piece should be: its words, its attributes, and the film's first music; and what to say of that."""
    writing = order.writing
    brief = with_options(read_prompt(order.generation.prompt), **writing.attributes)
    if writing.seen and "bpm" not in writing.attributes:
        # Nobody asked for a tempo that was read from the picture: the cuts may choose another.
        brief = replace(brief, bpm=None, said=tuple(one for one in brief.said if one.field != "bpm"))
    lead = writing.lead
    if writing.apart or lead is None or lead.part in (order.part, *writing.run):
        return brief, ()
    found = related(brief, lead.score)
    shown = []
    if brief.tonic is None and found.tonic is not None:
        shown.append(key_name(found.tonic, found.minor))
    if brief.bpm is None and found.bpm is not None:
        shown.append(f"{found.bpm:.4g} BPM")
    whose = f"part {lead.part}" if lead.part else "music that was here before"
    return found, (f"It goes with {whose}: {', '.join(shown)}.",) if shown else ()


def _with_what_is_followed(facts: ScoreFacts, watched: Watched, follow: Follow) -> ScoreFacts:
    def told(hits: Sequence[Hit], *when: Follow) -> tuple[HitFacts, ...]:
        return tuple(HitFacts(str(hit.time), round(hit.weight, 3)) for hit in hits) if follow in when else ()

    moves = follow in (Follow.MOTION, Follow.BOTH)
    return replace(
        facts,
        cuts=told(watched.cuts, Follow.CUTS, Follow.BOTH),
        peaks=told(watched.peaks, Follow.MOTION, Follow.BOTH),
        energy=tuple(round(one, 3) for one in watched.energy) if moves else (),
    )


def facts_between(facts: ScoreFacts, start: Fraction, end: Fraction, whole: Fraction) -> ScoreFacts:
    """What was followed between two moments of a piece, counted from the first.

    Args:
        facts: of the piece.
        start, end: seconds from the piece's beginning.
        whole: seconds of the piece.
    """

    def inside(hits: tuple[HitFacts, ...]) -> tuple[HitFacts, ...]:
        found = ((Fraction(hit.time), hit.weight) for hit in hits)
        return tuple(HitFacts(str(time - start), weight) for time, weight in found if start <= time < end)

    energy: tuple[float, ...] = ()
    if facts.energy:
        points = np.linspace(0.0, float(whole), len(facts.energy))
        n_points = max(2, round(len(points) * float((end - start) / whole)))
        at = np.linspace(float(start), float(end), n_points)
        energy = tuple(round(float(value), 3) for value in np.interp(at, points, facts.energy))
    return replace(facts, cuts=inside(facts.cuts), peaks=inside(facts.peaks), energy=energy)


def score_between(score: Score, start: Fraction, end: Fraction) -> Score:
    """The stretch of a piece's score that a part has; where the piece has ended before it, a score of no notes."""
    stop = min(end, score.duration)
    if stop <= start:
        return Score((), 0, score.tempi[-1:] and (replace(score.tempi[-1], tick=0),), key=score.key)
    return excerpt(score, start, stop)


def kept_cuts(score: Score, cuts: Sequence[HitFacts]) -> int | None:
    """How many cuts have an accent of the score on them; None where there are none."""
    if not cuts:
        return None
    return sum(is_met(score, cut) for cut in cuts)


def is_met(score: Score, hit: HitFacts) -> bool:
    """Whether an accent of a score is on a moment of the picture."""
    return any(abs(score.seconds(accent.tick) - Fraction(hit.time)) <= KEPT_WITHIN for accent in score.accents)


def cuts_sentence(kept: int | None, n_cuts: int) -> str | None:
    """What is told of the cuts.

    >>> cuts_sentence(12, 14)
    '12 of 14 cuts fall on beats.'
    """
    if kept is None:
        return None
    if n_cuts == 1:
        return "The cut falls on a beat." if kept else "The cut does not fall on a beat."
    return f"{kept} of {n_cuts} cuts {'falls on a beat' if kept == 1 else 'fall on beats'}."


def lead_of(part: int, score: Score) -> Lead:
    """What other parts of the film go with, if this part leads."""
    key = score.key
    return Lead(part, main_bpm(score), *((key.tonic, key.minor) if key is not None else ()))


def film_lead(others: Sequence[MusicFacts]) -> Lead | None:
    """What a new part goes with: the lead of the first other part that has one and is not by itself."""
    return next((one.writing.lead for one in others if one.writing.lead and not one.writing.apart), None)
