"""What carries an endpoint's parameters, and how they are described: made from the table of options."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ..settings.options import OPTIONS, Kind, Option
from .given_files import takes_addresses
from .range_input import takes_ranges

WIDGETS: dict[Kind, type[gr.components.Component]] = {
    Kind.WHOLE: gr.Number,
    Kind.NUMBER: gr.Number,
    Kind.LOUDNESS: gr.Number,
    Kind.SWITCH: gr.Checkbox,
    Kind.IMAGE: gr.File,
    Kind.SOUND: gr.File,
    Kind.MIDI: gr.File,
}
"""What carries an option's value; text is carried by a text field."""
WORDS: dict[str, type[gr.components.Component]] = {
    "video": gr.File,
    "prompt": gr.Textbox,
    "earlier": gr.Textbox,
    "result": gr.Textbox,
    "ranges": gr.Textbox,
}
"""What carries the values that are no options; loudness_lufs is a number."""
MOST_CHOICES = 12
"""More than this are not listed where an option is described; an error names them all."""


def described(work: Callable[..., Any], options: Sequence[str]) -> Callable[..., Any]:
    """A method as Gradio reads it: options of the table among its parameters, and what they do in its docstring."""
    kept = [
        one
        for one in inspect.signature(work).parameters.values()
        if one.kind is not one.VAR_POSITIONAL and one.name not in options
    ]
    added = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Any)
        for name in options
    ]

    def call(*values: Any) -> Any:
        return work(*values)

    lines = "".join(f"            {name}: {_help(_option(name))}\n" for name in options)
    call.__name__, call.__doc__ = work.__name__, f"{(work.__doc__ or '').rstrip()}\n{lines}        "
    call.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    call.__annotations__ = {"request": gr.Request}
    return call


def _option(name: str) -> Option:
    return OPTIONS["loudness" if name == "loudness_lufs" else name]


def _help(option: Option) -> str:
    """What an option does, and its values where they are few and not in the sentence already."""
    few = 0 < len(option.choices) <= MOST_CHOICES and not all(choice in option.help for choice in option.choices)
    return f"{option.help} ({', '.join(option.choices)})" if few else option.help


def widget_of(parameter: inspect.Parameter, fetch: Callable[[str], Awaitable[Path]]) -> gr.components.Component:
    """What carries one parameter's value."""
    name, default = parameter.name, None if parameter.default is inspect.Parameter.empty else parameter.default
    if isinstance(default, int | float):
        return gr.Number(value=default, label=name)
    kind = WIDGETS.get(OPTIONS[name].kind, gr.Textbox) if name in OPTIONS else WORDS.get(name, gr.Number)
    widget = kind(value=default, label=name)
    if name == "ranges":
        return takes_ranges(widget)
    return takes_addresses(widget, fetch) if isinstance(widget, gr.File) else widget
