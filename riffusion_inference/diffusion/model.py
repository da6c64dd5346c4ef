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
from riffusion_inference.diffusion.checkpoints import check_folder, read_beats, read_licence, read_params
from riffusion_inference.diffusion.denoise import PassSize
from riffusion_inference.diffusion.painter import Painter, Reporter, window_plan
from riffusion_inference.diffusion.parts import Parts, load_parts
from riffusion_inference.errors import CheckpointError, EngineError
from riffusion_inference.takes.beats import CLEAR_STRENGTH, find_pulse, nearest_beat

SKETCH_BPM = (54.0, 110.0)
"""Where the tempo of a sketched window is looked for; every tempo, or its half, is in there."""


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
        self._beats = read_beats(folder)
        size = parts.unet.config.sample_size
        height, width = (size, size) if isinstance(size, int) else size
        channels, latent_channels = parts.unet.config.in_channels, parts.vae.config.latent_channels
        if height * parts.factor != self.params.n_mels or channels != latent_channels:
            raise CheckpointError(
                f"The checkpoint {name!r} paints images {height * parts.factor} px high from {channels} latent "
                f"channels, but its spectrogram has {self.params.n_mels} mel bands and its autoencoder "
                f"{latent_channels} channels, so it cannot paint spectrograms: choose another checkpoint."
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
        check_bpm(bpm)
        canvas = plan_canvas(n_samples, sample_rate, self.params, self.factor, self._window, loop=loop)
        return window_plan(canvas, self._window, None if bpm is None else self._beat_latents(bpm))

    def _beat_latents(self, bpm: float) -> float:
        """Latents of a beat: at the tempo itself, or at the nearest of the few that the checkpoint knows."""
        columns = 60 * self.params.sample_rate / (self.params.hop_length * bpm)
        return (nearest_beat(columns, self._beats) if self._beats else columns) / self.factor

    # A model that was trained on pictures that begin with a beat puts one at the start of each window. If the windows
    # are spread evenly, each pulls the beat to another place, and it does not last beyond a window. Windows that begin
    # on beats agree, so the tempo must be known before anything is painted. Where none is named, the model is asked: it
    # paints a single window with half of the steps, and the tempo heard there is what it makes of this prompt and seed.
    # The piece itself has at least two windows, so this costs a quarter more at most.
    #
    # It may be found an octave off. Half of the tempo does no harm, since every second beat is a beat too; twice the
    # tempo does, since windows would begin between beats. So the tempo is only looked for among the slower ones.

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

        It is the one that is asked for. Where none is, and the checkpoint knows only some tempos, one window is
        sketched with half of the steps, and its own tempo counts if its beat is clear.

        Args:
            settings: bpm is what is asked for.
            seed: of the take.
            n_samples: length at sample_rate.
            sample_rate: Hz.
            should_cancel: asked while sketching.
        """
        seeded = settings.seed_image is not None or settings.seed_audio is not None
        _, windows = self.plan(n_samples, sample_rate, loop=settings.loop)
        if settings.bpm is not None or seeded or not self._beats or windows.n_windows == 1:
            return settings.bpm
        one_window = round(self.native_seconds * self.sample_rate)
        sketch = replace(settings, loop=False, num_inference_steps=max(1, settings.num_inference_steps // 2))
        canvas, windows = self.plan(one_window, self.sample_rate)
        painter = self._painter(sketch, canvas, windows, Reporter(None, 1), should_cancel)
        pulse = find_pulse(painter.take(seed, one_window, self.sample_rate).waveform, *SKETCH_BPM)
        return pulse.bpm if pulse.strength >= CLEAR_STRENGTH else None

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
        device, painter = self._loaded().device, None
        report = Reporter(on_progress, settings.candidates)
        takes = []
        try:
            for index, seed in enumerate(settings.seeds()):
                report.candidate = index
                bpm = self.tempo(settings, seed, n_samples, sample_rate, should_cancel=should_cancel)
                canvas, windows = self.plan(n_samples, sample_rate, loop=settings.loop, bpm=bpm)
                if painter is None or painter.plan != windows:
                    painter = self._painter(settings, canvas, windows, report, should_cancel)
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
        canvas: Canvas,
        windows: WindowPlan,
        report: Reporter,
        should_cancel: ShouldCancel | None,
    ) -> Painter:
        return Painter(self._loaded(), self.params, settings, canvas, windows, self._size, report, should_cancel)

    def _loaded(self) -> Parts:
        """Return the networks, or raise EngineError if they were unloaded."""
        if self._parts is None:
            raise EngineError(f"The model {self.name!r} was unloaded: load it again.")
        return self._parts
