"""Sound to mel amplitudes to the letter of the library that Riffusion uses, and back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st

from riffusion_inference.datatypes import Progress, Spectrogram, SpectrogramParams, Waveform
from riffusion_inference.errors import GenerationCancelled, SpectrogramError
from riffusion_inference.spectrogram.filters import mel_filterbank, mel_inverse
from riffusion_inference.spectrogram.inversion import CHUNK_FRAMES, plan_chunks, plan_inversion, waveform_from_mel
from riffusion_inference.spectrogram.mel import BLOCK_FRAMES, mel_from_waveform
from riffusion_inference.spectrogram.stft import FrameGrid

RIFFUSION = SpectrogramParams()
SMALL = SpectrogramParams(sample_rate=8000, n_fft=1600, win_length=400, hop_length=80, n_mels=64, f_max=3600.0)


def tones(params: SpectrogramParams = SMALL, seconds: float = 1.5, decay_seconds: float = 2.0) -> Waveform:
    """Three steady tones and a click track, whose loudness falls slowly; 0.5 at most."""
    time = np.arange(int(seconds * params.sample_rate)) / params.sample_rate
    sound = sum(np.sin(2 * np.pi * f * time) for f in (220.0, 553.0, 1310.0)) * np.exp(-time / decay_seconds)
    sound[:: params.sample_rate // 4] += 2.0
    return Waveform((0.5 * sound / np.abs(sound).max())[None].astype(np.float32), params.sample_rate)


def error_db(wanted: np.ndarray, got: np.ndarray) -> float:
    n_frames = min(wanted.shape[2], got.shape[2])
    wanted, got = wanted[..., :n_frames], got[..., :n_frames]
    return 20 * float(np.log10(np.linalg.norm(got - wanted) / np.linalg.norm(wanted)))


@pytest.mark.parametrize("params", [RIFFUSION, SMALL, SpectrogramParams(22050, 2048, 2048, 512, 80, 40.0, 8000.0)])
def test_forward_equals_torchaudio(params: SpectrogramParams) -> None:
    samples = np.random.default_rng(0).standard_normal((1, params.n_fft * 2 + 37)).astype(np.float32) * 0.1
    spectrogram = torchaudio.transforms.Spectrogram(
        n_fft=params.n_fft, win_length=params.win_length, hop_length=params.hop_length, power=1.0
    )
    to_mel = torchaudio.transforms.MelScale(
        params.n_mels, params.sample_rate, params.f_min, params.f_max, params.n_fft // 2 + 1, None, "htk"
    )
    wanted = to_mel(spectrogram(torch.from_numpy(samples))).numpy()
    got = mel_from_waveform(Waveform(samples, params.sample_rate), params).mel_amplitudes
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, atol=1e-3 * wanted.max())
    assert error_db(wanted, got) < -80


def test_filterbank_equals_torchaudio_and_its_inverse_inverts() -> None:
    wanted = torchaudio.functional.melscale_fbanks(8821, 0.0, 10000.0, 512, 44100, None, "htk").numpy()
    filterbank = mel_filterbank(RIFFUSION)
    np.testing.assert_allclose(filterbank, wanted, atol=2e-4)
    mel = np.random.default_rng(0).random(512, dtype=np.float32)
    np.testing.assert_allclose((mel @ mel_inverse(RIFFUSION)) @ filterbank, mel, atol=1e-4)


def test_the_blocks_that_a_long_sound_is_drawn_in_do_not_show() -> None:
    long = tones(seconds=8.0)
    whole = mel_from_waveform(long, SMALL).mel_amplitudes
    assert whole.shape[2] == 801 > 3 * BLOCK_FRAMES
    for first in range(0, 800, 50):
        # Two frames more on each side, since the ends of a sound are mirrored.
        start, end = max(0, first - 5), first + 55
        part = mel_from_waveform(Waveform(long.samples[:, start * 80 : end * 80], 8000), SMALL).mel_amplitudes
        skipped = first - start
        np.testing.assert_allclose(
            part[:, :, skipped : skipped + 50], whole[:, :, first : first + 50], rtol=1e-4, atol=1e-4
        )


def test_channels_are_matched() -> None:
    stereo = SpectrogramParams(**{**SMALL.to_dict(), "stereo": True})
    left = tones()
    doubled = mel_from_waveform(left, stereo).mel_amplitudes
    np.testing.assert_array_equal(doubled[0], doubled[1])
    pair = Waveform(np.concatenate([left.samples, -left.samples]), 8000)
    assert mel_from_waveform(pair, SMALL).mel_amplitudes.max() < 1e-4, "left and right cancel in the average"
    one_sided = mel_from_waveform(Waveform(np.concatenate([left.samples, 0 * left.samples]), 8000), stereo)
    assert one_sided.mel_amplitudes[0].max() > 1
    assert not one_sided.mel_amplitudes[1].any()


@pytest.mark.parametrize("samples", [np.zeros((1, 0)), np.full((1, 500), np.nan), np.zeros(500), np.zeros((0, 500))])
def test_what_is_no_sound_is_refused(samples: np.ndarray) -> None:
    with pytest.raises(SpectrogramError):
        mel_from_waveform(Waveform(samples.astype(np.float32), 8000), SMALL)


def test_another_sample_rate_is_refused_with_both_numbers() -> None:
    with pytest.raises(SpectrogramError, match=r"44100 Hz.*8000 Hz"):
        mel_from_waveform(Waveform(np.zeros((1, 500), dtype=np.float32), 44100), SMALL)


@pytest.mark.parametrize("n_samples", [1, 2, 150, 401])
def test_sounds_shorter_than_a_window_are_drawn(n_samples: int) -> None:
    mel = mel_from_waveform(Waveform(np.ones((1, n_samples), dtype=np.float32), 8000), SMALL)
    assert mel.mel_amplitudes.shape == (1, 64, 1 + n_samples // 80)
    assert np.isfinite(mel.mel_amplitudes).all()


def test_round_trip_restores_spectrum_level_and_length() -> None:
    sound = tones()
    mel = mel_from_waveform(sound, SMALL)
    back = waveform_from_mel(mel)
    assert back.samples.shape == (1, (mel.mel_amplitudes.shape[2] - 1) * 80)
    assert back.samples.dtype == np.float32
    assert error_db(mel.mel_amplitudes, mel_from_waveform(back, SMALL).mel_amplitudes) < -22
    level = np.sqrt(np.mean(back.samples**2)) / np.sqrt(np.mean(sound.samples[:, : back.n_samples] ** 2))
    assert level == pytest.approx(1.0, abs=0.05)
    quiet = waveform_from_mel(Spectrogram(mel.mel_amplitudes / 100, SMALL))
    assert quiet.samples.std() == pytest.approx(back.samples.std() / 100, rel=0.05)


def test_phase_retrieval_beats_the_librarys_at_riffusions_params() -> None:
    time = np.arange(100 * 441) / 44100
    sound = np.sin(2 * np.pi * (200 + 150 * time) * time) + 0.5 * np.sin(2 * np.pi * 1234.5 * time)
    clip = Waveform((0.3 * sound)[None].astype(np.float32), 44100)
    mel = mel_from_waveform(clip, RIFFUSION)
    ours = mel_from_waveform(waveform_from_mel(mel), RIFFUSION).mel_amplitudes
    inverse = torchaudio.transforms.InverseMelScale(8821, 512, 44100, 0.0, 10000.0, None, "htk")
    phases = torchaudio.transforms.GriffinLim(17640, 32, 4410, 441, power=1.0)
    torch.manual_seed(0)
    library = phases(inverse(torch.from_numpy(mel.mel_amplitudes))).numpy()
    theirs = mel_from_waveform(Waveform(library, 44100), RIFFUSION).mel_amplitudes
    assert error_db(mel.mel_amplitudes, ours) <= error_db(mel.mel_amplitudes, theirs)


def test_more_iterations_are_better() -> None:
    mel = mel_from_waveform(tones(), SMALL)
    few, many = (
        error_db(mel.mel_amplitudes, mel_from_waveform(waveform_from_mel(mel, n_iter=n), SMALL).mel_amplitudes)
        for n in (2, 60)
    )
    assert many < few - 1


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize("n_frames", [1, 2, 3, 33, 64])
def test_silence_gives_silence_at_any_length(n_frames: int, circular: bool) -> None:
    silence = Spectrogram(np.zeros((1, 64, n_frames), dtype=np.float32), SMALL)
    samples = waveform_from_mel(silence, circular=circular).samples
    assert samples.shape == (1, (n_frames if circular else n_frames - 1) * 80)
    assert not samples.any()


def test_batches_and_stereo_are_inverted_channel_by_channel() -> None:
    stereo = SpectrogramParams(**{**SMALL.to_dict(), "stereo": True})
    loud = mel_from_waveform(tones(), SMALL).mel_amplitudes[0]
    both = waveform_from_mel(Spectrogram(np.stack([loud, loud * 0]), stereo)).samples
    alone = waveform_from_mel(Spectrogram(loud[None], SMALL)).samples
    np.testing.assert_allclose(both[:1], alone, atol=1e-4)
    assert not both[1].any()


def test_the_same_spectrogram_gives_the_same_samples() -> None:
    mel = mel_from_waveform(tones(), SMALL)
    np.testing.assert_array_equal(waveform_from_mel(mel).samples, waveform_from_mel(mel).samples)


@pytest.mark.parametrize("circular", [False, True])
def test_chunks_leave_no_seam(circular: bool) -> None:
    mel = mel_from_waveform(tones(seconds=31.3, decay_seconds=60.0), SMALL)  # 3131 frames: 6 chunks
    n_frames = mel.mel_amplitudes.shape[2]
    seen: list[Progress] = []
    chunked = waveform_from_mel(mel, circular=circular, on_progress=seen.append)
    assert [(p.stage, p.done, p.total) for p in seen] == [("invert", k, 6) for k in range(1, 7)]
    assert chunked.samples.shape == (1, (n_frames if circular else n_frames - 1) * SMALL.hop_length)
    wanted = mel.mel_amplitudes
    errors = np.linalg.norm(mel_from_waveform(chunked, SMALL).mel_amplitudes[:, :, :n_frames] - wanted, axis=(0, 1))
    bounds = [k * n_frames // 6 for k in range(1, 6)]
    near = np.concatenate([errors[bound - 3 : bound + 3] for bound in bounds])
    assert near.mean() < 1.5 * np.median(errors)
    assert error_db(wanted, mel_from_waveform(chunked, SMALL).mel_amplitudes) < -18


@pytest.mark.parametrize("n_frames", [100, 1600], ids=["one chunk", "three chunks"])
def test_circular_sound_runs_on_across_its_ends(n_frames: int) -> None:
    period = n_frames * 80  # 440 and 1000 Hz close in it
    time = np.arange(period + 2 * 8000) / 8000
    steady = 0.4 * np.sin(2 * np.pi * 440 * time) + 0.2 * np.sin(2 * np.pi * 1000 * time)
    mel = mel_from_waveform(Waveform(steady[None].astype(np.float32), 8000), SMALL)
    loop = Spectrogram(np.ascontiguousarray(mel.mel_amplitudes[:, :, 100 : 100 + n_frames]), SMALL)
    once = waveform_from_mel(loop, circular=True).samples
    assert once.shape == (1, period)
    twice = Waveform(np.concatenate([once, once], axis=1), 8000)
    drawn = mel_from_waveform(twice, SMALL).mel_amplitudes[:, :, n_frames - 10 : n_frames + 10]
    assert error_db(loop.mel_amplitudes[:, :, :20], drawn) < -18
    jump = np.abs(np.diff(twice.samples[0]))
    assert jump[period - 1] <= jump.max() * 1.0001
    assert jump[period - 1] <= np.sort(jump)[-2]


def test_cancelling_stops_between_iterations() -> None:
    mel = mel_from_waveform(tones(), SMALL)
    answers = iter([False] * 5 + [True] * 100)
    with pytest.raises(GenerationCancelled, match="Cancelled: nothing was written"):
        waveform_from_mel(mel, should_cancel=lambda: next(answers))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(SpectrogramError, match=r"\[1, 63, 5\].*\[1, 64, frames\]"):
        waveform_from_mel(Spectrogram(np.zeros((1, 63, 5), dtype=np.float32), SMALL))


@pytest.mark.parametrize(
    ("params", "every", "low"),
    [
        (RIFFUSION, 4, (2100, 2100, 210)),
        (SMALL, 4, (400, 400, 80)),
        (SpectrogramParams(22050, 2048, 2048, 512, 80, 0.0, 8000.0), 1, (1568, 1568, 392)),
        (SpectrogramParams(22050, 4096, 2205, 221, 80, 0.0, 8000.0), 1, (4096, 2205, 221)),
    ],
)
def test_the_reduced_grid_keeps_the_frames(params: SpectrogramParams, every: int, low: tuple[int, int, int]) -> None:
    grid = plan_inversion(params)
    assert grid.every == every
    assert (grid.low_n_fft, grid.low_win_length, grid.low_hop_length) == low


@pytest.mark.parametrize("params", [SpectrogramParams(22050, 4096, 2205, 221, 80, 0.0, 8000.0)])
def test_odd_params_are_inverted_too(params: SpectrogramParams) -> None:
    mel = mel_from_waveform(tones(params), params)
    back = mel_from_waveform(waveform_from_mel(mel), params).mel_amplitudes
    assert error_db(mel.mel_amplitudes, back) < -18


@given(st.integers(1, 6000), st.integers(1, 40), st.booleans())
@settings(max_examples=200)
def test_chunks_are_a_partition(n_frames: int, context: int, circular: bool) -> None:
    chunks = list(plan_chunks(n_frames, context, circular))
    assert chunks[0].first == 0
    assert chunks[-1].last == n_frames
    assert all(early.last == late.first for early, late in itertools.pairwise(chunks))
    assert all(chunk.before <= chunk.first for chunk in chunks)
    assert max(chunk.last - chunk.first for chunk in chunks) < 2 * CHUNK_FRAMES
    if len(chunks) > 1:
        assert [chunk.closes for chunk in chunks] == [False] * (len(chunks) - 1) + [circular]


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize(("n_frames", "win", "hop"), [(12, 40, 10), (5, 45, 10), (2, 40, 10), (1, 32, 8)])
def test_frame_grid_inverts_itself(n_frames: int, win: int, hop: int, circular: bool) -> None:
    grid = FrameGrid(n_frames, win, hop, win + win % 2, device=torch.device("cpu"), circular=circular)
    sound = torch.randn(2, grid.n_samples, generator=torch.Generator().manual_seed(0))
    spectra = grid.analyse(sound)
    assert spectra.shape == (2, n_frames, win // 2 + 1 + win % 2)
    again = grid.analyse(grid.synthesise(spectra))
    torch.testing.assert_close(again, spectra, atol=1e-3, rtol=1e-3)
