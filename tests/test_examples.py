"""The notebooks run from the first cell to the last where nothing but the wheel is installed."""

from __future__ import annotations

import ast
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.fixtures_package import ROOT, Installed

EXAMPLES = ROOT / "examples"
# Each cell in turn in one namespace, as a kernel runs them; a traceback names the cell.
RUN = """
import json, sys
space = {"__name__": "__main__"}
for number, source in enumerate(json.load(open(sys.argv[1], encoding="utf-8"))):
    exec(compile(source, f"cell {number}", "exec"), space)
"""


def cells(name: str) -> list[dict[str, Any]]:
    """A notebook's cells of code."""
    notebook = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@dataclass(frozen=True)
class Ran:
    """A notebook after its last cell."""

    folder: Path
    """Where it ran."""
    said: str
    """What its cells printed."""


@pytest.fixture(scope="module")
def ran(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """Every notebook, each in a folder and a process of its own, all at the same time."""

    def run(name: str) -> Ran:
        folder = tmp_path_factory.mktemp(name, numbered=False)
        code = folder / "cells.json"
        code.write_text(json.dumps(["".join(cell["source"]) for cell in cells(name)]), encoding="utf-8")
        done = Installed(environment, folder).run("python", "-c", RUN, code)
        assert done.returncode == 0, done.stderr
        return Ran(folder, done.stdout)

    names = [path.name for path in EXAMPLES.glob("*.ipynb")]
    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(run, names), strict=True))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_stored_without_outputs(path: Path) -> None:
    for cell in cells(path.name):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        ast.parse("".join(cell["source"]))


def test_music_from_words(ran: dict[str, Ran]) -> None:
    notebook = ran["music_from_words.ipynb"]
    assert "125 BPM" in notebook.said
    techno, loop = (soundfile.info(notebook.folder / name) for name in ("techno.wav", "loop.wav"))
    assert (techno.samplerate, techno.frames) == (44100, 6 * 44100)
    assert (loop.samplerate, loop.frames) == (44100, 8 * 44100)
    assert (notebook.folder / "techno.png").is_file()


def test_dub_a_video(ran: dict[str, Ran]) -> None:
    notebook = ran["dub_a_video.ipynb"]
    said = notebook.said.splitlines()
    assert said.count("verified: True") == 2
    assert "the same music: True" in said
    (stages,) = (line for line in said if line.startswith("stages: "))
    assert "mix" in stages
    assert "generate" not in stages
    assert (notebook.folder / "under" / "film.mp4").is_file()
