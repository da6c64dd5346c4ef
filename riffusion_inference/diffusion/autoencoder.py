"""Images <-> latents in overlapping tiles along time, so that memory does not grow with the length; no diffusers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from riffusion_inference.datatypes import ShouldCancel, poll
from riffusion_inference.diffusion.denoise import polled
from riffusion_inference.diffusion.windows import WindowPlan, plan_windows


def tile_plan(length: int, width: int, circular: bool) -> WindowPlan:
    """Cover a canvas of latents with tiles that overlap their neighbours by at least a quarter."""
    if length <= width and not circular:
        return WindowPlan(length, length, (0,), False)
    return plan_windows(length, width, max(1, width * 3 // 4), circular=circular)


def decode(
    vae: Any,
    latents: torch.Tensor,
    width: int,
    *,
    circular: bool = False,
    stereo: bool = False,
    on_tile: Callable[[int, int], None] | None = None,
    should_cancel: ShouldCancel | None = None,
) -> np.ndarray:
    """Decode a canvas of latents to brightness, tile by tile, crossfading where tiles overlap.

    The decoder's attention and norms look at a whole tile, so neighbours differ slightly in level; the crossfade over
    their overlap, a quarter of a tile or more, leaves no edge.

    Args:
        vae: AutoencoderKL.
        latents: [1, C, h, L], as the UNet knows them (scaled).
        width: latents in a tile; the width of a window is what the autoencoder was trained on.
        circular: whether the canvas wraps around.
        stereo: True keeps green and blue; False averages the three channels, which also averages their noise.
        on_tile: called with (tiles done, tiles in all).
        should_cancel: polled before every tile and inside it.
    Returns:
        Brightness in 0..1, [1 or 2, h * factor, L * factor] float32.
    """
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    plan = tile_plan(latents.shape[3], width, circular)
    pixels = WindowPlan(plan.length * factor, plan.width * factor, tuple(s * factor for s in plan.starts), circular)
    weights = pixels.weights().astype(np.float32)
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    canvas = np.zeros((2 if stereo else 1, latents.shape[2] * factor, pixels.length), dtype=np.float32)
    with polled(vae, should_cancel):
        for index in range(plan.n_windows):
            poll(should_cancel)
            tile = latents[..., torch.from_numpy(plan.columns(index)).to(latents.device)]
            unscaled = (tile / vae.config.scaling_factor + shift).to(vae.dtype)
            image = vae.decode(unscaled, return_dict=False)[0][0].float()
            image = (image / 2 + 0.5).clamp(0, 1)
            chosen = image[1:3] if stereo else image.mean(dim=0, keepdim=True)
            _add_columns(canvas, pixels.columns(index), chosen.cpu().numpy() * weights[index])
            if on_tile:
                on_tile(index + 1, plan.n_windows)
    return canvas


def encode(
    vae: Any, image: np.ndarray, width: int, *, circular: bool = False, should_cancel: ShouldCancel | None = None
) -> torch.Tensor:
    """Encode an image to scaled latents, tile by tile; the posterior's mean is taken, so it is deterministic.

    Args:
        vae: AutoencoderKL.
        image: brightness in 0..1, [3, H, W] float32; W divisible by the autoencoder's factor.
        width: latents in a tile.
        circular: whether the image wraps around.
        should_cancel: polled before every tile.
    Returns:
        [1, C, H / factor, W / factor] float32 on the autoencoder's device.
    """
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    plan = tile_plan(image.shape[2] // factor, width, circular)
    pixels = WindowPlan(plan.length * factor, plan.width * factor, tuple(s * factor for s in plan.starts), circular)
    weights = torch.from_numpy(plan.weights()).float().to(vae.device)
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    size = (1, vae.config.latent_channels, image.shape[1] // factor, plan.length)
    latents = torch.zeros(size, device=vae.device)
    with polled(vae, should_cancel):
        for index in range(plan.n_windows):
            poll(should_cancel)
            tile = torch.from_numpy(np.ascontiguousarray(image[:, :, pixels.columns(index)]))[None] * 2 - 1
            encoded = vae.encode(tile.to(vae.device, vae.dtype), return_dict=False)[0]
            # AutoencoderKL answers with a distribution, AutoencoderTiny with the latents themselves.
            mean = (encoded if isinstance(encoded, torch.Tensor) else encoded.mode()).float()
            scaled = (mean - shift) * vae.config.scaling_factor
            latents.index_add_(3, torch.from_numpy(plan.columns(index)).to(vae.device), scaled * weights[index])
    return latents


def _add_columns(canvas: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
    """Add values [C, H, w] to canvas [C, H, W] at columns, in runs without a wrap, so that repeated columns add up."""
    first = 0
    while first < len(columns):
        run = min(len(columns) - first, canvas.shape[2] - int(columns[first]))
        canvas[:, :, columns[first] : columns[first] + run] += values[:, :, first : first + run]
        first += run
