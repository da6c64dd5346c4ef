"""The wheel, an environment where it is installed and nothing else is, and the examples run there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
# Each cell in turn in one namespace, as a kernel runs them; a traceback names the cell.
RUN = """
import json, sys
space = {"__name__": "__main__"}
for number, source in enumerate(json.load(open(sys.argv[1], encoding="utf-8"))):
    exec(compile(source, f"cell {number}", "exec"), space)
"""
NOT_CORE = ("gradio", "spaces", "replicate")
# One thread: two processes of two threads on two cores wait for each other most of the time.
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "DEVICE": "cpu", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel, and an empty folder to work in."""

    bin: Path
    """Folder of its commands."""
    folder: Path
    """Where commands are run."""

    def run(self, program: str, *args: object) -> subprocess.CompletedProcess[str]:
        """Run one of its programs with nothing of this clone in sight."""
        return subprocess.run(
            [self.bin / program, *map(str, args)],
            cwd=self.folder,
            env={**ENVIRONMENT, "PATH": os.environ["PATH"], "HOME": str(self.folder.parent)},
            capture_output=True,
            text=True,
            timeout=240,
        )


@dataclass(frozen=True)
class Ran:
    """A notebook after its last cell."""

    folder: Path
    """Where it ran."""
    done: subprocess.CompletedProcess[str]
    """What its cells printed, and how it ended."""


@dataclass(frozen=True)
class Package:
    """What is made of this clone while other tests run."""

    wheel: Future[Path]
    """The wheel."""
    bin: Future[Path]
    """Folder of the commands of an environment that has it."""
    notebooks: Future[dict[str, Ran]]
    """The examples by their file name."""


@pytest.fixture(scope="session", autouse=True)
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package | None]:
    """Begin at once with what takes long and needs nobody; None where no test wants it."""
    if not any({"wheel", "environment", "notebooks"} & {*item.fixturenames} for item in request.session.items):
        yield None
        return
    built, venv, work = (tmp_path_factory.mktemp(name) for name in ("wheel", "environment", "notebooks"))
    with ThreadPoolExecutor(1) as line:
        wheel = line.submit(build_wheel, built)
        bin_ = line.submit(lambda: install(wheel.result(), venv))
        yield Package(wheel, bin_, line.submit(lambda: run_notebooks(bin_.result(), work)))


@pytest.fixture(scope="session")
def wheel(package: Package) -> Path:
    """The wheel as `make wheel` builds it."""
    return package.wheel.result()


@pytest.fixture(scope="session")
def environment(package: Package) -> Path:
    """A new environment with the wheel; it borrows this one's libraries, those that are not core left out."""
    return package.bin.result()


@pytest.fixture(scope="session")
def notebooks(package: Package) -> dict[str, Ran]:
    """Every example, each in a folder and a process of its own."""
    return package.notebooks.result()


@pytest.fixture
def installed(environment: Path, tmp_path: Path) -> Installed:
    """That environment and an empty folder."""
    folder = tmp_path / "empty folder"
    folder.mkdir()
    return Installed(environment, folder)


def pip(*args: object) -> None:
    """Run this environment's pip."""
    words = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, args)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


def build_wheel(folder: Path) -> Path:
    """Build it with the hatchling that is installed here: no network."""
    pip("wheel", ROOT, "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    (found,) = folder.glob("*.whl")
    return found


def install(wheel: Path, venv: Path) -> Path:
    """Install the wheel where nothing else is."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip("--python", venv / "bin" / "python", "install", "--no-deps", "--no-index", "--no-compile", wheel)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"])
    for name in NOT_CORE:
        (packages / f"{name}.py").write_text(f"raise ModuleNotFoundError('not installed', name='{name}')")
    return venv / "bin"


def code_cells(path: Path) -> list[dict[str, Any]]:
    """A notebook's cells of code."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run_notebooks(commands: Path, work: Path) -> dict[str, Ran]:
    """Run every cell of every example in order."""
    found: dict[str, Ran] = {}
    for path in sorted(EXAMPLES.glob("*.ipynb")):
        folder = work / path.stem
        folder.mkdir()
        code = work / f"{path.stem}.json"
        code.write_text(json.dumps(["".join(cell["source"]) for cell in code_cells(path)]), encoding="utf-8")
        found[path.name] = Ran(folder, Installed(commands, folder).run("python", "-c", RUN, code))
    return found
