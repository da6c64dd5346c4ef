"""The wheel, and an environment where it is installed and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
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


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as `make wheel` builds it, but with the hatchling that is installed here: no network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ROOT, "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; it borrows this one's libraries, those that are not core left out."""
    venv = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip("--python", venv / "bin" / "python", "install", "--no-deps", "--no-index", "--no-compile", wheel)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"])
    for name in NOT_CORE:
        (packages / f"{name}.py").write_text(f"raise ModuleNotFoundError('not installed', name='{name}')")
    return venv / "bin"


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
