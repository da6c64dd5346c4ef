"""The mel filters as matrices. Importing this module costs no torch, so that music can be written without it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import SpectrogramParams


@lru_cache(maxsize=8)
def mel_filterbank(params: SpectrogramParams) -> NDArray[np.float32]:
    """Return the triangular mel filters [n_fft // 2 + 1, n_mels] float32, HTK scale, peak 1, no norm.

    Source: torchaudio.functional.melscale_fbanks(mel_scale="htk", norm=None).
    """
    n_bins = params.n_fft // 2 + 1
    bins = np.linspace(0.0, params.sample_rate // 2, n_bins)
    low, high = (2595.0 * np.log10(1.0 + f / 700.0) for f in (params.f_min, params.f_max))
    edges = 700.0 * (10.0 ** (np.linspace(low, high, params.n_mels + 2) / 2595.0) - 1.0)
    slopes = edges[None, :] - bins[:, None]
    rising = -slopes[:, :-2] / np.diff(edges)[:-1]
    falling = slopes[:, 2:] / np.diff(edges)[1:]
    filterbank: NDArray[np.float32] = np.clip(np.minimum(rising, falling), 0.0, None).astype(np.float32)
    filterbank.setflags(write=False)
    return filterbank


@lru_cache(maxsize=8)
def mel_inverse(params: SpectrogramParams) -> NDArray[np.float32]:
    """Return the filters' pseudo-inverse [n_mels, n_bins] float32; bands that no bin falls into have rows of 0."""
    filterbank = mel_filterbank(params).astype(np.float64)
    gram_inverse = np.linalg.pinv(filterbank.T @ filterbank, rcond=1e-10, hermitian=True)
    inverse: NDArray[np.float32] = (filterbank @ gram_inverse).T.astype(np.float32)
    inverse.setflags(write=False)
    return inverse
