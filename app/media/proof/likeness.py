"""How like the source pictures and sound are that were encoded again.

Pictures: SSIM of small grey copies, frame by frame. Sound: how far the difference lies below it, second by second.

Source: Wang et al. 2004, Image quality assessment: from error visibility to structural similarity; here over blocks of
8 x 8 pixels that do not overlap, of pictures no larger than 192 pixels, in which coding noise averages out and another
picture does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter

from ..clip import Clip
from ..open import opened, video_stream
from .edges import frames_to

LARGEST_PIXELS, BLOCK = 192, 8
# (0.01 * 255)^2 and (0.03 * 255)^2, as in the paper.
C1, C2 = 6.5025, 58.5225
# Per sample: what lies below it is no difference.
SILENT_POWER = 1e-9


class Shrinker:
    """Makes small grey copies of decoded frames."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def small(self, frame: Any) -> np.ndarray:
        """[h, w] float32, 0 to 255, whole blocks."""
        scale = min(1.0, LARGEST_PIXELS / max(frame.width, frame.height))
        width, height = (max(BLOCK, round(side * scale) // BLOCK * BLOCK) for side in (frame.width, frame.height))
        grey = self._reformatter.reformat(frame, width, height, format="gray", interpolation="AREA")
        return grey.to_ndarray().astype(np.float32)


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity of two pictures of a size: 1 where they are equal, near 0 where they are unrelated.

    Args:
        one: [h, w] float32, 0 to 255; sides that are multiples of 8.
        other: the same.
    """
    a, b = (
        picture.reshape(picture.shape[0] // BLOCK, BLOCK, -1, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK * BLOCK)
        for picture in (one, other)
    )
    mean_a, mean_b = a.mean(axis=1), b.mean(axis=1)
    var_a, var_b = a.var(axis=1), b.var(axis=1)
    both = ((a - mean_a[:, None]) * (b - mean_b[:, None])).mean(axis=1)
    alike = (2 * mean_a * mean_b + C1) * (2 * both + C2)
    return float((alike / ((mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2))).mean())


def likeness_of(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM of two small copies; 0 where they are not of a size."""
    return ssim(one, other) if one.shape == other.shape else 0.0


def small_frames_at(clip: Clip, numbers: Sequence[int]) -> Iterator[np.ndarray | None]:
    """Small grey copies of some frames.

    Args:
        clip: as probed.
        numbers: of the frames.
    Returns:
        [h, w] of each; None where it does not decode.
    """
    shrinker = Shrinker()
    for number in numbers:
        with opened(clip.path) as container:
            stream = video_stream(container, clip.path)
            first = number if clip.frames_are_packets else 0
            frames = (one for one in frames_to(container, stream, clip, first) if one.pts is not None)
            if clip.frames_are_packets:
                target = clip.frame_pts[number]
                frame = next((one for one in frames if one.pts >= target), None)
                found = frame if frame is not None and frame.pts == target else None
            else:
                # Times may be out of order: what players show is the decoder's own order.
                found = next(islice(frames, number, None), None)
            small = shrinker.small(found) if found is not None else None
        yield small


def alike_db(reference: np.ndarray, other: np.ndarray) -> float:
    """How far the difference of two sounds, [C, T] each, lies below the first, in dB; inf where there is none."""
    if reference.shape != other.shape:
        return -np.inf
    error = float(np.square(reference - other, dtype=np.float64).sum())
    power = float(np.square(reference, dtype=np.float64).sum())
    if error <= SILENT_POWER * reference.size:
        return np.inf
    return 10 * float(np.log10(max(power, 1e-30) / error))


def likeness_db(reference: np.ndarray, other: np.ndarray, sample_rate: int) -> float:
    """How far the difference of two sounds lies below the first in the second where it lies least far below.

    Args:
        reference: [C, T].
        other: [C, T].
        sample_rate: Hz.
    Returns:
        dB; inf where they are the same or both silent.
    """
    if reference.shape != other.shape:
        return -np.inf
    edges = np.arange(0, reference.shape[1], sample_rate)
    if edges.size == 0:
        return np.inf
    error = np.add.reduceat(np.square(reference - other, dtype=np.float64).sum(axis=0), edges)
    power = np.add.reduceat(np.square(reference, dtype=np.float64).sum(axis=0), edges)
    # Encoders spend their bits on what is loud: a quiet second beside a loud one is judged by the loud one.
    masked = np.maximum(power, np.maximum(np.append(power[1:], 0.0), np.insert(power[:-1], 0, 0.0)))
    same = error <= SILENT_POWER * sample_rate
    db = 10.0 * np.log10(np.maximum(masked, 1e-30) / np.maximum(error, 1e-30))
    return float(np.where(same, np.inf, db).min())


def lag(heard: np.ndarray, wanted: np.ndarray, most: int) -> int:
    """By how many samples a sound comes later than another one, by what correlates best.

    Args:
        heard: [C, T].
        wanted: [D, T].
        most: samples; no more than these are looked at to either side.
    """
    one, other = (sound.mean(axis=0, dtype=np.float64) for sound in (heard, wanted))
    size = 1 << (2 * len(one)).bit_length()
    found = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
    lags = np.arange(-most, most + 1)
    return int(lags[np.argmax(np.abs(found[lags]))])
