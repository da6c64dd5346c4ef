"""A run: from the button to the film. It waits for its turn, can be stopped, and never loses an earlier dub."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from riffusion_inference.errors import GenerationCancelled, RiffusionError, SettingError

from ..dub.build_order import take_order, undo_order
from ..dub.order import Order
from ..dub.run import Run
from ..dub.story import carry_out
from ..errors import DubCancelled
from ..media import explain_split
from ..models import Models
from ..plan import Bounds, Part
from ..result.folder import Result
from ..settings import Settings
from . import strings
from .cards import dubbed_parts
from .input import Updates, summary
from .jobs import GpuModels, Job
from .order import order_for
from .progress import done_html, ended_html, progress_html, waiting_html
from .results import results
from .session import HistoryEntry, PageContext, Session, clock, sentence
from .stages import EXPECTED, GENERATE, Stages
from .timeline import film_views

LOG = logging.getLogger(__name__)
WATCH_SECONDS = 0.4
STOP_WAIT_SECONDS = 1.5
SAME_SECONDS = 0.002
"""How far what the browser says of a time may be from what it was told."""
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
    """The part that is pressed, 1 for the first."""
    n_parts: int
    """How many there are."""
    span: tuple[float, float] | None = None
    """Seconds of its start and end; None where nobody has said them."""

    def is_of(self, parts: Sequence[Part]) -> bool:
        """Whether these are the parts that are shown."""
        if self.n_parts != len(parts) or not 1 <= self.part <= len(parts):
            return False
        start, end = float(parts[self.part - 1].start), float(parts[self.part - 1].end)
        return self.span is None or max(abs(self.span[0] - start), abs(self.span[1] - end)) < SAME_SECONDS


def begin(
    context: PageContext, session: Session, shown: Shown, values: Mapping[str, Any], *, refusal: str = ""
) -> Updates:
    """Check everything and take a place in the queue; what is wrong is said at once, before any waiting.

    Args:
        context: what all sessions share.
        session: the tab's.
        shown: what the tab shows as chosen.
        values: what its widgets hold.
        refusal: why the queue takes no more of this visitor's jobs; empty where it does.
    """
    if session.busy:
        return {}
    chosen, plan = session.part_of(shown.part), session.plan
    if session.source is None or chosen is None or plan is None:
        return summary(session, shown.part)
    try:
        if refusal:
            raise SettingError(refusal)
        if not shown.is_of(plan.parts):
            raise SettingError(strings.PARTS_CHANGED)
        context.visitors.check_floor()
        ranges = [(chosen.start, chosen.end)] if session.bounds is not None else ()
        order = order_for(context, session, chosen.index, values, session.prompt, earlier=session.result, ranges=ranges)
    except RiffusionError as error:
        return {"progress": say(session, ended_html(sentence(error), failed=True)), **summary(session, shown.part)}
    stages = Stages(expected={**EXPECTED, **context.seconds_per_stage})
    flag = order.out_dir.parent / f"stop{session.n_runs}"
    session.job = Job(flag, order, order.asked[0], stages=stages, tab=session.tab)
    waiting = waiting_html(0, 0)
    return {"ticket": session.n_runs, "progress": say(session, ""), "waiting": waiting, **summary(session, shown.part)}


def run(context: PageContext, session: Session) -> Updates:
    """Do what was ordered; the page's queue lets one in at a time. Whoever watches it sees how far it is.

    It goes on when the tab is closed or the connection breaks: whoever comes back finds it.
    """
    job = session.job
    if job is None or job.stopped.is_set() or job.started.is_set():
        return {}
    with job.under_way(), context.tabs.at_work(session):
        say(session, _last_word(context, session, job))
    return {}


def after(session: Session, part: float, columns: float | None) -> Updates:
    """Show what a run has changed."""
    return {**film_views(session), **summary(session, part), **results(session, part, columns)}


def say(session: Session, html: str) -> str:
    """Remember the last word of a run, for whoever comes later."""
    session.said = html
    return html


def run_job(context: PageContext, job: Job, settings: Settings | None = None) -> Result:
    """Carry out a job's order, by the program's settings or by others."""
    run = Run(settings or context.settings, job.stages.add, job.should_cancel, job.stages.note)
    return carry_out(job.order, run, GpuModels(context.shelf, job.flag))


def _last_word(context: PageContext, session: Session, job: Job) -> str:
    """Carry out a job and take its result into the session; gives what is said of it, or why there is none."""
    try:
        result = run_job(context, job)
    except (DubCancelled, GenerationCancelled):
        return ended_html(strings.STOPPED)
    except RiffusionError as error:
        return ended_html(sentence(error), failed=True)
    except Exception:
        LOG.exception("A run failed inside the program.")
        return ended_html(strings.INTERNAL_ERROR, failed=True)
    job.stages.end()
    context.seconds_per_stage.update({name: took for name, took in job.stages.spent.items() if name != GENERATE})
    remember(session, job, result)
    return done_html(strings.DONE.format(part=job.part), session.n_runs, result.times[job.part - 1], job.stages)


def remember(session: Session, job: Job, result: Result) -> None:
    """Make a result the session's film, and write its take into the history."""
    session.result = result
    adopt(session, result, job.part)
    facts = result.manifest.dub_of(job.part)
    if facts is None:
        return
    where, music, seconds = f"{job.part} of {len(result.parts)}", facts.music, job.stages.elapsed
    session.history.insert(0, HistoryEntry(clock(), where, facts.prompt, facts.chosen.seed, music.model, seconds))


def adopt(session: Session, result: Result, part: int) -> None:
    """Where a run has cut the film in another way than was shown, show that, and the part that it was about."""
    if session.clip is None or result.cutting == session.cutting:
        return
    session.bounds = result.cutting if isinstance(result.cutting, Bounds) else None
    session.n_parts = session.n_parts if session.bounds is not None else len(result.parts)
    session.plan = explain_split(session.clip, session.cutting, session.split_mode)
    session.choose(part)


async def watch(session: Session, queue_place: Callable[[str], tuple[int, int]]) -> AsyncIterator[Updates]:
    """Tell the place in the queue until the job's turn has come, how far it is until its end, and then its last word.

    Args:
        session: its job waits or runs; of one that has none the last word is told.
        queue_place: the place of a tab's job, 1 for the next, and how many jobs run.
    """
    job = session.job
    shown, seen = (0, 0), time.monotonic()
    while job is not None and not job.started.is_set() and not job.stopped.is_set():
        place = queue_place(job.tab)
        if place != shown and place[0] > 0:
            shown = place
            yield {"waiting": waiting_html(*place), "progress": ""}
        seen = time.monotonic() if place[0] else seen
        if time.monotonic() - seen > LOST_SECONDS:
            # The queue has filled up between the click and this: the job would be waited for without end.
            job.cancel()
            yield {"waiting": ended_html(strings.QUEUE_FULL, failed=True), "progress": ""}
            return
        await asyncio.sleep(WATCH_SECONDS)
    while job is not None and job.started.is_set() and not job.ended.is_set():
        yield {"waiting": "", "progress": progress_html(job.stages, stopping=job.stopped.is_set())}
        await asyncio.sleep(WATCH_SECONDS)
    yield {"waiting": "", "progress": session.said}


def cancel(session: Session, part: float) -> Updates:
    """Stop what runs or waits; a run that needs longer than a moment says itself when it has stopped.

    A waiting job keeps its place in Gradio's queue and does nothing there, or serves the tab's next run.
    """
    job = session.job
    if job is None or job.ended.is_set():
        return {"waiting": "", **summary(session, part)}
    job.cancel()
    if not job.ended.wait(STOP_WAIT_SECONDS):
        return {"waiting": "", "progress": progress_html(job.stages, stopping=True), **summary(session, part)}
    return {"waiting": "", "progress": say(session, ended_html(strings.STOPPED)), **summary(session, part)}


def choose_take(context: PageContext, session: Session, of: TakeOf, part: float, columns: float | None) -> Updates:
    """Put another candidate of a part into the film."""
    return change(
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
    number = dubbed_parts(session).get(chosen.index) if chosen is not None else None
    if chosen is None or number is None or button != strings.UNDO.format(part=chosen.index):
        return results(session, part, columns)
    return change(context, session, part, columns, lambda film: undo_order(film, number, video=session.source))


def change(
    context: PageContext,
    session: Session,
    part: float,
    columns: float | None,
    order: Callable[[Result], Order],
    models: Models | None = None,
) -> Updates:
    """Change the film in place, and show what has changed.

    Args:
        context: what all sessions share.
        session: the tab's.
        part: the part that the tab shows as chosen.
        columns: for the results.
        order: makes the order out of the film as it is.
        models: where music would come from; None is the page's own shelf.
    """
    if session.result is None:
        return {"progress": ended_html(strings.NO_RESULT, failed=True)}
    if session.busy:
        return {"progress": ended_html(strings.BUSY, failed=True)}
    try:
        session.result = carry_out(order(session.result), Run(context.settings), models or context.shelf)
    except RiffusionError as error:
        return {"progress": ended_html(sentence(error), failed=True)}
    return {"progress": "", **film_views(session), **summary(session, part), **results(session, part, columns)}


def other_columns(session: Session, part: float, columns: float | None) -> Updates:
    """The parts in another number of columns, without a new run."""
    grid = results(session, part, columns)["grid"]
    return {"grid": grid if session.result is not None else gr.skip()}
