"""One canvas denoised by many overlapping windows at once (MultiDiffusion); torch, no diffusers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from riffusion_inference.datatypes import ShouldCancel, poll
from riffusion_inference.devices import free_memory
from riffusion_inference.diffusion.prompts import Conditioning
from riffusion_inference.diffusion.windows import WindowPlan
from riffusion_inference.errors import EngineError


@dataclass
class PassSize:
    """How many windows go through the UNet side by side; it shrinks when memory runs out, and stays small."""

    windows: int
    """Windows in one pass, >= 1."""
    split_guidance: bool = field(default=False)
    """True: the prompt and the negative prompt go through in two passes."""

    def shrink(self) -> None:
        """Halve the pass, at last split it by prompt.

        Raises:
            EngineError: it cannot be smaller.
        """
        if self.windows > 1:
            self.windows //= 2
        elif not self.split_guidance:
            self.split_guidance = True
        else:
            raise EngineError(
                "The model ran out of memory with a single window: lower MAX_IMAGE_WIDTH, close other programs that "
                "use the GPU, or set DEVICE=cpu."
            )


def denoise(
    unet: Any,
    scheduler: Any,
    latents: torch.Tensor,
    timesteps: torch.Tensor,
    plan: WindowPlan,
    conditioning: Conditioning,
    guidance_scale: float,
    size: PassSize,
    generator: torch.Generator,
    *,
    on_step: Callable[[int], None],
    should_cancel: ShouldCancel | None = None,
) -> torch.Tensor:
    """Denoise a whole canvas; every step blends the windows' predictions and then moves the canvas once.

    Moving the canvas once, and not each window, keeps multistep schedulers right.

    Args:
        unet: UNet2DConditionModel.
        scheduler: set to its timesteps.
        latents: [1, C, h, plan.length] float32, scaled to the first timestep.
        timesteps: those still to do.
        plan: the windows of the first step; they move from step to step.
        conditioning: both prompts.
        guidance_scale: 1 is no guidance, 0 ignores the prompt.
        size: windows in one pass; shrunk in place when memory runs out.
        generator: for schedulers that add noise.
        on_step: called with the number of steps done.
        should_cancel: polled before every pass and inside it.
    Returns:
        The clean latents, [1, C, h, plan.length] float32.
    Raises:
        GenerationCancelled, EngineError.
    Source: Bar-Tal et al. 2023, MultiDiffusion; Ho and Salimans 2022, classifier-free guidance.
    """
    extra = {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
    with polled(unet, should_cancel):
        for done, timestep in enumerate(timesteps):
            moved = plan.moved(done)
            columns = torch.from_numpy(np.stack([moved.columns(index) for index in range(plan.n_windows)]))
            columns = columns.to(latents.device)
            weights = torch.from_numpy(moved.weights()).float().to(latents.device)
            scaled = scheduler.scale_model_input(latents, timestep)
            blended = torch.zeros_like(latents)
            first = 0
            while first < plan.n_windows:
                poll(should_cancel)
                chosen = columns[first : first + size.windows]
                windows = torch.cat([scaled[..., window] for window in chosen])
                try:
                    predicted = _guided(unet, windows, timestep, conditioning, guidance_scale, size)
                except torch.OutOfMemoryError:
                    free_memory(latents.device)
                    size.shrink()
                    continue
                for offset, window in enumerate(chosen):
                    blended.index_add_(3, window, (predicted[offset] * weights[first + offset])[None])
                first += len(chosen)
            latents = scheduler.step(blended, timestep, latents, **extra).prev_sample
            on_step(done + 1)
    return latents


def _guided(
    unet: Any, windows: torch.Tensor, timestep: torch.Tensor, conditioning: Conditioning, scale: float, size: PassSize
) -> torch.Tensor:
    """Return the guided prediction [n, C, h, w] float32 for windows [n, C, h, w]."""
    if scale == 1.0:
        return _predict(unet, windows, timestep, conditioning.prompt)
    if scale == 0.0:
        return _predict(unet, windows, timestep, conditioning.negative)
    count = len(windows)
    if size.split_guidance:
        negative = _predict(unet, windows, timestep, conditioning.negative)
        positive = _predict(unet, windows, timestep, conditioning.prompt)
    else:
        prompts = torch.cat([conditioning.negative.expand(count, -1, -1), conditioning.prompt.expand(count, -1, -1)])
        negative, positive = _predict(unet, torch.cat([windows, windows]), timestep, prompts).chunk(2)
    return negative + scale * (positive - negative)


def _predict(unet: Any, windows: torch.Tensor, timestep: torch.Tensor, prompts: torch.Tensor) -> torch.Tensor:
    """Run the UNet once, in its own precision."""
    prompts = prompts.expand(len(windows), -1, -1)
    output = unet(windows.to(unet.dtype), timestep, encoder_hidden_states=prompts.to(unet.dtype), return_dict=False)
    return output[0].float()


@contextmanager
def polled(module: Any, should_cancel: ShouldCancel | None) -> Iterator[None]:
    """Poll before every convolution block of a network too, since one pass on a CPU can take many seconds."""
    if should_cancel is None:
        yield
        return
    hooks = [
        child.register_forward_pre_hook(lambda *_: poll(should_cancel))
        for child in module.modules()
        if type(child).__name__ in ("ResnetBlock2D", "Transformer2DModel")
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
