"""Names of music models -> loaded models. Each engine's code is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from riffusion_inference.datatypes import MusicModel, OnProgress, Progress
from riffusion_inference.devices import choose_device
from riffusion_inference.diffusion.checkpoints import POCKET, RIFFUSION, resolve_checkpoint

DEFAULT_MAX_IMAGE_WIDTH = 1024

Loader = Callable[..., MusicModel]
"""Called as loader(model, device=..., max_image_width=..., on_progress=..., token=..., base_url=...).

The device exists; the last two are for an engine that is a service.
"""


def load_riffusion(
    model: str, *, device: str, max_image_width: int, on_progress: OnProgress | None = None, **_unused: str
) -> MusicModel:
    """Load "pocket", a checkpoint folder or a hub name as a spectrogram diffusion model."""
    folder = resolve_checkpoint(model, on_progress=on_progress)
    from riffusion_inference.diffusion.model import RiffusionModel

    return RiffusionModel.load(folder, model, device=device, max_image_width=max_image_width)


def load_audioldm(model: str, **options: Any) -> MusicModel:
    """Load "audioldm2", "audioldm", or a hub name or folder of such a model."""
    from riffusion_inference.engines.audioldm import load_audioldm

    return load_audioldm(model, device=options["device"])


def load_replicate(model: str, **options: Any) -> MusicModel:
    """Make the engine that runs AudioLDM on replicate.com."""
    from riffusion_inference.engines.replicate_engine import load_replicate

    return load_replicate(model, token=options["token"], base_url=options["base_url"])


ENGINES: dict[str, Loader] = {
    POCKET: load_riffusion,
    "audioldm2": load_audioldm,
    "audioldm": load_audioldm,
    "replicate": load_replicate,
}
"""Models that have a name of their own; any other name is a checkpoint folder or a hub name for load_riffusion."""


def load_model(
    model: str = "auto",
    *,
    device: str = "auto",
    max_image_width: int = DEFAULT_MAX_IMAGE_WIDTH,
    on_progress: OnProgress | None = None,
    token: str = "",
    base_url: str = "",
) -> MusicModel:
    """Load a model by name.

    Args:
        model: "auto" or "riffusion" (see full_name), a name in ENGINES, a folder or a hub name.
        device: as in choose_device.
        max_image_width: the widest image, in pixels, that one pass may see; see canvas.plan_pass.
        on_progress: called with stage "load model" before and after.
        token: of the account, for the engine "replicate"; nothing else sees it.
        base_url: where that service answers; its own address without it.
    Raises:
        SettingError: the device or the width is wrong.
        CheckpointError: the checkpoint is missing or corrupt; the message names the ways out.
        EngineError: the engine could not start.
    """
    chosen_device, _ = choose_device(device)
    name = full_name(model, chosen_device)
    if on_progress:
        on_progress(Progress("load model", 0, 1))
    loader = ENGINES.get(name) or (load_audioldm if _is_audioldm(name) else load_riffusion)
    loaded = loader(
        name,
        device=chosen_device,
        max_image_width=max_image_width,
        on_progress=on_progress,
        token=token,
        base_url=base_url,
    )
    if on_progress:
        on_progress(Progress("load model", 1, 1))
    return loaded


def full_name(model: str, device: str = "auto") -> str:
    """Return what a short name means: "auto" is Riffusion on CUDA and pocket otherwise; others stay as they are.

    Args:
        model: as in load_model.
        device: as in choose_device.
    Raises:
        SettingError: model is "auto" and the device is unknown.
    """
    name = model.strip() or "auto"
    if name == "auto":
        return RIFFUSION if choose_device(device)[0].startswith("cuda") else POCKET
    return RIFFUSION if name == "riffusion" else name


def _is_audioldm(name: str) -> bool:
    from riffusion_inference.engines.audioldm import is_audioldm

    return is_audioldm(name)
