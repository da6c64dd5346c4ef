"""The plan of music that does not end with its part: a loop, which begins again, and music that goes on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from riffusion_inference.notation.score import MICROSECONDS, TICKS, Meter, Score, Tempo
from riffusion_inference.score.brief import Brief
from riffusion_inference.score.follow import Followed
from riffusion_inference.score.form import Plan, bar_energies, divide_bars, loop_of, meters_of
from riffusion_inference.score.taste import Taste

NEAR_TEMPO = 0.03
"""How far a loop's tempo may lie from the one that was named before that is said."""
LOOP_STRETCH = 0.2
"""How far a loop's tempo may move before a bar of other length is taken instead, where less than a bar fits."""


def plan_loop(taste: Taste, duration: Fraction, energy: np.ndarray | None) -> Plan:
    """Fill a part with whole bars: as many as bring the tempo nearest to what it should be.

    A part much shorter than a bar is one bar of fewer beats.
    """
    bar_quarters = Fraction(4 * taste.meter[0], taste.meter[1])
    wanted = float(duration) * taste.bpm / 60
    fewer = max(int(wanted / bar_quarters), 1)
    meter, n_bars = taste.meter, min(fewer, fewer + 1, key=lambda n: abs(np.log(wanted / float(n * bar_quarters))))
    if abs(np.log(wanted / float(n_bars * bar_quarters))) > np.log1p(LOOP_STRETCH) and n_bars == 1:
        meter = (max(round(wanted), 1), 4)
        bar_quarters = Fraction(meter[0])
    tempi = _exact_tempi(duration, n_bars * bar_quarters)
    bar_ticks = int(bar_quarters * TICKS)
    lines = [bar * bar_ticks for bar in range(n_bars + 1)]
    energies = bar_energies(energy, Score((), 0, tempi), lines, duration)
    blocks = divide_bars(n_bars, energies, replace(taste, meter=meter))
    meters = (Meter(0, *meter),)
    return Plan(
        tempi,
        meters,
        0,
        bar_ticks,
        blocks,
        n_bars,
        n_bars * bar_ticks,
        loop_of(taste, n_bars),
        closes=False,
        energies=energies,
    )


def _exact_tempi(duration: Fraction, quarters: Fraction) -> tuple[Tempo, ...]:
    """The tempo at which quarter notes fill a duration, in two steps of a microsecond where one would drift."""
    total = round(duration * MICROSECONDS)
    short = int(total / quarters)
    longer = round(total - short * quarters)
    if longer == 0:
        return (Tempo(0, short),)
    return (Tempo(0, short + 1), Tempo(longer * TICKS, short))


def plan_open(taste: Taste, duration: Fraction, energy: np.ndarray | None, followed: Followed | None = None) -> Plan:
    """Lay bars over a part to its end, where the last one is broken off; the tempo stays as it is or is given."""
    tempi = followed.tempi if followed else (Tempo(0, round(60 * MICROSECONDS / taste.bpm)),)
    clock = Score((), 0, tempi)
    bar_ticks = TICKS * 4 * taste.meter[0] // taste.meter[1]
    end = clock.last_tick(duration)
    lines = [line for line in (followed.bar_lines if followed else (0,)) if line < end]
    lines += range(lines[-1] + bar_ticks, end + bar_ticks, bar_ticks)
    n_bars = len(lines) - 1
    energies = bar_energies(energy, clock, lines, duration)
    blocks = divide_bars(n_bars, energies, taste)
    meters, end = meters_of(lines, bar_ticks, taste), end + (n_bars - 1) * bar_ticks - lines[-2]
    played = tuple(lines)
    return Plan(
        tempi,
        meters,
        0,
        bar_ticks,
        blocks,
        n_bars,
        end,
        loop_of(taste, n_bars),
        closes=False,
        lines=played,
        energies=energies,
    )


def departures(brief: Brief, score: Score) -> tuple[str, ...]:
    """One sentence for each thing that a loop has other than its brief says, because of the part's length.

    >>> from riffusion_inference.score.compose import write_score
    >>> brief = Brief(bpm=100.0, meter=(4, 4))
    >>> departures(brief, write_score(brief, Fraction(6), 1, loop=True))
    ('The tempo is 120 BPM, not 100, so that whole bars fill the 6 s of the loop.',)
    """
    if any(section.name == "ending" for section in score.sections):
        return ()
    told, bpm = [], score.tempi[-1].bpm
    if brief.bpm and abs(bpm / brief.bpm - 1) > NEAR_TEMPO:
        told.append(
            f"The tempo is {bpm:.4g} BPM, not {brief.bpm:g}, so that whole bars fill the "
            f"{float(score.duration):.4g} s of the loop."
        )
    meter = (score.meters[0].beats, score.meters[0].unit)
    if brief.meter and meter != brief.meter:
        asked, has = (f"{beats}/{unit}" for beats, unit in (brief.meter, meter))
        told.append(f"The part is too short for a bar of {asked}: the loop is a bar of {has}.")
    return tuple(told)
