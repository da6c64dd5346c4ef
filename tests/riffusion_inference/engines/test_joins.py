"""Any length out of limited pieces: exact, without steps in level, without seams."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riffusion_inference.datatypes import Waveform
from riffusion_inference.engines.joins import join, plan_pieces
from riffusion_inference.errors import EngineError


@given(st.integers(1, 100_000), st.integers(50, 5000), st.integers(0, 40))
def test_pieces_cover_everything_and_overlap_as_asked(n_samples: int, longest: int, overlap: int) -> None:
    pieces = plan_pieces(n_samples, longest, overlap)
    assert pieces[0].start == 0
    assert pieces[-1].start + pieces[-1].n_samples == n_samples
    assert all(0 < piece.n_samples <= longest for piece in pieces)
    for one, next_one in pairwise(pieces):
        assert one.start + one.n_samples - next_one.start == overlap
    assert max(p.n_samples for p in pieces) - min(p.n_samples for p in pieces) <= len(pieces)


def noise_piece(number: int, seconds: float) -> Waveform:
    samples = np.random.default_rng(number).standard_normal((1, int(seconds * 8000) + 8)) * 0.1
    return Waveform(samples.astype(np.float32), 8000)


@pytest.mark.parametrize("n_samples", [1601, 16000, 80001])
@pytest.mark.parametrize("loop", [False, True])
def test_the_length_is_exact_and_the_level_even(n_samples: int, loop: bool) -> None:
    made = join(noise_piece, n_samples, 16000, longest_seconds=1.0, overlap_seconds=0.2, loop=loop)
    assert made.samples.shape == (1, n_samples)
    blocks = made.samples[0, : n_samples // 800 * 800].reshape(-1, 800)
    levels = 20 * np.log10(np.sqrt(np.square(blocks).mean(axis=1)))
    assert levels.max() - levels.min() < 3.0


def test_a_loop_goes_on_where_it_ends() -> None:
    def ramp(number: int, seconds: float) -> Waveform:
        return Waveform(np.arange(int(seconds * 1000) + 2, dtype=np.float32)[None] / 1000, 1000)

    made = join(ramp, 2000, 1000, longest_seconds=9, overlap_seconds=0.5, loop=True).samples[0]
    # The first sample of the loop is what would have come after the last one.
    assert made[0] == pytest.approx(2.0, abs=0.01)
    assert made[-1] == pytest.approx(1.999, abs=0.01)


def test_pieces_of_another_level_are_brought_nearer() -> None:
    def uneven(number: int, seconds: float) -> Waveform:
        piece = noise_piece(number, seconds)
        return Waveform(piece.samples * (1.0 if number == 0 else 0.6), piece.sample_rate)

    made = join(uneven, 16000, 8000, longest_seconds=1.2, overlap_seconds=0.2).samples[0]
    first, last = (float(np.sqrt(np.square(part).mean())) for part in (made[:4000], made[-4000:]))
    assert last == pytest.approx(first, rel=0.1)


def test_a_short_piece_is_a_sentence() -> None:
    with pytest.raises(EngineError, match=r"made 0\.50 s of sound, but 1\.00 s"):
        join(
            lambda *_: Waveform(np.zeros((1, 500), np.float32), 1000), 1000, 1000, longest_seconds=2, overlap_seconds=0
        )
