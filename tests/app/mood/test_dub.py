"""What a prompt's tempo and several takes mean for a dub: held to whole bars, the best take first."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.dub.music import best_first, make_takes, with_named_bpm
from app.dub.run import Run
from app.settings import Settings
from riffusion_inference.datatypes import GenerationSettings, Take, Waveform


def take(seed: int, share_silent: float) -> Take:
    samples = np.random.default_rng(seed).standard_normal((1, 44100)) * 0.1
    samples[:, : int(44100 * share_silent)] = 0
    return Take(Waveform(samples.astype(np.float32), 22050), seed, notes=("made",))


def test_the_tempo_that_a_prompt_names_is_kept() -> None:
    assert with_named_bpm(GenerationSettings("slow steady rhythm at 64 BPM; piano")).bpm == 64
    assert with_named_bpm(GenerationSettings("calm piano")).bpm is None


def test_a_tempo_that_is_set_goes_before_the_prompts_and_none_of_it_leaves_the_beat_alone() -> None:
    prompt = "techno at 128 BPM"
    assert with_named_bpm(GenerationSettings(prompt, bpm=90)).bpm == 90
    assert with_named_bpm(GenerationSettings(prompt, extra={"bpm": None})).bpm is None
    # As a manifest has it that was written before the tempo was a setting of its own.
    assert with_named_bpm(GenerationSettings(prompt, extra={"bpm": 96.0})).bpm == 96


def test_several_takes_are_ranked_by_the_tempo_that_is_set() -> None:
    ordered = best_first([take(1, 0.0), take(2, 0.0)], GenerationSettings("techno", bpm=128))
    assert all("tempo match" in one.notes[1] for one in ordered)
    assert not any("tempo" in one.notes[1] for one in best_first([take(1, 0.0), take(2, 0.0)], GenerationSettings("x")))


class Recorder:
    """A model that notes the tempos it is asked for, and makes silence."""

    name, licence, sample_rate, native_seconds, takes_scores = "recorder", "none", 8000, 5.0, False

    def __init__(self) -> None:
        self.tempos: list[float | None] = []

    def generate(self, settings: GenerationSettings, n_samples: int, sample_rate: int, **_: Any) -> list[Take]:
        self.tempos.append(settings.bpm)
        return [Take(Waveform(np.zeros((1, n_samples), np.float32), sample_rate), 1)]

    def unload(self) -> None:
        """Nothing to give back."""


def test_the_prompts_tempo_reaches_the_model_unless_the_beat_is_to_be_left_alone() -> None:
    model, run = Recorder(), Run(Settings())
    for extra in ({}, {"bpm": None}):
        settings = GenerationSettings("techno at 120 BPM", extra=extra)
        assert make_takes(model, settings, 16000, 8000, run)[0].waveform.n_samples == 16000
    assert model.tempos == [120, None]


def test_the_best_take_comes_first_and_all_say_why() -> None:
    takes = [take(1, 0.9), take(2, 0.0), take(3, 0.5)]
    ordered = best_first(takes, GenerationSettings("calm piano"))
    assert [one.seed for one in ordered] == [2, 3, 1]
    assert ordered[0].notes[0] == "made"
    assert ordered[0].notes[1].startswith("Rank 1 of 3: 0% silence, no clipping")
    assert best_first(takes[:1], GenerationSettings("calm piano")) == takes[:1]
