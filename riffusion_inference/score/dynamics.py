"""How loud and how full a piece is from bar to bar and from beat to beat, where it follows the energy of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.notation.score import Score, ScoreNote
from riffusion_inference.score.form import Plan
from riffusion_inference.score.parts import ENTERS

QUIETEST, LOUDEST = -15.0, 2.0
"""Decibels by which notes are played louder where nothing happens, and where most does."""
STAYS = 0.08
"""How far energy may fall below what a layer needs before it stops, so that none comes and goes with every bar."""
MISSED = 0.6
"""Share of a part's usual energy under which even a layer that was asked for stops."""
AHEAD = 0.2
"""Seconds after its onset at which a note's energy is read: the middle of what is heard of a short one."""


def thin_out(notes: list[ScoreNote], plan: Plan, asked: Sequence[str]) -> list[ScoreNote]:
    """Let layers stop and come back at bar lines as energy falls and rises; the melody goes on, or else the chords.

    Args:
        notes: before the last chord.
        plan: bars and their energies.
        asked: layers that only stop where the picture is quiet beside the rest of the part.
    """
    layers = {note.layer for note in notes}
    always = next((layer for layer in ("lead", "chords", "bass", "drums") if layer in layers), "lead")
    usual = MISSED * float(np.median(plan.energies))
    needed = {layer: min(ENTERS[layer], usual) if layer in asked else ENTERS[layer] for layer in layers}
    playing = {layer: layer == always or _plays(plan.energies, needed[layer]) for layer in layers}
    kept = []
    for note in notes:
        bars = playing[note.layer]
        bar = min(max(plan.bar_at(note.tick), 0), len(plan.energies) - 1)
        if bars is True or bars[bar]:
            kept.append(note)
    return kept


def _plays(energies: Sequence[float], needed: float) -> list[bool]:
    """In which bars a layer plays: it comes in with enough energy and stops with too little."""
    plays, now = [], False
    for energy in energies:
        now = bool(energy >= (needed - STAYS if now else needed))
        plays.append(now)
    return plays


def swell(notes: list[ScoreNote], clock: Score, energy: NDArray[np.float64], duration: Fraction) -> list[ScoreNote]:
    """Play every note as loud as its moment is lively.

    Args:
        notes: in played time.
        clock: a score with the tempo map.
        energy: 0 to 1, at even distances over the part.
        duration: of the part, seconds.
    """
    moments = np.linspace(0, float(duration), len(energy))
    played = []
    for note in notes:
        level = float(np.interp(float(clock.seconds(note.tick)) + AHEAD, moments, energy))
        factor = 10 ** ((QUIETEST + (LOUDEST - QUIETEST) * level) / 20)
        played.append(replace(note, velocity=int(np.clip(round(note.velocity * factor), 6, 127))))
    return played
