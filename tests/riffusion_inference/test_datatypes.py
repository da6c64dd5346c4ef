"""Settings are checked when they are made."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from riffusion_inference.datatypes import GenerationSettings, SpectrogramParams, Waveform, check_length
from riffusion_inference.errors import SettingError, SpectrogramError


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"prompt": "  "}, "prompt is empty"),
        ({"guidance_scale": float("nan")}, "Guidance scale is nan, but must be from 0 to 45"),
        ({"guidance_scale": 45.1}, "from 0 to 45"),
        ({"guidance_scale": -1}, "from 0 to 45"),
        ({"num_inference_steps": 0}, "Steps is 0, but must be from 1 to 100"),
        ({"num_inference_steps": 101}, "from 1 to 100"),
        ({"num_inference_steps": 2.5}, "whole number"),
        ({"num_inference_steps": True}, "from 1 to 100"),
        ({"candidates": 9}, "from 1 to 8"),
        ({"seed": -1}, "from 0 to"),
        ({"seed": 2**32}, "from 0 to"),
        ({"seed": 1.5}, "whole number"),
        ({"strength": 1.01}, "from 0 to 1"),
        ({"bpm": 39.9}, "Tempo in BPM is 39.9, but must be from 40 to 240"),
        ({"bpm": 300}, "Tempo in BPM is 300, but must be from 40 to 240: choose a value in that range"),
        ({"bpm": float("nan")}, "from 40 to 240"),
        ({"scheduler": "plms"}, "choose one of dpm"),
        ({"seed_image": Image.new("L", (1, 1)), "seed_audio": Waveform(np.zeros((1, 1)), 1)}, "choose one"),
    ],
)
def test_what_is_out_of_range_is_a_sentence(change: dict[str, object], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        GenerationSettings(**{"prompt": "piano", **change})  # type: ignore[arg-type]


def test_the_edges_are_allowed() -> None:
    low = GenerationSettings(
        "x", guidance_scale=0, num_inference_steps=1, candidates=8, seed=2**32 - 1, strength=0.0, bpm=40
    )
    high = GenerationSettings(
        "x", guidance_scale=45, num_inference_steps=100, candidates=1, seed=0, strength=1.0, bpm=240
    )
    assert low.seeds() == (2**32 - 1, 0, 1, 2, 3, 4, 5, 6)
    assert high.seeds() == (0,)


def test_a_seed_that_is_not_given_is_drawn() -> None:
    drawn = {GenerationSettings("x").seeds() for _ in range(4)}
    assert len(drawn) > 1


@pytest.mark.parametrize(
    "change",
    [
        {"hop_length": 0},
        {"hop_length": 5000},
        {"win_length": 20000},
        {"f_min": 10000.0},
        {"f_max": 22051.0},
        {"f_min": -1.0},
        {"n_mels": 0},
        {"sample_rate": 0},
        {"power_for_image": 0.0},
        {"power_for_image": float("nan")},
    ],
)
def test_impossible_params_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(SpectrogramError):
        SpectrogramParams(**change)  # type: ignore[arg-type]


def test_params_round_trip_and_name_unknown_keys() -> None:
    params = SpectrogramParams(n_mels=256)
    assert SpectrogramParams.from_dict(params.to_dict()) == params
    with pytest.raises(SpectrogramError, match="n_mel, step"):
        SpectrogramParams.from_dict({"n_mel": 1, "step": 2})


@pytest.mark.parametrize("n_samples", [0, -1, 8819, 26_460_001])
def test_lengths_out_of_range_say_the_range(n_samples: int) -> None:
    with pytest.raises(SettingError, match=r"0\.2 to 600 s"):
        check_length(n_samples, 44100)


def test_lengths_at_the_edges_are_allowed() -> None:
    check_length(8820, 44100)
    check_length(26_460_000, 44100)


def test_a_sample_rate_of_zero_is_a_sentence() -> None:
    with pytest.raises(SettingError, match="Sample rate is 0"):
        check_length(100, 0)
