"""Phase retrieval: spectra whose magnitudes are given and whose overlapping frames agree with each other.

Three steps, each starting where the last one ended:
1. peaks are followed from frame to frame in one pass, which gets steady tones right at once;
2. relaxed averaged alternating reflections on every other frame, which is half the work and escapes poor solutions;
3. fast Griffin-Lim on all frames, which polishes.
"""

# Spectra must meet two conditions. They are here called
#
#     A: they have the given magnitudes;
#     B: they are the transform of some sound. Frames overlap, so most arrays of complex numbers are not.
#
# The nearest array that meets A keeps every phase and replaces every magnitude: P_A(z) = magnitudes * z / |z|. The
# nearest that meets B is the transform of the overlapped sound: P_B(z) = analyse(synthesise(z)). Both are cheap; what
# meets A and B at once is not known, and steps 2 and 3 approach it by applying the two in turn.
#
# Griffin-Lim is just z = P_A(P_B(z)). It settles at the nearest pair of points of A and B that cannot come closer,
# which need not be a good one. Fast Griffin-Lim goes further the way of the last step, as a rolling ball would.
#
# Reflections, R(z) = 2 P(z) - z, go through a condition to its other side, and so do not settle as early. Averaging
# where z came from and where both reflections lead, relaxed by b < 1 towards P_A (Luke 2005),
#
#     z = b / 2 * (R_B(R_A(z)) + z) + (1 - b) * P_A(z).
#
# With R_B(R_A(z)) = 2 P_B(R_A(z)) - R_A(z) and R_A(z) = 2 P_A(z) - z this is what _reflect computes,
#
#     z = b * (z + P_B(R_A(z))) + (1 - 2 b) * P_A(z).
#
# Step 2 sees every other frame only. Riffusion's windows overlap ten times, so five still say more than enough about
# each sample, and one iteration costs half. The sound that comes out is then analysed on all frames.

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from riffusion_inference.datatypes import ShouldCancel, check_cancel
from riffusion_inference.spectrogram.stft import FrameGrid

RELAXATION = 0.9
"""b above; 1 would be none. Tried: 0.8, 0.9, 0.95."""
MOMENTUM = 0.99
"""Of fast Griffin-Lim. Tried: 0.9, 0.99, 1.1, 1.3; above 1 it diverges on mel spectrograms."""
POLISH_EVERY = 4
"""Iterations of step 2 for each one of step 3."""
MIN_OVERLAP = 4
"""Windows over each sample that leave enough redundancy to find a phase."""
SAME_TONE_BINS = 2.0
"""A peak that moves further than this between two frames is taken for a new tone."""


@dataclass(frozen=True)
class FixedFrames:
    """Frames whose spectra are decided already."""

    first: int
    """Index of the first of them."""
    spectra: torch.Tensor
    """[C, n, bins], complex64."""

    def halved(self) -> FixedFrames:
        """Return those of the frames that remain when every other frame is dropped."""
        odd = self.first % 2
        return FixedFrames((self.first + odd) // 2, self.spectra[:, odd::2])


def retrieve_phase(
    magnitudes: torch.Tensor,
    grid: FrameGrid,
    n_iter: int,
    *,
    fixed: tuple[FixedFrames, ...] = (),
    should_cancel: ShouldCancel | None = None,
) -> torch.Tensor:
    """Find spectra with these magnitudes whose frames agree as well as can be.

    Args:
        magnitudes: [C, F, bins], >= 0.
        grid: the F frames.
        n_iter: iterations of step 2; step 3 makes a quarter as many.
        fixed: frames that are decided; those at 0 continue into the rest.
        should_cancel: asked in every iteration.
    Returns:
        Spectra [C, F, bins], complex64, with exactly these magnitudes where they are not fixed.
    Source: Beauregard et al. 2015 (single-pass spectrogram inversion); Luke 2005 (RAAR), for sound Peer et al. 2022;
        Griffin & Lim 1984, momentum from Perraudin et al. 2013.
    """
    spectra = torch.polar(magnitudes, follow_peaks(magnitudes, grid, fixed))
    n_polish = -(-n_iter // POLISH_EVERY)
    coarse = grid.halved()
    if coarse is None or grid.win_length < MIN_OVERLAP * coarse.hop_length or magnitudes.shape[1] < 3:
        spectra = _reflect(spectra, magnitudes, grid, n_iter, fixed, should_cancel)
    else:
        fewer = tuple(frames.halved() for frames in fixed)
        kept = spectra[:, ::2][:, : coarse.n_frames].contiguous()
        thin = magnitudes[:, ::2][:, : coarse.n_frames].contiguous()
        sound = coarse.synthesise(_reflect(kept, thin, coarse, n_iter, fewer, should_cancel))
        sound = torch.nn.functional.pad(sound, (0, grid.n_samples - sound.shape[1]))
        spectra = _project(grid.analyse(sound), magnitudes, fixed)
    return _polish(spectra, magnitudes, grid, n_polish, fixed, should_cancel)


# A steady tone of f bins (f * sample_rate / n_fft Hz, not a whole number) turns by 2 pi f hop / n_fft from one frame to
# the next. So if the tones are found in the magnitudes, their phases can be counted on from frame to frame.
#
# A tone is seen as a peak a few bins wide. Its log magnitude is close to a parabola there, whose top lies between bins:
# with the values l, t, r at the peak and beside it, it is at (l - r) / 2 / (l - 2 t + r) bins from the peak's own. All
# bins up to the valley on either side belong to that tone and turn with it. Between two frames the mean of the old and
# the new frequency is used, so that a gliding tone keeps up.


def follow_peaks(magnitudes: torch.Tensor, grid: FrameGrid, fixed: tuple[FixedFrames, ...] = ()) -> torch.Tensor:
    """Guess phases in one pass: each peak's phase advances by its frequency, and the bins around it follow the peak.

    Args:
        magnitudes: [C, F, bins].
        grid: their frames.
        fixed: frames at 0, if there are any, are where the phases start from; otherwise they start at random, the same
            every time.
    Returns:
        Phases [C, F, bins] in radians, counted from the start of each frame's window.
    """
    n_channels, n_frames, n_bins = magnitudes.shape
    device = magnitudes.device
    peak, frequency = _find_peaks(magnitudes)
    before = torch.cat([frequency[:, :1], frequency[:, :-1]], dim=1).gather(-1, peak)
    mean = torch.where((before - frequency).abs() < SAME_TONE_BINS, 0.5 * (before + frequency), frequency)
    # Around a peak the phase alternates from bin to bin, since it is counted from the window's start, not its middle.
    alternating = math.pi * ((torch.arange(n_bins, device=device) - peak) % 2)
    advance = (2 * math.pi * grid.hop_length / grid.n_fft) * mean + alternating
    phases = torch.empty_like(magnitudes)
    at_start = [frames for frames in fixed if frames.first == 0]
    if at_start:
        start = at_start[0].spectra.shape[1]
        phases[:, :start] = at_start[0].spectra.angle()
        phase = phases[:, start - 1]
    else:
        start = 0
        generator = torch.Generator().manual_seed(0)
        phase = (torch.rand(n_bins, generator=generator) * (2 * math.pi)).to(device).expand(n_channels, -1)
    for index in range(start, n_frames):
        phase = torch.remainder(phase.gather(-1, peak[:, index]) + advance[:, index], 2 * math.pi)
        phases[:, index] = phase
    return phases


def _find_peaks(magnitudes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return for every bin of [C, F, bins] the peak that it belongs to: its bin, and its frequency in bins."""
    n_bins = magnitudes.shape[2]
    levels = torch.log(magnitudes.clamp_min(1e-9))
    padded = torch.nn.functional.pad(levels, (1, 1), value=-1e9)
    left, right = padded[..., :-2], padded[..., 2:]
    uphill = torch.where(right > torch.maximum(left, levels), 1, torch.where(left > levels, -1, 0))
    peak = (torch.arange(n_bins, device=magnitudes.device) + uphill).clamp_(0, n_bins - 1)
    for _ in range(6):  # Each time goes twice as far uphill as the last: every bin finds its peak within 64 bins.
        peak = peak.gather(-1, peak)
    low, top, high = (values.gather(-1, peak) for values in (left, levels, right))
    bend = (low - 2 * top + high).clamp_max_(-1e-6)
    return peak, peak + (0.5 * (low - high) / bend).clamp_(-0.5, 0.5)


def _project(spectra: torch.Tensor, magnitudes: torch.Tensor, fixed: tuple[FixedFrames, ...]) -> torch.Tensor:
    """Return P_A: the nearest spectra that have the magnitudes, and the fixed frames as they are."""
    # As |z| ** 2 from its parts: torch's abs of complex numbers takes four times as long on a CPU.
    squared = torch.addcmul(spectra.real.square(), spectra.imag, spectra.imag)
    projected = spectra * squared.clamp_min_(1e-32).rsqrt_().mul_(magnitudes)
    for frames in fixed:
        projected[:, frames.first : frames.first + frames.spectra.shape[1]] = frames.spectra
    return projected


def _reflect(
    spectra: torch.Tensor,
    magnitudes: torch.Tensor,
    grid: FrameGrid,
    n_iter: int,
    fixed: tuple[FixedFrames, ...],
    should_cancel: ShouldCancel | None,
) -> torch.Tensor:
    """Relaxed averaged alternating reflections, n_iter times, and then one step of Griffin-Lim to meet A again."""
    for _ in range(n_iter):
        check_cancel(should_cancel)
        given = _project(spectra, magnitudes, fixed)
        mirrored = torch.view_as_real(given).mul(2).sub_(torch.view_as_real(spectra))
        sound = grid.analyse(grid.synthesise(torch.view_as_complex(mirrored)))
        # Real numbers, again for speed: spectra = RELAXATION * (spectra + sound) + (1 - 2 * RELAXATION) * given
        mixed = torch.view_as_real(spectra).add(torch.view_as_real(sound)).mul_(RELAXATION)
        spectra = torch.view_as_complex(mixed.add_(torch.view_as_real(given), alpha=1 - 2 * RELAXATION))
    given = _project(spectra, magnitudes, fixed)
    return _project(grid.analyse(grid.synthesise(given)), magnitudes, fixed)


def _polish(
    spectra: torch.Tensor,
    magnitudes: torch.Tensor,
    grid: FrameGrid,
    n_iter: int,
    fixed: tuple[FixedFrames, ...],
    should_cancel: ShouldCancel | None,
) -> torch.Tensor:
    """Fast Griffin-Lim."""
    previous: torch.Tensor | None = None
    for _ in range(n_iter):
        check_cancel(should_cancel)
        sound = grid.analyse(grid.synthesise(spectra))
        ahead = torch.view_as_real(sound)
        if previous is not None:
            ahead = torch.lerp(torch.view_as_real(previous), ahead, 1 + MOMENTUM)
        spectra = _project(torch.view_as_complex(ahead), magnitudes, fixed)
        previous = sound
    return spectra
