"""Music painted with the embedded checkpoint keeps the tempo that is written, from its first beat to its last."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from riffusion_inference import GenerationSettings, MusicModel, load_model
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.takes.beats import beats_off, find_pulse


@pytest.fixture(scope="module")
def pocket() -> MusicModel:
    return load_model("pocket", device="cpu")


def test_techno_keeps_its_beat_over_several_windows_and_dies_away(pocket: MusicModel) -> None:
    words, seconds = "techno, drums, 127 BPM", 14
    score = write_score(read_prompt(words), Fraction(seconds), 1)
    settings = GenerationSettings(words, seed=1, guidance_scale=1.5, num_inference_steps=6, scores=(score,))
    (take,) = pocket.generate(settings, seconds * pocket.sample_rate, pocket.sample_rate)
    assert find_pulse(take.waveform, 110, 140).bpm == pytest.approx(127, abs=1)
    assert abs(beats_off(take.waveform, 127, end=6.0)) < 0.1
    assert abs(beats_off(take.waveform, 127, start=6.0, end=12.0)) < 0.1
    samples = take.waveform.samples[0]
    assert np.abs(samples[-pocket.sample_rate // 10 :]).max() < 0.2 * np.abs(samples).max()


def test_it_paints_without_a_score_too(pocket: MusicModel) -> None:
    settings = GenerationSettings("calm piano", seed=1, guidance_scale=4.0, num_inference_steps=6)
    (take,) = pocket.generate(settings, 2 * pocket.sample_rate, pocket.sample_rate)
    assert take.score is None
    assert np.abs(take.waveform.samples).max() > 0.05
