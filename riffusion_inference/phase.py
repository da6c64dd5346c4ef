"""Phase retrieval: spectra whose magnitudes are given and whose frames agree with each other."""

from __future__ import annotations

import torch

from riffusion_inference.datatypes import ShouldCancel
from riffusion_inference.denoise import poll
from riffusion_inference.stft import FrameGrid

MOMENTUM = 0.99


def retrieve_phase(
    magnitudes: torch.Tensor,
    grid: FrameGrid,
    n_iter: int,
    *,
    before: torch.Tensor | None = None,
    after: torch.Tensor | None = None,
    should_cancel: ShouldCancel | None = None,
) -> torch.Tensor:
    """Find phases for magnitudes by fast Griffin-Lim.

    Args:
        magnitudes: [C, F, bins], >= 0.
        grid: the F frames.
        n_iter: iterations.
        before: [C, n, bins] spectra of the first frames, already known.
        after: [C, n, bins] spectra of the last frames, already known.
        should_cancel: polled in every iteration.
    Returns:
        Spectra [C, F, bins], complex64, with exactly these magnitudes.
    """
    generator = torch.Generator().manual_seed(0)
    angles = torch.rand(magnitudes.shape, generator=generator).to(magnitudes.device) * (2 * torch.pi)
    spectra = torch.polar(magnitudes, angles)
    previous = torch.zeros_like(spectra)
    for _ in range(n_iter):
        poll(should_cancel)
        if before is not None:
            spectra[:, : before.shape[1]] = before
        if after is not None:
            spectra[:, -after.shape[1] :] = after
        rebuilt = grid.analyse(grid.synthesise(spectra))
        spectra = rebuilt - (MOMENTUM / (1 + MOMENTUM)) * previous
        spectra = spectra * (magnitudes / spectra.abs().clamp_min(1e-16))
        previous = rebuilt
    return spectra
