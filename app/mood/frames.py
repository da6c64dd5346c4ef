"""Which frames to look at: the stills that a person chooses from, and the samples that movement is read from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel

from ..errors import MoodError
from ..files import check_cancel
from ..plan import Part, plan_parts, time_of
from .look import is_black, sharpness

if TYPE_CHECKING:
    from PIL import Image

    from ..media import Clip

MIN_STILLS, MAX_STILLS = 1, 12
NEAR = (Fraction(1, 4), Fraction(1), Fraction(2))
"""Seconds around the wanted time in which a better frame is looked for; the wider ones only where all is black."""
TRIES = 7
"""Frames compared within such a neighbourhood."""
SHARP_ENOUGH = 0.8
"""The wanted frame stays if it is at least this sharp beside the sharpest one near it."""
PAIR_GAP = Fraction(1, 10)
"""Seconds between the two frames of a pair that movement is read from."""
SAMPLES_PER_SECOND = 4
MIN_SAMPLES, MAX_SAMPLES = 6, 96
MAX_PAIRS = 16
LONG_PART = 30
"""Seconds from which samples are taken at keyframes, which can be decoded alone, if there are MAX_PAIRS of them."""
THUMBNAIL_HEIGHT = 180
SAMPLE_HEIGHT = 96


@dataclass(frozen=True)
class Still:
    """One frame to describe."""

    image: Image.Image
    """RGB, as shown: rotation applied."""
    at: Fraction
    """Seconds from the clip's first frame; exactly when this frame appears."""
    label: str
    """What to call it: "33 % of the video", "66 % of part 2"."""


@dataclass(frozen=True)
class Samples:
    """Small frames of a part, for measuring."""

    images: tuple[Image.Image, ...]
    """Spread evenly over the part, in order."""
    times: tuple[Fraction, ...]
    """Seconds from the part's start of each image."""
    pairs: tuple[tuple[Image.Image, Image.Image, Fraction], ...]
    """Two frames a moment apart and the seconds between them."""


def whole(clip: Clip) -> Part:
    """The clip as one part."""
    return plan_parts(clip, 1)[0]


def stills(
    video: Clip | Path,
    *,
    part: Part | None = None,
    count: int = 2,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> tuple[Still, ...]:
    """Frames for a person to choose from: of the video, and of the part when one is given.

    Two are taken at 33 % and 66 %, three at 25, 50 and 75 %, and so on. Near each of these the sharpest frame that is
    not black is taken, the nearest one when they are alike.

    Args:
        video: a probed clip, or a video file to probe.
        part: its stills come after the video's; a frame that is there already is not repeated.
        count: stills of the video, and as many of the part: 1 to 12.
    Returns:
        Stills in that order; the same video gives the same stills.
    Raises:
        MoodError: count is out of range.
        MediaError: the video cannot be read.
        DubCancelled: should_cancel returned True.
    """
    from ..media import as_clip

    check_count(count)
    clip = as_clip(video)
    wanted = [(whole(clip), "the video")]
    if part is not None and part.n_parts > 1:
        wanted.append((part, f"part {part.index}"))
    labels: dict[int, str] = {}
    total = count * len(wanted)
    for piece, name in wanted:
        for k in range(1, count + 1):
            percent = 100 * k // (count + 1)
            frame = choose_frame(clip, piece, Fraction(percent, 100), should_cancel)
            labels.setdefault(frame, f"{percent} % of {name}")
            _tell(on_progress, "stills", len(labels), total)
    times = [time_of(clip, frame) for frame in labels]
    images = _pictures_at(clip, times)
    return tuple(Still(image, at, label) for image, at, label in zip(images, times, labels.values(), strict=True))


def part_stills(clip: Clip, part: Part, count: int = 2) -> list[Image.Image]:
    """Good frames of one part, as stills() chooses them."""
    positions = [Fraction(100 * k // (count + 1), 100) for k in range(1, count + 1)]
    frames = sorted({choose_frame(clip, part, position) for position in positions})
    return _pictures_at(clip, [time_of(clip, frame) for frame in frames])


def still_at(clip: Clip, at: Fraction) -> Image.Image:
    """The frame on screen at a time.

    Raises:
        MoodError: the time is outside the video.
    """
    if not 0 <= at <= clip.duration:
        raise MoodError(
            f"The frame at {float(at):g} s was asked for: choose a time from 0 to {float(clip.duration):.3f} s."
        )
    return _pictures_at(clip, [at])[0]


def _pictures_at(clip: Clip, times: Sequence[Fraction]) -> list[Image.Image]:
    from ..media import frames_at

    return [image.convert("RGB") for image in frames_at(clip, times)]


def check_count(count: int) -> None:
    """Raise MoodError unless count is a whole number from 1 to 12."""
    if isinstance(count, bool) or not isinstance(count, int) or not MIN_STILLS <= count <= MAX_STILLS:
        raise MoodError(f"{count} stills were asked for: choose from {MIN_STILLS} to {MAX_STILLS}.")


def choose_frame(clip: Clip, part: Part, position: Fraction, should_cancel: ShouldCancel | None = None) -> int:
    """Number of the best frame near a position of a part.

    Args:
        clip: what a probe found.
        part: the frame is one of its frames.
        position: 0 its start to 1 its end.
    """
    target = part.start + position * part.duration
    wanted = min(max(frame_shown_at(clip, target), part.start_frame), part.end_frame - 1)
    for reach in NEAR:
        check_cancel(should_cancel)
        frames = _neighbours(clip, part, wanted, reach)
        best = _sharpest(clip, frames, wanted)
        if best is not None:
            return best
    return wanted


def frame_shown_at(clip: Clip, at: Fraction) -> int:
    """Number of the frame that is on screen at a time; the first or last one outside the clip."""
    pts = clip.frame_pts
    return min(max(bisect_right(pts, pts[0] + at / clip.time_base) - 1, 0), len(pts) - 1)


def sample_part(clip: Clip, part: Part, should_cancel: ShouldCancel | None = None) -> Samples:
    """Small frames spread over a part, and pairs of neighbouring frames among them.

    Four a second up to 96 in all, and in long parts at keyframes, so that a long part costs little more than a short
    one. A cut is only known to half the distance of two samples, and two cuts between the same two count once.
    """
    from ..media import thumbnails

    check_cancel(should_cancel)
    frames = _sample_frames(clip, part)
    firsts = frames[:: max(1, len(frames) // MAX_PAIRS)]
    seconds = [_partner(clip, part, frame) for frame in firsts]
    needed = sorted({*frames, *firsts, *seconds})
    times = {frame: time_of(clip, frame) for frame in needed}
    images = dict(zip(needed, thumbnails(clip, [times[frame] for frame in needed], SAMPLE_HEIGHT), strict=True))
    check_cancel(should_cancel)
    pairs = tuple((images[a], images[b], times[b] - times[a]) for a, b in zip(firsts, seconds, strict=True) if b > a)
    return Samples(
        tuple(images[frame] for frame in frames), tuple(times[frame] - part.start for frame in frames), pairs
    )


def _sample_frames(clip: Clip, part: Part) -> list[int]:
    """Frames spread over the part, at least one."""
    if part.duration > LONG_PART:
        keyframes = [frame for frame in clip.keyframes if part.start_frame <= frame < part.end_frame]
        if len(keyframes) >= MAX_PAIRS:
            step = max(1, -(-len(keyframes) // MAX_SAMPLES))
            return keyframes[::step]
    wanted = max(int(part.duration * SAMPLES_PER_SECOND), MIN_SAMPLES)
    n_samples = min(wanted, MAX_SAMPLES, part.n_frames)
    return [part.start_frame + k * part.n_frames // n_samples for k in range(n_samples)]


def _partner(clip: Clip, part: Part, frame: int) -> int:
    """The first frame at least PAIR_GAP later, within the part."""
    later = frame_shown_at(clip, time_of(clip, frame) + PAIR_GAP)
    return min(max(later, frame + 1), part.end_frame - 1)


def _neighbours(clip: Clip, part: Part, wanted: int, reach: Fraction) -> list[int]:
    at = time_of(clip, wanted)
    first = max(part.start_frame, frame_shown_at(clip, max(at - reach, Fraction(0))))
    last = min(part.end_frame - 1, frame_shown_at(clip, at + reach))
    return sorted({wanted, *(first + round(k * (last - first) / (TRIES - 1)) for k in range(TRIES))})


def _sharpest(clip: Clip, frames: Sequence[int], wanted: int) -> int | None:
    """The wanted frame if it is sharp enough, else the nearest sharp one; None where all are black."""
    from ..media import thumbnails

    images = thumbnails(clip, [time_of(clip, frame) for frame in frames], THUMBNAIL_HEIGHT)
    scores = {frame: sharpness(image) for frame, image in zip(frames, images, strict=True) if not is_black(image)}
    if not scores:
        return None
    limit = SHARP_ENOUGH * max(scores.values())
    return min(
        (frame for frame, score in scores.items() if score >= limit), key=lambda frame: (abs(frame - wanted), frame)
    )


def _tell(on_progress: OnProgress | None, stage: str, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(Progress(stage, min(done, total), total))
