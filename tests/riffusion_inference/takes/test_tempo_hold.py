"""Music that keeps its tempo: the beats of a spectrogram moved so that a part is whole bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from riffusion_inference.datatypes import GenerationSettings, SpectrogramParams, Take, Waveform
from riffusion_inference.errors import GenerationCancelled, SettingError
from riffusion_inference.spectrogram.image import image_from_mel, mel_from_image
from riffusion_inference.spectrogram.mel import mel_from_waveform
from riffusion_inference.takes.beats import FRAME_RATE, find_pulse, onset_strength
from riffusion_inference.takes.tempo_hold import hold_takes, samples_to_make

PARAMS = SpectrogramParams(22050, 4410, 2205, 441, 128, 0.0, 10000.0)
RATE = PARAMS.sample_rate


class Drummer:
    """An engine that plays at its own tempo, whatever it is asked for."""

    name, licence, sample_rate, native_seconds = "drummer", "none", RATE, 5.0

    def __init__(self, bpm: float, first: float = 0.31, painted: bool = True) -> None:
        self.bpm, self.first, self.painted = bpm, first, painted
        self.asked: list[int] = []

    def generate(self, settings: GenerationSettings, n_samples: int, sample_rate: int, **_: Any) -> list[Take]:
        self.asked.append(n_samples)
        samples = np.random.default_rng(0).standard_normal(n_samples) * 0.005
        tone = np.exp(-np.arange(3000) / 600) * np.sin(np.arange(3000) * 0.2) * 0.5
        for beat in np.arange(self.first, n_samples / sample_rate - 0.2, 60 / self.bpm if self.bpm else 1e9):
            start = int(beat * sample_rate)
            samples[start : start + 3000] += tone
        sound = Waveform(samples[None].astype(np.float32), sample_rate)
        if not self.painted:
            return [Take(sound, 1)]
        return [Take(sound, 1, image_from_mel(mel_from_waveform(sound, PARAMS)), PARAMS)]

    def unload(self) -> None:
        """Nothing to give back."""


def settings(bpm: float | None, **more: Any) -> GenerationSettings:
    return GenerationSettings("drums", bpm=bpm, **more)


def made_and_held(
    model: Any, asked: GenerationSettings, n_samples: int, sample_rate: int, should_cancel: Any = None
) -> list[Take]:
    """As a dub makes its takes."""
    takes = model.generate(asked, samples_to_make(asked, n_samples, sample_rate), sample_rate)
    return hold_takes(takes, asked, n_samples, should_cancel)


def off_the_grid(waveform: Waveform, bpm: float) -> list[float]:
    """For every beat of the grid from 0: seconds from it to the strongest onset within half a beat."""
    onsets = onset_strength(waveform)
    times = np.arange(len(onsets)) / FRAME_RATE
    beat = 60 / bpm
    errors = []
    for at in np.arange(beat, waveform.n_samples / waveform.sample_rate - beat / 2, beat):
        near = np.abs(times - at) < beat / 2
        errors.append(float(times[near][onsets[near].argmax()] - at))
    return errors


@pytest.mark.parametrize(("played", "wanted", "bars"), [(100, 96, 2), (120, 128, 3), (66, 64, 2), (90, 90, 2)])
def test_the_part_is_whole_bars_and_every_beat_is_on_the_grid(played: float, wanted: float, bars: int) -> None:
    n_samples = round(bars * 240 / wanted * RATE)
    before = Drummer(played).generate(settings(None), n_samples, RATE)[0]
    take = made_and_held(Drummer(played), settings(wanted), n_samples, RATE)[0]
    assert take.waveform.samples.shape == (1, n_samples)
    assert max(abs(error) for error in off_the_grid(take.waveform, wanted)) < 0.03
    assert max(abs(error) for error in off_the_grid(before.waveform, wanted)) > 0.05
    assert find_pulse(take.waveform, wanted * 0.9, wanted * 1.1).bpm == pytest.approx(wanted, rel=0.006)
    assert f"to {wanted:.1f} BPM" in take.notes[0]


def test_the_picture_is_what_is_heard() -> None:
    take = made_and_held(Drummer(100), settings(96), 5 * RATE, RATE)[0]
    assert take.image is not None
    painted = mel_from_image(take.image, PARAMS).mel_amplitudes.sum(axis=(0, 1))
    heard = mel_from_waveform(take.waveform, PARAMS).mel_amplitudes.sum(axis=(0, 1))
    assert len(painted) == len(heard)
    assert np.corrcoef(painted, heard)[0, 1] > 0.95


def test_without_a_tempo_nothing_changes() -> None:
    drummer = Drummer(100)
    for free in (settings(None), GenerationSettings("drums")):
        take = made_and_held(drummer, free, 2 * RATE, RATE)[0]
        assert take.notes == ()
    assert drummer.asked == [2 * RATE, 2 * RATE]


@pytest.mark.parametrize(
    ("drummer", "asked", "note"),
    [
        (Drummer(0), settings(96), "no clear beat near 96 BPM"),
        (Drummer(100, painted=False), settings(96), "keeps its own tempo"),
        (Drummer(100), settings(96, loop=True), "A loop keeps the tempo"),
    ],
    ids=["no beat", "no picture", "loop"],
)
def test_what_cannot_be_held_is_left_and_said(drummer: Drummer, asked: GenerationSettings, note: str) -> None:
    take = made_and_held(drummer, asked, 5 * RATE + 3, RATE)[0]
    plain = drummer.generate(asked, 5 * RATE + 3, RATE)[0]
    assert take.waveform.n_samples == 5 * RATE + 3
    assert note in take.notes[0]
    if take.image is not None and plain.image is not None:
        assert abs(take.image.width - plain.image.width) <= 1
        assert dict(take.image.getexif()) == dict(drummer.generate(asked, drummer.asked[0], RATE)[0].image.getexif())  # type: ignore[union-attr]


def test_ten_minutes_and_wrong_tempos() -> None:
    class Silent(Drummer):
        def generate(self, settings: GenerationSettings, n_samples: int, sample_rate: int, **_: Any) -> list[Take]:
            return [Take(Waveform(np.zeros((1, n_samples), np.float32), sample_rate), 1)]

    take = made_and_held(Silent(100), settings(96), 600 * 100, 100)[0]
    assert "Music this long keeps the tempo" in take.notes[0]
    for bpm in (0.0, 1000.0, float("nan")):
        with pytest.raises(SettingError, match="must be from 40 to 240"):
            made_and_held(Drummer(100), settings(bpm), 2 * RATE, RATE)
    with pytest.raises(GenerationCancelled):
        made_and_held(Drummer(100), settings(96), 2 * RATE, RATE, should_cancel=lambda: True)
