"""What every command has: a version, -v, and one sentence for a library that is not installed."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import app
from tests.fixtures_dub import run


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"riffusion-dub {app.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "logged", "traced"),
    [
        (["verify"], False, False),
        (["verify", "-v"], True, False),
        (["-v", "verify"], True, False),
        (["verify", "-vv"], True, True),
        (["-vv", "verify"], True, True),
        (["verify", "--verbose"], True, False),
    ],
)
def test_verbose(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
    logged: bool,
    traced: bool,
) -> None:
    # As in a new process: nothing is set up yet.
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    code, out, err = run(capsys, *words, tmp_path / "nothing", "--source", tmp_path / "nothing.mp4")
    assert (code, out) == (1, "")
    assert ("INFO" in err and app.__version__ in err) == logged
    assert ("Traceback" in err) == traced
    assert len(err.splitlines()) == 1 or logged


def test_what_the_page_needs_is_named_with_its_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(*_: object) -> int:
        raise ModuleNotFoundError("No module named 'gradio.themes'", name="gradio.themes")

    monkeypatch.setattr("app.cli.commands.COMMANDS", {"serve": serve})
    code, _, err = run(capsys, "serve")
    assert code == 1
    assert err == (
        "serve needs the package gradio, which is not installed: "
        'run pip install ".[page]" (or -r requirements.txt) in the project\'s folder.\n'
    )


def test_a_missing_module_of_our_own_is_a_bug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(*_: object) -> int:
        raise ModuleNotFoundError("No module named 'app.nothing'", name="app.nothing")

    monkeypatch.setattr("app.cli.commands.COMMANDS", {"serve": serve})
    with pytest.raises(ModuleNotFoundError):
        run(capsys, "serve")
