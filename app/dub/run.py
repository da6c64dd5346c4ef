"""How one order is carried out: the settings, progress, the way to stop, notes, and the time each stage takes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel
from riffusion_inference.errors import GenerationCancelled

from ..errors import DubCancelled
from ..files import check_cancel
from ..settings import Settings

LOG = logging.getLogger(__name__)
OnNote = Callable[[str], None]


class Run:
    """What every stage of one run shares; made by the caller and passed on.

    Args:
        settings: the program's.
        on_progress: called with each step of each stage.
        should_cancel: asked often; True stops within one step.
        on_note: called with each sentence a person should know, as soon as it is known.
    """

    def __init__(
        self,
        settings: Settings,
        on_progress: OnProgress | None = None,
        should_cancel: ShouldCancel | None = None,
        on_note: OnNote | None = None,
    ) -> None:
        self.settings = settings
        self.should_cancel = should_cancel
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []
        self._on_progress = on_progress
        self._on_note = on_note
        self._latest: Progress | None = None

    def progress(self, progress: Progress) -> None:
        """Pass one step on; also where a stop is noticed."""
        self._latest = progress
        if self._on_progress is not None:
            self._on_progress(progress)
        check_cancel(self.should_cancel)

    def note(self, *sentences: str | None) -> None:
        """Keep what a person should know, each sentence once, and tell it at once: some want it before the work."""
        for sentence in sentences:
            if sentence and sentence not in self.notes:
                self.notes.append(sentence)
                if self._on_note is not None:
                    self._on_note(sentence)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, and see that its progress starts and ends.

        Raises:
            DubCancelled: the person asked to stop, also where the model noticed it first.
        """
        self.progress(Progress(name, 0, 1))
        began = time.monotonic()
        try:
            yield
        except GenerationCancelled as error:
            raise DubCancelled("Stopped; nothing was left behind.") from error
        finally:
            took = time.monotonic() - began
            self.seconds[name] = round(self.seconds.get(name, 0.0) + took, 3)
            LOG.info("Stage %s took %.3f s.", name, took)
        latest = self._latest
        # A model tells stages of its own inside ours ("invert" after "generate"): those have come to their ends.
        if latest is not None and latest.stage == name and latest.done < latest.total:
            self.progress(Progress(name, latest.total, latest.total))
