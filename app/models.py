"""One shelf of loaded models for the page, the command line and whoever else makes music."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol

from riffusion_inference.datatypes import MusicModel, OnProgress
from riffusion_inference.errors import RiffusionError

from .settings import Settings

LOG = logging.getLogger(__name__)


class Models(Protocol):
    """Where a run takes its models from."""

    def full_name(self, name: str) -> str:
        """What a short name stands for; the full name is what a manifest records."""
        ...

    def get(self, name: str, on_progress: OnProgress | None = None) -> MusicModel:
        """The model of that full name, loaded; progress has the stage "load model"."""
        ...

    @property
    def note(self) -> str | None:
        """What a person should know of the device, such as that there is no GPU; known once a model is loaded."""
        ...


class ShelfState(StrEnum):
    """How far the checkpoint is."""

    WAITING = "waiting"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class ShelfNews:
    """What is on the shelf."""

    state: ShelfState
    """How far it is."""
    name: str = ""
    """The model's name."""
    problem: str = ""
    """Why it could not be loaded."""


class ModelShelf:
    """The loaded model: one at a time, loaded when first asked for; another one takes its place.

    As a context it gives the model's memory back at the end.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._name = ""
        self._model: MusicModel | None = None
        self.note: str | None = None
        self.news = ShelfNews(ShelfState.WAITING)

    def full_name(self, name: str) -> str:
        """What a short name stands for on this device: "auto" is riffusion on a CUDA GPU, pocket elsewhere.

        Raises:
            SettingError: name is "auto" and the device is unknown.
        """
        from riffusion_inference.engines.load import full_name

        return full_name(name, self._settings.device)

    def get(self, name: str, on_progress: OnProgress | None = None) -> MusicModel:
        """The model of that name; another one gives its memory back first.

        Raises:
            RiffusionError: it cannot be loaded.
        """
        with self._lock:
            name = self.full_name(name)
            if self._model is None or self._name != name:
                self._give_back()
                self.news = ShelfNews(ShelfState.LOADING, name)
                try:
                    self._model = self._load(name, on_progress)
                except RiffusionError as error:
                    self.news = ShelfNews(ShelfState.FAILED, name, str(error))
                    raise
                self._name = name
                self.news = ShelfNews(ShelfState.READY, self._model.name)
            return self._model

    def _load(self, name: str, on_progress: OnProgress | None) -> MusicModel:
        from riffusion_inference.devices import choose_device
        from riffusion_inference.engines import load

        settings = self._settings
        device, self.note = choose_device(settings.device)
        LOG.info("Loading the model %s on %s.", name, device)
        return load.load_model(
            name,
            device=device,
            max_image_width=settings.max_image_width,
            on_progress=on_progress,
            token=settings.replicate_api_token,
            base_url=settings.replicate_base_url,
        )

    def preload(self) -> threading.Thread:
        """Begin to load the checkpoint that is set, without holding up the caller."""

        def work() -> None:
            try:
                self.get(self._settings.model)
            except RiffusionError:
                return  # The sentence is in news, and the first job says it again.

        thread = threading.Thread(target=work, name="load model", daemon=True)
        thread.start()
        return thread

    def unload(self) -> None:
        """Give the model's memory back."""
        with self._lock:
            self._give_back()

    def _give_back(self) -> None:
        if self._model is not None:
            self._model.unload()
        self._model, self._name = None, ""

    def __enter__(self) -> ModelShelf:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unload()
