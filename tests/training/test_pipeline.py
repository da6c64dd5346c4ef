"""The whole training in miniature: a soundfont made on the spot, every stage, a folder that the pipeline loads."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from riffusion_inference.datatypes import GenerationSettings
from riffusion_inference.diffusion.checkpoints import SketchInput, read_params, read_sketch_input
from riffusion_inference.engines.load import load_model
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.timbres import GRID
from training import run_all
from training.dataset import read_shards
from training.evaluate import REAL, Plan, evaluate

pytest.importorskip("tinysoundfont")


@pytest.fixture(scope="module")
def run_folder(trained: Path) -> Path:
    """Every stage but the evaluation has left its result here."""
    return trained


def test_the_exported_folder_is_one_that_diffusers_reads(run_folder: Path) -> None:
    from diffusers import AutoencoderTiny, UNet2DConditionModel
    from transformers import CLIPTextModel

    folder = run_folder / "pocket"
    unet, vae = UNet2DConditionModel.from_pretrained(folder / "unet"), AutoencoderTiny.from_pretrained(folder / "vae")
    assert unet.config.in_channels == 2 * unet.config.out_channels == 2 * vae.config.latent_channels
    ids = CLIPTokenizer.from_pretrained(folder / "tokenizer")(["техно 120 BPM, an unknown zorblax"]).input_ids
    states = CLIPTextModel.from_pretrained(folder / "text_encoder")(torch.tensor(ids)).last_hidden_state
    assert states.shape[2] == unet.config.cross_attention_dim
    assert torch.isfinite(states).all()


def test_the_app_loads_the_exported_folder_and_makes_sound(run_folder: Path) -> None:
    model = load_model(str(run_folder / "pocket"), device="cpu")
    settings = GenerationSettings("slow piano, 75 BPM", seed=3, num_inference_steps=2)
    score = write_score(read_prompt("slow piano, 75 BPM"), Fraction(2), 1)
    written = model.generate(replace(settings, scores=(score,)), 2 * 44100, 44100)[0]
    take = model.generate(settings, 2 * 44100, 44100)[0]
    model.unload()
    assert not np.array_equal(take.waveform.samples, written.waveform.samples)
    assert take.waveform.n_samples == 2 * 44100
    assert take.waveform.sample_rate == 44100
    assert np.abs(take.waveform.samples).max() > 1e-3
    assert take.image is not None
    assert take.image.height == 256


def test_the_exported_folder_states_its_spectrogram(run_folder: Path) -> None:
    assert read_params(run_folder / "pocket") == GRID
    assert read_sketch_input(run_folder / "pocket") == SketchInput(gain=2.0, start_sigma=8.0, noise=0.7)


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
    plan = Plan(n_prompts=2, n_seeds=2, seconds=Fraction(6), steps=1, before_steps=1)
    pocket = run_folder / "pocket"
    table = evaluate(pocket, run_folder / "tiny.sf2", plan, before=pocket, sheet=run_folder / "sheet.png")
    column = table.columns.index(REAL)
    assert table.rows["brightness, rank correlation with real"][column] == 1.0
    assert table.rows["notes heard, all"][column] > 0.3
    assert table.rows["near-empty clips (share)"][column] < 0.5
    assert all(len(figures) == 4 for figures in table.rows.values())
    assert (
        "| measure | painted | sketch alone | real renderings | before, from the prompt alone |" in table.to_markdown()
    )
    assert (run_folder / "sheet.png").stat().st_size > 1000


def test_shards_hold_what_their_pieces_say(run_folder: Path) -> None:
    pixels, pieces = next(read_shards(run_folder / "data"))
    assert pixels.shape == (50, 256, 256)
    assert pixels.dtype == np.uint8
    assert len(pieces) == 50
    assert len({piece.genre for piece in pieces}) > 15
    assert pixels.min() == 0
    assert pixels.mean() > 60, "pieces must be normalised to their brightest stroke"
