"""What a check of a result is: a name, a judgement, and one sentence on what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from ..plan import timeline


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    """What, in a word or two."""
    ok: bool | None
    """Whether it is right; None where that cannot be told, which is no fault of the result's."""
    text: str
    """What was found, one sentence."""

    @property
    def line(self) -> str:
        """As people read it."""
        return f"{WORDS[self.ok]}  {self.name}: {self.text}"


WORDS = {True: "ok  ", False: "FAIL", None: "?   "}
"""How a line begins, by the judgement."""


@dataclass(frozen=True)
class VerifyReport:
    """All that was looked at."""

    checks: tuple[Check, ...]
    """In order."""

    @property
    def ok(self) -> bool:
        """True where nothing is wrong; what cannot be told is not wrong."""
        return not self.failed

    @property
    def failed(self) -> tuple[Check, ...]:
        """What is wrong."""
        return tuple(check for check in self.checks if check.ok is False)

    @property
    def unknown(self) -> tuple[Check, ...]:
        """What cannot be told."""
        return tuple(check for check in self.checks if check.ok is None)

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for each check, as people read them."""
        return tuple(check.line for check in self.checks)


class Findings:
    """What is wrong and what cannot be told about one thing, gathered sentence by sentence."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.wrong: list[str] = []
        self.unknown: list[str] = []

    def add(self, wrong: Iterable[str], unknown: Iterable[str] = ()) -> None:
        """Take in sentences."""
        self.wrong += wrong
        self.unknown += unknown

    def checks(self, right: str) -> list[Check]:
        """One check for what is wrong, or that it is right, and one for what cannot be told.

        Args:
            right: what is said where nothing is wrong and everything is known.
        """
        found = [Check(self.name, False, "; ".join(self.wrong))] if self.wrong else []
        if self.unknown:
            found.append(Check(self.name, None, "; ".join(self.unknown)))
        return found or [Check(self.name, True, right)]


def clock(seconds: Fraction) -> str:
    """A time as sentences have it."""
    return timeline(seconds)


def milliseconds(seconds: Fraction) -> str:
    """A short time as sentences have it."""
    return f"{float(seconds) * 1000:.1f} ms"


def counted(number: int, thing: str) -> str:
    """A number with its noun.

    >>> counted(1, "frame"), counted(2, "frame")
    ('1 frame', '2 frames')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
