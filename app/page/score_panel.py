"""The folded group "Score": what is written, what it follows, and a score of one's own. Widgets only."""

from __future__ import annotations

import gradio as gr

from ..settings.options import ATTRIBUTES, OPTIONS, Kind
from ..settings.writing import Writing
from . import strings
from .panels import Widgets, hint, labels

MIN_WIDTH = 130
FEW = 12
"""Choices up to which nobody wants to search them."""
WRITING = Writing()
"""How music is written where nothing is set."""


def score_panel() -> Widgets:
    """Everything that decides the score beside the prompt; what is left as it is follows the words."""
    widgets: Widgets = {}
    with gr.Accordion(strings.SCORE_HEADING, open=False, elem_id="panel-score"):
        hint(strings.SCORE_INTRO)
        with gr.Row():
            widgets["score"] = _choice("score", strings.SCORE_CHOICES, WRITING.score)
            widgets["follow"] = _choice("follow", strings.FOLLOW_CHOICES, WRITING.follow)
        lists = [name for name, option in ATTRIBUTES.items() if option.kind is Kind.NAMES]
        widgets |= {name: _wish(name) for name in lists}
        others = [name for name in ATTRIBUTES if name not in lists]
        for name, beside in zip(others[::2], others[1::2], strict=True):
            with gr.Row():
                widgets[name], widgets[beside] = _wish(name), _wish(beside)
        with gr.Row():
            for name in ("through", "apart"):
                widgets[name] = gr.Checkbox(getattr(WRITING, name), min_width=MIN_WIDTH, **labels(name))
        widgets.update(_own_score())
    return widgets


def _own_score() -> Widgets:
    """Somebody's own score, and what is to be said of it."""
    words = labels("midi")
    widgets: Widgets = {
        "midi": gr.File(label=words["label"], file_types=list(strings.MIDI_ENDINGS), height=120, elem_id="midi")
    }
    hint(words["info"])
    widgets["midi_news"] = gr.HTML("", elem_id="midi-news")
    return widgets


def _choice(name: str, choices: tuple[tuple[str, str], ...], value: str) -> gr.Dropdown:
    return gr.Dropdown(list(choices), value=value, filterable=False, min_width=MIN_WIDTH, **labels(name))


def _wish(name: str) -> gr.components.Component:
    """What sets one thing of the score; left empty, the prompt's words decide it."""
    option = OPTIONS[name]
    if option.kind is Kind.NAMES:
        return gr.Dropdown(list(option.choices), value=[], multiselect=True, elem_id=name, **labels(name))
    if option.kind is Kind.NUMBER:
        # A number field cannot be empty in the browser.
        return gr.Textbox("", max_lines=1, placeholder=strings.BY_WORDS, min_width=MIN_WIDTH, **labels(name))
    choices = [(strings.BY_WORDS, ""), *((_capital(choice), choice) for choice in option.choices)]
    many = len(choices) > FEW
    return gr.Dropdown(choices, value="", filterable=many, min_width=MIN_WIDTH, **labels(name))


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
