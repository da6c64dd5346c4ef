"""MP4's sample tables: packed and unpacked they say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import MediaError
from app.media.mp4.boxes import Box, Edit, edits_box, parse_boxes, read_edits
from app.media.mp4.movie import common_timescale, rescaled
from app.media.mp4.tables import Runs, chunks_box, numbers_box, offsets_box, read_table, runs_box, sizes_box

DURATIONS = st.lists(st.integers(1, 5000), min_size=1, max_size=40)


def table_box(durations: list[int], sizes: list[int], per_chunk: int, wide: bool) -> Box:
    """An stbl of one chunk after another from byte 1000 on."""
    counts = [len(sizes[k : k + per_chunk]) for k in range(0, len(sizes), per_chunk)]
    starts = 1000 + np.concatenate([[0], np.cumsum(sizes)])[:-1][::per_chunk]
    boxes = [
        runs_box(b"stts", np.array(durations)),
        numbers_box(b"stss", np.array([1])),
        chunks_box(np.array(counts), np.ones(len(counts), dtype=np.int64)),
        sizes_box(np.array(sizes)),
        offsets_box(starts, wide),
    ]
    return Box(b"stbl", b"", boxes)


@given(durations=DURATIONS, per_chunk=st.integers(1, 7), wide=st.booleans(), equal=st.booleans())
def test_a_table_comes_back_as_it_was(durations: list[int], per_chunk: int, wide: bool, equal: bool) -> None:
    sizes = [9] * len(durations) if equal else [d % 700 + 1 for d in durations]
    [box] = parse_boxes(table_box(durations, sizes, per_chunk, wide).to_bytes())
    table = read_table(box)
    assert table.n_samples == len(durations)
    assert table.durations.between(0, table.n_samples).tolist() == durations
    assert table.sizes_of(0, table.n_samples).tolist() == sizes
    assert table.end_byte() == 1000 + sum(sizes)
    assert table.chunk_first[-1] == len(durations)
    times = [sum(durations[:n]) for n in range(len(durations) + 1)]
    assert table.times_at(np.arange(len(durations) + 1)).tolist() == times
    for n, time in enumerate(times[:-1]):
        assert table.sample_at(time) == n
        assert table.sample_at(times[n + 1] - 1) == n
    assert table.sample_at(times[-1]) == len(durations)


@given(values=DURATIONS, data=st.data())
def test_runs_give_any_stretch(values: list[int], data: st.DataObject) -> None:
    counts = [data.draw(st.integers(1, 5)) for _ in values]
    runs = Runs(np.array(counts), np.array(values))
    whole = np.repeat(values, counts).tolist()
    first = data.draw(st.integers(0, len(whole)))
    last = data.draw(st.integers(first, len(whole)))
    assert runs.between(first, last).tolist() == whole[first:last]


@pytest.mark.parametrize("edits", [[Edit(5, -1), Edit(90, 1024)], [Edit(2**33, 7)], [Edit(9, 2**40)], []])
def test_edit_lists_come_back_as_they_were(edits: list[Edit]) -> None:
    assert read_edits(Box(b"trak", b"", [edits_box(edits)])) == edits


@given(value=st.integers(-(10**9), 10**9), multiplier=st.integers(1, 10**6), divisor=st.integers(1, 10**6))
def test_rescaling_rounds_to_the_nearest(value: int, multiplier: int, divisor: int) -> None:
    assert abs(rescaled(value, multiplier, divisor) * divisor - value * multiplier) * 2 <= divisor


def test_a_movie_timescale_holds_every_track_exactly() -> None:
    assert common_timescale([12800, 48000]) == 192_000
    assert common_timescale([90000, 44100]) == 4_410_000
    assert common_timescale([2**30 + 1, 48000]) == 2**30 + 1
    assert common_timescale([30]) == 3000


@pytest.mark.parametrize("damage", [b"\0\0\0\x07free", b"\0\0\1\0free", b"\0\0\0\1free\0\0\0\0\0\0\1\0"])
def test_a_box_that_extends_past_its_parent_is_damage(damage: bytes) -> None:
    with pytest.raises(MediaError, match="a box extends past the end of its parent"):
        parse_boxes(damage)


def test_chunks_that_hold_too_little_are_damage() -> None:
    box = table_box([1, 1, 1, 1], [5, 5, 5, 5], 2, False)
    stsz = next(child for child in box.children if child.kind == b"stsz")
    stsz.payload = stsz.payload[:8] + (9).to_bytes(4, "big")
    with pytest.raises(MediaError, match="The file's sample tables are damaged"):
        read_table(box)
