"""Plays what was written in whole bars in bars of which some are short."""

from __future__ import annotations

from dataclasses import replace

from riffusion_inference.notation.score import TICKS, ScoreNote
from riffusion_inference.score.form import Plan

EARLY = TICKS // 16
"""Ticks by which a hand may be before a bar line and its note still belongs to the bar that begins there."""


def play_bars(notes: list[ScoreNote], plan: Plan) -> list[ScoreNote]:
    """Move notes from whole bars to the bars as they are played; what a short bar has no room for is left out."""
    if not plan.lines:
        return notes
    played = []
    for note in notes:
        bar = min((note.tick + EARLY) // plan.bar_ticks, plan.n_bars)
        first = max(plan.lines[bar] + note.tick - bar * plan.bar_ticks, 0)
        if bar < plan.n_bars and first >= plan.lines[bar + 1] - EARLY:
            continue
        last = max(plan.played(note.tick + note.ticks), first + 1)
        played.append(replace(note, tick=first, ticks=last - first))
    return played
