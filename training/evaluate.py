"""Stage `evaluate`: does the music do what the prompt says? Prints a table beside real renderings and beside chance.

Run `python -m training.evaluate --data runs/data --checkpoint riffusion_inference/pocket --soundfont FILE`.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.words import MOODS, tempo_word
from training.dataset import EVALUATION_SEED, PATCH_WINDOW, draw_pixels, read_shards
from training.latents import to_unit
from training.measures import Heard, hear
from training.piece import Piece, draw_piece, is_held_out
from training.sampling import draw_sheet, generate_pixels, sound_from_pixels
from training.scores import Clip, ScoreTable, score_clips
from training.tagger import fit_taggers


@dataclass(frozen=True)
class Plan:
    """How much is evaluated, and how it is sampled."""

    n_prompts: int = 40
    """Held-out prompts, at most one for each genre and pass over the genres."""
    n_seeds: int = 4
    """Clips for each prompt."""
    steps: int = 20
    """Denoising steps."""
    guidance: float = 6.0
    """Classifier-free guidance."""
    n_iter: int = 16
    """Griffin-Lim iterations."""
    tonic: int | None = None
    """Pitch class of the tonic of everything that the checkpoint was trained on; None where it had any."""


def evaluation_pieces(n_prompts: int, tonic: int | None = None) -> list[Piece]:
    """Draw pieces that training never saw, over all genres; every third has a pair of genre and lead never seen.

    Args:
        n_prompts: how many.
        tonic: pitch class of every tonic; None draws them.
    """
    names = [*GENRES]
    order = np.random.default_rng(5).permutation(len(names))
    pieces = []
    for index in range(n_prompts):
        genre = names[order[index % len(names)]]
        options = [
            draw_piece(EVALUATION_SEED + 1000 * index + place, tonic=tonic, held_out=True, genre_name=genre)
            for place in range(60)
        ]
        steady = [piece for piece in options if piece.section == "steady"]
        unseen = [piece for piece in steady if is_held_out(piece.genre, piece.lead)]
        pieces.append((unseen if index % 3 == 0 and unseen else steady)[0])
    return pieces


def evaluation_prompt(piece: Piece) -> str:
    """Say everything that is measured, in a wording that the captions do not use."""
    other = MOODS[piece.mood][0]
    drums = "drums" if piece.drums else "no drums"
    return (
        f"{piece.mood} and {other} {piece.genre} at {round(piece.bpm)} BPM ({tempo_word(piece.bpm)}), "
        f"{piece.lead} {piece.texture}, "
        f"{drums}, {'minor' if piece.minor else 'major'} key"
    )


def common_tonic(data: Path) -> int | None:
    """The tonic that all pieces of the first shard have, or None."""
    _, pieces = next(read_shards(data))
    keys = {piece.key for piece in pieces}
    return keys.pop() if len(keys) == 1 else None


def listen(pixels: NDArray[np.uint8], plan: Plan) -> Heard:
    """Turn a window into sound and measure the sound."""
    return hear(sound_from_pixels(pixels, plan.n_iter), plan.tonic)


def real_clips(pieces: list[Piece], plan: Plan, soundfont: Path) -> list[Clip]:
    """Render each piece's attributes anew, with other notes; through the same picture and the same inversion."""
    clips = []
    for index, piece in enumerate(pieces):
        for seed in range(plan.n_seeds):
            again = replace(piece, seed=EVALUATION_SEED + 10**6 + 100 * index + seed)
            pixels = draw_pixels(again, PATCH_WINDOW, soundfont)
            clips.append(Clip(index, pixels, listen(pixels, plan)))
    return clips


def generated_clips(pipe: Any, pieces: list[Piece], plan: Plan) -> tuple[list[Clip], float]:
    """Generate each prompt with each seed; returns the clips and the mean seconds a clip took, inversion included."""
    prompts = [evaluation_prompt(piece) for piece in pieces for _ in range(plan.n_seeds)]
    seeds = [1000 * index + seed for index in range(len(pieces)) for seed in range(plan.n_seeds)]
    began = time.monotonic()
    pixels = generate_pixels(pipe, prompts, seeds, steps=plan.steps, guidance=plan.guidance)
    clips = [Clip(place // plan.n_seeds, one, listen(one, plan)) for place, one in enumerate(pixels)]
    return clips, (time.monotonic() - began) / len(clips)


@torch.no_grad()
def reconstruction(vae: Any, data: Path, n_pieces: int = 24) -> float:
    """Share of pixel variance that survives encoding and decoding."""
    pixels, _ = next(read_shards(data))
    unit = to_unit(pixels[:n_pieces, :, :PATCH_WINDOW])
    decoded = vae.decode(vae.encode(unit[:, None].expand(-1, 3, -1, -1)).latents).sample.mean(1)
    return 1 - float((decoded - unit).square().mean() / unit.var())


def evaluate(checkpoint: Path, data: Path, soundfont: Path, plan: Plan, sheet: Path | None = None) -> ScoreTable:
    """Generate, listen, compare.

    Args:
        checkpoint: folder that StableDiffusionPipeline loads.
        data: shards of stage `data`, which the taggers are fitted on.
        soundfont: for the real renderings.
        plan: how much, and the tonic of the data.
        sheet: where to draw 12 prompts beside real renderings; None for no sheet.
    Returns:
        The table.
    """
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(checkpoint, safety_checker=None)
    pieces = evaluation_pieces(plan.n_prompts, plan.tonic)
    generated, seconds = generated_clips(pipe, pieces, plan)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    real = real_clips(pieces, plan, soundfont)
    table = score_clips(pieces, generated, real, fit_taggers(data))
    table.facts["prompts x seeds"] = f"{plan.n_prompts} x {plan.n_seeds}"
    table.facts["steps, guidance"] = f"{plan.steps}, {plan.guidance:g}"
    table.facts["autoencoder keeps of variance"] = f"{reconstruction(pipe.vae, data):.3f}"
    table.facts["seconds a clip of 5.1 s"] = f"{seconds:.2f} ({torch.get_num_threads()} threads)"
    table.facts["peak memory of generation"] = f"{memory:.2f} GiB (clips in batches of 8)"
    if sheet:
        chosen = list(range(0, len(pieces), max(len(pieces) // 12, 1)))[:12]
        first = {clip.prompt: clip.pixels for clip in reversed(generated)}
        beside = {clip.prompt: clip.pixels for clip in reversed(real)}
        draw_sheet(
            [(evaluation_prompt(pieces[index]), [first[index], beside[index]]) for index in chosen], sheet, size=160
        )
    return table


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, evaluate, print the table."""
    parser = argparse.ArgumentParser(description="Measure whether a checkpoint does what its prompts say.")
    parser.add_argument("--checkpoint", type=Path, default=Path("riffusion_inference/pocket"))
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--soundfont", type=Path, default=Path("/usr/share/sounds/sf3/FluidR3Mono_GM.sf3"))
    parser.add_argument("--prompts", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=6.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sheet", type=Path, default=None)
    parser.add_argument("--json", type=Path, default=None, help="also write the figures here")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    plan = Plan(options.prompts, options.seeds, options.steps, options.guidance, tonic=common_tonic(options.data))
    table = evaluate(options.checkpoint, options.data, options.soundfont, plan, options.sheet)
    print(table.to_markdown())
    if options.json:
        options.json.write_text(json.dumps({"rows": table.rows, "facts": table.facts}, indent=2))


if __name__ == "__main__":
    main()
