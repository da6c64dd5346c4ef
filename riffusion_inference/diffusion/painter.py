"""One piece of music, from prompt to samples: encode, denoise, decode, invert. The networks are handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
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
from riffusion_inference.diffusion.checkpoints import SketchInput
from riffusion_inference.diffusion.denoise import PassSize, denoise
from riffusion_inference.diffusion.parts import Parts
from riffusion_inference.diffusion.prompts import encode_prompts
from riffusion_inference.diffusion.seeding import seed_picture, stretch_circular
from riffusion_inference.diffusion.sketching import noise_columns, sketch_picture, with_sharp_drums
from riffusion_inference.notation.score import Score
from riffusion_inference.resampling import resample, resample_circular
from riffusion_inference.score.sketch import borrowed_sounds
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


@dataclass(frozen=True)
class Sketch:
    """A score's sketch as the UNet sees it."""

    latents: torch.Tensor
    """[1, C, h, canvas.n_latents]."""
    given_as: SketchInput
    """How the checkpoint paints over it."""
    picture: NDArray[np.float32]
    """Brightness [3, n_mels, W], at least as wide as the canvas."""


SKETCHED_OVERLAP = 1 / 8
"""Share of a window that overlaps the next where both see a sketch."""


def window_plan(
    canvas: Canvas, window: int, beat: float | None = None, *, sketched: bool = False
) -> tuple[Canvas, WindowPlan]:
    """Return the UNet's windows over a canvas, and the canvas that they cover.

    Half of each window overlaps its neighbours, so that they agree on what is played; where a sketch says that, an
    eighth does.

    Args:
        canvas: for the length of the piece.
        window: latents of one window.
        beat: latents of a beat, where there is a tempo to keep.
        sketched: whether every window sees its stretch of a sketch.
    """
    stride = max(1, round(window * (1 - SKETCHED_OVERLAP)) if sketched else window // 2)
    plan = plan_windows(canvas.n_latents, window, stride, circular=canvas.loop, beat=None if sketched else beat)
    return replace(canvas, n_latents=plan.length), plan


def begin_below(make: Callable[[int], Any], steps: int, sigma: float) -> tuple[Any, int]:
    """Make a scheduler with just so many timesteps that `steps` of them have at most this much noise over signal.

    Args:
        make: number of steps -> a scheduler set to its timesteps.
        steps: to be left.
        sigma: noise over signal.
    Returns:
        The scheduler, and how many timesteps come before.
    """
    total = steps
    while True:
        scheduler = make(total)
        alphas = scheduler.alphas_cumprod
        below = int((((1 - alphas) / alphas).sqrt() <= sigma).sum())
        kept = int((scheduler.timesteps < below).sum()) // scheduler.order
        if kept >= steps or total >= 4 * steps:
            return scheduler, len(scheduler.timesteps) - steps * scheduler.order
        total += 1


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
        *,
        score: Score | None = None,
        sketch_input: SketchInput | None = None,
    ) -> None:
        """Encode the prompts, the seed picture and the sketch.

        Args:
            parts: the networks.
            params: the checkpoint's.
            settings: what to make.
            canvas: how wide it is.
            plan: the UNet's windows over it; the autoencoder's tiles are as wide.
            size: windows in one pass, shrunk in place when memory runs out.
            report: called with every step.
            should_cancel: asked in every stage, many times a second.
            score: what is painted over its sketch, if the checkpoint takes one.
            sketch_input: how it does that; None for a checkpoint that takes no sketches.
        """
        self.parts, self.params, self.settings, self.canvas = parts, params, settings, canvas
        self.plan, self.size, self.report, self.should_cancel = plan, size, report, should_cancel
        self.score, self.takes_sketch = score, sketch_input is not None
        self.conditioning = encode_prompts(
            parts.tokenizer, parts.text_encoder, settings.prompt, settings.negative_prompt
        )
        self.picture = seed_picture(settings, params, canvas, parts.factor)
        self.start: torch.Tensor | None = None
        if self.picture is not None and settings.strength < 1:
            self.start = self._encode(self.picture.brightness)
        self.sketch: Sketch | None = None
        if score is not None and sketch_input is not None:
            drawn = sketch_picture(score, canvas, parts.factor)
            self.sketch = Sketch(self._encode(drawn), sketch_input, drawn)
        self.notes = self.conditioning.notes + (self.picture.notes if self.picture else ())
        self.notes += borrowed_sounds(score.played()) if score is not None else ()

    def _encode(self, brightness: NDArray[np.float32]) -> torch.Tensor:
        """Encode a picture as wide as the canvas, [3, n_mels, width], to latents [1, C, h, canvas.n_latents]."""
        return encode(
            self.parts.vae,
            brightness,
            self.plan.width,
            circular=self.canvas.loop,
            should_cancel=self.should_cancel,
        )

    def take(self, seed: int, n_samples: int, sample_rate: int) -> Take:
        """Make the take of one seed, exactly n_samples at sample_rate."""
        image = self._paint(self._denoise(seed))
        sound = self._invert(image, n_samples, sample_rate)
        peak = float(np.abs(sound.samples).max())
        if peak > 1.0:
            # The level of a painted spectrogram is a convention, so turning it down to fit loses nothing.
            sound = Waveform(sound.samples / np.float32(peak), sample_rate)
            write_exif(image, self.params, self._max_value() / peak)
        return Take(sound, seed, image, self.params, self.score, self.notes)

    # With a sketch the UNet paints what the picture has and the sketch has not, SketchInput.gain times, which has to be
    # made good where a picture goes in and where it comes out. That difference is small beside the picture, so little
    # noise hides it, and steps at higher noise levels would be spent on nothing.

    def _denoise(self, seed: int) -> torch.Tensor:
        """Return clean latents [1, C, h, canvas.n_latents]."""
        scheduler, skipped = self._schedule()
        generator = torch.Generator().manual_seed(seed)
        noise = self._noise(generator)
        timesteps = scheduler.timesteps.cpu()[skipped:]
        start = self._to_paint(self.start)
        if start is None:
            latents = noise * scheduler.init_noise_sigma
        else:
            if hasattr(scheduler, "set_begin_index"):
                scheduler.set_begin_index(skipped)
            latents = scheduler.add_noise(start, noise, timesteps[:1]) if len(timesteps) else start
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
            sketch=self._seen_sketch(latents),
            on_step=lambda done: self.report("generate", done, total),
            should_cancel=self.should_cancel,
        )
        self.report("generate", total, total)
        return latents if self.sketch is None else self.sketch.latents + latents / self.sketch.given_as.gain

    def _schedule(self) -> tuple[Any, int]:
        """Return a scheduler set to its timesteps, and how many of them are left out at the beginning."""
        steps, make = self.settings.num_inference_steps, self.parts.make_scheduler
        if self.start is not None:
            scheduler = make(self.settings.scheduler, steps)
            return scheduler, (steps - int(steps * self.settings.strength)) * scheduler.order
        if self.sketch is None:
            return make(self.settings.scheduler, steps), 0
        start_sigma = self.sketch.given_as.start_sigma
        return begin_below(lambda total: make(self.settings.scheduler, total), steps, start_sigma)

    def _to_paint(self, start: torch.Tensor | None) -> torch.Tensor | None:
        """What the seed picture's latents are to the UNet; with a sketch and no seed nothing, not even noise."""
        if self.sketch is None:
            return start
        sketch = self.sketch.latents
        return torch.zeros_like(sketch) if start is None else self.sketch.given_as.gain * (start - sketch)

    def _seen_sketch(self, latents: torch.Tensor) -> torch.Tensor | None:
        """The sketch as the UNet sees it: blank where the checkpoint takes one and there is none."""
        if self.sketch is not None:
            return self.sketch.latents
        return torch.zeros_like(latents) if self.takes_sketch else None

    def _noise(self, generator: torch.Generator) -> torch.Tensor:
        """Return noise [1, C, h, canvas.n_latents]; drawn column by column, so that a longer piece begins the same."""
        channels = self.parts.vae.config.latent_channels
        height = self.params.n_mels // self.parts.factor
        noise = torch.randn(self.canvas.n_latents, channels, height, generator=generator)
        if self.score is not None and self.sketch is not None:
            noise = noise[torch.from_numpy(noise_columns(self.score, self.canvas, self.parts.factor))]
            noise *= self.sketch.given_as.noise
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
            if self.score is not None and self.sketch is not None:
                fitted = with_sharp_drums(fitted, self.sketch.picture, self.score)
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
