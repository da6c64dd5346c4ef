"""AudioLDM and AudioLDM 2 as MusicModels: sound without a spectrogram image, by diffusers' pipelines."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import (
    GenerationSettings,
    OnProgress,
    ShouldCancel,
    Take,
    Waveform,
    check_cancel,
    check_length,
)
from riffusion_inference.devices import is_hub_error
from riffusion_inference.engines.joins import Steps, join, plan_pieces
from riffusion_inference.errors import CheckpointError, EngineError, SettingError

HUB_NAMES = {"audioldm2": "cvssp/audioldm2-music", "audioldm": "cvssp/audioldm-s-full-v2"}
"""What the engines' names mean: the music checkpoint of AudioLDM 2, and Audiv's AudioLDM."""
LICENCE = "cc-by-nc-sa-4.0"
"""Of all published AudioLDM weights: not for commercial use."""
PIPELINES = ("AudioLDM2Pipeline", "AudioLDMPipeline")
NATIVE_SECONDS = 10.24
"""What they were trained on."""
LONGEST_PASS_SECONDS = 20.48
"""What they make at once; longer music is joined from such pieces."""
SHORTEST_PASS_SECONDS = 2.56
"""Shorter clips than this make no music; the beginning of one this long is taken instead."""
OVERLAP_SECONDS = 2.0
PIECE_SEED_STEP = 1_000_003
"""Piece k of a take draws its noise from seed + k * this, so that no two pieces of neighbouring takes are alike."""


def is_audioldm(model: str) -> bool:
    """True for our names, cvssp's hub names and folders that hold such a pipeline."""
    if model in HUB_NAMES or model.startswith("cvssp/audioldm"):
        return True
    return _pipeline_class(Path(model).expanduser()) in PIPELINES


def load_audioldm(
    model: str, *, device: str = "cpu", on_progress: OnProgress | None = None, **_unused: object
) -> AudioLdmModel:
    """Load AudioLDM 2 or AudioLDM.

    Args:
        model: "audioldm2", "audioldm", a hub name such as "cvssp/audioldm2", or a folder as diffusers saves it.
        device: one that exists; half precision on CUDA.
    Raises:
        CheckpointError: it is not there and cannot be fetched, or is damaged.
        EngineError: the device has too little memory.
    """
    import torch

    folder = _folder(model)
    kind = _pipeline_class(folder)
    if kind not in PIPELINES:
        raise CheckpointError(
            f"The folder {model!r} contains no AudioLDM pipeline: choose audioldm2, audioldm or a folder that does."
        )
    dtype = torch.float16 if device.startswith("cuda") else torch.float32
    try:
        pipe = _load_pipeline(folder, kind, dtype).to(device)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise EngineError(f"The model {model!r} does not fit into {device}'s memory: use MODEL=pocket.") from error
    pipe.set_progress_bar_config(disable=True)
    return AudioLdmModel(model, pipe, _licence(folder))


class AudioLdmModel:
    """AudioLDM in memory; make one with `load_audioldm`."""

    native_seconds = NATIVE_SECONDS
    takes_scores = False

    def __init__(self, name: str, pipe: Any, licence: str = LICENCE) -> None:
        """Wrap a loaded pipeline; use load_audioldm to load one."""
        self.name = name
        self.licence = licence
        self.sample_rate = int(pipe.vocoder.config.sampling_rate)
        self._pipe: Any = pipe
        self._scheduler_config = dict(pipe.scheduler.config)

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

        Up to 20.48 s come out of one pass; longer ones are joined from passes that overlap by 2 s.
        """
        check_length(n_samples, sample_rate)
        if self._pipe is None:
            raise EngineError(f"The model {self.name!r} was unloaded: load it again.")
        if settings.seed_image is not None or settings.seed_audio is not None:
            raise SettingError(
                f"The engine {self.name!r} cannot start from an image or sound: leave the seed image or sound out, or "
                "use MODEL=riffusion."
            )
        import torch

        pieces = plan_pieces(n_samples, int(LONGEST_PASS_SECONDS * sample_rate), int(OVERLAP_SECONDS * sample_rate))
        steps = settings.num_inference_steps * len(pieces) * settings.candidates
        progress = Steps(on_progress, should_cancel, steps)
        takes = []
        try:
            for seed in settings.seeds():
                waveform = join(
                    self._piece_maker(settings, seed, progress),
                    n_samples,
                    sample_rate,
                    longest_seconds=LONGEST_PASS_SECONDS,
                    overlap_seconds=OVERLAP_SECONDS,
                    loop=settings.loop,
                )
                takes.append(Take(waveform, seed, notes=self._notes(len(pieces))))
        except (torch.OutOfMemoryError, MemoryError) as error:
            _free()
            raise EngineError(
                f"{self.name} ran out of memory: make the part shorter, close other programs, or set DEVICE=cpu."
            ) from error
        return takes

    def unload(self) -> None:
        """Free the model's memory; the object cannot be used afterwards."""
        self._pipe = None
        _free()

    def _piece_maker(
        self, settings: GenerationSettings, seed: int, progress: Steps
    ) -> Callable[[int, float], Waveform]:
        """A function that runs the pipeline once for piece number k."""
        import torch

        from riffusion_inference.diffusion.parts import make_scheduler

        def make(number: int, seconds: float) -> Waveform:
            check_cancel(progress.should_cancel)
            pipe = self._pipe
            pipe.scheduler = make_scheduler(settings.scheduler, self._scheduler_config, settings.num_inference_steps)
            # The noise is drawn on the CPU, so that every device starts from the same.
            noise = torch.Generator("cpu").manual_seed(seed + number * PIECE_SEED_STEP)
            # One hop more than needed, because the pipeline rounds seconds down to whole frames and samples.
            length = max(seconds, SHORTEST_PASS_SECONDS) + 0.02
            audio = pipe(
                settings.prompt,
                negative_prompt=settings.negative_prompt or None,
                audio_length_in_s=length,
                num_inference_steps=settings.num_inference_steps,
                guidance_scale=settings.guidance_scale,
                generator=noise,
                callback=lambda *_: progress.step(),
            ).audios[0]
            return Waveform(audio.reshape(1, -1).astype("float32"), self.sample_rate)

        return make

    def _notes(self, n_pieces: int) -> tuple[str, ...]:
        if n_pieces == 1:
            return ()
        return (f"{self.name} makes at most {LONGEST_PASS_SECONDS:g} s at once: {n_pieces} pieces were crossfaded.",)


def _folder(model: str) -> Path:
    """The checkpoint's folder on this machine, downloaded first if need be."""
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    hub_name = HUB_NAMES.get(model, model)
    from diffusers import AudioLDM2Pipeline, AudioLDMPipeline

    kind = AudioLDM2Pipeline if "audioldm2" in hub_name else AudioLDMPipeline
    try:
        return Path(kind.download(hub_name))
    except Exception as error:
        if not is_hub_error(error):
            raise
        raise CheckpointError(
            f"The model {model!r} ({hub_name}) is not on this machine and the hub could not be reached: either run "
            f"`hf download {hub_name} --local-dir {hub_name.split('/')[-1]}` on a connected machine and give that "
            "folder as MODEL, or use MODEL=pocket, which needs no download."
        ) from error


def _load_pipeline(folder: Path, kind: str, dtype: Any) -> Any:
    """Load every part; pickled weights, where there are no safetensors, are read with weights_only."""
    import diffusers
    from transformers import GPT2LMHeadModel

    parts = {}
    try:
        if kind == "AudioLDM2Pipeline":
            # The published checkpoints name GPT2Model, which since transformers 4.50 lacks the methods for generating.
            parts["language_model"] = GPT2LMHeadModel.from_pretrained(folder / "language_model", dtype=dtype)
        return getattr(diffusers, kind).from_pretrained(folder, dtype=dtype, local_files_only=True, **parts)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "out of memory" in str(error):
            raise
        raise CheckpointError(
            f"The AudioLDM checkpoint {str(folder)!r} is damaged or incomplete: download it again, or use MODEL=pocket."
        ) from error


def _pipeline_class(folder: Path) -> str:
    index = folder / "model_index.json"
    if not index.is_file():
        return ""
    try:
        return str(json.loads(index.read_text(encoding="utf-8")).get("_class_name", ""))
    except (ValueError, AttributeError):
        return ""


def _licence(folder: Path) -> str:
    """A folder's own statement where it has one, else that of the published weights."""
    from riffusion_inference.diffusion.checkpoints import read_licence

    stated = read_licence(folder, "")
    return LICENCE if stated == "unknown" else stated


def _free() -> None:
    import torch

    from riffusion_inference.devices import free_memory

    gc.collect()
    free_memory("cuda" if torch.cuda.is_available() else "cpu")
