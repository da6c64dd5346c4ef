"""One row, from its source to its result in its place. Whatever goes wrong with it comes back as its outcome."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from riffusion_inference.datatypes import ShouldCancel
from riffusion_inference.errors import CheckpointError, EngineError, GenerationCancelled, RiffusionError

from .. import media
from ..dub.build_order import new_order
from ..dub.given import read_option
from ..dub.order import Order
from ..dub.run import Run
from ..dub.story import carry_out
from ..errors import ArchiveError, DubCancelled, MediaError, MoodError, StorageError
from ..models import ModelShelf
from ..plan import read_range
from ..result.folder import Result
from ..result.manifest import manifest_text
from ..settings import Settings, use_temporary_directory
from ..unfinished import recover
from .claims import claimed, owns
from .columns import Job
from .key import given_of, job_hash, job_of_result, settings_of
from .ledger import Outcome, Status
from .place import open_place, without_secrets
from .scratch import clean_scratch, scratch_of
from .transfer import fetch, publish

LOG = logging.getLogger(__name__)
REASONS: dict[type[Exception], str] = {
    StorageError: "storage",
    MediaError: "media",
    MoodError: "media",
    CheckpointError: "model",
    EngineError: "model",
    ArchiveError: "in the way",
    RiffusionError: "options",
}
"""What kind of thing went wrong, by the first class that fits."""


class Worker(Protocol):
    """Does one row after another."""

    def __call__(self, job: Job, should_cancel: ShouldCancel | None = None) -> Outcome:
        """Do a row; never raises for what is wrong with it."""
        ...


class Dubber:
    """Dubs one row after another, with one model that stays loaded.

    Args:
        settings: the program's.
        out: path or URL where results go.
        run: name of the batch.
    """

    def __init__(self, settings: Settings, out: str, run: str) -> None:
        use_temporary_directory(settings)
        media.use_settings(settings)
        self._settings, self._run = settings, run
        self._out = open_place(out)
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._shelf: ModelShelf | None = None
        self._shelf_of: tuple[object, ...] = ()
        if self._out.is_local:
            recover(Path(self._out.at()))
        clean_scratch(self._out, settings.temporary_directory)

    def __call__(self, job: Job, should_cancel: ShouldCancel | None = None) -> Outcome:
        """Do a row.

        Args:
            job: the row.
            should_cancel: asked often; True stops within one step.
        Returns:
            What became of it; whatever goes wrong with it is told there and not raised.
        """
        run = Run(settings_of(job, self._settings), should_cancel=should_cancel)
        outcome = Outcome(job.id, Status.FAILED, worker=self._name)
        try:
            outcome = self._do(job, run, outcome)
        except (DubCancelled, GenerationCancelled):
            outcome = replace(outcome, status=Status.STOPPED)
        except RiffusionError as error:
            reason = next(reason for kind, reason in REASONS.items() if isinstance(error, kind))
            outcome = replace(outcome, error=str(error), reason=reason, made=True)
        except Exception as error:
            LOG.exception("Row %s", job.id)
            said = f"Something unexpected went wrong ({type(error).__name__}: {error}). Please report it."
            outcome = replace(outcome, error=said, reason="unexpected", made=True)
        return replace(outcome, seconds=dict(run.seconds), at=time.time())

    def _do(self, job: Job, run: Run, outcome: Outcome) -> Outcome:
        """The row's story: claim, fetch, make, sign, publish."""
        shelf = self._shelf_for(run.settings)
        key = job_hash(job, self._settings, shelf.full_name(run.settings.model))
        outcome = replace(outcome, job=key)
        with claimed(self._out, job.id, self._run) as claim:
            if claim is None:
                return replace(outcome, status=Status.HELD)
            # Asked when the row is this worker's alone: another batch may have done it a moment ago.
            if job_of_result(self._out, job.id) == key:
                return replace(outcome, status=Status.DONE)
            with scratch_of(self._out, run.settings.temporary_directory) as scratch:
                with run.stage("fetch"):
                    source = fetch(job.source, scratch / "source")
                order = self._order(job, source, scratch, run.settings, shelf)
                result = self.make(order, run, shelf)
                sign(result, job, key)
                if not owns(self._out, claim):
                    return replace(outcome, status=Status.HELD)
                aside = scratch / "aside"
                aside.mkdir()
                with run.stage("store"):
                    publish(result.folder, self._out, job.id, aside)
        return replace(outcome, status=Status.DONE, made=True)

    def make(self, order: Order, run: Run, models: ModelShelf) -> Result:
        """Carry out an order."""
        return carry_out(order, run, models)

    def _order(self, job: Job, source: Path, scratch: Path, settings: Settings, models: ModelShelf) -> Order:
        given = given_of(job)
        for name, url in job.files.items():
            given[name] = read_option(name, fetch(url, scratch / name))
        return new_order(
            source,
            scratch / "result",
            n_parts=None if job.ranges else job.n_parts,
            parts=job.parts,
            ranges=[read_range(text) for text in job.ranges],
            prompts=job.prompts,
            given=given,
            settings=settings,
            models=models,
        )

    def _shelf_for(self, settings: Settings) -> ModelShelf:
        """The shelf of models, another one only where a row asks for another device or width."""
        wanted = (settings.device, settings.max_image_width)
        if self._shelf is None or self._shelf_of != wanted:
            if self._shelf is not None:
                self._shelf.unload()
            self._shelf, self._shelf_of = ModelShelf(settings), wanted
        return self._shelf


MakeWorker = Callable[[], Worker]
"""Makes a worker in the process it works in; it travels there, so it can be pickled."""


def sign(result: Result, job: Job, key: str) -> None:
    """Write into a finished result's manifest which job it is of, and where the source really is."""
    source = result.manifest.source
    path = source.path if "://" not in job.source else without_secrets(job.source)
    manifest = replace(result.manifest, job=key, source=replace(source, path=path))
    result.manifest_file.write_text(manifest_text(manifest), encoding="utf-8")
