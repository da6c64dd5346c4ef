"""The command batch: what it says beforehand and at the end, its exit codes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.batch.jobs import read_jobs
from app.batch.key import job_hash
from app.settings import load_settings
from tests.fixtures_batch import row, write_list
from tests.fixtures_dub import run


@pytest.fixture
def out(films: list[Path], tmp_path: Path) -> Path:
    """A folder where the first film is done."""
    (job,) = read_jobs(str(write_list(tmp_path / "one.jsonl", [row(films[0])])), {"model": "pocket"})
    settings = load_settings(model="pocket")
    (tmp_path / "out" / "film0").mkdir(parents=True)
    manifest = {"job": job_hash(job, settings, "pocket")}
    (tmp_path / "out" / "film0" / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path / "out"


def test_what_is_done_is_said_and_left_alone(
    capsys: pytest.CaptureFixture[str], films: list[Path], tmp_path: Path, out: Path
) -> None:
    listed = write_list(tmp_path / "list.jsonl", [row(films[0])])
    code, said, told = run(capsys, "batch", listed, "--out", out, "--model", "pocket")
    assert code == 0
    assert "1 film, 1 done already, 0 to do; engine local." in told
    assert said.startswith("done     1 of 1, 0 of them now")
    code, said, _ = run(capsys, "batch", listed, "--out", out, "--model", "pocket", "--json")
    assert {name: json.loads(said)[name] for name in ("rows", "done", "failed")} == {"rows": 1, "done": 1, "failed": 0}


def test_a_row_that_cannot_be_right_is_told_with_its_sentence(
    capsys: pytest.CaptureFixture[str], films: list[Path], tmp_path: Path, out: Path
) -> None:
    listed = write_list(tmp_path / "list.jsonl", [row(films[0]), row(films[1], guidance=99)])
    words = ["batch", listed, "--out", out, "--model", "pocket"]
    code, said, told = run(capsys, *words)
    assert code == 1
    assert "1 cannot be right" in told
    assert "film1 failed: guidance_scale in row 2 is 99, but must be from 0 to 45" in told
    assert "batch --status" in said
    code, said, told = run(capsys, *words)
    assert "1 failed before (--retry-failed tries them again)" in told
    code, said, _ = run(capsys, "batch", "--status", out)
    assert code == 0
    assert "failed   1\n         1 options\n         film1: guidance_scale in row 2" in said


@pytest.mark.parametrize(
    ("words", "sentence", "code"),
    [
        ("batch", "batch needs JOBS and --out, or --status", 2),
        ("batch {list} --out {out} --workers 0", "--workers is 0: choose at least 1", 2),
        ("batch {list} --out {out} --gpus-per-worker -1", "--gpus-per-worker is -1: choose 0 or more", 2),
        ("batch {nowhere} --out {out}", "nowhere.csv does not exist", 1),
        ("batch --status {nowhere}", "holds no ledger", 1),
    ],
)
def test_mistakes_get_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: str, sentence: str, code: int
) -> None:
    listed = write_list(tmp_path / "list.jsonl", [{"id": "a", "source": "a.mp4"}])
    named = {"list": listed, "out": tmp_path / "out", "nowhere": tmp_path / "nowhere.csv"}
    ended, _, told = run(capsys, *(word.format(**named) for word in words.split()))
    assert ended == code
    assert sentence in told
    assert len(told.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_options_and_defaults_hold_for_every_row_that_says_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listed = write_list(
        tmp_path / "list.jsonl", [{"id": "a", "source": "a.mp4"}, {"id": "b", "source": "b", "part": 3}]
    )
    (tmp_path / "defaults.json").write_text('{"parts": 2, "prompt": "piano", "guidance": 99}')
    words = ["batch", listed, "--out", tmp_path / "out", "--defaults", tmp_path / "defaults.json", "--part", "x"]
    assert run(capsys, *words)[0] == 2
    words[-1] = "all"
    _, _, told = run(capsys, *words)
    assert told.count("guidance_scale in row") == 2
