"""Reading and writing manifest.json; what is read was written by others and is checked first."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path, PurePosixPath
from typing import Any, get_args, get_origin, get_type_hints

from ..errors import ArchiveError
from .facts import (
    MANIFEST_NAME,
    SCHEMA,
    DubFacts,
    FileFacts,
    Manifest,
    PartFacts,
    SourceFacts,
    TakeFacts,
    generation_key,
    versions,
)

__all__ = [
    "MANIFEST_NAME",
    "SCHEMA",
    "DubFacts",
    "FileFacts",
    "Manifest",
    "PartFacts",
    "SourceFacts",
    "TakeFacts",
    "file_names",
    "generation_key",
    "manifest_text",
    "read_manifest",
    "versions",
]


def manifest_text(manifest: Manifest) -> str:
    """JSON that people can read."""
    return json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest, or that of a result folder, and check its layout and every file name in it.

    Raises:
        ArchiveError: it is missing, not JSON, of another version, or names files outside its folder.
    """
    path = path / MANIFEST_NAME if path.is_dir() else path
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArchiveError(f"{path} does not exist: give the manifest.json of an earlier result.") from error
    except (OSError, ValueError) as error:
        raise ArchiveError(f"{path} cannot be read as a manifest ({error}).") from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        schema = values.get("schema") if isinstance(values, dict) else None
        raise ArchiveError(f"{path} has manifest version {schema}, but this program reads version {SCHEMA}.")
    manifest: Manifest = _build(Manifest, values, str(path))
    for name in file_names(manifest):
        check_file_name(name, path)
    _check_sense(manifest, str(path))
    return manifest


def _check_sense(manifest: Manifest, where: str) -> None:
    """Raise ArchiveError where numbers that others build on do not fit together."""
    n_parts = len(manifest.parts)
    fractions = [text for part in manifest.parts for text in (part.start, part.end)]
    sound = (
        n_parts > 0
        and [part.index for part in manifest.parts] == list(range(1, n_parts + 1))
        and all(1 <= dub.part <= n_parts and 1 <= dub.take <= len(dub.takes) for dub in manifest.dubs)
        and len({dub.part for dub in manifest.dubs}) == len(manifest.dubs)
        and all(0 <= part.start_sample <= part.end_sample for part in manifest.parts)
        and all(re.fullmatch(r"\d+(/[1-9]\d*)?", text) for text in fractions)
    )
    if not sound:
        raise ArchiveError(f"{where} is damaged: its parts and dubs do not fit together.")


def file_names(manifest: Manifest) -> list[str]:
    """Every file name that a manifest mentions, in order, once."""
    names: list[str | None] = [*manifest.files, manifest.film, manifest.archive]
    names += [name for part in manifest.parts for name in (part.file, part.undubbed)]
    names += [name for dub in manifest.dubs for name in (dub.seed_image, dub.seed_audio)]
    names += [name for dub in manifest.dubs for take in dub.takes for name in (take.wav, take.image)]
    return list(dict.fromkeys(name for name in names if name))


def check_file_name(name: str, where: Path) -> None:
    """Raise ArchiveError unless name is a plain relative path that stays in its folder."""
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or any(mark in name for mark in "\\:\0")
    if outside or name != str(path):
        raise ArchiveError(f"{where.name} names the file {name!r}, which lies outside its folder: do not trust it.")


def _build(kind: Any, value: Any, where: str) -> Any:
    """Turn parsed JSON into the dataclass, tuple, dict or plain value that a type hint says."""
    origin = get_origin(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _build_dataclass(kind, value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(_build(get_args(kind)[0], item, where) for item in value)
    if origin is dict and isinstance(value, dict):
        return {str(key): _build(get_args(kind)[1], item, where) for key, item in value.items()}
    allowed = get_args(kind) or (kind,)
    if Any in allowed or (value is None and type(None) in allowed):
        return value
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) in allowed:
        return value
    raise ArchiveError(f"{where} is damaged: {value!r} is not of the kind {getattr(kind, '__name__', kind)}.")


def _build_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ArchiveError(f"{where} is damaged: {kind.__name__} is missing.")
    hints = get_type_hints(kind)
    unknown = sorted(set(value) - set(hints))
    required = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    missing = [name for name in required if name not in value]
    if unknown or missing:
        names = ", ".join(unknown + missing)
        raise ArchiveError(f"{where} is damaged: {names} of {kind.__name__} is unknown or missing.")
    return kind(**{name: _build(hints[name], item, where) for name, item in value.items()})
