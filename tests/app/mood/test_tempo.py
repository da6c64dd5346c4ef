"""The tempo that a prompt names in numbers."""

from __future__ import annotations

import pytest

from app.mood.tempo import named_bpm


@pytest.mark.parametrize(
    ("prompt", "bpm"),
    [
        ("slow steady rhythm at 64 BPM; piano", 64.0),
        ("techno 128bpm", 128.0),
        ("97.5 beats per minute", 97.5),
        ("an 808 beat, 1980 style", None),
        ("at 12 BPM", None),
        ("5000 bpm", None),
    ],
)
def test_a_prompts_tempo_is_read(prompt: str, bpm: float | None) -> None:
    assert named_bpm(prompt) == bpm
