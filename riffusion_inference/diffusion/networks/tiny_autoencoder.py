"""The autoencoder: diffusers' AutoencoderTiny."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import nn

from riffusion_inference.diffusion.networks.base import Network

DEPTH = 3.0
"""Beyond it latents are bent back before they are decoded."""


class TinyAutoencoder(Network):
    """Pictures to latents and back by small residual blocks; source: Bohan, TAESD (2023)."""

    FIXED: ClassVar[Mapping[str, Any]] = {
        "act_fn": "relu", "force_upcast": False, "in_channels": 3, "latent_magnitude": 3, "latent_shift": 0.5,
        "out_channels": 3, "upsample_fn": "nearest", "upsampling_scaling_factor": 2,
    }  # fmt: skip
    FREE: ClassVar[frozenset[str]] = frozenset({
        "block_out_channels", "decoder_block_out_channels", "encoder_block_out_channels", "latent_channels",
        "num_decoder_blocks", "num_encoder_blocks", "scaling_factor", "shift_factor",
    })  # fmt: skip

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        latents = config["latent_channels"]
        self.encoder = Layers(_encoder(latents, config["encoder_block_out_channels"], config["num_encoder_blocks"]))
        self.decoder = Layers(_decoder(latents, config["decoder_block_out_channels"], config["num_decoder_blocks"]))

    def encode(self, image: torch.Tensor, return_dict: bool = False) -> tuple[torch.Tensor]:
        """[n, 3, H, W] in -1..1 to [n, C, h, w], alone in a tuple."""
        return (self.encoder(image.add(1).div(2)),)

    def decode(self, latents: torch.Tensor, return_dict: bool = False) -> tuple[torch.Tensor]:
        """[n, C, h, w] to [n, 3, H, W] in about -1..1, alone in a tuple."""
        return (self.decoder(torch.tanh(latents / DEPTH) * DEPTH).mul(2).sub(1),)


class Layers(nn.Module):
    """One after another."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layers(given)
        return out


class TinyBlock(nn.Module):
    """Three convolutions beside a short cut."""

    def __init__(self, size: int) -> None:
        super().__init__()
        layers = [nn.Conv2d(size, size, 3, padding=1) for _ in range(3)]
        self.conv = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return nn.functional.relu(self.conv(given) + given)


def _encoder(latents: int, sizes: list[int], blocks: list[int]) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Conv2d(3, sizes[0], 3, padding=1)]
    for number, (size, count) in enumerate(zip(sizes, blocks, strict=True)):
        if number:
            layers.append(nn.Conv2d(size, size, 3, padding=1, stride=2, bias=False))
        layers += [TinyBlock(size) for _ in range(count)]
    return [*layers, nn.Conv2d(sizes[-1], latents, 3, padding=1)]


def _decoder(latents: int, sizes: list[int], blocks: list[int]) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Conv2d(latents, sizes[0], 3, padding=1), nn.ReLU()]
    for number, (size, count) in enumerate(zip(sizes, blocks, strict=True)):
        layers += [TinyBlock(size) for _ in range(count)]
        if number < len(sizes) - 1:
            layers += [nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(size, size, 3, padding=1, bias=False)]
        else:
            layers.append(nn.Conv2d(size, 3, 3, padding=1))
    return layers
