"""What batches' tests share: workers whose model is one of sines, that note every call."""

from __future__ import annotations

import ctypes
import json
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import soundfile

from app.batch.batch import MakeDubber, Plan, Team, plan_batch, run_batch
from app.batch.jobs import read_jobs
from app.batch.ledger import Outcome
from app.batch.place import open_place
from app.batch.work import Dubber, MakeWorker
from app.dub.order import Order
from app.dub.run import Run
from app.dub.story import carry_out
from app.models import ModelShelf
from app.result.folder import Result
from app.settings import Settings
from tests.fixtures_dub import SETTINGS, ChordModel, OneModel, make_clip

SEGFAULT = "segfault"
"""A film of that name ends the process that decodes it."""
POCKET = {"model": "pocket"}


class NotingDubber(Dubber):
    """Dubs with the model of sines; writes the name of every film it makes music for into a file."""

    def __init__(self, settings: Settings, out: str, run: str, calls: str, pause: float = 0.0) -> None:
        super().__init__(settings, out, run)
        self._calls, self._pause = calls, pause

    def make(self, order: Order, run: Run, models: ModelShelf) -> Result:
        if SEGFAULT in order.video.name:
            ctypes.string_at(0)
        made = carry_out(order, run, OneModel(ChordModel(name="pocket")))
        descriptor = os.open(self._calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{order.video.name}\n".encode())
        os.close(descriptor)
        time.sleep(self._pause)
        return made


def noting(calls: Path, pause: float = 0.0) -> MakeDubber:
    """What makes such workers."""

    def make(settings: Settings, out: str, run: str) -> MakeWorker:
        return partial(NotingDubber, settings, out, run, str(calls), pause)

    return make


def batch(
    jobs: str,
    out: str,
    calls: Path,
    *,
    team: Team | None = None,
    retry_failed: bool = False,
    pause: float = 0.0,
    settings: Settings = SETTINGS,
    **defaults: Any,
) -> tuple[Plan, dict[str, Outcome]]:
    """Run a batch with such workers: its plan, and what became of each row that it had to do with."""
    team = team or Team(workers=2)
    settings = team.with_model(settings)
    listed = read_jobs(jobs, {**POCKET, **defaults})
    plan = plan_batch(listed, open_place(out), settings, retry_failed=retry_failed, should_cancel=lambda: False)
    found = run_batch(
        plan,
        out,
        settings,
        team,
        should_cancel=lambda: False,
        tell=lambda sentence: None,
        make_dubber=noting(calls, pause),
    )
    return plan, {outcome.id: outcome for outcome in found}


def write_list(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A list as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(clip: Path, **more: Any) -> dict[str, Any]:
    """A row that works."""
    asks = {"parts": 2, "part": 2, "prompt": "calm piano", "seed": 7, "steps": 2}
    return {"id": clip.stem, "source": str(clip), **asks, **more}


def made_by(calls: Path) -> list[str]:
    """The films that music was made for, in order of their names, each as often as it was."""
    return sorted(calls.read_text().split()) if calls.exists() else []


def results_of(out: Path) -> dict[str, dict[str, Any]]:
    """Every result by its id: its files but the archive, and its manifest, but for times.

    A sound file also says when it was written, so that of these it is the samples that are compared.
    """
    found = {}
    for folder in sorted(path for path in out.iterdir() if path.name[0] not in "_."):
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["seconds_per_stage"] = None
        manifest["files"] = {name: facts for name, facts in manifest["files"].items() if not name.endswith(".wav")}
        files = {
            path.relative_to(folder).as_posix(): content_of(path)
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".zip" and path.name != "manifest.json"
        }
        found[folder.name] = {"manifest": manifest, "files": files}
    return found


def content_of(path: Path) -> bytes:
    """What a file holds: a sound its samples, any other its bytes."""
    if path.suffix != ".wav":
        return path.read_bytes()
    samples, sample_rate = soundfile.read(path, dtype="float32")
    return bytes(samples.tobytes()) + str(sample_rate).encode()


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six short films."""
    folder = tmp_path_factory.mktemp("films")
    return [make_clip(folder / f"film{number}.mp4", 1.2 + 0.2 * number) for number in range(6)]
