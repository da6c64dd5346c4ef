"""What the page shows while something runs or waits: stages, steps, time left, place in the queue."""

from __future__ import annotations

import time

from . import strings
from .cards import error_html
from .jobs import Stages
from .render import render


def progress_html(stages: Stages, *, stopping: bool = False) -> str:
    """The present stage with a bar, step and time left, and the stages before it."""
    now = stages.now
    if stopping:
        return _panel(strings.STOPPING)
    if now is None:
        return _panel(strings.STARTING, share=0)
    total = max(1, now.total)
    words = [strings.STEP_OF.format(done=now.done, total=total)] if total > 1 else []
    left = stages.seconds_left()
    if left is not None:
        words.append(strings.TIME_LEFT.format(seconds=seconds_text(left)))
    words.append(strings.ELAPSED.format(seconds=seconds_text(time.monotonic() - stages.began)))
    finished = [
        (stage_name(stage), f"{stages.until[stage] - stages.since[stage]:.1f} s")
        for stage in stages.latest
        if stage != now.stage
    ]
    return _panel(stage_name(now.stage), " · ".join(words), min(1.0, now.done / total), finished)


def waiting_html(place: int, running: int) -> str:
    """The place in the queue; 1 is next."""
    if not place:
        return _panel(strings.STARTING)
    queue = (strings.counted(strings.JOBS_RUNNING, running), strings.WAITING_PLACE.format(place=place))
    return _panel(strings.WAITING, " ".join(queue))


def ended_html(text: str, *, failed: bool = False) -> str:
    """The last word of a run."""
    if not text:
        return ""
    return error_html(text) if failed else render("ended", sentence=text)


def stage_name(stage: str) -> str:
    """A stage's name for people."""
    return strings.STAGES.get(stage, stage.capitalize())


def seconds_text(seconds: float) -> str:
    """12 s, or 3 min 20 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _panel(
    heading: str, words: str = "", share: float | None = None, finished: list[tuple[str, str]] | None = None
) -> str:
    """A heading, words beside it, a bar of which `share` is done or that just moves, and what has ended before."""
    percent = None if share is None else round(100 * share)
    return render("progress", heading=heading, words_beside=words, percent=percent, finished=finished or [])
