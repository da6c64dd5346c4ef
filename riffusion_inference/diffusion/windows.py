"""Any length from a model of one width: overlapping windows over a long canvas, and how they are blended (pure).

The windows of a canvas are denoised together and their predictions are averaged with smooth weights (MultiDiffusion,
Bar-Tal et al. 2023), so there is no joint. On a circular canvas the windows wrap around, so that the end
meets the start.

Where the music has a known tempo, windows begin on its beats. A model that has learned from pictures that begin with a
beat wants one where its picture begins; windows placed anywhere else then pull the beat apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from riffusion_inference.errors import SettingError

GOLDEN_RATIO = 0.6180339887498949
WHOLE = 0.02
"""Columns by which a whole number may be missed."""
MIN_WINDOW_LATENTS = 8
"""A window narrower than this holds too little music for a UNet to make sense of."""


@dataclass(frozen=True)
class WindowPlan:
    """Windows of one width that cover a canvas."""

    length: int
    """Columns of the canvas."""
    width: int
    """Columns of each window."""
    starts: tuple[int, ...]
    """First column of each window, rising."""
    circular: bool
    """True: columns past the end are those at the start."""
    hop: float = 0.0
    """Columns from one window to the next where they begin on beats, else 0."""
    grid: float = 0.0
    """Columns by which windows that begin on beats may move, else 0."""

    @property
    def n_windows(self) -> int:
        """How many windows there are, >= 1."""
        return len(self.starts)

    def columns(self, index: int) -> np.ndarray:
        """Return the canvas columns of one window, [width] int64; a narrower circular canvas appears repeatedly."""
        columns = np.arange(self.width, dtype=np.int64) + self.starts[index]
        return columns % self.length if self.circular else columns

    def weights(self) -> np.ndarray:
        """Return the blend weights [n_windows, width] float64; over every canvas column they sum to 1."""
        profile = np.sin(np.pi * (np.arange(self.width) + 0.5) / self.width) ** 2
        total = np.zeros(self.length)
        for index in range(self.n_windows):
            np.add.at(total, self.columns(index), profile)
        return np.stack([profile / total[self.columns(index)] for index in range(self.n_windows)])

    def moved(self, step: int) -> WindowPlan:
        """Return the same windows elsewhere, for one denoising step: those at the ends of a plain canvas stay.

        What a model always does where its picture begins, such as beginning with a beat, is then not done at the same
        columns in every step, so no joint builds up. The places are spread evenly by the golden ratio.

        >>> [plan_windows(20, 8, 4).moved(step).starts for step in (0, 1, 2)]
        [(0, 4, 8, 12), (0, 3, 7, 12), (0, 4, 8, 12)]
        """
        share = step * GOLDEN_RATIO % 1.0
        if self.grid:
            moved = self._on_beats(share)
        elif self.circular:
            spacing = self.length // self.n_windows
            moved = tuple(start + int(share * spacing) for start in self.starts)
        else:
            spacing = (self.length - self.width) // max(self.n_windows - 1, 1)
            shift = int(((share + 0.5) % 1.0 - 0.5) * spacing)
            moved = tuple(start + shift for start in self.starts)
        if not self.circular:
            moved = (self.starts[0], *moved[1:-1], *self.starts[1:][-1:])
        return replace(self, starts=moved)

    def _on_beats(self, share: float) -> tuple[int, ...]:
        """Starts moved on by a share of a hop, in whole steps of the grid; on a plain canvas half of them move back."""
        places = round(self.hop / self.grid)
        place = int(share * places)
        if not self.circular and place > places // 2:
            place -= places
        return tuple(round(index * self.hop + place * self.grid) for index in range(self.n_windows))

    def joints(self) -> tuple[int, ...]:
        """Return the canvas columns where a window begins or ends inside the canvas: where a seam would be heard."""
        edges = set(self.starts) | {start + self.width for start in self.starts}
        if self.circular:
            return tuple(sorted({edge % self.length for edge in edges}))
        return tuple(sorted(edge for edge in edges if 0 < edge < self.length))


def plan_windows(
    length: int, width: int, stride: int, *, circular: bool = False, beat: float | None = None
) -> WindowPlan:
    """Spread the fewest windows evenly over a canvas, each at most `stride` columns after the last.

    Args:
        length: columns of the canvas; >= width unless circular.
        width: columns of a window.
        stride: 1 to width; half the width blends best, the width itself would leave joints.
        circular: whether the canvas wraps around.
        beat: columns of a beat, where there is a tempo to keep: windows then begin on beats, counted from the start.
            The plan's canvas is longer where the last window would not; a circular one gets whole beats.

    >>> plan_windows(20, 8, 4).starts
    (0, 4, 8, 12)
    >>> plan_windows(12, 8, 4, circular=True).starts
    (0, 4, 8)
    >>> plan_windows(20, 8, 4, beat=3).starts
    (0, 3, 6, 9, 12)
    """
    if not 1 <= stride <= width or length < 1 or (length < width and not circular):
        raise ValueError(f"length {length}, width {width}, stride {stride}, circular {circular} do not fit together")
    if beat is not None and beat <= stride and (circular or length > width):
        return _plan_on_beats(length, width, stride, beat, circular=circular)
    if circular:
        count = -(-length // stride)
        return WindowPlan(length, width, tuple(index * length // count for index in range(count)), True)
    count = -(-(length - width) // stride) + 1
    spread = max(count - 1, 1)
    return WindowPlan(length, width, tuple(index * (length - width) // spread for index in range(count)), False)


def _plan_on_beats(length: int, width: int, stride: int, beat: float, *, circular: bool) -> WindowPlan:
    """Windows a number of beats apart, if possible one that is a whole number of columns, so that none is rounded."""
    if circular:
        beat = length / max(1, round(length / beat))
    n_beats = max(1, int(stride / beat))
    whole = [unit for unit in (1, 2, 4) if unit <= n_beats and abs(unit * beat - round(unit * beat)) < WHOLE]
    unit = whole[0] if whole else 1
    hop, grid = (n_beats - n_beats % unit) * beat, unit * beat
    count = math.ceil(length / hop - WHOLE) if circular else math.ceil((length - width) / hop - WHOLE) + 1
    starts = tuple(round(index * hop) for index in range(count))
    return WindowPlan(length if circular else max(length, starts[-1] + width), width, starts, circular, hop, grid)


@dataclass(frozen=True)
class PassShape:
    """How wide one pass of the UNet is."""

    window_latents: int
    """Columns of latents in a window."""
    windows_per_pass: int
    """Windows that go through the UNet side by side."""


def plan_pass(max_image_width: int, factor: int, native_latents: int) -> PassShape:
    """Turn MAX_IMAGE_WIDTH into windows: it is the widest image, in pixels, that one pass of the model may see.

    Windows keep the width that the model was trained on, and as many of them go side by side in one pass as fit into
    max_image_width. If not even one fits, the windows narrow to max_image_width, which costs quality but saves memory.
    Guidance doubles every pass; that is not counted.

    Args:
        max_image_width: pixels.
        factor: pixels for one latent, what the autoencoder needs.
        native_latents: the UNet's own width.
    Raises:
        SettingError: the width is not divisible by factor, or is too narrow for a window.
    """
    check_image_width(max_image_width, factor)
    window = min(native_latents, max_image_width // factor)
    if window < min(MIN_WINDOW_LATENTS, native_latents):
        least = min(MIN_WINDOW_LATENTS, native_latents) * factor
        raise SettingError(
            f"MAX_IMAGE_WIDTH is {max_image_width}, but this checkpoint needs at least {least}: use {least} or more."
        )
    return PassShape(window, max(1, max_image_width // (window * factor)))


def check_image_width(width: int, factor: int = 8) -> None:
    """Raise SettingError, naming the two nearest right values, unless width is a positive multiple of factor."""
    if width > 0 and width % factor == 0:
        return
    below = max(width // factor, 1) * factor
    raise SettingError(
        f"MAX_IMAGE_WIDTH is {width}, but it must be divisible by {factor}, which the checkpoint's autoencoder needs: "
        f"use {below} or {below + factor}."
    )
