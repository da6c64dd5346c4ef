"""The UNet's convolutional layers, and how it is told the time."""

from __future__ import annotations

import math

import torch
from torch import nn

LONGEST_PERIOD = 10000


class ResnetBlock2D(nn.Module):
    """Two convolutions beside a short cut; the time scales and shifts what lies between them."""

    def __init__(self, entering: int, leaving: int, time: int, groups: int, eps: float) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, entering, eps)
        self.conv1 = nn.Conv2d(entering, leaving, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, 2 * leaving)
        self.norm2 = nn.GroupNorm(groups, leaving, eps)
        self.conv2 = nn.Conv2d(leaving, leaving, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(entering, leaving, 1) if entering != leaving else None

    def forward(self, given: torch.Tensor, emb: torch.Tensor) -> torch.Tensor:
        hidden = self.conv1(nn.functional.silu(self.norm1(given)))
        told = self.time_emb_proj(nn.functional.silu(emb))[:, :, None, None]
        scale, shift = torch.chunk(told, 2, dim=1)
        hidden = self.norm2(hidden) * (1 + scale) + shift
        hidden = self.conv2(nn.functional.silu(hidden))
        out: torch.Tensor = (given if self.conv_shortcut is None else self.conv_shortcut(given)) + hidden
        return out


class Sampler(nn.Module):
    """A convolution that halves the size, or follows doubling it."""

    def __init__(self, size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(size, size, 3, stride=stride, padding=1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        convolved: torch.Tensor = self.conv(hidden)
        return convolved


def upsampled(hidden: torch.Tensor, size: torch.Size | None) -> torch.Tensor:
    """Twice as large, or as large as what was halved before, where that was odd."""
    if size is None or tuple(size) == tuple(2 * side for side in hidden.shape[2:]):
        return nn.functional.interpolate(hidden, scale_factor=2.0, mode="nearest")
    return nn.functional.interpolate(hidden, size=size, mode="nearest")


class TimestepEmbedding(nn.Module):
    """Two layers for the time."""

    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(entering, leaving)
        self.linear_2 = nn.Linear(leaving, leaving)

    def forward(self, time: torch.Tensor) -> torch.Tensor:
        embedded: torch.Tensor = self.linear_2(nn.functional.silu(self.linear_1(time)))
        return embedded


def sinusoids(times: torch.Tensor, size: int) -> torch.Tensor:
    """Times as cosines and sines of periods from 2 pi to LONGEST_PERIOD times that.

    Args:
        times: [n].
        size: even.
    Returns:
        [n, size] float32, cosines first.
    Source: Vaswani et al. 2017, 3.5.
    """
    half = size // 2
    exponent = -math.log(LONGEST_PERIOD) * torch.arange(0, half, dtype=torch.float32, device=times.device) / half
    angles = times[:, None].float() * torch.exp(exponent)[None, :]
    return torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)
