"""Any length from an engine that makes clips of a limited length: overlapped pieces, faded into each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel, Waveform, check_cancel
from riffusion_inference.errors import EngineError
from riffusion_inference.resampling import resample

MAX_GAIN = 2.0
"""A piece is brought to the level of the first one by at most this factor (6 dB), so that silence stays quiet."""


@dataclass(frozen=True)
class Piece:
    """One clip of a longer piece of music."""

    start: int
    """Where it begins, in samples."""
    n_samples: int
    """How long it is."""


def plan_pieces(n_samples: int, longest: int, overlap: int) -> tuple[Piece, ...]:
    """Cover n_samples with pieces of the same length, at most `longest`, each overlapping the next by `overlap`.

    Args:
        n_samples: samples to cover, > 0.
        longest: samples that the engine makes at once, > overlap.
        overlap: samples in which two pieces are heard together.

    >>> plan_pieces(10, 10, 2)
    (Piece(start=0, n_samples=10),)
    >>> plan_pieces(15, 10, 2)
    (Piece(start=0, n_samples=9), Piece(start=7, n_samples=8))
    """
    if n_samples <= longest:
        return (Piece(0, n_samples),)
    count = -(-(n_samples - overlap) // (longest - overlap))
    length = -(-(n_samples + (count - 1) * overlap) // count)
    starts = [k * (length - overlap) for k in range(count)]
    return tuple(Piece(start, min(length, n_samples - start)) for start in starts)


@dataclass
class Steps:
    """Counts the steps of every piece of every take, reports them, and asks after each whether to stop."""

    on_progress: OnProgress | None
    """Called with stage "generate" after each step."""
    should_cancel: ShouldCancel | None
    """Asked after each step."""
    total: int
    """Steps in all."""
    done: int = 0
    """Steps finished."""

    def step(self) -> None:
        """One more step is done.

        Raises:
            GenerationCancelled: should_cancel returned True.
        """
        self.done += 1
        if self.on_progress is not None:
            self.on_progress(Progress("generate", min(self.done, self.total), self.total))
        check_cancel(self.should_cancel)


def join(
    make_piece: Callable[[int, float], Waveform],
    n_samples: int,
    sample_rate: int,
    *,
    longest_seconds: float,
    overlap_seconds: float,
    loop: bool = False,
) -> Waveform:
    """Make n_samples out of as few pieces as possible, joined by equal-power crossfades, which keep the level.

    Args:
        make_piece: called with the piece's number from 0 and the seconds wanted; returns at least that much sound.
        n_samples: at sample_rate.
        sample_rate: Hz of the result; pieces are resampled to it.
        longest_seconds: most that make_piece can do.
        overlap_seconds: length of a crossfade.
        loop: True fades the end into the beginning.
    Returns:
        Waveform, samples [C, n_samples] float32.
    Raises:
        EngineError: a piece came back too short.
    """
    longest, overlap = int(longest_seconds * sample_rate), int(overlap_seconds * sample_rate)
    tail = min(overlap, n_samples // 2) if loop else 0
    pieces = plan_pieces(n_samples + tail, longest, overlap)
    out: NDArray[np.float32] | None = None
    level = 0.0
    for number, piece in enumerate(pieces):
        sound = _fitted(make_piece(number, piece.n_samples / sample_rate), piece, sample_rate)
        if out is None:
            out = np.zeros((sound.shape[0], n_samples + tail), dtype=np.float32)
            level = _rms(sound)
        else:
            sound = sound * np.float32(_gain(level, _rms(sound)))
            fade_out, fade_in = fades(overlap)
            out[:, piece.start : piece.start + overlap] *= fade_out
            sound[:, :overlap] *= fade_in
        out[:, piece.start : piece.start + piece.n_samples] += sound
    assert out is not None, "there is always a first piece"
    if tail:
        fade_out, fade_in = fades(tail)
        out[:, :tail] = out[:, :tail] * fade_in + out[:, n_samples:] * fade_out
    return Waveform(out[:, :n_samples], sample_rate)


def fades(n_samples: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gains [n_samples] for fading out and for fading in, whose squares add up to 1.

    >>> out, into = fades(9)
    >>> bool(np.allclose(out**2 + into**2, 1))
    True
    """
    phase = (np.arange(n_samples, dtype=np.float32) + 0.5) / max(n_samples, 1) * (np.pi / 2)
    return np.cos(phase), np.sin(phase)


def _fitted(waveform: Waveform, piece: Piece, sample_rate: int) -> NDArray[np.float32]:
    """A piece's samples at the right rate and of exactly its length."""
    sound = resample(waveform, sample_rate).samples
    missing = piece.n_samples - sound.shape[1]
    # Rounding to whole frames and rates may cost a few samples; more than 10 ms is a failure of the engine.
    if missing > sample_rate // 100:
        raise EngineError(
            f"The engine made {sound.shape[1] / sample_rate:.2f} s of sound, but {piece.n_samples / sample_rate:.2f} s "
            "were asked for: try again, or choose another engine."
        )
    return np.pad(sound, ((0, 0), (0, max(0, missing))))[:, : piece.n_samples].astype(np.float32)


def _rms(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def _gain(target: float, found: float) -> float:
    if found < 1e-6 or target < 1e-6:
        return 1.0
    return float(np.clip(target / found, 1 / MAX_GAIN, MAX_GAIN))
