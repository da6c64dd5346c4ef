"""What every check of a result builds on: what a check is, and what counts as the same."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from app import media

# Sound that was encoded again: noise at least this far below the source. Sound one frame out of place is far worse.
MIN_LOSSY_SNR_DB = 8.0
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


def snr_db(reference: np.ndarray, other: np.ndarray) -> float:
    """How far the difference of two sounds [C, T] lies below the first, in dB; inf where they are the same."""
    error = float(np.square(reference - other, dtype=np.float64).sum())
    power = float(np.square(reference, dtype=np.float64).sum())
    if error <= SILENT_POWER * max(1, reference.size):
        return np.inf
    return 10.0 * float(np.log10(max(power, 1e-30) / error))
