"""Reading and writing manifest.json; what is read was written by others and is checked first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, get_args, get_origin, get_type_hints

from riffusion_inference.datatypes import GenerationSettings
from riffusion_inference.errors import RiffusionError

from ..errors import ArchiveError
from ..settings.writing import Writing
from .facts import ENCODED, MANIFEST_NAME, NOT_IN_JSON, SCHEMA, SEED_FILES, SPLICED, Manifest

MAX_BYTES = 64 << 20
"""Of a manifest: one with a thousand parts has a thousandth of that for each."""
MAX_NAME_BYTES = 255
MAX_PARTS, MAX_RATE, MAX_CHANNELS, MAX_SECONDS, MAX_FILE_BYTES = 100_000, 768_000, 64, 7 * 86_400, 1 << 50
"""Numbers that nothing that was made here exceeds; others would ask for more memory than there is."""
FIRST_SCHEMA = 1
"""What version 0.1.0 wrote: a dub's generation and takes are among its other fields. 0.2.0 wrote version 2, without
scores, and 0.3.0 version 3; all of them encoded the whole sound of a film. 0.5.0 wrote version 4, with equal parts
alone."""
LAST_ENCODED, LAST_NUMBERED = 3, 4
"""The last versions in which films were encoded whole, and in which a run of parts was known by their numbers alone."""


def manifest_text(manifest: Manifest) -> str:
    """JSON that people can read."""
    values = asdict(manifest)
    for dub in values["dubs"]:
        for name in NOT_IN_JSON[GenerationSettings]:
            del dub["music"]["generation"][name]
        for name in NOT_IN_JSON[Writing]:
            del dub["music"]["writing"][name]
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest, or that of a result folder, and check its layout and every file name in it.

    Raises:
        ArchiveError: it is missing, not JSON, of another version, or names files outside its folder.
    """
    path = path / MANIFEST_NAME if path.is_dir() else path
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ArchiveError(f"{path} has {size:,} bytes, but a manifest has at most {MAX_BYTES:,}.")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ArchiveError(f"{path} does not exist: give the manifest.json of an earlier result.") from error
    except (OSError, ValueError) as error:
        raise ArchiveError(f"{path} cannot be read as a manifest ({str(error)[:200]}).") from error
    return read_manifest_text(text, path)


def read_manifest_text(text: str, path: Path) -> Manifest:
    """Read a manifest's text, and check its layout and every file name in it.

    Args:
        text: JSON.
        path: where it was found, for sentences.
    Raises:
        ArchiveError: it is not JSON, of another version, or names files outside its folder.
    """
    try:
        values = json.loads(text)
    except RecursionError as error:
        raise ArchiveError(f"{path} cannot be read as a manifest (it is nested too deep).") from error
    except ValueError as error:
        raise ArchiveError(f"{path} cannot be read as a manifest ({str(error)[:200]}).") from error
    if "\\ud" in text.lower() and not _is_text(values):
        raise ArchiveError(f"{path} cannot be read as a manifest (it has half characters, which no text has).")
    schema = values.get("schema") if isinstance(values, dict) else None
    if not isinstance(schema, int) or not FIRST_SCHEMA <= schema <= SCHEMA:
        raise ArchiveError(
            f"{path} has manifest version {schema}, but this program reads versions {FIRST_SCHEMA} to {SCHEMA}."
        )
    if schema == FIRST_SCHEMA:
        values = _from_first_schema(values)
    if schema <= LAST_ENCODED:
        values = {**values, "film_sound": ENCODED if values.get("film") is not None else None}
    manifest: Manifest = _build(Manifest, {**values, "schema": SCHEMA}, str(path))
    for name in file_names(manifest):
        check_file_name(name, path)
    _check_sense(manifest, str(path))
    return _with_run_samples(manifest) if schema <= LAST_NUMBERED else manifest


def _with_run_samples(manifest: Manifest) -> Manifest:
    """The same, where pieces of several parts also say which samples they are made for."""
    parts, dubs = {part.index: part for part in manifest.parts}, []
    for dub in manifest.dubs:
        writing, there = dub.music.writing, [number for number in dub.music.writing.run if number in parts]
        if there:
            samples = (parts[min(there)].start_sample, parts[max(there)].end_sample)
            dub = replace(dub, music=replace(dub.music, writing=replace(writing, run_samples=samples)))
        dubs.append(dub)
    return replace(manifest, dubs=tuple(dubs))


def _is_text(values: Any) -> bool:
    """Whether all strings can be written: JSON may escape one half of a character that is written as two."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _from_first_schema(values: dict[str, Any]) -> dict[str, Any]:
    """Version 1's values in this version's layout; what does not fit stays and is refused later."""
    of_generation = {f.name for f in fields(GenerationSettings)} - set(NOT_IN_JSON[GenerationSettings])
    of_music = {*SEED_FILES, "model", "licence", "n_samples", "sample_rate", "generation_key", "takes"}
    dubs = values.get("dubs", [])
    if not isinstance(dubs, list) or not all(isinstance(dub, dict) for dub in dubs):
        return values
    later = []
    for dub in dubs:
        generation = {name: dub[name] for name in dub if name in of_generation}
        music = {name: dub[name] for name in dub if name in of_music}
        rest = {name: dub[name] for name in dub if name not in of_generation | of_music}
        later.append({**rest, "music": {**music, "generation": generation}})
    return {**values, "dubs": later}


def _check_sense(manifest: Manifest, where: str) -> None:
    """Raise ArchiveError where numbers that others build on do not fit together."""
    n_parts = len(manifest.parts)
    fractions = [text for part in manifest.parts for text in (part.start, part.end)]
    sound = (
        n_parts > 0
        and [part.index for part in manifest.parts] == list(range(1, n_parts + 1))
        and all(1 <= dub.part <= n_parts and 1 <= dub.take <= len(dub.music.takes) for dub in manifest.dubs)
        and len({dub.part for dub in manifest.dubs}) == len(manifest.dubs)
        and all(0 <= part.start_sample <= part.end_sample for part in manifest.parts)
        and manifest.film_sound in ((None,) if manifest.film is None else (SPLICED, ENCODED))
        and all(re.fullmatch(r"\d+(/[1-9]\d*)?", text) for text in fractions)
    )
    if not sound:
        raise ArchiveError(f"{where} is damaged: its parts, dubs and film do not fit together.")
    for what, value, low, high in _numbers(manifest):
        if not low <= value <= high:
            raise ArchiveError(
                f"{where} is damaged: its {what} is {str(value)[:20]}, but must be from {low} to {high:,}."
            )


def _numbers(manifest: Manifest) -> Iterator[tuple[str, int, int, int]]:
    """What memory and time are asked by: what it is, its value, the least and the most."""
    most = MAX_SECONDS * MAX_RATE
    yield "sample_rate", manifest.sample_rate, 1, MAX_RATE
    yield "n_channels", manifest.n_channels, 1, MAX_CHANNELS
    yield "n_parts", manifest.n_parts, 1, MAX_PARTS
    yield "source's n_frames", manifest.source.n_frames, 1, most
    yield "film_start_sample", manifest.film_start_sample, -most, most
    yield "film_samples", manifest.film_samples, 0, most
    yield from (("end_sample", part.end_sample, 0, most) for part in manifest.parts)
    yield from (("end_frame", part.end_frame, 0, most) for part in manifest.parts)
    for dub in manifest.dubs:
        yield "music's sample_rate", dub.music.sample_rate, 1, MAX_RATE
        yield "music's n_samples", dub.music.n_samples, 1, most
    sizes = [manifest.source.size_bytes, *(facts.size_bytes for facts in manifest.files.values())]
    yield from (("size_bytes", size, 0, MAX_FILE_BYTES) for size in sizes)


def file_names(manifest: Manifest) -> list[str]:
    """Every file name that a manifest mentions, in order, once."""
    names: list[str | None] = [*manifest.files, manifest.film, manifest.archive]
    names += [name for part in manifest.parts for name in (part.file, part.undubbed)]
    names += [name for dub in manifest.dubs for name in dub.music.file_names]
    return list(dict.fromkeys(name for name in names if name))


def check_file_name(name: str, where: Path) -> None:
    """Raise ArchiveError unless name is a plain relative path that stays in its folder."""
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or any(mark in name for mark in "\\:\0")
    if any(len(part.encode(errors="replace")) > MAX_NAME_BYTES for part in path.parts):
        raise ArchiveError(f"{where.name} names the file {name[:40]!r} ..., a name that is too long for any disk.")
    if outside or name != str(path):
        raise ArchiveError(f"{where.name} names the file {name!r}, which lies outside its folder: do not trust it.")


def _build(kind: Any, value: Any, where: str) -> Any:
    """Turn parsed JSON into the dataclass, tuple, mapping, mode or plain value that a type hint says."""
    origin = get_origin(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _build_dataclass(kind, value, where)
    if isinstance(kind, type) and issubclass(kind, StrEnum) and value in list(kind):
        return kind(value)
    if origin is tuple and isinstance(value, list):
        return tuple(_build(get_args(kind)[0], item, where) for item in value)
    if origin in (dict, Mapping) and isinstance(value, dict):
        return {str(key): _build(get_args(kind)[1], item, where) for key, item in value.items()}
    allowed = get_args(kind) or (kind,)
    if Any in allowed or (value is None and type(None) in allowed):
        return value
    nested = next((one for one in allowed if isinstance(one, type) and is_dataclass(one)), None)
    if nested is not None:
        return _build_dataclass(nested, value, where)
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) in allowed:
        return value
    raise ArchiveError(f"{where} is damaged: {value!r} is not of the kind {getattr(kind, '__name__', kind)}.")


def _build_dataclass(kind: type[Any], value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ArchiveError(f"{where} is damaged: {kind.__name__} is missing.")
    hints = _hints(kind)
    unknown = sorted(set(value) - set(hints))
    required = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    missing = [name for name in required if name not in value]
    if unknown or missing:
        names = ", ".join(unknown + missing)
        raise ArchiveError(f"{where} is damaged: {names} of {kind.__name__} is unknown or missing.")
    built = {name: _build(hints[name], item, where) for name, item in value.items()}
    try:
        return kind(**built)
    except RiffusionError as error:
        raise ArchiveError(f"{where} is damaged: {error}") from error


def _hints(kind: type[Any]) -> dict[str, Any]:
    """The type of each field that a manifest may have."""
    # GenerationSettings names these for type checkers only, and a manifest holds none.
    hints = get_type_hints(kind, localns={"Image": _NoImage, "Score": Any})
    return {name: hint for name, hint in hints.items() if name not in NOT_IN_JSON.get(kind, ())}


class _NoImage:
    """Stands for PIL.Image, which need not be loaded to read JSON."""

    Image = Any
