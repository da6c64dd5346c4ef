"""Whose turn it is: fair shares among addresses, and among the visitors of one address. Pure.

Start-time fair queueing (Goyal, Vin and Cheng 1996) with equal costs, on two levels. Each key has the number of the
round in which its next job belongs: one after its latest, or the present round where it has waited or is new. The
lowest round is next, and within a round whoever came first. So somebody with 200 jobs gets one of them in each round,
somebody new waits for at most one job of everyone else, and tokens drawn by the dozen share their address's turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Who = tuple[str, str]
"""Address and visitor."""
MOST_KEYS = 10_000


@dataclass
class Level:
    """Rounds among equals."""

    now: int = 0
    """The present round."""
    rounds: dict[str, int] = field(default_factory=dict)
    """In which round the next job of each key belongs."""

    def round_of(self, key: str) -> int:
        """The round of a key's next job."""
        return max(self.rounds.get(key, 0), self.now)

    def only(self, keys: set[str]) -> Level:
        """A copy that knows these keys alone."""
        return Level(self.now, {key: self.rounds[key] for key in keys if key in self.rounds})

    def serve(self, key: str) -> None:
        """It is this key's turn."""
        self.now = self.round_of(key)
        self.rounds[key] = self.now + 1
        if len(self.rounds) > MOST_KEYS:
            self.rounds = {name: number for name, number in self.rounds.items() if number > self.now}


class Turns:
    """Shares out turns."""

    def __init__(self) -> None:
        self._addresses = Level()
        self._visitors: dict[str, Level] = {}

    def next(self, waiting: Sequence[Who]) -> int:
        """Which of those that wait, in the order in which they came, is next; waiting is not empty."""
        addresses = dict.fromkeys(address for address, _ in waiting)
        address = min(addresses, key=self._addresses.round_of)
        level = self._visitors.get(address, Level())
        visitor = min(dict.fromkeys(v for a, v in waiting if a == address), key=level.round_of)
        return waiting.index((address, visitor))

    def serve(self, who: Who) -> None:
        """Note that somebody had a turn."""
        address, visitor = who
        self._addresses.serve(address)
        self._visitors.setdefault(address, Level()).serve(visitor)
        if len(self._visitors) > MOST_KEYS:
            del self._visitors[next(iter(self._visitors))]

    def order(self, waiting: Sequence[Who]) -> list[int]:
        """In which order those that wait will be served if nobody else comes."""
        ahead, left, order = self._copy_for(waiting), list(enumerate(waiting)), []
        while left:
            at = ahead.next([who for _, who in left])
            number, who = left.pop(at)
            ahead.serve(who)
            order.append(number)
        return order

    def _copy_for(self, waiting: Sequence[Who]) -> Turns:
        """What is known of these alone, to try things out on."""
        copy, addresses = Turns(), {address for address, _ in waiting}
        copy._addresses = self._addresses.only(addresses)
        for address in addresses & {*self._visitors}:
            copy._visitors[address] = self._visitors[address].only({v for a, v in waiting if a == address})
        return copy
