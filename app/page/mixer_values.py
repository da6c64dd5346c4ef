"""The mixer as it stands for a part: how its music is mixed now."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..result.facts import DubFacts
from ..settings.options import MATCH
from .order import FIXED

MIXER = ("mix_mode", "mix_gain", "mix_fade_in", "mix_fade_out", "mix_depth", "mix_attack", "mix_release", "mix_match",
         "mix_level")  # fmt: skip
"""The mixer's widgets."""


def mixer_values(music: DubFacts | None) -> dict[str, Any]:
    """The mixer's widgets as a part is mixed, folded away; none where it has no music."""
    if music is None:
        return {"mixer": gr.update(visible=False, open=False), "mix_facts": ""}
    mix = music.mix
    values = {
        "mix_mode": str(mix.mode),
        "mix_gain": mix.music_gain_db,
        "mix_fade_in": mix.fade_in,
        "mix_fade_out": mix.fade_out,
        "mix_depth": mix.duck_depth_db if mix.duck_depth_db is not None else 0,
        "mix_attack": mix.duck_attack,
        "mix_release": mix.duck_release,
        "mix_match": MATCH if mix.loudness is None else FIXED,
        "mix_level": mix.loudness if mix.loudness is not None else music.target_lufs,
    }
    return {"mixer": gr.update(visible=True, open=False), "mix_facts": "", **values}
