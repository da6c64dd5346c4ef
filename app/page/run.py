"""A run: from the button to the film. It waits for its turn, can be stopped, and never loses an earlier dub."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from riffusion_inference.datatypes import OnProgress, ShouldCancel
from riffusion_inference.errors import GenerationCancelled, RiffusionError

from .. import mood
from ..dub import story as dubbing
from ..errors import DubCancelled
from ..mood import MoodSuggestion
from ..result.manifest import read_manifest
from ..result.results import DubResult, DubSettings
from . import strings
from .cards import strip_html
from .input import Updates, summary
from .jobs import GpuModel, Job, ModelShelf, Stages, Worker
from .order import Controls, Look, Order, dub_settings
from .progress import ended_html, progress_html, waiting_html
from .results import results
from .session import Desk, HistoryEntry, Session, clock, sentence

if TYPE_CHECKING:
    from PIL import Image

LOG = logging.getLogger(__name__)
WATCH_SECONDS = 0.4
STOP_WAIT_SECONDS = 1.5


@dataclass(frozen=True)
class Outcome:
    """What a run gave."""

    result: DubResult
    """The film with all dubs so far."""
    suggestion: MoodSuggestion | None
    """The prompt that was found, if it was looked for."""


def begin(desk: Desk, session: Session, controls: Controls, *, suggest: bool) -> Updates:
    """Check everything and take a place in the queue; what is wrong is said at once, before any waiting."""
    if session.job is not None and not session.job.ended.is_set():
        return {}
    if session.source is None or session.chosen is None:
        return summary(session)
    try:
        prompt = session.prompt if not suggest else session.prompt or strings.AUTO_BUTTON
        settings = dub_settings(desk, session, controls, prompt)
        out_dir = session.new_run_folder()
    except RiffusionError as error:
        return {"progress": say(session, ended_html(sentence(error), failed=True)), **summary(session)}
    previous = session.result.manifest if session.result and session.result_of == session.cut else None
    look = Look(session.source, session.chosen, controls.describer, chosen_images(session))
    order = Order(controls, settings, out_dir, previous, look, suggest, session.cut)
    session.job = Job(out_dir.parent / f"stop{session.n_runs}", order)
    waiting = waiting_html(0, 0)
    return {"ticket": session.n_runs, "progress": say(session, ""), "waiting": waiting, **summary(session)}


def run(desk: Desk, shelf: ModelShelf, session: Session) -> Iterator[Updates]:
    """Do what was ordered, telling each step; the page's queue lets one in at a time.

    Gradio sends a generator's last word twice and empties its outputs when there is none, so this one speaks of the
    progress only, always, and `after` shows the rest.
    """
    job = session.job
    if job is None or job.stopped.is_set() or job.started.is_set():
        yield {"progress": session.said}
        return
    job.started.set()
    stages = Stages()
    worker = Worker(lambda tell: _work(desk, shelf, job, tell))
    try:
        yield {"progress": progress_html(stages)}
        for news in worker.events():
            if news is not None:
                stages.add(news)
            desk.touch(session)
            yield {"progress": progress_html(stages, stopping=job.stopped.is_set())}
        yield {"progress": say(session, _finish(session, job, worker, stages))}
    finally:
        # The tab was closed while a step was under way: stop the work too.
        if not job.ended.is_set():
            job.cancel()


def after(session: Session, columns: float | None) -> Updates:
    """Show what a run has changed."""
    prompt = {"prompt": session.prompt} if session.draft == session.prompt else {}
    return {**prompt, "strip": strip_html(session), **summary(session), **results(session, columns)}


def say(session: Session, html: str) -> str:
    """Remember the last word of a run, so that an event without news can repeat it."""
    session.said = html
    return html


def _work(desk: Desk, shelf: ModelShelf, job: Job, tell: OnProgress) -> Outcome:
    """Look, if asked to, and dub."""
    order: Order = job.order
    try:
        suggestion, settings = None, order.settings
        if order.suggest:
            suggestion = suggest_for(desk, order.look, tell, job.should_cancel)
            settings = with_prompt(settings, suggestion.prompt)
        model = GpuModel(order.controls.model, shelf.get(order.controls.model, tell), job.flag)
        result = dubbing.dub(
            order.look.source,
            order.out_dir,
            settings,
            model=model,
            model_name=order.controls.model,
            app_settings=desk.settings,
            previous=order.previous,
            on_progress=tell,
            should_cancel=job.should_cancel,
        )
        return Outcome(result, suggestion)
    finally:
        job.ended.set()


def _finish(session: Session, job: Job, worker: Worker[Outcome], stages: Stages) -> str:
    """Take the result into the session; gives the sentence that says why there is none, or nothing."""
    order: Order = job.order
    try:
        outcome = worker.result()
    except (DubCancelled, GenerationCancelled):
        return ended_html(strings.STOPPED)
    except RiffusionError as error:
        return ended_html(sentence(error), failed=True)
    except Exception:
        LOG.exception("A run failed inside the program.")
        return ended_html(strings.INTERNAL_ERROR, failed=True)
    session.result, session.result_of = outcome.result, order.cut
    if outcome.suggestion is not None:
        session.suggestion = outcome.suggestion
        session.prompt = session.draft = outcome.suggestion.prompt
    remember(session, order.settings.parts[0], time.monotonic() - stages.began)
    return ""


def remember(session: Session, part: int, seconds: float) -> None:
    """Write a take into the history."""
    if session.result is None:
        return
    facts = read_manifest(session.result.manifest).dub_of(part)
    if facts is not None:
        where = f"{part} of {len(session.result.parts)}"
        seed = facts.takes[facts.take - 1].seed
        session.history.insert(0, HistoryEntry(clock(), where, facts.prompt, seed, facts.model, seconds))


def with_prompt(settings: DubSettings, prompt: str) -> DubSettings:
    """The same wishes with another prompt."""
    generation = settings.generation
    return settings if generation is None else replace(settings, generation=replace(generation, prompt=prompt))


def chosen_images(session: Session) -> tuple[Image.Image, ...]:
    """The still that was chosen to look at; none stands for all over the part."""
    return (session.stills[session.still - 1].image,) if 0 < session.still <= len(session.stills) else ()


def suggest_for(desk: Desk, look: Look, tell: OnProgress | None, stop: ShouldCancel | None) -> MoodSuggestion:
    """A prompt for a part, from the chosen still or from all over the part."""
    return mood.suggest(
        look.source,
        part=look.part,
        describer=look.describer,
        settings=desk.settings,
        images=look.images or None,
        on_progress=tell,
        should_cancel=stop,
    )


async def watch(session: Session, queue_place: Callable[[], tuple[int, int]]) -> AsyncIterator[Updates]:
    """Tell the place in the queue until the job's turn has come.

    Args:
        session: its job waits.
        queue_place: the place, 1 for the next, and how many jobs run.
    """
    job = session.job
    shown = (0, 0)
    while job is not None and not job.started.is_set() and not job.stopped.is_set():
        place = queue_place()
        if place != shown and place[0] > 0:
            shown = place
            yield {"waiting": waiting_html(*place)}
        await asyncio.sleep(WATCH_SECONDS)
    yield {"waiting": ""}


def cancel(session: Session) -> Updates:
    """Stop what runs or waits; a run that needs longer than a moment says itself when it has stopped.

    A waiting job keeps its place in Gradio's queue and does nothing there, or serves the tab's next run.
    """
    job = session.job
    if job is None or job.ended.is_set():
        return {"waiting": "", **summary(session)}
    job.cancel()
    if not job.ended.wait(STOP_WAIT_SECONDS):
        return {"waiting": "", "progress": ended_html(strings.STOPPING), **summary(session)}
    return {"waiting": "", "progress": say(session, ended_html(strings.STOPPED)), **summary(session)}
