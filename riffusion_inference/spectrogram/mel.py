"""The mel filters, forward and back: sound -> mel amplitudes, and mel amplitudes -> the magnitudes of an FFT's bins.

The forward direction is Riffusion's to the letter. The way back to sound, which also needs a phase, is in `inversion`.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import Spectrogram, SpectrogramParams, Waveform
from riffusion_inference.errors import SpectrogramError
from riffusion_inference.spectrogram.filters import mel_filterbank, mel_inverse

if TYPE_CHECKING:
    import torch

BLOCK_FRAMES = 256
"""Frames transformed at a time, so that memory does not grow with the length of the sound."""
N_REFINE = 8
"""Multiplicative steps after the pseudo-inverse; each costs a hundredth of the phase retrieval that follows."""


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
    # Not with the file: scores are written with these filters, and need no torch.
    import torch

    samples = match_channels(np.asarray(waveform.samples, dtype=np.float32), params.n_channels)
    if waveform.sample_rate != params.sample_rate:
        raise SpectrogramError(
            f"The sound has a sample rate of {waveform.sample_rate} Hz, but the spectrogram needs "
            f"{params.sample_rate} Hz: resample it first."
        )
    if samples.shape[1] < 1 or not np.isfinite(samples).all():
        raise SpectrogramError("The sound is empty or contains values that are not finite: choose another sound.")
    n_frames = 1 + samples.shape[1] // params.hop_length
    padded = _pad(samples, params, n_frames)
    window = torch.hann_window(params.win_length, device=device)
    filterbank = torch.tensor(mel_filterbank(params), device=device)
    mel = np.empty((params.n_channels, params.n_mels, n_frames), dtype=np.float32)
    for first in range(0, n_frames, BLOCK_FRAMES):
        last = min(first + BLOCK_FRAMES, n_frames)
        block = padded[:, first * params.hop_length : (last - 1) * params.hop_length + params.win_length]
        frames = torch.from_numpy(block).to(device).unfold(-1, params.win_length, params.hop_length)
        # torchaudio centres the window within n_fft, here it is at the start: that changes the phases, not the
        # magnitudes.
        magnitudes = torch.fft.rfft(frames * window, n=params.n_fft).abs()
        mel[:, :, first:last] = (magnitudes @ filterbank).transpose(1, 2).cpu().numpy()
    return Spectrogram(mel, params)


def match_channels(samples: NDArray[np.float32], n_channels: int) -> NDArray[np.float32]:
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


@lru_cache(maxsize=4)
def mel_inverter(params: SpectrogramParams, every: int, n_bins: int, device: torch.device) -> MelInverter:
    """Return a MelInverter, the same one for the same arguments."""
    return MelInverter(params, every, n_bins, device)


class MelInverter:
    """Undoes the mel filters: pseudo-inverse, then a few steps that keep magnitudes positive and the bands right."""

    # A mel amplitude is a weighted sum of magnitudes, wanted = filters.T @ bins, and there are many more bins than
    # bands, so many magnitudes would do. The pseudo-inverse finds the smallest of them, but it swings below zero
    # between tones, where a magnitude cannot go; cutting off what is negative adds energy, and the bands are wrong.
    #
    # Multiplicative updates repair both: each bin is multiplied by the mean ratio of wanted to present amplitude over
    # the two bands that it lies in,
    #
    #     bins *= (filters @ (wanted / (filters.T @ bins))) / filters.sum(axis=bands),
    #
    # which cannot change a sign and leaves a bin alone once its bands are right. A tiny floor keeps bins that were cut
    # to zero able to grow again.

    def __init__(self, params: SpectrogramParams, every: int, n_bins: int, device: torch.device) -> None:
        """Prepare the filters, which are sparse: each bin lies in two mel bands.

        Args:
            params: what the mel amplitudes were made with.
            every: 1 keeps all bins of params.n_fft, 2 every other one, and so on.
            n_bins: how many of these are wanted; those above f_max are zero.
            device: where to compute.
        """
        import torch

        filters = torch.tensor(mel_filterbank(params), device=device)
        covered = filters.sum(dim=1)
        last = int(covered.nonzero().max()) + 1
        self.every, self.n_bins = every, n_bins
        self.inverse = torch.tensor(mel_inverse(params)[:, :last], device=device).T.contiguous()
        self.covered = covered[:last, None].clamp_min(1e-9)
        self.to_bins, self.to_mel = filters[:last].contiguous(), filters[:last].T.contiguous()
        if device.type in ("cpu", "cuda"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch calls sparse CSR a beta feature
                self.to_bins, self.to_mel = self.to_bins.to_sparse_csr(), self.to_mel.to_sparse_csr()

    def __call__(self, mel: torch.Tensor) -> torch.Tensor:
        """Return magnitudes [C, F, n_bins], >= 0, for mel amplitudes [C, n_mels, F].

        Source: Lee & Seung 2001, multiplicative updates for the Kullback-Leibler divergence.
        """
        import torch

        n_channels, n_mels, n_frames = mel.shape
        wanted = mel.transpose(0, 1).reshape(n_mels, -1)
        floor = 1e-7 * float(wanted.max())
        bins = (self.inverse @ wanted).clamp_min_(floor)
        for _ in range(N_REFINE if floor > 0 else 0):
            ratio = wanted / (self.to_mel @ bins).clamp_min_(1e-3 * floor)
            bins *= (self.to_bins @ ratio) / self.covered
        kept = bins[:: self.every][: self.n_bins].reshape(-1, n_channels, n_frames)
        return torch.nn.functional.pad(kept.permute(1, 2, 0), (0, self.n_bins - kept.shape[0])).contiguous()


def _pad(samples: NDArray[np.float32], params: SpectrogramParams, n_frames: int) -> NDArray[np.float32]:
    """Mirror the sound's ends so that frame k is centred on sample k * hop_length."""
    left = params.win_length // 2
    right = (n_frames - 1) * params.hop_length + params.win_length - left - samples.shape[1]
    return np.pad(samples, ((0, 0), (left, max(right, 0))), mode="reflect" if samples.shape[1] > 1 else "constant")
