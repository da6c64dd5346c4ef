"""Canvases hold exactly the samples asked for, in whole columns."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riffusion_inference.datatypes import SpectrogramParams
from riffusion_inference.diffusion.canvas import check_length, plan_canvas
from riffusion_inference.errors import SettingError

RIFFUSION = SpectrogramParams()


@given(st.integers(8820, 26_460_000), st.sampled_from([8000, 22050, 44100, 48000]))
def test_columns_span_the_samples(n_samples: int, sample_rate: int) -> None:
    canvas = plan_canvas(n_samples, sample_rate, RIFFUSION, 8, 64, loop=False)
    assert RIFFUSION.n_samples(canvas.n_columns) >= Fraction(n_samples * 44100, sample_rate)
    assert canvas.n_columns <= canvas.n_latents * 8 or (canvas.n_latents == 64 and canvas.n_columns <= 520)
    assert canvas.n_latents >= 64


@given(st.integers(8820, 26_460_000))
def test_a_long_canvas_wastes_less_than_one_latent(n_samples: int) -> None:
    canvas = plan_canvas(n_samples, 44100, RIFFUSION, 8, 64, loop=False)
    assert canvas.n_latents == 64 or (canvas.n_latents - 1) * 8 < RIFFUSION.n_frames(n_samples)


def test_the_native_length_is_one_window() -> None:
    canvas = plan_canvas(511 * 441, 44100, RIFFUSION, 8, 64, loop=False)
    assert (canvas.n_latents, canvas.n_columns) == (64, 512)
    assert plan_canvas(519 * 441, 44100, RIFFUSION, 8, 64, loop=False).n_latents == 64
    assert plan_canvas(519 * 441 + 1, 44100, RIFFUSION, 8, 64, loop=False).n_latents == 66


@given(st.integers(8820, 2_646_000))
def test_a_loop_is_within_half_a_hop(n_samples: int) -> None:
    canvas = plan_canvas(n_samples, 44100, RIFFUSION, 8, 64, loop=True)
    assert abs(canvas.n_columns * 441 - n_samples) <= 221
    assert abs(canvas.n_latents * 8 - canvas.n_columns) <= 4


@pytest.mark.parametrize("n_samples", [0, -1, 8819, 26_460_001])
def test_lengths_out_of_range_say_the_range(n_samples: int) -> None:
    with pytest.raises(SettingError, match=r"0\.2 to 600 s"):
        check_length(n_samples, 44100)


def test_lengths_at_the_edges_are_allowed() -> None:
    check_length(8820, 44100)
    check_length(26_460_000, 44100)


def test_a_sample_rate_of_zero_is_a_sentence() -> None:
    with pytest.raises(SettingError, match="Sample rate is 0"):
        check_length(100, 0)
