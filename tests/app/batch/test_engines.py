"""What both engines make of a list with good rows and every kind of bad ones."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.batch.batch import Plan, Team
from app.batch.ledger import Outcome, Status
from app.batch.place import open_place
from app.batch.status import status_lines, status_values
from app.dub.build_order import new_order
from app.dub.run import Run
from app.dub.story import carry_out
from app.models import ModelShelf
from app.result.folder import open_result
from app.result.verify import verify
from tests.fixtures_batch import SEGFAULT, batch, made_by, results_of, row, write_list
from tests.fixtures_dub import SETTINGS, ChordModel, OneModel

WORDS = {
    SEGFAULT: ("crash", "ended without a word"),
    "truncated": ("media", "truncated.mp4 is not a readable video"),
    "missing": ("media", "missing.mp4 does not exist: check the name."),
    "wrong": ("options", "guidance_scale in row 4 is 99, but must be from 0 to 45"),
}
"""The rows that cannot be done: what kind of thing is wrong, and its sentence."""


@dataclass(frozen=True)
class Ran:
    """A batch that has ended."""

    jobs: Path
    """Its list."""
    engine: str
    """local or ray."""
    out: Path
    """Its results."""
    calls: Path
    """The films that music was made for."""
    plan: Plan
    """What it meant to do."""
    outcomes: dict[str, Outcome]
    """What became of each row."""


@pytest.fixture(scope="module")
def jobs(films: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three rows that work, the bad ones among them."""
    folder = tmp_path_factory.mktemp("list")
    shutil.copy(films[0], folder / f"{SEGFAULT}.mp4")
    (folder / "truncated.mp4").write_bytes(films[0].read_bytes()[:5000])
    bad = [row(folder / f"{name}.mp4") for name in (SEGFAULT, "truncated", "missing")]
    wrong = row(films[0], id="wrong", guidance=99)
    return write_list(folder / "list.jsonl", [*bad, wrong, *(row(film) for film in films[:3])])


def ran(jobs: Path, folder: Path, engine: str) -> Ran:
    plan, outcomes = batch(str(jobs), str(folder / "out"), folder / "calls", team=Team(engine, 2))
    return Ran(jobs, engine, folder / "out", folder / "calls", plan, outcomes)


@pytest.fixture(scope="module")
def local(jobs: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """By processes of this machine."""
    return ran(jobs, tmp_path_factory.mktemp("local"), "local")


@pytest.fixture(scope="module")
def with_ray(jobs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """By a Ray of two CPUs, the only one of the session."""
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.CRITICAL)
    try:
        with pytest.MonkeyPatch.context() as patch:
            # Every further try of a row that crashes is another pass: one is enough to see that they are counted.
            patch.setattr("app.batch.ray_engine.MAX_ATTEMPTS", 2)
            yield ran(jobs, tmp_path_factory.mktemp("ray"), "ray")
    finally:
        ray.shutdown()


@pytest.fixture(params=["local", "with_ray"])
def either(request: pytest.FixtureRequest) -> Ran:
    """One engine, then the other."""
    found: Ran = request.getfixturevalue(request.param)
    return found


def test_a_bad_film_costs_its_row_alone(either: Ran) -> None:
    failed = {name: one for name, one in either.outcomes.items() if one.status is Status.FAILED}
    assert failed.keys() == WORDS.keys()
    for name, (reason, sentence) in WORDS.items():
        assert failed[name].reason == reason
        assert sentence in failed[name].error
    assert failed[SEGFAULT].attempts == (3 if either.engine == "local" else 2)
    done = {name for name, one in either.outcomes.items() if one.status is Status.DONE}
    assert done == {"film0", "film1", "film2"}
    assert made_by(either.calls) == ["film0.mp4", "film1.mp4", "film2.mp4"]


def test_nothing_but_results_and_the_ledger_is_left(either: Ran) -> None:
    assert {path.name for path in either.out.iterdir()} == {"_ledger", "film0", "film1", "film2"}
    assert not [*(either.out / "_ledger" / "running").iterdir()]


def test_the_ledger_has_a_line_for_every_row(either: Ran) -> None:
    (ledger,) = (either.out / "_ledger").glob("*.jsonl")
    head, *lines = map(json.loads, ledger.read_text().splitlines())
    assert (head["head"]["rows"], head["head"]["to_do"], head["head"]["workers"]) == (7, 7, 2)
    assert {line["id"]: line["status"] for line in lines} == {
        name: str(one.status) for name, one in either.outcomes.items()
    }
    (film,) = (line for line in lines if line["id"] == "film1")
    assert film["seconds"].keys() >= {"fetch", "probe", "split", "generate", "mix", "mux", "archive", "store"}
    assert film["worker"]


def test_both_engines_and_single_dubs_make_the_same(
    local: Ran, with_ray: Ran, films: list[Path], tmp_path: Path
) -> None:
    by_local, by_ray = results_of(local.out), results_of(with_ray.out)
    assert by_local == by_ray
    for film in films[:3]:
        out, shelf = tmp_path / film.stem, OneModel(ChordModel(name="pocket"))
        given = {"seed": 7, "num_inference_steps": 2, "model": "pocket"}
        what = {"n_parts": 2, "parts": [2], "prompts": ["calm piano"], "given": given}
        order = new_order(film, out, **what, settings=SETTINGS, models=ModelShelf(SETTINGS))
        carry_out(order, Run(SETTINGS), shelf)
    alone = results_of(tmp_path)
    for name, found in by_local.items():
        assert found["files"] == alone[name]["files"]
        assert len(found["manifest"].pop("job")) == 64
        found["manifest"].pop("archive"), alone[name]["manifest"].pop("archive")
        assert found["manifest"] == {key: alone[name]["manifest"][key] for key in found["manifest"]}


def test_a_result_of_a_batch_is_verified_like_any_other(local: Ran, films: list[Path]) -> None:
    report = verify(local.out / "film1", films[1])
    assert report.ok, "\n".join(report.lines)
    assert open_result(local.out / "film1").manifest.source.path == str(films[1])


def test_status_tells_what_is_done_and_what_failed_why(local: Ran) -> None:
    values = status_values(open_place(str(local.out)))
    assert (values["rows"], values["done"], values["failed"], values["waiting"]) == (7, 3, 4, 0)
    assert values["failed_by_reason"] == {"media": 2, "options": 1, "crash": 1}
    assert values["running"] == []
    table = "\n".join(status_lines(values))
    assert "done     3" in table
    assert "2 media" in table
    assert WORDS["missing"][1] in table


def test_what_is_done_or_failed_is_not_begun_again(local: Ran, films: list[Path], tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(local.out, again)
    plan, outcomes = batch(str(local.jobs), str(again), local.calls)
    assert (plan.done, plan.failed_before, len(plan.to_do), outcomes) == (3, 4, 0, {})
    assert len(made_by(local.calls)) == 3


def test_what_has_changed_is_done_again(local: Ran, films: list[Path], tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(local.out, again)
    rows = [row(films[0], seed=8), row(films[1]), row(films[2])]
    changed = write_list(tmp_path / "list.jsonl", rows)
    plan, outcomes = batch(str(changed), str(again), tmp_path / "calls", team=Team(workers=1))
    assert [job.id for job in plan.to_do] == ["film0"]
    assert outcomes["film0"].status is Status.DONE
    (dub,) = open_result(again / "film0").dubs
    assert dub.chosen.seed == 8
    assert made_by(tmp_path / "calls") == ["film0.mp4"]
    assert not (again / "_scratch").exists()
    # Another loudness in .env, another checkpoint: all of it is to be done, and nothing else tells so.
    louder = replace(SETTINGS, loudness=-20.0)
    assert len(batch_plan(changed, again, louder).to_do) == 3
    assert len(batch_plan(changed, again, SETTINGS).to_do) == 0
    assert len(batch_plan(changed, again, SETTINGS, model="riffusion").to_do) == 3


def batch_plan(jobs: Path, out: Path, settings: object, **defaults: object) -> Plan:
    from app.batch.batch import plan_batch
    from app.batch.jobs import read_jobs

    listed = read_jobs(str(jobs), {"model": "pocket", **defaults})
    return plan_batch(listed, open_place(str(out)), settings, retry_failed=False, should_cancel=lambda: False)
