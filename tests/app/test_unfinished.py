"""What killed runs leave: it is known by its name, goes with the next run, and a result is never lost on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.cli.main import main
from app.errors import ArchiveError
from app.files import written_whole
from app.result import folder as result_folder
from app.result.folder import made_aside, open_result, put_in_place
from app.settings import ROOT
from app.unfinished import REPLACED, clean, exchange, hidden_name, is_dead, recover, work_folder

DEAD = "import os, sys; sys.path.insert(0, '.'); from app.unfinished import hidden_name; "


def name_of_a_dead_process(name: str, kind: str = "partial") -> str:
    """A hidden name that a process made which has ended."""
    code = f"{DEAD}print(hidden_name({name!r}, {kind!r}))"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout[
        :-1
    ]


@pytest.fixture(scope="module")
def dead_names() -> dict[str, str]:
    """Both kinds, for a result that is called out."""
    return {kind: name_of_a_dead_process("out", kind) for kind in ("partial", REPLACED)}


def make_result(folder: Path, text: str = "old") -> Path:
    """A folder that passes for a result as far as moving it is concerned."""
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(text)
    return folder


def test_the_dead_are_told_from_the_living(tmp_path: Path, dead_names: dict[str, str]) -> None:
    assert is_dead(tmp_path / dead_names["partial"])
    assert not is_dead(tmp_path / hidden_name("out"))
    for foreign in (".out.partial-1234abcd", ".git", ".out.partial", "out", ".DS_Store"):
        assert not is_dead(tmp_path / foreign)
    mine = hidden_name("out")
    reused = mine.replace(f"-{os.getpid()}-", f"-{os.getpid()}-1")
    assert is_dead(tmp_path / reused), "another process has got its number"
    machine = dead_names["partial"].split("-")[1]
    other = make_result(tmp_path / dead_names["partial"].replace(f"-{machine}-", "-000000-"))
    assert not is_dead(other), "another machine may be at work on it"
    os.utime(other, (time.time() - 2 * 24 * 3600,) * 2)
    assert is_dead(other)


def test_the_next_run_clears_and_puts_back(tmp_path: Path, dead_names: dict[str, str]) -> None:
    living = make_result(tmp_path / hidden_name("out"))
    dead = make_result(tmp_path / dead_names["partial"])
    make_result(tmp_path / dead_names[REPLACED])
    assert recover(tmp_path) == ["out was put back: a run that was killed had moved it aside."]
    assert not dead.exists()
    assert living.exists()
    assert (tmp_path / "out" / "manifest.json").read_text() == "old"
    late = make_result(tmp_path / dead_names[REPLACED], "older")
    assert recover(tmp_path) == []
    assert not late.exists()
    assert (tmp_path / "out" / "manifest.json").read_text() == "old"


def test_a_result_that_a_killed_run_moved_aside_is_opened_from_its_place(
    first_dub: object, result_copy: Path, dead_names: dict[str, str]
) -> None:
    os.rename(result_copy, result_copy.with_name(dead_names[REPLACED].replace(".out.", f".{result_copy.name}.")))
    assert open_result(result_copy).manifest.n_parts == 4
    with pytest.raises(ArchiveError):
        open_result(result_copy.with_name("never there"))


def test_files_of_the_dead_go_with_the_next_one_written_there(tmp_path: Path, dead_names: dict[str, str]) -> None:
    left = tmp_path / (dead_names["partial"] + ".wav")
    left.write_bytes(b"half")
    with written_whole(tmp_path / "loop.wav") as path:
        assert path.suffix == ".wav"
        path.write_bytes(b"whole")
    assert {one.name for one in tmp_path.iterdir()} == {"loop.wav"}
    left.mkdir()
    with work_folder(tmp_path, "work") as folder:
        assert folder.is_dir()
    assert {one.name for one in tmp_path.iterdir()} == {"loop.wav"}


@pytest.mark.skipif(sys.platform != "linux", reason="one step is what Linux offers")
def test_two_folders_change_places_in_one_step(tmp_path: Path) -> None:
    one, other = make_result(tmp_path / "a", "one"), make_result(tmp_path / "b", "other")
    assert exchange(one, other)
    assert [(path / "manifest.json").read_text() for path in (one, other)] == ["other", "one"]
    with pytest.raises(FileNotFoundError):
        exchange(one, tmp_path / "nothing")


@pytest.mark.parametrize("in_one_step", [True, False])
def test_the_new_result_is_in_place_and_the_old_one_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    if not in_one_step:
        monkeypatch.setattr(result_folder, "exchange", lambda one, other: False)
    monkeypatch.setattr(result_folder, "check_free_place", lambda out_dir, may_replace: None)
    out = make_result(tmp_path / "out")
    with made_aside(out, in_place_of=out) as work:
        (work / "manifest.json").write_text("new")
        assert (out / "manifest.json").read_text() == "old"
    assert (out / "manifest.json").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_killed_between_two_renames_the_old_one_comes_back(tmp_path: Path) -> None:
    make_result(tmp_path / "out")
    code = (
        "import os, sys; sys.path.insert(0, '.')\n"
        "from pathlib import Path\n"
        "from app.result import folder\n"
        "folder.exchange = lambda one, other: False\n"
        "folder.check_free_place = lambda out_dir, may_replace: None\n"
        "real, calls = os.rename, []\n"
        "def rename(a, b):\n"
        "    calls.append(a)\n"
        "    if len(calls) == 2: os.kill(os.getpid(), 9)\n"
        "    real(a, b)\n"
        "os.rename = rename\n"
        f"out = Path({str(tmp_path / 'out')!r})\n"
        "with folder.made_aside(out, in_place_of=out) as work:\n"
        "    (work / 'manifest.json').write_text('new')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert recover(tmp_path) == ["out was put back: a run that was killed had moved it aside."]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "manifest.json").read_text() == "old"


def test_an_old_result_that_cannot_be_deleted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, said = make_result(tmp_path / "out"), []
    monkeypatch.setattr(result_folder, "delete", lambda path: None)
    monkeypatch.setattr(result_folder, "check_free_place", lambda out_dir, may_replace: None)
    with made_aside(out, in_place_of=out, on_note=said.append) as work:
        (work / "manifest.json").write_text("new")
    assert len(said) == 1
    assert "cannot be deleted" in said[0]


def test_clean_says_what_it_does(
    tmp_path: Path, dead_names: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORARY_DIRECTORY", str(tmp_path / "tmp"))
    results = tmp_path / "results"
    dead = make_result(results / "day one" / dead_names["partial"])
    make_result(results / "day two" / dead_names[REPLACED])
    of_before = make_result(results / ".film.partial-0123abcd-old")
    living = make_result(results / hidden_name("film"))
    (tmp_path / "tmp" / "torchinductor_me").mkdir(parents=True)
    session = tmp_path / "tmp" / "riffusion-dub" / "visitors" / "anna"
    session.mkdir(parents=True)
    assert main(["clean", str(results)]) == 0
    said = capsys.readouterr().out
    assert f"deleted {dead}" in said
    assert "out was put back" in said
    assert str(of_before) in said
    assert (results / "day two" / "out" / "manifest.json").exists()
    assert [path.exists() for path in (dead, of_before, living, session)] == [False, True, True, False]
    assert not (tmp_path / "tmp" / "torchinductor_me").exists()
    of_before.joinpath("manifest.json").unlink()
    of_before.rmdir()
    assert main(["clean", str(results)]) == 0
    assert capsys.readouterr().out == "Nothing was left behind.\n"
    assert main(["clean", str(tmp_path / "nowhere")]) == 2


def test_very_long_names_are_shortened_and_stay_apart(tmp_path: Path) -> None:
    long = "ü" * 120
    names = {hidden_name(long + letter).split(".partial")[0] for letter in "ab"}
    assert len(names) == 2
    work = tmp_path / hidden_name(long)
    work.mkdir()
    assert put_in_place(work, tmp_path / long) is None
    assert clean(tmp_path) == ([], [])
