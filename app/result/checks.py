"""What every check of a result builds on: what a check is, and what counts as the same."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .. import media

# Sound that was encoded again: in each second the difference is at least this far below the sound there and in the
# seconds beside it. Measured with AAC at this program's rates: tones 37 to 52 dB, white noise, the worst case, 2.7 dB.
# Silence in the place of the sound has 0 dB, other sound and sound that lies elsewhere about -3 dB.
MIN_LOSSY_SNR_DB = 1.5
BLOCK_SECONDS = 1
# One frame of the encoder and its overlap, in samples: this far beside new sound it leaks into the old.
LEAK_SAMPLES = 2048
# Re-encoded pictures: mean difference of a small copy, of 255.
MAX_PICTURE_DIFFERENCE = 12.0
PICTURE_HEIGHT = 48
SILENT_POWER = 1e-9


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    """What, in a word or two."""
    ok: bool
    """Whether it is right."""
    text: str
    """What was found, one sentence."""


@dataclass(frozen=True)
class VerifyReport:
    """All that was looked at."""

    checks: tuple[Check, ...]
    """In order."""

    @property
    def ok(self) -> bool:
        """True where everything is right."""
        return all(check.ok for check in self.checks)

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for each check, as people read them."""
        return tuple(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.text}" for check in self.checks)


def frame_time(clip: media.Clip, frame: int) -> Fraction:
    """Seconds from a clip's first frame to another one."""
    return (clip.frame_pts[frame] - clip.frame_pts[0]) * clip.time_base


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
    edges = np.arange(0, reference.shape[1], BLOCK_SECONDS * sample_rate)
    if edges.size == 0:
        return np.inf
    error = np.add.reduceat(np.square(reference - other, dtype=np.float64).sum(axis=0), edges)
    power = np.add.reduceat(np.square(reference, dtype=np.float64).sum(axis=0), edges)
    # Encoders spend their bits on what is loud: a quiet second beside a loud one is judged by the loud one.
    masked = np.maximum(power, np.maximum(np.append(power[1:], 0.0), np.insert(power[:-1], 0, 0.0)))
    same = error <= SILENT_POWER * BLOCK_SECONDS * sample_rate
    db = 10.0 * np.log10(np.maximum(masked, 1e-30) / np.maximum(error, 1e-30))
    return float(np.where(same, np.inf, db).min())
