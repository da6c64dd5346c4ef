"""Suggesting a prompt: stills to choose from, and words for what is in them."""

from __future__ import annotations

from html import escape

from riffusion_inference.errors import RiffusionError

from .. import mood
from ..mood import MoodSuggestion
from . import strings
from .cards import error_html, notes_html, stills_html
from .input import Updates, edit_prompt
from .order import Look, whole
from .run import chosen_images, suggest_for
from .session import Desk, Session, sentence


def show_stills(session: Session, count: float | None) -> Updates:
    """Stills of the whole video and of the chosen part."""
    if session.source is None or session.plan is None:
        return {"saw": error_html(session.problem)}
    try:
        count = whole("Stills of each", count)
        session.stills, session.still = mood.stills(session.source, part=session.chosen, count=count), 0
    except RiffusionError as error:
        return {"saw": error_html(sentence(error))}
    return {"stills": stills_html(session), "saw": ""}


def choose_still(session: Session, number: int) -> Updates:
    """The still that was clicked; 0 is all of them."""
    if 0 <= number <= len(session.stills):
        session.still = number
    return {}


def suggest(desk: Desk, session: Session, describer: str) -> Updates:
    """Write a prompt into the field, to be edited and applied by the person."""
    if session.source is None or session.chosen is None:
        return {"saw": error_html(session.problem)}
    look = Look(session.source, session.chosen, describer, chosen_images(session))
    try:
        session.suggestion = suggest_for(desk, look, None, None)
    except RiffusionError as error:
        return {"saw": error_html(sentence(error))}
    prompt = session.suggestion.prompt
    return {**edit_prompt(session, prompt), "prompt": prompt, "saw": saw_html(session.suggestion)}


def saw_html(suggestion: MoodSuggestion) -> str:
    """Why this prompt: what was seen, the tempo, and what else there is to know."""
    words = [strings.SAW.format(saw=suggestion.saw)]
    if suggestion.bpm is not None:
        words.append(strings.SAW_TEMPO.format(bpm=f"{suggestion.bpm:g}"))
    text = f"<b>{escape(suggestion.describer)}</b> {escape(' '.join(words))}"
    return f'<p class="saw" role="status">{text}</p>{notes_html(suggestion.notes)}'
