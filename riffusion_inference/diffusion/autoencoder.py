"""Images <-> latents in overlapping tiles along time, so that memory does not grow with the length; no diffusers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from riffusion_inference.datatypes import ShouldCancel, check_cancel
from riffusion_inference.diffusion.canvas import WindowPlan, plan_windows
from riffusion_inference.diffusion.denoise import cancellable


def pixels_per_latent(vae: Any) -> int:
    """Return by how much the autoencoder shrinks an image, each way."""
    return int(2 ** (len(vae.config.block_out_channels) - 1))


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
) -> NDArray[np.float32]:
    """Decode a canvas of latents to brightness, tile by tile, crossfading where tiles overlap.

    The decoder's attention and norms depend on the whole tile, so neighbours differ slightly in level; the crossfade
    over their overlap, a quarter of a tile or more, leaves no edge.

    Args:
        vae: AutoencoderKL.
        latents: [1, C, h, L], as the UNet knows them (scaled).
        width: latents in a tile; the width of a window is what the autoencoder was trained on.
        circular: whether the canvas wraps around.
        stereo: True keeps green and blue; False averages the three channels, and with them their noise.
        on_tile: called with (tiles done, tiles in all).
        should_cancel: asked before every tile and inside it.
    Returns:
        Brightness in 0..1, [1 or 2, h * factor, L * factor] float32.
    """
    factor = pixels_per_latent(vae)
    plan = tile_plan(latents.shape[3], width, circular)
    pixels = _in_pixels(plan, factor)
    weights = pixels.weights().astype(np.float32)
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    canvas = np.zeros((2 if stereo else 1, latents.shape[2] * factor, pixels.length), dtype=np.float32)
    with cancellable(vae, should_cancel):
        for index in range(plan.n_windows):
            check_cancel(should_cancel)
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
    vae: Any,
    image: NDArray[np.float32],
    width: int,
    *,
    circular: bool = False,
    should_cancel: ShouldCancel | None = None,
) -> torch.Tensor:
    """Encode an image to scaled latents, tile by tile; the posterior's mean is taken, so it is deterministic.

    Args:
        vae: AutoencoderKL.
        image: brightness in 0..1, [3, H, W] float32; W divisible by the autoencoder's factor.
        width: latents in a tile.
        circular: whether the image wraps around.
        should_cancel: asked before every tile and inside it.
    Returns:
        [1, C, H / factor, W / factor] float32 on the autoencoder's device.
    """
    factor = pixels_per_latent(vae)
    plan = tile_plan(image.shape[2] // factor, width, circular)
    pixels = _in_pixels(plan, factor)
    weights = torch.from_numpy(plan.weights()).float().to(vae.device)
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    size = (1, vae.config.latent_channels, image.shape[1] // factor, plan.length)
    latents = torch.zeros(size, device=vae.device)
    with cancellable(vae, should_cancel):
        for index in range(plan.n_windows):
            check_cancel(should_cancel)
            tile = torch.from_numpy(np.ascontiguousarray(image[:, :, pixels.columns(index)]))[None] * 2 - 1
            encoded = vae.encode(tile.to(vae.device, vae.dtype), return_dict=False)[0]
            # AutoencoderKL answers with a distribution, AutoencoderTiny with the latents themselves.
            mean = (encoded if isinstance(encoded, torch.Tensor) else encoded.mode()).float()
            scaled = (mean - shift) * vae.config.scaling_factor
            latents.index_add_(3, torch.from_numpy(plan.columns(index)).to(vae.device), scaled * weights[index])
    return latents


def _in_pixels(plan: WindowPlan, factor: int) -> WindowPlan:
    """Return the same tiles of latents as tiles of pixels."""
    starts = tuple(start * factor for start in plan.starts)
    return WindowPlan(plan.length * factor, plan.width * factor, starts, plan.circular)


def _add_columns(canvas: NDArray[np.float32], columns: NDArray[np.int64], values: NDArray[np.float32]) -> None:
    """Add values [C, H, w] to canvas [C, H, W] at columns, in runs without a wrap, so that repeated columns add up."""
    first = 0
    while first < len(columns):
        run = min(len(columns) - first, canvas.shape[2] - int(columns[first]))
        canvas[:, :, columns[first] : columns[first] + run] += values[:, :, first : first + run]
        first += run
