"""Any Stable Diffusion checkpoint that paints mel spectrograms, as a MusicModel; only this file knows their library."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from riffusion_inference.datatypes import (
    BPM,
    MAX_BPM,
    MIN_BPM,
    GenerationSettings,
    OnProgress,
    ShouldCancel,
    Take,
    check_range,
)
from riffusion_inference.devices import free_memory
from riffusion_inference.diffusion.canvas import Canvas, check_length, plan_canvas
from riffusion_inference.diffusion.checkpoints import (
    check_folder,
    read_beats,
    read_json,
    read_licence,
    read_params,
    weights_file,
)
from riffusion_inference.diffusion.denoise import PassSize
from riffusion_inference.diffusion.painter import Painter, Parts, Reporter, window_plan
from riffusion_inference.diffusion.windows import WindowPlan, plan_pass
from riffusion_inference.errors import CheckpointError, EngineError
from riffusion_inference.takes.beats import CLEAR_STRENGTH, find_pulse, nearest_beat

SKETCHED_BPM = (54.0, 110.0)
"""Where the tempo of a sketched window is looked for; every tempo has itself or a half in there."""
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
"""Our names for diffusers' schedulers, and what is set beside the checkpoint's own configuration."""


class RiffusionModel:
    """A spectrogram diffusion model in memory; make one with `load`."""

    def __init__(self, folder: Path, name: str, parts: Parts, max_image_width: int) -> None:
        """Put loaded parts together; `load` is the way in."""
        self.name = name
        self.licence = read_licence(folder, name)
        self.params = read_params(folder)
        self.sample_rate = self.params.sample_rate
        self._parts: Parts | None = parts
        self.factor = parts.factor
        self._beats = read_beats(folder)
        size = parts.unet.config.sample_size
        height, width = (size, size) if isinstance(size, int) else size
        channels, latent_channels = parts.unet.config.in_channels, parts.vae.config.latent_channels
        if height * parts.factor != self.params.n_mels or channels != latent_channels:
            raise CheckpointError(
                f"The checkpoint {name!r} paints images {height * parts.factor} px high from {channels} latent "
                f"channels, but its spectrogram has {self.params.n_mels} mel bands and its autoencoder "
                f"{latent_channels} channels: it is no spectrogram checkpoint."
            )
        self._shape = plan_pass(max_image_width, parts.factor, width)
        self._size = PassSize(self._shape.windows_per_pass)
        native_samples = self.params.n_samples(self._shape.window_latents * parts.factor)
        self.native_seconds = native_samples / self.sample_rate

    @classmethod
    def load(
        cls,
        folder: Path,
        name: str | None = None,
        device: str = "cpu",
        dtype: torch.dtype | None = None,
        max_image_width: int = 1024,
    ) -> RiffusionModel:
        """Load a checkpoint folder; pickled weights are read with weights_only, so they cannot run code.

        Args:
            folder: in diffusers' StableDiffusionPipeline layout.
            name: what the person called it; the folder's name without it.
            device: one that exists.
            dtype: float16 on CUDA and float32 elsewhere unless told.
            max_image_width: as in windows.plan_pass.
        Raises:
            CheckpointError: parts are missing or damaged.
            SettingError: max_image_width does not fit the checkpoint.
            EngineError: the device has too little memory.
        """
        folder, name = Path(folder), name or Path(folder).name
        check_folder(folder, name)
        dtype = dtype or (torch.float16 if device.startswith("cuda") else torch.float32)
        try:
            parts = _load_parts(folder, name, device, dtype)
        except (torch.OutOfMemoryError, MemoryError) as error:
            sentence = f"The checkpoint {name!r} does not fit into the memory of {device}: use MODEL=pocket."
            raise EngineError(sentence) from error
        return cls(folder, name, parts, max_image_width)

    def unload(self) -> None:
        """Give the model's memory back; the object is of no further use."""
        if self._parts is not None:
            device, self._parts = self._parts.device, None
            free_memory(device)

    def plan(
        self, n_samples: int, sample_rate: int, *, loop: bool = False, bpm: float | None = None
    ) -> tuple[Canvas, WindowPlan]:
        """Return the canvas and the windows that a piece of this length would be made of.

        Args:
            n_samples: length at sample_rate.
            sample_rate: Hz.
            loop: whether its end meets its start.
            bpm: tempo that is asked for; windows then begin on beats of the tempo that the checkpoint makes of it.

        Raises:
            SettingError: the length is outside 0.2 s to 10 minutes, or the tempo outside 40 to 240 BPM.
        """
        check_length(n_samples, sample_rate)
        if bpm is not None:
            check_range("Tempo in BPM", bpm, MIN_BPM, MAX_BPM)
        window = self._shape.window_latents
        canvas = plan_canvas(n_samples, sample_rate, self.params, self.factor, window, loop=loop)
        return window_plan(canvas, window, None if bpm is None else self._beat(bpm))

    def _beat(self, bpm: float) -> float:
        """Latents of a beat: at the tempo itself, or at the nearest of the few that the checkpoint knows."""
        frames = 60 * self.params.sample_rate / (self.params.hop_length * bpm)
        return (nearest_beat(frames, self._beats) if self._beats else frames) / self.factor

    @torch.inference_mode()
    def tempo(
        self,
        settings: GenerationSettings,
        seed: int,
        n_samples: int,
        sample_rate: int,
        *,
        should_cancel: ShouldCancel | None = None,
    ) -> float | None:
        """Return the tempo on whose beats the windows of a take begin; None: they are spread evenly.

        It is the one that is asked for. Where none is, and the checkpoint knows only some tempi, one window is sketched
        with half of the steps, and its own tempo counts if its beat is clear.

        Args:
            settings: extra["bpm"] is what is asked for.
            seed: of the take.
            n_samples: length at sample_rate.
            sample_rate: Hz.
            should_cancel: polled while sketching.
        """
        asked = settings.extra.get(BPM)
        seeded = settings.seed_image is not None or settings.seed_audio is not None
        _, windows = self.plan(n_samples, sample_rate, loop=settings.loop)
        if asked is not None or seeded or not self._beats or windows.n_windows == 1:
            return asked
        parts, one = self._loaded(), round(self.native_seconds * self.sample_rate)
        canvas, window = self.plan(one, self.sample_rate)
        brief = replace(settings, loop=False, num_inference_steps=max(1, settings.num_inference_steps // 2))
        painter = Painter(parts, self.params, brief, canvas, window, self._size, Reporter(None, 1), should_cancel)
        # Twice a beat would do as well, half of one would not: look among the slower tempi.
        pulse = find_pulse(painter.take(seed, one, self.sample_rate).waveform, *SKETCHED_BPM)
        return pulse.bpm if pulse.strength >= CLEAR_STRENGTH else None

    def _loaded(self) -> Parts:
        """Return the networks, or raise EngineError if they were unloaded."""
        if self._parts is None:
            raise EngineError(f"The model {self.name!r} was unloaded: load it again.")
        return self._parts

    @torch.inference_mode()
    def generate(
        self,
        settings: GenerationSettings,
        n_samples: int,
        sample_rate: int,
        *,
        on_progress: OnProgress | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> list[Take]:
        """Make settings.candidates takes of exactly n_samples at sample_rate; see MusicModel.

        On a CPU the same settings give the same samples, bit for bit, and candidate i is what seed + i alone gives.
        """
        parts, painter = self._loaded(), None
        report = Reporter(on_progress, settings.candidates)
        try:
            takes = []
            for index, seed in enumerate(settings.seeds()):
                report.candidate = index
                bpm = self.tempo(settings, seed, n_samples, sample_rate, should_cancel=should_cancel)
                canvas, windows = self.plan(n_samples, sample_rate, loop=settings.loop, bpm=bpm)
                if painter is None or painter.plan != windows:
                    painter = Painter(parts, self.params, settings, canvas, windows, self._size, report, should_cancel)
                takes.append(painter.take(seed, n_samples, sample_rate))
            return takes
        except (torch.OutOfMemoryError, MemoryError) as error:
            free_memory(parts.device)
            raise EngineError(
                f"The model ran out of memory on {parts.device}: make the part shorter, close other programs that use "
                "it, or set DEVICE=cpu."
            ) from error


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
        # The first sigma is then all but infinite, and Karras' spacing would spend most steps near it.
        options = {**options, "use_karras_sigmas": False}
    with _quiet():
        scheduler = getattr(diffusers, class_name).from_config(config, **options)
        scheduler.set_timesteps(num_inference_steps)
    return scheduler


def _load_parts(folder: Path, name: str, device: str, dtype: torch.dtype) -> Parts:
    """Load the parts of a checkpoint; the safety checker, which takes spectrograms for nudity, is left out."""
    with _quiet():
        import diffusers
        from transformers import CLIPTextModel, CLIPTokenizer

        vae_class = str(read_json(folder / "vae" / "config.json", name).get("_class_name", "AutoencoderKL"))
        if vae_class not in AUTOENCODERS:
            raise CheckpointError(
                f"The checkpoint {name!r} has an autoencoder of the kind {vae_class}, but only "
                f"{', '.join(AUTOENCODERS)} can be used: choose another checkpoint."
            )
        kinds: dict[str, Any] = {
            "unet": diffusers.UNet2DConditionModel,
            "vae": getattr(diffusers, vae_class),
            "text_encoder": CLIPTextModel,
        }
        networks = {
            part: _load_network(kind, folder, part, name, dtype).to(device).eval().requires_grad_(False)
            for part, kind in kinds.items()
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


def _load_network(kind: Any, folder: Path, part: str, name: str, dtype: torch.dtype) -> Any:
    """Load one network; only safetensors, or pickles that hold nothing but tensors."""
    file = weights_file(folder, part, name)
    options: dict[str, Any] = {"use_safetensors": file.suffix == ".safetensors", "local_files_only": True}
    if ".fp16." in file.name:
        options["variant"] = "fp16"
    with _as_checkpoint_error(name, part):
        return kind.from_pretrained(str(folder / part), dtype=dtype, **options)


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
    """Keep the libraries' progress bars and warnings off the person's screen, and leave their settings as they were."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers.utils import logging as transformers_logging

        transformers_level = transformers_logging.get_verbosity()
        transformers_bars = transformers_logging.is_progress_bar_enabled()
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        from diffusers.utils import logging as diffusers_logging

        diffusers_level = diffusers_logging.get_verbosity()
        diffusers_logging.set_verbosity_error()
        diffusers_logging.disable_progress_bar()
        try:
            yield
        finally:
            diffusers_logging.set_verbosity(diffusers_level)
            transformers_logging.set_verbosity(transformers_level)
            if transformers_bars:
                transformers_logging.enable_progress_bar()
