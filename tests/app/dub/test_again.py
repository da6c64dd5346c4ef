"""Going on from an earlier result: what is taken over, what is redone, and taking music out again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import media
from app.dub.story import choose_take, dub, dub_again, undo
from app.errors import ArchiveError
from app.result.archive import verify
from app.result.manifest import read_manifest
from app.result.results import DubResult, DubSettings
from riffusion_inference.datatypes import GenerationSettings, Waveform
from tests.fixtures_dub import MUSIC, RATE, SETTINGS, ChordModel, digest_tree


def test_dubbing_another_part_keeps_the_first(first_dub: DubResult, dub_clip: Path, tmp_path: Path) -> None:
    model = ChordModel()
    asked = DubSettings(4, (3,), GenerationSettings("drums", seed=5, num_inference_steps=2), sound_mode="under")
    later = dub(dub_clip, tmp_path / "both", asked, model=model, app_settings=SETTINGS, previous=first_dub.manifest)
    assert [call[0].prompt for call in model.calls] == ["drums"]
    assert later.parts[1].read_bytes() == first_dub.parts[1].read_bytes()
    assert [music.part for music in later.music] == [2, 3]
    report = verify(later.out_dir, dub_clip)
    assert report.ok, report.lines
    in_place = Path(shutil.copytree(first_dub.out_dir, tmp_path / "in place"))
    again = dub(dub_clip, in_place, asked, model=model, app_settings=SETTINGS, previous=in_place / "manifest.json")
    assert again.film.read_bytes() == later.film.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["both", "in place"]


def test_from_a_manifest_comes_the_same_again(first_dub: DubResult, tmp_path: Path) -> None:
    model = ChordModel()
    again = dub_again(first_dub.manifest, tmp_path / "again", model=model, app_settings=SETTINGS)
    assert not model.calls
    before, after = digest_tree(first_dub.out_dir), digest_tree(again.out_dir)
    assert before.keys() == after.keys()
    same = [name for name in before if name != "manifest.json" and not name.endswith(".zip")]
    assert all(before[name] == after[name] for name in same)
    # With nothing but the manifest, everything is made anew, from the seed.
    (tmp_path / "alone").mkdir()
    shutil.copy(first_dub.manifest, tmp_path / "alone" / "manifest.json")
    anew = dub_again(tmp_path / "alone", tmp_path / "anew", model=model, app_settings=SETTINGS)
    assert len(model.calls) == 1
    made = digest_tree(anew.out_dir)
    # A float WAV carries the time at which it was written: its samples are compared.
    assert all(made[name] == before[name] for name in same if not name.endswith(".wav"))
    for one, other in zip(first_dub.music[0].candidates, anew.music[0].candidates, strict=True):
        assert np.array_equal(media.read_audio(one.wav).samples, media.read_audio(other.wav).samples)


@pytest.mark.parametrize(
    ("changes", "calls"),
    [
        ({"loudness": -20.0}, 0),
        ({"sound_mode": "duck"}, 0),
        ({"take": 2}, 0),
        ({"prompt": "loud drums"}, 1),
        ({"seed": 12}, 1),
        ({"guidance_scale": 3.0}, 1),
    ],
)
def test_a_changed_option_redoes_only_what_it_touches(
    first_dub: DubResult, tmp_path: Path, changes: dict[str, Any], calls: int
) -> None:
    model = ChordModel()
    changed = dub_again(first_dub.manifest, tmp_path / "out", model=model, changes=changes, app_settings=SETTINGS)
    assert len(model.calls) == calls
    assert changed.film.read_bytes() != first_dub.film.read_bytes()
    assert changed.parts[0].read_bytes() == first_dub.parts[0].read_bytes()
    assert changed.parts[1].read_bytes() != first_dub.parts[1].read_bytes()


def test_choosing_another_take_and_undoing_make_no_music(
    result_copy: Path, first_dub: DubResult, dub_clip: Path
) -> None:
    chosen = choose_take(result_copy, 2, 2, app_settings=SETTINGS)
    assert chosen.seeds == {2: 12}
    assert chosen.music[0].wav.name == "02.take2.wav"
    assert chosen.film.read_bytes() != first_dub.film.read_bytes()
    assert verify(result_copy, dub_clip).ok
    back = choose_take(result_copy, 2, 1, app_settings=SETTINGS)
    assert back.film.read_bytes() == first_dub.film.read_bytes()
    undone = undo(result_copy, 2, app_settings=SETTINGS)
    assert undone.music == ()
    assert undone.parts[1].read_bytes() == first_dub.music[0].before.read_bytes()
    assert verify(result_copy, dub_clip).ok
    with pytest.raises(ArchiveError, match="no music that could be taken out"):
        undo(result_copy, 2, app_settings=SETTINGS)
    with pytest.raises(ArchiveError, match="has no music"):
        choose_take(result_copy, 2, 1, app_settings=SETTINGS)


def test_a_take_that_does_not_exist_is_said(result_copy: Path) -> None:
    with pytest.raises(ArchiveError, match="has 2 takes, not a take 3"):
        choose_take(result_copy, 2, 3, app_settings=SETTINGS)


def test_the_source_must_be_found_again(result_copy: Path, tmp_path: Path, dub_clip: Path) -> None:
    values = json.loads((result_copy / "manifest.json").read_text())
    values["source"]["path"] = str(tmp_path / "gone.mp4")
    (result_copy / "manifest.json").write_text(json.dumps(values))
    with pytest.raises(ArchiveError, match="is not where it was"):
        undo(result_copy, 2, app_settings=SETTINGS)
    assert undo(result_copy, 2, video=dub_clip, app_settings=SETTINGS).music == ()


def test_seed_image_and_sound_are_kept_and_used_again(dub_clip: Path, tmp_path: Path) -> None:
    from tests.fixtures_dub import spectrogram_picture

    model = ChordModel()
    start = replace(MUSIC, seed_image=spectrogram_picture(), strength=0.4)
    made = dub(dub_clip, tmp_path / "image", DubSettings(4, (2,), start), model=model, app_settings=SETTINGS)
    assert read_manifest(made.manifest).dub_of(2).seed_image == "music/02.seed.png"
    assert len(dub_again(made.manifest, tmp_path / "same", model=model, app_settings=SETTINGS).music) == 1
    assert len(model.calls) == 1
    sound = Waveform(np.linspace(-1, 1, 4000, dtype=np.float32)[None], RATE)
    other = dub_again(
        made.manifest, tmp_path / "sound", model=model, changes={"seed_audio": sound}, app_settings=SETTINGS
    )
    assert model.calls[-1][0].seed_image is None
    assert np.array_equal(model.calls[-1][0].seed_audio.samples, sound.samples)
    (made.out_dir / "music" / "02.seed.png").unlink()
    with pytest.raises(ArchiveError, match="which is missing or was changed"):
        dub_again(made.manifest, tmp_path / "gone", model=model, app_settings=SETTINGS)
    assert read_manifest(other.manifest).dub_of(2).seed_audio == "music/02.seed.wav"
