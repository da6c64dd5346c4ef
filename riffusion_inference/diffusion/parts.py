"""A checkpoint's networks and schedulers: our own where they are built like `pocket`'s, else those of two libraries.

Only this file of `diffusion` knows diffusers and transformers, and it imports them only for a checkpoint, or a
scheduler, that needs them: that takes seconds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from riffusion_inference.diffusion.autoencoder import pixels_per_latent
from riffusion_inference.diffusion.checkpoints import read_json, weights_file
from riffusion_inference.diffusion.networks.base import Network
from riffusion_inference.diffusion.networks.clip_text import ClipText, ClipTokenizer
from riffusion_inference.diffusion.networks.dpm_solver import DpmSolver
from riffusion_inference.diffusion.networks.tiny_autoencoder import TinyAutoencoder
from riffusion_inference.diffusion.networks.unet import UNet
from riffusion_inference.errors import CheckpointError

AUTOENCODERS = ("AutoencoderKL", "AutoencoderTiny", "AutoencoderDC")
"""The classes of autoencoder that a checkpoint may have."""

OWN_CLASSES = ("UNet2DConditionModel", "AutoencoderTiny", "CLIPTextModel")
"""diffusers' and transformers' names of what there are networks of our own for."""

SCHEDULER_CLASSES: dict[str, tuple[str, dict[str, Any]]] = {
    "dpm++": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True, "algorithm_type": "dpmsolver++"}),
    "ddim": ("DDIMScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
}
"""Our names for diffusers' schedulers: the class, and what is set on top of the checkpoint's own configuration."""


@dataclass(frozen=True)
class Parts:
    """A checkpoint's networks, loaded."""

    unet: Any
    """UNet2DConditionModel, or UNet."""
    vae: Any
    """AutoencoderKL, AutoencoderTiny or TinyAutoencoder."""
    text_encoder: Any
    """CLIPTextModel, or ClipText."""
    tokenizer: Any
    """CLIPTokenizer, or ClipTokenizer."""
    make_scheduler: Callable[[str, int], Any]
    """(one of SCHEDULERS, steps) -> a fresh scheduler, set to its timesteps."""

    @property
    def factor(self) -> int:
        """Pixels for one latent."""
        return pixels_per_latent(self.vae)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return torch.device(self.unet.device)


def make_scheduler(name: str, config: Any, num_inference_steps: int) -> Any:
    """Build a scheduler by our name from the checkpoint's configuration, which keeps its prediction type and noise.

    Args:
        name: one of SCHEDULERS.
        config: the checkpoint's scheduler configuration.
        num_inference_steps: steps to set.
    """
    class_name, options = SCHEDULER_CLASSES[name]
    if name == "dpm++" and DpmSolver.fits({**config, **options}):
        return DpmSolver(config, num_inference_steps)
    import diffusers

    if config.get("rescale_betas_zero_snr") and "use_karras_sigmas" in options:
        # The first sigma is then practically infinite, and Karras' spacing would spend most steps near it.
        options = {**options, "use_karras_sigmas": False}
    with _quiet():
        scheduler = getattr(diffusers, class_name).from_config(config, **options)
        scheduler.set_timesteps(num_inference_steps)
    return scheduler


def load_parts(folder: Path, name: str, device: str, dtype: torch.dtype) -> Parts:
    """Load the parts of a checkpoint folder; the safety checker, which takes spectrograms for nudity, is left out.

    Args:
        folder: whose files are all there; see checkpoints.check_folder.
        name: what the person called it.
        device: one that exists.
        dtype: of the networks.
    Raises:
        CheckpointError: a part is damaged or of a kind that cannot be used.
        torch.OutOfMemoryError, MemoryError: the device has too little memory.
    """
    loaded = _load_own(folder, name, dtype) or _load_by_libraries(folder, name, dtype)
    unet, vae, text_encoder = (network.to(device).eval().requires_grad_(False) for network in loaded[:3])
    config = read_json(folder / "scheduler" / "scheduler_config.json", name)
    return Parts(
        unet,
        vae,
        text_encoder,
        loaded[3],
        lambda scheduler, steps: make_scheduler(scheduler, config, steps),
    )


def _load_own(folder: Path, name: str, dtype: torch.dtype) -> tuple[Any, Any, Any, Any] | None:
    """UNet, autoencoder, text encoder and tokenizer without the libraries; None where the checkpoint needs them."""
    classes: dict[str, type[Network]] = {"unet": UNet, "vae": TinyAutoencoder, "text_encoder": ClipText}
    configs = {part: read_json(folder / part / "config.json", name) for part in classes}
    files = {part: weights_file(folder, part, name) for part in classes}
    is_known = all(
        configs[part].get("_class_name", "CLIPTextModel") in OWN_CLASSES
        and classes[part].fits(configs[part])
        and files[part].suffix == ".safetensors"
        for part in classes
    )
    if not is_known or not (folder / "tokenizer" / "tokenizer.json").is_file():
        return None
    networks = []
    for part, network_class in classes.items():
        with _as_checkpoint_error(name, part):
            networks.append(network_class.load(configs[part], files[part], dtype))
    with _as_checkpoint_error(name, "tokenizer"):
        return networks[0], networks[1], networks[2], ClipTokenizer(folder / "tokenizer")


def _load_by_libraries(folder: Path, name: str, dtype: torch.dtype) -> tuple[Any, Any, Any, Any]:
    """The same by diffusers and transformers."""
    with _quiet():
        import diffusers
        from transformers import CLIPTextModel, CLIPTokenizer

        vae_class = str(read_json(folder / "vae" / "config.json", name).get("_class_name", "AutoencoderKL"))
        if vae_class not in AUTOENCODERS:
            raise CheckpointError(
                f"The checkpoint {name!r} has an autoencoder of the class {vae_class}, but only "
                f"{', '.join(AUTOENCODERS)} can be used: choose another checkpoint."
            )
        classes: dict[str, Any] = {
            "unet": diffusers.UNet2DConditionModel,
            "vae": getattr(diffusers, vae_class),
            "text_encoder": CLIPTextModel,
        }
        unet, vae, text_encoder = (
            _load_network(network_class, folder, part, name, dtype) for part, network_class in classes.items()
        )
        with _as_checkpoint_error(name, "tokenizer"):
            tokenizer = CLIPTokenizer.from_pretrained(str(folder / "tokenizer"), local_files_only=True)
    return unet, vae, text_encoder, tokenizer


def _load_network(network_class: Any, folder: Path, part: str, name: str, dtype: torch.dtype) -> Any:
    """Load one network; only safetensors, or pickles that hold nothing but tensors."""
    file = weights_file(folder, part, name)
    options: dict[str, Any] = {"use_safetensors": file.suffix == ".safetensors", "local_files_only": True}
    if ".fp16." in file.name:
        options["variant"] = "fp16"
    with _as_checkpoint_error(name, part):
        return network_class.from_pretrained(str(folder / part), dtype=dtype, **options)


@contextmanager
def _as_checkpoint_error(name: str, part: str) -> Iterator[None]:
    """Turn whatever the libraries raise about a damaged file into one sentence."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # safetensors, pickle, json, diffusers and transformers each have errors of their own
        reason = str(error).strip().splitlines()
        raise CheckpointError(
            f"The checkpoint {name!r} is damaged: its {part} cannot be loaded "
            f"({type(error).__name__}: {reason[0][:160] if reason else 'no reason given'}). "
            "Download it again, or use MODEL=pocket."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' progress bars and warnings off the screen, and restore their settings afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Importing diffusers already warns, so transformers, which it imports, is silenced first.
        with _silenced("transformers"), _silenced("diffusers"):
            yield


@contextmanager
def _silenced(library: str) -> Iterator[None]:
    logging: Any = import_module(f"{library}.utils.logging")
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
