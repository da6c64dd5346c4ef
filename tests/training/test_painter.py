"""The painter's data is settled by its seed; a widened UNet still does what it did; training stops and goes on."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from riffusion_inference.datatypes import GenerationSettings
from riffusion_inference.diffusion.model import RiffusionModel
from riffusion_inference.notation.notes import Note
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.instruments import INSTRUMENTS
from training import painter, score_data
from training.captions import write_caption
from training.diffusion import DiffusionSettings, new_unet
from training.export import export_painter
from training.piece import draw_piece
from training.soundfont import write_tiny_soundfont


def test_a_painters_piece_is_settled_by_its_seed_and_in_any_key_and_tempo() -> None:
    assert score_data.score_piece(5) == score_data.score_piece(5)
    pieces = [score_data.score_piece(seed)[0] for seed in range(150)]
    assert {piece.key for piece in pieces} == set(range(12))


def test_notes_are_varied_within_range_and_rests_are_silent() -> None:
    rng = np.random.default_rng(1)
    notes = [Note(0.1 * place, 0.5, 60, 90, 73, "lead") for place in range(100)]
    flute = INSTRUMENTS["flute"]
    for _ in range(20):
        varied = score_data.vary(notes, rng)
        assert all(8 <= note.velocity <= 127 and flute.low <= note.key <= flute.high for note in varied)
        rested = score_data.rest(notes, rng)
        moments = np.arange(0, 9.5, 0.01)
        sounding = np.array([any(note.start <= at < note.start + note.duration for note in rested) for at in moments])
        silent = np.flatnonzero(~sounding)
        if silent.size > 5:
            assert np.ptp(silent) == silent.size - 1
            assert silent.size >= min(49, len(moments) - silent[0])


def test_a_bare_instrument_captions_a_solo() -> None:
    rng = np.random.default_rng(0)
    band = next(piece for piece in map(draw_piece, range(50)) if piece.chords and piece.groove)
    names = {band.lead, *INSTRUMENTS[band.lead].words}
    assert not {write_caption(band, rng).text.lower() for _ in range(800)} & names


def test_noise_levels_lie_where_the_sketch_leaves_something_to_learn() -> None:
    times = painter.draw_times(20000, np.random.default_rng(0)).numpy()
    assert np.mean((times >= 200) & (times < 850)) == pytest.approx(0.87, abs=0.01)
    assert times.min() < 20
    assert times.max() > 980


def test_a_widened_unet_does_what_it_did_where_there_is_no_sketch() -> None:
    unet = new_unet(4, 32, DiffusionSettings(channels=(16, 32, 32), layers=1)).eval()
    noisy, states = torch.randn(2, 4, 32, 32), torch.randn(2, 8, 32)
    with torch.no_grad():
        before = unet(noisy, 300, states).sample
        wide = painter.widen(unet, 4)
        after = wide(torch.cat([noisy, torch.zeros_like(noisy)], 1), 300, states).sample
        sketched = wide(torch.cat([noisy, torch.ones_like(noisy)], 1), 300, states).sample
    assert wide.config.in_channels == 8
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-5)
    assert (sketched - after).abs().max() > 1e-3


def test_what_is_left_on_a_sketch_and_the_sketch_make_the_whole() -> None:
    real, sketch = torch.randn(3, 4, 8, 8), torch.randn(3, 4, 8, 8)
    sketch[1] = 0
    left = painter.to_paint(real, sketch)
    torch.testing.assert_close(sketch[0] + left[0] / painter.GAIN, real[0])
    torch.testing.assert_close(left[1], real[1])


def test_training_stops_and_goes_on_and_paints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tinysoundfont")
    monkeypatch.setattr(score_data, "SHARD_PIECES", 2)
    monkeypatch.setattr(painter, "N_JUDGED", 1)
    soundfont, vae = write_tiny_soundfont(tmp_path / "tiny.sf2"), score_data.load_autoencoder()
    for index in (0, score_data.EVALUATION_SHARDS):
        score_data.write_shard(tmp_path / "data", index, soundfont, vae)
    real, sketch, pieces = score_data.read_shard(tmp_path / "data" / "00000000.npz")
    assert real.shape == sketch.shape == (2, 12, 32, 64)
    assert len(pieces) == 2
    settings = painter.PainterSettings(batch=2)
    for _ in range(2):
        painter.train_painter(tmp_path, tmp_path / "data", settings, max_seconds=0.01)
    again = painter.Painter(tmp_path, tmp_path / "data", settings)
    assert again.steps == 2
    assert again.samples == 4
    export_painter(tmp_path, tmp_path / "pocket")
    model = RiffusionModel.load(tmp_path / "pocket")
    score = write_score(read_prompt("solo flute"), Fraction(2), 1)
    settings = GenerationSettings("solo flute", seed=1, num_inference_steps=2, scores=(score,))
    take = model.generate(settings, 2 * 22050, 22050)[0]
    assert take.waveform.n_samples == 2 * 22050
    assert np.abs(take.waveform.samples).max() > 0.01
