"""Lists of jobs: what is read of them, and which sentences their mistakes get."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.batch.columns import Job, job_of, seed_of
from app.batch.jobs import read_defaults, read_jobs
from app.batch.key import job_hash
from app.errors import ConfigError, MediaError
from tests.fixtures_batch import write_list
from tests.fixtures_dub import SETTINGS

ROWS = [
    {"id": "one", "source": "a.mp4", "parts": 4, "part": 2, "prompt": "calm piano", "seed": 7, "mix": "duck"},
    {"id": "two", "source": "s3://b/b.mp4", "parts": 3, "part": [1, 3], "prompt": ["a", "b"], "drums": False},
    {"id": "three", "source": "c.mp4", "parts": 2, "part": "all", "prompt": "auto", "instruments": "piano, cello"},
]


def test_rows_are_read_from_json_lines(tmp_path: Path) -> None:
    one, two, three = read_jobs(str(write_list(tmp_path / "list.jsonl", ROWS)), {"loudness": -14})
    options = {"seed": 7, "sound_mode": "duck", "loudness": -14.0}
    assert one == Job("one", "a.mp4", 4, (2,), ("calm piano",), options)
    assert (two.parts, two.prompts, two.options["drums"]) == ((1, 3), ("a", "b"), False)
    assert (three.parts, three.options["instruments"]) == ((1, 2), ["piano", "cello"])
    assert Job.from_text(two.text) == two


def test_csv_and_parquet_say_the_same_as_json_lines(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{**ROWS[0], "drums": "no drums"}, {**ROWS[2], "part": 1, "seed": 3, "mix": "", "drums": ""}]
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (tmp_path / "list.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    table = [{name: row.get(name) or None for name in names} for row in rows]
    parquet.write_table(pyarrow.Table.from_pylist(table), tmp_path / "list.parquet")
    kept = [{name: value for name, value in row.items() if value != ""} for row in rows]
    wanted = read_jobs(str(write_list(tmp_path / "list.jsonl", kept)), {})
    assert read_jobs(str(tmp_path / "list.csv"), {}) == wanted
    assert read_jobs(str(tmp_path / "list.parquet"), {}) == wanted


def test_a_folder_or_a_glob_stands_for_its_videos(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mkv", "b.mp4", "more/c.webm", "notes.txt", ".hidden.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    every = {"parts": 4, "part": 2, "prompt": "auto"}
    found = read_jobs(str(tmp_path), every)
    assert [job.id for job in found] == ["a", "b.mkv", "b.mp4", "more__c"]
    assert found[3].source == str(tmp_path / "more/c.webm")
    assert [job.id for job in read_jobs(str(tmp_path / "*.mp4"), every)] == ["a", "b"]
    assert {(job.n_parts, job.parts, job.prompts, job.problem) for job in found} == {(4, (2,), ("auto",), "")}


def test_unknown_columns_are_named_all_at_once(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "loudnes": -14}, {**ROWS[1], "colour": "red"}]
    with pytest.raises(ConfigError, match=r"loudnes, colour\. Did you mean loudness, ") as said:
        read_jobs(str(write_list(tmp_path / "list.jsonl", rows)), {})
    assert "negative_prompt" in str(said.value)
    with pytest.raises(ConfigError, match="sound_mode under two names"):
        read_jobs(str(write_list(tmp_path / "list.jsonl", [{**ROWS[0], "sound_mode": "under"}])), {})


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"guidance": 99}, "guidance_scale in row 1 is 99, but must be from 0 to 45"),
        ({"mix": "loud"}, "sound_mode in row 1 is 'loud': choose one of replace, under, duck"),
        ({"drums": "maybe"}, "drums in row 1 is 'maybe': write drums or no drums"),
        ({"parts": 0}, "parts in row 1 is 0: choose at least 1"),
        ({"parts": None}, "parts is not given in row 1"),
        ({"part": "two"}, "part in row 1 is 'two': write a whole number"),
        ({"prompt": None}, "There is no prompt for the music in row 1"),
        ({"source": None}, "Row 1 names no source"),
    ],
)
def test_a_wrong_value_is_its_rows_problem_alone(tmp_path: Path, changed: dict[str, object], sentence: str) -> None:
    wrong, right = read_jobs(str(write_list(tmp_path / "list.jsonl", [{**ROWS[0], **changed}, ROWS[1]])), {})
    assert sentence in wrong.problem
    assert not right.problem


def test_ids_name_folders_and_are_there_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the id 'one' in rows 1, 3"):
        read_jobs(str(write_list(tmp_path / "list.jsonl", [ROWS[0], ROWS[1], ROWS[0]])), {})
    for name in ("../out", "_ledger", ".x", "a/b", "x" * 121):
        with pytest.raises(ConfigError, match="cannot be the name of a folder"):
            read_jobs(str(write_list(tmp_path / "list.jsonl", [{**ROWS[0], "id": name}])), {})


def test_a_row_without_a_seed_has_the_same_one_each_time(tmp_path: Path) -> None:
    rows = [{**row, "seed": None} for row in ROWS]
    first, again = (read_jobs(str(write_list(tmp_path / name, rows)), {}) for name in ("a.jsonl", "b.jsonl"))
    assert [job.options["seed"] for job in first] == [seed_of(str(row["id"])) for row in ROWS]
    assert first == again
    assert len({job.options["seed"] for job in first}) == 3


def test_what_is_no_list_is_said(tmp_path: Path) -> None:
    (tmp_path / "list.jsonl").write_text('{"id": 1}\n{"id"\n')
    (tmp_path / "defaults.json").write_text('{"prompt": "x", "colour": 1}')
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="line 2 is not JSON"):
        read_jobs(str(tmp_path / "list.jsonl"), {})
    with pytest.raises(ConfigError, match="unknown: colour"):
        read_defaults(str(tmp_path / "defaults.json"))
    with pytest.raises(ConfigError, match="holds no job"):
        read_jobs(str(tmp_path / "empty"), {})
    with pytest.raises(MediaError, match=r"nowhere\.csv does not exist"):
        read_jobs(str(tmp_path / "nowhere.csv"), {})
    shutil.copy(tmp_path / "list.jsonl", tmp_path / "list.parquet")
    with pytest.raises(ConfigError, match="is not a Parquet file"):
        read_jobs(str(tmp_path / "list.parquet"), {})


def test_times_may_stand_in_place_of_parts(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    row = {"id": "one", "source": str(tmp_path / "a.mp4"), "prompt": "piano", "seed": 1}
    texts = job_of(1, {**row, "range": "00:12.4-00:31, 01:05-"}, {})
    assert (texts.ranges, texts.n_parts, texts.parts) == (("00:12.4-00:31", " 01:05-"), 1, ())
    assert job_of(1, {**row, "range": [[12.4, 31], [65, None]]}, {}).ranges == ("12.4-31", "65-")
    assert Job.from_text(texts.text) == texts
    for wrong, said in (
        ({"range": "12"}, "'12' is not a range of time"),
        ({"range": 5}, "5 is not a range of time: give pairs of times such as"),
        ({"range": "1-2", "parts": 3}, "both parts and a range in row 1"),
    ):
        assert said in job_of(1, {**row, **wrong}, {}).problem
    keys = {job_hash(one, SETTINGS, "none") for one in (texts, replace(texts, ranges=("1-2",)))}
    assert len(keys) == 2
