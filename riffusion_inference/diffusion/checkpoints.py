"""Names and paths -> checkpoint folders: the embedded one, a local folder, or one from the Hugging Face hub.

A checkpoint is a folder as diffusers saves a StableDiffusionPipeline, with two optional files: spectrogram.json (its
SpectrogramParams, Riffusion's without it; and under "sketch" what it does with a sketched score, if it takes one) and
MODEL_CARD.md, whose front matter states the licence.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from riffusion_inference.datatypes import OnProgress, Progress, SpectrogramParams
from riffusion_inference.devices import is_hub_error
from riffusion_inference.errors import CheckpointError

POCKET = "pocket"
RIFFUSION = "riffusion/riffusion-model-v1"
POCKET_FOLDER = Path(__file__).parents[1] / "pocket"
LICENCES = {
    RIFFUSION: "creativeml-openrail-m",
    "runwayml/stable-diffusion-v1-5": "creativeml-openrail-m",
    "stable-diffusion-v1-5/stable-diffusion-v1-5": "creativeml-openrail-m",
}
"""Licences of hub checkpoints whose own card was not downloaded."""

HUB_TIMEOUT_SECONDS = 10.0
"""How long the hub may take to say what a checkpoint consists of."""

WEIGHTS = {
    "unet": ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
    "vae": ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
    "text_encoder": ("model.safetensors", "pytorch_model.bin"),
}
"""For each part that has weights: the files that may hold them, the safe kind first."""

SPECTROGRAM_FILE, SKETCH_KEY = "spectrogram.json", "sketch"
OTHER_PARTS = {"tokenizer": "vocab.json", "scheduler": "scheduler_config.json"}
"""Parts without weights, and the file by which they are recognised."""


@dataclass(frozen=True)
class SketchInput:
    """How a checkpoint paints over a sketched score, whose latents are the second half of its UNet's input channels."""

    gain: float
    """What it paints is the picture less the sketch, times this."""
    start_sigma: float
    """Noise over signal from which it is denoised: what is left to paint on a sketch needs no more."""
    noise: float
    """Deviation of the noise that it begins with; below 1 it paints less of what is rare, so that bars that come back
    are more alike."""


def resolve_checkpoint(name: str | Path, *, on_progress: OnProgress | None = None) -> Path:
    """Find a checkpoint's folder and check that all its parts are there; a hub name is downloaded once and then cached.

    Args:
        name: "pocket", a folder (absolute, relative or with ~), or a hub name such as "riffusion/riffusion-model-v1".
        on_progress: called with stage "download" once for each file fetched from the hub.
    Raises:
        CheckpointError: it is not there and cannot be fetched, or parts of it are missing.
    """
    text = str(name)
    if text == POCKET:
        folder = POCKET_FOLDER
    elif Path(text).expanduser().exists():
        folder = Path(text).expanduser().resolve()
    elif re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", text):
        folder = _fetch(text, on_progress)
    else:
        raise CheckpointError(
            f"There is no checkpoint folder {text!r}: give a folder that exists, a hub name such as {RIFFUSION!r}, "
            f"or {POCKET!r}."
        )
    check_folder(folder, text)
    return folder


def check_folder(folder: Path, name: str) -> None:
    """Raise CheckpointError unless the folder has every part of a Stable Diffusion checkpoint."""
    if not folder.is_dir():
        raise CheckpointError(
            f"The checkpoint {name!r} is not a folder: give the folder that contains model_index.json."
        )
    index = read_json(folder / "model_index.json", name)
    kind = index.get("_class_name", "")
    if not str(kind).startswith("StableDiffusion") or "XL" in str(kind) or str(kind).startswith("StableDiffusion3"):
        raise CheckpointError(
            f"The checkpoint {name!r} is a {kind or 'pipeline of unknown class'}, but only StableDiffusionPipeline "
            "folders can paint spectrograms: choose another checkpoint."
        )
    for part in WEIGHTS:
        read_json(folder / part / "config.json", name)
        weights_file(folder, part, name)
    for part, file in OTHER_PARTS.items():
        if not (folder / part / file).is_file() and not (folder / part / "tokenizer.json").is_file():
            raise CheckpointError(_incomplete(name, f"{part}/{file}"))


def weights_file(folder: Path, part: str, name: str = "") -> Path:
    """Return the file that holds a part's weights, safetensors before pickles, full precision before fp16.

    Raises:
        CheckpointError: there is none, or it is empty.
    """
    for file in WEIGHTS[part]:
        stem, suffix = file.rsplit(".", 1)
        for candidate in (folder / part / file, folder / part / f"{stem}.fp16.{suffix}"):
            if candidate.is_file():
                if candidate.stat().st_size == 0:
                    raise CheckpointError(_incomplete(name, f"{part}/{candidate.name}", "is empty"))
                return candidate
    raise CheckpointError(_incomplete(name or str(folder), f"{part}/{WEIGHTS[part][0]}"))


def read_params(folder: Path) -> SpectrogramParams:
    """Return the checkpoint's spectrogram.json, or Riffusion's params where it has none.

    Raises:
        CheckpointError: the file is not a JSON object.
        SpectrogramError: its values are unknown or do not fit together.
    """
    path = folder / SPECTROGRAM_FILE
    if not path.exists():
        return SpectrogramParams()
    values = read_json(path, folder.name)
    return SpectrogramParams.from_dict({name: value for name, value in values.items() if name != SKETCH_KEY})


def read_sketch_input(folder: Path) -> SketchInput | None:
    """Return what the checkpoint's spectrogram.json says of sketches; None where it takes none.

    Raises:
        CheckpointError: it does not say what has to be known, as positive numbers.
    """
    path = folder / SPECTROGRAM_FILE
    said = read_json(path, folder.name).get(SKETCH_KEY) if path.exists() else None
    if said is None:
        return None
    names = tuple(SketchInput.__dataclass_fields__)
    values = [said.get(name) for name in names] if isinstance(said, dict) and set(said) == set(names) else [None]
    if not all(isinstance(value, int | float) and value > 0 for value in values):
        raise CheckpointError(
            _incomplete(folder.name, path.name, f"must give {', '.join(names)} of the sketch as numbers above 0")
        )
    return SketchInput(*values)


def read_licence(folder: Path, name: str) -> str:
    """Return the licence that the model card's front matter states, or what is known of the name, or "unknown"."""
    for file in ("MODEL_CARD.md", "README.md"):
        path = folder / file
        if path.is_file():
            front = path.read_text(encoding="utf-8", errors="replace").split("---", 2)
            found = re.search(r"(?m)^license:\s*([^\s#]+)", front[1]) if len(front) == 3 else None
            if found:
                return found.group(1).strip("\"'")
    return LICENCES.get(name, "unknown")


def _fetch(name: str, on_progress: OnProgress | None) -> Path:
    """Download what is needed of a hub checkpoint (no safety checker, one copy of the weights); the cache wins."""
    import huggingface_hub
    from huggingface_hub import errors as hub_errors

    try:
        cached = Path(huggingface_hub.snapshot_download(name, local_files_only=True))
        check_folder(cached, name)
        return cached
    except (hub_errors.LocalEntryNotFoundError, CheckpointError):
        pass  # Not in the cache, or only in part: fetch it.
    try:
        siblings = huggingface_hub.HfApi().model_info(name, timeout=HUB_TIMEOUT_SECONDS).siblings or []
        files = _needed([sibling.rfilename for sibling in siblings])
        for done, file in enumerate(files):
            if on_progress:
                on_progress(Progress("download", done, len(files)))
            path = huggingface_hub.hf_hub_download(name, file)
        return Path(path).parents[len(Path(files[-1]).parts) - 1]
    except (hub_errors.RepositoryNotFoundError, hub_errors.GatedRepoError) as error:
        raise CheckpointError(_not_there(name, "the hub has no public checkpoint of that name")) from error
    except Exception as error:
        if not is_hub_error(error):
            raise
        raise CheckpointError(_not_there(name, "the hub could not be reached")) from error


def _needed(files: list[str]) -> list[str]:
    """Choose from a hub checkpoint's files the small ones of each part, and one copy of each part's weights."""
    small = [
        file
        for file in files
        if file in ("model_index.json", SPECTROGRAM_FILE, "README.md", "MODEL_CARD.md")
        or (file.split("/")[0] in (*WEIGHTS, *OTHER_PARTS) and file.endswith((".json", ".txt")) and "index" not in file)
    ]
    weights = []
    for part, names in WEIGHTS.items():
        weights += [f"{part}/{name}" for name in names if f"{part}/{name}" in files][:1]
    if "model_index.json" not in small or len(weights) < len(WEIGHTS):
        raise CheckpointError("The hub checkpoint is not in diffusers' folder layout: choose another one.")
    return small + weights


def read_json(path: Path, name: str) -> dict[str, object]:
    """Read a JSON object of a checkpoint, or raise CheckpointError."""
    if not path.is_file():
        inside = f"{path.parent.name}/" if path.name == "config.json" else ""
        raise CheckpointError(_incomplete(name, inside + path.name))
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(_incomplete(name, path.name, "cannot be read")) from error
    if not isinstance(values, dict):
        raise CheckpointError(_incomplete(name, path.name, "is not a JSON object"))
    return values


def _incomplete(name: str, file: str, what: str = "is missing") -> str:
    """Return the sentence for a checkpoint with something wrong in it."""
    return f"The checkpoint {name!r} is damaged or incomplete: {file} {what}. Download it again, or use MODEL={POCKET}."


def _not_there(name: str, why: str) -> str:
    """Return the sentence that names the three ways out."""
    target = name.split("/")[-1]
    return (
        f"The checkpoint {name!r} is not on this machine and {why}: either run `hf download {name} "
        f"--local-dir {target}` on a connected machine and copy the folder here, or point MODEL at a "
        f"checkpoint folder that is here, or use MODEL={POCKET}, which needs no download."
    )
