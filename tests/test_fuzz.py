"""The short form of `make fuzz`: damaged files of every kind bring a result or one sentence, and leave nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.wall import job
from benchmarks.fuzz.__main__ import Tally, try_one
from benchmarks.fuzz.seeds import SETTINGS, Seeds, make_seeds

COUNTS = {
    "probe": 20, "reencode": 3, "dub": 4, "sounds": 20, "images": 30, "manifests": 5, "zips": 8, "checkpoints": 4
}  # fmt: skip


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Seeds:
    return make_seeds(tmp_path_factory.mktemp("seeds"))


@pytest.mark.parametrize("stage", COUNTS)
def test_damaged_files(seeds: Seeds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    monkeypatch.setattr(job, "_POLICY", job.policy_of(SETTINGS))
    tally = Tally()
    for case in range(COUNTS[stage]):
        try_one(stage, case, 1, seeds, tmp_path / "work", tally)
    assert tally.wrong == []
    assert tally.counts.total() == COUNTS[stage]
    assert set(tally.counts) <= {"success", "sentence", "memory", "unproved"}
