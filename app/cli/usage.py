"""Telling a wrong command (exit code 2) from work that failed (exit code 1), and what both kinds of command share."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from riffusion_inference.errors import RiffusionError

from ..errors import ArchiveError
from ..settings import Settings, load_settings, use_temporary_directory
from ..settings.options import FILE_KINDS, OPTIONS, Kind

SETTINGS_FIELDS = {f.name for f in fields(Settings)}


class UsageError(RiffusionError):
    """An option that cannot be right whatever the files hold."""


@contextmanager
def wrong_usage() -> Iterator[None]:
    """Errors in here are about the options."""
    try:
        yield
    except RiffusionError as error:
        raise UsageError(str(error)) from error


def settings_of(args: argparse.Namespace) -> Settings:
    """The program's settings with this command's options over them, its folder for work files made and used."""
    overrides = {name: value for name, value in vars(args).items() if name in OPTIONS and name in SETTINGS_FIELDS}
    with wrong_usage():
        settings = load_settings(**overrides)
    use_temporary_directory(settings)
    # Not earlier: it brings libraries that --help does without.
    from ..media import use_settings

    use_settings(settings)
    return settings


def given_options(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """What the person has set of an order's options, by name, images, sounds and scores opened.

    Args:
        args: as parsed.
        settings: holds the checked values of those options that are also settings.
    """
    found = {name: value for name, value in vars(args).items() if name in OPTIONS and value is not None}
    for name in found:
        if name in SETTINGS_FIELDS:
            found[name] = getattr(settings, name)
        elif OPTIONS[name].kind in FILE_KINDS:
            from ..dub.given import read_option

            found[name] = read_option(name, found[name])
        elif OPTIONS[name].kind is Kind.NAMES:
            found[name] = [one.strip() for one in found[name].split(",") if one.strip()]
    return found


def check_new_file(path: Path, force: bool, *suffixes: str) -> None:
    """Raise unless path may be written and its name says what it will be."""
    if path.suffix.lower() not in suffixes:
        right = f"{path.stem or 'file'}{suffixes[0]}"
        raise UsageError(f"{path.name} does not end in {' or '.join(suffixes)}: name it {right}.")
    if path.is_dir():
        raise ArchiveError(f"{path} is a folder: name a file in it.")
    if path.exists() and not force:
        raise ArchiveError(f"{path} is there already: choose another name, or replace it with --force.")


def print_json(values: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    print(json.dumps(values, ensure_ascii=False, indent=2))
