"""A result of version 0.1.0 is still read, gone on from, and verified."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.dub import Run, carry_out, changed_order
from app.result.folder import Result, open_result
from app.result.key import generation_key
from app.result.verify import verify
from app.settings.options import ScoreMode
from app.settings.writing import Writing
from tests.fixtures_dub import MUSIC, SETTINGS, ChordModel, OneModel, dub_parts

WRITTEN = Path(__file__).parents[2] / "data" / "manifest_0_1_0.json"
"""What version 0.1.0 wrote of the clip, the part, the music and the model that `result` has here."""


@pytest.fixture(scope="module")
def result(real_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The same dub by this version."""
    out_dir, unwritten = tmp_path_factory.mktemp("now") / "out", Writing(ScoreMode.OFF)
    return dub_parts(real_clip, out_dir, 4, (2,), replace(MUSIC, candidates=2), writing=unwritten)


def as_first_schema(values: dict[str, Any]) -> dict[str, Any]:
    """This version's manifest laid out as version 0.1.0 did."""
    dubs = []
    for one in values["dubs"]:
        music, mix = one.pop("music"), one["mix"]
        for name in ("fade_in", "fade_out", "duck_depth_db", "duck_attack", "duck_release"):
            del mix[name]
        generation = music.pop("generation")
        generation.pop("bpm", None)
        del music["writing"], music["seed_midi"], music["score"]
        for take in music["takes"]:
            del take["midi"], take["kept_cuts"]
        dubs.append({**one, **music, **generation})
    del values["film_sound"], values["job"], values["at_times"], values["terms"]
    return {**values, "dubs": dubs, "schema": 1}


def with_manifest(archive: Path, values: dict[str, Any]) -> None:
    """Put another manifest into a zip."""
    with zipfile.ZipFile(archive) as old:
        files = {name: old.read(name) for name in old.namelist()}
    files["manifest.json"] = json.dumps(values).encode()
    with zipfile.ZipFile(archive, "w") as new:
        for name, content in files.items():
            new.writestr(name, content)


def test_the_first_schema_is_read_whole(result: Result) -> None:
    old, new = open_result(WRITTEN).manifest, result.manifest
    assert old.dubs == new.dubs
    assert old.parts == new.parts
    assert replace(old.source, path=None) == replace(new.source, path=None)
    assert old.film_samples == new.film_samples
    assert old.film_sound == "encoded"


def test_what_is_written_here_as_the_first_schema_is_what_was_written_then(result: Result) -> None:
    then = json.loads(WRITTEN.read_text())
    now = as_first_schema(json.loads(result.manifest_file.read_text()))
    assert now.keys() == then.keys()
    assert now["dubs"] == then["dubs"]
    assert now["files"].keys() == then["files"].keys()


def test_an_old_result_is_gone_on_from_and_verified(result: Result, real_clip: Path, tmp_path: Path) -> None:
    old = Path(shutil.copytree(result.folder, tmp_path / "old"))
    values = as_first_schema(json.loads(result.manifest_file.read_text()))
    (old / "manifest.json").write_text(json.dumps(values))
    with_manifest(old / values["archive"], {**values, "archive": None})
    assert verify(old, real_clip).ok
    model = ChordModel()
    shelf = OneModel(model)
    order = changed_order(
        open_result(old), tmp_path / "new", given={"loudness": -20.0}, settings=SETTINGS, models=shelf
    )
    made = carry_out(order, Run(SETTINGS), shelf)
    assert not model.calls
    assert json.loads(made.manifest_file.read_text())["schema"] == 5
    assert (made.folder / "music" / "02.wav").read_bytes() == (old / "music" / "02.wav").read_bytes()
    assert verify(made.folder, real_clip).ok


def test_the_key_of_the_same_music_is_what_it_was() -> None:
    facts = open_result(WRITTEN).manifest.dubs[0].music
    key = generation_key(facts.generation, facts.model, facts.n_samples, facts.sample_rate)
    assert key == facts.generation_key
