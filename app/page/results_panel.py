"""The page's lower half: what came out. Widgets only; ui.py wires them."""

from __future__ import annotations

from html import escape

import gradio as gr

from . import strings
from .panels import Widgets, heading
from .results import history_html

TELL_TAKE = (
    "element.addEventListener('click', (event) => { const button = event.target.closest('[data-take]');"
    " if (button) { button.disabled = true; trigger('select', { index: Number(button.dataset.take) }); } });"
)


def results_panel() -> Widgets:
    """Downloads, the dubbed part, all parts, the film, the history."""
    widgets: Widgets = {}
    with gr.Column(elem_id="panel-results"):
        heading(strings.RESULTS_HEADING)
        widgets["results_empty"] = gr.HTML(
            f'<div class="strip empty"><p class="hint">{escape(strings.RESULTS_EMPTY)}</p></div>'
        )
        with gr.Row(elem_id="downloads"):
            widgets["archive"] = gr.DownloadButton(
                strings.DOWNLOAD_ARCHIVE, variant="primary", visible=False, min_width=180, elem_id="archive"
            )
            widgets["film_file"] = gr.DownloadButton(
                strings.DOWNLOAD_FILM, visible=False, min_width=180, elem_id="film-file"
            )
            widgets["undo"] = gr.Button(strings.UNDO_NONE, visible=False, min_width=140, elem_id="undo")
        widgets["detail"] = gr.HTML("", visible=False, elem_id="detail", js_on_load=TELL_TAKE)
        widgets["grid"] = gr.HTML("", visible=False, elem_id="grid")
        widgets["film"] = gr.HTML("", visible=False, elem_id="film")
        with gr.Accordion(strings.HISTORY_HEADING, open=False):
            widgets["history"] = gr.HTML(history_html(()), elem_id="history")
    return widgets
