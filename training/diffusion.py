"""Stage `diffusion`: train the UNet on latents: v-prediction, classifier-free dropout, an average of the weights."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from riffusion_inference.score.genres import GENRES
from training.captions import write_caption
from training.latents import read_latents
from training.optimizer import Muon, warm_up_then_decay
from training.parallel import Team
from training.piece import Piece
from training.previews import write_preview
from training.tokenizer import tokenize

WINDOW = 32
SCHEDULE = {"num_train_timesteps": 1000, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.02}
"""Noise at the end is 64 times the signal: nearly pure noise, and safe in half precision for every scheduler."""


@dataclass(frozen=True)
class DiffusionSettings:
    """Sizes and rates of one run."""

    channels: tuple[int, ...] = (64, 128, 256)
    """UNet channels at 32, 16 and 8 latents."""
    layers: int = 2
    """Residual blocks at each size."""
    batch: int = 16
    """Windows in a step, for each process."""
    rate: float = 0.02
    """Muon's rate."""
    adam_rate: float = 2e-3
    """Adam's rate for vectors."""
    average: float = 0.998
    """Longest memory of the averaged weights."""
    dropout: float = 0.1
    """Share of prompts left empty."""
    on_bar: float = 0.6
    """Share of windows that start on a bar; the rest start anywhere."""
    steady_drums: float = 1.0
    """How many times as often pieces with drums that neither begin nor end are drawn."""
    time_power: float = 1.0
    """Times are even-spread numbers from 0 to 1 to this power: below 1, more of them are noisy ones."""
    save_seconds: float = 240.0
    """Time between checkpoints."""
    preview_seconds: float = 900.0
    """Time between sample sheets; there is one at the end in any case."""
    seed: int = 0
    """Of weights and draws."""


def new_unet(n_latents: int, text_width: int, settings: DiffusionSettings) -> Any:
    """Build the UNet, untrained: the prompt steers every block through the time embedding, and by cross-attention."""
    from diffusers import UNet2DConditionModel

    torch.manual_seed(settings.seed)
    first, *others = settings.channels
    return UNet2DConditionModel(
        sample_size=WINDOW,
        in_channels=n_latents,
        out_channels=n_latents,
        layers_per_block=settings.layers,
        block_out_channels=settings.channels,
        cross_attention_dim=text_width,
        attention_head_dim=4,
        down_block_types=("DownBlock2D", *["CrossAttnDownBlock2D"] * len(others)),
        up_block_types=(*["CrossAttnUpBlock2D"] * len(others), "UpBlock2D"),
        norm_num_groups=min(16, first // 4),
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
    )


def new_scheduler() -> Any:
    """The scheduler whose config is exported."""
    from diffusers import DPMSolverMultistepScheduler

    scheduler: Any = DPMSolverMultistepScheduler(
        prediction_type="v_prediction", use_karras_sigmas=True, steps_offset=1, **SCHEDULE
    )
    # DDIM would otherwise clip latents to [-1, 1] when it is built from this config.
    scheduler.register_to_config(clip_sample=False, set_alpha_to_one=False)
    return scheduler


def draw_start(piece: Piece, last: int, on_bar: float, rng: np.random.Generator) -> int:
    """Draw the first latent column of a window.

    Args:
        piece: what the window is of.
        last: the last column at which it may begin.
        on_bar: share of windows that begin on a bar; the rest begin anywhere.
        rng: source of chance.
    """
    if rng.random() >= on_bar:
        return int(rng.integers(last + 1))
    bar = piece.beat_frames * GENRES[piece.genre].meter / 8
    return min(round(int(rng.integers(int(last // bar) + 1)) * bar), last)


class Windows(torch.utils.data.IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """Draws training windows: most start on a bar, the rest anywhere, each with a fresh caption."""

    def __init__(self, folder: Path, data: Path, tokenizer: Any, settings: DiffusionSettings, seed: int) -> None:
        self.latents, self.pieces = read_latents(folder, data)
        self.tokenizer, self.settings = tokenizer, settings
        self.rng = np.random.default_rng(seed)
        steady = np.array([piece.drums and piece.section == "steady" for piece in self.pieces])
        weights = np.where(steady, settings.steady_drums, 1.0)
        self.shares = weights / weights.sum()

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return latents [B, C, 32, 32] float32 and token ids [B, L]."""
        windows, texts = [], []
        for index in self.rng.choice(len(self.pieces), size=self.settings.batch, p=self.shares):
            piece = self.pieces[index]
            at = draw_start(piece, self.latents.shape[3] - WINDOW, self.settings.on_bar, self.rng)
            windows.append(self.latents[index, :, :, at : at + WINDOW].float())
            dropped = self.rng.random() < self.settings.dropout
            texts.append("" if dropped else write_caption(piece, self.rng).text)
        return torch.stack(windows), tokenize(self.tokenizer, texts, self.tokenizer.model_max_length)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Draw without end; a worker process of a DataLoader draws its own sequence."""
        worker = torch.utils.data.get_worker_info()
        if worker is not None:
            self.rng = np.random.default_rng(worker.seed)
        while True:
            yield self.draw()


def stream(windows: Windows, device: str) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Draw in this process on a CPU, and ahead of time in worker processes where a GPU would have to wait."""
    if device == "cpu":
        return iter(windows)
    workers = max(min((os.cpu_count() or 2) - 2, 12), 1)
    return iter(
        torch.utils.data.DataLoader(windows, batch_size=None, num_workers=workers, prefetch_factor=4, pin_memory=True)
    )


def velocity_loss(
    unet: Any, encoder: Any, latents: torch.Tensor, ids: torch.Tensor, alphas: torch.Tensor, time_power: float = 1.0
) -> torch.Tensor:
    """Mean squared error of the predicted velocity at even-spread random times.

    Args:
        unet: the model.
        encoder: frozen text encoder.
        latents: [B, C, 32, 32].
        ids: token ids [B, L].
        alphas: cumulative products [1000].
        time_power: as in DiffusionSettings.
    Returns:
        The loss, a scalar.
    Source: Salimans & Ho 2022.
    """
    count = len(latents)
    spread = ((torch.arange(count) + torch.rand(1)) / count) ** time_power
    times = (spread * len(alphas)).long().clamp(max=len(alphas) - 1).to(latents.device)
    signal, noise_share = alphas[times].sqrt()[:, None, None, None], (1 - alphas[times]).sqrt()[:, None, None, None]
    noise = torch.randn_like(latents)
    with torch.no_grad():
        states = encoder(ids).last_hidden_state
    with torch.autocast(latents.device.type, dtype=torch.bfloat16, enabled=latents.device.type == "cuda"):
        predicted = unet(signal * latents + noise_share * noise, times, states.to(latents.dtype)).sample
    return functional.mse_loss(predicted.float(), signal * noise - noise_share * latents)


class Trainer:
    """The model in training with its average, its optimizer and how far it has come."""

    def __init__(self, folder: Path, settings: DiffusionSettings, device: str) -> None:
        from transformers import CLIPTextModel, CLIPTokenizer

        self.folder, self.settings, self.device, self.team = folder, settings, device, Team()
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        encoder: Any = CLIPTextModel.from_pretrained(folder / "text_encoder")
        self.encoder = encoder.to(device).eval().requires_grad_(False)
        n_latents = int(np.load(folder / "latents.npy", mmap_mode="r").shape[1])
        unet = new_unet(n_latents, encoder.config.hidden_size, settings)
        self.unet = unet.to(device, memory_format=torch.channels_last)
        outer = [*unet.conv_in.parameters(), *unet.conv_out.parameters()]
        self.optimizer = Muon(
            unet.parameters(), rate=settings.rate, adam_rate=settings.adam_rate, adam_only=outer, team=self.team
        )
        self.average = {name: value.detach().clone() for name, value in unet.state_dict().items()}
        self.alphas = new_scheduler().alphas_cumprod.to(device)
        self.steps, self.seconds, self.loss = 0, 0.0, 0.0
        self.path = folder / "diffusion.pt"
        if self.path.exists():
            self.load()

    def step(self, latents: torch.Tensor, ids: torch.Tensor, place: float, last: float) -> float:
        """Learn from one batch.

        Args:
            latents: [B, C, 32, 32].
            ids: token ids [B, L].
            place: how much of the run is over, 0 to 1.
            last: when the step before ended, by time.monotonic.
        Returns:
            When the gradients were there, for the next step's `last`.
        """
        self.optimizer.scale = warm_up_then_decay(self.steps, place)
        latents = latents.to(self.device, memory_format=torch.channels_last)
        loss = velocity_loss(
            self.unet, self.encoder, latents, ids.to(self.device), self.alphas, self.settings.time_power
        )
        self.optimizer.zero_grad()
        loss.backward()
        now = time.monotonic()
        gradients = [parameter.grad for parameter in self.unet.parameters() if parameter.grad is not None]
        self.seconds = self.team.average(gradients, self.seconds + now - last)
        self.optimizer.step()
        update_average(self.average, self.unet, self.settings.average, self.steps)
        self.steps += 1
        self.loss = loss.item() if self.loss == 0 else 0.98 * self.loss + 0.02 * loss.item()
        return now

    def save(self) -> None:
        """Write the checkpoint, whole or not at all; only the first process does."""
        if self.team.rank > 0:
            return
        partial = self.path.with_suffix(".partial")
        torch.save(
            {
                "unet": self.unet.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": self.average,
                "state": {"steps": self.steps, "seconds": self.seconds, "loss": self.loss},
            },
            partial,
        )
        os.replace(partial, self.path)

    def load(self) -> None:
        """Continue from the checkpoint."""
        saved = torch.load(self.path, weights_only=True, map_location=self.device)
        self.unet.load_state_dict(saved["unet"])
        self.optimizer.load_state_dict(saved["optimizer"])
        for name, value in saved["average"].items():
            self.average[name].copy_(value)
        state = saved["state"]
        self.steps, self.seconds, self.loss = state["steps"], state["seconds"], state["loss"]

    def preview(self) -> None:
        """Write a sample sheet and sounds; only the first process does."""
        if self.team.rank == 0:
            write_preview(
                self.folder, self.unet, self.average, self.encoder, self.tokenizer, new_scheduler(), self.steps
            )


def train_diffusion(
    folder: Path,
    data: Path,
    settings: DiffusionSettings,
    *,
    max_seconds: float,
    max_steps: int = 10**9,
    device: str = "cpu",
) -> None:
    """Train until the run has used max_seconds in all, over however many starts; writes folder/diffusion.pt.

    Args:
        folder: has tokenizer, text_encoder and latents; the checkpoint goes here.
        data: shards of stage `data`.
        settings: sizes and rates.
        max_seconds: whole length, which the rate's decay follows.
        max_steps: stop after so many steps.
        device: where it runs.
    """
    trainer = Trainer(folder, settings, device)
    draws = settings.seed + 10**6 * trainer.team.rank + trainer.steps
    torch.manual_seed(draws)
    batches = stream(Windows(folder, data, trainer.tokenizer, settings, draws), device)
    began, last = trainer.steps, time.monotonic()
    saved, previewed = last, last
    while trainer.seconds < max_seconds and trainer.steps < max_steps:
        last = trainer.step(*next(batches), max(trainer.seconds / max_seconds, trainer.steps / max_steps), last)
        if trainer.steps % 20 == 0 and trainer.team.rank == 0:
            seen = trainer.steps * settings.batch * trainer.team.size
            print(f"diffusion: {trainer.steps} steps, {seen} samples, loss {trainer.loss:.4f}", flush=True)
        if last - saved > settings.save_seconds:
            trainer.save()
            saved = last
        if last - previewed > settings.preview_seconds:
            trainer.preview()
            previewed = last
    if trainer.steps > began:
        trainer.save()
        trainer.preview()


@torch.no_grad()
def update_average(average: dict[str, torch.Tensor], unet: Any, longest: float, steps: int) -> None:
    """Move the averaged weights towards the weights; the memory grows with the steps done."""
    keep = min(longest, (1 + steps) / (10 + steps))
    for name, value in unet.state_dict().items():
        average[name].lerp_(value, 1 - keep)
