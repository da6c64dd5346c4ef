"""The music benchmarks run dry, so that they work when they are needed."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from benchmarks import any_length, form, full_size, inversion
from benchmarks.clips import make_clips
from riffusion_inference.datatypes import SpectrogramParams
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.spectrogram.mel import mel_from_waveform


def run(module: object, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark", *arguments])
    module.main()  # type: ignore[attr-defined]


def test_full_size_runs_dry(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(full_size, monkeypatch, "--tiny", "--device", "cpu", "--steps", "1", "2", "--seconds", "0.5")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("device: ")
    assert [line.split()[:3] for line in lines[-2:]] == [["0.50", "s", "1"], ["0.50", "s", "2"]]


def test_any_length_measures_one_piece(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(any_length, monkeypatch, "--child", "--model", str(tiny_checkpoint), "--steps", "1", "--seconds", "1")
    result = json.loads(capsys.readouterr().out)
    assert result["got"] == result["wanted"] == 44100
    assert result["windows"] == 6


def test_a_seam_is_found() -> None:
    time = np.arange(5 * 44100) / 44100
    steady = np.sin(2 * np.pi * 300 * time) + 0.01 * np.random.default_rng(0).standard_normal(len(time))
    broken = np.where(time < 2.5, steady, 0.3 * np.sin(2 * np.pi * 900 * time))
    assert all(z > 5 for _, _, z in any_length.seams(broken, [2.5]).values())
    assert all(z < 3 for _, _, z in any_length.seams(steady, [1.0, 2.5, 3.1]).values())
    assert any_length.seams(steady, []) == {}


def test_the_clips_of_the_inversion_differ_and_repeat() -> None:
    clips, again = make_clips(n_samples=22050), make_clips(n_samples=22050)
    assert list(clips) == ["band", "arpeggio", "voice"]
    for name, clip in clips.items():
        assert clip.samples.shape == (1, 22050)
        np.testing.assert_array_equal(clip.samples, again[name].samples)
        mel = mel_from_waveform(clip, SpectrogramParams())
        assert inversion.convergence_db(mel, clip.samples) < -80
        assert inversion.convergence_db(mel, 0.5 * clip.samples) == pytest.approx(-6.02, abs=0.01)
        assert inversion.image_error(mel, clip.samples) < 0.01 < inversion.image_error(mel, 0.5 * clip.samples)


def test_the_measures_of_form_know_what_they_measure() -> None:
    rng = np.random.default_rng(0)
    noise = rng.random((256, 1500)).astype(np.float32)
    again = np.tile(noise[:, :250], (1, 6))
    assert form.repetition(again) > 0.99
    assert form.repetition(noise) < 0.1
    score = write_score(read_prompt("house, 123 bpm"), Fraction(20), seed=0)
    mel = form.sketched("", score)
    assert form.heard_tempo(mel) == pytest.approx(123, rel=form.TOLERANCE)
    assert form.pulse(mel, 123) > 0.5 > form.pulse(noise, 123)
    assert form.dies_away_db(mel) < -20
    assert form.likeness_of(mel, mel) == pytest.approx(1.0)


def test_form_is_measured_of_sketches(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(form, "SECONDS", 8)
    monkeypatch.setattr(form, "N_SEEDS", 2)
    run(form, monkeypatch, "--sketch-only")
    printed = capsys.readouterr().out
    assert "of 12, of which" in printed
    assert printed.splitlines()[-1].startswith("a score of ten minutes with")
