"""What happens in a part, frame by frame: where it cuts and how hard, how it moves, how light it is."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel
from riffusion_inference.score.follow import Hit

from ..files import check_cancel
from ..plan import Part, time_of
from .changes import SIGNATURE, change_between, find_cuts, signature_of
from .energy import EnergyCurves, curves_of, peaks_of
from .look import luma

if TYPE_CHECKING:
    from ..media import Clip

Array = NDArray[np.float32]
WATCH_SIZE = 48
"""Every frame is looked at with this many pixels on its longer side."""
MOTION_GAP = Fraction(1, 12)
"""Seconds between the two frames that motion is read from, so that frames that are shown twice do no harm."""
TOLD_EVERY = 50
"""Frames after which progress is told and cancelling is heard."""


@dataclass(frozen=True)
class Watched:
    """What was found in a part. Times are seconds from the part's first frame, exactly when a frame appears."""

    duration: Fraction
    """Seconds of the part."""
    cuts: tuple[Hit, ...]
    """Each cut, where the first frame of the new shot appears or a dissolve is half done, and how hard it is."""
    peaks: tuple[Hit, ...]
    """Moments at which motion is greatest."""
    motion: tuple[float, ...]
    """Change of the picture a second, in units of its contrast, at even distances from the beginning to the end."""
    light: tuple[float, ...]
    """Mean luma, 0 black to 1 white, at the same moments."""
    energy: tuple[float, ...]
    """How much happens, 0 to 1, from motion and light, at the same moments."""


def watch(
    clip: Clip, part: Part, *, on_progress: OnProgress | None = None, should_cancel: ShouldCancel | None = None
) -> Watched:
    """Look at every frame of a part, once, and tiny.

    Args:
        clip: a probed clip.
        part: one of its parts.
        on_progress: told "watch", frames seen and frames of the part.
        should_cancel: asked every TOLD_EVERY frames.
    Returns:
        What was found; the same part gives the same every time.
    Raises:
        MediaError: the video cannot be read.
        DubCancelled: should_cancel returned True.
    """
    seen = _see(clip, part, on_progress, should_cancel)
    times = [time_of(clip, number) - part.start for number in seen.numbers]
    seconds = np.array([float(time) for time in times])
    cuts = tuple(Hit(times[place], weight) for place, weight in find_cuts(seen.signatures, seen.greys, seconds))
    curves: EnergyCurves = curves_of(
        seconds, seen.motion, seen.light, float(part.duration), [float(cut.time) for cut in cuts]
    )
    peaks = tuple(Hit(_nearest(times, seconds, at), weight) for at, weight in peaks_of(curves, float(part.duration)))
    return Watched(part.duration, cuts, peaks, *(tuple(map(float, curve)) for curve in curves))


@dataclass(frozen=True)
class _Seen:
    """What is kept of each frame that was decoded."""

    numbers: list[int]
    """Its number in the clip."""
    signatures: NDArray[np.uint8]
    """[F, SIGNATURE] picture in a few large pixels."""
    greys: NDArray[np.uint8]
    """[F, h, w] its luma."""
    motion: Array
    """[F] change a second."""
    light: Array
    """[F] mean luma."""


def _see(clip: Clip, part: Part, on_progress: OnProgress | None, should_cancel: ShouldCancel | None) -> _Seen:
    """Decode the part once and keep of each frame what is needed."""
    from ..media import small_frames

    check_cancel(should_cancel)
    numbers: list[int] = []
    signatures: list[NDArray[np.uint8]] = []
    greys: list[NDArray[np.uint8]] = []
    motion: list[float] = []
    light: list[float] = []
    recent: list[tuple[Fraction, Array]] = []
    for number, picture in small_frames(clip, part.start_frame, part.end_frame, WATCH_SIZE):
        if len(numbers) % TOLD_EVERY == 0:
            check_cancel(should_cancel)
            if on_progress is not None:
                on_progress(Progress("watch", number - part.start_frame, part.n_frames))
        grey = luma(picture.astype(np.float32) / 255)
        at = time_of(clip, number)
        while len(recent) > 1 and recent[1][0] <= at - MOTION_GAP:
            recent.pop(0)
        motion.append(change_between(recent[0][1], grey, float(at - recent[0][0])) if recent else 0.0)
        recent.append((at, grey))
        numbers.append(number)
        signatures.append(signature_of(picture))
        greys.append(np.asarray(255 * grey, dtype=np.uint8))
        light.append(float(grey.mean()))
    if on_progress is not None:
        on_progress(Progress("watch", part.n_frames, part.n_frames))
    table = np.array(signatures, dtype=np.uint8).reshape(len(numbers), SIGNATURE)
    return _Seen(numbers, table, _stacked(greys), np.array(motion, dtype=np.float32), np.array(light, dtype=np.float32))


def _stacked(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures as one array, as large as the first; one of another size is cropped or filled."""
    shape = pictures[0].shape if pictures else (1, 1)
    stack = np.zeros((len(pictures), *shape), dtype=np.uint8)
    for place, picture in enumerate(pictures):
        rows, columns = min(shape[0], picture.shape[0]), min(shape[1], picture.shape[1])
        stack[place, :rows, :columns] = picture[:rows, :columns]
    return stack


def _nearest(times: list[Fraction], seconds: NDArray[np.float64], at: float) -> Fraction:
    """The frame's own time that is nearest to a moment."""
    return times[int(np.abs(seconds - at).argmin())]
