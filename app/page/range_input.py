"""Ranges of time as programs send them: text, or a list of texts and of pairs of times."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..plan import TimeRange, range_texts, read_range


def takes_ranges(field: gr.components.Component) -> gr.components.Component:
    """Let a text field, for programs, take lists of ranges too, as they are sent.

    Args:
        field: it.
    Returns:
        The field.
    """
    # Not a class of its own: Gradio writes a file of types beside each of those.
    field.preprocess = lambda payload: payload  # type: ignore[method-assign]
    field.api_info = lambda: {"anyOf": [{"type": "string"}, {"type": "array", "items": {}}]}  # type: ignore[method-assign]
    return field


def read_ranges(value: Any) -> list[TimeRange]:
    """Ranges as they were sent.

    Raises:
        PlanError: they are none.
    """
    return [read_range(text) for text in range_texts(value)]
