"""The engine of many machines: Ray Data, one row a block, actors that each keep a model. Only this file knows Ray.

Rows travel as text, and no film does. Ray starts actors between one and the most that are asked for, and holds rows
back while all are busy. An actor that ends in the middle of a row loses that row alone: what has no outcome after a
pass over the list is in the next one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from riffusion_inference.datatypes import ShouldCancel
from riffusion_inference.errors import EngineError

from ..errors import ConfigError, DubCancelled
from ..settings import use_threads
from .columns import Job
from .ledger import Outcome, Status
from .local import HELD_SECONDS, MAX_ATTEMPTS, crashed
from .work import MakeWorker

LOG = logging.getLogger(__name__)


def run_ray(
    jobs: Sequence[Job],
    make_worker: MakeWorker,
    *,
    workers: int | None,
    cpus: int,
    gpus: float,
    should_cancel: ShouldCancel,
    tell: Callable[[str], None],
) -> Iterator[Outcome]:
    """Work through jobs on the cluster that RAY_ADDRESS names, or on one that is started here.

    Args:
        jobs: in the order in which they are begun.
        make_worker: called in each actor.
        workers: the most actors; None: as many as fit.
        cpus: cores of each actor.
        gpus: GPUs of each actor, also a part of one.
        should_cancel: asked between rows.
        tell: called with a sentence about where it runs.
    Returns:
        Each job's outcome as soon as it is known.
    Raises:
        ConfigError: Ray is not installed, or there is too little of what an actor needs.
        EngineError: Ray stopped.
        DubCancelled: the person asked to stop.
    """
    try:
        import ray
        from ray.exceptions import RayError
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"The engine ray needs the package {error.name}, which is not installed: "
            'run pip install ".[ray]" in the project\'s folder, or leave --engine out.'
        ) from error
    began_here = not ray.is_initialized()
    try:
        most = _join(ray, workers, cpus, gpus, tell)
        yield from _passes(ray, jobs, make_worker, most, cpus, gpus, should_cancel)
    except (RayError, ConnectionError) as error:
        LOG.info("Ray ended.", exc_info=True)
        raise EngineError(
            f"Ray stopped ({type(error).__name__}): start the same batch again, and it goes on where it was."
        ) from error
    finally:
        if began_here:
            ray.shutdown()


def _join(ray: Any, workers: int | None, cpus: int, gpus: float, tell: Callable[[str], None]) -> int:
    """Join or start a cluster; the most actors it may have."""
    if not ray.is_initialized():
        level = logging.INFO if LOG.isEnabledFor(logging.INFO) else logging.CRITICAL
        ray.init(include_dashboard=False, log_to_driver=level == logging.INFO, logging_level=level)
        logging.getLogger("ray.data").setLevel(level)
    has = ray.cluster_resources()
    fit = int(has.get("CPU", 0) // cpus)
    if gpus:
        fit = min(fit, int(has.get("GPU", 0) / gpus + 1e-9))
    tell(f"Ray has {has.get('CPU', 0):g} CPUs and {has.get('GPU', 0):g} GPUs: {fit} workers fit.")
    if fit < 1 and workers is None:
        raise ConfigError(
            f"A worker needs {cpus} CPU and {gpus:g} GPU, but Ray has {has.get('CPU', 0):g} and {has.get('GPU', 0):g}: "
            "ask for fewer with --gpus-per-worker, or say --workers N where the cluster grows."
        )
    return workers or fit


def _passes(
    ray: Any,
    jobs: Sequence[Job],
    make_worker: MakeWorker,
    most: int,
    cpus: int,
    gpus: float,
    should_cancel: ShouldCancel,
) -> Iterator[Outcome]:
    """Pass over what has no outcome yet until all have one; a row that ends its actor every time gets that outcome."""
    waiting = {job.id: job for job in jobs}
    attempts = dict.fromkeys(waiting, 0)
    while waiting:
        held: set[str] = set()
        for job_id in waiting:
            attempts[job_id] += 1
        for outcome in _one_pass(ray, [*waiting.values()], make_worker, min(most, len(waiting)), cpus, gpus):
            if outcome.status is Status.HELD:
                held.add(outcome.id)
                attempts[outcome.id] -= 1
            elif waiting.pop(outcome.id, None) is not None:
                yield replace(outcome, attempts=attempts[outcome.id])
            if should_cancel():
                raise DubCancelled("Stopped.")
        for job in [one for one in waiting.values() if attempts[one.id] >= MAX_ATTEMPTS and one.id not in held]:
            del waiting[job.id]
            yield crashed(job, attempts[job.id])
        if held:
            time.sleep(HELD_SECONDS)


def _one_pass(
    ray: Any, jobs: Sequence[Job], make_worker: MakeWorker, most: int, cpus: int, gpus: float
) -> Iterator[Outcome]:
    context = ray.data.DataContext.get_current()
    # A row whose actor ended has no outcome, and must not end the others.
    context.max_errored_blocks = -1
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    rows = ray.data.from_items([{"job": job.text} for job in jobs], override_num_blocks=len(jobs))
    done = rows.map(
        _Actor,
        fn_constructor_args=(make_worker, cpus),
        # One row at a time, so that an actor that ends takes none with it that only waits.
        compute=ray.data.ActorPoolStrategy(
            min_size=1, initial_size=most, max_size=most, max_tasks_in_flight_per_actor=1
        ),
        num_cpus=cpus,
        num_gpus=gpus,
        ray_remote_args_fn=_only_once,
    )
    for row in done.iter_rows():
        yield Outcome.from_text(row["outcome"])


def _only_once() -> dict[str, Any]:
    """Ray's own tries know no end: it is counted here how often a row ends its actor."""
    return {"max_task_retries": 0}


class _Actor:
    """What Ray keeps in each of its processes: a worker."""

    def __init__(self, make_worker: MakeWorker, cpus: int) -> None:
        use_threads(cpus)
        self._worker = make_worker()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"outcome": self._worker(Job.from_text(row["job"])).text}
