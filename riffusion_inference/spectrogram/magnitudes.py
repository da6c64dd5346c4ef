"""Mel amplitudes -> the magnitudes of a transform's bins."""

from __future__ import annotations

import warnings
from functools import lru_cache

import torch

from riffusion_inference.datatypes import SpectrogramParams
from riffusion_inference.spectrogram.filterbank import mel_filterbank, mel_inverse

N_REFINE = 8
"""Multiplicative steps after the pseudo-inverse; each costs a hundredth of the phase retrieval that follows."""


@lru_cache(maxsize=4)
def mel_inverter(params: SpectrogramParams, every: int, n_bins: int, device: torch.device) -> MelInverter:
    """Return a MelInverter, the same one for the same arguments."""
    return MelInverter(params, every, n_bins, device)


class MelInverter:
    """Undoes the mel filters: pseudo-inverse, then a few steps that keep magnitudes positive and the bands right.

    The pseudo-inverse alone goes below zero between tones; cutting that off changes the bands that it should match.
    """

    def __init__(self, params: SpectrogramParams, every: int, n_bins: int, device: torch.device) -> None:
        """Prepare the filters, which are sparse: each bin lies in two mel bands.

        Args:
            params: what the mel amplitudes were made with.
            every: every how many bins of params.n_fft one is wanted.
            n_bins: how many of these are wanted; those above f_max are zero.
            device: where to compute.
        """
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
        n_channels, n_mels, n_frames = mel.shape
        wanted = mel.transpose(0, 1).reshape(n_mels, -1)
        floor = 1e-7 * float(wanted.max())
        bins = (self.inverse @ wanted).clamp_min_(floor)
        for _ in range(N_REFINE if floor > 0 else 0):
            ratio = wanted / (self.to_mel @ bins).clamp_min_(1e-3 * floor)
            bins *= (self.to_bins @ ratio) / self.covered
        kept = bins[:: self.every][: self.n_bins].reshape(-1, n_channels, n_frames)
        return torch.nn.functional.pad(kept.permute(1, 2, 0), (0, self.n_bins - kept.shape[0])).contiguous()
