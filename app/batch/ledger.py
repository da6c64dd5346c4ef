"""What became of every row: JSON lines in OUT/_ledger, one file for each batch that ran, and what they say together."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from .claims import LEDGER
from .place import Place

FLUSH_SECONDS, SEGMENT_LINES = 5.0, 500


class Status(StrEnum):
    """What became of a row."""

    DONE = "done"
    """Its result is in its place."""
    FAILED = "failed"
    """It cannot be done; `error` says why."""
    HELD = "held"
    """Another batch works on it at this moment."""
    STOPPED = "stopped"
    """The person stopped the batch."""


@dataclass(frozen=True)
class Outcome:
    """What became of one row."""

    id: str
    """The row."""
    status: Status
    """What became of it."""
    job: str = ""
    """Hash of the job; empty where its source could not be read."""
    made: bool = False
    """Whether it was worked on; False where it was done already, or could not be right."""
    seconds: dict[str, float] = field(default_factory=dict)
    """What each stage took."""
    error: str = ""
    """What went wrong, in a sentence."""
    reason: str = ""
    """What kind of thing that is: options, media, model, storage, crash or unexpected."""
    attempts: int = 1
    """How often it was begun in this batch."""
    worker: str = ""
    """Who did it: machine and process."""
    at: float = 0.0
    """When, seconds of the epoch."""

    @property
    def text(self) -> str:
        """As JSON, to travel and to be kept."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def from_text(text: str) -> Outcome:
        """The outcome that was told as `text`."""
        return Outcome.from_values(json.loads(text))

    @staticmethod
    def from_values(values: dict[str, Any]) -> Outcome:
        """The outcome of these fields."""
        return Outcome(**{**values, "status": Status(values["status"])})


@dataclass(frozen=True)
class Head:
    """What a batch says of itself when it begins."""

    run: str
    """Its name: when it began, and a few letters of its own."""
    rows: int
    """Rows of its list."""
    done: int
    """Rows that had their results already."""
    to_do: int
    """Rows that it means to work on, those among them that cannot be right."""
    engine: str
    """local or ray."""
    workers: int
    """How many at most."""
    began: float
    """Seconds of the epoch."""


class Ledger:
    """Writes one batch's lines, each at once where that can be done, else every few seconds as whole files.

    As a context it writes what is left at the end.
    """

    def __init__(self, out: Place, head: Head) -> None:
        self._out, self._head = out, head
        self._lines: list[str] = []
        self._segment, self._written = 1, time.monotonic()
        self._line(json.dumps({"head": asdict(head)}))
        self.flush()

    def add(self, outcome: Outcome) -> None:
        """Write down what became of a row."""
        self._line(outcome.text)

    def _line(self, text: str) -> None:
        line = text + "\n"
        if self._out.is_local:
            self._out.append(line.encode(), LEDGER, f"{self._head.run}.jsonl")
            return
        self._lines.append(line)
        if time.monotonic() - self._written > FLUSH_SECONDS or len(self._lines) >= SEGMENT_LINES:
            self.flush()

    def flush(self) -> None:
        """Write what a store does not have yet. Stores cannot add to a file: a long ledger is several of them."""
        if self._lines:
            self._out.write("".join(self._lines).encode(), LEDGER, f"{self._head.run}-{self._segment:05}.jsonl")
            self._written = time.monotonic()
            if len(self._lines) >= SEGMENT_LINES:
                self._lines, self._segment = [], self._segment + 1

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *ended: object) -> None:
        self.flush()


@dataclass(frozen=True)
class History:
    """What all batches together say of an output folder."""

    heads: tuple[Head, ...]
    """Every batch, the earliest first."""
    latest: dict[str, Outcome]
    """The last word on each row."""
    of_last: tuple[Outcome, ...]
    """What the last batch has done so far, in its order."""


def read_history(out: Place) -> History:
    """Read every ledger of an output folder; lines that a kill cut short are passed over."""
    heads: list[Head] = []
    latest: dict[str, Outcome] = {}
    of_last: list[Outcome] = []
    for name in out.names(LEDGER):
        for values in _lines_of(out, name) if name.endswith(".jsonl") else ():
            if "head" in values:
                heads.append(Head(**values["head"]))
                of_last = []
            else:
                outcome = Outcome.from_values(values)
                of_last.append(outcome)
                before = latest.get(outcome.id)
                # Two batches at a time: their files are in the order in which they began.
                if before is None or before.at <= outcome.at:
                    latest[outcome.id] = outcome
    return History(tuple(heads), latest, tuple(of_last))


def _lines_of(out: Place, name: str) -> Iterator[dict[str, Any]]:
    for line in (out.read(LEDGER, name) or b"").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
