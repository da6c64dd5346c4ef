"""Pieces of music: a part by itself, or neighbours that the music runs on through; and what decides how one sounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..plan import Part
from ..result.facts import MusicFacts
from ..result.folder import Result
from ..result.key import generation_key, of_score
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
        return Piece(tuple(replace(one, writing=replace(one.writing, run=run)) for one in self.orders))


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
        writing = replace(first.writing, run=numbers if len(group) > 1 else ())
        joined += [replace(first, part=one.part, stills=first.stills, writing=writing) for one in group]
    return tuple(joined)


def key_of(order: PartOrder, cut: Cut) -> str:
    """Hash everything that decides a part's takes."""
    start, end = cut.samples_of(order.part)
    part, numbers = cut.part(order.part), range(1, len(cut.plan.parts) + 1)
    picture = [cut.sha256, part.start_frame, part.end_frame]
    score = of_score(order.writing, {number: cut.samples_of(number) for number in numbers}, picture)
    return generation_key(order.generation, order.model, end - start, cut.sample_rate, score)


def earlier_music(piece: Piece, cut: Cut, earlier: Result | None) -> tuple[MusicFacts, ...] | None:
    """The takes of an earlier result that this piece would be made of again, if all of their files are unchanged."""
    if earlier is None:
        return None
    found = []
    for order in piece.orders:
        dub = earlier.manifest.dub_of(order.part)
        if dub is None or dub.music.generation_key != key_of(order, cut) or not earlier.has(*dub.music.file_names):
            return None
        found.append(dub.music)
    return tuple(found)
