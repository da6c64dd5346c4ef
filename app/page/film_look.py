"""What is drawn of a film on its timeline: how its sound swings, where it cuts, how much happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from riffusion_inference.errors import RiffusionError

from .. import mood
from ..media import Clip, sound_peaks
from ..plan import parts_at
from .follow_lane import WIDTH, energy_path

PAIRS = 1000
"""Stretches of a film's sound that are drawn."""
WATCHED_SECONDS = 300
"""The longest film in which cuts are looked for at once: every frame of it is decoded."""
MIDDLE = 50
"""Height of silence in the lane, of 100."""
LOUD = 0.6
"""A sample that reaches the edge of the lane, so that quiet films are seen too; louder ones are cut off there."""


@dataclass(frozen=True)
class FilmLook:
    """What was found in one film."""

    clip: Clip
    """Which."""
    sound: str = ""
    """Its sound as an SVG path; empty where it has none."""
    cuts: tuple[Fraction, ...] = ()
    """Seconds of each cut; none are known of a long film."""
    energy: str = ""
    """How much happens, as an SVG path."""


def look_at(clip: Clip, should_cancel: Callable[[], bool]) -> FilmLook:
    """Look through a whole film, once.

    Args:
        clip: a probed clip.
        should_cancel: asked often.
    Returns:
        What was found. What cannot be decoded is left out: it is only drawn.
    Raises:
        DubCancelled: should_cancel returned True.
    """
    sound, energy = "", ""
    cuts: tuple[Fraction, ...] = ()
    if clip.sample_rate is not None and clip.duration > 0:
        sound = _sound_path(clip, clip.duration, PAIRS)
    if clip.duration <= WATCHED_SECONDS:
        (whole,) = parts_at(clip, [0])
        watched = mood.watch(clip, whole, should_cancel=should_cancel)
        cuts, energy = tuple(cut.time for cut in watched.cuts), energy_path(watched.energy)
    return FilmLook(clip, sound, cuts, energy)


def music_path(wav: Path, seconds: Fraction, n_pairs: int) -> str:
    """A take's sound as an SVG path."""
    return _sound_path(wav, seconds, n_pairs)


def _sound_path(source: Clip | Path, seconds: Fraction, n_pairs: int) -> str:
    try:
        return wave_path(sound_peaks(source, seconds, n_pairs))
    except RiffusionError:
        return ""


def wave_path(peaks: np.ndarray) -> str:
    """Lowest and highest samples, [n, 2], as the area between them, WIDTH wide and 100 high.

    >>> wave_path(np.array([[-0.6, 0.6], [0.0, 0.3]]))
    'M0 0L10000 25 10000 50 0 100z'
    """
    if len(peaks) < 2:
        return ""
    xs = np.round(np.linspace(0, WIDTH, len(peaks))).astype(int)
    heights = np.clip(np.round(MIDDLE - MIDDLE * peaks / LOUD), 0, 2 * MIDDLE).astype(int)
    above = " ".join(f"{x} {y}" for x, y in zip(xs[1:], heights[1:, 1], strict=True))
    below = " ".join(f"{x} {y}" for x, y in zip(xs[::-1], heights[::-1, 0], strict=True))
    return f"M{xs[0]} {heights[0, 1]}L{above} {below}z"
