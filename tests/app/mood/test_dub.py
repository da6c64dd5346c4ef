"""What a prompt's tempo and several takes mean for a dub: held to whole bars, the best take first."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from app.dub.music import best_first, with_part_bpm
from riffusion_inference.datatypes import GenerationSettings, Take, Waveform


def take(seed: int, share_silent: float) -> Take:
    samples = np.random.default_rng(seed).standard_normal((1, 44100)) * 0.1
    samples[:, : int(44100 * share_silent)] = 0
    return Take(Waveform(samples.astype(np.float32), 22050), seed, notes=("made",))


def test_the_prompts_rounded_tempo_becomes_the_parts_exact_one() -> None:
    duration = Fraction(7517, 1000)
    asked = with_part_bpm(GenerationSettings("slow steady rhythm at 64 BPM; piano"), duration)
    assert asked.extra["bpm"] == pytest.approx(2 * 240 / 7.517)
    assert with_part_bpm(GenerationSettings("calm piano"), duration).extra == {}
    let_be = GenerationSettings("techno at 128 BPM", extra={"bpm": None})
    assert with_part_bpm(let_be, duration) is let_be


def test_the_best_take_comes_first_and_all_say_why() -> None:
    takes = [take(1, 0.9), take(2, 0.0), take(3, 0.5)]
    ordered = best_first(takes, GenerationSettings("calm piano"))
    assert [one.seed for one in ordered] == [2, 3, 1]
    assert ordered[0].notes[0] == "made"
    assert ordered[0].notes[1].startswith("Rank 1 of 3: 0% silence, no clipping")
    assert best_first(takes[:1], GenerationSettings("calm piano")) == takes[:1]
