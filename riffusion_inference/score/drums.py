"""The drums of a piece: the genre's groove, played a little differently in every piece, with fills and crashes."""

from __future__ import annotations

from riffusion_inference.notation.score import ScoreNote
from riffusion_inference.score.form import Block
from riffusion_inference.score.parts import DRUM_TICKS, Writer, sections_of
from riffusion_inference.score.patterns import (
    CABASA,
    CRASH,
    DRUM_SETS,
    DRUMS,
    HAT,
    KICK,
    OPEN,
    RIDE,
    SHAKER,
    SNARE,
    TAMBOURINE,
    TOM_HIGH,
    TOM_MID,
)

TIMEKEEPERS = (HAT, OPEN, RIDE, SHAKER, TAMBOURINE, CABASA)
"""What may be played in another way without the groove being another one."""
WAYS = ("..6...6...6...6.", "6...6...6...6...", "6.5.6.5.6.5.6.5.", "6545654565456545", "6.656.656.656.65")
"""Bars of timekeeping, from sparse to busy."""
PUSHES = (6, 7, 10, 14, 15)
"""Sixteenths at which a kick may be added."""
FILL = 4
"""Sixteenths of a fill."""


def write_drum_part(writer: Writer) -> list[ScoreNote]:
    """Play the groove, with a fill before each new section and a crash on its first beat."""
    taste, notes = writer.taste, []
    kit, groove = DRUMS[taste.groove]
    program, lines, fill = DRUM_SETS[kit], _own_way(groove, writer), _fill(writer)

    def strike(tick: float, key: int, loud: float) -> None:
        notes.append(writer.note("drums", program, key, (tick, tick + DRUM_TICKS), loud))

    for block in sections_of(writer, "drums"):
        hand = writer.rng(6, block.first_bar)
        for bar in range(block.first_bar, block.first_bar + block.n_bars):
            fills = bar == block.first_bar + block.n_bars - 1 and block.energy > 0.5
            room = taste.steps_per_bar - (FILL if fills else 0)
            for step, key, strength in _bar(lines, room, block, first=bar % 2 == 0):
                loud = strength * (0.8 + 0.3 * block.energy) * hand.normal(1, 0.05)
                strike(writer.tick(bar, step) + hand.normal(0, 1.5), key, loud)
            for step, key in fill if fills else ():
                strike(writer.tick(bar, room + step), key, 80 + 10 * step)
        if block.first_bar and block.energy > 0.6:
            strike(writer.tick(block.first_bar, 0), CRASH, 96)
    return notes


def _bar(lines: dict[int, str], steps: int, block: Block, *, first: bool) -> list[tuple[int, int, float]]:
    """One bar as (sixteenth, drum, velocity); what is soft is left out where little happens."""
    strikes = []
    for key, line in lines.items():
        for step in range(steps):
            mark = line[step % len(line)]
            if mark == "." or (mark in "345" and block.energy < 0.5) or (key == CRASH and not first):
                continue
            strikes.append((step, key, 34.0 + 10 * int(mark)))
    return strikes


def _own_way(groove: dict[int, str], writer: Writer) -> dict[int, str]:
    """A groove as this piece plays it: time kept more or less busily, and a kick pushed in."""
    rng, lines = writer.rng(10), dict(groove)
    busiest = {"sparse": 3, "medium": 4, "busy": len(WAYS)}[writer.taste.density]
    for key in lines:
        if key in TIMEKEEPERS and rng.random() < 0.6:
            lines[key] = WAYS[int(rng.integers(0, busiest))]
    if KICK in lines and rng.random() < 0.5:
        push = int(rng.choice(PUSHES))
        line = lines[KICK]
        lines[KICK] = line[:push] + ("5" if line[push] == "." else line[push]) + line[push + 1 :]
    return lines


def _fill(writer: Writer) -> list[tuple[int, int]]:
    """The piece's fill as (sixteenth, drum)."""
    rng = writer.rng(9)
    strikes = [(step, int(rng.choice((SNARE, TOM_HIGH, TOM_MID)))) for step in range(FILL)]
    return [strike for strike in strikes if strike[0] == FILL - 1 or rng.random() < 0.8]
