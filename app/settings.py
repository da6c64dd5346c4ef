"""Settings: .env over configs/*.toml over defaults, typed and checked, as one frozen dataclass.

This is the only file that reads the environment or TOML. A command-line option goes over all of them.
"""

from __future__ import annotations

import difflib
import math
import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import (
    MAX_CANDIDATES,
    MAX_GUIDANCE,
    MAX_STEPS,
    MIN_CANDIDATES,
    MIN_GUIDANCE,
    MIN_STEPS,
    SCHEDULERS,
)

from .errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
CONFIG_DIR = ROOT / "configs"
ENV_FILE = ROOT / ".env"
PAGE_FOLDER = "riffusion-dub"
"""Name of the page's own folder under the temporary directory."""
SPLIT_MODES = ("keyframe", "exact", "reencode")
SOUND_MODES = ("replace", "under", "duck")
DESCRIBERS = ("auto", "palette", "vlm", "replicate")
MIN_LOUDNESS_LUFS, MAX_LOUDNESS_LUFS = -40.0, -6.0
MIN_MUSIC_GAIN_DB, MAX_MUSIC_GAIN_DB = -40.0, 0.0
# The spelling that people know from change_audio's .env beside the right one.
OLD_SPELLING = {"THREADS_ON_SPLITING": "THREADS_ON_SPLITTING"}
# What a model's own file configs/<model>.toml may say; in default.toml these stand for every other checkpoint.
MODEL_KEYS = ("guidance_scale", "num_inference_steps", "scheduler", "candidates")


def _text(default: str, choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"kind": "text", "choices": choices})


def _whole(default: int, low: int, high: int) -> Any:
    return field(default=default, metadata={"kind": "whole", "low": low, "high": high})


def _switch(default: bool) -> Any:
    return field(default=default, metadata={"kind": "switch"})


@dataclass(frozen=True)
class ModelDefaults:
    """What a model is asked for when the person says nothing."""

    guidance_scale: float = 6.5
    """Classifier-free guidance, 0 to 45."""
    num_inference_steps: int = 25
    """Denoising steps, 1 to 100."""
    scheduler: str = "dpm++"
    """One of riffusion_inference.datatypes.SCHEDULERS."""
    candidates: int = 1
    """Takes to make, 1 to 8."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be set outside a single run; the key in .env is the field's name in capitals."""

    temporary_directory: Path = field(default=Path(tempfile.gettempdir()), metadata={"kind": "folder"})
    """Where work files and the page's sessions live; made when missing."""
    threads_on_splitting: int = _whole(min(os.cpu_count() or 1, 16), 1, 64)
    """Threads that re-encoding may use."""
    device: str = _text("auto")
    """auto, cuda, cuda:1, mps or cpu; what is not there falls back with a note."""
    model: str = _text("auto")
    """auto, pocket, riffusion, another engine, a checkpoint folder, or a Hugging Face name."""
    max_image_width: int = _whole(1024, 64, 16384)
    """Widest spectrogram image that one pass of the model may see, in pixels; a multiple of 8."""
    split_mode: str = _text("exact", SPLIT_MODES)
    """How parts are cut: keyframe, exact or reencode."""
    x264_crf: int = _whole(16, 0, 51)
    """Quality of re-encoded parts; lower is better and larger."""
    sound_mode: str = _text("replace", SOUND_MODES)
    """replace the part's sound, lay the music under it, or duck the music while it speaks."""
    music_gain_db: float = field(
        default=-12.0, metadata={"kind": "number", "low": MIN_MUSIC_GAIN_DB, "high": MAX_MUSIC_GAIN_DB}
    )
    """How far the music lies below the original sound in under and duck."""
    loudness: float | None = field(default=None, metadata={"kind": "loudness"})
    """LUFS of a dubbed part, or None to match the part's original sound ("match" in files)."""
    max_upload_mb: int = _whole(500, 1, 100_000)
    """Largest upload that the page takes."""
    max_duration_seconds: int = _whole(3600, 1, 86_400)
    """Longest video that is accepted, on the page and on the command line."""
    delete_after_minutes: int = _whole(60, 1, 10_080)
    """How long the page keeps a visitor's files."""
    host: str = _text("127.0.0.1")
    """Address that the page listens on; 0.0.0.0 for every network."""
    port: int = _whole(7860, 1, 65_535)
    """Port of the page."""
    share: bool = _switch(False)
    """True asks Gradio for a public link."""
    queue_size: int = _whole(20, 1, 1000)
    """How many jobs may wait on the page."""
    mcp_server: bool = _switch(False)
    """True offers the page's functions to agents over MCP."""
    describer: str = _text("auto", DESCRIBERS)
    """What turns a frame into a prompt: auto, palette, vlm or replicate."""
    replicate_api_token: str = field(default="", repr=False, metadata={"kind": "text", "choices": ()})
    """Token for replicate.com; needed by the replicate describer and engine only."""
    replicate_base_url: str = _text("https://api.replicate.com")
    """Where that service answers; another address is for proxies and tests."""
    image_model: str = _text("HuggingFaceTB/SmolVLM-500M-Instruct")
    """Vision-language model of the vlm describer: a Hugging Face name or a local folder."""
    per_model: Mapping[str, ModelDefaults] = field(default_factory=dict, repr=False)
    """ModelDefaults by model name; "" stands for every other model."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know about where a setting came from."""

    def model_defaults(self, model: str) -> ModelDefaults:
        """What `model` is asked for when the person says nothing."""
        # "riffusion/riffusion-model-v1" is the hub's name for what configs/riffusion.toml is about.
        found = self.per_model.get(model) or self.per_model.get(model.split("/")[0]) or self.per_model.get("")
        return found or ModelDefaults()

    @property
    def guidance_scale(self) -> float:
        """Guidance for the model that is set."""
        return self.model_defaults(self.model).guidance_scale

    @property
    def num_inference_steps(self) -> int:
        """Steps for the model that is set."""
        return self.model_defaults(self.model).num_inference_steps

    @property
    def scheduler(self) -> str:
        """Scheduler for the model that is set."""
        return self.model_defaults(self.model).scheduler

    @property
    def candidates(self) -> int:
        """Takes for the model that is set."""
        return self.model_defaults(self.model).candidates


FIELDS: dict[str, Field[Any]] = {f.name: f for f in fields(Settings) if f.name not in ("per_model", "notes")}
MODEL_FIELDS: dict[str, dict[str, Any]] = {
    "guidance_scale": {"kind": "number", "low": MIN_GUIDANCE, "high": MAX_GUIDANCE},
    "num_inference_steps": {"kind": "whole", "low": MIN_STEPS, "high": MAX_STEPS},
    "scheduler": {"kind": "text", "choices": SCHEDULERS},
    "candidates": {"kind": "whole", "low": MIN_CANDIDATES, "high": MAX_CANDIDATES},
}


def load_settings(
    env_file: Path | None = ENV_FILE,
    environ: Mapping[str, str] | None = None,
    *,
    config_dir: Path = CONFIG_DIR,
    **overrides: Any,
) -> Settings:
    """Read every source and check every value.

    Args:
        env_file: a .env file; None or a missing file is no error.
        environ: the process environment, which goes over env_file; None reads the real one.
        config_dir: folder with default.toml and one <model>.toml for each model.
        overrides: values by field name that go over everything; None is "not given".
    Raises:
        ConfigError: an unknown key or a value that is out of range; the sentence names where it stands.
    """
    file_values, notes = _env_values(_read_env_file(env_file), str(env_file), strict=True)
    process_values, more_notes = _env_values(
        dict(os.environ if environ is None else environ), "the environment", strict=False
    )
    values, configs = _read_configs(config_dir)
    for layer in (file_values, process_values):
        values.update(layer)
    for key, value in overrides.items():
        if key not in FIELDS and key not in MODEL_KEYS:
            raise _unknown(key, "the options", [*FIELDS, *MODEL_KEYS])
        if value is not None:
            values[key] = (value, "the options")
    checked = {key: check_value(key, value, where) for key, (value, where) in values.items()}
    over = {key: checked.pop(key) for key in MODEL_KEYS if key in checked}
    base = configs.get("default", {})
    per_model = {name: ModelDefaults(**{**base, **own, **over}) for name, own in configs.items() if name != "default"}
    per_model[""] = ModelDefaults(**{**base, **over})
    return Settings(**checked, per_model=per_model, notes=(*notes, *more_notes))


def use_temporary_directory(settings: Settings) -> None:
    """Make the folder for work files, and let every library of this process put its own there.

    Raises:
        ConfigError: it cannot be made or written.
    """
    folder = settings.temporary_directory
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"TEMPORARY_DIRECTORY {folder} cannot be made: {error.strerror or error}.") from error
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"TEMPORARY_DIRECTORY {folder} may not be written: choose another folder.")
    tempfile.tempdir = str(folder)


def use_page_folder(settings: Settings) -> Path:
    """Make the page's own folder under the temporary directory, and tell Gradio, which reads the environment, of it.

    Returns:
        The folder; only what lies in it can ever be served.
    Raises:
        ConfigError: it cannot be made.
    """
    folder = settings.temporary_directory.expanduser().resolve() / PAGE_FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"The folder {folder} cannot be made ({error.strerror}): set TEMPORARY_DIRECTORY to another one."
        ) from error
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def _read_env_file(path: Path | None) -> dict[str, str]:
    """Key and value pairs of a .env file, nothing put into the process environment."""
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {key: value for key, value in dotenv_values(path, interpolate=False).items() if value is not None}


def _env_values(raw: dict[str, str], where: str, *, strict: bool) -> tuple[dict[str, tuple[Any, str]], tuple[str, ...]]:
    """Known settings among environment-like pairs; in a strict source an unknown name is an error."""
    known = {name.upper(): name for name in (*FIELDS, *MODEL_KEYS)}
    notes: list[str] = []
    raw = {key: value for key, value in raw.items() if value.strip()}
    for old, right in OLD_SPELLING.items():
        if old in raw:
            if right in raw and raw[right].strip() != raw[old].strip():
                notes.append(
                    f"{old}={raw[old]} and {right}={raw[right]} are both set in {where}: {right} is used, "
                    "remove the other."
                )
            raw.setdefault(right, raw[old])
            del raw[old]
    values: dict[str, tuple[Any, str]] = {}
    for key, value in raw.items():
        if key in known:
            values[known[key]] = (value.strip(), where)
        elif strict:
            raise _unknown(key, where, [*known, *OLD_SPELLING])
    return values, tuple(notes)


def _read_configs(config_dir: Path) -> tuple[dict[str, tuple[Any, str]], dict[str, dict[str, Any]]]:
    """General values of default.toml, and each file's model keys by the file's name."""
    values: dict[str, tuple[Any, str]] = {}
    models: dict[str, dict[str, Any]] = {}
    for path in sorted(config_dir.glob("*.toml")):
        where = f"configs/{path.name}"
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where} is not valid TOML ({error}): mend that line.") from error
        known = [*MODEL_KEYS, *(FIELDS if path.stem == "default" else ())]
        for key, value in table.items():
            if key not in known:
                raise _unknown(key, where, known)
            if key in MODEL_KEYS:
                models.setdefault(path.stem, {})[key] = check_value(key, value, where)
            else:
                values[key] = (value, where)
    return values, models


def _unknown(key: str, where: str, known: list[str]) -> ConfigError:
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
    return ConfigError(f"{where} sets {key}, which is unknown: did you mean {nearest}?")


def check_value(key: str, value: Any, where: str) -> Any:
    """Turn one raw value into the type of its field.

    Raises:
        ConfigError: it is of the wrong kind or out of range.
    """
    rule = MODEL_FIELDS.get(key) or dict(FIELDS[key].metadata)
    name = f"{key.upper() if where.endswith(('.env', 'environment')) else key} in {where}"
    kind = rule["kind"]
    if kind == "switch":
        return _check_switch(name, value)
    if kind == "folder":
        return Path(str(value)).expanduser()
    if kind == "loudness":
        if value is None or str(value).strip().lower() == "match":
            return None
        return _check_number(f"{name} (LUFS, or match)", value, MIN_LOUDNESS_LUFS, MAX_LOUDNESS_LUFS, whole=False)
    if kind in ("whole", "number"):
        number = _check_number(name, value, rule["low"], rule["high"], whole=kind == "whole")
        if key == "max_image_width" and number % 8:
            below = int(number) // 8 * 8
            raise ConfigError(f"{name} is {number}, which is not a multiple of 8: choose {below} or {below + 8}.")
        return number
    text = str(value).strip()
    if rule["choices"] and text not in rule["choices"]:
        raise ConfigError(f"{name} is {text!r}: choose one of {', '.join(rule['choices'])}.")
    return text


def _check_switch(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if str(value).strip().lower() not in words:
        raise ConfigError(f"{name} is {value!r}: write true or false.")
    return words[str(value).strip().lower()]


def _check_number(name: str, value: Any, low: float, high: float, *, whole: bool) -> int | float:
    try:
        if isinstance(value, bool):
            raise ValueError
        number = int(str(value)) if whole else float(value)
    except ValueError as error:
        kind = "whole number" if whole else "number"
        raise ConfigError(f"{name} is {value!r}, but must be a {kind} from {low:g} to {high:g}.") from error
    if math.isnan(number) or not low <= number <= high:
        raise ConfigError(f"{name} is {value}, but must be from {low:g} to {high:g}: choose a value in that range.")
    return number
