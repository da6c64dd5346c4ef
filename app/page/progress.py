"""What the page shows while something runs or waits, and at its end: one bar, one estimate, the place in the queue."""

from __future__ import annotations

from fractions import Fraction

from . import strings
from .cards import error_html
from .render import render
from .stages import Stages


def progress_html(stages: Stages, *, stopping: bool = False) -> str:
    """The present stage in words, one bar for the whole run, and the time to its end."""
    if stopping:
        return _panel(strings.STOPPING)
    if not stages.stage:
        return _panel(strings.STARTING, share=0)
    now = stages.latest
    words = []
    if now is not None and now.total > 1 and now.stage == stages.stage:
        words.append(strings.STEP_OF.format(done=now.done, total=now.total))
    left = stages.seconds_left()
    words.append(strings.TIME_LEFT.format(seconds=seconds_text(left)) if left is not None else strings.TIME_UNKNOWN)
    words.append(strings.ELAPSED.format(seconds=seconds_text(stages.elapsed)))
    note = stages.notes[-1] if stages.notes else ""
    return _panel(stage_name(stages.stage), " · ".join(words), stages.share(), note)


def waiting_html(place: int, running: int) -> str:
    """The place in the queue; 1 is next."""
    if not place:
        return _panel(strings.STARTING)
    queue = (strings.counted(strings.JOBS_RUNNING, running), strings.WAITING_PLACE.format(place=place))
    return _panel(strings.WAITING, " ".join(queue))


def ended_html(text: str, *, failed: bool = False) -> str:
    """The last word of a run that made nothing."""
    if not text:
        return ""
    return error_html(text) if failed else render("ended", sentence=text)


def done_html(sentence: str, run: int, span: tuple[Fraction, Fraction], stages: Stages) -> str:
    """The last word of a run that has made something: what, and how long each stage took.

    Args:
        sentence: what was made.
        run: its number; each is played by itself once.
        span: seconds of the film that are new.
        stages: of the run, ended.
    """
    spent = [(stage_name(stage), f"{seconds:.1f} s") for stage, seconds in stages.spent.items()]
    took = strings.TOOK.format(seconds=seconds_text(sum(stages.spent.values())))
    start, end = (f"{float(at):.3f}" for at in span)
    return render("done", sentence=sentence, run=run, start=start, end=end, spent=spent, took=took)


def stage_name(stage: str) -> str:
    """A stage's name for people."""
    return strings.STAGES.get(stage, stage.capitalize())


def seconds_text(seconds: float) -> str:
    """12 s, or 3 min 20 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _panel(heading: str, words: str = "", share: float | None = None, note: str = "") -> str:
    """A heading, words beside it, a bar of which `share` is done or that just moves, and a sentence under it."""
    percent = None if share is None else round(100 * share)
    return render("progress", heading=heading, words_beside=words, percent=percent, note=note)
