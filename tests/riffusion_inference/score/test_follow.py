"""Cuts fall on beats: exactly, at a tempo that hardly bends, and more of them than chance would keep."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.datatypes import TICKS, Score
from riffusion_inference.score.follow import MAX_BEND, Hit, follow_hits

CUTS = st.lists(st.fractions(Fraction(1, 2), 60, max_denominator=3000), max_size=25)


def random_hits(seed: int, seconds: float = 60.0) -> list[Hit]:
    """Cuts a second apart or more."""
    gaps = 1 + np.random.default_rng(seed).exponential(1.5, 100)
    return [Hit(Fraction(round(1000 * at), 1000), 1.0) for at in np.cumsum(gaps) if at < seconds - 2]


@given(CUTS, st.floats(60, 180))
@settings(max_examples=40, deadline=None)
def test_kept_hits_are_on_beats_and_the_tempo_hardly_bends(cuts: list[Fraction], bpm: float) -> None:
    followed = follow_hits([Hit(cut, 0.8) for cut in cuts], bpm)
    score = Score((), 100 * TICKS, followed.tempi)
    for hit, tick in followed.kept:
        bar_line = max(line for line in followed.bar_lines if line <= tick)
        assert (tick - bar_line) % TICKS == 0
        assert abs(score.seconds(tick) - hit.time) < Fraction(1, 1000)
    for tempo in followed.tempi:
        assert abs(followed.bpm / tempo.bpm - 1) <= MAX_BEND + 1e-3


def test_most_cuts_are_kept_and_chance_keeps_few() -> None:
    kept, chance = [], []
    for seed in range(6):
        hits = random_hits(seed)
        kept.append(len(follow_hits(hits, 110.0).kept) / len(hits))
        beats = np.arange(0, 60, 60 / 110.0)
        near = [np.abs(beats - float(hit.time)).min() <= 0.02 for hit in hits]
        chance.append(float(np.mean(near)))
    assert np.mean(kept) > 0.6
    assert np.mean(chance) < 0.2


def test_a_named_tempo_is_kept_and_weight_counts() -> None:
    hits = random_hits(3)
    followed = follow_hits(hits, 120.0, bpm_is_asked=True)
    assert followed.bpm == 120.0
    two = [Hit(Fraction("2.25"), 0.2), Hit(Fraction("2.4"), 0.9)]
    assert [hit.weight for hit, _ in follow_hits(two, 120.0, bpm_is_asked=True).kept] == [0.9]
    two = [Hit(Fraction("1.98"), 0.2), Hit(Fraction("2.05"), 0.9)]
    assert [hit.weight for hit, _ in follow_hits(two, 120.0, bpm_is_asked=True).kept] == [0.9]


@pytest.mark.parametrize("prompt", ["rock", "solo piano", "orchestral, no drums", "techno, 128 bpm"])
def test_a_score_meets_its_hits_with_notes(prompt: str) -> None:
    hits = random_hits(7, 40.0)
    score = write_score(read_prompt(prompt), Fraction(40), 3, hits=hits)
    assert score.accents
    assert len(score.tempi) > 1
    assert score.duration <= 40
    assert score.duration > Fraction("39.99")
    final = next(section.tick for section in score.sections if section.name == "ending")
    times = {float(hit.time) for hit in hits}
    for accent in score.accents:
        assert min(abs(float(score.seconds(accent.tick)) - time) for time in times) < 0.001
        if accent.tick < final:
            assert any(note.tick == accent.tick for note in score.notes)
