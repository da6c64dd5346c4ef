"""How far sound swings, moment by moment, for a drawn waveform; one pass, and never the whole sound at once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from ..wall.registry import walled
from .clip import Clip
from .open import opened, path_of
from .sound import audio_stream, decoded_pieces, steady_index

MAX_PAIRS = 2000
"""More cannot be told apart on any screen."""


@walled
def sound_peaks(clip_or_path: Clip | Path, seconds: Fraction, n_pairs: int) -> np.ndarray:
    """The lowest and highest sample of each stretch of a file's first audio track; what lies between them is lost.

    Args:
        clip_or_path: a probed clip, whose first frame is the beginning, or a sound file, whose first sample is.
        seconds: how much of it, > 0.
        n_pairs: stretches of equal length, 1 to MAX_PAIRS.
    Returns:
        [n_pairs, 2] float32 in [-1, 1], lowest and highest over all channels; zeros where there is no sound.
    Raises:
        MediaError: there is no sound, or it cannot be decoded.
    """
    assert 1 <= n_pairs <= MAX_PAIRS
    path = path_of(clip_or_path)
    peaks = np.zeros((n_pairs, 2), dtype=np.float32)
    with opened(path) as container:
        stream = audio_stream(container, 0, path)
        movie = clip_or_path.movie if isinstance(clip_or_path, Clip) else steady_index(path, container)
        begin = clip_or_path.start if isinstance(clip_or_path, Clip) else None
        for time, piece in decoded_pieces(container, stream, movie):
            begin = time if begin is None else begin
            rate = stream.codec_context.sample_rate
            first = float((time - begin) / seconds) * n_pairs
            places = np.floor(first + np.arange(piece.shape[1]) * (n_pairs / (rate * float(seconds)))).astype(int)
            inside = (places >= 0) & (places < n_pairs)
            if inside.any():
                _widen(peaks, places[inside], piece[:, inside])
    return np.clip(peaks, -1, 1)


def _widen(peaks: np.ndarray, places: np.ndarray, samples: np.ndarray) -> None:
    """Let stretches reach as far as these samples, [C, n] at places [n], which rise."""
    starts = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
    at = places[starts]
    lowest, highest = samples.min(axis=0), samples.max(axis=0)
    peaks[at, 0] = np.minimum(peaks[at, 0], np.minimum.reduceat(lowest, starts))
    peaks[at, 1] = np.maximum(peaks[at, 1], np.maximum.reduceat(highest, starts))
