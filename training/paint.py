"""Paints sketches with a checkpoint of stage `painter`, and measures what is heard.

`python -m training.paint --run FOLDER` paints held-out scores and prints how many notes are heard and how clean the
sound is, beside real renderings of the same scores, beside the sketch alone, and, with `--prompt-alone`, beside the
embedded checkpoint that is given the prompt and no score.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from riffusion_inference.score.notes import Note
from training.captions import instrument_word
from training.dataset import EVALUATION_SEED, PATCH_WINDOW
from training.diffusion import new_scheduler
from training.note_measures import note_figures, rise_map
from training.painter import GAIN, START_SIGMA, widen
from training.piece import Piece
from training.sampling import draw_sheet, sound_from_pixels
from training.score_data import POCKET, draw_both, encode, load_autoencoder, score_piece
from training.sound_measures import measure_sound
from training.tokenizer import tokenize

FIRST_SEED = EVALUATION_SEED + 500_000
"""Seeds of the scores that are painted here; no shard has them."""
SECONDS = 5.1
SHARES = ("heard", "shifted", "transposed", "precision")
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Sampling:
    """How a window is sampled."""

    steps: int = 10
    """Denoising steps."""
    guidance: float = 1.5
    """Classifier-free guidance; the sketch stays in both branches."""
    start_sigma: float = START_SIGMA
    """Noise over signal at the first step."""


class Brush:
    """A UNet with the embedded checkpoint's other parts."""

    def __init__(self, weights: Path | None) -> None:
        """Load the averaged weights of a painter's checkpoint, or the embedded checkpoint's own UNet for None."""
        from diffusers import UNet2DConditionModel
        from transformers import CLIPTextModel, CLIPTokenizer

        self.vae = load_autoencoder()
        self.tokenizer = CLIPTokenizer.from_pretrained(POCKET / "tokenizer")
        encoder: Any = CLIPTextModel.from_pretrained(POCKET / "text_encoder")
        self.encoder = encoder.float().eval()
        unet: Any = UNet2DConditionModel.from_pretrained(POCKET / "unet").float()
        if weights is not None:
            unet = unet if unet.config.in_channels > unet.config.out_channels else widen(unet, unet.config.out_channels)
            unet.load_state_dict(torch.load(weights, weights_only=True)["average"])
        self.unet = unet.eval()
        self.takes_sketch = unet.config.in_channels > unet.config.out_channels

    @torch.no_grad()
    def paint(self, sketch: Pixels | None, prompt: str, seed: int, sampling: Sampling) -> Pixels:
        """Paint one window.

        Args:
            sketch: pixels [n_mels, 256]; None for none.
            prompt: what it should sound like.
            seed: draws the noise.
            sampling: steps and guidance.
        Returns:
            Pixels [n_mels, 256].
        """
        n_latents = self.unet.config.out_channels
        given = torch.zeros(1, n_latents, 32, 32) if sketch is None else encode(self.vae, sketch[None]).float()
        ids = tokenize(self.tokenizer, ["", prompt], self.tokenizer.model_max_length)
        states = self.encoder(ids).last_hidden_state
        scheduler = self._scheduler(sampling)
        noise = torch.randn(given.shape, generator=torch.Generator().manual_seed(seed))
        latents = noise * (sampling.start_sigma / (1 + sampling.start_sigma**2) ** 0.5)
        for moment in scheduler.timesteps:
            seen = torch.cat([latents, given], dim=1) if self.takes_sketch else latents
            plain, asked = self.unet(seen.expand(2, -1, -1, -1), moment, states).sample.chunk(2)
            predicted = plain + sampling.guidance * (asked - plain)
            latents = scheduler.step(predicted, moment, latents).prev_sample
        latents = latents if sketch is None else given + latents / GAIN
        drawn = self.vae.decode(latents / self.vae.config.scaling_factor).sample[0].mean(0)
        return np.asarray(((drawn.clamp(-1, 1) + 1) * 127.5).round().byte().numpy())

    def _scheduler(self, sampling: Sampling) -> Any:
        """A DPM++ scheduler whose noise levels fall from start_sigma as Karras et al. 2022 space them."""
        from diffusers import DPMSolverMultistepScheduler

        usual = new_scheduler()
        scheduler: Any = DPMSolverMultistepScheduler.from_config(usual.config, use_karras_sigmas=False)
        sigmas = ((1 - usual.alphas_cumprod) / usual.alphas_cumprod).sqrt().numpy()
        top, bottom = (float(value) ** (1 / 7) for value in (min(sampling.start_sigma, sigmas[-1]), sigmas[0]))
        wanted = np.linspace(top, bottom, sampling.steps) ** 7
        moments = np.interp(np.log(wanted), np.log(sigmas), np.arange(len(sigmas))).round().astype(int)
        # Moments that round alike would divide by zero; there are 1000 of them for at most 100 steps.
        kept = sorted(set(moments.tolist()), reverse=True)
        scheduler.set_timesteps(timesteps=kept)
        return scheduler


def prompt_for(piece: Piece) -> str:
    """What a person would ask for to get this piece."""
    lead = instrument_word(piece.lead, np.random.default_rng(piece.seed))
    if piece.alone:
        return f"solo {lead}, {piece.mood}"
    drums = "drums" if piece.drums else "no drums"
    return f"{piece.mood} {piece.genre}, {lead}, {drums}, {round(piece.bpm)} BPM"


def figures(pixels: Pixels, notes: list[Note]) -> dict[str, float]:
    """Turn a window into sound and measure it."""
    sound = sound_from_pixels(pixels, 32)
    heard = note_figures(rise_map(sound.samples[0], sound.sample_rate), notes)
    return {**asdict(heard), **asdict(measure_sound(sound))}


def compare(
    count: int, soundfont: Path, ways: dict[str, Callable[[Pixels, Piece], Pixels]], sheet: Path
) -> dict[str, dict[str, float]]:
    """Measure held-out scores as they are rendered, as they are sketched, and as they are painted.

    Args:
        count: scores; every second one is without drums.
        soundfont: for the real renderings.
        ways: (sketch, piece) -> picture, by name.
        sheet: where to draw them side by side.
    Returns:
        Means and medians of the drumless scores by way, and under "all: heard" the share of notes heard in all scores.
    """
    rows: dict[str, list[tuple[bool, dict[str, float]]]] = {}
    pictures = []
    for piece in _choose(count):
        notes = [note for note in score_piece(piece.seed)[1] if note.start < SECONDS]
        _, whole, sketched = draw_both(piece.seed, soundfont)
        real, sketch = whole[:, :PATCH_WINDOW], sketched[:, :PATCH_WINDOW]
        drawn = {"real": real, "sketch": sketch, **{name: way(sketch, piece) for name, way in ways.items()}}
        for name, pixels in drawn.items():
            rows.setdefault(name, []).append((piece.drums, figures(pixels, notes)))
        pictures.append((prompt_for(piece), [drawn[name] for name in drawn]))
    draw_sheet(pictures, sheet, columns=1, size=200)
    return {name: _middles(found) for name, found in rows.items()}


def _choose(count: int) -> list[Piece]:
    """Draw steady pieces, with and without drums by turns, of as many genres as there are."""
    chosen: list[Piece] = []
    seed = FIRST_SEED
    while len(chosen) < count:
        piece, wanted = score_piece(seed)[0], len(chosen) % 2 == 1
        if (
            piece.section == "steady"
            and piece.drums == wanted
            and piece.genre not in {one.genre for one in chosen[-30:]}
        ):
            chosen.append(piece)
        seed += 1
    return chosen


def _middles(found: list[tuple[bool, dict[str, float]]]) -> dict[str, float]:
    """Means of SHARES and medians of the rest over the drumless scores, and the mean share of notes heard in all."""
    drumless = [row for drums, row in found if not drums]
    table = {name: np.array([row[name] for row in drumless]) for name in drumless[0]}
    middles = {
        name: round(float(np.nanmean(values) if name in SHARES else np.nanmedian(values)), 3)
        for name, values in table.items()
    }
    return {**middles, "all: heard": round(float(np.nanmean([row["heard"] for _, row in found])), 3)}


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, paint, print the table."""
    parser = argparse.ArgumentParser(description="Paint held-out scores and measure what is heard.")
    parser.add_argument("--run", type=Path, required=True, help="folder with painter.pt")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--guidance", type=float, default=1.5)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--start-sigma", type=float, default=START_SIGMA)
    parser.add_argument("--prompt-alone", action="store_true", help="also the embedded checkpoint without a score")
    parser.add_argument("--sheet", type=Path, default=None)
    parser.add_argument("--soundfont", type=Path, default=Path("/usr/share/sounds/sf3/FluidR3Mono_GM.sf3"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    sampling = Sampling(options.steps, options.guidance, options.start_sigma)
    brush = Brush(options.run / "painter.pt")
    ways: dict[str, Callable[[Pixels, Piece], Pixels]] = {
        "painted": lambda sketch, piece: brush.paint(sketch, prompt_for(piece), piece.seed, sampling)
    }
    if options.prompt_alone:
        shipped = Brush(None)
        ways["prompt alone"] = lambda sketch, piece: shipped.paint(
            None, prompt_for(piece), piece.seed, Sampling(20, 3.0, 64.0)
        )
    sheet = options.sheet or options.run / "painted.png"
    for name, row in compare(options.count, options.soundfont, ways, sheet).items():
        print(name, json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
