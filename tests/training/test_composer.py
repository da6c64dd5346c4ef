"""The composer is deterministic, wide and in range; captions are true; held-out pairs stay out; measures can hear."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from riffusion_inference.datatypes import Waveform
from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.patterns import BASS, CHORDS, DRUMS
from riffusion_inference.score.words import DRUM_WORDS, MOODS, NO_DRUM_WORDS, tempo_word
from training.captions import write_caption
from training.composer import compose
from training.measures import estimate_tempo, hear, onset_envelope, stft_magnitudes, strength_near, tempo_matches
from training.piece import draw_piece, is_held_out
from training.render import SAMPLE_RATE, render
from training.soundfont import write_tiny_soundfont
from training.wordnet import mood_neighbours


@pytest.fixture(scope="module")
def soundfont(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tinysoundfont")
    return write_tiny_soundfont(tmp_path_factory.mktemp("font") / "tiny.sf2")


def test_the_composer_is_wide_and_its_tables_fit_together() -> None:
    assert len(GENRES) >= 25
    assert len(INSTRUMENTS) >= 40
    for genre in GENRES.values():
        named = {*genre.leads, *genre.chords, *genre.basses} - {""}
        assert named <= set(INSTRUMENTS), (genre.name, named - set(INSTRUMENTS))
        assert set(genre.kits) <= set(DRUMS)
        assert set(genre.moods) <= set(MOODS)
        assert genre.bass_style in BASS
        assert genre.chord_style in CHORDS
        assert genre.drums == 0 or genre.kits


@pytest.mark.parametrize("seed", range(12))
def test_a_piece_is_settled_by_its_seed_and_stays_in_range(seed: int) -> None:
    piece = draw_piece(seed)
    assert piece == draw_piece(seed)
    notes = compose(piece, 6.0)
    assert notes == compose(piece, 6.0)
    assert notes
    assert all(0 <= note.start < 6 and 0 <= note.key <= 127 and 1 <= note.velocity <= 127 for note in notes)
    lead = INSTRUMENTS[piece.lead]
    assert all(lead.low <= note.key <= lead.high for note in notes if note.layer == "lead")
    assert any(note.layer == "drums" for note in notes) <= piece.drums
    assert compose(replace(piece, seed=seed + 1), 6.0) != notes


def test_training_never_draws_a_held_out_pair_and_evaluation_can() -> None:
    pieces = [draw_piece(seed) for seed in range(600)]
    assert not any(is_held_out(piece.genre, piece.lead) for piece in pieces)
    assert any(
        is_held_out(piece.genre, piece.lead) for piece in (draw_piece(seed, held_out=True) for seed in range(600))
    )


def test_pieces_are_in_any_key_and_at_any_tempo() -> None:
    pieces = [draw_piece(seed) for seed in range(300)]
    assert {piece.key for piece in pieces} == set(range(12))
    assert len({round(piece.bpm, 3) for piece in pieces}) > 290
    assert 0.3 <= np.mean([piece.alone for piece in pieces]) <= 0.45


def test_a_piece_is_what_its_caption_may_say(soundfont: Path) -> None:
    missing = 0
    for seed in range(60):
        piece = draw_piece(seed)
        layers = {note.layer for note in compose(piece, 10.24)}
        assert "drums" not in layers or piece.drums
        assert not piece.alone or layers <= {"lead", "chords"}
        missing += piece.drums and "drums" not in layers
    assert missing == 0


@pytest.mark.parametrize(
    ("bpm", "word"), [(60, "very slow"), (80, "slow"), (100, "medium tempo"), (125, "fast"), (180, "very fast")]
)
def test_tempo_words(bpm: float, word: str) -> None:
    assert tempo_word(bpm) == word


def test_captions_say_only_what_is_true() -> None:
    rng = np.random.default_rng(0)
    said = set()
    for seed in range(400):
        piece = draw_piece(seed)
        caption = write_caption(piece, rng)
        said |= caption.says
        words = f" {caption.text.lower()} "
        if "drums" in caption.says:
            assert any(word in words for word in (DRUM_WORDS if piece.drums else NO_DRUM_WORDS)), caption.text
        if "mode" in caption.says:
            assert ("minor" in words) == piece.minor, caption.text
    assert {"genre", "mood", "tempo", "mode", "lead", "drums", "texture", "density", "dynamics"} <= said


def test_rendering_is_deterministic_level_and_audible(soundfont: Path) -> None:
    piece = draw_piece(3)
    samples = render(piece, 2.0, soundfont)
    assert samples.shape == (2 * SAMPLE_RATE,)
    assert np.abs(samples).max() == pytest.approx(0.89, abs=1e-3)
    assert np.array_equal(samples, render(piece, 2.0, soundfont))


def test_drums_and_tempo_can_be_heard_in_renderings(soundfont: Path) -> None:
    drawn = (draw_piece(seed, genre_name="rock") for seed in range(200))
    rock = next(piece for piece in drawn if piece.drums and piece.section == "steady")
    quiet = replace(rock, groove="", genre="ambient", texture="drone", lead="warm pad", chords="warm pad", bass="")
    loud, soft = (hear(Waveform(render(piece, 5.12, soundfont)[None], SAMPLE_RATE)) for piece in (rock, quiet))
    assert loud.percussive > soft.percussive
    assert loud.onsets > soft.onsets


def test_tempo_of_clicks() -> None:
    for beat_frames in (20, 24, 32, 40):
        samples = np.random.default_rng(0).normal(size=5 * SAMPLE_RATE).astype(np.float32) * 1e-3
        for start in range(0, len(samples), beat_frames * 441):
            samples[start : start + 300] += 0.8 * np.hanning(300)[: len(samples) - start]
        bpm = estimate_tempo(onset_envelope(stft_magnitudes(samples)), 50.0)
        assert tempo_matches(bpm, 3000 / beat_frames), (bpm, 3000 / beat_frames)


def test_four_even_sixteenths_make_a_beat_and_five_do_not() -> None:
    envelope = np.full(256, -0.4)
    envelope[::7] = 2.4  # 107 BPM has a sixteenth every 7 frames of 20 ms.
    assert tempo_matches(estimate_tempo(envelope, 50.0), 3000 / 28)
    assert strength_near(envelope, 27) == pytest.approx(strength_near(envelope, 28), abs=0.1)
    assert strength_near(envelope, 28) > 0.8 > 0.5 > strength_near(envelope, 24)


@pytest.mark.parametrize("minor", [False, True])
def test_a_known_tonic_tells_minor_from_major(minor: bool) -> None:
    third, time = (51 if minor else 52), np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    keys = (48, third, 55, 53, third + 5, 60)
    samples = sum(np.sin(2 * np.pi * 440 * 2 ** ((key - 69 + 12) / 12) * time) for key in keys) / 6
    heard = hear(Waveform(np.asarray(samples, dtype=np.float32)[None], SAMPLE_RATE), tonic=0)
    assert (heard.minor > 0.2) if minor else (heard.minor < -0.2)


def test_wordnet_is_optional(tmp_path: Path) -> None:
    assert mood_neighbours({"calm": ("quiet",)}, tmp_path) == {"calm": ()}
