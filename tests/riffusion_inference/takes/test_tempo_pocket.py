"""Music made with the embedded checkpoint keeps its beat, and for a part of whole bars ends on one."""

from __future__ import annotations

import numpy as np
import pytest

from riffusion_inference import GenerationSettings, load_model
from riffusion_inference.datatypes import Waveform
from riffusion_inference.diffusion.model import RiffusionModel
from riffusion_inference.errors import GenerationCancelled
from riffusion_inference.takes.beats import beats_off, find_pulse
from riffusion_inference.takes.tempo_hold import hold_takes, samples_to_make


def test_two_bars_of_techno_end_on_one() -> None:
    model = load_model("pocket", device="cpu")
    settings = GenerationSettings(
        "dark, hypnotic atmosphere; fast steady rhythm at 120 BPM; crystal synth arpeggios, techno, drums, minor key",
        seed=1,
        guidance_scale=4.0,
        num_inference_steps=12,
        bpm=120.0,
    )
    n_samples = 4 * model.sample_rate
    made = model.generate(settings, samples_to_make(settings, n_samples, model.sample_rate), model.sample_rate)
    take = hold_takes(made, settings, n_samples)[0]
    assert take.waveform.n_samples == n_samples
    assert "to 120.0 BPM" in take.notes[0]
    assert abs(find_pulse(take.waveform, 108, 132).bpm - 120) < 1
    # The last two beats lie on the grid that began with the part: the next beat is the bar line at its end.
    assert abs(beats_off(take.waveform, 120, start=3.0)) < 0.1
    model.unload()


def test_several_windows_of_techno_keep_one_beat_though_no_tempo_is_named() -> None:
    model = load_model("pocket", device="cpu")
    assert isinstance(model, RiffusionModel)
    settings = GenerationSettings("techno, drums", seed=0, guidance_scale=4.0, num_inference_steps=12)
    n_samples = 10 * model.sample_rate
    bpm = model.tempo(settings, 0, n_samples, model.sample_rate)
    assert bpm is not None
    sound = model.generate(settings, n_samples, model.sample_rate)[0].waveform
    beat = find_pulse(sound, 2 * bpm * 0.97, 2 * bpm * 1.03).bpm
    first, second = beats_off(sound, beat, end=5.0), beats_off(sound, beat, start=5.0)
    assert abs((second - first + 0.5) % 1 - 0.5) < 0.15
    model.unload()


def test_nothing_is_sketched_where_it_would_not_help() -> None:
    model = load_model("pocket", device="cpu")
    assert isinstance(model, RiffusionModel)
    rate, settings = model.sample_rate, GenerationSettings("techno, drums", num_inference_steps=2)
    asked = GenerationSettings("techno, drums", num_inference_steps=2, bpm=100.0)
    seeded = GenerationSettings("techno", num_inference_steps=2, seed_audio=Waveform(np.zeros((1, 9), np.float32), 9))
    # Whoever sketches asks whether to stop.
    with pytest.raises(GenerationCancelled):
        model.tempo(settings, 0, 20 * rate, rate, should_cancel=lambda: True)
    assert model.tempo(settings, 0, 4 * rate, rate, should_cancel=lambda: True) is None
    assert model.tempo(asked, 0, 20 * rate, rate, should_cancel=lambda: True) == 100
    assert model.tempo(seeded, 0, 20 * rate, rate, should_cancel=lambda: True) is None
    model.unload()
