"""Mel amplitudes back to sound: undo the mel filters, then find a phase, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import gcd

import numpy as np
import torch

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel, Spectrogram, SpectrogramParams, Waveform
from riffusion_inference.spectrogram.image import check_amplitudes
from riffusion_inference.spectrogram.magnitudes import mel_inverter
from riffusion_inference.spectrogram.phase import Known, retrieve_phase
from riffusion_inference.spectrogram.stft import FrameGrid

N_ITER = 32
"""Iterations of phase retrieval unless told; `phase` says what they are."""

CHUNK_FRAMES = 512
"""Frames whose phase is sought at once; what a long piece needs beyond its samples depends on this alone."""


@dataclass(frozen=True)
class InversionGrid:
    """The transform on which phases are sought: the params' own frames and window, with nothing above f_max.

    Zero padding of the window only interpolates the spectrum, so every k-th bin is enough; and since the mel bands end
    at f_max, the sound is sought at a sample rate just above twice that, which makes every frame shorter.
    """

    every: int
    """Every how many bins of the params' n_fft one is kept."""
    n_fft: int
    """FFT length at the full rate, in samples of the params' sample rate."""
    low_n_fft: int
    """FFT length at the reduced rate."""
    low_win_length: int
    """Window at the reduced rate, the same time as win_length."""
    low_hop_length: int
    """Hop at the reduced rate, the same time as hop_length."""


@lru_cache(maxsize=8)
def plan_inversion(params: SpectrogramParams) -> InversionGrid:
    """Choose the cheapest transform that carries all that the params' mel bands hold.

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
        should_cancel: polled in every iteration.
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
    work = _Inversion(params, torch.device(device), n_iter, circular, should_cancel)
    chunks = list(plan_chunks(n_frames, work.context, circular))
    length = n_frames * hop if circular else (n_frames - 1) * hop + params.win_length
    out = np.zeros((amplitudes.shape[0], length), dtype=np.float32)
    for index, chunk in enumerate(chunks):
        work.invert(amplitudes, chunk, out)
        if on_progress is not None:
            on_progress(Progress("invert", index + 1, len(chunks)))
    half = params.win_length // 2
    samples = np.roll(out, -half, axis=1) if circular else out[:, half : half + (n_frames - 1) * hop]
    return Waveform(np.ascontiguousarray(samples), params.sample_rate)


@dataclass(frozen=True)
class Chunk:
    """A run of frames whose phase is sought at once."""

    first: int
    """First frame that this chunk decides."""
    last: int
    """One past the last frame that this chunk decides."""
    before: int
    """Frames before it that are known already."""
    after: int
    """Frames after it that are looked at: to be decided by the next chunk, or known if the piece wraps around."""
    closes: bool
    """True: the frames after it are the piece's first, and known."""
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


class _Inversion:
    """Carries decided frames from one chunk to the next, so that phases run on across the cut."""

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
        self.tail: torch.Tensor | None = None
        self.head: torch.Tensor | None = None

    def invert(self, amplitudes: np.ndarray, chunk: Chunk, out: np.ndarray) -> None:
        """Decide a chunk's frames and write the samples that they complete into out [C, T]."""
        frames = np.arange(chunk.first - chunk.before, chunk.last + chunk.after) % amplitudes.shape[2]
        mel = torch.from_numpy(np.ascontiguousarray(amplitudes[:, :, frames])).to(self.device)
        low = self.grid
        grid = FrameGrid(
            len(frames),
            low.low_win_length,
            low.low_hop_length,
            low.low_n_fft,
            device=self.device,
            circular=chunk.circular,
            mirror=(not chunk.before and not self.circular, not chunk.after and not self.circular),
        )
        known: tuple[Known, ...] = (Known(0, self.tail),) if self.tail is not None else ()
        if chunk.closes and self.head is not None:
            known += (Known(len(frames) - chunk.after, self.head),)
        spectra = retrieve_phase(
            self.magnitudes(mel),
            grid,
            self.n_iter,
            known=known,
            should_cancel=self.should_cancel,
        )
        decided = spectra[:, : len(frames) - (0 if chunk.closes else chunk.after)]
        self.head = decided[:, : self.context].clone() if chunk.first == 0 else self.head
        self.tail = decided[:, -self.context :].clone()
        self._emit(decided, chunk, out)

    def _emit(self, decided: torch.Tensor, chunk: Chunk, out: np.ndarray) -> None:
        """Overlap decided frames [C, F, bins] at the full rate; write the samples that no later frame adds to."""
        hop, n_fft, win_length = self.params.hop_length, self.grid.n_fft, self.params.win_length
        grid = FrameGrid(decided.shape[1], win_length, hop, n_fft, device=self.device, circular=chunk.circular)
        missing = n_fft // 2 + 1 - decided.shape[2]
        sound = grid.synthesise(torch.nn.functional.pad(decided, (0, missing))).cpu().numpy()
        start = (chunk.first - chunk.before) * hop
        stop = start + sound.shape[1] if not chunk.after else start + decided.shape[1] * hop
        first, period = chunk.first * hop, out.shape[1]
        inside = min(stop, period)
        out[:, first:inside] = sound[:, first - start : inside - start]
        if chunk.closes:
            out[:, : stop - period] = sound[:, period - start : stop - start]


def _is_smooth(number: int) -> bool:
    """Return whether an FFT of this length is fast: even, and a product of 2, 3, 5 and 7."""
    if number % 2:
        return False
    for prime in (2, 3, 5, 7):
        while number % prime == 0:
            number //= prime
    return number == 1
