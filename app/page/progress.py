"""What the page shows while something runs or waits: stages, steps, time left, place in the queue."""

from __future__ import annotations

import time
from html import escape

from . import strings
from .cards import error_html, notes_html
from .jobs import Stages


def progress_html(stages: Stages, *, stopping: bool = False) -> str:
    """The present stage with a bar, step and time left, and the stages before it."""
    now = stages.now
    if stopping:
        return _panel(escape(strings.STOPPING), "", None, "")
    if now is None:
        return _panel(escape(strings.STARTING), "", 0, "")
    total = max(1, now.total)
    words = [strings.STEP_OF.format(done=now.done, total=total)] if total > 1 else []
    left = stages.seconds_left()
    if left is not None:
        words.append(strings.TIME_LEFT.format(seconds=seconds_text(left)))
    words.append(strings.ELAPSED.format(seconds=seconds_text(time.monotonic() - stages.began)))
    return _panel(stage_name(now.stage), " · ".join(words), min(1.0, now.done / total), _done_list(stages))


def waiting_html(place: int, running: int) -> str:
    """The place in the queue; 1 is next."""
    text = strings.WAITING_PLACE.format(place=place, running=running) if place else strings.STARTING
    return _panel(escape(strings.WAITING), escape(text), None, "")


def ended_html(text: str, *, failed: bool = False) -> str:
    """The last word of a run."""
    if not text:
        return ""
    return error_html(text) if failed else f'<div class="progress" role="status">{notes_html([text])}</div>'


def stage_name(stage: str) -> str:
    """A stage's name for people."""
    return escape(strings.STAGES.get(stage, stage.capitalize()))


def seconds_text(seconds: float) -> str:
    """12 s, or 3 min 20 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _done_list(stages: Stages) -> str:
    now = stages.now
    items = [
        f"<li>{stage_name(stage)} <span>{stages.until[stage] - stages.since[stage]:.1f} s</span></li>"
        for stage in stages.latest
        if now is not None and stage != now.stage
    ]
    return f'<ol class="stages">{"".join(items)}</ol>' if items else ""


def _panel(heading: str, words: str, share: float | None, after: str) -> str:
    percent = 0 if share is None else round(100 * share)
    state = 'class="bar unknown"' if share is None else f'class="bar" aria-valuenow="{percent}"'
    return (
        f'<div class="progress" role="status" aria-live="polite"><p><b>{heading}</b> <span>{words}</span></p>'
        f'<div role="progressbar" aria-label="{heading}" aria-valuemin="0" aria-valuemax="100" {state}>'
        f'<i style="width:{percent}%"></i></div>{after}</div>'
    )
