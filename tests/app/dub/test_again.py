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
from app.dub import Order, Run, carry_out, changed_order, take_order, undo_order
from app.errors import ArchiveError
from app.result.folder import Result, open_result
from app.result.verify import verify
from app.soundtrack.mix import MixSettings
from riffusion_inference.datatypes import GenerationSettings, Waveform
from tests.fixtures_dub import MUSIC, RATE, SETTINGS, ChordModel, OneModel, digest_tree, dub_parts


def again_with(earlier: Path, out_dir: Path, model: ChordModel, **given: Any) -> Result:
    """An earlier result made again with some options changed."""
    models = OneModel(model)
    order = changed_order(open_result(earlier), out_dir, given=given, settings=SETTINGS, models=models)
    return carry_out(order, Run(SETTINGS), models)


def in_place(order: Order) -> Result:
    """An order that needs no model, carried out."""
    return carry_out(order, Run(SETTINGS), OneModel(ChordModel()))


def test_dubbing_another_part_keeps_the_first(first_dub: Result, dub_clip: Path, tmp_path: Path) -> None:
    model = ChordModel()
    drums = GenerationSettings("drums", seed=5, num_inference_steps=2)
    options: dict[str, Any] = {"model": model, "mix": MixSettings("under")}
    later = dub_parts(dub_clip, tmp_path / "both", 4, (4,), drums, earlier=first_dub.manifest_file, **options)
    assert [call[0].prompt for call in model.calls] == ["drums"]
    assert later.parts[1].read_bytes() == first_dub.parts[1].read_bytes()
    assert [one.part for one in later.dubs] == [2, 4]
    report = verify(later.folder, dub_clip)
    assert report.ok, report.lines
    in_place = Path(shutil.copytree(first_dub.folder, tmp_path / "in place"))
    again = dub_parts(dub_clip, in_place, 4, (4,), drums, earlier=in_place, **options)
    assert again.film.read_bytes() == later.film.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["both", "in place"]


def test_from_a_manifest_comes_the_same_again(first_dub: Result, tmp_path: Path) -> None:
    model = ChordModel()
    again = again_with(first_dub.manifest_file, tmp_path / "again", model)
    assert not model.calls
    before, after = digest_tree(first_dub.folder), digest_tree(again.folder)
    assert before.keys() == after.keys()
    same = [name for name in before if name != "manifest.json" and not name.endswith(".zip")]
    assert all(before[name] == after[name] for name in same)
    # With nothing but the manifest, everything is made anew, from the seed.
    (tmp_path / "alone").mkdir()
    shutil.copy(first_dub.manifest_file, tmp_path / "alone" / "manifest.json")
    anew = again_with(tmp_path / "alone", tmp_path / "anew", model)
    assert len(model.calls) == 1
    made = digest_tree(anew.folder)
    # A float WAV carries the time at which it was written: its samples are compared.
    assert all(made[name] == before[name] for name in same if not name.endswith(".wav"))
    for name in ("music/02.wav", "music/02.take2.wav"):
        one, other = (media.read_audio(result.folder / name) for result in (first_dub, anew))
        assert np.array_equal(one.samples, other.samples)


@pytest.mark.parametrize(
    ("given", "calls"),
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
    first_dub: Result, tmp_path: Path, given: dict[str, Any], calls: int
) -> None:
    model = ChordModel()
    changed = again_with(first_dub.folder, tmp_path / "out", model, **given)
    assert len(model.calls) == calls
    assert changed.film.read_bytes() != first_dub.film.read_bytes()
    assert changed.parts[0].read_bytes() == first_dub.parts[0].read_bytes()
    assert changed.parts[1].read_bytes() != first_dub.parts[1].read_bytes()


def test_choosing_another_take_and_undoing_make_no_music(result_copy: Path, first_dub: Result, dub_clip: Path) -> None:
    chosen = in_place(take_order(open_result(result_copy), 2, 2))
    assert (chosen.dubs[0].chosen.seed, chosen.dubs[0].chosen.wav) == (12, "music/02.take2.wav")
    assert chosen.film.read_bytes() != first_dub.film.read_bytes()
    assert verify(result_copy, dub_clip).ok
    back = in_place(take_order(open_result(result_copy), 2, 1))
    assert back.film.read_bytes() == first_dub.film.read_bytes()
    undone = in_place(undo_order(open_result(result_copy), 2))
    assert undone.dubs == ()
    assert undone.parts[1].read_bytes() == first_dub.before(2).read_bytes()
    assert verify(result_copy, dub_clip).ok
    with pytest.raises(ArchiveError, match="no music that could be taken out"):
        undo_order(open_result(result_copy), 2)
    with pytest.raises(ArchiveError, match="has no music"):
        take_order(open_result(result_copy), 2, 1)


def test_a_take_that_does_not_exist_is_said(result_copy: Path) -> None:
    with pytest.raises(ArchiveError, match="has 2 takes, not a take 3"):
        take_order(open_result(result_copy), 2, 3)


def test_the_source_must_be_found_again(result_copy: Path, tmp_path: Path, dub_clip: Path) -> None:
    values = json.loads((result_copy / "manifest.json").read_text())
    values["source"]["path"] = str(tmp_path / "gone.mp4")
    (result_copy / "manifest.json").write_text(json.dumps(values))
    with pytest.raises(ArchiveError, match="is not where it was"):
        undo_order(open_result(result_copy), 2)
    assert in_place(undo_order(open_result(result_copy), 2, video=dub_clip)).dubs == ()


def test_seed_image_and_sound_are_kept_and_used_again(dub_clip: Path, tmp_path: Path) -> None:
    from tests.fixtures_dub import spectrogram_picture

    model = ChordModel()
    start = replace(MUSIC, seed_image=spectrogram_picture(), strength=0.4)
    made = dub_parts(dub_clip, tmp_path / "image", 4, (2,), start, model=model)
    assert made.manifest.dub_of(2).music.seed_image == "music/02.seed.png"
    assert len(again_with(made.folder, tmp_path / "same", model).dubs) == 1
    assert len(model.calls) == 1
    sound = Waveform(np.linspace(-1, 1, 4000, dtype=np.float32)[None], RATE)
    other = again_with(made.folder, tmp_path / "sound", model, seed_audio=sound)
    assert model.calls[-1][0].seed_image is None
    assert np.array_equal(model.calls[-1][0].seed_audio.samples, sound.samples)
    (made.folder / "music" / "02.seed.png").unlink()
    with pytest.raises(ArchiveError, match="which is missing or was changed"):
        again_with(made.folder, tmp_path / "gone", model)
    assert other.manifest.dub_of(2).music.seed_audio == "music/02.seed.wav"
