"""Canvases hold exactly the samples asked for; windows cover them, their weights sum to one, and widths are checked."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riffusion_inference.datatypes import SpectrogramParams
from riffusion_inference.diffusion.canvas import check_image_width, plan_canvas, plan_pass, plan_windows
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


@st.composite
def plans(draw: st.DrawFn):
    """Any plan that a caller may ask for."""
    width = draw(st.integers(1, 64))
    circular = draw(st.booleans())
    length = draw(st.integers(1 if circular else width, 400))
    stride = draw(st.integers(1, width))
    return plan_windows(length, width, stride, circular=circular), stride


@given(plans(), st.integers(0, 100))
def test_moved_windows_still_cover_the_canvas(drawn, step: int) -> None:
    plan, stride = drawn
    moved = plan.moved(step)
    assert moved.n_windows == plan.n_windows
    starts = list(moved.starts)
    assert starts == sorted(starts)
    if plan.circular:
        starts.append(starts[0] + plan.length)
    else:
        assert (starts[0], starts[-1]) == (plan.starts[0], plan.starts[-1])
    assert all(late - early <= 1.5 * stride for early, late in itertools.pairwise(starts))
    covered = np.concatenate([moved.columns(index) for index in range(moved.n_windows)])
    assert set(covered) == set(range(plan.length))


def test_windows_move_from_step_to_step() -> None:
    for circular in (False, True):
        plan = plan_windows(300, 64, 32, circular=circular)
        starts = {plan.moved(step).starts[3] for step in range(20)}
        assert len(starts) > 10
        assert plan.moved(0).starts == plan.starts
    assert plan_windows(64, 64, 32).moved(5).starts == (0,)


@st.composite
def plans_on_beats(draw: st.DrawFn):
    """Any plan whose windows begin on beats, and the beat."""
    width = draw(st.integers(8, 64))
    stride = draw(st.integers(2, width // 2))
    circular = draw(st.booleans())
    length = draw(st.integers(stride if circular else width + 1, 400))
    beat = draw(st.floats(1.5, stride))
    return plan_windows(length, width, stride, circular=circular, beat=beat), length, beat


@given(plans_on_beats(), st.integers(0, 100))
def test_windows_begin_on_beats_in_every_step(drawn, step: int) -> None:
    plan, length, beat = drawn
    if plan.circular:
        assert plan.length == length
        beat = length / round(length / beat)
    else:
        assert length <= plan.length <= length + plan.hop + 1
        assert plan.starts[-1] + plan.width >= plan.length
    for moved in (plan, plan.moved(step)):
        assert moved.n_windows == plan.n_windows
        assert all(abs(start - beat * round(start / beat)) <= 0.5 + 1e-9 for start in moved.starts)
        covered = np.concatenate([moved.columns(index) for index in range(moved.n_windows)])
        assert set(covered) == set(range(plan.length))
    assert plan.moved(0).starts == plan.starts


def test_windows_on_beats_move_by_whole_columns_where_beats_allow() -> None:
    plan = plan_windows(300, 32, 16, beat=3.5)
    assert (plan.hop, plan.grid) == (14, 7)
    assert {plan.moved(step).starts[3] for step in range(20)} == {42, 49}
    assert all(start % 7 == 0 for step in range(20) for start in plan.moved(step).starts)
    assert plan_windows(300, 32, 16, beat=17).starts == plan_windows(300, 32, 16).starts


@given(plans())
def test_weights_are_a_partition_of_unity(drawn) -> None:
    plan, _ = drawn
    weights = plan.weights()
    total = np.zeros(plan.length)
    for index in range(plan.n_windows):
        np.add.at(total, plan.columns(index), weights[index])
    assert (weights > 0).all()
    np.testing.assert_allclose(total, 1.0, atol=1e-12)


@given(plans())
def test_windows_cover_the_canvas_at_no_more_than_the_stride(drawn) -> None:
    plan, stride = drawn
    starts = list(plan.starts)
    assert starts == sorted(starts)
    assert starts[0] == 0
    if plan.circular:
        starts.append(plan.length)
    else:
        assert starts[-1] + plan.width == plan.length
    assert all(0 <= late - early <= stride for early, late in itertools.pairwise(starts))


@given(plans())
def test_no_window_is_superfluous(drawn) -> None:
    plan, stride = drawn
    span = plan.length if plan.circular else plan.length - plan.width
    assert (plan.n_windows - (1 if plan.circular else 2)) * stride < max(span, 1)


def test_circular_windows_wrap_and_repeat() -> None:
    plan = plan_windows(5, 8, 4, circular=True)
    assert plan.columns(1).tolist() == [2, 3, 4, 0, 1, 2, 3, 4]


def test_neighbours_are_crossfaded_without_a_step() -> None:
    plan = plan_windows(160, 64, 32)
    total = np.zeros(160)
    np.add.at(total, plan.columns(1), plan.weights()[1])
    assert np.abs(np.diff(total)).max() < 0.06


def test_joints_are_where_windows_begin_or_end_inside() -> None:
    assert plan_windows(20, 8, 4).joints() == (4, 8, 12, 16)
    assert plan_windows(8, 8, 4).joints() == ()
    assert plan_windows(12, 8, 4, circular=True).joints() == (0, 4, 8)


@pytest.mark.parametrize(
    ("length", "width", "stride", "circular"), [(4, 8, 4, False), (8, 8, 0, False), (8, 8, 9, True)]
)
def test_impossible_plans_are_our_own_bug(length: int, width: int, stride: int, circular: bool) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        plan_windows(length, width, stride, circular=circular)


@pytest.mark.parametrize(
    ("width", "window", "side_by_side"), [(1024, 64, 2), (512, 64, 1), (2048, 64, 4), (1016, 64, 1), (256, 32, 1)]
)
def test_max_image_width_sets_the_windows_of_a_pass(width: int, window: int, side_by_side: int) -> None:
    shape = plan_pass(width, 8, 64)
    assert (shape.window_latents, shape.windows_per_pass) == (window, side_by_side)


@pytest.mark.parametrize(("width", "below", "above"), [(1023, 1016, 1024), (1, 8, 16), (0, 8, 16), (-5, 8, 16)])
def test_a_width_that_does_not_divide_names_the_two_nearest(width: int, below: int, above: int) -> None:
    with pytest.raises(SettingError, match=rf"MAX_IMAGE_WIDTH is {width}, .*divisible by 8.* use {below} or {above}\."):
        plan_pass(width, 8, 64)


def test_a_width_too_narrow_for_music_says_the_least() -> None:
    with pytest.raises(SettingError, match="at least 64"):
        plan_pass(56, 8, 64)
    assert plan_pass(64, 8, 64).window_latents == 8


def test_another_autoencoder_has_another_divisor() -> None:
    check_image_width(20, 4)
    with pytest.raises(SettingError, match=r"divisible by 16.* 1024 or 1040"):
        check_image_width(1032, 16)
