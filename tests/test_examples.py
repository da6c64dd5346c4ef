"""The notebooks run from the first cell to the last where nothing but the wheel is installed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import soundfile

from tests.fixtures_beside import EXAMPLES, Ran, code_cells


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_stored_without_outputs(path: Path) -> None:
    for cell in code_cells(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        ast.parse("".join(cell["source"]))


def test_music_from_words(notebooks: dict[str, Ran]) -> None:
    notebook = notebooks["music_from_words.ipynb"]
    assert notebook.done.returncode == 0, notebook.done.stderr
    assert "125 BPM" in notebook.done.stdout
    techno, loop = (soundfile.info(notebook.folder / name) for name in ("techno.wav", "loop.wav"))
    assert (techno.samplerate, techno.frames) == (44100, 6 * 44100)
    assert (loop.samplerate, loop.frames) == (44100, 8 * 44100)
    assert (notebook.folder / "techno.png").is_file()


def test_dub_a_video(notebooks: dict[str, Ran]) -> None:
    notebook = notebooks["dub_a_video.ipynb"]
    assert notebook.done.returncode == 0, notebook.done.stderr
    said = notebook.done.stdout.splitlines()
    assert said.count("verified: True") == 2
    assert "the same music: True" in said
    (stages,) = (line for line in said if line.startswith("stages: "))
    assert "mix" in stages
    assert "generate" not in stages
    assert (notebook.folder / "under" / "film.mp4").is_file()
