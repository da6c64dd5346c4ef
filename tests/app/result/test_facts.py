"""What decides a result's samples has one key, now and in results that were made earlier."""

from __future__ import annotations

import numpy as np
import pytest

from app.result.key import generation_key
from riffusion_inference.datatypes import GenerationSettings, Waveform

PLAIN = GenerationSettings("calm piano", seed=7)
FULL = GenerationSettings(
    "techno, 120 BPM",
    negative_prompt="drums",
    seed=1,
    guidance_scale=4,
    num_inference_steps=12,
    scheduler="ddim",
    candidates=3,
    loop=True,
    strength=0.5,
    extra={"n_candidates": 2},
)


@pytest.mark.parametrize(
    ("settings", "model", "n_samples", "sample_rate", "key"),
    [
        (PLAIN, "pocket", 44100, 44100, "36d9da720754669c61d53cd081cfef6e2ec1e4bcb43b88b2af789c3f49514e35"),
        (
            FULL,
            "riffusion/riffusion-model-v1",
            220500,
            48000,
            "7263b96e9faf5f15391f601307296a162a4bca935d7ca25d9541a17841db7c36",
        ),
        (
            GenerationSettings("calm", seed=7, seed_audio=Waveform(np.zeros((1, 9), np.float32), 9)),
            "pocket",
            44100,
            44100,
            "e82658d40eef9f070dc4a048073cc2f96e040ce5bc06dc7d876257f7046962e6",
        ),
    ],
    ids=["plain", "full", "seed sound"],
)
def test_results_of_version_0_1_0_keep_their_key(
    settings: GenerationSettings, model: str, n_samples: int, sample_rate: int, key: str
) -> None:
    """The keys were written by that version, which had no tempo among its settings."""
    assert generation_key(settings, model, n_samples, sample_rate) == key


def test_a_tempo_makes_another_key_and_how_it_is_written_does_not() -> None:
    def key(bpm: float | None) -> str:
        return generation_key(GenerationSettings("calm piano", seed=7, bpm=bpm), "pocket", 44100, 44100)

    assert len({key(None), key(96), key(97)}) == 3
    assert key(96) == key(96.0)
