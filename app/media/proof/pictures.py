"""The pictures of a part, or of the film, beside the source's.

A copy is proved in four steps: its packets are a run of the source's, byte for byte; the run starts where decoding may
start; decoders are told the same before it; and what the edit list shows of it are the planned frames, each for as long
as in the source. `edges` decodes the first and the last of them to check all that.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ..clip import Clip
from ..cut.lossless import plain_movie
from ..mp4.movie import Movie
from ..mp4.shown import shown_times
from .evidence import Match, PartFile, PictureEvidence
from .likeness import likeness_of, small_frames_at
from .packets import Packets, differences, nearest, places_of
from .units import read_units

MOST_COMPARED = 40
"""Parts that are held against one another."""
CLEARLY = 0.005
"""By how much the likeness to other frames has to be greater to mean something."""


@dataclass(frozen=True)
class Pictures:
    """A file's pictures as they are read for the proof."""

    clip: Clip
    """As probed."""
    packets: Packets
    """Of its picture track."""

    @cached_property
    def frame_numbers(self) -> np.ndarray:
        """[N] which frame each packet is, -1 where it is none that is shown."""
        found = self._numbers(self.packets.pts)
        if len(np.unique(found[found >= 0])) == self.clip.n_frames:
            return found
        # Where an edit begins without a keyframe before it, FFmpeg's packets have other times than its frames.
        times = shown_times(self.clip.movie, self.clip.video_index) if self.clip.movie is not None else None
        return found if times is None or len(times) != self.packets.count else self._numbers(times)

    def _numbers(self, times: np.ndarray) -> np.ndarray:
        shown = np.array(self.clip.frame_pts, dtype=np.int64)
        at = np.minimum(np.searchsorted(shown, times), len(shown) - 1)
        return np.where(shown[at] == times, at, -1)


def copied_pictures(
    source: Pictures, copy: Pictures, file: PartFile, expected: int | None, should_cancel: ShouldCancel | None
) -> PictureEvidence:
    """Hold the packets of a part against the source's.

    Args:
        source: the source.
        copy: the part.
        file: what it should be.
        expected: the source's packet that it should begin with; None: what its first frame says.
        should_cancel: asked often.
    """
    mine, theirs = copy.packets, source.packets
    found = _found(copy.clip, mine.count, file.part.start_frame, file.part.n_frames, source.clip)
    place = _planned_place(source, copy, file.part.start_frame) if expected is None else expected
    match, at, wrong = Match.DIFFERENT, place, np.arange(mine.count)
    if place is not None and place >= 0:
        wrong = differences(mine.digests, theirs.digests_of(place, place + mine.count))
    if place is not None and not len(wrong):
        match = Match.PACKETS
    else:
        places = places_of(mine.digests, theirs.digests)
        fitting = [one for one in places if _is_planned(source, copy, one, file.part.start_frame)]
        at = nearest(fitting or places, place or 0)
        match = Match.ELSEWHERE if at is not None else Match.DIFFERENT
        match = Match.PACKETS if fitting else match
    if match == Match.DIFFERENT and plain_movie(source.clip) is None:
        at = _place_by_content(source, copy, file, should_cancel)
        match = Match.CONTENT if at is not None else Match.UNKNOWN
    evidence = dataclasses.replace(found, match=match)
    if match == Match.DIFFERENT and len(wrong):
        evidence = dataclasses.replace(evidence, differs_at=int(wrong[0]), n_different=len(wrong))
    if at is None:
        return dataclasses.replace(evidence, same_config=_same_config(source, copy))
    return dataclasses.replace(
        evidence,
        shows=_shows(source, copy, at) if match in (Match.PACKETS, Match.ELSEWHERE) else None,
        same_config=_same_config(source, copy),
        is_clean=at == 0 or bool(theirs.is_key[at]),
    )


def _found(clip: Clip, n_packets: int, start_frame: int, n_frames: int, source: Clip) -> PictureEvidence:
    """What a file's frames and their times are beside those of a run of the source's."""
    late = latest(clip, source, start_frame) if clip.n_frames == n_frames else Fraction(0)
    return PictureEvidence(clip.n_frames, late, Match.UNKNOWN, n_packets)


def latest(copy: Clip, source: Clip, start_frame: int = 0) -> Fraction:
    """By how many seconds, at most, a copy's frames are shown beside their times, counted from its first one.

    Args:
        copy: its frames are as many as are meant.
        source: whose frames they should be.
        start_frame: the first of these.
    """
    mine, theirs = np.array(copy.frame_pts), np.array(source.frame_pts[start_frame : start_frame + copy.n_frames])
    # Both in units of one over the product of the denominators.
    one = copy.time_base.numerator * source.time_base.denominator
    other = source.time_base.numerator * copy.time_base.denominator
    common = math.gcd(one, other)
    off = np.abs((mine - mine[0]) * (one // common) - (theirs - theirs[0]) * (other // common)).max()
    return Fraction(int(off) * common, copy.time_base.denominator * source.time_base.denominator)


def _planned_place(source: Pictures, copy: Pictures, start_frame: int) -> int | None:
    """The source's packet that a part's first one should be, by the packets that hold the first frame."""
    theirs = np.flatnonzero(source.frame_numbers == start_frame)
    mine = np.flatnonzero(copy.frame_numbers == 0)
    return int(theirs[0] - mine[0]) if len(theirs) and len(mine) else None


def _is_planned(source: Pictures, copy: Pictures, at: int, start_frame: int) -> bool:
    """Whether each frame of a part is the planned one, where its packets are a run of the source's from one on.

    A hidden packet may have the time of a frame, where an edit begins without a keyframe; another one will fit.
    """
    mine = copy.frame_numbers
    theirs = source.frame_numbers[at : at + len(mine)]
    fits = (mine >= 0) & (theirs == mine + start_frame)
    return len(np.unique(mine[fits])) == copy.clip.n_frames


def _shows(source: Pictures, copy: Pictures, at: int) -> tuple[int, int] | None:
    """The source's frames that a part shows, where its packets are a run of the source's from one on."""
    mine = copy.frame_numbers
    theirs = source.frame_numbers[at : at + len(mine)]
    shown = theirs[mine >= 0]
    if len(shown) != copy.clip.n_frames or not len(shown) or np.any(shown < 0):
        return None
    return int(shown.min()), int(shown.max())


def _place_by_content(
    source: Pictures, copy: Pictures, file: PartFile, should_cancel: ShouldCancel | None
) -> int | None:
    """The source's packet from which on a part holds what it holds, where that is the planned one."""
    mine, theirs = (read_units(one.clip.path, None, should_cancel) for one in (copy, source))
    low = _seconds(copy, 0) - copy.clip.start + file.part.start
    slack = source.clip.time_base * 2
    for place in places_of(mine.digests, theirs.digests):
        packet = int(np.searchsorted(theirs.before, place))
        if packet < source.packets.count and abs(_seconds(source, packet) - source.clip.start - low) <= slack:
            return packet
    return None


def _seconds(pictures: Pictures, packet: int) -> Fraction:
    return pictures.packets.seconds_at(packet) or Fraction(0)


def _same_config(source: Pictures, copy: Pictures) -> bool | None:
    """Whether two tracks describe their pictures alike; None where containers do it in different ways."""
    mine, theirs = (_description(one.clip.movie, one.clip.video_index) for one in (copy, source))
    if mine is not None and theirs is not None and plain_movie(source.clip) is not None:
        return mine == theirs
    return True if copy.packets.config == source.packets.config else None


def _description(movie: Movie | None, place: int) -> bytes | None:
    """All that an index says of a track's coding."""
    if movie is None or movie.is_fragmented or place >= len(movie.tracks):
        return None
    return movie.tracks[place].box.need(b"mdia", b"minf", b"stbl", b"stsd").payload


@dataclass(frozen=True)
class Looks:
    """Small grey copies of the first, the middle and the last frame of a part that was encoded again."""

    numbers: list[int]
    """Of the part's frames."""
    mine: list[np.ndarray | None]
    """The part's; None where one does not decode."""
    theirs: list[np.ndarray | None]
    """The source's."""

    def likeness(self, other: Looks) -> float | None:
        """How like the part's are to the source's that another part should have, on average; None where none decode."""
        pairs = zip(self.mine, other.theirs, strict=False)
        found = [likeness_of(mine, theirs) for mine, theirs in pairs if mine is not None and theirs is not None]
        return float(np.mean(found)) if found else None


def looks_of(source: Clip, copy: Clip, file: PartFile) -> Looks:
    """Decode a few frames of a part and the source's that they should be."""
    numbers = sorted({0, file.part.n_frames // 2, file.part.n_frames - 1})
    theirs = small_frames_at(source, [file.part.start_frame + number for number in numbers])
    return Looks(numbers, [*small_frames_at(copy, numbers)], [*theirs])


def encoded_pictures(source: Clip, copy: Clip, file: PartFile, looks: Looks | None, n_packets: int) -> PictureEvidence:
    """Hold a few frames of a part that was encoded again against the source's.

    Args:
        source: the source.
        copy: the part.
        file: what it should be.
        looks: the frames; None: none were decoded.
        n_packets: of the part.
    """
    found = _found(copy, n_packets, file.part.start_frame, file.part.n_frames, source)
    if looks is None:
        return found
    both = [*zip(looks.numbers, looks.mine, looks.theirs, strict=True)]
    known = [(likeness_of(a, b), number) for number, a, b in both if a is not None and b is not None]
    least, worst = min(known, default=(None, None))
    return dataclasses.replace(
        found, likeness=least, differs_frame=worst, n_decoded=len(known), n_damaged=len(both) - len(known)
    )


def with_mistaken(found: list[PictureEvidence], looks: list[Looks | None]) -> list[PictureEvidence]:
    """Say of which parts the frames are more like another one's.

    Pictures of one scene are much alike, so that no likeness tells two parts apart by itself; but each is most like its
    own.
    """
    known = [(number, one) for number, one in enumerate(looks) if one is not None][:MOST_COMPARED]
    done = list(found)
    for number, one in known:
        own = one.likeness(one)
        others = [(one.likeness(other) or 0.0, at) for at, other in known if at != number]
        best, at = max(others, default=(0.0, number))
        if own is not None and best > own + CLEARLY:
            done[number] = dataclasses.replace(done[number], like_part=at + 1)
    return done


def film_pictures(
    source: Pictures, film: Pictures, is_repackaged: bool, should_cancel: ShouldCancel | None
) -> PictureEvidence:
    """Hold all of the film's pictures against the source's.

    Args:
        source: the source.
        film: the film.
        is_repackaged: whether a muxer wrote them anew.
        should_cancel: asked often.
    """
    found = _found(film.clip, film.packets.count, 0, source.clip.n_frames, source.clip)
    wrong = differences(film.packets.digests, source.packets.digests)
    match = Match.DIFFERENT if len(wrong) else Match.PACKETS
    if len(wrong) and is_repackaged:
        mine, theirs = (read_units(one.clip.path, None, should_cancel) for one in (film, source))
        match = Match.CONTENT if mine.digests == theirs.digests else Match.UNKNOWN
    return dataclasses.replace(
        found,
        match=match,
        differs_at=int(wrong[0]) if match == Match.DIFFERENT else None,
        n_different=len(wrong) if match == Match.DIFFERENT else 0,
        same_config=_same_config(source, film),
    )
