"""Ranges of time: each is whole frames and exactly one part, and together with the rest they are the clip."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import PlanError
from app.plan import (
    Bounds,
    Span,
    bounds_around,
    overlap,
    plan_cutting,
    read_range,
    read_time,
    snap,
    snap_ranges,
    time_of,
)
from tests.app.plan.test_parts import Times, clips

CLIP = Times(tuple(range(0, 100)), Fraction(1, 10), Fraction(10))
"""Ten seconds, ten frames each."""


def seconds(*texts: str) -> list[tuple[Fraction, Fraction | None]]:
    """Ranges as they are typed."""
    return [read_range(text) for text in texts]


@given(clip=clips(), data=st.data())
@settings(max_examples=80, deadline=None)
def test_every_range_and_every_dub_that_stays_is_one_part_of_a_partition(clip: Times, data: st.DataObject) -> None:
    n_frames = len(clip.frame_pts)
    cuts = sorted(data.draw(st.sets(st.integers(0, n_frames), min_size=2, max_size=10)) if n_frames else {0, 1})
    pieces = [
        Span(a, b, time_of(clip, a), time_of(clip, b)) for a, b in itertools.pairwise(cuts) if data.draw(st.booleans())
    ]
    asked = [one for one in pieces if data.draw(st.booleans())]
    kept = [one for one in pieces if one not in asked]
    others = data.draw(st.lists(st.integers(0, n_frames - 1), max_size=5))
    spans, notes = snap_ranges(clip, [(one.start, one.end) for one in asked])
    assert [*spans] == asked
    assert notes == ()
    parts = plan_cutting(clip, bounds_around(clip, [*spans, *kept], others))
    assert parts[0].start_frame == 0
    assert parts[-1].end_frame == n_frames
    assert all(a.end_frame == b.start_frame and a.end == b.start for a, b in itertools.pairwise(parts))
    places = {(part.start_frame, part.end_frame) for part in parts}
    assert all((one.start_frame, one.end_frame) in places for one in pieces)
    inside = {cut for cut in others if any(one.start_frame < cut < one.end_frame for one in pieces)}
    starts = {part.start_frame for part in parts}
    assert {*others} - inside <= starts
    assert not inside & starts


@given(clip=clips(), share=st.fractions(0, 1, max_denominator=10**6))
@settings(max_examples=80, deadline=None)
def test_a_time_is_moved_to_the_nearest_frame(clip: Times, share: Fraction) -> None:
    at = share * clip.duration
    found = snap(clip, at)
    off = abs(time_of(clip, found) - at)
    assert all(off <= abs(time_of(clip, frame) - at) for frame in range(len(clip.frame_pts) + 1))


def test_neighbours_and_the_films_ends_need_no_part_between() -> None:
    spans, _ = snap_ranges(CLIP, seconds("0-2", "2-5", "8-end"))
    parts = plan_cutting(CLIP, bounds_around(CLIP, spans))
    assert [(part.start, part.end) for part in parts] == [(0, 2), (2, 5), (5, 8), (8, 10)]
    assert plan_cutting(CLIP, bounds_around(CLIP, snap_ranges(CLIP, seconds("0-"))[0]))[0].n_parts == 1


def test_what_is_moved_is_said() -> None:
    [span], notes = snap_ranges(CLIP, seconds("2.44-5.06"))
    assert (span.start, span.end) == (Fraction(12, 5), Fraction(51, 10))
    assert notes == (
        "00:02.440 is moved to 00:02.400, where the nearest frame begins.",
        "00:05.060 is moved to 00:05.100, where the nearest frame begins.",
    )
    # The end as people read it off a player, a little late.
    assert snap_ranges(CLIP, seconds("9-10.04"))[1] == (
        "00:10.040 is moved to 00:10.000, where the nearest frame ends.",
    )


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        (("5-2",), "The range 00:05.000 to 00:02.000 ends before it has begun: give the earlier time first."),
        (("5-5",), "ends before it has begun"),
        (("10-",), "The range 00:10.000 to 00:10.000 is shorter than a frame"),
        (("2.01-2.04",), "00:02.010 to 00:02.040 is shorter than a frame, which lasts 100 ms there: choose"),
        (("9.97-10",), "is shorter than a frame"),
        (("1-3", "2-4"), "The ranges 00:01.000 to 00:03.000 and 00:02.000 to 00:04.000 overlap: let one end where"),
        (("2-4", "2-4"), "overlap"),
        (("9-12",), "00:12.000 lies outside the video, which lasts 00:10.000: choose a time from 00:00.000"),
        (("11-",), "00:11.000 lies outside the video"),
        (("70:00-71:00",), "1:10:00.000 lies outside the video"),
    ],
)  # fmt: skip
def test_ranges_that_cannot_be_are_one_sentence(ranges: tuple[str, ...], said: str) -> None:
    with pytest.raises(PlanError) as error:
        snap_ranges(CLIP, seconds(*ranges))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ((5, 2), "Cuts at 00:05.000, 00:02.000 must come after the beginning and rise"),
        ((0, 2), "must come after the beginning and rise"),
        ((2, "2.01"), "The cut at 00:02.010 leaves a part without a frame"),
        (("0.02",), "leaves a part without a frame"),
        (("9.99",), "leaves a part without a frame"),
        ((11,), "lies outside the video"),
    ],
)
def test_cuts_that_cannot_be_are_one_sentence(times: tuple[int | str, ...], said: str) -> None:
    with pytest.raises(PlanError) as error:
        plan_cutting(CLIP, Bounds(tuple(Fraction(time) for time in times)))
    assert said in str(error.value)


def test_times_are_read_as_people_write_them() -> None:
    found = [read_time(text) for text in ("12.4", "00:12.4", "1:02:03", " 90 ", "0:90.25")]
    assert found == [Fraction(62, 5), Fraction(62, 5), 3723, 90, Fraction(361, 4)]
    assert read_range("00:12.4-00:31") == (Fraction(62, 5), 31)
    assert read_range("12.4 - end") == read_range("12.4-") == (Fraction(62, 5), None)


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "-5", "1e3", "nan", "12,4", "٣", "1/2"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(PlanError, match="is not a time: write for example"):
        read_time(text)


@pytest.mark.parametrize("text", ["12", "-5", "", "end"])
def test_what_is_no_range_is_said(text: str) -> None:
    with pytest.raises(PlanError, match="is not a range of time: write for example"):
        read_range(text)


def test_touching_runs_of_frames_do_not_overlap() -> None:
    [a, b], _ = snap_ranges(CLIP, seconds("0-2", "2-3"))
    assert not overlap(a, b)
    assert overlap(a, snap_ranges(CLIP, seconds("1.9-3"))[0][0])
