"""Every frame of the parts decoded.

Where packets are the source's from a place on where decoding may start, and what they show first and last was found to
be the source's, then decoding the source beside them would be decoding the same bytes a second time. So such parts are
decoded once, to see that every planned frame comes out at its time. All others are held against the source frame by
frame. Frames are told apart by their times, so that one that does not decode on one side is not taken for the next.

FFmpeg's own threads use all cores, and hold no more frames than there are threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from av.error import InvalidDataError

from riffusion_inference.datatypes import ShouldCancel

from ...files import check_cancel
from ..clip import Clip
from ..frames import frame_hash
from ..open import opened, video_stream
from .edges import Damage
from .likeness import Shrinker, likeness_of

Numbered = tuple[int, Any]
"""A frame's number in the source, and the frame, or what was made of it."""


@dataclass
class Compared:
    """What comparing all frames of a part gives."""

    n_same: int = 0
    """Frames that are the source's."""
    n_damaged: int = 0
    """Frames that neither side decodes."""
    n_lost: int = 0
    """Frames that the source decodes to and the part does not."""
    n_revived: int = 0
    """Frames that the part decodes to and the source does not."""
    was_damaged: bool = False
    """Whether some of the source's packets do not decode."""
    different: list[int] = field(default_factory=list)
    """The first of the source's frames that the part has another picture for."""
    least: float | None = None
    """SSIM of the frame that is least like the source's, where they were encoded again."""
    worst: int | None = None
    """Which one that is, by the source's count."""


@dataclass(frozen=True)
class Decoded:
    """What decoding all of a part gives."""

    n_frames: int
    """Planned frames that came out at their times."""
    n_others: int
    """Frames that came out at other times."""
    n_broken: int
    """Packets of any track that do not decode."""
    first: str | None
    """Hash of the first frame; None where it does not decode."""
    last: str | None
    """Hash of the last frame."""


def decode_all(copy: Clip, on_frame: Callable[[int], None], before: int, should_cancel: ShouldCancel | None) -> Decoded:
    """Decode all pictures and all sound of a part.

    Args:
        copy: as probed.
        on_frame: called with the number of planned frames done, those of parts before it among them.
        before: how many these are.
        should_cancel: asked for every packet.
    """
    left, others, broken = set(copy.frame_pts), 0, 0
    edges: dict[int, str] = {}
    with opened(copy.path) as container:
        pictures = video_stream(container, copy.path)
        pictures.thread_type = "AUTO"
        sounds = [stream for stream in container.streams.audio if stream.codec_context is not None]
        for packet in container.demux([pictures, *sounds]):
            check_cancel(should_cancel)
            try:
                frames = packet.decode()
            except InvalidDataError:
                broken += 1
                continue
            if packet.stream is pictures:
                for frame in frames:
                    is_planned = frame.pts in left
                    left.discard(frame.pts)
                    if frame.pts in (copy.frame_pts[0], copy.frame_pts[-1]):
                        edges[frame.pts] = frame_hash(frame)
                    others += not is_planned and frame.pts is not None
                on_frame(before + copy.n_frames - len(left))
    first, last = (edges.get(pts) for pts in (copy.frame_pts[0], copy.frame_pts[-1]))
    return Decoded(copy.n_frames - len(left), others, broken, first, last)


def compare_all(
    source: Clip,
    copies: Sequence[tuple[Clip, int]],
    is_encoded: bool,
    on_frame: Callable[[int], None],
    should_cancel: ShouldCancel | None,
) -> list[Compared]:
    """Decode everything and compare it frame by frame.

    Args:
        source: the source.
        copies: parts in order, and the number of the first frame of each in the source.
        is_encoded: whether they were encoded again, so that they can be no more than alike.
        on_frame: called with the number of frames done.
        should_cancel: asked for every frame.
    Returns:
        One for each part.
    """
    make: Callable[[], Callable[[Any], Any]] = (lambda: Shrinker().small) if is_encoded else (lambda: lambda one: one)
    found = [Compared() for _ in copies]
    starts = [first for _, first in copies]
    ends = [first + clip.n_frames for clip, first in copies]

    def of_parts() -> Iterator[Numbered]:
        for clip, first in copies:
            yield from _decoded(clip, first, make())

    damage = Damage()
    mine, theirs = of_parts(), _decoded(source, 0, make(), damage)
    one, other = next(mine, None), next(theirs, None)
    at = 0
    for number in range(source.n_frames):
        check_cancel(should_cancel)
        while at < len(copies) - 1 and number >= ends[at]:
            at += 1
        one, other = _at_least(mine, one, number), _at_least(theirs, other, number)
        if starts[at] <= number < ends[at]:
            _count(found[at], number, _frame_of(one, number), _frame_of(other, number), is_encoded)
        on_frame(number + 1)
    for one_part in found:
        one_part.was_damaged = damage.was_met
    return found


def _frame_of(numbered: Numbered | None, number: int) -> Any:
    return numbered[1] if numbered is not None and numbered[0] == number else None


def _at_least(frames: Iterator[Numbered], current: Numbered | None, number: int) -> Numbered | None:
    """The next frame whose number is not below one."""
    while current is not None and current[0] < number:
        current = next(frames, None)
    return current


def _count(found: Compared, number: int, mine: Any, theirs: Any, is_encoded: bool) -> None:
    if mine is None or theirs is None:
        found.n_damaged += mine is None and theirs is None
        found.n_lost += mine is None and theirs is not None
        found.n_revived += mine is not None and theirs is None
        return
    if is_encoded:
        like = likeness_of(mine, theirs)
        found.n_same += 1
        if found.least is None or like < found.least:
            found.least, found.worst = like, number
    elif same_picture(mine, theirs):
        found.n_same += 1
    else:
        found.different.append(number)


def same_picture(one: Any, other: Any) -> bool:
    """Whether two decoded frames are equal in size, format and every visible pixel."""
    if (one.format.name, one.width, one.height) != (other.format.name, other.width, other.height):
        return False
    components = one.format.components
    for number, (mine, theirs) in enumerate(zip(one.planes, other.planes, strict=True)):
        bits = [c.bits for c in components if c.plane == number]
        row = mine.width * sum((b + 7) // 8 for b in bits)
        if not np.array_equal(_rows(mine, row), _rows(theirs, row)):
            return False
    return True


def _rows(plane: Any, row_bytes: int) -> np.ndarray:
    data = np.frombuffer(plane, np.uint8)[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)
    rows = data[:, : min(row_bytes, plane.line_size)]
    # Eight bytes at a time where the width allows it: comparing is a matter of reading memory.
    return rows.view(np.uint64) if rows.flags.c_contiguous and rows.shape[1] % 8 == 0 else rows


def _decoded(clip: Clip, first: int, make: Callable[[Any], Any], damage: Damage | None = None) -> Iterator[Numbered]:
    """A clip's frames with their numbers; those at times that the clip has no frame at are left out."""
    numbers = {pts: number for number, pts in enumerate(clip.frame_pts, first)}
    with opened(clip.path) as container:
        stream = video_stream(container, clip.path)
        stream.thread_type = "AUTO"
        frames = (frame for frame in (damage or Damage()).decoded(container, stream) if frame.pts is not None)
        for place, frame in enumerate(frames, first):
            # Times may be out of order where packets are not frames: what players show is the decoder's own order.
            number = numbers.get(frame.pts) if clip.frames_are_packets else place
            if number is not None:
                yield number, make(frame)
