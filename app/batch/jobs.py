"""The list of jobs: JSON lines, CSV, Parquet, or the videos of a folder or a glob -> one Job for each row."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from ..errors import ConfigError
from ..files import VIDEO_ENDINGS
from .columns import COLUMNS, Job, as_column, job_of
from .place import open_place
from .transfer import read_all

LISTS = (".jsonl", ".ndjson", ".csv", ".parquet")


def read_jobs(what: str, defaults: Mapping[str, Any]) -> list[Job]:
    """Read the list of jobs.

    Args:
        what: a path or URL: a list, a folder of videos, or a glob of videos.
        defaults: what holds for every row that does not say otherwise, by column.
    Returns:
        One job for each row, in order; a row that cannot be right says so in `problem`.
    Raises:
        ConfigError: it is none of these, has columns that are unknown, or two rows have the same id.
        MediaError: it is not there.
    """
    ending = PurePosixPath(what.partition("?")[0]).suffix.lower()
    rows = list(_rows(what, ending)) if ending in LISTS else list(_videos(what))
    if not rows:
        raise ConfigError(f"{what} holds no job: a list needs one row for each film, a folder at least one video.")
    _check_columns(what, rows)
    given = {as_column(name): value for name, value in defaults.items()}
    jobs = [job_of(number, row, given) for number, row in enumerate(rows, 1)]
    _check_ids(what, jobs)
    return jobs


def read_defaults(what: str) -> dict[str, Any]:
    """Read a JSON object of columns that hold for every row.

    Raises:
        ConfigError: it is not one, or has columns that are unknown.
    """
    try:
        values = json.loads(read_all(what))
    except ValueError as error:
        raise ConfigError(f"{what} is not JSON ({error}): write one object of columns and values.") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{what} is not a JSON object: write one of columns and values.")
    _check_columns(what, [values])
    return values


def _rows(what: str, ending: str) -> Iterator[Mapping[str, Any]]:
    """Each row by its columns; what is empty or null in it is not given."""
    data = read_all(what)
    if ending == ".parquet":
        rows: Iterator[Any] = iter(_parquet_rows(what, data))
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigError(f"{what} is not UTF-8 text (byte {error.start}): save it so.") from error
        rows = iter(csv.DictReader(io.StringIO(text, newline=""))) if ending == ".csv" else _json_rows(what, text)
    for number, row in enumerate(rows, 1):
        if None in row:
            raise ConfigError(f"{what}, row {number}: there are more values than columns. Quote values with commas.")
        yield {name: value for name, value in row.items() if value is not None and value != ""}


def _json_rows(what: str, text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{what}, line {number} is not JSON ({error}): write one object a line.") from error
        if not isinstance(row, dict):
            raise ConfigError(f"{what}, line {number} is not a JSON object: write one object a line.")
        yield row


def _parquet_rows(what: str, data: bytes) -> list[dict[str, Any]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"Reading {what} needs the package pyarrow, which is not installed: "
            'run pip install ".[batch]" in the project\'s folder, or write the list as CSV or JSON lines.'
        ) from error
    try:
        found: list[dict[str, Any]] = parquet.read_table(io.BytesIO(data)).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise ConfigError(f"{what} is not a Parquet file that can be read: {error}.") from error
    return found


def _videos(what: str) -> Iterator[dict[str, Any]]:
    """A row for each video of a folder, or of a glob, by its path from there."""
    place = open_place(what)
    if any(mark in what for mark in "*?["):
        found, root = place.glob(), ""
    elif place.is_folder:
        found, root = place.find(), place.root.rstrip("/") + "/"
    else:
        raise ConfigError(f"{place.url} is no folder, no glob, and no list, whose name ends in {', '.join(LISTS)}.")
    paths = [path for path in found if PurePosixPath(path).suffix.lower() in VIDEO_ENDINGS]
    shown = [path.removeprefix(root) if root else PurePosixPath(path).name for path in paths]
    stems = ["__".join(PurePosixPath(name).with_suffix("").parts) for name in shown]
    twice = {stem for stem, times in Counter(stems).items() if times > 1}
    for path, name, stem in zip(paths, shown, stems, strict=True):
        # a.mp4 beside a.mkv: the ending tells them apart.
        named = "__".join(PurePosixPath(name).parts) if stem in twice else stem
        yield {"id": named.lstrip("._"), "source": place.url_of(path)}


def _check_columns(what: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise ConfigError where columns are unknown or one is there under two names; it names them all."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    unknown = [name for name in names if as_column(name) not in COLUMNS]
    if unknown:
        nearest = [difflib.get_close_matches(as_column(name), COLUMNS, n=1, cutoff=0.0)[0] for name in unknown]
        many = "columns that are" if len(unknown) > 1 else "a column that is"
        raise ConfigError(
            f"{what} has {many} unknown: {', '.join(unknown)}. Did you mean {', '.join(dict.fromkeys(nearest))}? "
            f"Columns are {', '.join(COLUMNS)}."
        )
    twice = [name for name, times in Counter(map(as_column, names)).items() if times > 1]
    if twice:
        raise ConfigError(f"{what} has the column {twice[0]} under two names: keep one of them.")


def _check_ids(what: str, jobs: Sequence[Job]) -> None:
    rows: dict[str, list[int]] = {}
    for number, job in enumerate(jobs, 1):
        rows.setdefault(job.id, []).append(number)
    for name, numbers in rows.items():
        if len(numbers) > 1:
            raise ConfigError(
                f"{what} has the id {name!r} in rows {', '.join(map(str, numbers[:5]))}: "
                "each result has a folder of its own, so give each row an id of its own."
            )
