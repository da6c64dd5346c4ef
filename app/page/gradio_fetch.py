"""Gradio fetches what an input names by its address, whatever its size; here only uploads are inputs."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio import processing_utils

from . import strings


def fetch_nothing() -> None:
    """Let Gradio refuse inputs that are addresses, in a sentence, instead of fetching them."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise gr.Error(strings.NO_ADDRESSES, print_exception=False)

    async def refuse_later(*_: Any, **__: Any) -> Any:
        refuse()

    processing_utils.save_url_to_cache = processing_utils.ssrf_protected_download = refuse
    processing_utils.async_ssrf_protected_download = refuse_later
