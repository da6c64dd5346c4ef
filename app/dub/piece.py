"""Pieces of music: a part by itself, or neighbours that the music runs on through; and what decides how one sounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ..plan import Part
from ..result.facts import DubFacts, MusicFacts
from ..result.folder import Result
from ..result.key import generation_key, numbered_run, of_score
from .cut import Cut
from .order import PartOrder


@dataclass(frozen=True)
class Piece:
    """What is written and painted in one go."""

    orders: tuple[PartOrder, ...]
    """Its parts in order, neighbours all; they differ in their parts alone."""

    @property
    def first(self) -> PartOrder:
        """The order that holds for all of it."""
        return self.orders[0]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Its parts, 1-based."""
        return tuple(one.part for one in self.orders)

    @property
    def name(self) -> str:
        """As sentences say it.

        >>> Piece((PartOrder(2, GenerationSettings("x"), "m"), PartOrder(3, GenerationSettings("x"), "m"))).name
        'Parts 2 to 3'
        """
        numbers = self.numbers
        return f"Part {numbers[0]}" if len(numbers) == 1 else f"Parts {numbers[0]} to {numbers[-1]}"

    def span(self, cut: Cut) -> Part:
        """All of it as one part."""
        first, last = cut.part(self.numbers[0]), cut.part(self.numbers[-1])
        return replace(first, end_frame=last.end_frame, end=last.end)

    def samples(self, cut: Cut) -> tuple[int, int]:
        """Half-open range of its samples in the film."""
        return cut.samples_of(self.numbers[0])[0], cut.samples_of(self.numbers[-1])[1]

    def with_prompt(self, prompt: str) -> Piece:
        """The same with words that were read from the picture."""
        return Piece(tuple(one.with_prompt(prompt) for one in self.orders))

    def made_anew(self) -> Piece:
        """The same, as a run of the parts that it has: others that were one piece with it may be gone."""
        run = self.numbers if len(self.orders) > 1 else ()
        return Piece(tuple(replace(one, writing=replace(one.writing, run=run, run_samples=())) for one in self.orders))


def pieces_of(orders: Iterable[PartOrder]) -> tuple[Piece, ...]:
    """The pieces of an order's parts, in order: parts that name the same run and lie side by side are one."""
    groups: list[list[PartOrder]] = []
    for one in orders:
        last = groups[-1][-1] if groups else None
        goes_on = last is not None and last.part + 1 == one.part and one.writing.run == last.writing.run != ()
        groups[-1].append(one) if goes_on else groups.append([one])
    return tuple(Piece(tuple(group)) for group in groups)


def run_through(orders: Sequence[PartOrder], fresh: Sequence[int]) -> tuple[PartOrder, ...]:
    """Join neighbours through which the music is to run on: all are made as the first one is ordered.

    Args:
        orders: every part with music, in any order.
        fresh: numbers of those that are new or changed; pieces of others stay as they are.
    """
    ordered = sorted(orders, key=lambda one: one.part)
    groups: list[list[PartOrder]] = [[one] for one in ordered[:1]]
    for before, one in pairwise(ordered):
        both = before.writing.through and one.writing.through and before.part + 1 == one.part
        groups[-1].append(one) if both else groups.append([one])
    joined: list[PartOrder] = []
    for group in groups:
        numbers = tuple(one.part for one in group)
        if not {*numbers} & {*fresh}:
            joined += group
            continue
        first = group[0]
        writing = replace(first.writing, run=numbers if len(group) > 1 else (), run_samples=())
        joined += [replace(first, part=one.part, stills=first.stills, writing=writing) for one in group]
    return tuple(joined)


def key_of(order: PartOrder, cut: Cut) -> str:
    """Hash everything that decides a part's takes; its number is not among that."""
    return _key_of(order, cut, run_samples(order, cut))


def run_samples(order: PartOrder, cut: Cut) -> tuple[int, ...]:
    """Half-open range of the samples of the piece that a part is a stretch of; empty where it is one by itself."""
    writing, n_parts = order.writing, len(cut.plan.parts)
    there = [number for number in writing.run if number <= n_parts]
    if writing.run_samples or not there:
        return writing.run_samples
    return cut.samples_of(min(there))[0], cut.samples_of(max(there))[1]


def _key_of(order: PartOrder, cut: Cut, run: Sequence[Any]) -> str:
    start, end = cut.samples_of(order.part)
    part = cut.part(order.part)
    score = of_score(order.writing, run, [cut.sha256, part.start_frame, part.end_frame])
    return generation_key(order.generation, order.model, end - start, cut.sample_rate, score)


def numbers_now(earlier: Result, cut: Cut) -> dict[int, int]:
    """From the number of each part of an earlier result that is a part of this cut too to the one it has here."""
    here = {(part.start_frame, part.end_frame): part.index for part in cut.plan.parts}
    places = {part.index: (part.start_frame, part.end_frame) for part in earlier.manifest.parts}
    return {number: here[place] for number, place in places.items() if place in here}


def earlier_music(piece: Piece, cut: Cut, earlier: Result | None) -> tuple[MusicFacts, ...] | None:
    """The takes of an earlier result that this piece would be made of again, if all of their files are unchanged.

    Returns:
        The music of each of its parts, as this cut numbers them; the files have the earlier result's names.
    """
    if earlier is None:
        return None
    now = numbers_now(earlier, cut)
    found = []
    for order in piece.orders:
        key = key_of(order, cut)
        same = [dub for dub in earlier.dubs if key in (dub.music.generation_key, _key_now(dub, order, cut, earlier))]
        # The same music may be in several places: what lies in this one knows what it goes with here.
        same.sort(key=lambda dub: now.get(dub.part) != order.part)
        music = next((dub.music for dub in same if earlier.has(*dub.music.file_names)), None)
        if music is None:
            return None
        found.append(replace(music, generation_key=key, writing=music.writing.renumbered(now)))
    return tuple(found)


def _key_now(dub: DubFacts, order: PartOrder, cut: Cut, earlier: Result) -> str | None:
    """The key that an earlier dub has by now, where its own is one of those that went by numbers of parts."""
    writing = dub.music.writing
    if not writing.run or writing.run_samples != order.writing.run_samples:
        return None
    numbered = _key_of(order, cut, numbered_run(earlier.manifest, writing))
    return key_of(order, cut) if numbered == dub.music.generation_key else None
