"""After a run: another take, a part undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from riffusion_inference.errors import RiffusionError

from ..dub import story as dubbing
from ..result.results import DubResult
from . import strings
from .cards import strip_html
from .input import Updates, summary
from .progress import ended_html
from .results import results
from .session import Desk, Session, sentence


def choose_take(desk: Desk, session: Session, take: int, columns: float | None) -> Updates:
    """Lay another candidate of the chosen part into the film."""
    return _change(
        session,
        columns,
        lambda folder: dubbing.choose_take(
            folder, session.part, take, video=session.source, app_settings=desk.settings
        ),
    )


def undo(desk: Desk, session: Session, columns: float | None) -> Updates:
    """Give the chosen part its own sound back; other dubs stay."""
    return _change(
        session,
        columns,
        lambda folder: dubbing.undo(folder, session.part, video=session.source, app_settings=desk.settings),
    )


def _change(session: Session, columns: float | None, work: Callable[[Path], DubResult]) -> Updates:
    if session.result is None:
        return {"progress": ended_html(strings.NO_RESULT, failed=True)}
    if session.job is not None and not session.job.ended.is_set():
        return {"progress": ended_html(strings.BUSY, failed=True)}
    try:
        session.result = work(session.result.out_dir)
    except RiffusionError as error:
        return {"progress": ended_html(sentence(error), failed=True)}
    return {"progress": "", "strip": strip_html(session), **summary(session), **results(session, columns)}


def other_columns(session: Session, columns: float | None) -> Updates:
    """The parts in another number of columns, without a new run."""
    grid = results(session, columns)["grid"]
    return {"grid": grid if session.result is not None else gr.skip()}
