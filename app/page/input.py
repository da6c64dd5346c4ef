"""The video, its parts and the prompt: what a person sets before a run. Widget values in, named updates out."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import gradio as gr

from riffusion_inference.errors import RiffusionError, SettingError
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.options import with_options

from .. import mood
from ..media import Clip, SplitMode, explain_split, probe
from ..plan import timeline
from ..settings import Settings
from ..settings.options import ATTRIBUTES, PER_MODEL, ScoreMode
from . import strings
from .cards import (
    card_html,
    error_html,
    facts_html,
    notes_html,
    reading_html,
    reason,
    reason_html,
    saw_html,
    stills_html,
    strip_html,
)
from .order import given_wishes, whole
from .session import PageContext, Session, sentence

Updates = dict[str, Any]
"""New values by the widget's name in the page."""
READ_WITH = ("score", "midi", *ATTRIBUTES)
"""Widgets that act on how a prompt is read."""
TYPING_PAUSE_SECONDS = 0.4
"""How long nobody types before a prompt is read: a screen reader would speak between the letters otherwise."""


def checked_probe(path: Path, settings: Settings) -> Clip:
    """Read a video and hold it against the limits in the settings.

    Raises:
        MediaError: it is not a video.
        SettingError: it is too large or too long.
    """
    megabytes = path.stat().st_size / 1e6
    if megabytes > settings.max_upload_mb:
        raise SettingError(strings.TOO_LARGE.format(size=megabytes, limit=settings.max_upload_mb))
    clip = probe(path)
    if clip.duration > settings.max_duration_seconds:
        limit = timeline(Fraction(settings.max_duration_seconds))
        raise SettingError(strings.TOO_LONG.format(duration=timeline(clip.duration), limit=limit))
    return clip


def take_video(context: PageContext, session: Session, path: str | None) -> Updates:
    """Look at an uploaded video at once; none clears the page. Earlier takes stay in the history."""
    if session.job is not None and session.busy:
        session.job.cancel()
    session.source = session.clip = session.plan = None
    session.result, session.result_of = None, ()
    session.pictures, session.stills, session.still, session.part = {}, (), 0, 1
    session.problem = strings.REASON_NO_VIDEO
    if path is not None:
        try:
            source = context.visitors.own(session.visitor, path)
            clip = checked_probe(source, context.settings)
            session.source, session.clip = source, clip
            session.n_parts = min(session.n_parts, clip.n_frames)
        except RiffusionError as error:
            session.problem = sentence(error)
    return {**replan(session), "n_parts": session.n_parts}


def take_example(context: PageContext, session: Session, name: str) -> Updates:
    """Put one of gradio's own clips in, copied to the visitor's folder."""
    if session.folder is None or name not in [example for example, _ in strings.EXAMPLES]:
        raise SettingError(strings.SESSION_LOST)
    target = session.folder / "examples" / name
    target.parent.mkdir(exist_ok=True)
    if not target.exists():
        shutil.copyfile(Path(gr.__file__).parent / "media_assets" / "videos" / name, target)
    return {**take_video(context, session, str(target)), "video": str(target)}


def take_cut(session: Session, n_parts: float | None, split_mode: SplitMode) -> Updates:
    """Another number of parts or another way to cut."""
    wanted = int(n_parts) if n_parts is not None else 0
    if wanted != session.n_parts:
        session.stills, session.still = (), 0
    session.n_parts, session.split_mode = wanted, split_mode
    return replan(session)


def replan(session: Session) -> Updates:
    """Say what the split will do with this video, and show its parts."""
    notes = ""
    session.plan = None
    if session.clip is not None:
        try:
            session.plan = explain_split(session.clip, session.n_parts, session.split_mode)
            session.part = min(max(session.part, 1), len(session.plan.parts))
            notes = notes_html(session.plan.notes)
        except RiffusionError as error:
            session.problem = sentence(error)
    if session.clip is None and session.problem != strings.REASON_NO_VIDEO:
        facts = error_html(session.problem)
    else:
        facts = facts_html(session.clip)
    return {"facts": facts, "split_notes": notes, "strip": strip_html(session), **summary(session)}


def choose_part(session: Session, part: int) -> Updates:
    """The part that was clicked on the filmstrip, which shows it pressed already."""
    if session.plan is None or not 1 <= part <= len(session.plan.parts):
        return {}
    if part != session.part:
        session.part = part
        session.stills, session.still = (), 0
    return summary(session)


def edit_prompt(session: Session, text: str) -> Updates:
    """Typing changes nothing but what the page says about it."""
    session.draft = text
    return summary(session)


async def read_draft(session: Session, text: str, *values: Any) -> Updates:
    """Say what is understood of the words in the prompt field, once the typing pauses.

    Meanwhile edit_prompt notes every letter; the browser comes back with the last ones when this has answered.
    """
    await asyncio.sleep(TYPING_PAUSE_SECONDS)
    return await asyncio.to_thread(reading, text, values) if session.draft == text else {}


def reading(text: str, values: Sequence[Any]) -> Updates:
    """How the composer understands a prompt, with what is set beside it, by the order of READ_WITH."""
    given = dict(zip(READ_WITH, values, strict=True))
    if given["midi"] is not None:
        return {"reading": reading_html(strings.READING_OWN)}
    if given["score"] == ScoreMode.OFF:
        return {"reading": reading_html(strings.READING_OFF)}
    try:
        wanted = given_wishes(given)
        brief = with_options(read_prompt(text), **wanted)
    except RiffusionError as error:
        return {"reading": error_html(sentence(error))}
    return {"reading": reading_html(brief.sentence() if text.strip() or wanted else strings.READING_EMPTY)}


def apply_prompt(session: Session, text: str) -> Updates:
    """Take the prompt over; from here on it is what the next run uses."""
    session.draft = session.prompt = " ".join(text.split())
    return {**summary(session), "prompt": session.prompt}


def summary(session: Session) -> Updates:
    """The status card, and the buttons or the reason why there are none."""
    why = reason(session)
    busy = session.busy  # Read once: a run may end between two looks.
    return {
        "card": card_html(session),
        "run": gr.update(visible=not why and not busy),
        "auto": gr.update(interactive=session.plan is not None and not busy),
        "cancel": gr.update(visible=busy),
        "reason": gr.update(value=reason_html(why), visible=bool(why) and not busy),
    }


def model_changed(context: PageContext, model: str | None) -> Updates:
    """Guidance, steps, scheduler and candidates that suit a checkpoint."""
    settings = context.settings
    defaults = settings.model_defaults(context.shelf.full_name(model or settings.model))
    return {name: getattr(defaults, name) for name in PER_MODEL}


def show_stills(session: Session, count: float | None) -> Updates:
    """Stills of the whole video and of the chosen part."""
    if session.clip is None or session.plan is None:
        return {"saw": error_html(session.problem)}
    try:
        count = whole(strings.STILLS_COUNT_LABEL, count)
        session.stills, session.still = mood.stills(session.clip, part=session.chosen, count=count), 0
    except RiffusionError as error:
        return {"saw": error_html(sentence(error))}
    return {"stills": stills_html(session), "saw": ""}


def choose_still(session: Session, number: int) -> Updates:
    """The still that was clicked; 0 is all of them."""
    if 0 <= number <= len(session.stills):
        session.still = number
    return {}


def suggest(context: PageContext, session: Session, describer: str) -> Updates:
    """Write a prompt into the field, to be edited and applied by the person."""
    if session.clip is None or session.chosen is None:
        return {"saw": error_html(session.problem)}
    try:
        found = mood.suggest(
            session.clip,
            part=session.chosen,
            describer=describer,
            settings=context.settings,
            images=session.chosen_stills or None,
        )
    except RiffusionError as error:
        return {"saw": error_html(sentence(error))}
    return {**edit_prompt(session, found.prompt), "prompt": found.prompt, "saw": saw_html(found)}
