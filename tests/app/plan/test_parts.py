"""Parts are a partition of the frames, of the time and of the samples, whatever the clip and however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import PlanError
from app.plan import parts_at, plan_parts


@dataclass(frozen=True)
class Times:
    """What planning needs to know of a clip."""

    frame_pts: tuple[int, ...]
    time_base: Fraction
    duration: Fraction


@st.composite
def clips(draw: st.DrawFn) -> Times:
    """Clips of constant or variable frame rate that start anywhere."""
    steps = draw(
        st.one_of(
            st.lists(st.integers(1, 5000), min_size=1, max_size=60),
            st.tuples(st.integers(1, 3000), st.integers(1, 2000)).map(lambda p: [p[0]] * p[1]),
        )
    )
    start = draw(st.integers(-5000, 100_000))
    pts = [start]
    for step in steps[:-1]:
        pts.append(pts[-1] + step)
    time_base = Fraction(1, draw(st.sampled_from([1, 25, 1000, 12800, 30000, 90000])))
    return Times(tuple(pts), time_base, (pts[-1] + steps[-1] - start) * time_base)


@given(clip=clips(), data=st.data())
@settings(max_examples=80, deadline=None)
def test_parts_partition_frames_time_and_samples(clip: Times, data: st.DataObject) -> None:
    n_frames = len(clip.frame_pts)
    n_parts = data.draw(st.one_of(st.integers(1, n_frames), st.just(n_frames), st.just(1)))
    sample_rate = data.draw(st.sampled_from([8000, 44100, 48000, 192000]))
    parts = plan_parts(clip, n_parts)
    assert len(parts) == n_parts
    assert [part.index for part in parts] == list(range(1, n_parts + 1))
    assert (parts[0].start_frame, parts[-1].end_frame) == (0, n_frames)
    assert (parts[0].start, parts[-1].end) == (0, clip.duration)
    for before, after in pairwise(parts):
        assert before.end_frame == after.start_frame
        assert before.end == after.start
        assert before.end_sample(sample_rate) == after.start_sample(sample_rate)
        assert before.owned_samples(sample_rate)[1] == after.owned_samples(sample_rate)[0]
    assert parts[0].owned_samples(sample_rate)[0] is None
    assert parts[-1].owned_samples(sample_rate)[1] is None
    lengths = [part.n_frames for part in parts]
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1
    assert sum((part.duration for part in parts), Fraction(0)) == clip.duration


@given(clip=clips(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_part_starts_when_its_first_frame_does(clip: Times, data: st.DataObject) -> None:
    n_parts = data.draw(st.integers(1, len(clip.frame_pts)))
    for part in plan_parts(clip, n_parts):
        assert part.start == (clip.frame_pts[part.start_frame] - clip.frame_pts[0]) * clip.time_base


def test_samples_round_to_the_nearest() -> None:
    clip = Times((0, 1, 2), Fraction(1, 30), Fraction(3, 30))
    assert plan_parts(clip, 3)[1].start_sample(44100) == 1470
    assert plan_parts(Times((0, 1001), Fraction(1, 30000), Fraction(2002, 30000)), 2)[1].start_sample(48000) == 1602


@pytest.mark.parametrize("n_parts", [0, -1, 4, 10**9, True])
def test_parts_that_do_not_fit_are_one_sentence(n_parts: int) -> None:
    clip = Times((0, 1, 2), Fraction(1, 25), Fraction(3, 25))
    with pytest.raises(PlanError, match=r"the clip has 3 frames: choose from 1 to 3 parts") as error:
        plan_parts(clip, n_parts)
    assert str(error.value).startswith(f"{n_parts} parts")


@pytest.mark.parametrize("starts", [[1, 2], [0, 2, 2], [0, 3], [0, 2, 1]])
def test_cuts_must_rise_within_the_clip(starts: list[int]) -> None:
    clip = Times((0, 1, 2), Fraction(1, 25), Fraction(3, 25))
    with pytest.raises(PlanError, match="must rise from 0"):
        parts_at(clip, starts)
