"""Stage `export`: write the trained parts, in half precision, as a folder that StableDiffusionPipeline loads."""

from __future__ import annotations

import argparse
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
from training.painter import GAIN, POCKET, START_NOISE, START_SIGMA, widen

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


def export(folder: Path, target: Path, settings: DiffusionSettings, width: int) -> int:
    """Write the checkpoint folder; an existing MODEL_CARD.md stays.

    Args:
        folder: where the stages wrote.
        target: the checkpoint folder.
        settings: as given to stage `diffusion`.
        width: as given to stage `autoencoder`.
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


def export_painter(folder: Path, target: Path) -> None:
    """Put the UNet of stage `painter` into a copy of the embedded checkpoint, which then takes sketches.

    Args:
        folder: has painter.pt, whose averaged weights are taken.
        target: the new checkpoint folder, or the embedded one itself.
    """
    from diffusers import UNet2DConditionModel

    if not target.exists():
        shutil.copytree(POCKET, target)
    unet: Any = UNet2DConditionModel.from_pretrained(target / "unet")
    if unet.config.in_channels == unet.config.out_channels:
        widen(unet, unet.config.out_channels)
    unet.load_state_dict(torch.load(folder / "painter.pt", weights_only=True)["average"])
    unet.to(torch.float16).save_pretrained(target / "unet")
    said = {**PARAMS.to_dict(), "sketch": {"gain": GAIN, "start_sigma": START_SIGMA, "noise": START_NOISE}}
    (target / "spectrogram.json").write_text(json.dumps(said, indent=2) + "\n")


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and export what stage `painter` has learned."""
    parser = argparse.ArgumentParser(description="Write a checkpoint that paints sketched scores.")
    parser.add_argument("--folder", type=Path, required=True, help="with painter.pt")
    parser.add_argument("--target", type=Path, default=POCKET, help="the checkpoint folder (default: the embedded one)")
    options = parser.parse_args(arguments)
    export_painter(options.folder, options.target)


def _load_in_full_precision(config: Path) -> None:
    """Make transformers load the text encoder as float32 unless told otherwise, as diffusers does the other parts."""
    values = json.loads(config.read_text())
    values["dtype"] = "float32"
    config.write_text(json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
