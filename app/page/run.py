"""A run: from the button to the film. It waits for its turn, can be stopped, and never loses an earlier dub."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from riffusion_inference.datatypes import OnProgress
from riffusion_inference.errors import GenerationCancelled, RiffusionError, SettingError

from ..dub.build_order import take_order, undo_order
from ..dub.order import AUTO, Order
from ..dub.run import Run
from ..dub.story import carry_out
from ..errors import DubCancelled
from ..result.folder import Result
from ..settings import Settings
from . import strings
from .cards import strip_html
from .input import Updates, summary
from .jobs import GpuModels, Job, Stages, Worker
from .order import order_for
from .progress import ended_html, progress_html, waiting_html
from .results import results
from .session import HistoryEntry, PageContext, Session, clock, sentence

LOG = logging.getLogger(__name__)
WATCH_SECONDS = 0.4
STOP_WAIT_SECONDS = 1.5
LOST_SECONDS = 30.0
"""How long a job may neither wait nor run before it is taken for lost."""


@dataclass(frozen=True)
class TakeOf:
    """The take that a button stands for."""

    part: int
    """The part whose take it is."""
    take: int
    """1 for the first."""


@dataclass(frozen=True)
class Shown:
    """What a tab showed as chosen when a button was pressed, whatever the server thinks by now."""

    part: int
    """The part that is pressed on the filmstrip, 1 for the first."""
    n_parts: int
    """How many the filmstrip has."""
    still: int = 0
    """The still that is pressed; 0 is all of them."""


def begin(
    context: PageContext,
    session: Session,
    shown: Shown,
    values: Mapping[str, Any],
    *,
    suggest: bool,
    refusal: str = "",
) -> Updates:
    """Check everything and take a place in the queue; what is wrong is said at once, before any waiting.

    Args:
        context: what all sessions share.
        session: the tab's.
        shown: what the tab shows as chosen.
        values: what its widgets hold.
        suggest: whether the prompt is read from the picture.
        refusal: why the queue takes no more of this visitor's jobs; empty where it does.
    """
    if session.busy:
        return {}
    chosen, cut, plan = session.part_of(shown.part), session.cut, session.plan
    if session.source is None or chosen is None or plan is None:
        return summary(session, shown.part)
    try:
        if refusal:
            raise SettingError(refusal)
        if shown.n_parts != len(plan.parts):
            raise SettingError(strings.PARTS_CHANGED)
        context.visitors.check_floor()
        prompt = AUTO if suggest else session.prompt
        earlier = session.result if session.result_of == cut else None
        order = order_for(context, session, chosen.index, values, prompt, earlier=earlier, still=shown.still)
    except RiffusionError as error:
        return {"progress": say(session, ended_html(sentence(error), failed=True)), **summary(session, shown.part)}
    session.job = Job(order.out_dir.parent / f"stop{session.n_runs}", order, chosen.index, cut)
    waiting = waiting_html(0, 0)
    return {"ticket": session.n_runs, "progress": say(session, ""), "waiting": waiting, **summary(session, shown.part)}


def run(context: PageContext, session: Session) -> Iterator[Updates]:
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
    worker = Worker(lambda tell: run_job(context, job, tell))
    try:
        yield {"progress": progress_html(stages)}
        for news in worker.events():
            if news is not None:
                stages.add(news)
            context.touch(session)
            yield {"progress": progress_html(stages, stopping=job.stopped.is_set())}
        yield {"progress": say(session, _finish(session, job, worker, stages))}
    finally:
        # The tab was closed while a step was under way: stop the work too.
        if not job.ended.is_set():
            job.cancel()


def after(session: Session, part: float, columns: float | None) -> Updates:
    """Show what a run has changed."""
    prompt = {"prompt": session.prompt} if session.draft == session.prompt else {}
    return {**prompt, "strip": strip_html(session), **summary(session, part), **results(session, part, columns)}


def say(session: Session, html: str) -> str:
    """Remember the last word of a run, so that an event without news can repeat it."""
    session.said = html
    return html


def run_job(
    context: PageContext, job: Job, on_progress: OnProgress | None = None, settings: Settings | None = None
) -> Result:
    """Carry out a job's order, by the program's settings or by others; it is at its end then, well or not."""
    try:
        run = Run(settings or context.settings, on_progress, job.should_cancel)
        return carry_out(job.order, run, GpuModels(context.shelf, job.flag))
    finally:
        job.ended.set()


def _finish(session: Session, job: Job, worker: Worker[Result], stages: Stages) -> str:
    """Take the result into the session; gives the sentence that says why there is none, or nothing."""
    try:
        result = worker.result()
    except (DubCancelled, GenerationCancelled):
        return ended_html(strings.STOPPED)
    except RiffusionError as error:
        return ended_html(sentence(error), failed=True)
    except Exception:
        LOG.exception("A run failed inside the program.")
        return ended_html(strings.INTERNAL_ERROR, failed=True)
    remember(session, job, result, time.monotonic() - stages.began)
    return ""


def remember(session: Session, job: Job, result: Result, seconds: float) -> None:
    """Make a result the session's film, and write its take into the history."""
    session.result, session.result_of = result, job.cut
    facts = result.manifest.dub_of(job.part)
    if facts is None:
        return
    if any(one.part == job.part and one.generation.prompt == AUTO for one in job.order.parts):
        session.prompt = session.draft = facts.prompt
        session.unread = False
    where, music = f"{job.part} of {len(result.parts)}", facts.music
    session.history.insert(0, HistoryEntry(clock(), where, facts.prompt, facts.chosen.seed, music.model, seconds))


async def watch(session: Session, queue_place: Callable[[], tuple[int, int]]) -> AsyncIterator[Updates]:
    """Tell the place in the queue until the job's turn has come.

    Args:
        session: its job waits.
        queue_place: the place, 1 for the next, and how many jobs run.
    """
    job = session.job
    shown, seen = (0, 0), time.monotonic()
    while job is not None and not job.started.is_set() and not job.stopped.is_set():
        place = queue_place()
        if place != shown and place[0] > 0:
            shown = place
            yield {"waiting": waiting_html(*place)}
        seen = time.monotonic() if place[0] else seen
        if time.monotonic() - seen > LOST_SECONDS:
            # The queue has filled up between the click and this: the job would be waited for without end.
            job.cancel()
            yield {"waiting": ended_html(strings.QUEUE_FULL, failed=True)}
            return
        await asyncio.sleep(WATCH_SECONDS)
    yield {"waiting": ""}


def cancel(session: Session, part: float) -> Updates:
    """Stop what runs or waits; a run that needs longer than a moment says itself when it has stopped.

    A waiting job keeps its place in Gradio's queue and does nothing there, or serves the tab's next run.
    """
    job = session.job
    if job is None or job.ended.is_set():
        return {"waiting": "", **summary(session, part)}
    job.cancel()
    if not job.ended.wait(STOP_WAIT_SECONDS):
        return {"waiting": "", "progress": ended_html(strings.STOPPING), **summary(session, part)}
    return {"waiting": "", "progress": say(session, ended_html(strings.STOPPED)), **summary(session, part)}


def choose_take(context: PageContext, session: Session, of: TakeOf, part: float, columns: float | None) -> Updates:
    """Put another candidate of a part into the film."""
    return _change(
        context, session, part, columns, lambda film: take_order(film, of.part, of.take, video=session.source)
    )


def undo(context: PageContext, session: Session, part: float, button: str, columns: float | None) -> Updates:
    """Give a part its own sound back; other dubs stay.

    Args:
        context: what all sessions share.
        session: the tab's.
        part: the part that the filmstrip shows pressed.
        button: what the button said; a press on another part's, which was about to change, does nothing.
        columns: for the results.
    """
    chosen = session.part_of(part)
    if chosen is None or button != strings.UNDO.format(part=chosen.index):
        return results(session, part, columns)
    return _change(context, session, part, columns, lambda film: undo_order(film, chosen.index, video=session.source))


def _change(
    context: PageContext, session: Session, part: float, columns: float | None, order: Callable[[Result], Order]
) -> Updates:
    if session.result is None:
        return {"progress": ended_html(strings.NO_RESULT, failed=True)}
    if session.busy:
        return {"progress": ended_html(strings.BUSY, failed=True)}
    try:
        session.result = carry_out(order(session.result), Run(context.settings), context.shelf)
    except RiffusionError as error:
        return {"progress": ended_html(sentence(error), failed=True)}
    return {"progress": "", "strip": strip_html(session), **summary(session, part), **results(session, part, columns)}


def other_columns(session: Session, part: float, columns: float | None) -> Updates:
    """The parts in another number of columns, without a new run."""
    grid = results(session, part, columns)["grid"]
    return {"grid": grid if session.result is not None else gr.skip()}
