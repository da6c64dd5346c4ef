"""How far a batch is: counts, rates, time left, and what failed for which reason."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..errors import ArchiveError
from .claims import running
from .ledger import Outcome, Status, read_history
from .place import Place

FIRST_WORD_AFTER = 10
"""Rows after which it is said how long the rest may take."""
SHOWN_ERRORS = 5


@dataclass
class Tally:
    """Counts what becomes of the rows of a running batch."""

    to_do: int
    """Rows it works on."""
    began: float = field(default_factory=time.monotonic)
    """When, on the clock of this process."""
    done: int = 0
    """Rows with a result."""
    failed: Counter[str] = field(default_factory=Counter)
    """Rows without, by reason."""

    def add(self, outcome: Outcome) -> None:
        """Count one row."""
        if outcome.status is Status.DONE:
            self.done += 1
        elif outcome.status is Status.FAILED:
            self.failed[outcome.reason] += 1

    @property
    def ended(self) -> int:
        """Rows that need no more work."""
        return self.done + self.failed.total()

    @property
    def per_minute(self) -> float:
        """Rows in a minute, on average."""
        return 60 * self.ended / max(1e-3, time.monotonic() - self.began)

    @property
    def seconds_left(self) -> float:
        """What the rest takes at that rate."""
        return 60 * (self.to_do - self.ended) / self.per_minute if self.ended else 0.0


def duration(seconds: float) -> str:
    """A time span as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def status_values(out: Place) -> dict[str, Any]:
    """How far the batches of an output folder are, as plain values.

    Raises:
        ArchiveError: there was none.
    """
    history = read_history(out)
    if not history.heads:
        raise ArchiveError(f"{out.url} holds no ledger: no batch has written there.")
    head, latest = history.heads[-1], [*history.latest.values()]
    failed = [one for one in latest if one.status is Status.FAILED]
    busy = running(out)
    made = [one for one in history.of_last if one.made]
    minutes = (max((one.at for one in made), default=head.began) - head.began) / 60
    rate = len(made) / minutes if made and minutes > 0 else 0.0
    waiting = max(0, head.to_do - len(history.of_last))
    return {
        "rows": head.rows,
        "done": head.done + sum(one.status is Status.DONE for one in history.of_last),
        "failed": len(failed),
        "failed_by_reason": dict(Counter(one.reason for one in failed).most_common()),
        "errors": [{"id": one.id, "reason": one.reason, "error": one.error} for one in failed],
        "running": [{"id": one.id, "worker": one.worker, "seconds": round(time.time() - one.since)} for one in busy],
        "waiting": max(0, waiting - len(busy)),
        "per_minute": round(rate, 2),
        "seconds_left": round(60 * waiting / rate) if rate and busy else None,
    }


def status_lines(values: dict[str, Any]) -> list[str]:
    """The same as a table."""
    lines = [f"rows     {values['rows']}", f"done     {values['done']}", f"failed   {values['failed']}"]
    lines += [f"         {times} {reason}" for reason, times in values["failed_by_reason"].items()]
    lines += [f"         {one['id']}: {one['error']}" for one in values["errors"][:SHOWN_ERRORS]]
    more = len(values["errors"]) - SHOWN_ERRORS
    lines += [f"         and {more} more; --json tells all"] if more > 0 else []
    lines += [f"running  {len(values['running'])}"]
    lines += [f"         {one['id']} on {one['worker']} for {duration(one['seconds'])}" for one in values["running"]]
    lines += [f"waiting  {values['waiting']}", f"rate     {values['per_minute']:g} films a minute"]
    if values["seconds_left"] is not None:
        lines.append(f"left     {duration(values['seconds_left'])}")
    return lines
