"""How a part's music is written down before it is painted: what an order and a manifest say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from riffusion_inference.datatypes import check_bpm
from riffusion_inference.score.midi import MidiReading

from ..errors import ConfigError
from .options import SCORE, WISHES, Follow, ScoreMode


@dataclass(frozen=True)
class Writing:
    """How the music is written. Validated on construction."""

    score: ScoreMode = ScoreMode.AUTO
    """Whether there is a score."""
    follow: Follow = Follow.BOTH
    """What it follows in the picture."""
    wishes: Mapping[str, Any] = field(default_factory=dict)
    """What was asked for beside the prompt, by the option's name in WISHES; goes over the prompt's words."""
    through: bool = False
    """True: music runs on into a neighbour that has this too and is made with the same settings."""
    apart: bool = False
    """True: key and tempo have nothing to do with those of the film's other parts."""
    midi: MidiReading | None = None
    """Somebody's own score, which is painted as it is."""

    def __post_init__(self) -> None:
        for name, kind in (("score", ScoreMode), ("follow", Follow)):
            value = getattr(self, name)
            if value not in list(kind):
                raise ConfigError(f"{name.capitalize()} {value!r} is unknown: choose one of {', '.join(kind)}.")
            object.__setattr__(self, name, kind(value))
        if self.midi is not None and self.score == ScoreMode.OFF:
            raise ConfigError("A MIDI file is given to be painted, but the score is off: leave one of them out.")
        check_bpm(self.wishes.get("bpm"))
        # As JSON has it, so that what was read back from a manifest is equal.
        plain = {name: [*value] if isinstance(value, tuple) else value for name, value in self.wishes.items()}
        object.__setattr__(self, "wishes", plain)

    def is_wanted(self, takes_scores: bool) -> bool:
        """Whether there is a score for a model that does, or does not, paint scores of its own accord."""
        return self.midi is not None or self.score == ScoreMode.ON or (self.score == ScoreMode.AUTO and takes_scores)

    def changed(self, given: Mapping[str, Any]) -> Writing:
        """This with what a person has set, by the option's name, over it; other wishes stay.

        Raises:
            RiffusionError: a value cannot be right.
        """
        named = {name: given[name] for name in SCORE if name in given and name not in WISHES}
        if "score" in named and "midi" not in named and named["score"] == ScoreMode.OFF:
            named["midi"] = None
        elif "midi" in named and "score" not in named:
            named["score"] = ScoreMode.AUTO
        wishes = {**self.wishes, **{name: given[name] for name in WISHES if name in given}}
        return replace(self, **named, wishes=wishes)
