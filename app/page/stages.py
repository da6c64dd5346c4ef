"""A run as a person follows it: stages whose times add up to the run, one share done and one estimate for all of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from riffusion_inference.datatypes import Progress

GENERATE, LOAD = "generate", "load model"
EXPECTED: dict[str, float] = {
    "probe": 0.3, "suggest": 2.0, LOAD: 2.0, "split": 0.7, "watch": 1.0, GENERATE: 20.0, "decode": 2.0,
    "invert": 1.5, "mix": 0.7,
    "mux": 0.7, "check": 1.0, "archive": 0.3,
}  # fmt: skip
"""Seconds of each stage in their order, on a small machine, until this one has shown its own."""
SELDOM = ("suggest", "download", "look")
"""Stages that most runs do not have."""
MOST_SHARE = 0.99
"""A bar that is full and goes on says nothing."""


@dataclass
class Stages:
    """What has been told of one run; whoever tells and whoever looks may be different threads."""

    began: float = field(default_factory=time.monotonic)
    """Monotonic seconds when the run began."""
    expected: Mapping[str, float] = field(default_factory=lambda: EXPECTED)
    """Seconds that each stage is likely to take."""
    latest: Progress | None = None
    """The newest step."""
    stage: str = ""
    """The stage that runs; empty before the first."""
    notes: list[str] = field(default_factory=list)
    """Sentences that were said on the way."""
    _spent: dict[str, float] = field(default_factory=dict)
    _since: float = 0.0
    _paced_from: tuple[float, int] | None = None
    _paced_at: float = 0.0
    _share: float = 0.0

    def add(self, progress: Progress) -> None:
        """Take in one step.

        What a model does before its first real step is its warm-up, which belongs to loading and not to its pace.
        """
        now, stage = time.monotonic(), progress.stage
        if stage == GENERATE and not progress.done and GENERATE not in (*self._spent, self.stage):
            stage = LOAD
        if stage != self.stage:
            self._close(now)
            self.stage, self._since, self._paced_from = stage, now if self._spent or self.stage else self.began, None
        elif self.latest is not None and progress.done < self.latest.done:
            self._paced_from = None  # Another part, another take.
        if progress.done and self._paced_from is None:
            self._paced_from = (now, progress.done)
        self._paced_at, self.latest = now, progress

    def note(self, sentence: str) -> None:
        """Take in a sentence."""
        self.notes.append(sentence)

    def _close(self, now: float) -> None:
        if self.stage:
            self._spent[self.stage] = self._spent.get(self.stage, 0.0) + now - self._since

    def end(self) -> None:
        """Nothing more comes."""
        self._close(time.monotonic())
        self.stage, self.latest = "", None

    @property
    def spent(self) -> dict[str, float]:
        """Seconds of each stage that has ended, in the order in which they began; their sum is the run's so far."""
        return dict(self._spent)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    def seconds_left(self) -> float | None:
        """Seconds to the end of the run; None until the music has a pace."""
        latest, now = self.latest, time.monotonic()
        if latest is None or (GENERATE not in self._spent and not (self.stage == GENERATE and self._pace())):
            return None
        pace = self._pace()
        if pace is not None:
            here = max(0.0, pace * (latest.total - latest.done) - (now - self._paced_at))
        else:
            here = max(0.0, self._likely([self.stage]) - (now - self._since))
        return here + self._likely(self._to_come())

    def share(self) -> float:
        """How much of the whole run is done, 0 to 1; it never goes back."""
        left = self.seconds_left()
        if left is None:
            left = self._likely([self.stage, *self._to_come()])
        self._share = max(self._share, min(MOST_SHARE, self.elapsed / max(1e-6, self.elapsed + left)))
        return self._share

    def _pace(self) -> float | None:
        """Seconds a step, from the first real one on."""
        if self._paced_from is None or self.latest is None or self.latest.done <= self._paced_from[1]:
            return None
        return (self._paced_at - self._paced_from[0]) / (self.latest.done - self._paced_from[1])

    def _to_come(self) -> Iterable[str]:
        names = list(EXPECTED)
        after = names[names.index(self.stage) + 1 :] if self.stage in names else names
        return [name for name in after if name not in self._spent and name not in SELDOM]

    def _likely(self, stages: Iterable[str]) -> float:
        return sum(self.expected.get(stage, 0.0) for stage in stages)
