"""What manifest.json says of the scores that a part's music was painted from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HitFacts:
    """A moment of the picture that the music was to meet."""

    time: str
    """Seconds from the beginning of the part, as a fraction."""
    weight: float
    """0 to 1, how much it matters."""


@dataclass(frozen=True)
class ScoreFacts:
    """Where the scores of a part come from."""

    origin: str
    """`written` from the prompt, or `given` as a file."""
    read: str = ""
    """What was understood of the prompt, and what was not, as a person is told."""
    cuts: tuple[HitFacts, ...] = ()
    """The cuts that were followed."""
    peaks: tuple[HitFacts, ...] = ()
    """The peaks of motion that were followed."""
    energy: tuple[float, ...] = ()
    """How much happens, 0 to 1, at even distances from the beginning of the part to its end, where it was followed."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know."""
