"""The whole training in miniature: a soundfont made on the spot, every stage, a folder that the pipeline loads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from riffusion_inference.datatypes import GenerationSettings, SpectrogramParams
from riffusion_inference.diffusion.checkpoints import read_beats
from riffusion_inference.engines.load import load_model
from training import run_all
from training.dataset import read_shards
from training.diffusion import DiffusionSettings, Windows
from training.evaluate import Plan, evaluate
from training.piece import ANY_BEAT, GRID_BEATS
from training.sampling import generate_pixels, sound_from_pixels

pytest.importorskip("tinysoundfont")


@pytest.fixture(scope="module")
def run_folder(trained: Path) -> Path:
    """Every stage but the evaluation has left its result here."""
    return trained


def test_the_pipeline_loads_the_exported_folder_and_makes_a_window(run_folder: Path) -> None:
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(run_folder / "pocket", safety_checker=None)
    pixels = generate_pixels(pipe, ["calm piano", "техно 120 BPM, an unknown zorblax"], [1, 2], steps=2)
    assert pixels.shape == (2, 256, 256)
    assert not np.array_equal(pixels[0], pixels[1])
    again = generate_pixels(pipe, ["calm piano"], [1], steps=2)
    assert np.abs(again[0].astype(int) - pixels[0]).max() <= 2
    assert sound_from_pixels(pixels[0], 2).n_samples == 255 * 441


def test_the_app_loads_the_exported_folder_and_makes_sound(run_folder: Path) -> None:
    model = load_model(str(run_folder / "pocket"), device="cpu")
    settings = GenerationSettings("slow piano, 75 BPM", seed=3, num_inference_steps=2)
    take = model.generate(settings, 2 * 44100, 44100)[0]
    model.unload()
    assert take.waveform.n_samples == 2 * 44100
    assert take.waveform.sample_rate == 44100
    assert np.abs(take.waveform.samples).max() > 1e-3
    assert take.image is not None
    assert take.image.height == 256


def test_the_exported_folder_states_its_spectrogram(run_folder: Path) -> None:
    params = SpectrogramParams.from_dict(json.loads((run_folder / "pocket" / "spectrogram.json").read_text()))
    assert (params.n_mels, params.sample_rate, params.hop_length) == (256, 22050, 441)
    assert read_beats(run_folder / "pocket") == GRID_BEATS


def test_captions_name_every_tempo_that_is_nearest_to_the_piece(run_folder: Path) -> None:
    tokenizer = CLIPTokenizer.from_pretrained(run_folder / "tokenizer")
    windows = Windows(run_folder, run_folder / "data", tokenizer, DiffusionSettings(), seed=0)
    said = windows.said_for
    assert set(said) == {piece.beat_frames for piece in windows.pieces} <= set(GRID_BEATS)
    assert sorted(beat for beats in said.values() for beat in beats) == list(ANY_BEAT)
    piece = next(piece for piece in windows.pieces if piece.beat_frames == 24)
    captions = " ".join(windows.caption(piece) for _ in range(300))
    numbers = {int(number) for number in re.findall(r"(\d+) (?:BPM|bpm|beats)", captions)}
    # Beats of 22 to 25 frames are nearest to 24; round numbers may be 2.5 % and a rounding away.
    assert {125, 120, 130} <= numbers <= set(range(110, 146))


def test_a_finished_stage_is_not_done_again(run_folder: Path) -> None:
    before = torch.load(run_folder / "diffusion.pt", weights_only=True)["state"]
    stamp = (run_folder / "data" / "00000.npy").stat().st_mtime_ns
    run_all.main(
        [
            "--preset",
            "tiny",
            "--folder",
            str(run_folder),
            "--workers",
            "1",
            "--device",
            "cpu",
            "--stages",
            "data",
            "diffusion",
        ]
    )
    after = torch.load(run_folder / "diffusion.pt", weights_only=True)["state"]
    assert after["steps"] == before["steps"] == run_all.PRESETS["tiny"].max_steps
    assert (run_folder / "data" / "00000.npy").stat().st_mtime_ns == stamp


def test_sample_sheets_and_sounds_are_written_while_training(run_folder: Path) -> None:
    sheets = sorted((run_folder / "samples").glob("*.png"))
    assert sheets
    assert len(list((run_folder / "samples").glob(f"{sheets[0].stem}-*.wav"))) == 6


def test_the_packed_checkpoint_is_in_small_files_and_whole(run_folder: Path) -> None:
    import io
    import tarfile

    pieces = sorted((run_folder / "packed").glob("pocket.tar.*"))
    assert pieces
    assert all(piece.stat().st_size <= run_all.PIECE_BYTES for piece in pieces)
    with tarfile.open(fileobj=io.BytesIO(b"".join(piece.read_bytes() for piece in pieces))) as tar:
        assert "pocket/model_index.json" in tar.getnames()


def test_the_evaluation_fills_its_table(run_folder: Path) -> None:
    plan = Plan(n_prompts=3, n_seeds=2, steps=2, n_iter=2)
    table = evaluate(
        run_folder / "pocket", run_folder / "data", run_folder / "tiny.sf2", plan, run_folder / "sheet.png"
    )
    for name, (_, _, real) in table.rows.items():
        assert np.isfinite(real) or "AUC" in name, name
    real = table.rows["brightness, rank correlation with real"][2]
    assert real > 0.5, "renderings of one piece's attributes must resemble each other"
    assert "| measure |" in table.to_markdown()
    assert (run_folder / "sheet.png").stat().st_size > 1000


def test_shards_hold_what_their_pieces_say(run_folder: Path) -> None:
    pixels, pieces = next(read_shards(run_folder / "data"))
    assert pixels.shape == (50, 256, 256)
    assert pixels.dtype == np.uint8
    assert len(pieces) == 50
    assert len({piece.genre for piece in pieces}) > 15
    assert pixels.min() == 0
    assert pixels.mean() > 60, "pieces must be normalised to their brightest stroke"
