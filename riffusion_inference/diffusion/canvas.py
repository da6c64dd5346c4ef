"""How wide a spectrogram must be for a number of samples, exactly (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from riffusion_inference.datatypes import MAX_SECONDS, MIN_SECONDS, SpectrogramParams
from riffusion_inference.errors import SettingError

STRETCH = Fraction(65, 64)
"""A piece longer than one window by no more than this is made from one window, whose last column is held."""


@dataclass(frozen=True)
class Canvas:
    """The picture that will be painted for one piece."""

    n_latents: int
    """Columns of latents that are denoised."""
    n_columns: int
    """Spectrogram columns that become sound; what the latents hold beyond is dropped, or squeezed for a loop."""
    loop: bool
    """Whether it wraps around."""


def check_length(n_samples: int, sample_rate: int) -> None:
    """Raise SettingError unless n_samples at sample_rate are 0.2 s to 10 minutes."""
    if sample_rate < 1:
        raise SettingError(f"Sample rate is {sample_rate}, but it must be at least 1 Hz: choose 44100, for example.")
    seconds = Fraction(n_samples, sample_rate)
    if not Fraction(str(MIN_SECONDS)) <= seconds <= Fraction(str(MAX_SECONDS)):
        raise SettingError(
            f"The music asked for is {float(seconds):g} s long, but it must be {MIN_SECONDS:g} to {MAX_SECONDS:g} s: "
            "choose a longer or shorter part."
        )


def plan_canvas(
    n_samples: int, sample_rate: int, params: SpectrogramParams, factor: int, window: int, *, loop: bool
) -> Canvas:
    """Find the narrowest canvas for a piece of exactly n_samples at sample_rate.

    A piece that does not loop gets at least one whole window, and a piece that is a hair longer than one window still
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
    needed = params.n_frames(-(-at_model_rate.numerator // at_model_rate.denominator))
    n_latents = max(window, -(-needed // factor))
    if window * factor < needed <= window * factor * STRETCH:
        return Canvas(window, needed, False)
    tail = params.win_length // params.hop_length
    return Canvas(n_latents, min(needed + tail, n_latents * factor), False)
