"""What takes long and needs nobody, done beside the tests: the wheel installed and used, the examples, a training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures_dub import make_clip
from tests.fixtures_page import free_port, sample_clip

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
# Each cell in turn in one namespace, as a kernel runs them; a traceback names the cell.
RUN = """
import json, sys
space = {"__name__": "__main__"}
for number, source in enumerate(json.load(open(sys.argv[1], encoding="utf-8"))):
    exec(compile(source, f"cell {number}", "exec"), space)
"""
PROMPT, SEED = "techno, 128 BPM, drums", 7
STARTED: list[subprocess.Popen[str]] = []
"""Processes that run until the last test has ended."""
NOT_CORE = ("gradio", "spaces", "replicate", "ray", "s3fs", "pyarrow")
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
class Dubbed:
    """A dub by the installed command, and its proof."""

    folder: Path
    """Where the command was run; it was empty before."""
    dub: subprocess.CompletedProcess[str]
    """`riffusion-dub dub`."""
    verify: subprocess.CompletedProcess[str]
    """`riffusion-dub verify`."""


@pytest.fixture(scope="session", autouse=True)
def beside(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Any]]]:
    """Begin at once with what takes long and needs nobody, on the second core, as far as tests want it."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    jobs: dict[str, Future[Any]] = {}
    with ThreadPoolExecutor(1) as line:
        for name, work in JOBS.items():
            if name in wanted:
                jobs[name] = line.submit(work, tmp_path_factory.mktemp(name), jobs)
        yield jobs
    for process in STARTED:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def wheel(beside: dict[str, Future[Any]]) -> Path:
    """The wheel as `make wheel` builds it."""
    return Path(beside["wheel"].result())


@pytest.fixture(scope="session")
def environment(beside: dict[str, Future[Any]], wheel: Path) -> Path:
    """Commands of a new environment with the wheel; it borrows what is core of this one's libraries."""
    return Path(beside["environment"].result())


@pytest.fixture(scope="session")
def dubbed(beside: dict[str, Future[Any]], environment: Path) -> Dubbed:
    """A clip dubbed with the embedded checkpoint by the installed command."""
    done: Dubbed = beside["dubbed"].result()
    return done


@pytest.fixture(scope="session")
def notebooks(beside: dict[str, Future[Any]], environment: Path) -> dict[str, Ran]:
    """Every example, each in a folder and a process of its own."""
    done: dict[str, Ran] = beside["notebooks"].result()
    return done


@pytest.fixture(scope="session")
def trained(beside: dict[str, Future[Any]]) -> Path:
    """The run folder of a whole training with the tiny preset, but for the evaluation."""
    return Path(beside["trained"].result())


@pytest.fixture
def installed(environment: Path, tmp_path: Path) -> Installed:
    """That environment and an empty folder."""
    folder = tmp_path / "empty folder"
    folder.mkdir()
    return Installed(environment, folder)


@pytest.fixture(scope="session")
def dubbed_with_auto(beside: dict[str, Future[Any]]) -> Path:
    """The command line's result for gradio's clip, PROMPT and SEED, with MODEL=auto."""
    return Path(beside["dubbed_with_auto"].result())


@pytest.fixture(scope="session")
def page_with_auto(beside: dict[str, Future[Any]]) -> str:
    """Address of a page in a process of its own, with MODEL=auto."""
    return str(beside["page_with_auto"].result())


@pytest.fixture(scope="session")
def asked_with_auto(beside: dict[str, Future[Any]], page_with_auto: str) -> Path:
    """What a program gets of that page for the same clip, prompt and seed."""
    return Path(beside["asked_with_auto"].result())


def with_auto(folder: Path) -> dict[str, str]:
    """An environment in which nothing is set but MODEL=auto, which a machine without a GPU understands as pocket."""
    kept = {name: value for name, value in os.environ.items() if name not in ("GUIDANCE_SCALE", "NUM_INFERENCE_STEPS")}
    own = {"MODEL": "auto", "DEVICE": "cpu", "DESCRIBER": "palette", "OMP_NUM_THREADS": "1"}
    return {**kept, **own, "TEMPORARY_DIRECTORY": str(folder)}


def dub_with_auto(folder: Path, jobs: dict[str, Future[Any]]) -> Path:
    """Dub part 2 of 4 by the command line."""
    argv = [
        "dub",
        sample_clip(),
        "--parts",
        4,
        "--part",
        2,
        "--prompt",
        PROMPT,
        "--seed",
        SEED,
        "--out",
        folder / "out",
    ]
    command = [sys.executable, "-m", "app", *map(str, argv)]
    subprocess.run(command, cwd=ROOT, env=with_auto(folder), check=True, capture_output=True, timeout=240)
    return folder / "out"


def start_page(folder: Path, jobs: dict[str, Future[Any]]) -> str:
    """Start the page and wait until it is ready."""
    port = free_port()
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    STARTED.append(subprocess.Popen(command, cwd=ROOT, env=with_auto(folder), stdout=subprocess.PIPE, text=True))
    assert STARTED[-1].stdout is not None
    assert str(port) in STARTED[-1].stdout.readline()
    return f"http://127.0.0.1:{port}"


def ask_endpoint(folder: Path, jobs: dict[str, Future[Any]]) -> Path:
    """Dub part 2 of 4 by the page's endpoint."""
    from gradio_client import Client, handle_file

    client = Client(jobs["page_with_auto"].result(), verbose=False, download_files=str(folder / "client"))
    client.predict(handle_file(str(sample_clip())), PROMPT, n_parts=4, part=2, seed=SEED, api_name="/dub")
    return unpacked(Path(client.predict(api_name="/archive")), folder / "out")


def unpacked(archive: Path, out: Path) -> Path:
    """A downloaded archive as a folder."""
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(out)
    return out


def build_wheel(folder: Path, jobs: dict[str, Future[Any]]) -> Path:
    """Build it with the hatchling that is installed here: no network."""
    pip("wheel", ROOT, "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    (found,) = folder.glob("*.whl")
    return found


def install(venv: Path, jobs: dict[str, Future[Any]]) -> Path:
    """Install the wheel where nothing else is."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip(
        "--python",
        venv / "bin" / "python",
        "install",
        "--no-deps",
        "--no-index",
        "--no-compile",
        jobs["wheel"].result(),
    )
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"])
    for name in NOT_CORE:
        (packages / f"{name}.py").write_text(f"raise ModuleNotFoundError('not installed', name='{name}')")
    return venv / "bin"


def dub_with_wheel(work: Path, jobs: dict[str, Future[Any]]) -> Dubbed:
    """Dub a clip and prove the result, in an empty folder."""
    clip, folder = make_clip(work / "clip.mp4"), work / "empty folder"
    folder.mkdir()
    command = Installed(jobs["environment"].result(), folder)
    wish = ["--parts", 4, "--part", 2, "--prompt", "calm piano", "--model", "pocket", "--steps", 2]
    made = command.run("riffusion-dub", "dub", clip, *wish, "--out", "result")
    return Dubbed(folder, made, command.run("riffusion-dub", "verify", "result", "--source", clip))


def code_cells(path: Path) -> list[dict[str, Any]]:
    """A notebook's cells of code."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run_notebooks(work: Path, jobs: dict[str, Future[Any]]) -> dict[str, Ran]:
    """Run every cell of every example in order."""
    found: dict[str, Ran] = {}
    for path in sorted(EXAMPLES.glob("*.ipynb")):
        folder = work / path.stem
        folder.mkdir()
        code = work / f"{path.stem}.json"
        code.write_text(json.dumps(["".join(cell["source"]) for cell in code_cells(path)]), encoding="utf-8")
        command = Installed(jobs["environment"].result(), folder)
        found[path.name] = Ran(folder, command.run("python", "-c", RUN, code))
    return found


def train(folder: Path, jobs: dict[str, Future[Any]]) -> Path:
    """Run every stage but the evaluation with the tiny preset, as a person would."""
    stages = ["data", "latents", "text", "autoencoder", "diffusion", "export", "pairs", "painter"]
    options = ["--preset", "tiny", "--workers", "1", "--device", "cpu", "--folder", folder, "--pack", folder / "packed"]
    command = [sys.executable, "-m", "training.run_all", *options, "--stages", *stages]
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return folder


def pip(*args: object) -> None:
    """Run this environment's pip."""
    words = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, args)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


JOBS: dict[str, Callable[[Path, dict[str, Future[Any]]], Any]] = {
    "wheel": build_wheel,
    "environment": install,
    "dubbed": dub_with_wheel,
    "notebooks": run_notebooks,
    "trained": train,
    "dubbed_with_auto": dub_with_auto,
    "page_with_auto": start_page,
    "asked_with_auto": ask_endpoint,
}
"""What is done beside the tests, in this order, by the name of the fixture that waits for it."""
