"""Cutting a clip at times and around ranges of time, each moved to the nearest frame, and how people write times."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol, TypeAlias

from ..errors import PlanError
from .parts import FrameTimes, Part, parts_at, plan_parts, time_of, timeline, timeline_range

TIME = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:\.\d{1,9})?)", re.ASCII)
"""Hours, minutes and seconds as people write them."""
OPEN_ENDS = ("", "end")
"""What stands for the video's end where a range ends."""


class Frames(Protocol):
    """A half-open run of frames, as parts and ranges are."""

    @property
    def start_frame(self) -> int:
        """First frame."""
        ...

    @property
    def end_frame(self) -> int:
        """One past the last."""
        ...


@dataclass(frozen=True)
class Bounds:
    """The times at which a clip is cut, where it is not cut into equal parts."""

    times: tuple[Fraction, ...]
    """Seconds from the first frame, rising; its beginning and its end are not among them."""

    def __post_init__(self) -> None:
        if any(a >= b for a, b in pairwise((Fraction(0), *self.times))):
            shown = ", ".join(map(timeline, self.times))
            raise PlanError(f"Cuts at {shown} must come after the beginning and rise: write them in order, each once.")


Cutting: TypeAlias = int | Bounds
"""How a clip is cut: into so many equal parts, or at these times."""
TimeRange: TypeAlias = tuple[Fraction, Fraction | None]
"""A half-open range as it is asked for, in seconds from the first frame; None is the clip's end."""


@dataclass(frozen=True)
class Span:
    """A range of time that begins and ends with frames, half-open."""

    start_frame: int
    """First frame."""
    end_frame: int
    """One past the last."""
    start: Fraction
    """Seconds from the clip's first frame, when start_frame appears."""
    end: Fraction
    """Seconds, when the frame end_frame appears or the clip ends."""

    @property
    def name(self) -> str:
        """As people read it."""
        return timeline_range(self.start, self.end)


def n_parts_of(cutting: Cutting) -> int:
    """How many parts a cutting asks for."""
    return cutting if isinstance(cutting, int) else len(cutting.times) + 1


def plan_cutting(clip: FrameTimes, cutting: Cutting) -> tuple[Part, ...]:
    """Cut a clip into equal parts, or at given times, each moved to the nearest frame.

    Raises:
        PlanError: there are more parts than frames, two cuts fall on one frame, or one lies outside the clip.
    """
    if isinstance(cutting, int):
        return plan_parts(clip, cutting)
    cuts = [(snap(clip, seconds), seconds) for seconds in cutting.times]
    for (before, _), (frame, seconds) in pairwise([(0, Fraction(0)), *cuts]):
        if frame <= before or frame == len(clip.frame_pts):
            raise PlanError(
                f"The cut at {timeline(seconds)} leaves a part without a frame: choose times a frame or more apart, "
                f"and from the ends."
            )
    return parts_at(clip, [0, *(frame for frame, _ in cuts)])


def snap(clip: FrameTimes, seconds: Fraction) -> int:
    """The frame whose beginning is nearest to a time, the earlier of two; the number of frames for the clip's end.

    time_of says when that is.

    Raises:
        PlanError: the time lies outside the clip, by more than half of its last frame.
    """
    n_frames = len(clip.frame_pts)
    last = clip.duration - time_of(clip, n_frames - 1)
    if not 0 <= seconds <= clip.duration + last / 2:
        raise PlanError(
            f"{timeline(seconds)} lies outside the video, which lasts {timeline(clip.duration)}: choose a time from "
            f"{timeline(Fraction(0))} to {timeline(clip.duration)}."
        )
    after = bisect_left(range(n_frames), seconds, key=lambda frame: time_of(clip, frame))
    return min((max(after - 1, 0), after), key=lambda frame: abs(time_of(clip, frame) - seconds))


def moved(clip: FrameTimes, times: Iterable[Fraction]) -> tuple[str, ...]:
    """A sentence for each time that a person would see to have been moved by snap.

    Raises:
        PlanError: a time lies outside the clip.
    """
    found = ((asked, time_of(clip, snap(clip, asked))) for asked in times)
    return tuple(
        f"{timeline(asked)} is moved to {timeline(at)}, where the nearest frame "
        f"{'begins' if at < clip.duration else 'ends'}."
        for asked, at in found
        if timeline(asked) != timeline(at)
    )


def snap_ranges(clip: FrameTimes, ranges: Sequence[TimeRange]) -> tuple[tuple[Span, ...], tuple[str, ...]]:
    """Move the ends of ranges to the nearest frames.

    Args:
        clip: its frames' pts.
        ranges: in any order.
    Returns:
        A span for each in the same order, and a sentence for each time that a person would see to have moved.
    Raises:
        PlanError: a range is reversed, shorter than a frame or outside the clip, or two of them overlap.
    """
    spans: list[Span] = []
    notes: list[str] = []
    for start, end in ranges:
        stop = clip.duration if end is None else end
        if end is not None and stop <= start:
            raise PlanError(
                f"The range {timeline_range(start, stop)} ends before it has begun: give the earlier time first."
            )
        first, last = snap(clip, start), snap(clip, stop)
        span = Span(first, last, time_of(clip, first), time_of(clip, last))
        if first == last:
            frame = min(first, len(clip.frame_pts) - 1)
            long = float(1000 * (time_of(clip, frame + 1) - time_of(clip, frame)))
            raise PlanError(
                f"The range {timeline_range(start, stop)} is shorter than a frame, which lasts {long:.4g} ms there: "
                "choose a longer one."
            )
        notes += moved(clip, (start, stop))
        spans.append(span)
    for before, after in pairwise(sorted(spans, key=lambda one: one.start_frame)):
        if after.start_frame < before.end_frame:
            raise PlanError(
                f"The ranges {before.name} and {after.name} overlap: let one end where the other begins, or earlier."
            )
    return tuple(spans), tuple(dict.fromkeys(notes))


def bounds_around(clip: FrameTimes, whole: Iterable[Frames], others: Iterable[int] = ()) -> Bounds:
    """Where to cut so that each of some ranges is exactly one part.

    Args:
        clip: its frames' pts.
        whole: the ranges, none of which overlaps another.
        others: further frames to cut before; those inside a range are left out.
    """
    ranges = [*whole]
    frames = {frame for one in ranges for frame in (one.start_frame, one.end_frame)}
    frames |= {frame for frame in others if not any(one.start_frame < frame < one.end_frame for one in ranges)}
    return Bounds(tuple(time_of(clip, frame) for frame in sorted(frames - {0, len(clip.frame_pts)})))


def overlap(one: Frames, other: Frames) -> bool:
    """Whether two runs of frames have a frame in common."""
    return one.start_frame < other.end_frame and other.start_frame < one.end_frame


def read_time(text: str) -> Fraction:
    """A time as people write it, exactly: 12.4, 00:12.4 or 1:02:03.

    >>> read_time("1:02:03.5")
    Fraction(7447, 2)

    Raises:
        PlanError: it is none.
    """
    found = TIME.fullmatch(text.strip())
    if found is None:
        raise PlanError(f"{text.strip()!r} is not a time: write for example 12.4, 00:12.4 or 1:02:03.")
    return sum(
        (Fraction(value) * unit for value, unit in zip(found.groups(), (3600, 60, 1), strict=True) if value),
        Fraction(0),
    )


def read_range(text: str) -> TimeRange:
    """A range as people write it: 00:12.4-00:31, or 12.4- or 12.4-end up to the end.

    >>> read_range("00:12.5-end")
    (Fraction(25, 2), None)

    Raises:
        PlanError: it is none.
    """
    start, dash, end = text.partition("-")
    if not dash or not start.strip():
        raise PlanError(
            f"{text.strip()!r} is not a range of time: write for example 00:12.4-00:31, or 00:12.4- up to the end."
        )
    return read_time(start), None if end.strip().lower() in OPEN_ENDS else read_time(end)


def range_texts(value: Any) -> tuple[str, ...]:
    """The ranges that a program gives, as texts for read_range.

    Args:
        value: text with commas or lines between ranges, or a list of texts or of pairs of times; nothing is no range.
    Raises:
        PlanError: it is something else.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(one for one in re.split(r"[,;\n]+", value) if one.strip())
    found = []
    for one in value if isinstance(value, list | tuple) else [value]:
        is_pair = isinstance(one, list | tuple) and len(one) == 2
        if not is_pair and not isinstance(one, str):
            raise PlanError(f"{one!r} is not a range of time: give pairs of times such as [12.4, 31], or texts.")
        found.append(one if isinstance(one, str) else "-".join("" if time is None else str(time) for time in one))
    return tuple(found)
