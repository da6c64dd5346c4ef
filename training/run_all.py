"""The whole training, from nothing to a checkpoint folder: `python -m training.run_all --preset gpu|cpu|tiny`.

Stages: data, latents, text, autoencoder, diffusion, export, pairs, painter, evaluate. Each one leaves its result in the
run folder and goes on where it was when it is started again; a finished stage costs nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

from training.autoencoder import train_autoencoder
from training.dataset import make_data
from training.diffusion import DiffusionSettings, train_diffusion
from training.export import export, export_painter
from training.latents import make_latents
from training.painter import PainterSettings, train_painter
from training.render import SOUNDFONT
from training.score_data import make_pairs
from training.soundfont import write_tiny_soundfont
from training.text import train_text

STAGES = ("data", "latents", "text", "autoencoder", "diffusion", "export", "pairs", "painter", "evaluate")
SOUNDFONTS = (SOUNDFONT, Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))
PIECE_BYTES = 16 * 2**20
"""Largest file of a packed result."""


@dataclass(frozen=True)
class Preset:
    """Sizes and times of one whole run."""

    n_shards: int
    """Shards of 50 pieces."""
    n_frames: int
    """Frames of 20 ms in a piece, a multiple of 8, at least 256."""
    n_pairs: int
    """Shards of 50 pieces for the painter."""
    n_latents: int
    """Channels of the latent space."""
    vocabulary: int
    """Tokens."""
    text_width: int
    """Width of the text encoder."""
    text_batch: int
    """Captions in a step."""
    vae_width: int
    """Channels of the autoencoder."""
    vae_batch: int
    """Crops in a step."""
    seconds: dict[str, float]
    """Longest time for text, autoencoder, diffusion and painter."""
    max_steps: int = 10**9
    """Most steps of any stage."""
    diffusion: DiffusionSettings = field(default_factory=DiffusionSettings)
    """The UNet and its training."""
    painter: PainterSettings = field(default_factory=PainterSettings)
    """The training that follows, with sketches."""
    n_evaluated: int = 40
    """Prompts in the evaluation."""


PRESETS = {
    "gpu": Preset(
        n_shards=800,
        n_frames=512,
        n_pairs=800,
        n_latents=12,
        vocabulary=8192,
        text_width=192,
        text_batch=256,
        vae_width=48,
        vae_batch=64,
        seconds={"text": 120, "autoencoder": 150, "diffusion": 600, "painter": 400},
        diffusion=DiffusionSettings(
            channels=(96, 192, 320), layers=2, batch=256, average=0.9995, save_seconds=120, preview_seconds=240
        ),
        painter=PainterSettings(batch=256, average=0.9995, planned_samples=800_000),
    ),
    "cpu": Preset(
        n_shards=180,
        n_frames=512,
        n_pairs=140,
        n_latents=12,
        vocabulary=8192,
        text_width=192,
        text_batch=64,
        vae_width=48,
        vae_batch=8,
        seconds={"text": 600, "autoencoder": 660, "diffusion": 6000, "painter": 8000},
        diffusion=DiffusionSettings(channels=(64, 128, 192), layers=1, batch=12, on_bar=0.8),
    ),
    "tiny": Preset(
        n_shards=1,
        n_frames=256,
        n_pairs=1,
        n_latents=4,
        vocabulary=700,
        text_width=32,
        text_batch=8,
        vae_width=8,
        vae_batch=2,
        seconds={"text": 60, "autoencoder": 60, "diffusion": 60, "painter": 60},
        max_steps=6,
        diffusion=DiffusionSettings(channels=(16, 32, 32), layers=1, batch=2, save_seconds=1.0, preview_seconds=1e9),
        painter=PainterSettings(batch=2),
        n_evaluated=3,
    ),
}


def run_stage(
    stage: str, preset: Preset, folder: Path, target: Path, soundfont: Path, device: str, workers: int
) -> None:
    """Run one stage; what it needs from earlier stages must be in `folder`."""
    data, seconds = folder / "data", preset.seconds
    if stage == "data":
        make_data(
            data,
            preset.n_shards,
            preset.n_frames,
            soundfont,
            workers=workers,
        )
    elif stage == "latents":
        make_latents(folder, data, preset.n_latents)
    elif stage == "text":
        train_text(
            folder,
            batch=preset.text_batch,
            max_seconds=seconds["text"],
            max_steps=preset.max_steps,
            vocabulary=preset.vocabulary,
            hidden=preset.text_width,
            device=device,
        )
    elif stage == "autoencoder":
        train_autoencoder(
            folder,
            data,
            width=preset.vae_width,
            batch=preset.vae_batch,
            max_seconds=seconds["autoencoder"],
            max_steps=preset.max_steps,
            device=device,
        )
    elif stage == "diffusion":
        train_diffusion(
            folder, data, preset.diffusion, max_seconds=seconds["diffusion"], max_steps=preset.max_steps, device=device
        )
    elif stage == "export":
        size = export(folder, target, preset.diffusion, preset.vae_width)
        print(f"export: {size} bytes of weights", flush=True)
    elif stage == "pairs":
        make_pairs(folder / "pairs", preset.n_pairs, min(preset.n_pairs, 3), soundfont, checkpoint=target)
    elif stage == "painter":
        train_painter(
            folder,
            folder / "pairs",
            preset.painter,
            max_seconds=seconds["painter"],
            max_steps=preset.max_steps,
            checkpoint=target,
            device=device,
        )
        export_painter(folder, target)
    elif stage == "evaluate":
        command = [
            sys.executable,
            "-m",
            "training.evaluate",
            "--checkpoint",
            str(target),
            "--prompts",
            str(preset.n_evaluated),
            "--soundfont",
            str(soundfont),
            "--sheet",
            str(folder / "samples.png"),
            "--json",
            str(folder / "evaluation.json"),
        ]
        subprocess.run(command, check=True)


def choose_soundfont(asked: Path | None, preset: str, folder: Path) -> Path:
    """Take the soundfont that was asked for, or an installed one; the tiny preset makes its own.

    Raises:
        SystemExit: there is none.
    """
    if asked is not None:
        return asked
    if preset == "tiny":
        return write_tiny_soundfont(folder / "tiny.sf2")
    found = [path for path in SOUNDFONTS if path.exists()]
    if not found:
        raise SystemExit(
            "No soundfont is installed: install fluidr3mono-gm-soundfont, or name a file with --soundfont."
        )
    return found[0]


def pack(target: Path, out: Path) -> list[Path]:
    """Write the checkpoint folder as a tar in pieces of at most 16 MiB; `cat pocket.tar.* | tar x` unpacks it."""
    import tarfile

    out.mkdir(parents=True, exist_ok=True)
    archive = out / "pocket.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(target, arcname=target.name)
    pieces: list[Path] = []
    with archive.open("rb") as file:
        while block := file.read(PIECE_BYTES):
            pieces.append(out / f"pocket.tar.{len(pieces):02d}")
            pieces[-1].write_bytes(block)
    archive.unlink()
    return pieces


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and run the stages that were asked for."""
    parser = argparse.ArgumentParser(description="Train the embedded checkpoint.")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="cpu")
    parser.add_argument("--folder", type=Path, default=Path("runs/run"), help="where stages keep their results")
    parser.add_argument("--target", type=Path, default=None, help="checkpoint folder; default FOLDER/pocket")
    parser.add_argument("--soundfont", type=Path, default=None)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--pack", type=Path, default=None, help="also write the checkpoint here in files of at most 16 MiB"
    )
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_float32_matmul_precision("high")
    target = options.target or options.folder / "pocket"
    soundfont = choose_soundfont(options.soundfont, options.preset, options.folder)
    for stage in options.stages:
        began = time.monotonic()
        run_stage(stage, PRESETS[options.preset], options.folder, target, soundfont, options.device, options.workers)
        print(f"{stage}: {time.monotonic() - began:.0f} s", flush=True)
    if options.pack:
        print("packed:", *(f"{path} {path.stat().st_size}" for path in pack(target, options.pack)), flush=True)


if __name__ == "__main__":
    main()
