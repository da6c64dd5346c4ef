"""N equal parts of a clip, in whole frames and whole samples, and what music may follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from ..errors import PlanError


class SplitMode(StrEnum):
    """How a clip is cut into parts."""

    KEYFRAME = "keyframe"
    """Copied, and cut at the keyframes nearest to equal parts; there may be fewer parts than asked for."""
    EXACT = "exact"
    """Copied, and cut at the very frame and sample; edit lists hide what comes before."""
    REENCODE = "reencode"
    """Cut at the very frame and sample; the pictures are encoded again, so that each part starts clean."""


SPLIT_MODES = tuple(SplitMode)


class Follow(StrEnum):
    """What of the picture the music follows."""

    CUTS = "cuts"
    """Cuts fall on beats."""
    MOTION = "motion"
    """Peaks of motion fall on beats, and the music is as lively and as loud as the picture."""
    BOTH = "both"
    """All of it."""
    OFF = "off"
    """Nothing: the music has a form of its own."""


class FrameTimes(Protocol):
    """What planning needs to know of a clip."""

    @property
    def frame_pts(self) -> Sequence[int]:
        """Presentation time of each frame, rising, in time_base units."""
        ...

    @property
    def time_base(self) -> Fraction:
        """Seconds per pts unit."""
        ...

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame's start to the last frame's end."""
        ...


@dataclass(frozen=True)
class Part:
    """A half-open run of frames; times count from the clip's first frame."""

    index: int
    """1 for the first part."""
    start_frame: int
    """First frame, in presentation order, 0 for the clip's first."""
    end_frame: int
    """One past the last frame."""
    start: Fraction
    """Seconds, when start_frame appears."""
    end: Fraction
    """Seconds, when the frame end_frame appears; for the last part, when its last frame ends."""
    n_parts: int = 1
    """How many parts the clip has in all."""

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return self.end - self.start

    @property
    def n_frames(self) -> int:
        """Frames, at least 1."""
        return self.end_frame - self.start_frame

    def start_sample(self, sample_rate: int) -> int:
        """First sample under the part's first frame; sample 0 sounds when the clip's first frame appears."""
        return round(self.start * sample_rate)

    def end_sample(self, sample_rate: int) -> int:
        """One past the last sample under the part's last frame."""
        return round(self.end * sample_rate)

    def owned_samples(self, sample_rate: int) -> tuple[int | None, int | None]:
        """Half-open range of the source's samples that belong to this part; None is open.

        The first part also owns the samples before the first frame, the last part those after the last frame, so
        that every sample of the source is in exactly one part.
        """
        start = None if self.index == 1 else self.start_sample(sample_rate)
        end = None if self.index == self.n_parts else self.end_sample(sample_rate)
        return start, end


def plan_parts(clip: FrameTimes, n_parts: int) -> tuple[Part, ...]:
    """Cut a clip into n_parts runs of frames whose lengths differ by at most one frame.

    Part k of N holds the frames floor(k * F / N) to floor((k + 1) * F / N) in presentation order, so that variable
    frame rate is cut by frames too and no time is ever rounded.

    Args:
        clip: its frames' pts; a probed Clip will do.
        n_parts: 1 to the number of frames.
    Returns:
        The parts in order: a partition of the frames and of the time from the first frame to the last one's end.
    Raises:
        PlanError: n_parts is below 1 or more than the clip has frames.
    """
    n_frames = len(clip.frame_pts)
    if isinstance(n_parts, bool) or not isinstance(n_parts, int) or not 1 <= n_parts <= n_frames:
        raise PlanError(
            f"{n_parts} parts were asked for, but the clip has {n_frames} frames: choose from 1 to {n_frames} parts."
        )
    return parts_at(clip, [k * n_frames // n_parts for k in range(n_parts)])


def parts_at(clip: FrameTimes, start_frames: Sequence[int]) -> tuple[Part, ...]:
    """Cut a clip before the given frames.

    Args:
        clip: its frames' pts.
        start_frames: first frame of each part, rising, the first one 0.
    Returns:
        len(start_frames) parts, a partition like plan_parts'.
    Raises:
        PlanError: start_frames does not start with 0, does not rise, or lies outside the clip.
    """
    n_frames = len(clip.frame_pts)
    bounds = [*start_frames, n_frames]
    if bounds[0] != 0 or any(a >= b for a, b in pairwise(bounds)):
        raise PlanError(f"Cuts at the frames {list(start_frames)} must rise from 0 and stay below {n_frames}.")
    times = [time_of(clip, frame) for frame in bounds]
    return tuple(
        Part(k + 1, bounds[k], bounds[k + 1], times[k], times[k + 1], len(bounds) - 1) for k in range(len(bounds) - 1)
    )


def time_of(clip: FrameTimes, frame: int) -> Fraction:
    """Seconds from the clip's first frame to the given one; the clip's duration for the frame after the last."""
    if frame >= len(clip.frame_pts):
        return clip.duration
    return (clip.frame_pts[frame] - clip.frame_pts[0]) * clip.time_base


def timeline(seconds: Fraction) -> str:
    """A time as people read it: 00:10.240, or 1:00:10.240 from an hour on."""
    if seconds < 0:
        return f"-{timeline(-seconds)}"
    whole_ms = round(seconds * 1000)
    minutes, ms = divmod(whole_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{minutes:02d}:{ms // 1000:02d}.{ms % 1000:03d}"
    return f"{hours}:{clock}" if hours else clock


def timeline_range(start: Fraction, end: Fraction) -> str:
    """A range as people read it: 00:10.240 to 00:12.000."""
    return f"{timeline(start)} to {timeline(end)}"
