"""What is asked for: one frozen order, the same from every door."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from riffusion_inference.datatypes import MAX_CANDIDATES, MAX_SEED, GenerationSettings, check_range

from ..errors import ConfigError, PlanError
from ..plan import Cutting, SplitMode, n_parts_of
from ..result.folder import Result
from ..settings.writing import Writing
from ..soundtrack.mix import MixSettings

if TYPE_CHECKING:
    from PIL import Image

    from ..media import Clip

AUTO = "auto"
"""The prompt that stands for one that is read from the picture."""


@dataclass(frozen=True)
class PartOrder:
    """The music of one part."""

    part: int
    """1-based."""
    generation: GenerationSettings
    """What to make; a seed that is not given is drawn. The prompt "auto" is read from the picture."""
    model: str
    """The full name of the model that makes it."""
    mix: MixSettings = field(default_factory=MixSettings)
    """How it is mixed into the part."""
    take: int = 1
    """Which candidate is mixed in, 1 for the first."""
    describer: str = AUTO
    """What reads the picture for the prompt "auto"."""
    stills: tuple[Image.Image, ...] = ()
    """Pictures to read instead of some from all over the part."""
    writing: Writing = field(default_factory=Writing)
    """How it is written down before it is painted."""

    def __post_init__(self) -> None:
        check_range("Take", self.take, 1, self.generation.candidates)
        if self.generation.seed is None:
            # Candidates count up from it.
            seed = secrets.randbelow(MAX_SEED - MAX_CANDIDATES)
            object.__setattr__(self, "generation", replace(self.generation, seed=seed))

    def with_prompt(self, prompt: str) -> PartOrder:
        """The same with words that were read from the picture."""
        generation, writing = replace(self.generation, prompt=prompt), replace(self.writing, seen=True)
        return replace(self, generation=generation, writing=writing)


@dataclass(frozen=True)
class Order:
    """One run, complete: the only carrier of a request, from whichever door."""

    video: Path
    """The source."""
    out_dir: Path
    """Where the result goes: a folder that does not exist yet, or that of `earlier`."""
    cutting: Cutting
    """How to cut the video: into so many equal parts, or at these times."""
    split_mode: SplitMode = SplitMode.EXACT
    """How to cut."""
    parts: tuple[PartOrder, ...] = ()
    """Every part that has music in the result, in order; the others keep their own sound."""
    earlier: Result | None = None
    """A result to go on from; what is the same in it is not made again."""
    force: bool = False
    """Replace another result at out_dir."""
    asked: tuple[int, ...] = ()
    """Which of the parts this order is about, as they were asked for; the others are as they were before."""
    notes: tuple[str, ...] = ()
    """What a person should know before anything runs, one sentence each."""
    clip: Clip | None = None
    """The video where it was probed already."""

    def __post_init__(self) -> None:
        if self.n_parts < 1:
            raise PlanError(f"{self.n_parts} parts were asked for: choose at least 1.")
        numbers = [one.part for one in self.parts]
        for number in numbers:
            check_part(number, self.n_parts)
        if len(set(numbers)) < len(numbers):
            raise PlanError(f"A part is named twice in {', '.join(map(str, numbers))}: name each part once.")
        object.__setattr__(self, "split_mode", split_mode_of(self.split_mode))
        object.__setattr__(self, "parts", tuple(sorted(self.parts, key=lambda one: one.part)))

    @property
    def n_parts(self) -> int:
        """Parts asked for."""
        return n_parts_of(self.cutting)

    @property
    def with_film(self) -> bool:
        """Whether there is a film and an archive to make; a plain split has neither."""
        return bool(self.parts) or self.earlier is not None


def check_part(number: int, n_parts: int) -> None:
    """Raise PlanError unless there is a part of that number."""
    if not 1 <= number <= n_parts:
        raise PlanError(f"Part {number} does not exist: choose from 1 to {n_parts}.")


def split_mode_of(value: str) -> SplitMode:
    """The mode of that name.

    Raises:
        ConfigError: there is none.
    """
    if value not in list(SplitMode):
        raise ConfigError(f"Split mode {value!r} is unknown: choose one of {', '.join(SplitMode)}.")
    return SplitMode(value)
