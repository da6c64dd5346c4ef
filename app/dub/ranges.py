"""Dubs as ranges of time: what of an earlier result stays when a film is cut another way, and under which number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..errors import ArchiveError
from ..media import Clip
from ..plan import (
    Bounds,
    Frames,
    Span,
    TimeRange,
    bounds_around,
    overlap,
    plan_cutting,
    plan_parts,
    snap_ranges,
)
from ..result.facts import DubFacts, PartFacts
from ..result.folder import Result
from .order import PartOrder, check_part


@dataclass(frozen=True)
class Staying:
    """What becomes of an earlier result's music when some ranges get new music."""

    kept: tuple[DubFacts, ...] = ()
    """What no new range touches."""
    same: tuple[DubFacts, ...] = ()
    """What has exactly a range that is asked for: it is changed, or made anew."""
    replaced: tuple[DubFacts, ...] = ()
    """What overlaps a new range in any other way: it is taken out."""
    sentences: tuple[str, ...] = ()
    """What is to be said of what is taken out, before anything runs."""


def what_stays(earlier: Result | None, ranges: Sequence[Frames]) -> Staying:
    """Sort an earlier result's dubs by what new music for some ranges does to them. Pure: no file is opened.

    Args:
        earlier: a result of the same film; None has no music.
        ranges: where new music goes, such as spans of snap_ranges or parts of another cut.
    """
    kept, same, replaced, sentences = [], [], [], []
    for dub in earlier.dubs if earlier is not None else ():
        assert earlier is not None
        part = earlier.manifest.parts[dub.part - 1]
        hit = [one for one in ranges if overlap(part, one)]
        if not hit:
            kept.append(dub)
        elif any((one.start_frame, one.end_frame) == (part.start_frame, part.end_frame) for one in hit):
            same.append(dub)
        else:
            replaced.append(dub)
            sentences.append(_taken_out(part, hit))
    return Staying(tuple(kept), tuple(same), tuple(replaced), tuple(sentences))


def _taken_out(part: PartFacts, hit: Sequence[Frames]) -> str:
    covered = sum(min(one.end_frame, part.end_frame) - max(one.start_frame, part.start_frame) for one in hit)
    where = "a new range" if len(hit) == 1 else "new ranges"
    if covered == part.end_frame - part.start_frame:
        return f"The music at {part.timeline} lies within {where} and is replaced."
    return (
        f"The music at {part.timeline} overlaps {where} and is taken out: where there is no new music, "
        "the film's own sound comes back."
    )


@dataclass(frozen=True)
class Placed:
    """How a film is cut so that each asked range, and each dub that stays, is one part."""

    clip: Clip
    """The film."""
    cutting: Bounds
    """Where it is cut."""
    numbers: tuple[int, ...]
    """The part that each asked range is, in the order in which they were asked for."""
    now: dict[int, int]
    """From the number of each earlier part that is one still to the one that it has now."""
    notes: tuple[str, ...]
    """What a person should know before anything runs."""


def place_ranges(clip: Clip, ranges: Sequence[TimeRange], earlier: Result | None) -> Placed:
    """Cut a film so that ranges of time are parts.

    Args:
        clip: the film.
        ranges: as they are asked for; each is moved to the nearest frames.
        earlier: a result to go on from; its dubs that no range touches stay, each a part.
    Raises:
        PlanError: a range cannot be one.
        ArchiveError: the earlier result is of another film.
    """
    spans, notes = snap_ranges(clip, ranges)
    return _placed(clip, spans, earlier, (), notes)


def place_parts(clip: Clip, n_parts: int, numbers: Sequence[int], earlier: Result) -> Placed:
    """Cut a film into equal parts around the dubs of an earlier result that stay.

    Args:
        clip: the film.
        n_parts: how many equal parts.
        numbers: those of them that get music.
        earlier: the result, which is cut another way.
    Raises:
        PlanError: there are no such parts.
        ArchiveError: the earlier result is of another film.
    """
    parts = plan_parts(clip, n_parts)
    for number in numbers:
        check_part(number, n_parts)
    chosen = [parts[number - 1] for number in numbers]
    spans = tuple(Span(one.start_frame, one.end_frame, one.start, one.end) for one in chosen)
    placed = _placed(clip, spans, earlier, [part.start_frame for part in parts], ())
    total = len(placed.cutting.times) + 1
    moved = [
        f"Part {old} of {n_parts} is part {new} of {total} here, since earlier music that stays is a part by itself."
        for old, new in zip(numbers, placed.numbers, strict=True)
        if (old, n_parts) != (new, total)
    ]
    return replace(placed, notes=(*placed.notes, *moved))


def _placed(
    clip: Clip, spans: tuple[Span, ...], earlier: Result | None, others: Iterable[int], notes: tuple[str, ...]
) -> Placed:
    if earlier is not None:
        _check_same_film(clip, earlier)
    staying = what_stays(earlier, spans)
    dubbed = earlier.manifest.parts if earlier is not None else ()
    kept = [dubbed[dub.part - 1] for dub in staying.kept]
    cutting = bounds_around(clip, [*spans, *kept], others)
    here = {(part.start_frame, part.end_frame): part.index for part in plan_cutting(clip, cutting)}
    now = {part.index: (part.start_frame, part.end_frame) for part in dubbed}
    return Placed(
        clip,
        cutting,
        tuple(here[span.start_frame, span.end_frame] for span in spans),
        {number: here[place] for number, place in now.items() if place in here},
        (*notes, *staying.sentences),
    )


def _check_same_film(clip: Clip, earlier: Result) -> None:
    source = earlier.manifest.source
    if (source.n_frames, source.duration) != (clip.n_frames, str(clip.duration)):
        raise ArchiveError(
            f"{earlier.folder.name} was made from {source.name} with {source.n_frames} frames, but {clip.path.name} "
            f"has {clip.n_frames}: its music stays only in the same video, so begin a new result."
        )


def renumbered(orders: Iterable[PartOrder], now: dict[int, int]) -> tuple[PartOrder, ...]:
    """Orders of an earlier result's dubs under the numbers that their parts have now; what is gone is left out."""
    return tuple(
        replace(one, part=now[one.part], writing=one.writing.renumbered(now)) for one in orders if one.part in now
    )
