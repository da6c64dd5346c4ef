"""Waveforms <-> mel amplitudes. The forward direction is Riffusion's to the letter; the way back is in `inversion`."""

from __future__ import annotations

import numpy as np
import torch

from riffusion_inference.datatypes import Spectrogram, SpectrogramParams, Waveform
from riffusion_inference.errors import SpectrogramError
from riffusion_inference.spectrogram.filterbank import mel_filterbank
from riffusion_inference.spectrogram.inversion import waveform_from_mel

__all__ = ["mel_filterbank", "mel_from_waveform", "waveform_from_mel"]

BLOCK_FRAMES = 256
"""Frames transformed at a time, so that memory does not grow with the length of the sound."""


def mel_from_waveform(waveform: Waveform, params: SpectrogramParams, device: str = "cpu") -> Spectrogram:
    """Turn sound into mel amplitudes; phase, and everything outside f_min to f_max, is lost.

    Args:
        waveform: samples [C, T], C matching params.stereo (a mono sound is doubled, a stereo one averaged to fit).
        params: sample_rate must be the waveform's: resample first.
        device: where the transforms run.
    Returns:
        Spectrogram, mel_amplitudes [C, n_mels, 1 + T // hop_length] float32, on the scale of samples in [-1, 1].
    Raises:
        SpectrogramError: the sample rates differ, or the sound is empty or not finite.
    Source: riffusion-hobby, SpectrogramConverter (torchaudio's Spectrogram and MelScale, HTK, norm None, centred).
    """
    samples = match_channels(np.asarray(waveform.samples, dtype=np.float32), params.n_channels)
    if waveform.sample_rate != params.sample_rate:
        raise SpectrogramError(
            f"The sound has {waveform.sample_rate} Hz, but the spectrogram needs {params.sample_rate} Hz: "
            "resample it first."
        )
    if samples.shape[1] < 1 or not np.isfinite(samples).all():
        raise SpectrogramError("The sound is empty or holds values that are not finite: nothing can be drawn from it.")
    n_frames = 1 + samples.shape[1] // params.hop_length
    padded = _pad(samples, params, n_frames)
    window = torch.hann_window(params.win_length, device=device)
    filterbank = torch.tensor(mel_filterbank(params), device=device)
    mel = np.empty((params.n_channels, params.n_mels, n_frames), dtype=np.float32)
    for first in range(0, n_frames, BLOCK_FRAMES):
        last = min(first + BLOCK_FRAMES, n_frames)
        block = padded[:, first * params.hop_length : (last - 1) * params.hop_length + params.win_length]
        frames = torch.from_numpy(block).to(device).unfold(-1, params.win_length, params.hop_length)
        # The window sits in the middle of n_fft in torchaudio and at its start here: the phase differs, not the size.
        magnitudes = torch.fft.rfft(frames * window, n=params.n_fft).abs()
        mel[:, :, first:last] = (magnitudes @ filterbank).transpose(1, 2).cpu().numpy()
    return Spectrogram(mel, params)


def match_channels(samples: np.ndarray, n_channels: int) -> np.ndarray:
    """Return samples [n_channels, T]: mono is doubled for stereo, several channels are averaged for mono.

    Raises:
        SpectrogramError: the array is not [C >= 1, T].
    """
    if samples.ndim != 2 or samples.shape[0] < 1:
        raise SpectrogramError(f"The sound's shape is {list(samples.shape)}, but it must be [channels, samples].")
    if samples.shape[0] == n_channels:
        return samples
    mono = samples.mean(axis=0, keepdims=True, dtype=np.float32)
    return np.repeat(mono, n_channels, axis=0)


def _pad(samples: np.ndarray, params: SpectrogramParams, n_frames: int) -> np.ndarray:
    """Mirror the sound's ends so that frame k is centred on sample k * hop_length."""
    left = params.win_length // 2
    right = (n_frames - 1) * params.hop_length + params.win_length - left - samples.shape[1]
    return np.pad(samples, ((0, 0), (left, max(right, 0))), mode="reflect" if samples.shape[1] > 1 else "constant")
