"""One run's clock, progress and stop button, and the music models it loads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from riffusion_inference.datatypes import MusicModel, OnProgress, Progress, ShouldCancel
from riffusion_inference.errors import GenerationCancelled

from ..errors import DubCancelled
from ..files import check_cancel
from ..settings import Settings

OnNote = Callable[[str], None]


class Run:
    """What every stage of one run shares."""

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

    def note(self, *sentences: str) -> None:
        """Keep what a person should know, each sentence once, and tell it at once: some want it before the work."""
        for sentence in sentences:
            if sentence not in self.notes:
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
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - began, 3)
        latest = self._latest
        # A model tells stages of its own inside ours ("invert" after "generate"): those have come to their ends.
        if latest is not None and latest.stage == name and latest.done < latest.total:
            self.progress(Progress(name, latest.total, latest.total))


class Models:
    """Music models by name, each loaded when first needed and given back at the end."""

    def __init__(self, run: Run, given: MusicModel | None, given_name: str) -> None:
        self._run = run
        self._given = given
        self._given_names = {given_name, given.name} if given is not None else set()
        self._loaded: dict[str, MusicModel] = {}

    def full_name(self, name: str) -> str:
        """The name that a manifest records for a model, without loading it."""
        if self._given is not None and name in self._given_names:
            return self._given.name
        from riffusion_inference.engines.load import full_name

        return full_name(name, self._run.settings.device)

    def get(self, name: str) -> MusicModel:
        """The loaded model.

        Raises:
            RiffusionError: it is not there or cannot be loaded.
        """
        if self._given is not None and name in self._given_names:
            return self._given
        full_name = self.full_name(name)
        if full_name not in self._loaded:
            from riffusion_inference.devices import choose_device
            from riffusion_inference.engines.load import load_model

            self.unload()
            settings = self._run.settings
            device, note = choose_device(settings.device)
            if note:
                self._run.note(note)
            self._loaded[full_name] = load_model(
                full_name,
                device=device,
                max_image_width=settings.max_image_width,
                on_progress=self._run.progress,
                token=settings.replicate_api_token,
                base_url=settings.replicate_base_url,
            )
        return self._loaded[full_name]

    def unload(self) -> None:
        """Give back what was loaded here; a model that was given stays with its owner."""
        for model in self._loaded.values():
            model.unload()
        self._loaded.clear()
