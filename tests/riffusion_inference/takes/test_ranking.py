"""Takes ordered by measures with names, and by a real (tiny) CLAP where there is one."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from riffusion_inference.datatypes import Take, Waveform
from riffusion_inference.takes.beats import find_pulse, onset_strength, tempo_match
from riffusion_inference.takes.ranking import measure, rank
from tests.tiny_audioldm import save_tiny_clap

SAMPLE_RATE = 22050


def clicks(bpm: float, seconds: float = 6.0, first: float = 0.1, noise: float = 0.01) -> Waveform:
    """A short tone on every beat, over a little noise."""
    n_samples = int(seconds * SAMPLE_RATE)
    samples = np.random.default_rng(0).standard_normal(n_samples) * noise
    tone = np.exp(-np.arange(3000) / 600) * np.sin(np.arange(3000) * 0.2) * 0.5
    for beat in np.arange(first, seconds - 0.2, 60 / bpm):
        start = int(beat * SAMPLE_RATE)
        samples[start : start + 3000] += tone
    return Waveform(samples[None].astype(np.float32), SAMPLE_RATE)


def take(samples: np.ndarray, seed: int = 0) -> Take:
    return Take(Waveform(samples[None].astype(np.float32), SAMPLE_RATE), seed)


@pytest.mark.parametrize("bpm", [62, 75, 90, 96.5, 110, 128, 140])
def test_the_pulse_of_a_metronome_is_found(bpm: float) -> None:
    pulse = find_pulse(clicks(bpm), bpm / 1.4, bpm * 1.4)
    assert pulse.bpm == pytest.approx(bpm, rel=0.006)
    assert pulse.strength > 0.7
    assert pulse.first_beat == pytest.approx(0.1, abs=0.03)
    assert tempo_match(clicks(bpm), bpm) > 0.9
    assert tempo_match(clicks(bpm), bpm * 1.2) < 0.5


def test_noise_and_silence_have_no_pulse() -> None:
    noise = np.random.default_rng(1).standard_normal((1, 5 * SAMPLE_RATE)).astype(np.float32)
    assert find_pulse(Waveform(noise, SAMPLE_RATE)).strength < 0.2
    silence = Waveform(np.zeros((1, SAMPLE_RATE), np.float32), SAMPLE_RATE)
    assert find_pulse(silence).strength == 0
    assert tempo_match(silence, 90) == 0
    assert not onset_strength(silence).any()


def test_the_best_comes_first_and_all_are_kept() -> None:
    good = clicks(96).samples[0]
    silence = np.zeros_like(good)
    clipped = np.clip(good * 50, -1, 1)
    half = good * (np.arange(len(good)) < len(good) / 2)
    takes = [take(silence, 1), take(clipped, 2), take(half, 3), take(good, 4)]
    ranked = rank(takes, "piano", 96)
    assert [found.take.seed for found in ranked] == [4, 3, 2, 1]
    assert ranked[0].reasons[:2] == ("0% silence", "no clipping")
    assert any("clipped" in reason and reason != "no clipping" for reason in ranked[2].reasons)
    assert ranked[-1].score == 0
    assert rank(takes, "piano", 96) == ranked


def test_the_wanted_tempo_decides_between_good_takes() -> None:
    slow, fast = take(clicks(80).samples[0], 1), take(clicks(100).samples[0], 2)
    assert rank([slow, fast], "piano", 100)[0].take.seed == 2
    assert rank([slow, fast], "piano", 80)[0].take.seed == 1


def test_measures_are_what_they_are_called() -> None:
    quiet = np.concatenate([np.full(SAMPLE_RATE, 0.5), np.zeros(SAMPLE_RATE)])
    found = measure(Waveform(quiet[None].astype(np.float32), SAMPLE_RATE))
    assert found.silence_share == pytest.approx(0.5, abs=0.05)
    assert found.clipped_share == 0
    assert found.level_variation_db == pytest.approx(0, abs=1e-6)
    assert found.tempo is None
    loud = measure(Waveform(np.ones((2, SAMPLE_RATE), np.float32), SAMPLE_RATE))
    assert loud.clipped_share == 1


def test_clap_is_used_when_its_weights_are_here(tmp_path: Path) -> None:
    folder = save_tiny_clap(tmp_path)
    takes = [take(clicks(96).samples[0], 1), take(clicks(120, noise=0.2).samples[0], 2)]
    ranked = rank(takes, "calm piano", clap=folder)
    assert all(found.reasons[0].startswith("CLAP similarity") for found in ranked)
    assert {found.take.seed for found in ranked} == {1, 2}
    assert rank(takes, "calm piano", clap=folder) == ranked


def test_nothing_is_downloaded_for_ranking(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise AssertionError("ranking opened a connection")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    takes = [take(clicks(96).samples[0], 1), take(clicks(120).samples[0], 2)]
    assert not any("CLAP" in reason for found in rank(takes, "calm piano") for reason in found.reasons)
