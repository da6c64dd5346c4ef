"""The hash of a job: a result that bears it is done, and anything that would change the result changes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from .. import __version__
from ..result.facts import MANIFEST_NAME
from ..settings import Settings
from ..settings.check import check_value
from ..settings.options import FILE_KINDS, OPTIONS, Kind
from .columns import Job
from .place import Place
from .transfer import fingerprint

SETTINGS_FIELDS = {field.name for field in fields(Settings)}
OF_RESULT = ("sound_mode", "music_gain_db", "loudness", "split_mode", "x264_crf", "describer", "max_image_width")
"""Settings that decide a result where a row says nothing of them."""
OF_MACHINE = ("device", "threads_on_splitting", "no_check")
"""Options of a row that say how it is made, not what."""


def settings_of(job: Job, settings: Settings) -> Settings:
    """The program's settings with a row's own over them."""
    return replace(settings, **{name: value for name, value in given_of(job).items() if name in SETTINGS_FIELDS})


def given_of(job: Job) -> dict[str, Any]:
    """A row's options as the rest of the program takes them; what names files is left as it is."""
    as_they_are = (*FILE_KINDS, Kind.NAMES, Kind.EITHER)
    return {
        name: value if OPTIONS[name].kind in as_they_are else check_value(name, value, f"row {job.id}")
        for name, value in job.options.items()
    }


def job_hash(job: Job, settings: Settings, model: str) -> str:
    """Hash what decides a job's result.

    Args:
        job: the row.
        settings: the program's; the row's own go over them.
        model: the full name of the checkpoint.
    Raises:
        MediaError: a file it needs is not there.
        StorageError: such a file cannot be read.
    """
    own = settings_of(job, settings)
    elsewhere = (*job.files, *OF_MACHINE, "model")
    decides = {
        "source": [fingerprint(job.source), Path(job.source).name],
        "files": {name: fingerprint(url) for name, url in job.files.items()},
        "parts": [job.n_parts, *job.parts, *job.ranges],
        "prompts": job.prompts,
        "settings": {name: getattr(own, name) for name in OF_RESULT},
        "model": [model, checkpoint_fingerprint(model), asdict(own.model_defaults(model))],
        "options": {name: value for name, value in job.options.items() if name not in elsewhere},
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def problem_hash(job: Job, problem: str) -> str:
    """Hash a row that cannot be done, and why: changed, it is tried again."""
    return hashlib.sha256(f"{job.text}\n{problem}".encode()).hexdigest()


@lru_cache
def checkpoint_fingerprint(model: str) -> str:
    """Tell a checkpoint's folder from another of that name; empty for a model that lies in no folder of its own."""
    from riffusion_inference.diffusion.checkpoints import POCKET, POCKET_FOLDER

    folder = POCKET_FOLDER if model == POCKET else Path(model).expanduser()
    if not folder.is_dir():
        return ""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = [(path.relative_to(folder).as_posix(), fingerprint(str(path))) for path in files]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def job_of_result(out: Place, name: str) -> str | None:
    """The hash that the result of that id bears; None where there is no result, or one that no batch made."""
    data = out.read(name, MANIFEST_NAME)
    if data is None:
        return None
    try:
        values: Mapping[str, Any] = json.loads(data)
        found = values.get("job")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None
