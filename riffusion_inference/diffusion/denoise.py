"""One canvas denoised by many overlapping windows at once (MultiDiffusion); torch, no diffusers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from riffusion_inference.datatypes import ShouldCancel, check_cancel
from riffusion_inference.devices import free_memory
from riffusion_inference.diffusion.canvas import WindowPlan
from riffusion_inference.diffusion.prompts import Conditioning
from riffusion_inference.errors import EngineError


@dataclass
class PassSize:
    """How many windows go through the UNet side by side; it shrinks when memory runs out, and stays small."""

    windows: int
    """Windows in one pass, >= 1."""
    split_guidance: bool = False
    """True: the prompt and the negative prompt go through in two passes."""

    def shrink(self) -> None:
        """Halve the pass; a pass of a single window is split by prompt.

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


# Each step of the diffusion asks the UNet how the canvas should change, but the UNet only sees windows. Where windows
# overlap, their predictions differ; the canvas changes by the mean, weighted by how near each window's middle is, which
# is the prediction that is closest to all of them (MultiDiffusion). Neighbours thus agree a little more in every step,
# and in the end there is no joint to hide. The mean is taken before the scheduler's step and the scheduler sees one
# canvas, because multistep schedulers remember the last predictions and others add noise: stepped one by one, windows
# would drift apart.


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
    sketch: torch.Tensor | None = None,
    on_step: Callable[[int], None],
    should_cancel: ShouldCancel | None = None,
) -> torch.Tensor:
    """Denoise a whole canvas; every step blends the windows' predictions and then moves the canvas once.

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
        sketch: what the UNet sees beside the latents, like them; None where it sees nothing else.
        on_step: called with the number of steps done.
        should_cancel: asked before every pass and inside it.
    Returns:
        The clean latents, [1, C, h, plan.length] float32.
    Raises:
        GenerationCancelled, EngineError.
    Source: Bar-Tal et al. 2023, MultiDiffusion; Ho and Salimans 2022, classifier-free guidance.
    """
    extra = {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
    with cancellable(unet, should_cancel):
        for done, timestep in enumerate(timesteps):
            scaled = scheduler.scale_model_input(latents, timestep)
            predict = partial(
                _guided, unet, timestep=timestep, conditioning=conditioning, scale=guidance_scale, size=size
            )
            seen = scaled if sketch is None else torch.cat([scaled, sketch], dim=1)
            blended = _blend(predict, seen, latents.shape[1], plan.moved(done), size, should_cancel)
            latents = scheduler.step(blended, timestep, latents, **extra).prev_sample
            on_step(done + 1)
    return latents


def _blend(
    predict: Callable[[torch.Tensor], torch.Tensor],
    canvas: torch.Tensor,
    n_channels: int,
    plan: WindowPlan,
    size: PassSize,
    should_cancel: ShouldCancel | None,
) -> torch.Tensor:
    """Return the weighted mean [1, n_channels, h, L] of the predictions for all windows of the canvas [1, C, h, L]."""
    columns = torch.from_numpy(np.stack([plan.columns(index) for index in range(plan.n_windows)])).to(canvas.device)
    weights = torch.from_numpy(plan.weights()).float().to(canvas.device)
    blended = torch.zeros_like(canvas[:, :n_channels])
    first = 0
    while first < plan.n_windows:
        check_cancel(should_cancel)
        chosen = columns[first : first + size.windows]
        try:
            predicted = predict(torch.cat([canvas[..., window] for window in chosen]))
        except torch.OutOfMemoryError:
            free_memory(canvas.device)
            size.shrink()
            continue
        for offset, window in enumerate(chosen):
            blended.index_add_(3, window, (predicted[offset] * weights[first + offset])[None])
        first += len(chosen)
    return blended


def _guided(
    unet: Any, windows: torch.Tensor, timestep: torch.Tensor, conditioning: Conditioning, scale: float, size: PassSize
) -> torch.Tensor:
    """Return the guided prediction, float32, for windows [n, C, h, w]."""
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
    predicted: torch.Tensor = output[0].float()
    return predicted


@contextmanager
def cancellable(network: Any, should_cancel: ShouldCancel | None) -> Iterator[None]:
    """Ask before every block of a network too whether to stop, since one pass on a CPU can take many seconds."""
    if should_cancel is None:
        yield
        return
    hooks = [
        child.register_forward_pre_hook(lambda *_: check_cancel(should_cancel))
        for child in network.modules()
        if type(child).__name__ in ("ResnetBlock2D", "Transformer2DModel")
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
