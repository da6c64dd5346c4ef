"""Stage `export`: write the trained parts, in half precision, as a folder that StableDiffusionPipeline loads."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch

from training.autoencoder import load_autoencoder
from training.dataset import PARAMS
from training.diffusion import DiffusionSettings, new_scheduler, new_unet
from training.latents import load_codec
from training.piece import ANY_BEAT

MAX_WEIGHT_BYTES = 64 * 2**20


def assemble(folder: Path, settings: DiffusionSettings, width: int) -> Any:
    """Build a StableDiffusionPipeline from the stages' results, with the averaged UNet weights.

    Args:
        folder: where the stages wrote.
        settings: as given to stage `diffusion`.
        width: as given to stage `autoencoder`.
    """
    from diffusers import StableDiffusionPipeline
    from transformers import CLIPTextModel, CLIPTokenizer

    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").eval()
    unet = new_unet(load_codec(folder).n_latents, encoder.config.hidden_size, settings)
    unet.load_state_dict(torch.load(folder / "diffusion.pt", weights_only=True, map_location="cpu")["average"])
    return StableDiffusionPipeline(
        vae=load_autoencoder(folder, width),
        text_encoder=encoder,
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        unet=unet.eval(),
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def export(
    folder: Path, target: Path, settings: DiffusionSettings, width: int, beats: tuple[int, ...] = ANY_BEAT
) -> int:
    """Write the checkpoint folder; an existing MODEL_CARD.md stays.

    Args:
        folder: where the stages wrote.
        target: the checkpoint folder.
        settings: as given to stage `diffusion`.
        width: as given to stage `autoencoder`.
        beats: as given to stage `data`; written down where they are a few.
    Returns:
        Bytes of all weights.
    Raises:
        ValueError: the weights are larger than 64 MiB together, which is what the repository carries at most.
    """
    fresh = target.with_name(target.name + ".partial")
    shutil.rmtree(fresh, ignore_errors=True)
    assemble(folder, settings, width).to(torch.float16).save_pretrained(fresh)
    _load_in_full_precision(fresh / "text_encoder" / "config.json")
    (fresh / "spectrogram.json").write_text(json.dumps(PARAMS.to_dict(), indent=2) + "\n")
    if beats != ANY_BEAT:
        (fresh / "beats.json").write_text(json.dumps({"columns": beats}) + "\n")
    size = sum(path.stat().st_size for path in fresh.rglob("*.safetensors"))
    if size > MAX_WEIGHT_BYTES:
        raise ValueError(
            f"The weights have {size} bytes, but at most {MAX_WEIGHT_BYTES} may be shipped: make the UNet smaller."
        )
    target.mkdir(parents=True, exist_ok=True)
    for item in fresh.iterdir():
        place = target / item.name
        if place.is_dir():
            shutil.rmtree(place)
        os.replace(item, place)
    fresh.rmdir()
    return size


def _load_in_full_precision(config: Path) -> None:
    """Make transformers load the text encoder as float32 unless told otherwise, as diffusers does the other parts."""
    values = json.loads(config.read_text())
    values["dtype"] = "float32"
    config.write_text(json.dumps(values, indent=2) + "\n")
