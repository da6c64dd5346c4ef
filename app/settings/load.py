"""Where settings come from: options over the environment over .env over configs/*.toml over defaults."""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .check import check_value, unknown_name
from .options import PER_MODEL
from .settings import ModelDefaults, Settings

LOG = logging.getLogger(__name__)
PACKAGE = Path(__file__).resolve().parents[1]
IN_CLONE = (PACKAGE.parent / "configs").is_dir()
ROOT = PACKAGE.parent if IN_CLONE else PACKAGE
"""The clone, or the installed package: the folder that configs/ lies in."""
CONFIG_DIR = ROOT / "configs"
FIELDS = tuple(f.name for f in fields(Settings) if f.name not in ("per_model", "notes"))
# The spelling that people know from change_audio's .env beside the right one.
OLD_SPELLING = {"THREADS_ON_SPLITING": "THREADS_ON_SPLITTING"}
OTHER_NAMES = {"GRADIO_SERVER_NAME": "HOST", "GRADIO_SERVER_PORT": "PORT"}
"""Gradio's names, which people and Spaces set; a name of ours in the same place goes over them."""
Values = dict[str, tuple[Any, str]]
"""Raw values by option, each with the place that says so."""


def env_files() -> tuple[Path, ...]:
    """The .env files that are read, each over the one before it.

    In a clone these are app/.env, where change_audio's users keep theirs, and the root's; an installed program reads
    the working folder's.
    """
    return (PACKAGE / ".env", ROOT / ".env") if IN_CLONE else (Path.cwd() / ".env",)


def load_settings(
    env_file: Path | tuple[Path, ...] | None = (),
    environ: Mapping[str, str] | None = None,
    *,
    config_dir: Path = CONFIG_DIR,
    **overrides: Any,
) -> Settings:
    """Read every source and check every value.

    Args:
        env_file: a .env file, or several, a later one over an earlier one; a missing file is no error. () reads the
            usual ones, see env_files; None reads none.
        environ: the process environment, which goes over them; None reads the real one.
        config_dir: folder with default.toml and one <model>.toml for each model.
        overrides: values by field name that go over everything; None is "not given".
    Raises:
        ConfigError: an unknown key or a value that is out of range; the sentence names where it stands.
    """
    values, configs = _read_configs(config_dir)
    notes: list[str] = []
    paths = (env_file or env_files()) if isinstance(env_file, tuple) else (env_file,)
    for path in paths:
        found, said = _env_values(_read_env_file(path), str(path), strict=True)
        values.update(found)
        notes += said
    found, said = _env_values(dict(os.environ if environ is None else environ), "the environment", strict=False)
    values.update(found)
    for key, value in overrides.items():
        if key not in (*FIELDS, *PER_MODEL):
            raise unknown_name(key, "the options", [*FIELDS, *PER_MODEL])
        if value is not None:
            values[key] = (value, "the options")
    checked = {key: check_value(key, value, where) for key, (value, where) in values.items()}
    over = {key: checked.pop(key) for key in PER_MODEL if key in checked}
    base = configs.get("default", {})
    per_model = {name: ModelDefaults(**{**base, **own, **over}) for name, own in configs.items() if name != "default"}
    per_model[""] = ModelDefaults(**{**base, **over})
    return Settings(**checked, per_model=per_model, notes=(*notes, *said))


def _read_env_file(path: Path | None) -> dict[str, str]:
    """Key and value pairs of a .env file, nothing put into the process environment."""
    if path is None or not path.is_file():
        return {}
    LOG.info("Reading settings from %s.", path)
    from dotenv import dotenv_values

    return {key: value for key, value in dotenv_values(path, interpolate=False).items() if value is not None}


def _env_values(raw: dict[str, str], where: str, *, strict: bool) -> tuple[Values, tuple[str, ...]]:
    """Known settings among environment-like pairs; in a strict source an unknown name is an error."""
    known = {name.upper(): name for name in (*FIELDS, *PER_MODEL)}
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
    for other, right in OTHER_NAMES.items():
        if other in raw:
            raw.setdefault(right, raw.pop(other))
    values: Values = {}
    for key, value in raw.items():
        if key in known:
            values[known[key]] = (value.strip(), where)
        elif strict:
            raise unknown_name(key, where, [*known, *OLD_SPELLING])
    return values, tuple(notes)


def _read_configs(config_dir: Path) -> tuple[Values, dict[str, dict[str, Any]]]:
    """General values of default.toml, and each file's model keys by the file's name."""
    values: Values = {}
    models: dict[str, dict[str, Any]] = {}
    for path in sorted(config_dir.glob("*.toml")):
        where = f"configs/{path.name}"
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where} is not valid TOML ({error}): correct that line.") from error
        known = [*PER_MODEL, *(FIELDS if path.stem == "default" else ())]
        for key, value in table.items():
            if key not in known:
                raise unknown_name(key, where, known)
            if key in PER_MODEL:
                models.setdefault(path.stem, {})[key] = check_value(key, value, where)
            else:
                values[key] = (value, where)
    return values, models
