"""What the music is given of the picture: moments to meet and a curve to go with, by what a person chose to follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..plan import Follow

if TYPE_CHECKING:
    from riffusion_inference.score.follow import Hit

    from .watch import Watched

APART = 0.4
"""Seconds around a cut within which a peak of motion is the cut's own."""


def followed(watched: Watched, follow: Follow) -> tuple[tuple[Hit, ...], tuple[float, ...] | None]:
    """What `write_score` takes of a part, by what the music follows.

    Args:
        watched: what was found in the part.
        follow: cuts: the cuts; motion: peaks of motion and the energy; both: all of it; off: nothing.
    Returns:
        hits in order of time, and energy at even distances over the part, or None.
    """
    if follow is Follow.OFF:
        return (), None
    if follow is Follow.CUTS:
        return watched.cuts, None
    if follow is Follow.MOTION:
        return watched.peaks, watched.energy
    own = [hit for hit in watched.peaks if all(abs(hit.time - cut.time) > APART for cut in watched.cuts)]
    return tuple(sorted((*watched.cuts, *own), key=lambda hit: hit.time)), watched.energy
