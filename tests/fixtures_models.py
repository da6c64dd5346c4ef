"""A tiny Stable Diffusion checkpoint with the real classes and random weights, made on the spot; no network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from riffusion_inference.datatypes import SpectrogramParams

TINY_PARAMS = SpectrogramParams(
    sample_rate=8000, n_fft=1600, win_length=400, hop_length=80, n_mels=32, f_min=0.0, f_max=3600.0
)
"""One window of 8 latents is 32 px: 2480 samples, 0.31 s."""

MODEL_CARD = "---\nlicence: mit\nlicense: mit\n---\n# Tiny\nRandom weights for tests.\n"


def write_tokenizer(folder: Path) -> None:
    """Write CLIP tokenizer files that know the letters, a few words and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(33, 127)]
    merges = ["c a", "l m</w>", "ca lm</w>", "p i", "pi a", "n o</w>", "pia no</w>"]
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(merge.split()) for merge in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    special["pad_token"] = "<|endoftext|>"
    config = {**special, "model_max_length": 77, "tokenizer_class": "CLIPTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "special_tokens_map.json").write_text(json.dumps(special))


def write_tiny_checkpoint(
    folder: Path, params: SpectrogramParams = TINY_PARAMS, *, takes_scores: bool = False, **scheduler_options: object
) -> Path:
    """Write a whole diffusers folder of random weights and return it.

    Args:
        folder: where to write.
        params: what spectrogram.json says; 32 px high images fit the UNet, with takes_scores 256 px high ones.
        takes_scores: whether its UNet also sees the sketch of a score.
        scheduler_options: more for DDIMScheduler, such as prediction_type="v_prediction".
    """
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    write_tokenizer(folder / "tokenizer")
    tokenizer = CLIPTokenizer.from_pretrained(str(folder / "tokenizer"))
    unet = UNet2DConditionModel(
        sample_size=32 if takes_scores else 8,
        in_channels=8 if takes_scores else 4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(16, 32),
        norm_num_groups=8,
        attention_head_dim=8,
        cross_attention_dim=16,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 16, 16) if takes_scores else (8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * (4 if takes_scores else 3),
        up_block_types=("UpDecoderBlock2D",) * (4 if takes_scores else 3),
        latent_channels=4,
        norm_num_groups=8,
        sample_size=32,
    )
    text_config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=77,
        projection_dim=16,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    options = {"beta_schedule": "scaled_linear", "clip_sample": False, "set_alpha_to_one": False, **scheduler_options}
    pipeline = StableDiffusionPipeline(
        vae=vae.eval(),
        text_encoder=CLIPTextModel(text_config).eval(),
        tokenizer=tokenizer,
        unet=unet.eval(),
        scheduler=DDIMScheduler(beta_start=0.00085, beta_end=0.012, **options),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    pipeline.save_pretrained(str(folder))
    sketch = {"sketch": {"gain": 2.0, "start_sigma": 8.0, "noise": 0.7}} if takes_scores else {}
    (folder / "spectrogram.json").write_text(json.dumps({**params.to_dict(), **sketch}))
    (folder / "MODEL_CARD.md").write_text(MODEL_CARD)
    return folder


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint folder; read it, never write to it."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "tiny-model")


@pytest.fixture(scope="session")
def tiny_model(tiny_checkpoint: Path):  # type: ignore[no-untyped-def]
    """The tiny checkpoint, loaded on the CPU once for all tests."""
    from riffusion_inference.diffusion.model import RiffusionModel

    return RiffusionModel.load(tiny_checkpoint, "tiny", device="cpu")


@pytest.fixture(scope="session")
def painter_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint folder that takes scores, on the embedded checkpoint's grid; read it, never write to it."""
    from riffusion_inference.score.timbres import GRID

    return write_tiny_checkpoint(tmp_path_factory.mktemp("painter") / "tiny-painter", GRID, takes_scores=True)


@pytest.fixture(scope="session")
def painter_model(painter_checkpoint: Path):  # type: ignore[no-untyped-def]
    """The tiny checkpoint that takes scores, loaded on the CPU once for all tests."""
    from riffusion_inference.diffusion.model import RiffusionModel

    return RiffusionModel.load(painter_checkpoint, "tiny-painter", device="cpu")
