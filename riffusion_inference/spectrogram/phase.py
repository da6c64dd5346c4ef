"""Phase retrieval: spectra whose magnitudes are given and whose overlapping frames agree with each other.

Three steps, each starting where the last one ended:
1. peaks are followed from frame to frame in one pass, which gets steady tones right at once;
2. relaxed averaged alternating reflections on every other frame, which is half the work and escapes poor solutions;
3. fast Griffin-Lim on all frames, which polishes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from riffusion_inference.datatypes import ShouldCancel, poll
from riffusion_inference.spectrogram.stft import FrameGrid

RELAXATION = 0.9
"""Of the alternating reflections; 1 would be none. Tried: 0.8, 0.9, 0.95."""
MOMENTUM = 0.99
"""Of fast Griffin-Lim. Tried: 0.9, 0.99, 1.1, 1.3; above 1 it diverges on mel spectrograms."""
POLISH = 4
"""One iteration on all frames for so many on every other one."""
MIN_OVERLAP = 4
"""Windows over each sample that leave enough redundancy to find a phase."""
SAME_TONE_BINS = 2.0
"""A peak that moves further than this between two frames is taken for a new tone."""


@dataclass(frozen=True)
class Known:
    """Frames whose spectra are decided already."""

    first: int
    """Where they are."""
    spectra: torch.Tensor
    """[C, n, bins], complex64."""

    def halved(self) -> Known:
        """Return those of the frames that remain when every other frame is dropped."""
        odd = self.first % 2
        return Known((self.first + odd) // 2, self.spectra[:, odd::2])


def retrieve_phase(
    magnitudes: torch.Tensor,
    grid: FrameGrid,
    n_iter: int,
    *,
    known: tuple[Known, ...] = (),
    should_cancel: ShouldCancel | None = None,
) -> torch.Tensor:
    """Find spectra with these magnitudes whose frames agree as well as can be.

    Args:
        magnitudes: [C, F, bins], >= 0.
        grid: the F frames.
        n_iter: iterations of step 2; step 3 makes a quarter as many.
        known: frames that are decided; frames at 0 continue into the rest.
        should_cancel: polled in every iteration.
    Returns:
        Spectra [C, F, bins], complex64, with exactly these magnitudes where they are not known.
    Source: Beauregard et al. 2015 (single-pass spectrogram inversion); Luke 2005 (RAAR), for sound Peer et al. 2022;
        Griffin & Lim 1984, momentum from Perraudin et al. 2013.
    """
    spectra = torch.polar(magnitudes, follow_peaks(magnitudes, grid, known))
    n_polish = -(-n_iter // POLISH)
    coarse = grid.halved()
    if coarse is None or grid.win_length < MIN_OVERLAP * coarse.hop_length or magnitudes.shape[1] < 3:
        spectra = _reflect(spectra, magnitudes, grid, n_iter, known, should_cancel)
    else:
        fewer = tuple(frames.halved() for frames in known)
        kept = spectra[:, ::2][:, : coarse.n_frames].contiguous()
        thin = magnitudes[:, ::2][:, : coarse.n_frames].contiguous()
        sound = coarse.synthesise(_reflect(kept, thin, coarse, n_iter, fewer, should_cancel))
        sound = torch.nn.functional.pad(sound, (0, grid.n_samples - sound.shape[1]))
        spectra = _project(grid.analyse(sound), magnitudes, known)
    return _polish(spectra, magnitudes, grid, n_polish, known, should_cancel)


def follow_peaks(magnitudes: torch.Tensor, grid: FrameGrid, known: tuple[Known, ...] = ()) -> torch.Tensor:
    """Guess phases in one pass: each peak's phase advances by its frequency, and the bins around it follow the peak.

    Args:
        magnitudes: [C, F, bins].
        grid: their frames.
        known: frames at 0, if known, are where the phases set out from; otherwise they set out at random (but fixed).
    Returns:
        Phases [C, F, bins] in radians, counted from the start of each frame's window.
    """
    n_channels, n_frames, n_bins = magnitudes.shape
    device = magnitudes.device
    levels = torch.log(magnitudes.clamp_min(1e-9))
    padded = torch.nn.functional.pad(levels, (1, 1), value=-1e9)
    left, right = padded[..., :-2], padded[..., 2:]
    bins = torch.arange(n_bins, device=device)
    uphill = torch.where(right > torch.maximum(left, levels), 1, torch.where(left > levels, -1, 0))
    peak = (bins + uphill).clamp_(0, n_bins - 1)
    for _ in range(6):  # doubles the way walked each time: every bin finds its peak within 64 bins
        peak = peak.gather(-1, peak)
    low, top, high = (values.gather(-1, peak) for values in (left, levels, right))
    bend = (low - 2 * top + high).clamp_max_(-1e-6)
    frequency = peak + (0.5 * (low - high) / bend).clamp_(-0.5, 0.5)
    before = torch.cat([frequency[:, :1], frequency[:, :-1]], dim=1).gather(-1, peak)
    mean = torch.where((before - frequency).abs() < SAME_TONE_BINS, 0.5 * (before + frequency), frequency)
    # Around a peak the phase alternates from bin to bin, because it is counted from the window's start, not its middle.
    advance = (2 * math.pi * grid.hop_length / grid.n_fft) * mean + math.pi * ((bins - peak) % 2)
    phases = torch.empty_like(magnitudes)
    begun = [frames for frames in known if frames.first == 0]
    if begun:
        start = begun[0].spectra.shape[1]
        phases[:, :start] = begun[0].spectra.angle()
        phase = phases[:, start - 1]
    else:
        start = 0
        generator = torch.Generator().manual_seed(0)
        phase = (torch.rand(n_bins, generator=generator) * (2 * math.pi)).to(device).expand(n_channels, -1)
    for index in range(start, n_frames):
        phase = torch.remainder(phase.gather(-1, peak[:, index]) + advance[:, index], 2 * math.pi)
        phases[:, index] = phase
    return phases


def _project(spectra: torch.Tensor, magnitudes: torch.Tensor, known: tuple[Known, ...]) -> torch.Tensor:
    """Return the nearest spectra that have the magnitudes, and the known frames."""
    # As |z| ** 2 from its parts: torch's abs of complex numbers takes four times as long on a CPU.
    squared = torch.addcmul(spectra.real.square(), spectra.imag, spectra.imag)
    projected = spectra * squared.clamp_min_(1e-32).rsqrt_().mul_(magnitudes)
    for frames in known:
        projected[:, frames.first : frames.first + frames.spectra.shape[1]] = frames.spectra
    return projected


def _reflect(
    spectra: torch.Tensor,
    magnitudes: torch.Tensor,
    grid: FrameGrid,
    n_iter: int,
    known: tuple[Known, ...],
    should_cancel: ShouldCancel | None,
) -> torch.Tensor:
    """Relaxed averaged alternating reflections between what has the magnitudes and what is a sound's transform."""
    for _ in range(n_iter):
        poll(should_cancel)
        given = _project(spectra, magnitudes, known)
        mirrored = torch.view_as_real(given).mul(2).sub_(torch.view_as_real(spectra))
        sound = grid.analyse(grid.synthesise(torch.view_as_complex(mirrored)))
        # Reals, again for speed: spectra = RELAXATION * (spectra + sound) + (1 - 2 * RELAXATION) * given
        mixed = torch.view_as_real(spectra).add(torch.view_as_real(sound)).mul_(RELAXATION)
        spectra = torch.view_as_complex(mixed.add_(torch.view_as_real(given), alpha=1 - 2 * RELAXATION))
    given = _project(spectra, magnitudes, known)
    return _project(grid.analyse(grid.synthesise(given)), magnitudes, known)


def _polish(
    spectra: torch.Tensor,
    magnitudes: torch.Tensor,
    grid: FrameGrid,
    n_iter: int,
    known: tuple[Known, ...],
    should_cancel: ShouldCancel | None,
) -> torch.Tensor:
    """Fast Griffin-Lim."""
    previous: torch.Tensor | None = None
    for _ in range(n_iter):
        poll(should_cancel)
        sound = grid.analyse(grid.synthesise(spectra))
        ahead = torch.view_as_real(sound)
        if previous is not None:
            ahead = torch.lerp(torch.view_as_real(previous), ahead, 1 + MOMENTUM)
        spectra = _project(torch.view_as_complex(ahead), magnitudes, known)
        previous = sound
    return spectra
