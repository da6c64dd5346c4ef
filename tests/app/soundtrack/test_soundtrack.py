"""Loudness against known signals and FFmpeg, and the promises of a mix: exact length, no clipping, no click."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from app.soundtrack.loudness import CEILING_DBTP, db_to_gain, integrated_loudness, limit, true_peak, true_peak_dbtp
from app.soundtrack.mix import (
    DEFAULT_LUFS,
    FADE_SECONDS,
    MixSettings,
    audible_loudness,
    bring_to,
    fit_channels,
    join_edges,
    measure,
    mix,
    reference_loudness,
    speech_envelope,
)
from riffusion_inference.datatypes import Waveform

RATE = 22050


def tone(seconds: float, gain: float = 0.1, hz: float = 997.0, rate: int = RATE, n_channels: int = 2) -> Waveform:
    wave = gain * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return Waveform(np.tile(wave, (n_channels, 1)).astype(np.float32), rate)


def noise(seconds: float, gain: float = 0.1, seed: int = 0, n_channels: int = 2, rate: int = RATE) -> Waveform:
    drawn = np.random.default_rng(seed).standard_normal((n_channels, round(seconds * rate)))
    return Waveform((gain * drawn).astype(np.float32), rate)


def silence(seconds: float, n_channels: int = 2) -> Waveform:
    return Waveform(np.zeros((n_channels, round(seconds * RATE)), dtype=np.float32), RATE)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_a_full_scale_tone_in_one_channel_is_minus_three(rate: int) -> None:
    assert integrated_loudness(tone(2, 1.0, rate=rate, n_channels=1)) == pytest.approx(-3.01, abs=0.05)
    assert integrated_loudness(tone(2, 1.0, rate=rate, n_channels=2)) == pytest.approx(0.0, abs=0.05)


def test_gating_leaves_pauses_out() -> None:
    spoken = np.concatenate([tone(3).samples, silence(5).samples, tone(3).samples], axis=1)
    assert integrated_loudness(Waveform(spoken, RATE)) == pytest.approx(integrated_loudness(tone(3)), abs=0.3)


def test_loudness_and_true_peak_agree_with_ffmpeg(tmp_path: Path) -> None:
    import imageio_ffmpeg

    wave = noise(3, 0.2, rate=44100)
    wave.samples[:, 44100:80000] *= 0.05
    soundfile.write(tmp_path / "a.wav", wave.samples.T, 44100, subtype="FLOAT")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(tmp_path / "a.wav"), "-af", "ebur128=peak=true"]
    said = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    assert integrated_loudness(wave) == pytest.approx(float(re.findall(r"I:\s+(\S+) LUFS", said)[-1]), abs=0.15)
    assert true_peak_dbtp(wave) == pytest.approx(float(re.findall(r"Peak:\s+(\S+) dBFS", said)[-1]), abs=0.3)


def test_under_four_tenths_of_a_second_loudness_is_the_plain_mean() -> None:
    assert integrated_loudness(tone(0.3)) == pytest.approx(integrated_loudness(tone(3)), abs=0.3)
    assert integrated_loudness(silence(0.3)) is None
    assert integrated_loudness(silence(3)) is None
    assert integrated_loudness(silence(0)) is None


def test_peaks_between_samples_are_seen() -> None:
    at = np.arange(4000)
    quarter = (np.sin(np.pi / 2 * at + np.pi / 4) * np.hanning(4000))[None].astype(np.float32)
    assert np.abs(quarter).max() < 0.71
    assert true_peak(quarter) == pytest.approx(1.0, abs=0.01)


def test_the_limiter_touches_only_what_is_near_a_peak() -> None:
    wave = noise(2, 0.1).samples
    wave[:, 20000] = 1.5
    limited = limit(wave, RATE)
    assert true_peak(limited) <= db_to_gain(CEILING_DBTP) + 1e-5
    changed = np.flatnonzero(np.abs(limited - wave).max(axis=0) > 1e-6)
    assert changed.min() > 20000 - 500
    assert changed.max() < 20000 + 500
    quiet = noise(1, 0.05).samples
    assert np.array_equal(limit(quiet, RATE), quiet)


@settings(max_examples=30, deadline=None)
@given(
    n_samples=st.integers(1, 12000),
    channels=st.tuples(st.sampled_from([1, 2, 6]), st.sampled_from([1, 2])),
    gains=st.tuples(st.sampled_from([0.0, 1e-6, 0.03, 0.9, 3.0]), st.sampled_from([0.0, 1e-6, 0.05, 4.0])),
    mode=st.sampled_from(["replace", "under", "duck"]),
    loudness=st.sampled_from([None, -40.0, -16.0, -6.0]),
    seed=st.integers(0, 99),
)
def test_any_mix_is_finite_exact_and_never_clips(n_samples, channels, gains, mode, loudness, seed) -> None:
    original = noise(n_samples / RATE, gains[0], seed, channels[0])
    music = noise(n_samples / RATE, gains[1], seed + 1, channels[1])
    reference, _ = reference_loudness(original, [silence(0.5)])
    body = mix(original, music, MixSettings(mode, -12.0, loudness), reference).waveform
    assert body.samples.shape == original.samples.shape
    assert body.samples.dtype == np.float32
    assert np.isfinite(body.samples).all()
    assert true_peak(body.samples) <= db_to_gain(CEILING_DBTP) + 1e-4
    laid = join_edges(body, original, start="silence").samples
    assert laid.shape == original.samples.shape
    assert np.isfinite(laid).all()


@pytest.mark.parametrize("target", [-30.0, -23.0, -16.0, -14.0])
def test_replace_reaches_the_loudness_asked_for(target: float) -> None:
    mixed = mix(tone(2), noise(2, 0.02), MixSettings(loudness=target), -20.0)
    lufs, peak = measure(mixed.waveform)
    assert lufs == pytest.approx(target, abs=0.2)
    assert peak <= CEILING_DBTP + 1e-3


def test_peaks_keep_a_clip_quieter_than_asked_and_the_report_says_so() -> None:
    clicks = silence(2, 1)
    clicks.samples[:, ::4000] = 0.5
    reached, peak = measure(Waveform(bring_to(clicks.samples, RATE, -8.0), RATE))
    assert reached < -9.0
    assert peak <= CEILING_DBTP + 1e-3


def test_match_takes_the_original_then_neighbours_then_the_default() -> None:
    loud, soft = tone(2, 0.2), tone(2, 0.02)
    assert reference_loudness(loud, [soft])[0] == pytest.approx(integrated_loudness(loud))
    assert reference_loudness(silence(2), [soft, silence(2)])[0] == pytest.approx(integrated_loudness(soft))
    assert reference_loudness(silence(2), [silence(1)])[0] == DEFAULT_LUFS
    hiss = noise(2, 0.0005)
    assert audible_loudness(hiss) is None
    assert reference_loudness(hiss)[0] == DEFAULT_LUFS


def test_under_keeps_the_original_and_sets_the_music_below_it() -> None:
    original, music = tone(3, 0.1), noise(3, 0.3)
    mixed = mix(original, music, MixSettings("under", -10.0), -20.0)
    laid = Waveform(mixed.waveform.samples - original.samples, RATE)
    assert integrated_loudness(laid) == pytest.approx(integrated_loudness(original) - 10.0, abs=0.2)
    correlation = np.corrcoef(laid.samples[0], music.samples[0])[0, 1]
    assert correlation > 0.999


def test_duck_sinks_while_the_original_speaks_and_comes_back() -> None:
    original = silence(6)
    original.samples[:, 2 * RATE : 4 * RATE] = tone(2, 0.1).samples
    mixed = mix(original, noise(6, 0.05), MixSettings("duck", -15.0), -20.0)
    music = mixed.waveform.samples - original.samples
    spans = ((0, 1.5), (2.3, 3.8), (5.2, 6))
    level = [float(np.sqrt(np.mean(music[:, int(a * RATE) : int(b * RATE)] ** 2))) for a, b in spans]
    assert 20 * np.log10(level[1] / level[0]) == pytest.approx(-15.0, abs=0.7)
    assert 20 * np.log10(level[2] / level[0]) == pytest.approx(0.0, abs=1.5)
    steps = np.abs(np.diff(speech_envelope(original, integrated_loudness(original))))
    assert steps.max() < 0.002


def test_modes_on_a_silent_part_say_so_and_replace() -> None:
    mixed = mix(silence(2), noise(2), MixSettings("duck"), -18.0)
    assert measure(mixed.waveform)[0] == pytest.approx(-18.0, abs=0.2)
    assert "no sound of its own" in mixed.notes[0]
    nothing = mix(silence(2), silence(2), MixSettings(), -18.0)
    assert not nothing.waveform.samples.any()
    assert "silent" in nothing.notes[0]


def test_channels_are_mapped() -> None:
    mono, stereo = noise(0.1, n_channels=1).samples, noise(0.1, n_channels=2).samples
    assert np.array_equal(fit_channels(mono, 2)[0], fit_channels(mono, 2)[1])
    assert np.allclose(fit_channels(stereo, 1), stereo.mean(axis=0))
    surround = fit_channels(stereo, 6)
    assert np.array_equal(surround[:2], stereo)
    assert not surround[2:].any()


def test_edges_join_what_was_there_and_stay_inside() -> None:
    original, body = tone(1, 0.5, 100.0), tone(1, 0.4, 3000.0)
    joined = join_edges(body, original, end="silence").samples
    n_fade = round(FADE_SECONDS * RATE)
    assert np.abs(joined[:, 0] - original.samples[:, 0]).max() < 0.01
    assert np.abs(joined[:, -1]).max() < 0.001
    assert np.array_equal(joined[:, n_fade:-n_fade], body.samples[:, n_fade:-n_fade])
    before = tone(2, 0.5, 100.0).samples[:, :RATE]
    film = np.concatenate([before, join_edges(tone(1, 0.4, 50.0), original).samples], axis=1)
    assert np.abs(np.diff(film[:, RATE - 5 : RATE + 5])).max() < 0.03
