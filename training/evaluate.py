"""Stage `evaluate`: is what was written heard, and does it sound like the real thing? Prints a table.

`python -m training.evaluate --checkpoint riffusion_inference/pocket` writes scores for held-out prompts and compares
what the checkpoint paints with real renderings of the same scores, with the sketch alone, and with `--before FOLDER`
with another checkpoint, which gets the prompt and no score. All go through the same grid and the same phase retrieval.
`--midi FILE ...` does the same for somebody's own scores, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from riffusion_inference.datatypes import GenerationSettings, Take
from riffusion_inference.diffusion.model import RiffusionModel
from riffusion_inference.notation.score import Score
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.midi import score_from_midi
from riffusion_inference.score.sketch import draw_sketch, pixels_of
from riffusion_inference.score.words import MOODS, tempo_word
from training.composer import brief_of
from training.dataset import EVALUATION_SEED, PARAMS, pixels_from_samples
from training.figures import Clip, Table, compare, listen
from training.piece import Piece, draw_piece, is_held_out
from training.render import SAMPLE_RATE, SOUNDFONT, render_notes
from training.sampling import draw_sheet, sound_from_pixels

REAL, SKETCH, PAINTED, BEFORE = "real renderings", "sketch alone", "painted", "before, from the prompt alone"


@dataclass(frozen=True)
class Plan:
    """How much is evaluated, and how it is sampled."""

    n_prompts: int = 40
    """Held-out prompts, over all genres."""
    n_seeds: int = 2
    """Scores for each prompt."""
    seconds: Fraction = Fraction(1024, 100)
    """Length of each clip: two windows."""
    steps: int = 10
    """Denoising steps."""
    guidance: float = 1.5
    """Classifier-free guidance."""
    before_steps: int = 20
    """The same for the checkpoint that gets no score."""
    before_guidance: float = 6.0
    """The same."""

    @property
    def n_samples(self) -> int:
        """Length of a clip at SAMPLE_RATE."""
        return int(self.seconds * SAMPLE_RATE)


def evaluation_pieces(n_prompts: int) -> list[Piece]:
    """Draw pieces that training never saw, over all genres; every third has a pair of genre and lead never seen."""
    names = [*GENRES]
    order = np.random.default_rng(5).permutation(len(names))
    pieces = []
    for index in range(n_prompts):
        genre = names[order[index % len(names)]]
        options = [
            draw_piece(EVALUATION_SEED + 1000 * index + place, held_out=True, genre_name=genre) for place in range(60)
        ]
        steady = [piece for piece in options if piece.section == "steady"]
        unseen = [piece for piece in steady if is_held_out(piece.genre, piece.lead)]
        pieces.append((unseen if index % 3 == 0 and unseen else steady)[0])
    return pieces


def evaluation_prompt(piece: Piece) -> str:
    """Say everything that is measured, in a wording that the captions do not use."""
    drums = "drums" if piece.drums else "no drums"
    who = f"solo {piece.lead}" if piece.alone else piece.lead
    return (
        f"{piece.mood} and {MOODS[piece.mood][0]} {piece.genre} at {round(piece.bpm)} BPM ({tempo_word(piece.bpm)}), "
        f"{who} {piece.texture}, {drums}, {'minor' if piece.minor else 'major'} key"
    )


def evaluation_score(piece: Piece, plan: Plan, seed: int) -> Score:
    """Write the score of a piece that training never saw."""
    return write_score(brief_of(piece), plan.seconds, piece.seed + 1000 * seed)


def make_clips(
    model: RiffusionModel, before: RiffusionModel | None, pieces: list[Piece], plan: Plan, soundfont: Path
) -> dict[str, list[Clip]]:
    """Make every score in every way."""
    ways: dict[str, list[Clip]] = {PAINTED: [], SKETCH: [], REAL: [], **({BEFORE: []} if before else {})}
    for index, piece in enumerate(pieces):
        text = evaluation_prompt(piece)
        for seed in range(plan.n_seeds):
            score = evaluation_score(piece, plan, seed)
            takes = {PAINTED: _take(model, text, seed, plan, score)}
            if before is not None:
                takes[BEFORE] = _take(before, text, seed, plan, None)
            for way, clip in _listen_to_all(index, piece, score, takes, plan, soundfont).items():
                ways[way].append(clip)
    return ways


def _listen_to_all(
    index: int, piece: Piece, score: Score, takes: dict[str, Take], plan: Plan, soundfont: Path
) -> dict[str, Clip]:
    """Measure takes of a score, its sketch and its real rendering."""
    notes = score.played()
    clips = {way: listen(index, _pixels(take), take.waveform, notes, piece.key) for way, take in takes.items()}
    drawn = {
        SKETCH: pixels_of(draw_sketch(notes, PARAMS.n_frames(plan.n_samples))),
        REAL: pixels_from_samples(render_notes(piece, notes, float(plan.seconds), soundfont)),
    }
    return clips | {
        way: listen(index, pixels, sound_from_pixels(pixels), notes, piece.key) for way, pixels in drawn.items()
    }


def evaluate_midi(checkpoint: Path, files: list[Path], soundfont: Path, plan: Plan) -> list[str]:
    """Paint somebody's own scores, at most a minute of each; returns a line for each with the share of notes heard."""
    model, lines = RiffusionModel.load(checkpoint), []
    piece = draw_piece(EVALUATION_SEED, genre_name="classical piano")
    for path in files:
        score = score_from_midi(path.read_bytes()).score
        its = replace(plan, seconds=min(score.duration + 2, Fraction(60)))
        takes = {PAINTED: _take(model, f"{path.stem.replace('_', ' ')}, no drums", 0, its, score)}
        clips = _listen_to_all(0, piece, score, takes, its, soundfont)
        figures = ", ".join(
            f"{way}: {clip.notes.heard:.2f} ({clip.notes.precision:.2f} of what begins is written)"
            for way, clip in clips.items()
        )
        lines.append(f"{path.name}, {float(its.seconds):.0f} s: notes heard {figures}")
    return lines


def _take(model: RiffusionModel, text: str, seed: int, plan: Plan, score: Score | None) -> Take:
    """Generate one clip, from a score or from the prompt alone."""
    settings = GenerationSettings(
        text,
        seed=seed,
        guidance_scale=plan.before_guidance if score is None else plan.guidance,
        num_inference_steps=plan.before_steps if score is None else plan.steps,
        scores=() if score is None else (score,),
    )
    return model.generate(settings, plan.n_samples, SAMPLE_RATE)[0]


def _pixels(take: Take) -> NDArray[np.uint8]:
    """The picture of a take, [n_mels, F]."""
    assert take.image is not None
    return np.asarray(take.image.convert("L"))


def evaluate(
    checkpoint: Path, soundfont: Path, plan: Plan, *, before: Path | None = None, sheet: Path | None = None
) -> Table:
    """Write, paint, listen, compare.

    Args:
        checkpoint: folder of a checkpoint that takes scores.
        soundfont: for the real renderings.
        plan: how much.
        before: folder of another checkpoint, which gets the prompts alone.
        sheet: where to draw 12 prompts in every way; None for no sheet.
    """
    model = RiffusionModel.load(checkpoint)
    pieces = evaluation_pieces(plan.n_prompts)
    began = time.monotonic()
    ways = make_clips(model, RiffusionModel.load(before) if before else None, pieces, plan, soundfont)
    table = compare(pieces, ways, REAL)
    table.facts["prompts x seeds, seconds each"] = f"{plan.n_prompts} x {plan.n_seeds}, {float(plan.seconds):g}"
    table.facts["steps, guidance"] = f"{plan.steps}, {plan.guidance:g}"
    table.facts["clips without drums"] = str(sum(not clip.drums for clip in ways[REAL]))
    table.facts["peak memory"] = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"
    table.facts["seconds in all"] = f"{time.monotonic() - began:.0f} ({torch.get_num_threads()} threads)"
    if sheet:
        _draw(pieces, ways, sheet)
    return table


def _draw(pieces: list[Piece], ways: dict[str, list[Clip]], sheet: Path) -> None:
    """Draw the first clip of 12 prompts, all ways side by side, the first window of each."""
    chosen = list(range(0, len(pieces), max(len(pieces) // 12, 1)))[:12]
    firsts = {way: {clip.prompt: clip.pixels[:, :256] for clip in reversed(clips)} for way, clips in ways.items()}
    rows = [(evaluation_prompt(pieces[index]), [firsts[way][index] for way in ways]) for index in chosen]
    draw_sheet(rows, sheet, size=160)


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, evaluate, print the table."""
    parser = argparse.ArgumentParser(description="Measure how well a checkpoint paints scores that it never saw.")
    parser.add_argument("--checkpoint", type=Path, default=Path("riffusion_inference/pocket"))
    parser.add_argument("--before", type=Path, default=None, help="a checkpoint to compare with, without scores")
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT)
    parser.add_argument("--prompts", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--guidance", type=float, default=1.5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--midi", type=Path, nargs="+", default=[], help="paint these scores instead")
    parser.add_argument("--sheet", type=Path, default=None)
    parser.add_argument("--json", type=Path, default=None, help="also write the figures here")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    plan = Plan(options.prompts, options.seeds, steps=options.steps, guidance=options.guidance)
    if options.midi:
        print("\n".join(evaluate_midi(options.checkpoint, options.midi, options.soundfont, plan)))
        return
    table = evaluate(options.checkpoint, options.soundfont, plan, before=options.before, sheet=options.sheet)
    print(table.to_markdown())
    if options.json:
        options.json.write_text(
            json.dumps({"columns": table.columns, "rows": table.rows, "facts": table.facts}, indent=2)
        )


if __name__ == "__main__":
    main()
