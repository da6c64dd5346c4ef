"""Pictures out of files: one at a time for people, all of them hashed for proof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from av.video.reformatter import VideoReformatter

from ..errors import MediaError
from ..wall.registry import walled
from .clip import Clip
from .open import opened, path_of, seek_back, video_stream
from .probe import as_clip
from .sound import decoded_frames

if TYPE_CHECKING:
    from PIL import Image


@walled
def frame_at(clip_or_path: Clip | Path, at: Fraction) -> Image.Image:
    """The picture that a player shows at a time.

    Args:
        clip_or_path: a probed clip, or a video to probe.
        at: seconds from the first frame; before it, the first frame is meant, after the end, the last.
    Returns:
        RGB image, turned as a player would turn it.
    Raises:
        MediaError: it is not a video that can be decoded.
    """
    return frames_at(clip_or_path, [at])[0]


@walled
def frames_at(clip_or_path: Clip | Path, times: Sequence[Fraction]) -> list[Image.Image]:
    """The pictures that a player shows at several times; see frame_at.

    Args:
        clip_or_path: a probed clip, or a video to probe.
        times: seconds from the first frame, in any order.
    Returns:
        As many RGB images as times.
    """
    return _pictures(as_clip(clip_or_path), times, None)


@walled
def thumbnails(clip: Clip, times: Sequence[Fraction], height: int) -> list[Image.Image]:
    """Small pictures for a timeline; see frame_at.

    Args:
        clip: a probed clip.
        times: seconds from the first frame.
        height: pixels; the width follows.
    Returns:
        As many RGB images as times.
    """
    return _pictures(clip, times, height)


@walled
def small_frames(clip: Clip, first: int, end: int, width: int) -> Iterator[tuple[int, np.ndarray]]:
    """Every frame of a run, tiny, in one pass; no picture is ever made at full size, and blocking is left in.

    Args:
        clip: a probed clip.
        first: number of the first frame.
        end: one past the last.
        width: pixels of the longer side, as stored: not turned.
    Returns:
        (number, [h, w, 3] uint8 RGB) in order; frames that cannot be decoded are left out.
    Raises:
        MediaError: the file cannot be read.
    """
    numbers = {pts: number for number, pts in enumerate(clip.frame_pts[first:end], first)}
    shrink = VideoReformatter()
    with opened(clip.path) as container:
        stream = video_stream(container, clip.path)
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"skip_loop_filter": "all"}
        for frame in _frames_from(container, stream, clip, first):
            number = numbers.get(frame.pts)
            if number is not None:
                scale = width / max(frame.width, frame.height)
                size = (max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
                yield number, shrink.reformat(frame, *size, format="rgb24", interpolation="AREA").to_ndarray()
            if frame.pts is not None and frame.pts >= clip.frame_pts[end - 1]:
                return


def _frames_from(container: Any, stream: Any, clip: Clip, number: int) -> Iterator[Any]:
    """Decode from a frame on, past packets that are damaged; frames before it may come too."""
    target = clip.frame_pts[number]
    for seek_to in (target, min(clip.frame_pts[0], 0)):
        seek_back(container, stream, seek_to)
        frames = decoded_frames(container, stream)
        frame = next(frames, None)
        # A seek may lead past its target where the index is poor; then all is decoded from the start.
        if frame is not None and (frame.pts is None or frame.pts <= target or seek_to != target):
            yield frame
            yield from frames
            return


@walled
def frame_hashes(clip_or_path: Clip | Path) -> Iterator[str]:
    """Hash every decoded frame in the order shown; hidden frames (edit lists) are left out, as FFmpeg does.

    Args:
        clip_or_path: a probed clip, or a video.
    Returns:
        One hexadecimal MD5 per frame, of its size, pixel format and visible pixels; timestamps do not count.
    Raises:
        MediaError: it is not a video that can be decoded.
    """
    path = path_of(clip_or_path)
    with opened(path) as container:
        stream = video_stream(container, path)
        stream.thread_type = "AUTO"
        for frame in decoded_frames(container, stream):
            yield frame_hash(frame)


def frame_hash(frame: Any) -> str:
    """MD5 of a decoded frame's size, pixel format and visible pixels."""
    digest = hashlib.md5(f"{frame.format.name} {frame.width}x{frame.height}".encode(), usedforsecurity=False)
    components = frame.format.components
    for number, plane in enumerate(frame.planes):
        mine = [c for c in components if c.plane == number]
        row_bytes = plane.width * sum((c.bits + 7) // 8 for c in mine)
        rows = np.frombuffer(plane, np.uint8)[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)
        digest.update(rows[:, : min(row_bytes, plane.line_size)].tobytes())
    return digest.hexdigest()


def _pictures(clip: Clip, times: Sequence[Fraction], height: int | None) -> list[Image.Image]:
    wanted = [_frame_number(clip, time) for time in times]
    found: dict[int, Image.Image] = {}
    with opened(clip.path) as container:
        stream = video_stream(container, clip.path)
        stream.thread_type = "AUTO"
        decoded: Iterator[Any] = iter(())
        last = -1
        for number in sorted(set(wanted)):
            # Within one group of pictures going on is cheaper than seeking back to its keyframe.
            going_on = last >= max((k for k in clip.keyframes if k <= number), default=0)
            frame = next((f for f in decoded if f.pts == clip.frame_pts[number]), None) if going_on else None
            if frame is None:
                frame, decoded = _decode_one(container, stream, clip, number)
            found[number], last = _to_image(frame, height), number
    return [found[number] for number in wanted]


def _frame_number(clip: Clip, time: Fraction) -> int:
    pts = clip.frame_pts[0] + time / clip.time_base
    return max(0, int(np.searchsorted(clip.frame_pts, int(pts), side="right")) - 1)


def _decode_one(container: Any, stream: Any, clip: Clip, number: int) -> tuple[Any, Iterator[Any]]:
    """Decode from the keyframe before, or from the very start where that does not lead to the frame.

    Returns:
        The frame, and the frames that follow it.
    """
    target = clip.frame_pts[number]
    for seek_to in (target, min(clip.frame_pts[0], 0)):
        seek_back(container, stream, seek_to)
        decoded = decoded_frames(container, stream)
        for frame in decoded:
            if frame.pts is not None and frame.pts >= target:
                if frame.pts == target:
                    return frame, decoded
                break
    raise MediaError(f"Frame {number} of {clip.path.name} cannot be decoded: the file is damaged there.")


def _to_image(frame: Any, height: int | None) -> Image.Image:
    turn = round(frame.rotation / 90) * 90 % 360
    if height is not None:
        shown = frame.width if turn in (90, 270) else frame.height
        scale = height / shown
        frame = frame.reformat(max(1, round(frame.width * scale)), max(1, round(frame.height * scale)), "rgb24")
    image: Image.Image = frame.to_image()
    return image.rotate(turn, expand=True) if turn else image
