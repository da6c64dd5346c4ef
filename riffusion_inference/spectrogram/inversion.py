"""Mel amplitudes back to sound: undo the mel filters, then find a phase, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import gcd

import numpy as np
import torch
from numpy.typing import NDArray

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel, Spectrogram, SpectrogramParams, Waveform
from riffusion_inference.spectrogram.image import check_amplitudes
from riffusion_inference.spectrogram.mel import mel_inverter
from riffusion_inference.spectrogram.phase import FixedFrames, retrieve_phase
from riffusion_inference.spectrogram.stft import FrameGrid

N_ITER = 64
"""Iterations of phase retrieval by default; `phase` says what they are."""

CHUNK_FRAMES = 512
"""Frames whose phase is sought at once; the memory that a long piece needs beyond its samples depends on this alone."""


@dataclass(frozen=True)
class InversionGrid:
    """The transform on which phases are sought: the params' own frames and window, with nothing above f_max."""

    every: int
    """1 keeps all bins of the params' n_fft, 2 every other one, and so on."""
    n_fft: int
    """FFT length at the full rate, in samples of the params' sample rate."""
    low_n_fft: int
    """FFT length at the reduced rate."""
    low_win_length: int
    """Window at the reduced rate, the same time as win_length."""
    low_hop_length: int
    """Hop at the reduced rate, the same time as hop_length."""


# Nearly all the work is FFTs, so the shortest ones that lose nothing are looked for.
#
# Padding. A frame x of W samples, padded with zeros to n_fft = k * W, has the bins
#
#     X[b] = sum over n < W of x[n] * exp(-2 pi i b n / (k W)).
#
# For b = k * a this is exactly bin a of the unpadded FFT of length W: every k-th bin is enough, and the others only lie
# between them.
#
# Sample rate. Nothing is known above f_max, so those bins are zero, and the same spectrum can be turned back at any
# sample rate above 2 * f_max. Bin a stays at a * sample_rate / n_fft Hz: a lower rate only means that the inverse FFT
# gets fewer bins and gives fewer samples for the same time. At m / common of the rate, where common is the greatest
# common divisor of FFT length, window and hop, all three stay whole numbers, so every frame stays where it is. Of these
# rates the lowest is taken that leaves 4 % above f_max and whose FFT is fast. Riffusion's 17640 samples become 2100.


@lru_cache(maxsize=8)
def plan_inversion(params: SpectrogramParams) -> InversionGrid:
    """Choose the cheapest transform that holds everything that the params' mel bands do.

    >>> plan_inversion(SpectrogramParams())
    InversionGrid(every=4, n_fft=4410, low_n_fft=2100, low_win_length=2100, low_hop_length=210)
    """
    every = params.n_fft // params.win_length if params.n_fft % params.win_length == 0 else 1
    n_fft = params.n_fft // every
    common = gcd(n_fft, params.win_length, params.hop_length)
    needed = 2.0 * params.f_max / params.sample_rate * 1.04
    choices = [m for m in range(1, common + 1) if m / common >= needed and _is_smooth(n_fft // common * m)]
    m = choices[0] if choices else common
    return InversionGrid(
        every, n_fft, n_fft // common * m, params.win_length // common * m, params.hop_length // common * m
    )


def waveform_from_mel(
    spectrogram: Spectrogram,
    *,
    n_iter: int = N_ITER,
    device: str = "cpu",
    circular: bool = False,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> Waveform:
    """Turn mel amplitudes back into sound; the phase is estimated, so only the magnitudes survive.

    Args:
        spectrogram: mel_amplitudes [C, n_mels, F], linear, >= 0.
        n_iter: iterations of phase retrieval.
        device: where the transforms run.
        circular: True makes a period: the last frame's neighbour is the first.
        on_progress: called with stage "invert" after each chunk.
        should_cancel: asked in every iteration.
    Returns:
        Waveform, samples [C, (F - 1) * hop_length] float32, or [C, F * hop_length] if circular, at the level that the
        amplitudes state; silence gives silence.
    Raises:
        SpectrogramError: the amplitudes do not match their params.
        GenerationCancelled: should_cancel returned True.
    Source: see `phase`.
    """
    params = spectrogram.params
    amplitudes = np.asarray(spectrogram.mel_amplitudes, dtype=np.float32)
    check_amplitudes(amplitudes, params)
    n_frames, hop = amplitudes.shape[2], params.hop_length
    inverter = _ChunkInverter(params, torch.device(device), n_iter, circular, should_cancel)
    chunks = list(plan_chunks(n_frames, inverter.context, circular))
    # Sample 0 of `out` is where frame 0 begins, half a window before the instant that it is centred on.
    length = n_frames * hop if circular else (n_frames - 1) * hop + params.win_length
    out = np.zeros((amplitudes.shape[0], length), dtype=np.float32)
    for index, chunk in enumerate(chunks):
        inverter.invert(amplitudes, chunk, out)
        if on_progress is not None:
            on_progress(Progress("invert", index + 1, len(chunks)))
    half = params.win_length // 2
    samples = np.roll(out, -half, axis=1) if circular else out[:, half : half + (n_frames - 1) * hop]
    return Waveform(np.ascontiguousarray(samples), params.sample_rate)


# Frames overlap, so a frame's phase depends on its neighbours', and theirs on their own: ideally all are sought at
# once. A ten-minute piece would need gigabytes for that. So the piece is cut into chunks that are decided in order.
# Each sees `context` frames on both sides, which is two windows, further than a frame's direct influence reaches:
#
#     [ before: fixed ][ first ... last: decided here ][ after: only seen ]
#
# `before` was decided by the previous chunk and is held fixed, so that phases continue across the cut. The phases of
# `after` are found too, so that the chunk's last frames agree with what follows, but are dropped: the next chunk
# decides them. If the piece wraps around, what comes after the last chunk is the piece's beginning, which the first
# chunk has decided: there `after` is fixed as well, and the circle closes.


@dataclass(frozen=True)
class Chunk:
    """A run of frames whose phase is sought at once."""

    first: int
    """First frame that this chunk decides."""
    last: int
    """One past the last frame that this chunk decides."""
    before: int
    """Frames before it that are decided already."""
    after: int
    """Frames after it that it sees: to be decided by the next chunk, or fixed if the chunk closes the circle."""
    closes: bool
    """True: the frames after it are the piece's first, which are decided already."""
    circular: bool
    """True: the chunk is a whole piece that wraps around."""


def plan_chunks(n_frames: int, context: int, circular: bool) -> Iterator[Chunk]:
    """Cut a piece into chunks of about CHUNK_FRAMES, each with context frames at its sides.

    >>> [(chunk.first, chunk.last) for chunk in plan_chunks(2500, 20, False)]
    [(0, 625), (625, 1250), (1250, 1875), (1875, 2500)]
    """
    count = max(1, n_frames // CHUNK_FRAMES)
    bounds = [index * n_frames // count for index in range(count + 1)]
    for first, last in pairwise(bounds):
        if count == 1:
            yield Chunk(first, last, 0, 0, False, circular)
        else:
            closes = circular and last == n_frames
            after = context if last < n_frames or closes else 0
            yield Chunk(first, last, context if first else 0, after, closes, False)


class _ChunkInverter:
    """Inverts the chunks of one piece in order, and carries the frames at their edges from one to the next."""

    def __init__(
        self,
        params: SpectrogramParams,
        device: torch.device,
        n_iter: int,
        circular: bool,
        should_cancel: ShouldCancel | None,
    ) -> None:
        self.params, self.device, self.n_iter, self.circular = params, device, n_iter, circular
        self.should_cancel = should_cancel
        self.grid = plan_inversion(params)
        self.context = 2 * -(-params.win_length // params.hop_length)
        self.magnitudes = mel_inverter(params, self.grid.every, self.grid.low_n_fft // 2 + 1, device)
        self.piece_start: torch.Tensor | None = None
        self.last_decided: torch.Tensor | None = None

    def invert(self, amplitudes: NDArray[np.float32], chunk: Chunk, out: NDArray[np.float32]) -> None:
        """Decide a chunk's frames and write the samples that they complete into out [C, T]."""
        frames = np.arange(chunk.first - chunk.before, chunk.last + chunk.after) % amplitudes.shape[2]
        mel = torch.from_numpy(np.ascontiguousarray(amplitudes[:, :, frames])).to(self.device)
        grid = FrameGrid(
            len(frames),
            self.grid.low_win_length,
            self.grid.low_hop_length,
            self.grid.low_n_fft,
            device=self.device,
            circular=chunk.circular,
            mirror=(not chunk.before and not self.circular, not chunk.after and not self.circular),
        )
        fixed = []
        if self.last_decided is not None:
            fixed.append(FixedFrames(0, self.last_decided))
        if chunk.closes and self.piece_start is not None:
            fixed.append(FixedFrames(len(frames) - chunk.after, self.piece_start))
        spectra = retrieve_phase(
            self.magnitudes(mel), grid, self.n_iter, fixed=tuple(fixed), should_cancel=self.should_cancel
        )
        decided = spectra if chunk.closes else spectra[:, : len(frames) - chunk.after]
        if chunk.first == 0:
            self.piece_start = decided[:, : self.context].clone()
        self.last_decided = decided[:, -self.context :].clone()
        self._write(decided, chunk, out)

    def _write(self, decided: torch.Tensor, chunk: Chunk, out: NDArray[np.float32]) -> None:
        """Overlap decided frames [C, F, bins] at the full rate; write the samples that no later frame adds to.

        Frame f begins at sample f * hop of `out`. So the samples before (last * hop) are complete once frame last - 1
        is decided, and each chunk writes first * hop to last * hop; the piece's last chunk writes to the end. Where the
        circle closes, the last frames reach past the end, into the samples of the first ones: these, which the first
        chunk wrote without them, are written again.
        """
        hop, n_fft, win_length = self.params.hop_length, self.grid.n_fft, self.params.win_length
        grid = FrameGrid(decided.shape[1], win_length, hop, n_fft, device=self.device, circular=chunk.circular)
        unknown_bins = n_fft // 2 + 1 - decided.shape[2]
        sound = grid.synthesise(torch.nn.functional.pad(decided, (0, unknown_bins))).cpu().numpy()
        begin = (chunk.first - chunk.before) * hop
        complete = begin + (decided.shape[1] * hop if chunk.after else sound.shape[1])
        length = out.shape[1]
        first, last = chunk.first * hop, min(complete, length)
        out[:, first:last] = sound[:, first - begin : last - begin]
        if chunk.closes:
            out[:, : complete - length] = sound[:, length - begin : complete - begin]


def _is_smooth(number: int) -> bool:
    """Return whether an FFT of this length is fast: even, and a product of 2, 3, 5 and 7."""
    if number % 2:
        return False
    for prime in (2, 3, 5, 7):
        while number % prime == 0:
            number //= prime
    return number == 1
