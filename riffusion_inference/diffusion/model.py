"""Any Stable Diffusion checkpoint that paints mel spectrograms, as a MusicModel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from riffusion_inference.datatypes import (
    GenerationSettings,
    OnProgress,
    ShouldCancel,
    Take,
    check_bpm,
    check_length,
)
from riffusion_inference.devices import free_memory
from riffusion_inference.diffusion.canvas import Canvas, WindowPlan, plan_canvas, plan_pass
from riffusion_inference.diffusion.checkpoints import check_folder, read_licence, read_params, read_sketch_input
from riffusion_inference.diffusion.denoise import PassSize
from riffusion_inference.diffusion.painter import Painter, Reporter, window_plan
from riffusion_inference.diffusion.parts import Parts, load_parts
from riffusion_inference.diffusion.sketching import sketch_sound
from riffusion_inference.errors import CheckpointError, EngineError
from riffusion_inference.notation.score import Score
from riffusion_inference.score.timbres import GRID


class RiffusionModel:
    """A spectrogram diffusion model in memory; make one with `load`."""

    def __init__(self, folder: Path, name: str, parts: Parts, max_image_width: int) -> None:
        """Put loaded parts together; use `load` to make a model from a folder.

        Raises:
            CheckpointError: the parts paint no spectrograms.
            SettingError: max_image_width does not fit the checkpoint.
        """
        self.name = name
        self.licence = read_licence(folder, name)
        self.params = read_params(folder)
        self.sample_rate = self.params.sample_rate
        self._parts: Parts | None = parts
        self.factor = parts.factor
        self._sketch_input = read_sketch_input(folder)
        self.takes_scores = self._sketch_input is not None
        size = parts.unet.config.sample_size
        height, width = (size, size) if isinstance(size, int) else size
        channels, latent_channels = parts.unet.config.in_channels, parts.vae.config.latent_channels
        wanted = latent_channels * (2 if self.takes_scores else 1)
        if height * parts.factor != self.params.n_mels or channels != wanted:
            raise CheckpointError(
                f"The checkpoint {name!r} paints images {height * parts.factor} px high from {channels} latent "
                f"channels, but its spectrogram has {self.params.n_mels} mel bands and its autoencoder "
                f"{latent_channels} channels, so it cannot paint spectrograms: choose another checkpoint."
            )
        if self.takes_scores and self.params != GRID:
            raise CheckpointError(
                f"The checkpoint {name!r} takes sketches of scores, but its spectrogram.json has other parameters than "
                "the grid that sketches are drawn on: choose another checkpoint."
            )
        shape = plan_pass(max_image_width, parts.factor, width)
        self._window = shape.window_latents
        self._size = PassSize(shape.windows_per_pass)
        self.native_seconds = self.params.n_samples(self._window * parts.factor) / self.sample_rate

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
            name: what the person called it; the folder's name by default.
            device: one that exists.
            dtype: by default float16 on CUDA and float32 elsewhere.
            max_image_width: as in canvas.plan_pass.
        Raises:
            CheckpointError: parts are missing or damaged.
            SettingError: max_image_width does not fit the checkpoint.
            EngineError: the device has too little memory.
        """
        folder, name = Path(folder), name or Path(folder).name
        check_folder(folder, name)
        dtype = dtype or (torch.float16 if device.startswith("cuda") else torch.float32)
        try:
            parts = load_parts(folder, name, device, dtype)
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise EngineError(
                f"The checkpoint {name!r} does not fit into the memory of {device}: use MODEL=pocket."
            ) from error
        return cls(folder, name, parts, max_image_width)

    def unload(self) -> None:
        """Free the model's memory; the object cannot be used afterwards."""
        if self._parts is not None:
            device, self._parts = self._parts.device, None
            free_memory(device)

    def plan(
        self, n_samples: int, sample_rate: int, *, loop: bool = False, bpm: float | None = None, sketched: bool = False
    ) -> tuple[Canvas, WindowPlan]:
        """Return the canvas and the windows that a piece of this length would be made of.

        A model that was trained on pictures that begin with a beat puts one at the start of each window. Windows that
        are spread evenly would each pull the beat to another place; windows that begin on beats agree.

        Args:
            n_samples: length at sample_rate.
            sample_rate: Hz.
            loop: whether its end meets its start.
            bpm: tempo that is asked for; windows then begin on its beats.
            sketched: whether a sketch says what is played, which holds windows together better.
        Raises:
            SettingError: the length is outside 0.2 s to 10 minutes, or the tempo outside 40 to 240 BPM.
        """
        check_length(n_samples, sample_rate)
        check_bpm(bpm)
        canvas = plan_canvas(n_samples, sample_rate, self.params, self.factor, self._window, loop=loop)
        beat = None if bpm is None else 60 * self.sample_rate / (self.params.hop_length * bpm * self.factor)
        return window_plan(canvas, self._window, beat, sketched=sketched)

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

        On a CPU the same settings give the same samples, bit for bit, and candidate i is what seed + i alone gives. A
        checkpoint that takes no sketch starts from the sound of a score's sketch as from seed audio, unless another
        start is given.
        """
        device, painter = self._loaded().device, None
        report = Reporter(on_progress, settings.candidates)
        sketched = self.takes_scores and bool(settings.scores)
        canvas, windows = self.plan(n_samples, sample_rate, loop=settings.loop, bpm=settings.bpm, sketched=sketched)
        takes = []
        try:
            for index, seed in enumerate(settings.seeds()):
                report.candidate = index
                score = settings.score_of(index)
                if painter is None or painter.score != score:
                    painter = self._painter(settings, score, canvas, windows, report, should_cancel)
                takes.append(painter.take(seed, n_samples, sample_rate))
        except (torch.OutOfMemoryError, MemoryError) as error:
            free_memory(device)
            raise EngineError(
                f"The model ran out of memory on {device}: make the part shorter, close other programs that use it, or "
                "set DEVICE=cpu."
            ) from error
        return takes

    def _painter(
        self,
        settings: GenerationSettings,
        score: Score | None,
        canvas: Canvas,
        windows: WindowPlan,
        report: Reporter,
        should_cancel: ShouldCancel | None,
    ) -> Painter:
        """Make the painter of one score, or of none."""
        if score is not None and not self.takes_scores and settings.seed_image is None and settings.seed_audio is None:
            sound = sketch_sound(score, canvas.n_columns * self.params.hop_length / self.sample_rate, should_cancel)
            settings = replace(settings, seed_audio=sound)
        return Painter(
            self._loaded(),
            self.params,
            settings,
            canvas,
            windows,
            self._size,
            report,
            should_cancel,
            score=score,
            sketch_input=self._sketch_input,
        )

    def _loaded(self) -> Parts:
        """Return the networks, or raise EngineError if they were unloaded."""
        if self._parts is None:
            raise EngineError(f"The model {self.name!r} was unloaded: load it again.")
        return self._parts
