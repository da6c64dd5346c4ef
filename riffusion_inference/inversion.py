"""Mel amplitudes back to sound: pseudo-inverse of the mel filters, then phase retrieval."""

from __future__ import annotations

import numpy as np
import torch

from riffusion_inference.datatypes import Spectrogram, Waveform
from riffusion_inference.filterbank import mel_inverse
from riffusion_inference.image import check_amplitudes

N_ITER = 60
"""Griffin-Lim iterations unless told."""


def waveform_from_mel(spectrogram: Spectrogram, *, n_iter: int = N_ITER, device: str = "cpu") -> Waveform:
    """Turn mel amplitudes back into sound; the phase is estimated, so only the magnitudes survive.

    Args:
        spectrogram: mel_amplitudes [C, n_mels, F], linear, >= 0.
        n_iter: Griffin-Lim iterations.
        device: where the transforms run.
    Returns:
        Waveform, samples [C, (F - 1) * hop_length] float32, at the level that the amplitudes state; silence gives silence.
    Raises:
        SpectrogramError: the amplitudes do not match their params.
    Source: Griffin & Lim 1984; momentum from Perraudin et al. 2013.
    """
    params = spectrogram.params
    amplitudes = np.asarray(spectrogram.mel_amplitudes, dtype=np.float32)
    check_amplitudes(amplitudes, params)
    every = params.n_fft // params.win_length if params.n_fft % params.win_length == 0 else 1
    n_fft = params.n_fft // every
    inverse = torch.tensor(mel_inverse(params, every), device=device)
    magnitudes = (torch.from_numpy(amplitudes).to(device).transpose(1, 2) @ inverse).clamp_min(0).transpose(1, 2)
    window = torch.hann_window(params.win_length, device=device)
    n_samples = params.n_samples(amplitudes.shape[2])
    generator = torch.Generator().manual_seed(0)
    angles = torch.rand(magnitudes.shape, generator=generator).to(device) * (2 * torch.pi)
    phase = torch.polar(torch.ones_like(magnitudes), angles)
    grid = {"n_fft": n_fft, "hop_length": params.hop_length, "win_length": params.win_length, "window": window}
    previous = torch.zeros_like(phase)
    for _ in range(n_iter):
        sound = torch.istft(magnitudes * phase, length=n_samples, **grid)
        rebuilt = torch.stft(sound, pad_mode="reflect", return_complex=True, **grid)
        phase = rebuilt - 0.4975 * previous
        phase = phase / phase.abs().clamp_min(1e-16)
        previous = rebuilt
    samples = torch.istft(magnitudes * phase, length=n_samples, **grid)
    return Waveform(samples.cpu().numpy(), params.sample_rate)
