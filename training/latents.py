"""The latent space: the principal components of 8x8 patches, found at once, so that diffusion can start at once.

The autoencoder of the exported checkpoint is then trained to this space: its encoder to land in it, its decoder to draw
from it better than the linear way back can.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from training.dataset import read_shards
from training.piece import Piece

PATCH = 8
FLATTENING = 0.25
"""Latents are divided by variance to this power (0.5 would make all alike): weak patterns stay weaker."""
SCALING_FACTOR = 2.0
"""Latents that diffusion sees are this much larger than what the autoencoder speaks."""


@dataclass(frozen=True)
class PatchCodec:
    """Patches to latents and back, both linear."""

    mean: torch.Tensor
    """[64], the mean patch; pixels are in [-1, 1]."""
    basis: torch.Tensor
    """[64, n_latents], orthonormal columns."""
    scale: torch.Tensor
    """[n_latents]; latents are coefficients divided by it."""

    @property
    def n_latents(self) -> int:
        """Channels of the latent space."""
        return int(self.basis.shape[1])

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Turn pixels [B, 8 h, 8 w] in [-1, 1] into latents [B, n_latents, h, w]; weak patterns are lost."""
        count, height, width = pixels.shape
        patches = pixels.reshape(count, height // PATCH, PATCH, width // PATCH, PATCH).permute(0, 1, 3, 2, 4)
        coefficients = (patches.reshape(count, height // PATCH, width // PATCH, -1) - self.mean) @ self.basis
        return (coefficients / self.scale).permute(0, 3, 1, 2).contiguous()

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Turn latents [B, n_latents, h, w] into pixels [B, 8 h, 8 w], linearly."""
        count, _, height, width = latents.shape
        patches = (latents.permute(0, 2, 3, 1) * self.scale) @ self.basis.T + self.mean
        return (
            patches.reshape(count, height, width, PATCH, PATCH)
            .permute(0, 1, 3, 2, 4)
            .reshape(count, height * PATCH, width * PATCH)
        )


def to_unit(pixels: np.ndarray) -> torch.Tensor:
    """uint8 pixels to float32 in [-1, 1]."""
    return torch.from_numpy(np.array(pixels)).float() / 127.5 - 1.0


def fit_codec(data: Path, n_latents: int, n_shards: int = 24) -> PatchCodec:
    """Find the principal components of the first shards' patches; latents have mean square 1 over all channels."""
    total, outer, count = torch.zeros(PATCH**2), torch.zeros(PATCH**2, PATCH**2), 0
    for index, (pixels, _) in enumerate(read_shards(data)):
        if index >= n_shards:
            break
        unit = to_unit(pixels)
        patches = (
            unit.reshape(len(unit), -1, PATCH, unit.shape[2] // PATCH, PATCH)
            .permute(0, 1, 3, 2, 4)
            .reshape(-1, PATCH**2)
        )
        total, outer, count = total + patches.sum(0), outer + patches.T @ patches, count + len(patches)
    mean = total / count
    values, vectors = torch.linalg.eigh((outer / count - torch.outer(mean, mean)).double())
    variance, basis = values.flip(0)[:n_latents].float(), vectors.flip(1)[:, :n_latents].float()
    scale = variance**FLATTENING
    return PatchCodec(mean, basis, scale * (variance / scale**2).mean().sqrt())


def load_codec(folder: Path) -> PatchCodec:
    """Read the codec that stage `latents` wrote."""
    values = np.load(folder / "codec.npz")
    return PatchCodec(*(torch.from_numpy(values[name]) for name in ("mean", "basis", "scale")))


def make_latents(folder: Path, data: Path, n_latents: int) -> None:
    """Fit the codec, encode all shards to folder/latents.npy, float16 [pieces, n_latents, 32, F / 8]; once only."""
    if (folder / "latents.npy").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "codec.npz").exists():
        codec = fit_codec(data, n_latents)
        np.savez(folder / "codec.npz", mean=codec.mean.numpy(), basis=codec.basis.numpy(), scale=codec.scale.numpy())
    codec = load_codec(folder)
    encoded = [codec.encode(to_unit(pixels)).half().numpy() for pixels, _ in read_shards(data)]
    np.save(folder / "latents.npy", np.concatenate(encoded))


def read_latents(folder: Path, data: Path) -> tuple[torch.Tensor, list[Piece]]:
    """Read latents [pieces, n_latents, 32, F / 8] float16 and their pieces."""
    latents = torch.from_numpy(np.load(folder / "latents.npy"))
    pieces = [piece for _, shard in read_shards(data) for piece in shard]
    return latents, pieces[: len(latents)]
