"""How often and how much at once: limits for one visitor, and wider ones for all who share an address."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from .identity import Visitor

PER_ADDRESS = 10
"""An address may ask this many times as often as one visitor: a household or a school, or tokens drawn by the dozen."""
MOST_BUCKETS = 10_000


class Rates:
    """Requests a minute, as buckets that fill up again steadily.

    Args:
        per_minute: requests that a visitor may send in a minute, all at once or spread.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_seconds(self, visitor: Visitor, now: float | None = None) -> float:
        """Count a request; gives 0 where it may go on, else the seconds until the next one may."""
        now = time.monotonic() if now is None else now
        wanted = ((f"v {visitor.account}", self._per_minute), (f"a {visitor.address}", PER_ADDRESS * self._per_minute))
        filled = [(name, *self._filled(name, size, now)) for name, size in wanted]
        waits = [(1 - level) / rate for _, level, rate in filled if level < 1]
        if waits:
            return max(waits)
        for name, level, _ in filled:
            self._buckets[name] = (level - 1, now)
        if len(self._buckets) > MOST_BUCKETS:
            self._forget(now)
        return 0.0

    def _filled(self, name: str, size: int, now: float) -> tuple[float, float]:
        level, at = self._buckets.get(name, (float(size), now))
        rate = size / 60
        return min(float(size), level + (now - at) * rate), rate

    def _forget(self, now: float) -> None:
        """Buckets that nobody touched for a minute are full again and need not be kept."""
        self._buckets = {name: bucket for name, bucket in self._buckets.items() if now - bucket[1] < 60}


class AtOnce:
    """How many of something are under way at the same time: in all, from one address, of one visitor."""

    def __init__(self, *, per_visitor: int, per_address: int, in_all: int) -> None:
        self._limits = {"v": per_visitor, "a": per_address, "*": in_all}
        self._counts: Counter[str] = Counter()

    @contextmanager
    def one_more(self, visitor: Visitor) -> Iterator[bool]:
        """Count one for as long as the block runs; False where that is one too many."""
        names = {"v": f"v {visitor.account}", "a": f"a {visitor.address}", "*": "*"}
        fits = all(self._counts[name] < self._limits[kind] for kind, name in names.items())
        if fits:
            self._counts.update(names.values())
        try:
            yield fits
        finally:
            if fits:
                self._counts.subtract(names.values())
                for name in names.values():
                    if self._counts[name] <= 0:
                        del self._counts[name]
