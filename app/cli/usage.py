"""Telling a wrong command (exit code 2) from work that failed (exit code 1), and what both kinds of command share."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import GenerationSettings
from riffusion_inference.errors import RiffusionError

from ..errors import ArchiveError, MediaError
from ..settings import Settings, load_settings, use_temporary_directory

# Options that are settings of the program, by their names in Settings.
SETTINGS_OPTIONS = {
    "model": "model",
    "device": "device",
    "max_image_width": "max_image_width",
    "threads": "threads_on_splitting",
    "split": "split_mode",
    "mix": "sound_mode",
    "music_gain": "music_gain_db",
    "describer": "describer",
    "host": "host",
    "port": "port",
    "share": "share",
}
# Options that decide the music, by their names in GenerationSettings.
MUSIC_OPTIONS = {
    "negative_prompt": "negative_prompt",
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "seed": "seed",
    "candidates": "candidates",
    "scheduler": "scheduler",
    "loop": "loop",
    "strength": "strength",
}


class UsageError(RiffusionError):
    """An option that cannot be right whatever the files hold."""


@contextmanager
def wrong_usage() -> Iterator[None]:
    """Errors in here are about the options."""
    try:
        yield
    except RiffusionError as error:
        raise UsageError(str(error)) from error


def settings_of(args: argparse.Namespace, **more: Any) -> Settings:
    """The program's settings with this command's options over them, its folder for work files made and used."""
    given = {field: getattr(args, option) for option, field in SETTINGS_OPTIONS.items() if hasattr(args, option)}
    with wrong_usage():
        settings = load_settings(**given, **more)
    use_temporary_directory(settings)
    return settings


def given_music(args: argparse.Namespace) -> dict[str, Any]:
    """Fields of GenerationSettings that were given on the command line, the images and sounds opened."""
    found = {field: getattr(args, option) for option, field in MUSIC_OPTIONS.items()}
    found = {field: value for field, value in found.items() if value is not None}
    if args.seed_image is not None:
        found["seed_image"] = open_image(args.seed_image)
    if args.seed_audio is not None:
        from .. import media

        found["seed_audio"] = media.read_audio(args.seed_audio)
    return found


def generation_of(args: argparse.Namespace, prompt: str, settings: Settings) -> GenerationSettings:
    """What to make: the options over the model's own defaults."""
    from riffusion_inference.engines.load import full_name

    music = given_music(args)
    with wrong_usage():
        # Checked before a device is looked for, which takes seconds.
        asked = GenerationSettings(prompt, **music)
    defaults = settings.model_defaults(full_name(settings.model, settings.device))
    names = ("guidance_scale", "num_inference_steps", "scheduler", "candidates")
    return replace(asked, **{name: getattr(defaults, name) for name in names if name not in music})


def open_image(path: Path) -> Any:
    """An image file, read whole.

    Raises:
        MediaError: it is not there or no image.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            image.load()
            return image.copy()
    except FileNotFoundError as error:
        raise MediaError(f"{path} does not exist: check the name.") from error
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise MediaError(f"{path} is no image that can be read: {error}.") from error


def check_new_file(path: Path, force: bool, suffix: str) -> None:
    """Raise unless path may be written and its name says what it will be."""
    if path.suffix.lower() != suffix:
        raise UsageError(f"{path.name} does not end in {suffix}: name it {path.stem or 'file'}{suffix}.")
    if path.is_dir():
        raise ArchiveError(f"{path} is a folder: name a file in it.")
    if path.exists() and not force:
        raise ArchiveError(f"{path} is there already: choose another name, or replace it with --force.")


def print_json(values: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    print(json.dumps(values, ensure_ascii=False, indent=2))
