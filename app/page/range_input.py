"""Ranges of time as programs send them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..plan import TimeRange, range_texts, read_range


class RangesBox(gr.Textbox):
    """Carries ranges of time: text, or a list of texts and of pairs of times."""

    is_template = True

    def api_info(self) -> dict[str, Any]:
        """What a client may send."""
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {}}]}

    def preprocess(self, payload: Any) -> Any:
        """As it was sent."""
        return payload


def read_ranges(value: Any) -> list[TimeRange]:
    """Ranges as they were sent.

    Raises:
        PlanError: they are none.
    """
    return [read_range(text) for text in range_texts(value)]
