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
from ..dub.ranges import place_ranges, what_stays
from ..media import Clip, SplitMode, explain_split, probe
from ..plan import timeline
from ..settings import Settings
from ..settings.options import ATTRIBUTES, PER_MODEL, ScoreMode
from . import strings
from .cards import (
    brief_html,
    card_html,
    error_html,
    facts_html,
    notes_html,
    reading_html,
    reason,
    reason_html,
    saw_html,
    stills_html,
)
from .film_look import look_at
from .order import given_wishes, whole
from .session import PageContext, Session, sentence
from .timeline import film_views, timeline_html

Updates = dict[str, Any]
"""New values by the widget's name in the page."""
EXAMPLES = Path(__file__).parent / "examples"
"""Clips to try, which the folder examples/clips beside this package has drawn and sounded."""
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
    session.source = session.clip = session.plan = session.look = None
    session.part, session.bounds = 1, None
    session.result = None
    session.pictures, session.n_films = {}, session.n_films + 1
    session.problem = strings.REASON_NO_VIDEO
    if path is not None:
        try:
            source = context.visitors.own(session.by or session.visitor, path)
            clip = checked_probe(source, context.settings)
            session.source, session.clip = source, clip
            session.n_parts = min(session.n_parts, clip.n_frames)
            context.share(session)
        except RiffusionError as error:
            session.problem = sentence(error)
    return {**replan(session, 1), **drop_stills(session), "n_parts": session.n_parts}


def take_example(context: PageContext, session: Session, name: str) -> Updates:
    """Put one of our own clips in, copied to the visitor's folder."""
    if session.folder is None or name not in [example for example, _ in strings.EXAMPLES]:
        raise SettingError(strings.SESSION_LOST)
    target = session.folder / "examples" / name
    target.parent.mkdir(exist_ok=True)
    if not target.exists():
        shutil.copyfile(EXAMPLES / name, target)
    return {**take_video(context, session, str(target)), "video": str(target)}


def take_cut(session: Session, part: float, n_parts: float | None, *, anew: bool = False) -> Updates:
    """Cut into another number of equal parts; anew also where it is the same number and a range was marked since."""
    try:
        session.part, wanted = max(1, int(part)), whole(strings.N_PARTS_LABEL, n_parts)
        if anew or wanted != session.n_parts or session.plan is None:
            session.bounds = None
        session.n_parts = wanted
        shown = replan(session, part)
    except SettingError as error:
        session.plan, session.problem = None, sentence(error)
        shown = {"split_notes": "", **film_views(session), **summary(session, part)}
    return {**shown, **drop_stills(session)}


def take_mode(session: Session, part: float, split_mode: SplitMode) -> Updates:
    """Another way to cut."""
    session.split_mode, session.part = split_mode, max(1, int(part))
    return {**replan(session, part), **drop_stills(session)}


def take_range(session: Session, part: float, marked: Sequence[float]) -> Updates:
    """Cut the film so that a marked range is a part, and choose it; music that it does not touch stays a part too."""
    if session.clip is None or len(marked) != 2:
        return summary(session, part)
    start, end = (
        min(max(Fraction(at).limit_denominator(1_000_000), Fraction(0)), session.clip.duration) for at in marked
    )
    try:
        placed = place_ranges(session.clip, [(start, end)], session.result)
    except RiffusionError as error:
        return {**summary(session, part), "split_notes": error_html(sentence(error))}
    session.bounds = placed.cutting if placed.cutting.times else None
    session.n_parts = session.n_parts if placed.cutting.times else 1
    session.choose(placed.numbers[0])
    return {**replan(session, session.part), **drop_stills(session)}


def replan(session: Session, part: float) -> Updates:
    """Say what the split will do with this video, and show its parts."""
    notes = ""
    session.plan = None
    if session.clip is not None:
        try:
            session.plan = explain_split(session.clip, session.cutting, session.split_mode)
            notes = notes_html(session.plan.notes)
        except RiffusionError as error:
            session.problem = sentence(error)
    if session.clip is None and session.problem != strings.REASON_NO_VIDEO:
        facts = error_html(session.problem)
    else:
        facts = facts_html(session.clip)
    return {"facts": facts, "split_notes": notes, **film_views(session), **summary(session, part)}


def look_through(session: Session) -> Updates:
    """Look for what is drawn on the timeline, after the film itself is there; another film ends the search."""
    clip = session.clip
    if clip is None or (session.look is not None and session.look.clip is clip):
        return {}
    try:
        look = look_at(clip, lambda: session.clip is not clip)
    except RiffusionError:
        return {}  # The page goes on without: what matters of a film that cannot be read has been said by now.
    if session.clip is clip:
        session.look = look
    return {"timeline": timeline_html(session)}


def choose_part(session: Session, part: float) -> Updates:
    """The part that the filmstrip shows pressed; stills of another one are none to choose from any more."""
    chosen = session.part_of(part)
    session.part = chosen.index if chosen else 1
    stale = chosen is not None and session.stills and session.stills_of != (session.cut, chosen.index)
    return {**summary(session, part), **(drop_stills(session) if stale else {})}


def drop_stills(session: Session) -> Updates:
    """Take the stills away that no longer belong to what is chosen."""
    session.stills, session.stills_of = (), ()
    return {"stills": stills_html(session)}


def edit_prompt(session: Session, part: float, text: str) -> Updates:
    """Typing changes nothing but what the page says about it."""
    session.draft = text
    return summary(session, part)


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
    if not text.strip() and not wanted:
        return {"reading": reading_html(strings.READING_EMPTY)}
    # It brings torch, which the page does not wait for when it starts.
    from riffusion_inference.diffusion.count import count_tokens

    n, limit = count_tokens(text)
    count = (strings.TOKENS if n <= limit else strings.TOKENS_OVER).format(n=n, limit=limit)
    return {"reading": reading_html(brief.sentence(), count, is_over=n > limit)}


def apply_prompt(session: Session, part: float, text: str) -> Updates:
    """Take the prompt over; from here on it is what the next run uses."""
    session.draft = session.prompt = " ".join(text.split())
    session.unread = bool(session.prompt) and not read_prompt(session.prompt).read
    return {**summary(session, part), "prompt": session.prompt}


def leave_prompt(session: Session, part: float, text: str) -> Updates:
    """Leaving the field applies what is in it; an empty one takes nothing away unasked.

    The field itself is left alone: by the time that the answer comes somebody may be typing in it again.
    """
    if not text.strip():
        return summary(session, part)
    applied = apply_prompt(session, part, text)
    return {name: value for name, value in applied.items() if name != "prompt"}


def summary(session: Session, part: float) -> Updates:
    """The status card for the part that the tab shows as chosen, and the button or the reason why there is none."""
    why = reason(session)
    said = (
        reason_html(why) if why else notes_html([*([strings.UNREAD] if session.unread else []), *gone(session, part)])
    )
    busy = session.busy  # Read once: a run may end between two looks.
    return {
        "card": card_html(session, part),
        "brief": brief_html(session, part),
        "run": gr.update(visible=not why and not busy),
        "cancel": gr.update(visible=busy),
        "reason": gr.update(value=said, visible=bool(said.strip()) and not busy),
    }


def gone(session: Session, part: float) -> tuple[str, ...]:
    """What is to be said, before anything runs, of earlier music that new music for the chosen part takes out."""
    chosen = session.part_of(part)
    return what_stays(session.result, [chosen]).sentences if chosen is not None else ()


def model_changed(context: PageContext, model: str | None, touched: Sequence[str] = ()) -> Updates:
    """Guidance, steps, scheduler and candidates that suit a checkpoint; what somebody has set stays."""
    settings = context.settings
    defaults = settings.model_defaults(context.shelf.full_name(model or settings.model))
    return {name: getattr(defaults, name) for name in PER_MODEL if name not in touched}


def show_stills(session: Session, part: float, count: float | None) -> Updates:
    """Stills of the whole video and of the chosen part."""
    chosen, of = session.part_of(part), session.cut
    if session.clip is None or chosen is None:
        return {"saw": error_html(session.problem)}
    try:
        found = mood.stills(session.clip, part=chosen, count=whole(strings.STILLS_COUNT_LABEL, count))
    except RiffusionError as error:
        return {"saw": error_html(sentence(error))}
    session.stills, session.stills_of = found, (of, chosen.index)
    return {"stills": stills_html(session), "saw": ""}


def suggest(context: PageContext, session: Session, part: float, still: float, describer: str) -> Updates:
    """Read a prompt from the picture. It is applied where there was none; one that is applied stays until asked."""
    chosen = session.part_of(part)
    if session.clip is None or chosen is None:
        return {"saw": error_html(session.problem)}
    try:
        found = mood.suggest(
            session.clip,
            part=chosen,
            describer=describer,
            settings=context.settings,
            images=session.still_of(chosen.index, still) or None,
        )
    except RiffusionError as error:
        return {"saw": error_html(sentence(error))}
    session.found = found.prompt
    is_free = not session.prompt and not session.draft.strip()
    shown = use_found(session, part) if is_free else {"use_found": gr.update(visible=True)}
    return {**shown, "saw": saw_html(found, offered="" if is_free else found.prompt)}


def use_found(session: Session, part: float) -> Updates:
    """Apply the prompt that was read from the picture."""
    return {**apply_prompt(session, part, session.found), "use_found": gr.update(visible=False)}
