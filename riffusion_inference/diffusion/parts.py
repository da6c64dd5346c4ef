"""A checkpoint's networks and schedulers; only this file of `diffusion` knows diffusers and transformers."""

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
from riffusion_inference.errors import CheckpointError

AUTOENCODERS = ("AutoencoderKL", "AutoencoderTiny", "AutoencoderDC")
"""The classes of autoencoder that a checkpoint may have."""

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
    """UNet2DConditionModel."""
    vae: Any
    """AutoencoderKL."""
    text_encoder: Any
    """CLIPTextModel."""
    tokenizer: Any
    """CLIPTokenizer."""
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
    import diffusers

    class_name, options = SCHEDULER_CLASSES[name]
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
        networks = {
            part: _load_network(network_class, folder, part, name, dtype).to(device).eval().requires_grad_(False)
            for part, network_class in classes.items()
        }
        with _as_checkpoint_error(name, "tokenizer"):
            tokenizer = CLIPTokenizer.from_pretrained(str(folder / "tokenizer"), local_files_only=True)
    config = read_json(folder / "scheduler" / "scheduler_config.json", name)
    return Parts(
        networks["unet"],
        networks["vae"],
        networks["text_encoder"],
        tokenizer,
        lambda scheduler, steps: make_scheduler(scheduler, config, steps),
    )


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
