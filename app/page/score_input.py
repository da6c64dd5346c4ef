"""A score of one's own: looked at as soon as it is uploaded."""

from __future__ import annotations

from riffusion_inference.errors import RiffusionError
from riffusion_inference.score.midi import MidiReading

from ..media import read_score
from ..settings.writing import Writing
from . import strings
from .cards import error_html
from .input import Updates
from .music_words import score_facts
from .piano_roll import piano_roll
from .render import render
from .session import PageContext, Session, sentence


def show_midi(context: PageContext, session: Session, path: str | None) -> Updates:
    """Draw an uploaded score and say what of it cannot be painted, or why it cannot be read; none says nothing."""
    if path is None:
        return {"midi_news": ""}
    try:
        reading = read_score(context.visitors.own(session.by or session.visitor, path))
        Writing(midi=reading)
    except RiffusionError as error:
        return {"midi_news": error_html(sentence(error))}
    return {"midi_news": midi_html(reading)}


def midi_html(reading: MidiReading) -> str:
    """A score in words and as a piano roll, and one sentence for each thing in it that is not painted."""
    # It brings torch, which the page does not wait for when it starts.
    from riffusion_inference.score.sketch import borrowed_sounds

    score = reading.score
    facts = "; ".join(score_facts(score))
    return render(
        "midi",
        sentence=strings.MIDI_READ.format(facts=facts, seconds=float(score.duration)),
        roll=piano_roll(score, score.duration, strings.MIDI_NAME),
        notes=[*reading.notes, *borrowed_sounds(score.played())],
    )
