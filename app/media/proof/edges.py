"""The first and the last thing that a copy shows or plays, decoded and held against what the source has there.

That packets are the source's says that a decoder gives the same from them as long as it starts in the same state. Two
things could still be wrong, and only decoding shows them: that a decoder which starts there does not give what one
gives that has come from before, and that a player's reading of the edit list is not ours. So the part is decoded as
FFmpeg plays it, and the source by a decoder that was given the stream's first packet and then led there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from av.error import FFmpegError, InvalidDataError

from riffusion_inference.datatypes import ShouldCancel

from ...files import check_cancel
from ..clip import Clip
from ..frames import frame_hash
from ..open import opened, seek_back, video_stream
from ..probe import PACKETS_ARE_FRAMES
from ..sound import decoded_frames
from .evidence import Edge

BUDGET_PIXELS = 400_000_000
"""Decoded pixels that the edges of one result may take, some 200 frames of 1080p: about a second of one core."""
FROM_START_PIXELS = 500_000_000
"""Decoded pixels that a frame in a file without an index may take from the start."""
INDEXED = {"mp4", "matroska"}
ANOTHER = "at another time"
"""Stands for the hash of a frame that is not shown when it should be."""


def affordable(source: Clip, cuts: Sequence[int]) -> set[int]:
    """The cuts at which decoding up to the frames beside them fits the budget; the nearest to their keyframes first.

    Args:
        source: the clip that is cut.
        cuts: first frames of the parts, and one past the last frame.
    """
    keys = np.array([0, *source.keyframes])

    def cost(cut: int) -> int:
        before = max(0, cut - 1)
        nearest = int(keys[keys <= before].max())
        return (cut - nearest + 1) * source.width * source.height

    left = BUDGET_PIXELS
    found: set[int] = set()
    for cut in sorted(cuts, key=cost):
        # Each is decoded in the source and in the parts at both sides of it.
        left -= 3 * cost(cut)
        if left < 0 and found:
            break
        found.add(cut)
    return found


class Damage:
    """Takes note of packets that do not decode."""

    def __init__(self) -> None:
        self.was_met = False

    def decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        """Every frame of a stream that can be decoded, past packets that are damaged."""
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    self.was_met = self.was_met or bool(frame.is_corrupt)
                    yield frame
            except InvalidDataError:
                self.was_met = True


class SourceFrames:
    """Hashes of the source's frames, decoded as somebody who plays it from the start sees them; each decoded once."""

    def __init__(self, clip: Clip, should_cancel: ShouldCancel | None) -> None:
        self.clip, self.should_cancel = clip, should_cancel
        self._known: dict[int, str | None] = {}
        self._damaged: dict[int, bool] = {}

    def hash_of(self, number: int) -> str | None:
        """The frame's hash; None where it does not decode."""
        if number not in self._known:
            check_cancel(self.should_cancel)
            self._decode(number)
        return self._known[number]

    def is_damaged(self, number: int) -> bool:
        """Whether packets on the way to a frame do not decode, so that it is what a decoder makes of the rest."""
        return self.hash_of(number) is None or self._damaged.get(number, False)

    def _decode(self, number: int) -> None:
        """A frame and the one after it, which the part at the other side of the cut will ask for."""
        self._known[number] = None
        damage = Damage()
        clip = self.clip
        numbers = {clip.frame_pts[n]: n for n in range(number, min(number + 2, clip.n_frames))}
        with opened(clip.path) as container:
            stream = video_stream(container, clip.path)
            for frame in frames_to(container, stream, clip, number, damage):
                if frame.pts in numbers:
                    found = numbers.pop(frame.pts)
                    self._known[found], self._damaged[found] = frame_hash(frame), damage.was_met
                if not numbers or (frame.pts or 0) > max(numbers):
                    return


def _decode_first(container: Any, stream: Any) -> None:
    """Give the decoder the stream's first packet, which may say what holds for all."""
    for packet in container.demux(stream):
        if packet.size:
            try:
                packet.decode()
            except FFmpegError:
                return
            return


def frames_to(container: Any, stream: Any, clip: Clip, number: int, damage: Damage | None = None) -> Iterator[Any]:
    """Decoded frames from the keyframe before a frame on; from the start where a seek leads past it."""
    target, start = clip.frame_pts[number], min(clip.frame_pts[0], 0)
    is_indexed = clip.video_codec in PACKETS_ARE_FRAMES and bool(INDEXED & {*clip.container.split(",")})
    is_near = not is_indexed and number * clip.width * clip.height <= FROM_START_PIXELS
    _decode_first(container, stream)
    # Without an index a seek may lead to a picture that leans on others, and decoders show what they make of it.
    for seek_to in (start,) if is_near else (target, start):
        seek_back(container, stream, seek_to)
        frames = (damage or Damage()).decoded(container, stream)
        frame = next((frame for frame in frames if frame.pts is not None), None)
        if frame is not None and (frame.pts <= target or seek_to != target):
            yield frame
            yield from frames
            return


def first_frame(copy: Clip, source: SourceFrames, number: int) -> Edge:
    """What a player shows first of a copy.

    Args:
        copy: as probed.
        source: what it should show.
        number: of the source's frame.
    """
    with opened(copy.path) as container:
        frame = next(decoded_frames(container, video_stream(container, copy.path)), None)
        found = frame_hash(frame) if frame is not None else None
        if frame is not None and frame.pts != copy.frame_pts[0]:
            found = ANOTHER
    return judged(found, source, number)


def last_frame(copy: Clip, source: SourceFrames, number: int) -> Edge:
    """What a player shows last of a copy; see first_frame."""
    target = copy.frame_pts[-1]
    found = None
    with opened(copy.path) as container:
        stream = video_stream(container, copy.path)
        frames = frames_to(container, stream, copy, copy.n_frames - 1)
        for frame in frames:
            if frame.pts == target:
                found = frame_hash(frame)
            elif found is not None and frame.pts is not None and frame.pts > target:
                return Edge.MORE
    return judged(found, source, number)


def judged(found: str | None, source: SourceFrames, number: int) -> Edge:
    """What the hash of a copy's frame, None where it does not decode, says beside that of the source's."""
    wanted = source.hash_of(number)
    if found is not None and found == wanted:
        return Edge.SAME
    # A decoder that starts at a part may make of damaged packets what one that came from before could not.
    if source.is_damaged(number):
        return Edge.DAMAGED
    return Edge.LOST if found is None else Edge.DIFFERENT


def cuts_of(bounds: Sequence[tuple[int, int]]) -> list[int]:
    """First frames of parts, and one past the last frame.

    >>> cuts_of([(0, 10), (10, 20)])
    [0, 10, 20]
    """
    inner = [end for (_, end), _ in pairwise(bounds)]
    return [bounds[0][0], *inner, bounds[-1][1]] if bounds else []
