"""Long work off the page's own thread: followed step by step, stoppable, on the GPU only while it makes music."""

from __future__ import annotations

import contextvars
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import spaces

from riffusion_inference.datatypes import GenerationSettings, MusicModel, OnProgress, Progress, ShouldCancel, Take
from riffusion_inference.errors import GenerationCancelled

from ..dub.order import Order
from ..models import ModelShelf
from .stages import Stages

T = TypeVar("T")
POLL_SECONDS = 0.2
GPU_BASE_SECONDS = 20
GPU_SECONDS_PER_WINDOW_STEP = 0.05
WINDOW_SECONDS = 2.56
MIN_GPU_SECONDS, MAX_GPU_SECONDS = 30, 300


class Worker(Generic[T]):
    """One call in a thread of its own; the caller reads its progress and then its result."""

    def __init__(self, call: Callable[[OnProgress], T]) -> None:
        self._news: queue.Queue[Progress] = queue.Queue()
        self._result: list[T] = []
        self._error: BaseException | None = None
        # The visitor's request travels in context variables; a ZeroGPU Space charges the right person by it.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=lambda: context.run(self._work, call), daemon=True)
        self._thread.start()

    def _work(self, call: Callable[[OnProgress], T]) -> None:
        try:
            self._result.append(call(self._news.put))
        except BaseException as error:
            self._error = error

    def events(self) -> Iterator[Progress | None]:
        """Yield each step as it comes, and None now and then while there is none, until the call has ended."""
        while self._thread.is_alive() or not self._news.empty():
            try:
                yield self._news.get(timeout=POLL_SECONDS)
            except queue.Empty:
                yield None

    def wait(self) -> None:
        """Wait until the call has ended, well or not."""
        self._thread.join()

    def result(self) -> T:
        """Wait for the end and give what the call returned.

        Raises:
            BaseException: what the call raised.
        """
        self.wait()
        if self._error is not None:
            raise self._error
        return self._result[0]


@dataclass
class Job:
    """One run of one tab, from the click to the end."""

    flag: Path
    """A file whose being there means "stop": it also reaches a ZeroGPU worker, which is another process."""
    order: Order
    """What to do."""
    part: int
    """The part that the person chose, 1-based; the order may name others whose music stays."""
    began: float = field(default_factory=time.monotonic)
    """When the person pressed the button, on the monotonic clock."""
    started: threading.Event = field(default_factory=threading.Event)
    """Set when its turn has come."""
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when nothing of it runs any more."""
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set when the person has stopped it."""
    stages: Stages = field(default_factory=Stages)
    """How far it is."""
    tab: str = ""
    """The tab whose event waits in the queue for it, as Gradio names it."""

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Its turn has come; whatever happens in the block, nothing of it runs after that."""
        self.stages.began = time.monotonic()
        self.started.set()
        try:
            yield
        finally:
            self.stages.end()
            self.ended.set()

    def cancel(self) -> None:
        """Ask it to stop; it does so between two steps."""
        self.stopped.set()
        if self.flag.parent.is_dir():
            self.flag.touch()
        if not self.started.is_set():
            self.ended.set()

    def should_cancel(self) -> bool:
        """Whether it was asked to stop."""
        return self.stopped.is_set() or self.flag.exists()


_ONE_AT_A_TIME = threading.Lock()
"""Held while a model makes music; the page's queue lets one job in, this also waits for one that was left."""
SHELVES: list[ModelShelf] = []
"""At most one. It stands at module level because a ZeroGPU worker is forked from here and finds the model so."""


def use_shelf(shelf: ModelShelf) -> ModelShelf:
    """Make this the shelf that jobs take their model from."""
    SHELVES[:] = [shelf]
    return shelf


def gpu_seconds(name: str, settings: GenerationSettings, n_samples: int, sample_rate: int, flag: Path) -> int:
    """How long the GPU is wanted: from the part's length, the steps and the takes."""
    windows = math.ceil(n_samples / sample_rate / WINDOW_SECONDS)
    work = settings.candidates * settings.num_inference_steps * windows * GPU_SECONDS_PER_WINDOW_STEP
    return int(min(MAX_GPU_SECONDS, max(MIN_GPU_SECONDS, GPU_BASE_SECONDS + work)))


@spaces.GPU(duration=gpu_seconds)  # type: ignore[untyped-decorator]
def generate_on_gpu(
    name: str, settings: GenerationSettings, n_samples: int, sample_rate: int, flag: Path
) -> Iterator[Progress | list[Take] | None]:
    """Make music where the GPU is: steps as they come, the takes last. Everything that crosses can be pickled."""
    model = SHELVES[0].get(name)
    left = threading.Event()

    def should_cancel() -> bool:
        return left.is_set() or flag.exists()

    with _ONE_AT_A_TIME:
        worker = Worker(
            lambda tell: model.generate(settings, n_samples, sample_rate, on_progress=tell, should_cancel=should_cancel)
        )
        try:
            yield from worker.events()
            yield worker.result()
        finally:
            # Whoever asked has gone: the model is free for the next one only when its present step has ended.
            left.set()
            worker.wait()


class GpuModel:
    """A MusicModel that holds the GPU only while it generates, so that cutting and packing cost no GPU time."""

    def __init__(self, asked_name: str, model: MusicModel, flag: Path) -> None:
        self._asked_name = asked_name
        self._flag = flag
        self.name = model.name
        self.licence = model.licence
        self.sample_rate = model.sample_rate
        self.native_seconds = model.native_seconds
        self.takes_scores = model.takes_scores

    def generate(
        self,
        settings: GenerationSettings,
        n_samples: int,
        sample_rate: int,
        *,
        on_progress: OnProgress | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> list[Take]:
        """As MusicModel.generate."""
        for news in generate_on_gpu(self._asked_name, settings, n_samples, sample_rate, self._flag):
            if isinstance(news, list):
                return news
            if news is not None and on_progress is not None:
                on_progress(news)
            if should_cancel is not None and should_cancel():
                self._flag.touch()
        raise GenerationCancelled("Stopped before the music was made.")

    def unload(self) -> None:
        """Nothing: the shelf keeps the model for the next job."""


class GpuModels:
    """The shelf's models for a run of the page, each holding the GPU only while it generates."""

    def __init__(self, shelf: ModelShelf, flag: Path) -> None:
        self._shelf = shelf
        self._flag = flag

    @property
    def note(self) -> str | None:
        """As Models.note."""
        return self._shelf.note

    def full_name(self, name: str) -> str:
        """As Models.full_name."""
        return self._shelf.full_name(name)

    def get(self, name: str, on_progress: OnProgress | None = None) -> MusicModel:
        """As Models.get."""
        return GpuModel(name, self._shelf.get(name, on_progress), self._flag)
