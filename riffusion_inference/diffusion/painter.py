"""One piece of music, from prompt to samples: encode, denoise, decode, invert. The networks are handed in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image

from riffusion_inference.datatypes import (
    GenerationSettings,
    OnProgress,
    Progress,
    ShouldCancel,
    SpectrogramParams,
    Take,
    Waveform,
)
from riffusion_inference.diffusion.autoencoder import decode, encode
from riffusion_inference.diffusion.canvas import Canvas, WindowPlan, plan_windows
from riffusion_inference.diffusion.denoise import PassSize, denoise
from riffusion_inference.diffusion.parts import Parts
from riffusion_inference.diffusion.prompts import encode_prompts
from riffusion_inference.diffusion.seeding import seed_picture, stretch_circular
from riffusion_inference.resampling import resample, resample_circular
from riffusion_inference.spectrogram.image import image_from_brightness, mel_from_image, reference_max, write_exif
from riffusion_inference.spectrogram.inversion import waveform_from_mel


@dataclass
class Reporter:
    """Progress of one candidate -> progress of them all."""

    on_progress: OnProgress | None
    """Called with every step."""
    candidates: int
    """How many there are."""
    candidate: int = 0
    """Which one is being made, from 0."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` steps of the stage are done for this candidate."""
        if self.on_progress is not None:
            self.on_progress(Progress(stage, self.candidate * total + done, self.candidates * total))


def window_plan(canvas: Canvas, window: int, beat: float | None = None) -> tuple[Canvas, WindowPlan]:
    """Return the UNet's windows over a canvas, half of each overlapping its neighbours, and the canvas that they cover.

    Args:
        canvas: for the length of the piece.
        window: latents of one window.
        beat: latents of a beat, where there is a tempo to keep.
    """
    plan = plan_windows(canvas.n_latents, window, max(1, window // 2), circular=canvas.loop, beat=beat)
    return replace(canvas, n_latents=plan.length), plan


class Painter:
    """Makes takes of one piece; what all candidates share is made once."""

    def __init__(
        self,
        parts: Parts,
        params: SpectrogramParams,
        settings: GenerationSettings,
        canvas: Canvas,
        plan: WindowPlan,
        size: PassSize,
        report: Reporter,
        should_cancel: ShouldCancel | None,
    ) -> None:
        """Encode the prompts and the seed picture.

        Args:
            parts: the networks.
            params: the checkpoint's.
            settings: what to make.
            canvas: how wide it is.
            plan: the UNet's windows over it; the autoencoder's tiles are as wide.
            size: windows in one pass, shrunk in place when memory runs out.
            report: called with every step.
            should_cancel: asked in every stage, many times a second.
        """
        self.parts, self.params, self.settings, self.canvas = parts, params, settings, canvas
        self.plan, self.size, self.report, self.should_cancel = plan, size, report, should_cancel
        self.conditioning = encode_prompts(
            parts.tokenizer, parts.text_encoder, settings.prompt, settings.negative_prompt
        )
        self.picture = seed_picture(settings, params, canvas, parts.factor)
        self.start: torch.Tensor | None = None
        if self.picture is not None and settings.strength < 1:
            self.start = encode(
                parts.vae, self.picture.brightness, plan.width, circular=canvas.loop, should_cancel=should_cancel
            )
        self.notes = self.conditioning.notes + (self.picture.notes if self.picture else ())

    def take(self, seed: int, n_samples: int, sample_rate: int) -> Take:
        """Make the take of one seed, exactly n_samples at sample_rate."""
        image = self._paint(self._denoise(seed))
        sound = self._invert(image, n_samples, sample_rate)
        peak = float(np.abs(sound.samples).max())
        if peak > 1.0:
            # The level of a painted spectrogram is a convention, so turning it down to fit loses nothing.
            sound = Waveform(sound.samples / np.float32(peak), sample_rate)
            write_exif(image, self.params, self._max_value() / peak)
        return Take(sound, seed, image, self.params, self.notes)

    def _denoise(self, seed: int) -> torch.Tensor:
        """Return clean latents [1, C, h, canvas.n_latents]."""
        steps, strength = self.settings.num_inference_steps, self.settings.strength
        scheduler = self.parts.make_scheduler(self.settings.scheduler, steps)
        generator = torch.Generator().manual_seed(seed)
        noise = self._noise(generator)
        timesteps = scheduler.timesteps.cpu()
        if self.start is None:
            latents = noise * scheduler.init_noise_sigma
        else:
            skipped = (steps - int(steps * strength)) * scheduler.order
            timesteps = timesteps[skipped:]
            if hasattr(scheduler, "set_begin_index"):
                scheduler.set_begin_index(skipped)
            latents = scheduler.add_noise(self.start, noise, timesteps[:1]) if len(timesteps) else self.start
        total = max(1, len(timesteps))
        self.report("generate", 0, total)
        latents = denoise(
            self.parts.unet,
            scheduler,
            latents,
            timesteps,
            self.plan,
            self.conditioning,
            self.settings.guidance_scale,
            self.size,
            generator,
            on_step=lambda done: self.report("generate", done, total),
            should_cancel=self.should_cancel,
        )
        self.report("generate", total, total)
        return latents

    def _noise(self, generator: torch.Generator) -> torch.Tensor:
        """Return noise [1, C, h, canvas.n_latents]; drawn column by column, so that a longer piece begins the same."""
        channels = self.parts.unet.config.in_channels
        height = self.params.n_mels // self.parts.factor
        noise = torch.randn(self.canvas.n_latents, channels, height, generator=generator)
        return noise.permute(1, 2, 0)[None].contiguous().to(self.parts.device)

    def _max_value(self) -> float:
        """Return the amplitude of black: the seed's, so that its level is kept, or the reference."""
        return self.picture.max_value if self.picture else reference_max(self.params)

    def _paint(self, latents: torch.Tensor) -> Image.Image:
        """Decode latents to the spectrogram image, canvas.n_columns wide, with EXIF."""
        brightness = decode(
            self.parts.vae,
            latents,
            self.plan.width,
            circular=self.canvas.loop,
            stereo=self.params.stereo,
            on_tile=lambda done, total: self.report("decode", done, total),
            should_cancel=self.should_cancel,
        )
        columns = self.canvas.n_columns
        if self.canvas.loop:
            fitted = stretch_circular(brightness, columns)
        else:
            held = max(0, columns - brightness.shape[2])
            fitted = np.pad(brightness[:, :, :columns], ((0, 0), (0, 0), (0, held)), mode="edge")
        return image_from_brightness(fitted, self.params, self._max_value())

    def _invert(self, image: Image.Image, n_samples: int, sample_rate: int) -> Waveform:
        """Turn the image into exactly n_samples at sample_rate."""
        # Apple's GPUs lack some complex arithmetic, and a CPU is quick enough.
        device = "cpu" if self.parts.device.type == "mps" else str(self.parts.device)
        sound = waveform_from_mel(
            mel_from_image(image, self.params),
            device=device,
            circular=self.canvas.loop,
            on_progress=lambda progress: self.report(progress.stage, progress.done, progress.total),
            should_cancel=self.should_cancel,
        )
        if self.canvas.loop:
            return Waveform(resample_circular(sound.samples, n_samples), sample_rate)
        exact = resample(sound, sample_rate).samples[:, :n_samples]
        return Waveform(np.ascontiguousarray(exact), sample_rate)
