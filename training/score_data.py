"""Pieces to learn painting from: the sketch of a score and the real rendering of it, side by side as latents.

`python -m training.score_data --folder FOLDER --shards 0 40` composes pieces of 10.24 s in all twelve keys and at any
tempo, a third of them for one instrument alone, varies how they are played, renders them, sketches them, and encodes
both pictures with the embedded checkpoint's autoencoder. Shards that exist stay.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from riffusion_inference.notation.notes import LAYERS, Note
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.sketch import draw_sketch, pixels_of
from training.composer import compose
from training.dataset import EVALUATION_SEED, PARAMS, SHARD_PIECES, pixels_from_samples
from training.piece import Piece, draw_piece
from training.render import SAMPLE_RATE, SOUNDFONT, render_notes

N_FRAMES = 512
"""Frames of 20 ms in a piece: two windows."""
SECONDS = N_FRAMES * PARAMS.hop_length / SAMPLE_RATE
WANDERING = 0.12
"""Share of pieces whose lead leaves the scale, so that what is painted is what is written and not what is usual."""
RESTING = 0.2
"""Share of pieces that fall silent for a while, so that endings and rests are painted too."""
EVALUATION_SHARDS = EVALUATION_SEED // SHARD_PIECES
"""Shards from here on are for evaluation."""
POCKET = Path(__file__).parents[1] / "riffusion_inference" / "pocket"


def score_piece(seed: int) -> tuple[Piece, list[Note]]:
    """Draw and compose a piece as the painter is to see them; the same seed gives the same notes."""
    piece = draw_piece(seed, held_out=seed >= EVALUATION_SEED)
    rng = np.random.default_rng([seed, 3])
    notes = vary(compose(piece, SECONDS), rng)
    return piece, rest(notes, rng) if rng.random() < RESTING else notes


def vary(notes: list[Note], rng: np.random.Generator) -> list[Note]:
    """Play notes less evenly than the composer does: layers louder or softer, swells, now and then a wandering lead.

    A painter that has seen only the composer's balance would paint that, whatever the score says.
    """
    levels = {layer: 10 ** (rng.normal(0, 3) / 20) for layer in LAYERS}
    swell, turns, phase = rng.uniform(0, 0.5) * (rng.random() < 0.5), rng.uniform(0.5, 3), rng.uniform(0, 2 * np.pi)
    wanders = rng.random() < WANDERING
    ranges = {one.program: (one.low, one.high) for one in INSTRUMENTS.values()}
    varied = []
    for note in notes:
        factor = levels[note.layer] * (1 + swell * np.sin(turns * 2 * np.pi * note.start / SECONDS + phase))
        velocity = int(np.clip(round(note.velocity * factor), 8, 127))
        key = note.key
        if wanders and note.layer == "lead":
            key = int(np.clip(key + rng.integers(-4, 5), *ranges[note.program]))
        varied.append(replace(note, key=key, velocity=velocity))
    return varied


def rest(notes: list[Note], rng: np.random.Generator) -> list[Note]:
    """Let every layer fall silent at one moment, for half a second to the end of the piece."""
    at = rng.uniform(0, SECONDS)
    again = at + rng.uniform(0.5, SECONDS / 2)
    kept = [note for note in notes if not at <= note.start < again]
    return [replace(note, duration=min(note.duration, at - note.start)) if note.start < at else note for note in kept]


def draw_both(seed: int, soundfont: Path) -> tuple[Piece, NDArray[np.uint8], NDArray[np.uint8]]:
    """Make one piece: its attributes, its real picture and its sketch, each [n_mels, N_FRAMES]."""
    piece, notes = score_piece(seed)
    real = pixels_from_samples(render_notes(piece, notes, SECONDS, soundfont))[:, :N_FRAMES]
    return piece, real, pixels_of(draw_sketch(notes, N_FRAMES))


def load_autoencoder(checkpoint: Path = POCKET) -> Any:
    """Load the checkpoint's autoencoder, float32."""
    from diffusers import AutoencoderTiny

    return AutoencoderTiny.from_pretrained(checkpoint / "vae").float().eval()


@torch.no_grad()
def encode(vae: Any, pixels: NDArray[np.uint8]) -> torch.Tensor:
    """Encode pictures [B, n_mels, F] to latents [B, C, n_mels / 8, F / 8] as the UNet knows them, half precision."""
    unit = torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1)
    latents = [vae.encode(one[None, None].expand(-1, 3, -1, -1)).latents for one in unit]
    return (torch.cat(latents) * vae.config.scaling_factor).half()


def make_pairs(folder: Path, n_shards: int, n_held_out: int, soundfont: Path, *, checkpoint: Path = POCKET) -> None:
    """Write all shards that are missing, those for evaluation first; one process.

    Args:
        folder: where they go.
        n_shards: to learn from.
        n_held_out: to measure with.
        soundfont: SF2 or SF3 file.
        checkpoint: whose autoencoder encodes them.
    """
    vae = load_autoencoder(checkpoint)
    for index in (*range(EVALUATION_SHARDS, EVALUATION_SHARDS + n_held_out), *range(n_shards)):
        write_shard(folder, index, soundfont, vae)


def write_shard(folder: Path, index: int, soundfont: Path, vae: Any) -> None:
    """Write shard `index`, pieces with seeds index * SHARD_PIECES and on, as .npz and .json; one that exists stays."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{index:08d}.npz"
    if path.exists():
        return
    seeds = range(index * SHARD_PIECES, (index + 1) * SHARD_PIECES)
    pieces, real, sketches = zip(*(draw_both(seed, soundfont) for seed in seeds), strict=True)
    path.with_suffix(".json").write_text(json.dumps([piece.to_dict() for piece in pieces]))
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, real=encode(vae, np.stack(real)).numpy(), sketch=encode(vae, np.stack(sketches)).numpy())
    os.replace(partial, path)


def read_shard(path: Path) -> tuple[torch.Tensor, torch.Tensor, list[Piece]]:
    """Read a shard: real and sketched latents, each [pieces, C, 32, 64] float16, and the pieces."""
    with np.load(path) as arrays:
        real, sketch = torch.from_numpy(arrays["real"]), torch.from_numpy(arrays["sketch"])
    return real, sketch, [Piece(**values) for values in json.loads(path.with_suffix(".json").read_text())]


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and write the shards that are missing."""
    parser = argparse.ArgumentParser(description="Make pairs of sketch and real rendering for the painter.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--shards", type=int, nargs=2, default=(0, 40), metavar=("FIRST", "LAST"))
    parser.add_argument("--evaluation", action="store_true", help="count shards from the first evaluation seed")
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    vae = load_autoencoder()
    offset = EVALUATION_SHARDS if options.evaluation else 0
    for index in range(*options.shards):
        write_shard(options.folder, offset + index, options.soundfont, vae)
        print(f"score data: shard {offset + index} of {SHARD_PIECES} pieces", flush=True)


if __name__ == "__main__":
    main()
