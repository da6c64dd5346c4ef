"""Chips and fields that write the prompt, in words that the composer knows."""

from __future__ import annotations

from dataclasses import dataclass

from ..settings.options import OPTIONS
from .render import render

ENERGY = tuple(f"{choice} energy" for choice in OPTIONS["energy"].choices)


@dataclass(frozen=True)
class WordGroup:
    """Words of one kind."""

    words: tuple[str, ...]
    """Each a chip."""
    one: bool
    """Whether one takes the place of another."""


def word_groups() -> list[tuple[str, WordGroup]]:
    """What each row of chips is called, and its words."""
    one_each = {name: WordGroup(tuple(OPTIONS[name].choices), one=True) for name in ("mood", "genre", "pace")}
    energy = WordGroup(ENERGY, one=True)
    instruments = WordGroup(tuple(OPTIONS["instruments"].choices), one=False)
    groups = {**one_each, "energy": energy, "instruments": instruments}
    return [(OPTIONS[name].label, group) for name, group in groups.items()]


def words_html() -> str:
    """The chips, folded away."""
    tempo = OPTIONS["bpm"]
    keys = OPTIONS["key"].choices
    return render("words", groups=word_groups(), keys=keys, slowest=f"{tempo.low:g}", fastest=f"{tempo.high:g}")
