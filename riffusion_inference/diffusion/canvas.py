"""Any length from a model of one width: how wide a canvas a piece needs, and the windows that cover it (pure).

The windows of a canvas are denoised together and their predictions are averaged with smooth weights (MultiDiffusion,
Bar-Tal et al. 2023), so there is no joint. On a circular canvas the windows wrap around, so that the end
meets the start.

Where the music has a known tempo, windows begin on its beats. A model that was trained on pictures that begin with a
beat paints one where its picture begins; windows placed anywhere else would pull the beat apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import SpectrogramParams
from riffusion_inference.errors import SettingError

STRETCH = Fraction(65, 64)
"""A piece longer than one window by no more than this is made from one window, whose last column is held."""
GOLDEN_RATIO = 0.6180339887498949
ROUNDING_COLUMNS = 0.02
"""A number of columns this close to a whole number counts as whole."""
MIN_WINDOW_LATENTS = 8
"""A window narrower than this contains too little music for a UNet to make sense of."""


@dataclass(frozen=True)
class Canvas:
    """The picture that will be painted for one piece."""

    n_latents: int
    """Columns of latents that are denoised."""
    n_columns: int
    """Spectrogram columns that become sound; latents beyond them are dropped, or squeezed in for a loop."""
    loop: bool
    """Whether it wraps around."""


def plan_canvas(
    n_samples: int, sample_rate: int, params: SpectrogramParams, factor: int, window: int, *, loop: bool
) -> Canvas:
    """Find the narrowest canvas for a piece of exactly n_samples at sample_rate.

    A piece that does not loop gets at least one whole window, and a piece that is slightly longer than one window still
    gets one: 5.11 s of a model with 5.10 s windows should not cost twice as much. A loop gets as many columns as come
    nearest to its length; the rest, at most half a hop over the whole piece, is made up when its sound is resampled.

    Args:
        n_samples: samples asked for, at sample_rate.
        sample_rate: Hz, not necessarily the model's.
        params: the checkpoint's.
        factor: columns for one latent.
        window: latents of one window.
        loop: whether the end must meet the start.
    """
    at_model_rate = Fraction(n_samples * params.sample_rate, sample_rate)
    if loop:
        n_columns = max(1, round(at_model_rate / params.hop_length))
        return Canvas(max(1, round(Fraction(n_columns, factor))), n_columns, True)
    needed = params.n_frames(math.ceil(at_model_rate))
    if window * factor < needed <= window * factor * STRETCH:
        return Canvas(window, needed, False)
    n_latents = max(window, -(-needed // factor))
    # One analysis window more than needed: inversion mirrors the sound at the last column, so that should be past the
    # end.
    tail = params.win_length // params.hop_length
    return Canvas(n_latents, min(needed + tail, n_latents * factor), False)


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

    def columns(self, index: int) -> NDArray[np.int64]:
        """Return the canvas columns of one window, [width]; a narrower circular canvas appears repeatedly."""
        columns = np.arange(self.width, dtype=np.int64) + self.starts[index]
        return columns % self.length if self.circular else columns

    def weights(self) -> NDArray[np.float64]:
        """Return the blend weights [n_windows, width]; over every canvas column they sum to 1.

        Each window counts most in its middle and hardly at its edges, so that no edge is seen: sin^2 is smooth, and two
        windows that overlap by half sum to 1 as they are. Any other overlap is divided by the sum at its column.
        """
        profile = np.sin(np.pi * (np.arange(self.width) + 0.5) / self.width) ** 2
        total = np.zeros(self.length)
        for index in range(self.n_windows):
            np.add.at(total, self.columns(index), profile)
        return np.stack([profile / total[self.columns(index)] for index in range(self.n_windows)])

    # What a model always does where its picture begins, such as beginning with a beat, it does in every window. If the
    # windows stayed where they are, that would be at the same columns of the canvas in every step, and a joint would
    # build up that the blend cannot hide. So the windows move from step to step, all by the same distance, which leaves
    # the overlaps between them as planned. Multiples of the golden ratio, taken modulo 1, never repeat and fill the
    # range evenly however many steps there are. Step 0 does not move, and on a plain canvas the first and the last
    # window never do, since they end with it.

    def moved(self, step: int) -> WindowPlan:
        """Return the same windows elsewhere, for one denoising step; those at the ends of a plain canvas stay.

        >>> [plan_windows(20, 8, 4).moved(step).starts for step in (0, 1, 2)]
        [(0, 4, 8, 12), (0, 3, 7, 12), (0, 4, 8, 12)]
        """
        share = step * GOLDEN_RATIO % 1.0
        if self.grid:
            moved = self._moved_by_beats(share)
        elif self.circular:
            spacing = self.length // self.n_windows
            moved = tuple(start + int(share * spacing) for start in self.starts)
        else:
            spacing = (self.length - self.width) // max(self.n_windows - 1, 1)
            # Half of this to either side, and never so far that a gap opens beside the windows that stay.
            reach = min(spacing, 2 * (self.width - max(np.diff(self.starts), default=0)))
            shift = int(((share + 0.5) % 1.0 - 0.5) * reach)
            moved = tuple(start + shift for start in self.starts)
        if not self.circular:
            moved = (self.starts[0], *moved[1:-1], *self.starts[1:][-1:])
        return replace(self, starts=moved)

    def _moved_by_beats(self, share: float) -> tuple[int, ...]:
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


# Windows can only begin on whole columns of latents, and a beat is seldom a whole number of them: at 100 BPM and 20 ms
# a column it is 30 columns of the spectrogram, 3.75 latents. A rounded start is off its beat by up to half a latent.
# But 2 or 4 beats often are whole (4 are 15 latents here), so windows are placed and moved by such a unit where
# there is one, and otherwise by single beats, rounded. From window to window there are as many units as fit into the
# stride.


def _plan_on_beats(length: int, width: int, stride: int, beat: float, *, circular: bool) -> WindowPlan:
    """Windows a number of beats apart, if possible one that is a whole number of columns, so that none is rounded."""
    if circular:
        beat = length / max(1, round(length / beat))
    n_beats = max(1, int(stride / beat))
    units = [n for n in (1, 2, 4) if n <= n_beats and abs(n * beat - round(n * beat)) < ROUNDING_COLUMNS]
    unit = units[0] if units else 1
    hop, grid = (n_beats - n_beats % unit) * beat, unit * beat
    last = length if circular else length - width
    count = math.ceil(last / hop - ROUNDING_COLUMNS) + (0 if circular else 1)
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
