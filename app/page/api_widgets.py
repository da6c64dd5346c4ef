"""The page's named endpoints, for gradio_client and agents."""

from __future__ import annotations

import inspect
from typing import Any

import gradio as gr

from .endpoints import Api
from .order import QUEUE

FILE, FILES, FACTS = (gr.File, {"label": "file"}), (gr.File, {"file_count": "multiple"}), (gr.JSON, {"label": "facts"})
API_OUTPUTS: dict[str, list[tuple[Any, dict[str, Any]]]] = {
    "probe": [FACTS],
    "split": [FILES, FACTS],
    "suggest": [FACTS],
    "dub": [FILE, FILE, FACTS],
    "archive": [FILE],
}
"""What each named endpoint returns."""


def endpoints(api: Api, session: gr.State) -> None:
    """Named endpoints for gradio_client and agents, on widgets that nobody sees."""
    kinds: dict[str, type[gr.components.Component]] = {
        "str": gr.Textbox,
        "float": gr.Number,
        "float | None": gr.Number,
        "bool": gr.Checkbox,
        "str | None": gr.File,
    }
    heavy: dict[str, Any] = {"concurrency_id": QUEUE, "concurrency_limit": 1}
    with gr.Column(visible=False):
        go = gr.Button("API")
        for name, outputs in API_OUTPUTS.items():
            work = getattr(api, name)
            inputs: list[Any] = [session]
            for parameter in list(inspect.signature(work).parameters.values())[2:]:
                kind = gr.File if parameter.name == "video" else kinds[str(parameter.annotation)]
                default = None if parameter.default is inspect.Parameter.empty else parameter.default
                inputs.append(kind(value=default, label=parameter.name))
            made = [kind(**options) for kind, options in outputs]
            go.click(work, inputs, made, api_name=name, **(heavy if name in ("suggest", "dub") else {}))
