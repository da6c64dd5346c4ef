"""Killed at a bad moment and started again; and two at a time: nothing is made twice, and the end is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.batch.jobs import read_jobs
from app.batch.ledger import Status
from tests.fixtures_batch import POCKET, NotingDubber, made_by, results_of, row, write_list
from tests.fixtures_dub import SETTINGS

ROOT = Path(__file__).resolve().parents[3]
PAUSE = 0.4
"""Seconds that every film takes longer, so that there is something to interrupt."""


@pytest.fixture(scope="module")
def jobs(films: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six rows."""
    return write_list(tmp_path_factory.mktemp("list") / "list.jsonl", [row(film) for film in films])


def start(jobs: Path, folder: Path, workers: int = 2) -> subprocess.Popen[bytes]:
    """A batch in a process of its own."""
    words = [str(jobs), str(folder / "out"), str(folder / "calls"), "local", str(workers), str(PAUSE)]
    return subprocess.Popen([sys.executable, "-m", "tests.batch_driver", *words], cwd=ROOT)


def wait_for(is_so: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


def n_done(folder: Path) -> int:
    return len([*(folder / "out").glob("*/manifest.json")])


def workers_of(driver: int) -> list[int]:
    """The processes that a driver has started to work."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            command = (path.parent / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == driver and b"spawn_main" in command:
            found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
def test_killed_and_started_again_nothing_finished_is_made_twice(jobs: Path, films: list[Path], tmp_path: Path) -> None:
    driver = start(jobs, tmp_path)
    wait_for(lambda: n_done(tmp_path) >= 1)
    done = {path.parent.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*/manifest.json")}
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()

    driver = start(jobs, tmp_path)
    wait_for(lambda: n_done(tmp_path) >= 3)
    os.kill(workers_of(driver.pid)[0], signal.SIGKILL)
    assert driver.wait(90) == 0

    assert n_done(tmp_path) == 6
    assert {name: (tmp_path / "out" / name / "manifest.json").stat().st_mtime_ns for name in done} == done
    made = made_by(tmp_path / "calls")
    # A film that a kill fell upon between its music and its place is made once more, no other.
    assert set(made) == {film.name for film in films}
    assert len(made) <= 6 + 3
    assert all(made.count(f"{name}.mp4") == 1 for name in done)
    assert {path.name[0] for path in (tmp_path / "out").iterdir()} == {"_", "f"}
    assert not (tmp_path / "out" / "_scratch").exists()
    undisturbed = tmp_path / "undisturbed"
    dubber = NotingDubber(SETTINGS, str(undisturbed), "undisturbed", str(tmp_path / "other calls"))
    assert {dubber(job).status for job in read_jobs(str(jobs), POCKET)} == {Status.DONE}
    assert results_of(tmp_path / "out") == results_of(undisturbed)


def test_two_batches_at_a_time_share_the_list(jobs: Path, films: list[Path], tmp_path: Path) -> None:
    one, two = start(jobs, tmp_path, workers=1), start(jobs, tmp_path, workers=1)
    assert (one.wait(90), two.wait(90)) == (0, 0)
    assert made_by(tmp_path / "calls") == [film.name for film in films]
    assert n_done(tmp_path) == 6
