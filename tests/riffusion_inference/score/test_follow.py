"""Cuts fall on beats: exactly, at a tempo that hardly bends, and more of them than chance would keep."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riffusion_inference.notation.score import TICKS, Score
from riffusion_inference.score.accents import STRUCK
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.follow import MAX_BEND, Hit, follow_hits
from riffusion_inference.score.instruments import INSTRUMENTS

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


def share_kept(hits: list[Hit], bpm: float, *, bpm_is_asked: bool = False) -> float:
    return len(follow_hits(hits, bpm, bpm_is_asked=bpm_is_asked).kept) / len(hits)


@pytest.mark.parametrize("bpm", [70.0, 95.0, 110.0, 140.0])
@pytest.mark.parametrize("bpm_is_asked", [False, True])
def test_four_in_five_cuts_are_kept_at_any_tempo_and_chance_keeps_few(bpm: float, bpm_is_asked: bool) -> None:
    kept, chance = [], []
    for seed in range(6):
        hits = random_hits(seed)
        kept.append(share_kept(hits, bpm, bpm_is_asked=bpm_is_asked))
        beats = np.arange(0, 60, 60 / bpm)
        near = [np.abs(beats - float(hit.time)).min() <= 0.02 for hit in hits]
        chance.append(float(np.mean(near)))
    assert np.mean(kept) >= 0.8
    assert np.mean(chance) < 0.25


def test_bars_lose_beats_only_where_cuts_would_be_lost() -> None:
    # Every 2.4 s: at 100 BPM these are bar lines, and nothing has to give.
    hits = [Hit(Fraction(12 * k, 5), 1.0) for k in range(1, 20)]
    followed = follow_hits(hits, 104.0)
    assert len(followed.kept) == len(hits)
    assert all(after - line == 4 * TICKS for line, after in itertools.pairwise(followed.bar_lines))
    assert {tick for _, tick in followed.kept} <= {*followed.bar_lines}
    # The first cut may come at any time: the first bar is the short one.
    late = [Hit(hit.time + Fraction(7, 10), 1.0) for hit in hits]
    followed = follow_hits(late, 104.0)
    assert len(followed.kept) == len(late)
    lengths = [after - line for line, after in itertools.pairwise(followed.bar_lines)]
    assert all(length == 4 * TICKS for length in lengths[2:])


@given(CUTS, st.floats(60, 180))
@settings(max_examples=30, deadline=None)
def test_no_bar_is_longer_than_a_bar_or_hardly_a_beat(cuts: list[Fraction], bpm: float) -> None:
    followed = follow_hits([Hit(cut, 1.0) for cut in cuts], bpm)
    for line, after in itertools.pairwise(followed.bar_lines[1:]):
        assert 1.5 * TICKS <= after - line <= 4 * TICKS


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


def test_a_bowed_solo_is_plucked_where_it_meets_a_hit() -> None:
    hits = [Hit(Fraction(5), 1.0), Hit(Fraction(9), 0.7)]
    score = write_score(read_prompt("solo cello"), Fraction(15), 4, hits=hits)
    plucked = sorted({score.seconds(note.tick) for note in score.notes if note.program == 45})
    met = [score.seconds(accent.tick) for accent in score.accents]
    assert len(met) == 2
    # A plucked string is heard a hundredth of a second after it is plucked.
    early = [float(hit - start) for hit, start in zip(met, plucked, strict=True)]
    assert early == pytest.approx([0.013, 0.013], abs=0.002)
    assert not [note for note in write_score(read_prompt("solo cello"), Fraction(15), 4).notes if note.program == 45]


@pytest.mark.parametrize("prompt", ["epic orchestral", "string quartet, no drums"])
def test_something_struck_stands_out_where_a_band_that_swells_in_meets_a_hit(prompt: str) -> None:
    hits = [Hit(Fraction(5), 0.3), Hit(Fraction(9), 1.0)]
    score = write_score(read_prompt(prompt), Fraction(15), 4, hits=hits)
    families = {instrument.program: instrument.family for instrument in INSTRUMENTS.values()}
    assert len(score.accents) == 2
    for accent in score.accents:
        at = score.seconds(accent.tick)
        near = [note for note in score.notes if abs(score.seconds(note.tick) - at) < 0.05 and note.layer != "drums"]
        # What is plucked alone is plucked a little earlier than it is heard.
        on_time = [note for note in near if 0 <= at - score.seconds(note.tick) < 0.015]
        struck = [note for note in on_time if families[note.program] in STRUCK]
        swelling = [note for note in near if note not in struck]
        assert struck
        assert max(note.velocity for note in struck) > max((note.velocity for note in swelling), default=0)


@pytest.mark.parametrize("prompt", ["rock", "solo piano", "waltz, accordion", "techno, 128 bpm", "ambient pads"])
@pytest.mark.parametrize("before_end", [Fraction(3, 10), Fraction(7, 10), Fraction(3, 2), Fraction(3)])
def test_a_late_cut_is_met_and_the_end_is_inside_the_part_on_the_tonic(prompt: str, before_end: Fraction) -> None:
    duration = Fraction(21)
    hits = [Hit(Fraction(14, 5), 1.0), Hit(Fraction(9), 0.7), Hit(duration - before_end, 1.0)]
    score = write_score(read_prompt(prompt), duration, 4, hits=hits)
    met = [score.seconds(accent.tick) for accent in score.accents]
    assert any(abs(moment - hits[-1].time) < Fraction(1, 1000) for moment in met)
    lines = [*score.bar_lines(), score.end]
    beats = {tick for line, after in itertools.pairwise(lines) for tick in range(line, after, TICKS)}
    assert beats >= {accent.tick for accent in score.accents}
    final = next(section.tick for section in score.sections if section.name == "ending")
    assert final in score.bar_lines()
    assert all(note.tick + note.ticks <= score.end for note in score.notes)
    assert duration - Fraction(1, 100) < score.duration <= duration
    # The last cut that leaves the last chord time enough is where it sounds.
    if before_end >= 1:
        assert abs(score.seconds(final) - hits[-1].time) < Fraction(1, 1000)
    assert score.key is not None
    # What swells in begins a little ahead.
    last = [note for note in score.notes if -0.04 < float(score.seconds(note.tick) - score.seconds(final)) <= 0]
    assert {note.key % 12 for note in last if note.layer == "lead"} >= {score.key.tonic}
    assert any(note.tick in score.bar_lines() for note in last)
    assert any(abs(note.tick - score.accents[-1].tick) == 0 for note in score.notes)


def test_loudness_and_layers_follow_energy_from_bar_to_bar() -> None:
    energy = [0.05 if place // 20 % 2 == 0 else 0.95 for place in range(160)]
    plain = write_score(read_prompt("house, 124 bpm"), Fraction(40), 2)
    score = write_score(read_prompt("house, 124 bpm"), Fraction(40), 2, energy=energy)
    curve = np.interp([float(score.seconds(n.tick)) for n in score.notes], np.linspace(0, 40, 160), energy)
    quiet = [note.velocity for note, level in zip(score.notes, curve, strict=True) if level < 0.1]
    lively = [note.velocity for note, level in zip(score.notes, curve, strict=True) if level > 0.9]
    assert np.mean(lively) > 2 * np.mean(quiet)
    assert len(lively) > 2 * len(quiet)
    assert plain.meters == score.meters
    assert [section.name for section in plain.sections] == [section.name for section in score.sections]


@pytest.mark.parametrize("words", ["dance music, driving drums and synth bass", "techno"])
def test_a_quiet_picture_does_not_silence_what_was_asked_for(words: str) -> None:
    score = write_score(read_prompt(words), Fraction(15), 1, energy=[0.1] * 60)
    bars = [float(score.seconds(tick)) for tick in score.bar_lines()]
    for layer in ("drums", "bass"):
        played = [float(score.seconds(note.tick)) for note in score.notes if note.layer == layer]
        assert sum(any(a <= at < b for at in played) for a, b in itertools.pairwise(bars)) > len(bars) // 2
    pads = write_score(read_prompt("calm, warm pad"), Fraction(15), 1, energy=[0.1] * 60)
    assert not [note for note in pads.notes if note.layer == "drums"]


def test_a_blown_solo_begins_ahead_of_a_cut_so_that_it_is_heard_on_it() -> None:
    cuts = [Hit(Fraction(5 * place + 1, 2), 1.0) for place in range(1, 5)]
    ahead = {}
    for words in ("solo saxophone", "solo piano"):
        score = write_score(read_prompt(words), Fraction(15), 1, cuts)
        met = [score.seconds(accent.tick) for accent in score.accents]
        assert len(met) >= 3
        ahead[words] = [
            float(at - max(score.seconds(note.tick) for note in score.notes if score.seconds(note.tick) <= at))
            for at in met
        ]
    assert all(0.005 < seconds <= 0.06 for seconds in ahead["solo saxophone"])
    assert all(seconds < 0.002 for seconds in ahead["solo piano"])
