"""Which settings have an effect: the others are greyed out, so that nobody turns what does nothing."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..settings import SoundMode
from ..settings.options import ATTRIBUTES, ScoreMode
from .input import Updates
from .order import FIXED
from .session import Session

DECIDED_BY = ("sound_mode", "loudness", "seed_image", "seed_audio", "score", "midi")
"""Widgets that decide over others."""
ONLY_WRITTEN = ("follow", *(name for name in ATTRIBUTES if name != "bpm"))
"""What acts on a score that is written; the tempo is held without one too."""
DECIDED = ("music_gain_db", "loudness_lufs", "strength", "bpm", *ONLY_WRITTEN)
"""Widgets over which is decided."""


def effects(_: Session, *values: Any) -> Updates:
    """Switch on what has an effect and off what has none, by the order of DECIDED_BY."""
    on = switched_on(dict(zip(DECIDED_BY, values, strict=True)))
    return {name: gr.update(interactive=is_on) for name, is_on in on.items()}


def switched_on(values: dict[str, Any]) -> dict[str, bool]:
    """Which of DECIDED have an effect."""
    own_score = values["midi"] is not None
    is_written = values["score"] != ScoreMode.OFF and not own_score
    return {
        "music_gain_db": values["sound_mode"] != SoundMode.REPLACE,
        "loudness_lufs": values["loudness"] == FIXED,
        "strength": values["seed_image"] is not None or values["seed_audio"] is not None,
        "bpm": not own_score,
        **dict.fromkeys(ONLY_WRITTEN, is_written),
    }
