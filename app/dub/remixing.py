"""Mixing an earlier result's music in again, another way: nothing is generated, and no model is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import MusicModel, OnProgress

from ..errors import ArchiveError
from ..plan import TimeRange, timeline_range
from ..result.folder import Result
from .build_order import check_take, kept_parts, mix_of, source_of, with_their_runs
from .order import Order, split_mode_of
from .run import Run
from .story import carry_out


class NoModels:
    """A shelf with nothing on it."""

    note: str | None = None

    def full_name(self, name: str) -> str:
        """The name itself."""
        return name

    def get(self, name: str, on_progress: OnProgress | None = None) -> MusicModel:
        """Raise ArchiveError: music would have to be made."""
        raise ArchiveError(
            "Music of this result is missing or was changed, and a remix makes none: make it again with dub --from."
        )


def remix_order(
    earlier: Result,
    out_dir: Path,
    *,
    parts: Sequence[int] = (),
    ranges: Sequence[TimeRange] = (),
    given: Mapping[str, Any],
    video: Path | None = None,
    force: bool = False,
) -> Order:
    """Order an earlier result's music mixed in another way.

    Args:
        earlier: the result.
        out_dir: where the new one goes; the same folder changes it in place.
        parts: whose music, 1-based; parts that are one piece with them change too.
        ranges: or at which times; with neither, all of it changes.
        given: what the person has set of the mix, by the option's name, the take among it.
        video: the source; None: where the result remembers it.
        force: replace another result at out_dir.
    Raises:
        ArchiveError: there is no music in a part or at a time, or no such take.
        RiffusionError: a value cannot be right.
    """
    kept, dubs = {one.part: one for one in kept_parts(earlier)}, {dub.part: dub for dub in earlier.dubs}
    named = [*parts, *(number for asked in ranges for number in _dubbed_at(earlier, asked))]
    bare = [number for number in named if number not in kept]
    if bare or not kept:
        whose = f"Part {bare[0]} of {earlier.folder.name}" if bare else earlier.folder.name
        raise ArchiveError(f"{whose} has no music that could be mixed in another way: dub it first.")
    chosen = with_their_runs(named, kept) or tuple(kept)
    for number in chosen:
        old = kept[number]
        take = given.get("take", old.take)
        check_take(dubs[number], take)
        kept[number] = replace(old, mix=mix_of(old.mix, given), take=take)
    mode = split_mode_of(earlier.manifest.split_asked)
    source = source_of(earlier, video)
    return Order(source, out_dir, earlier.cutting, mode, tuple(kept.values()), earlier, force, chosen)


def _dubbed_at(earlier: Result, asked: TimeRange) -> list[int]:
    """The dubbed parts that a range of time touches."""
    start, end = asked[0], asked[1] if asked[1] is not None else earlier.times[-1][1]
    times = {dub.part: earlier.times[dub.part - 1] for dub in earlier.dubs}
    found = [number for number, (begin, stop) in times.items() if begin < end and start < stop]
    if not found:
        there = ", ".join(timeline_range(*time) for time in times.values()) or "nowhere"
        where = timeline_range(start, max(start, Fraction(end)))
        raise ArchiveError(f"{earlier.folder.name} has no music at {where}: its music is at {there}.")
    return found


def remix(order: Order, run: Run) -> Result:
    """Carry out an order of remix_order.

    Raises:
        ArchiveError: music is missing or was changed; nothing was done.
        RiffusionError: one sentence on what else went wrong.
    """
    return carry_out(order, run, NoModels())
