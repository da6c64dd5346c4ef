"""How a part's music is written down before it is painted: what an order and a manifest say of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from riffusion_inference.notation.score import MICROSECONDS, Key, Score, Tempo
from riffusion_inference.score.brief import Brief
from riffusion_inference.score.midi import MidiReading
from riffusion_inference.score.options import with_options

from ..errors import ConfigError
from ..plan import Follow
from .options import ATTRIBUTES, ScoreMode


@dataclass(frozen=True)
class Lead:
    """Key and tempo of a film's first music, which the others go with."""

    part: int
    """Whose music that is, 1-based; 0 where that music is gone."""
    bpm: float
    """Its tempo, quarter notes per minute."""
    tonic: int | None = None
    """Pitch class, 0 = C; None where the score names no key."""
    minor: bool = False
    """True: minor mode."""

    @property
    def score(self) -> Score:
        """A score of no notes in this key and tempo."""
        key = None if self.tonic is None else Key(self.tonic, self.minor)
        return Score((), 0, (Tempo(0, round(60 * MICROSECONDS / self.bpm)),), key=key)


@dataclass(frozen=True)
class Writing:
    """How the music is written. Validated on construction."""

    score: ScoreMode = ScoreMode.AUTO
    """Whether there is a score."""
    follow: Follow = Follow.BOTH
    """What it follows in the picture."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What was asked for beside the prompt, by the option's name in ATTRIBUTES; goes over the prompt's words."""
    through: bool = False
    """True: music runs on into a neighbour that has this too."""
    apart: bool = False
    """True: key and tempo have nothing to do with those of the film's other parts."""
    seen: bool = False
    """True: the prompt was read from the picture, so that a tempo in it is nobody's wish."""
    run: tuple[int, ...] = ()
    """Parts that are one piece with this one, itself among them; empty where it is a piece by itself."""
    run_samples: tuple[int, ...] = ()
    """First sample of the film under such a piece, and one past its last, once it is made; some of it may be gone."""
    lead: Lead | None = None
    """What it goes with; its own part where it leads. None: not known before the film's other music is."""
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
        if self.midi is not None and not self.midi.score.notes:
            raise ConfigError("The MIDI file has no notes that could be painted: choose one that has some.")
        if self.run_samples and not (len(self.run_samples) == 2 and 0 <= self.run_samples[0] < self.run_samples[1]):
            raise ConfigError(f"A piece of music lies at the samples {list(self.run_samples)}, which is no range.")
        # As JSON has it, so that what was read back from a manifest is equal.
        plain: dict[str, Any] = {
            name: [*value] if isinstance(value, tuple) else value for name, value in self.attributes.items()
        }
        with_options(Brief(), **plain)
        if "bpm" in plain:
            plain["bpm"] = float(plain["bpm"])
        object.__setattr__(self, "attributes", plain)

    def is_wanted(self, takes_scores: bool) -> bool:
        """Whether there is a score for a model that does, or does not, paint scores of its own accord."""
        return self.midi is not None or self.score == ScoreMode.ON or (self.score == ScoreMode.AUTO and takes_scores)

    def changed(self, given: Mapping[str, Any]) -> Writing:
        """This with what a person has set, by the option's name, over it; other attributes stay.

        Raises:
            RiffusionError: a value cannot be right.
        """
        named = {name: given[name] for name in ("score", "follow", "through", "apart", "midi") if name in given}
        if named.get("score") == ScoreMode.OFF:
            named.setdefault("midi", None)
        elif "midi" in named:
            named.setdefault("score", ScoreMode.AUTO)
        attributes = {name: given[name] for name in ATTRIBUTES if name in given}
        return replace(self, **named, attributes={**self.attributes, **attributes}) if named or attributes else self

    def renumbered(self, now: Mapping[int, int]) -> Writing:
        """This where the film's parts have other numbers now; parts that are not among them are gone.

        Args:
            now: from the number that a part had to the one it has.
        """
        lead = None if self.lead is None else replace(self.lead, part=now.get(self.lead.part, 0))
        return replace(self, run=tuple(now[number] for number in self.run if number in now), lead=lead)

    @property
    def decides(self) -> dict[str, Any]:
        """What of it decides the music of a part by itself, as plain values; the music it goes with does not count."""
        if self.midi is not None:
            return {"midi": hashlib.sha256(self.midi.score.to_json().encode()).hexdigest()}
        if self.score == ScoreMode.OFF:
            # Without a score the tempo is the one attribute that is kept.
            return {name: value for name, value in self.attributes.items() if name == "bpm"}
        names = ("score", "follow", "attributes", "apart", "seen")
        return {name: getattr(self, name) for name in names}
