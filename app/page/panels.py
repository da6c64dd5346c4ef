"""The page's panels: video, parts, prompt, suggestion, settings, run, results. Widgets only; build.py wires them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..settings import OPTIONS, Option, Settings
from ..settings.options import MATCH
from . import strings
from .cards import card_html, facts_html, heading_html, hint_html, reading_html, stills_html, strip_html
from .input import summary
from .order import FIXED
from .render import render
from .results import MAX_COLUMNS, history_html
from .session import Session
from .word_chips import words_html

Widgets = dict[str, Any]
"""Widgets by name."""
MAX_PARTS = 60
AUTO, POCKET = "auto", "pocket"
MODELS = (AUTO, POCKET, "riffusion", "audioldm", "audioldm2", "replicate")
SPOKEN = "element.closest('#reading').setAttribute('aria-live', 'polite');"
"""What is said of the prompt changes while somebody types: spoken when there is a pause."""
TELL_TAKE = (
    "window.dubDetail(element);"
    "element.addEventListener('click', (event) => { const button = event.target.closest('[data-take]');"
    " if (button) { button.disabled = true; trigger('select', { index: Number(button.dataset.take),"
    " part: Number(button.closest('[data-part]').dataset.part) }); } });"
)


def masthead() -> str:
    """Name, purpose and the switch between light and dark."""
    return render("masthead")


def heading(text: str) -> None:
    """A panel's heading."""
    gr.HTML(heading_html(text))


def hint(text: str) -> None:
    """A line of help."""
    gr.HTML(hint_html(text))


def film_panel() -> Widgets:
    """The film, its timeline, what to cut it into, and how another film gets here."""
    fresh = Session()
    widgets: Widgets = {}
    with gr.Column(elem_id="panel-film"):
        gr.HTML(render("stage"), elem_id="stage", js_on_load="window.dubStage(element);")
        widgets["video"] = gr.Video(label=strings.VIDEO_LABEL, sources=["upload"], height=260, elem_id="video")
        widgets["facts"] = gr.HTML(facts_html(None), elem_id="facts")
        with gr.Row(elem_classes="chips", elem_id="examples"):
            for number, (_, label) in enumerate(strings.EXAMPLES):
                widgets[f"example{number}"] = gr.Button(label, size="sm", min_width=120)
        widgets["timeline"] = gr.HTML("", elem_id="timeline", js_on_load="window.dubTimeline(element);")
        widgets["strip"] = gr.HTML(strip_html(fresh), elem_id="strip", js_on_load="window.dubStrip('part', element);")
        widgets["part"], widgets["parts_shown"] = kept("part", 1), kept("parts_shown", 0)
        widgets["range"] = kept("range", [])
        widgets.update(_cut(fresh))
    return widgets


def _cut(fresh: Session) -> Widgets:
    """Number of parts, and what the cut means."""
    widgets: Widgets = {}
    with gr.Row(elem_id="panel-parts", equal_height=True):
        widgets["n_parts"] = gr.Slider(
            1,
            MAX_PARTS,
            fresh.n_parts,
            step=1,
            label=strings.N_PARTS_LABEL,
            info=strings.N_PARTS_HELP,
            min_width=200,
            buttons=[],
        )
        widgets["equal"] = gr.Button(strings.EQUAL_PARTS, elem_id="equal", scale=0, min_width=120)
    widgets["split_notes"] = gr.HTML("", elem_id="split-notes")
    return widgets


def kept(name: str, value: int | list[Any]) -> gr.HTML:
    """A value that the page itself sets, by window.dubKeep, and sends with events; nobody sees it."""
    return gr.HTML(
        value,
        html_template="",
        visible="hidden",
        elem_id=f"kept-{name}",
        js_on_load=f"window.dubKeep('{name}', props, () => trigger('select'));",
    )


def music_panel(settings: Settings) -> Widgets:
    """Prompt with Apply and the eye that reads the picture, ideas, what the picture says."""
    widgets: Widgets = {}
    with gr.Column(elem_id="panel-music"):
        heading(strings.MUSIC_HEADING)
        with gr.Row(elem_id="prompt-row", equal_height=False):
            widgets["prompt"] = gr.Textbox(
                label=strings.PROMPT_LABEL,
                info=strings.PROMPT_HELP,
                placeholder=strings.PROMPT_PLACEHOLDER,
                lines=1,
                max_lines=4,
                submit_btn=strings.APPLY,
                elem_id="prompt",
            )
            widgets["suggest"] = gr.Button(strings.READ_PICTURE, elem_id="suggest", scale=0, min_width=44)
        widgets["saw"] = gr.HTML("", elem_id="saw")
        widgets["use_found"] = gr.Button(strings.USE_FOUND, size="sm", visible=False, elem_id="use-found")
        widgets["reading"] = gr.HTML(reading_html(strings.READING_EMPTY), elem_id="reading", js_on_load=SPOKEN)
        gr.HTML(words_html(), elem_id="words", js_on_load="window.dubWords(element);")
        widgets["wording"] = kept("wording", [])
        with gr.Row(elem_classes="chips", elem_id="ideas"):
            for number, idea in enumerate(strings.PROMPT_EXAMPLES):
                widgets[f"idea{number}"] = gr.Button(idea, size="sm", min_width=100)
    return widgets


def suggestion(settings: Settings) -> Widgets:
    """Stills to choose from, and who looks at them."""
    widgets: Widgets = {}
    with gr.Accordion(strings.SUGGEST_HEADING, open=False, elem_id="suggestion"):
        hint(strings.SUGGEST_INTRO)
        with gr.Row(equal_height=True):
            widgets["stills_count"] = gr.Slider(
                1, 12, 2, step=1, label=strings.STILLS_COUNT_LABEL, info=strings.STILLS_COUNT_HELP, min_width=200
            )
            widgets["show_stills"] = gr.Button(strings.STILLS_BUTTON, min_width=120, elem_id="show-stills")
        widgets["stills"] = gr.HTML(
            stills_html(Session()), elem_id="stills", js_on_load="window.dubStrip('still', element);"
        )
        widgets["still"] = kept("still", 0)
        widgets["describer"] = gr.Dropdown(
            list(OPTIONS["describer"].choices),
            value=settings.describer,
            **labels("describer"),
            filterable=False,
            min_width=200,
        )
    return widgets


def run_panel() -> Widgets:
    """One place: the button, or the reason why there is none, or how far the run is; and the summary under it."""
    now = summary(Session(), 1)
    widgets: Widgets = {}
    with gr.Column(elem_id="panel-run"):
        with gr.Column(elem_id="go"):
            widgets["brief"] = gr.HTML(now["brief"], elem_id="brief")
            widgets["run"] = gr.Button(strings.RUN, variant="primary", size="lg", visible=False, elem_id="run")
            widgets["reason"] = gr.HTML(now["reason"]["value"], elem_id="reason")
            with gr.Row(elem_id="news", equal_height=False):
                with gr.Column(elem_id="said", min_width=160):
                    widgets["waiting"] = gr.HTML("", elem_id="waiting")
                    widgets["progress"] = gr.HTML("", elem_id="progress", js_on_load="window.dubProgress(element);")
                widgets["cancel"] = gr.Button(
                    strings.CANCEL, variant="stop", visible=False, elem_id="cancel", scale=0, min_width=90
                )
        widgets["card"] = gr.HTML(card_html(Session(), 1), elem_id="card", js_on_load="window.dubCard(element);")
    return widgets


def settings_panel(settings: Settings, *, any_checkpoint: bool) -> Widgets:
    """Additional settings, each with one line of help."""
    with gr.Accordion(strings.SETTINGS_HEADING, open=False, elem_id="panel-settings"):
        negative = gr.Textbox(placeholder=strings.NEGATIVE_PLACEHOLDER, **labels("negative_prompt"))
        split = gr.Dropdown(
            list(strings.SPLIT_CHOICES), value=settings.split_mode, filterable=False, **labels("split_mode")
        )
        rest = {**_generation(settings, any_checkpoint), **_sound(settings), **_seeds(), **_columns()}
        return {"negative_prompt": negative, "split_mode": split, **rest}


def labels(name: str) -> dict[str, Any]:
    """Label and one line of help: the page's own words, or those of the table of options."""
    if name in strings.SETTINGS:
        label, info = strings.SETTINGS[name]
    else:
        label, text = OPTIONS[name].label, OPTIONS[name].help
        info = f"{text[0].upper()}{text[1:]}."
    return {"label": label, "info": info}


def _slider(name: str, value: float, option: Option | None = None) -> gr.Slider:
    option = option or OPTIONS[name]
    # Without Gradio's reset button, which knows the values of one checkpoint only.
    return gr.Slider(
        option.low, option.high, value, step=option.step, min_width=220, buttons=[], elem_id=name, **labels(name)
    )


def _generation(settings: Settings, any_checkpoint: bool) -> Widgets:
    # What "auto" stands for is known once torch is there; until then most machines have no GPU. See Wiring.settings.
    defaults = settings.model_defaults(POCKET if settings.model == AUTO else settings.model)
    models = list(dict.fromkeys([settings.model, *MODELS]))
    widgets: Widgets = {}
    with gr.Row():
        widgets["model"] = gr.Dropdown(
            models, value=settings.model, allow_custom_value=any_checkpoint, min_width=220, **labels("model")
        )
        widgets["scheduler"] = gr.Dropdown(
            list(OPTIONS["scheduler"].choices),
            value=defaults.scheduler,
            filterable=False,
            min_width=220,
            **labels("scheduler"),
        )
    with gr.Row():
        widgets["guidance_scale"] = _slider("guidance_scale", defaults.guidance_scale)
        widgets["num_inference_steps"] = _slider("num_inference_steps", defaults.num_inference_steps)
    with gr.Row():
        with gr.Column(min_width=220), gr.Row(equal_height=True):
            # A number field cannot be empty in the browser, and empty is what draws a new seed.
            widgets["seed"] = gr.Textbox(
                "", max_lines=1, placeholder=strings.SEED_PLACEHOLDER, min_width=120, elem_id="seed", **labels("seed")
            )
            widgets["dice"] = gr.Button(f"⚄ {strings.DICE}", scale=0, min_width=150, elem_id="dice")
        with gr.Column(min_width=220):
            widgets["candidates"] = _slider("candidates", defaults.candidates)
    widgets["own_values"] = gr.Button(strings.OWN_VALUES, size="sm", min_width=120, elem_id="own-values")
    widgets["touched"] = kept("touched", [])
    return widgets


def _sound(settings: Settings) -> Widgets:
    widgets: Widgets = {}
    with gr.Row():
        widgets["sound_mode"] = gr.Radio(
            list(strings.SOUND_CHOICES), value=settings.sound_mode, min_width=220, **labels("sound_mode")
        )
        widgets["music_gain_db"] = _slider("music_gain_db", settings.music_gain_db)
    fixed = settings.loudness is not None
    with gr.Row():
        widgets["loudness"] = gr.Radio(
            list(strings.LOUDNESS_CHOICES), value=FIXED if fixed else MATCH, min_width=220, **labels("loudness")
        )
        level = settings.loudness if settings.loudness is not None else -16
        widgets["loudness_lufs"] = _slider("loudness_lufs", level, OPTIONS["loudness"])
    return widgets


def _seeds() -> Widgets:
    widgets: Widgets = {}
    image, sound = labels("seed_image"), labels("seed_audio")
    with gr.Row():
        with gr.Column(min_width=220):
            # A plain file: an image widget would re-encode it and lose the spectrogram's parameters in its EXIF.
            widgets["seed_image"] = gr.File(
                label=image["label"], file_types=["image"], height=150, elem_id="seed_image"
            )
            hint(image["info"])
        with gr.Column(min_width=220):
            widgets["seed_audio"] = gr.Audio(
                label=sound["label"], type="filepath", sources=["upload"], elem_id="seed_audio"
            )
            hint(sound["info"])
    with gr.Row():
        with gr.Column(min_width=220):
            widgets["strength"] = _slider("strength", 0.6)
        with gr.Column(min_width=220):
            widgets["loop"] = gr.Checkbox(False, **labels("loop"))
    return widgets


def _columns() -> Widgets:
    return {"columns": gr.Slider(1, MAX_COLUMNS, 3, step=1, elem_id="columns", **labels("columns"))}


def results_panel() -> Widgets:
    """Downloads, the chosen part's music, all parts, the history."""
    widgets: Widgets = {}
    with gr.Column(elem_id="panel-results"):
        heading(strings.RESULTS_HEADING)
        widgets["results_empty"] = gr.HTML(render("empty", text=strings.RESULTS_EMPTY, small=False))
        with gr.Row(elem_id="downloads"):
            widgets["film_file"] = gr.DownloadButton(
                strings.DOWNLOAD_FILM, visible=False, min_width=140, elem_id="film-file"
            )
            widgets["archive"] = gr.DownloadButton(
                strings.DOWNLOAD_ARCHIVE, visible=False, min_width=140, elem_id="archive"
            )
            widgets["undo"] = gr.Button(strings.UNDO_NONE, visible=False, min_width=120, elem_id="undo")
        widgets["detail"] = gr.HTML("", visible=False, elem_id="detail", js_on_load=TELL_TAKE)
        widgets["grid"] = gr.HTML("", visible=False, elem_id="grid")
        with gr.Accordion(strings.HISTORY_HEADING, open=False):
            widgets["history"] = gr.HTML(history_html(()), elem_id="history")
    return widgets
