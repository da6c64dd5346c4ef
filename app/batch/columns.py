"""The columns of a list of jobs, which are the options of `dub`, and what a row of them asks for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from riffusion_inference.datatypes import MAX_CANDIDATES, MAX_SEED
from riffusion_inference.errors import RiffusionError

from ..errors import ConfigError
from ..plan import range_texts, read_range
from ..settings.check import check_value
from ..settings.options import FILE_KINDS, MIX, MUSIC, OPTIONS, SCORE, Kind

OF_DUB = (
    *MUSIC,
    *SCORE,
    *MIX,
    "describer",
    "model",
    "device",
    "max_image_width",
    "split_mode",
    "threads_on_splitting",
    "no_check",
)
"""The options that a row may set."""
COLUMNS = ("id", "source", "parts", "part", "range", "prompt", *OF_DUB)
BY_FLAG = {OPTIONS[name].flag.removeprefix("--").replace("-", "_"): name for name in OF_DUB}
"""The command line's names of options: guidance, steps, mix and so on."""
ALL = "all"
MAX_ID_BYTES = 120


def as_column(name: str) -> str:
    """A column by its one name: the command line's names, with - or _, stand for the option they set."""
    plain = name.strip().lower().replace("-", "_")
    return plain if plain in COLUMNS else BY_FLAG.get(plain, plain)


@dataclass(frozen=True)
class Job:
    """One row: a film to be dubbed."""

    id: str
    """Name of the result's folder."""
    source: str
    """Path or URL of the video."""
    n_parts: int = 1
    """Parts to cut it into."""
    parts: tuple[int, ...] = ()
    """Which of them get music, 1-based."""
    prompts: tuple[str, ...] = ()
    """One for all, or one for each; "auto" is read from the picture."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Checked values of the options that are set, by name; files are paths or URLs still."""
    ranges: tuple[str, ...] = ()
    """Which times get music instead, as people write them."""
    problem: str = ""
    """Why it cannot be done whatever the files hold."""

    @property
    def text(self) -> str:
        """As JSON, to travel."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_text(text: str) -> Job:
        """The job that was sent as `text`."""
        values = json.loads(text)
        return Job(**{**values, **{name: tuple(values[name]) for name in ("parts", "ranges", "prompts")}})

    @property
    def files(self) -> dict[str, str]:
        """The options that name files, and the files."""
        return {name: str(value) for name, value in self.options.items() if OPTIONS[name].kind in FILE_KINDS}


def job_of(number: int, row: Mapping[str, Any], defaults: Mapping[str, Any]) -> Job:
    """What a row asks for.

    Args:
        number: of the row, from 1.
        row: its values by column, under any name that as_column knows; text or values of the right kind.
        defaults: what holds where the row says nothing, by column.
    Returns:
        The job; a value that cannot be right is told in `problem`.
    Raises:
        ConfigError: its id cannot be the name of a folder.
    """
    values = {**defaults, **{as_column(name): value for name, value in row.items()}}
    where = f"row {number}"
    source = str(values.get("source", "")).strip()
    name = str(values.get("id", "")).strip() or PurePosixPath(source.partition("?")[0]).stem or f"row-{number}"
    check_id(name, where)
    try:
        if not source:
            raise ConfigError(f"Row {number} names no source: give the path or URL of a video.")
        ranges, prompts = range_texts(values.get("range")), _prompts(values.get("prompt"), where)
        n_parts, parts = _place(values, ranges, where)
        options = {name: _value(name, values[name], where) for name in OF_DUB if name in values}
        # The same row makes the same music wherever and however often it is run.
        options.setdefault("seed", seed_of(name))
        return Job(name, source, n_parts, parts, prompts, options, ranges)
    except RiffusionError as error:
        return Job(name, source, problem=str(error))


def check_id(name: str, where: str) -> None:
    """Raise ConfigError unless name can be a folder's beside `_ledger`."""
    odd = any(char in '<>:"/\\|?*' or not char.isprintable() for char in name)
    if odd or name[0] in "._-" or name != name.rstrip(" .") or len(name.encode()) > MAX_ID_BYTES:
        raise ConfigError(
            f"The id {name!r} in {where} cannot be the name of a folder: write up to {MAX_ID_BYTES} bytes that "
            'begin with a letter or a number, without any of < > : " / \\ | ? *.'
        )


def seed_of(name: str) -> int:
    """The seed of a job that names none, from its id; candidates count up from it."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % (MAX_SEED - MAX_CANDIDATES)


def _whole(value: Any, column: str, where: str) -> int:
    if value is None:
        raise ConfigError(f"{column} is not given in {where}: write a whole number from 1.")
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
        return int(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{column} in {where} is {value!r}: write a whole number from 1.") from error


def _place(values: Mapping[str, Any], ranges: tuple[str, ...], where: str) -> tuple[int, tuple[int, ...]]:
    """How many parts, and which of them get music; one and none where times are named instead."""
    if ranges:
        for text in ranges:
            read_range(text)
        if values.get("parts") is not None or values.get("part") is not None:
            raise ConfigError(f"There are both parts and a range in {where}: keep one of them.")
        return 1, ()
    n_parts = _whole(values.get("parts"), "parts", where)
    if n_parts < 1:
        raise ConfigError(f"parts in {where} is {n_parts}: choose at least 1.")
    return n_parts, _parts(values.get("part"), n_parts, where)


def _parts(value: Any, n_parts: int, where: str) -> tuple[int, ...]:
    if isinstance(value, str):
        value = list(range(1, n_parts + 1)) if value.strip().lower() == ALL else value.replace(";", ",").split(",")
    numbers = value if isinstance(value, list | tuple) else [value]
    return tuple(_whole(one, "part", where) for one in numbers)


def _prompts(value: Any, where: str) -> tuple[str, ...]:
    words = [str(one) for one in (value if isinstance(value, list | tuple) else [value]) if one is not None]
    if not words:
        raise ConfigError(f"There is no prompt for the music in {where}: say what it should be, or auto.")
    return tuple(words)


def _value(name: str, value: Any, where: str) -> Any:
    """A checked plain value of an option."""
    option = OPTIONS[name]
    if option.kind in FILE_KINDS:
        return str(value)
    if option.kind is Kind.NAMES:
        names = value if isinstance(value, list | tuple) else str(value).split(",")
        return [str(one).strip() for one in names if str(one).strip()]
    if option.kind is Kind.EITHER:
        words = {option.choices[0]: True, option.choices[1]: False}
        word = str(value).strip().lower()
        return words[word] if word in words else _switch(name, value, where)
    if option.kind is Kind.WHOLE and isinstance(value, float) and value.is_integer():
        value = int(value)  # A column of whole numbers with gaps in it is one of floats in Parquet.
    checked = check_value(name, value, where)
    return str(checked) if isinstance(checked, StrEnum) else checked


def _switch(name: str, value: Any, where: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    word = str(value).strip().lower()
    if word not in words:
        choices = OPTIONS[name].choices
        raise ConfigError(f"{name} in {where} is {value!r}: write {choices[0]} or {choices[1]}.")
    return words[word]
