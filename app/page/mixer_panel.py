"""The mixer's widgets: how the chosen part's music and its own sound share it, after the music was made."""

from __future__ import annotations

import gradio as gr

from ..settings.options import MATCH, OPTIONS
from ..soundtrack.mix import MixSettings
from . import strings
from .panels import Widgets, hint, labels
from .render import render

PLAIN = MixSettings()
SLIDERS = {
    "mix_gain": ("music_gain_db", PLAIN.music_gain_db),
    "mix_fade_in": ("fade_in", PLAIN.fade_in),
    "mix_fade_out": ("fade_out", PLAIN.fade_out),
    "mix_depth": ("duck_depth_db", 0),
    "mix_attack": ("duck_attack", PLAIN.duck_attack),
    "mix_release": ("duck_release", PLAIN.duck_release),
}
"""Of each slider its option and its value at first."""


def mixer_panel() -> Widgets:
    """Level, fades, replace, under or duck, loudness."""
    widgets: Widgets = {}
    with gr.Accordion(strings.MIXER_HEADING, open=False, visible=False, elem_id="panel-mixer") as widgets["mixer"]:
        hint(strings.MIXER_INTRO)
        gr.HTML(render("hear"), elem_id="hear")
        words = labels("sound_mode")
        widgets["mix_mode"] = gr.Radio(list(strings.SOUND_CHOICES), value=str(PLAIN.mode), elem_id="mix_mode", **words)
        names = list(SLIDERS)
        for one, other in zip(names[::2], names[1::2], strict=True):
            with gr.Row():
                widgets[one], widgets[other] = _slider(one), _slider(other)
        with gr.Row():
            widgets["mix_match"] = gr.Radio(
                list(strings.LOUDNESS_CHOICES), value=MATCH, min_width=160, **labels("loudness")
            )
            level = OPTIONS["loudness"]
            widgets["mix_level"] = gr.Slider(
                level.low, level.high, -16, step=level.step, min_width=160, buttons=[], **labels("loudness_lufs")
            )
        widgets["apply_mix"] = gr.Button(strings.APPLY_MIX, elem_id="apply-mix")
        widgets["mix_news"] = gr.HTML("", elem_id="mix-news")
        widgets["mix_facts"] = gr.HTML("", elem_id="mix-facts", js_on_load="window.dubMixer(element);")
    return widgets


def _slider(name: str) -> gr.Slider:
    option_name, value = SLIDERS[name]
    option = OPTIONS[option_name]
    label, info = strings.MIXER[name]
    return gr.Slider(
        option.low,
        option.high,
        value,
        step=option.step,
        label=label,
        info=info,
        min_width=160,
        buttons=[],
        elem_id=name,
    )
