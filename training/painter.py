"""Stage `painter`: teach the embedded checkpoint's UNet to paint a sketched score.

`python -m training.painter --folder FOLDER --data FOLDER/pairs --seconds 5400` widens the shipped UNet by input
channels for the sketch's latents and trains it on pairs of `training.score_data`. It goes on where it was, takes up
shards that have been written meanwhile, and stops cleanly on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from training.captions import write_caption
from training.diffusion import WINDOW, draw_start, new_scheduler, update_average
from training.optimizer import Muon, warm_up_then_decay
from training.piece import Piece
from training.score_data import EVALUATION_SHARDS, POCKET, read_shard
from training.tokenizer import tokenize

TIMES = (0.0, 200.0, 850.0, 1000.0)
"""Noise levels: few are drawn from the first stretch, most from the second, few from the third."""
SHARES = (0.0, 0.06, 0.93, 1.0)
"""Share of samples up to each of TIMES. At either end little is learned: all is nearly seen there, or nearly noise."""
GAIN = 2.0
"""What is learned is the real latents less the sketch's, times this, which brings their deviation to about 1."""
START_SIGMA = 8.0
"""Noise over signal from which a difference is denoised; more does not help, since it is small."""
START_NOISE = 0.7
"""Deviation of the noise that sampling begins with. Of 0.6, 0.7 and 1 the middle had most that begins together, the
loudness range of real renderings, and no fewer notes."""
JUDGED_TIMES = (200, 400, 600, 800)
N_JUDGED = 48
"""Held-out windows."""


@dataclass(frozen=True)
class PainterSettings:
    """Sizes and rates of the run."""

    batch: int = 16
    """Windows in a step."""
    rate: float = 0.01
    """Muon's rate."""
    adam_rate: float = 1e-3
    """Adam's rate for vectors and for the outer convolutions."""
    average: float = 0.998
    """Longest memory of the averaged weights."""
    prompt_dropout: float = 0.1
    """Share of prompts left empty."""
    sketch_dropout: float = 0.1
    """Share of sketches left out, so that the model also paints without one."""
    on_bar: float = 0.5
    """Share of windows that start on a bar; the rest start anywhere."""
    planned_samples: int = 56_000
    """Length of the whole run over all its starts, which the rate's decay follows."""
    half: bool = True
    """Whether products are computed in bfloat16, which saves a quarter of the time and costs nothing that was seen."""
    seed: int = 0
    """Of weights and draws."""


def widen(unet: Any, n_more: int, seed: int = 0) -> Any:
    """Give a UNet `n_more` input channels with small random weights; what it did with its own ones stays.

    It remains a stock UNet2DConditionModel, with more `in_channels`.
    """
    old = unet.conv_in
    new: Any = torch.nn.Conv2d(old.in_channels + n_more, old.out_channels, old.kernel_size, padding=old.padding)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        new.weight[:, : old.in_channels] = old.weight
        new.weight[:, old.in_channels :] = 0.02 * torch.randn(
            new.weight[:, old.in_channels :].shape, generator=generator
        )
        new.bias.copy_(old.bias)
    unet.conv_in = new
    unet.register_to_config(in_channels=new.in_channels)
    return unet


def to_paint(real: torch.Tensor, sketch: torch.Tensor) -> torch.Tensor:
    """What is left to paint on a sketch: GAIN times the difference, or all of it where there is no sketch.

    Args:
        real: latents, [B, C, h, w].
        sketch: the same shape; zeros for none.
    """
    sketched = (sketch != 0).flatten(1).any(1)[:, None, None, None]
    return torch.where(sketched, GAIN * (real - sketch), real)


def draw_times(count: int, rng: np.random.Generator) -> torch.Tensor:
    """Draw noise levels [count], spread evenly over the shares of TIMES."""
    even = (rng.permutation(count) + rng.random(count)) / count
    return torch.from_numpy(np.minimum(np.interp(even, SHARES, TIMES), 999).astype(np.int64))


class Pairs:
    """Draws windows of real and sketched latents with captions from all shards that there are."""

    def __init__(self, data: Path, tokenizer: Any, settings: PainterSettings, *, held_out: bool = False) -> None:
        self.data, self.tokenizer, self.settings, self.held_out = data, tokenizer, settings, held_out
        self.known: set[Path] = set()
        self.real: list[torch.Tensor] = []
        self.sketches: list[torch.Tensor] = []
        self.pieces: list[Piece] = []
        self.look()

    def look(self) -> None:
        """Take up shards that are new."""
        for path in sorted(set(self.data.glob("*.npz")) - self.known):
            self.known.add(path)
            if (int(path.stem) >= EVALUATION_SHARDS) == self.held_out:
                real, sketches, pieces = read_shard(path)
                self.real += list(real)
                self.sketches += list(sketches)
                self.pieces += pieces

    def draw(self, count: int, rng: np.random.Generator, drop: bool = True) -> tuple[torch.Tensor, ...]:
        """Return real and sketched latents, each [count, C, 32, 32] float32, and token ids [count, L].

        Args:
            count: windows.
            rng: source of chance.
            drop: whether sketches and prompts are sometimes left out.
        """
        real, sketches, texts = [], [], []
        for index in rng.integers(len(self.pieces), size=count):
            piece = self.pieces[index]
            at = draw_start(piece, self.real[index].shape[2] - WINDOW, self.settings.on_bar, rng)
            real.append(self.real[index][:, :, at : at + WINDOW].float())
            sketch = self.sketches[index][:, :, at : at + WINDOW].float()
            without = drop and rng.random() < self.settings.sketch_dropout
            sketches.append(torch.zeros_like(sketch) if without else sketch)
            silent = drop and rng.random() < self.settings.prompt_dropout
            texts.append("" if silent else write_caption(piece, rng).text)
        ids = tokenize(self.tokenizer, texts, self.tokenizer.model_max_length)
        return torch.stack(real), torch.stack(sketches), ids


class Painter:
    """The UNet in training with its average, its optimizer and how far it has come."""

    def __init__(
        self, folder: Path, data: Path, settings: PainterSettings, checkpoint: Path = POCKET, device: str = "cpu"
    ) -> None:
        from diffusers import UNet2DConditionModel
        from transformers import CLIPTextModel, CLIPTokenizer

        self.settings, self.path, self.device = settings, folder / "painter.pt", torch.device(device)
        self.log = folder / "painter.jsonl"
        tokenizer = CLIPTokenizer.from_pretrained(checkpoint / "tokenizer")
        encoder: Any = CLIPTextModel.from_pretrained(checkpoint / "text_encoder")
        self.encoder = encoder.float().eval().requires_grad_(False).to(self.device)
        shipped = UNet2DConditionModel.from_pretrained(checkpoint / "unet").float()
        n_latents = shipped.config.out_channels
        self.unet = shipped if shipped.config.in_channels > n_latents else widen(shipped, n_latents, settings.seed)
        self.unet.train().to(self.device, memory_format=torch.channels_last)
        outer = [*self.unet.conv_in.parameters(), *self.unet.conv_out.parameters()]
        self.optimizer = Muon(self.unet.parameters(), rate=settings.rate, adam_rate=settings.adam_rate, adam_only=outer)
        self.average = {name: value.detach().clone() for name, value in self.unet.state_dict().items()}
        self.alphas = new_scheduler().alphas_cumprod.to(self.device)
        self.sigmas = ((1 - self.alphas) / self.alphas).sqrt()
        self.steps, self.samples, self.seconds, self.losses = 0, 0, 0.0, [1.0]
        if self.path.exists():
            self.load()
        self.rng = np.random.default_rng([settings.seed, self.steps])
        torch.manual_seed(settings.seed + self.steps)
        self.pairs = Pairs(data, tokenizer, settings)
        held_out = Pairs(data, tokenizer, settings, held_out=True)
        self.judged = self._here(*held_out.draw(N_JUDGED, np.random.default_rng(5), drop=False))

    def _here(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The same tensors on the device."""
        return tuple(tensor.to(self.device) for tensor in tensors)

    def loss(self, unet: Any, left: torch.Tensor, sketch: torch.Tensor, ids: torch.Tensor, times: torch.Tensor,
             noise: torch.Tensor) -> torch.Tensor:  # fmt: skip
        """Mean squared error of the predicted velocity, a scalar.

        Args:
            unet: the model, or its average.
            left: what is left to paint, [B, C, 32, 32].
            sketch: latents of the sketch, the same shape; zeros for none.
            ids: token ids [B, L].
            times: noise levels [B], 0 to 999.
            noise: like left.
        Source: Salimans & Ho 2022.
        """
        signal, share = (part.sqrt()[:, None, None, None] for part in (self.alphas[times], 1 - self.alphas[times]))
        with torch.no_grad():
            states = self.encoder(ids).last_hidden_state
        seen = torch.cat([signal * left + share * noise, sketch], dim=1).to(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.half):
            velocity = unet(seen, times, states).sample
        return functional.mse_loss(velocity.float(), signal * noise - share * left)

    def step(self) -> None:
        """Learn from one batch."""
        began = time.monotonic()
        real, sketch, ids = self._here(*self.pairs.draw(self.settings.batch, self.rng))
        (times,) = self._here(draw_times(self.settings.batch, self.rng))
        loss = self.loss(self.unet, to_paint(real, sketch), sketch, ids, times, torch.randn_like(real))
        self.optimizer.scale = warm_up_then_decay(self.steps, self.samples / self.settings.planned_samples)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        update_average(self.average, self.unet, self.settings.average, self.steps)
        self.steps, self.samples = self.steps + 1, self.samples + self.settings.batch
        self.losses = [*self.losses[-199:], loss.item()]
        self.seconds += time.monotonic() - began

    @torch.no_grad()
    def judge(self) -> dict[str, list[float]]:
        """Losses of the averaged weights on held-out windows at JUDGED_TIMES, with the sketch and without.

        The loss with the sketch is stated as that of the whole latents at JUDGED_TIMES: the error of what is painted,
        where the whole is seen through as much noise. So it can be compared with that without.
        """
        judged = copy.deepcopy(self.unet).eval()
        judged.load_state_dict(self.average)
        real, sketch, ids = self.judged
        table: dict[str, list[float]] = {"with": [], "without": []}
        for moment in JUDGED_TIMES:
            (noise,) = self._here(torch.randn(real.shape, generator=torch.Generator().manual_seed(moment)))
            for name, given, gain in (("with", sketch, GAIN), ("without", torch.zeros_like(sketch), 1.0)):
                # The difference is seen through as much noise as the whole where the noise is GAIN times as loud.
                matched = int((self.sigmas - gain * self.sigmas[moment]).abs().argmin())
                times = torch.full((len(real),), matched, device=self.device)
                loss = self.loss(judged, to_paint(real, given), given, ids, times, noise)
                error = loss * (1 - self.alphas[matched]) / gain**2
                table[name].append(round(float(error / (1 - self.alphas[moment])), 4))
        return table

    def report(self) -> None:
        """Measure, print, and add a line to the log."""
        line = {"samples": self.samples, "seconds": round(self.seconds), "pieces": len(self.pairs.pieces),
                "loss": round(float(np.mean(self.losses)), 4), **self.judge()}  # fmt: skip
        print(json.dumps(line), flush=True)
        with self.log.open("a") as log:
            log.write(json.dumps(line) + "\n")

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        partial = self.path.with_suffix(".partial")
        state = {"steps": self.steps, "samples": self.samples, "seconds": self.seconds, "losses": self.losses}
        torch.save(
            {"unet": self.unet.state_dict(), "optimizer": self.optimizer.state_dict(), "average": self.average,
             "state": state}, partial)  # fmt: skip
        os.replace(partial, self.path)

    def load(self) -> None:
        """Continue from the checkpoint."""
        saved = torch.load(self.path, weights_only=True, map_location=self.device)
        self.unet.load_state_dict(saved["unet"])
        self.optimizer.load_state_dict(saved["optimizer"])
        for name, value in saved["average"].items():
            self.average[name].copy_(value)
        state = saved["state"]
        self.steps, self.samples, self.seconds = state["steps"], state["samples"], state["seconds"]
        self.losses = state["losses"]


@contextmanager
def stop_asked() -> Iterator[list[bool]]:
    """Yield a list that becomes non-empty when the process is asked to stop."""
    asked: list[bool] = []
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: asked.append(True)) for number in signals]
    try:
        yield asked
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def train_painter(
    folder: Path,
    data: Path,
    settings: PainterSettings,
    *,
    max_seconds: float,
    max_steps: int = 10**9,
    report_seconds: float = 600.0,
    checkpoint: Path = POCKET,
    device: str = "cpu",
) -> None:
    """Train for max_seconds more; writes folder/painter.pt and adds lines to folder/painter.jsonl.

    Args:
        folder: where the checkpoint goes.
        data: shards of `training.score_data`, evaluation shards among them.
        settings: sizes and rates.
        max_seconds: from now on.
        max_steps: of the whole run.
        report_seconds: time between held-out measurements, checkpoints and looks for new shards.
        checkpoint: whose UNet it starts from, and whose text encoder it uses.
        device: to train on.
    """
    painter = Painter(folder, data, settings, checkpoint, device)
    painter.report()
    began = reported = time.monotonic()
    with stop_asked() as asked:
        while not asked and painter.steps < max_steps and time.monotonic() - began < max_seconds:
            painter.step()
            if time.monotonic() - reported > report_seconds:
                painter.save()
                painter.report()
                painter.pairs.look()
                reported = time.monotonic()
    painter.save()
    painter.report()


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description="Teach the UNet to paint a sketched score.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=5400.0)
    parser.add_argument("--report-seconds", type=float, default=600.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--planned-samples", type=int, default=PainterSettings.planned_samples)
    parser.add_argument("--checkpoint", type=Path, default=POCKET)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    train_painter(
        options.folder,
        options.data,
        PainterSettings(planned_samples=options.planned_samples),
        max_seconds=options.seconds,
        report_seconds=options.report_seconds,
        checkpoint=options.checkpoint,
        device=options.device,
    )


if __name__ == "__main__":
    main()
