"""The scenes of a film as ranges of time, for music for each: its hardest cuts, none too near to another."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

from riffusion_inference.datatypes import MAX_SECONDS, MIN_SECONDS
from riffusion_inference.score.follow import Hit

from .. import mood
from ..errors import PlanError
from ..media import Clip
from ..plan import TimeRange, plan_parts
from .run import Run

SHORTEST = Fraction(4)
"""Seconds of the shortest scene where nothing else is asked for: about a bar or two of music."""


def find_scenes(clip: Clip, run: Run, shortest: Fraction = SHORTEST, most: int | None = None) -> list[TimeRange]:
    """Look at a whole film, once, and cut it into scenes.

    Args:
        clip: the film.
        run: progress, the way to stop, notes.
        shortest: seconds of the shortest scene.
        most: scenes at most; None is as many as there are.
    Raises:
        PlanError: a number cannot be right.
        DubCancelled: the person asked to stop.
    """
    if not MIN_SECONDS <= shortest <= MAX_SECONDS:
        raise PlanError(
            f"The shortest scene is {float(shortest):g} s, but music is made for {MIN_SECONDS:g} s to "
            f"{MAX_SECONDS:g} s: choose a length in that range."
        )
    if most is not None and most < 1:
        raise PlanError(f"{most} scenes were asked for: choose at least 1.")
    with run.stage("watch"):
        watched = mood.watch(clip, plan_parts(clip, 1)[0], on_progress=run.progress, should_cancel=run.should_cancel)
    found = scenes_of(watched.cuts, clip.duration, shortest, most)
    n_cuts = f"{len(watched.cuts)} cut{'' if len(watched.cuts) == 1 else 's'}"
    run.note(f"{n_cuts} found in {clip.path.name}: {len(found)} scene{'' if len(found) == 1 else 's'} get music.")
    return found


def scenes_of(cuts: Iterable[Hit], duration: Fraction, shortest: Fraction, most: int | None) -> list[TimeRange]:
    """The ranges between a film's hardest cuts that leave no scene too short; one too long for music is divided.

    Args:
        cuts: when, and how hard.
        duration: seconds of the film.
        shortest: seconds of the shortest scene.
        most: scenes at most, but for those that are divided.
    """
    bounds = [Fraction(0), duration]
    for cut in sorted(cuts, key=lambda one: (-one.weight, one.time)):
        enough = most is not None and len(bounds) > most
        if not enough and all(abs(cut.time - bound) >= shortest for bound in bounds):
            bounds.append(cut.time)
    ranges: list[TimeRange] = []
    for start, end in pairwise(sorted(bounds)):
        pieces = math.ceil((end - start) / Fraction(MAX_SECONDS))
        ranges += [
            (start + (end - start) * k / pieces, start + (end - start) * (k + 1) / pieces) for k in range(pieces)
        ]
    return ranges
