"""Stage `autoencoder`: a small convolutional autoencoder for the latent space of `latents`.

It has no normalisation layers, so each pixel depends on its neighbourhood only: a picture of any width decodes the same
in one piece or in overlapping pieces.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.dataset import read_shards
from training.latents import PATCH, SCALING_FACTOR, PatchCodec, load_codec, to_unit
from training.optimizer import Muon, warm_up_then_decay

CROP = 96
MARGIN = 8
"""Pixels at a crop's border that the loss ignores, whose neighbourhood is cut off; the picture's own border counts."""


def new_autoencoder(n_latents: int, width: int) -> Any:
    """Build the autoencoder, untrained."""
    from diffusers import AutoencoderTiny

    torch.manual_seed(0)
    return AutoencoderTiny(
        in_channels=3,
        out_channels=3,
        latent_channels=n_latents,
        encoder_block_out_channels=(width,) * 4,
        decoder_block_out_channels=(width,) * 4,
        num_encoder_blocks=(0, 0, 1, 1),
        num_decoder_blocks=(2, 1, 1, 0),
        scaling_factor=SCALING_FACTOR,
    )


class Crops:
    """Draws crops of pixels, on the grid of patches."""

    def __init__(self, data: Path, batch: int, seed: int) -> None:
        self.shards = [pixels for pixels, _ in read_shards(data)]
        self.batch, self.rng = batch, np.random.default_rng(seed)

    def _corner(self, size: int) -> int:
        """Draw where a crop begins; the picture's own border comes often, since convolutions treat it apart."""
        last = (size - CROP) // PATCH
        return PATCH * int(np.clip(self.rng.integers(-last // 6, last + last // 6 + 1), 0, last))

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return pixels [B, CROP, CROP] in [-1, 1], and which of them count, 0 or 1, of the same shape."""
        crops, counts = [], np.zeros((self.batch, CROP, CROP), dtype=np.float32)
        for place in range(self.batch):
            shard = self.shards[int(self.rng.integers(len(self.shards)))]
            _, height, width = shard.shape
            top, left = self._corner(height), self._corner(width)
            crops.append(shard[int(self.rng.integers(len(shard))), top : top + CROP, left : left + CROP])
            above, below = MARGIN * (top > 0), CROP - MARGIN * (top < height - CROP)
            before, after = MARGIN * (left > 0), CROP - MARGIN * (left < width - CROP)
            counts[place, above:below, before:after] = 1
        return to_unit(np.stack(crops)), torch.from_numpy(counts)


def autoencoder_loss(vae: Any, codec: PatchCodec, pixels: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Loss of the encoder (distance to the codec's latents) plus loss of the decoder (pixels, and their slopes).

    The decoder draws from the codec's own latents with a little noise, as diffusion will hand them over.
    """
    target = codec.encode(pixels)
    picture = pixels[:, None].expand(-1, 3, -1, -1)
    encoded = vae.encode(picture).latents * SCALING_FACTOR
    inner = counts[:, None, PATCH // 2 :: PATCH, PATCH // 2 :: PATCH]
    encoder_loss = ((encoded - target).square() * inner).mean() / inner.mean()
    noisy = target + torch.randn_like(target) * 0.1 * torch.rand(len(target), 1, 1, 1, device=target.device)
    decoded = vae.decode(noisy / SCALING_FACTOR).sample
    error = (decoded - picture) * counts[:, None]
    slopes = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return 0.1 * encoder_loss + (error.abs().mean() + error.square().mean() + 0.5 * slopes) / counts.mean()


def train_autoencoder(
    folder: Path,
    data: Path,
    *,
    width: int = 48,
    batch: int = 8,
    max_seconds: float,
    max_steps: int = 10**9,
    device: str = "cpu",
) -> None:
    """Train until max_seconds or max_steps in all; writes folder/autoencoder.pt, from which a stopped run goes on.

    Args:
        folder: has codec.npz.
        data: shards of stage `data`.
        width: channels of every layer.
        batch: crops in a step.
        max_seconds: whole length, which the rate's decay follows.
        max_steps: stop after so many steps.
        device: where it runs.
    """
    loaded = load_codec(folder)
    codec = PatchCodec(loaded.mean.to(device), loaded.basis.to(device), loaded.scale.to(device))
    vae = new_autoencoder(codec.n_latents, width).to(device, memory_format=torch.channels_last)
    outer = [*vae.encoder.layers[0].parameters(), *vae.decoder.layers[-1].parameters()]
    optimizer = Muon(vae.parameters(), rate=0.01, adam_rate=1e-3, adam_only=outer)
    path, state = folder / "autoencoder.pt", {"steps": 0, "seconds": 0.0}
    if path.exists():
        saved = torch.load(path, weights_only=True)
        vae.load_state_dict(saved["vae"])
        optimizer.load_state_dict(saved["optimizer"])
        state = dict(saved["state"])
    crops, running, last, unsaved = Crops(data, batch, 1 + int(state["steps"])), 0.0, time.monotonic(), 0
    while state["seconds"] < max_seconds and state["steps"] < max_steps:
        optimizer.scale = warm_up_then_decay(
            int(state["steps"]), max(state["seconds"] / max_seconds, state["steps"] / max_steps)
        )
        pixels, counts = crops.draw()
        loss = autoencoder_loss(vae, codec, pixels.to(device), counts.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        now = time.monotonic()
        state, last = {"steps": state["steps"] + 1, "seconds": state["seconds"] + now - last}, now
        running = loss.item() if running == 0 else 0.95 * running + 0.05 * loss.item()
        unsaved += 1
        if state["steps"] % 50 == 0:
            print(f"autoencoder: step {state['steps']} loss {running:.4f} {state['seconds']:.0f} s", flush=True)
        if unsaved >= 200 or state["seconds"] >= max_seconds or state["steps"] >= max_steps:
            save(path, vae, optimizer, state)
            unsaved = 0


def save(path: Path, vae: Any, optimizer: Muon, state: dict[str, float]) -> None:
    """Write a checkpoint, whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save({"vae": vae.state_dict(), "optimizer": optimizer.state_dict(), "state": state}, partial)
    os.replace(partial, path)


def load_autoencoder(folder: Path, width: int) -> Any:
    """Load what stage `autoencoder` wrote, for export."""
    vae = new_autoencoder(load_codec(folder).n_latents, width)
    vae.load_state_dict(torch.load(folder / "autoencoder.pt", weights_only=True)["vae"])
    return vae.eval()
