"""A batch: what of a list is done already, who works on the rest, and what becomes of it, written into the ledger."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from riffusion_inference.datatypes import ShouldCancel
from riffusion_inference.engines.load import full_name
from riffusion_inference.errors import RiffusionError

from ..errors import ConfigError
from ..files import check_cancel
from ..settings import Settings
from . import machine
from .claims import clear_claims
from .columns import Job
from .key import job_hash, job_of_result, problem_hash, settings_of
from .ledger import Head, Ledger, Outcome, Status, read_history
from .local import run_local
from .place import Place, open_place
from .scratch import clean_scratch
from .work import Dubber, MakeWorker

LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)
READERS = 16
"""Requests at a time while it is found out what is done."""
MakeDubber = Callable[[Settings, str, str], MakeWorker]
"""Called with the settings, where results go and the name of the batch."""


def dubbers(settings: Settings, out: str, run: str) -> MakeWorker:
    """Makes workers that dub."""
    return partial(Dubber, settings, out, run)


@dataclass(frozen=True)
class Team:
    """Who works."""

    engine: str = LOCAL
    """local or ray."""
    workers: int | None = None
    """The most of them; None: as many as fit."""
    gpus: float | None = None
    """GPUs of each, also a part of one; None: with local one each where there are any, with ray none."""

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ConfigError(f"The engine {self.engine!r} is unknown: choose one of {', '.join(ENGINES)}.")
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"--workers is {self.workers}: choose at least 1.")
        if self.gpus is not None and self.gpus < 0:
            raise ConfigError(f"--gpus-per-worker is {self.gpus:g}: choose 0 or more.")

    def with_model(self, settings: Settings) -> Settings:
        """The settings with the model by its full name, so that every worker means the same by "auto"."""
        name = settings.model
        if self.engine == RAY and name == "auto":
            name = "riffusion" if self.gpus else "pocket"
        return replace(settings, model=full_name(name, machine.device_here(settings.device)))


@dataclass(frozen=True)
class Plan:
    """What is to be done of a list."""

    jobs: tuple[Job, ...]
    """All of it."""
    to_do: tuple[Job, ...]
    """What is worked on."""
    wrong: tuple[Outcome, ...]
    """Rows that cannot be right, and were not written down yet."""
    done: int
    """How many have their results already."""
    failed_before: int
    """How many failed in an earlier batch, with nothing changed since."""


def plan_batch(
    jobs: Sequence[Job], out: Place, settings: Settings, *, retry_failed: bool, should_cancel: ShouldCancel
) -> Plan:
    """Find out what of a list is done, failed before, or to do; the results themselves are asked.

    Args:
        jobs: the list.
        out: where results go.
        settings: the program's, the model by its full name.
        retry_failed: whether what failed before is tried again.
        should_cancel: asked often.
    """
    there = {*out.names()}
    failed = {name: one.job for name, one in read_history(out).latest.items() if one.status is Status.FAILED}

    def look(job: Job) -> str:
        check_cancel(should_cancel)
        if job.problem:
            known = failed.get(job.id) == problem_hash(job, job.problem)
            return "failed before" if known and not retry_failed else "wrong"
        if job.id not in there and job.id not in failed:
            return "to do"
        key = _hash_now(job, settings)
        if job.id in there and job_of_result(out, job.id) == key:
            return "done"
        return "failed before" if failed.get(job.id) == key and not retry_failed else "to do"

    with ThreadPoolExecutor(READERS) as readers:
        found = [*readers.map(look, jobs)]
    of = {word: [job for job, one in zip(jobs, found, strict=True) if one == word] for word in {*found}}
    return Plan(
        tuple(jobs),
        tuple(of.get("to do", ())),
        tuple(_wrong(job) for job in of.get("wrong", ())),
        len(of.get("done", ())),
        len(of.get("failed before", ())),
    )


def _hash_now(job: Job, settings: Settings) -> str:
    """The hash of a job, or of what stands in its way at this moment."""
    try:
        own = settings_of(job, settings)
        return job_hash(job, settings, full_name(own.model, machine.device_here(own.device)))
    except RiffusionError as error:
        return problem_hash(job, str(error))


def _wrong(job: Job) -> Outcome:
    key = problem_hash(job, job.problem)
    return Outcome(job.id, Status.FAILED, key, error=job.problem, reason="options", at=time.time())


def run_batch(
    plan: Plan,
    out_url: str,
    settings: Settings,
    team: Team,
    *,
    should_cancel: ShouldCancel,
    tell: Callable[[str], None],
    make_dubber: MakeDubber = dubbers,
) -> Iterator[Outcome]:
    """Work through what is to do, and write down what becomes of it.

    Args:
        plan: what is to do.
        out_url: where results go.
        settings: the program's, the model by its full name.
        team: who works.
        should_cancel: asked often.
        tell: called with each sentence a person should know.
        make_dubber: what makes workers.
    Returns:
        Each outcome as soon as it is known; all of them are in the ledger by then.
    Raises:
        RiffusionError: the batch as a whole cannot go on; what is done stays.
    """
    out, run = open_place(out_url), f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"
    workers = team.workers or 0
    if team.engine == LOCAL:
        gpus = machine.n_gpus(settings.device)
        each = team.gpus if team.gpus is not None else float(gpus > 0)
        workers = team.workers or machine.workers_that_fit(settings.model, gpus, each)
    to_do = len(plan.to_do) + len(plan.wrong)
    head = Head(run, len(plan.jobs), plan.done, to_do, team.engine, workers, time.time())
    jobs = {job.id: job for job in plan.to_do}
    _tidy(out, settings)
    with Ledger(out, head) as ledger:
        for outcome in plan.wrong:
            ledger.add(outcome)
            yield outcome
        try:
            if team.engine == RAY:
                found = _with_ray(plan, make_dubber(settings, out_url, run), team, should_cancel, tell)
            else:
                own = [make_dubber(one, out_url, run) for one in _settings_of_workers(settings, workers, gpus, each)]
                n_threads = max(1, machine.n_cores() // workers)
                found = run_local(plan.to_do, own, n_threads=n_threads, should_cancel=should_cancel)
            for outcome in found:
                if outcome.status is Status.FAILED and not outcome.job:
                    outcome = replace(outcome, job=_hash_now(jobs[outcome.id], settings))
                if outcome.status is not Status.STOPPED:
                    ledger.add(outcome)
                yield outcome
        finally:
            _tidy(out, settings)


def _tidy(out: Place, settings: Settings) -> None:
    """Clear away what killed processes left, of this batch or of an earlier one."""
    clean_scratch(out, settings.temporary_directory)
    clear_claims(out)


def _with_ray(
    plan: Plan, make_worker: MakeWorker, team: Team, should_cancel: ShouldCancel, tell: Callable[[str], None]
) -> Iterator[Outcome]:
    if not plan.to_do:
        return iter(())
    from .ray_engine import run_ray

    return run_ray(
        plan.to_do,
        make_worker,
        workers=team.workers,
        cpus=1,
        gpus=team.gpus or 0,
        should_cancel=should_cancel,
        tell=tell,
    )


def _settings_of_workers(settings: Settings, workers: int, gpus: int, each: float) -> list[Settings]:
    """Each worker's settings: with several GPUs, which of them is its own."""
    if not gpus or not each or settings.device not in ("auto", "cuda"):
        return [settings] * workers
    return [replace(settings, device=f"cuda:{int(number * each) % gpus}") for number in range(workers)]
