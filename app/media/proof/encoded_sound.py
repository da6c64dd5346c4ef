"""Parts' sound that had to be encoded again beside the source's: in every second the difference lies below it."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ...files import check_cancel
from ...plan import Part
from ..decode import decode_audio
from .evidence import Depth, Match, SoundEvidence
from .likeness import lag, likeness_db
from .sounds import BLOCK_SECONDS, Sound, can_seek, placed, planned

PLACE_SECONDS = Fraction(2, 1000)
"""How far a clock of milliseconds leaves open where sound lies that was encoded again."""
MOST_SECONDS = 300
"""The longest part whose sound is held in memory where it cannot be taken in blocks."""


def encoded_sound(
    source: Sound, copy: Sound, part: Part, depth: Depth, should_cancel: ShouldCancel | None
) -> SoundEvidence:
    """Hold a part's sound that was encoded again against the source's, second by second.

    Args:
        source: the source's track.
        copy: the part's.
        part: what it should be.
        depth: EDGES: only its first and its last second.
        should_cancel: asked often.
    """
    found = dataclasses.replace(placed(source, copy, part), match=Match.DECODED, is_encoded=True)
    start, end = planned(source, part)
    if not copy.n_samples or start >= end:
        return found
    rate, shift = source.rate, part.start_sample(source.rate)
    # Where seeking is impossible each block is decoded from the film's start, so there is one for all.
    step = BLOCK_SECONDS * rate if can_seek(source) else end - start
    blocks = [(at, min(at + step, end)) for at in range(start, end, step)]
    if not can_seek(source) and (depth == Depth.EDGES or step > MOST_SECONDS * rate):
        return dataclasses.replace(found, match=Match.UNKNOWN)
    if depth == Depth.EDGES:
        blocks = [(start, min(start + rate, end)), (max(start, end - rate), end)]
    least, late = np.inf, None
    for low, high in blocks:
        check_cancel(should_cancel)
        theirs = decode_audio(source.clip, track=source.packets.track, start_sample=low, end_sample=high).samples
        mine = _heard(copy, low - shift, high - shift, late or 0)
        if late is None:
            # A clock of milliseconds leaves a sound's place open by that much; it is the same for all of a part.
            most = 0 if source.grid is not None else int(PLACE_SECONDS * rate)
            late = lag(mine, theirs, most) if most else 0
            mine = _heard(copy, low - shift, high - shift, late) if late else mine
        least = min(least, likeness_db(theirs, mine, rate))
    return dataclasses.replace(found, likeness_db=float(least))


def _heard(sound: Sound, low: int, high: int, late: int) -> np.ndarray:
    clip, track = sound.clip, sound.packets.track
    return decode_audio(clip, track=track, start_sample=low + late, end_sample=high + late).samples
