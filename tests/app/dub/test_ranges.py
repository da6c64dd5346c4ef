"""Dubs are ranges in time: another range, or another cut, leaves the music that it does not touch byte for byte."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from app import media
from app.dub import Order, Run, carry_out, changed_order, new_order
from app.dub.ranges import what_stays
from app.errors import ArchiveError, ConfigError, PlanError
from app.plan import read_range, snap_ranges
from app.result.folder import Result, open_result
from app.result.verify import verify
from tests.fixtures_dub import SETTINGS, ChordModel, OneModel, make_clip
from tests.fixtures_score import ScoreModel


def order_ranges(video: Path, out: Path, model: ChordModel, *ranges: str, **what: Any) -> Order:
    """New music for ranges as they are typed."""
    what = {"prompts": ["calm piano"], "given": {"seed": 7, "num_inference_steps": 1}, **what}
    asked = [read_range(text) for text in ranges]
    return new_order(video, out, ranges=asked, settings=SETTINGS, models=OneModel(model), **what)


def made(order: Order, model: ChordModel) -> Result:
    return carry_out(order, Run(SETTINGS), OneModel(model))


@pytest.fixture(scope="module")
def ranged(dub_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Music from 1.5 to 2.5 s of four; whoever changes it copies it first."""
    model = ChordModel()
    return made(order_ranges(dub_clip, tmp_path_factory.mktemp("ranged") / "out", model, "1.5-2.5"), model)


def places(result: Result) -> list[tuple[Fraction, Fraction]]:
    """When the dubs begin and end."""
    return [result.times[one.part - 1] for one in result.dubs]


def takes_of(result: Result) -> dict[tuple[Fraction, Fraction], bytes]:
    """The chosen take's file of each dub, by its place."""
    paths = [result.path(one.chosen.wav) for one in result.dubs]
    return {place: path.read_bytes() for place, path in zip(places(result), paths, strict=True) if path}


def test_a_range_is_a_part_and_the_rest_lies_between(ranged: Result, dub_clip: Path) -> None:
    half = Fraction(1, 2)
    assert ranged.times == ((0, 3 * half), (3 * half, 5 * half), (5 * half, 4))
    assert [one.part for one in ranged.dubs] == [2]
    assert ranged.dubs[0].music.n_samples == 16000
    assert media.probe(ranged.parts[1]).n_frames == 10
    report = verify(ranged.folder, dub_clip)
    assert report.ok, report.lines


def test_music_elsewhere_stays_byte_for_byte_under_its_new_number(
    ranged: Result, dub_clip: Path, tmp_path: Path
) -> None:
    model = ChordModel()
    order = order_ranges(dub_clip, tmp_path / "out", model, "0.3-1.1", "3-", prompts=["rain", "sun"], earlier=ranged)
    assert order.notes == ()
    later = made(order, model)
    assert [call[0].prompt for call in model.calls] == ["rain", "sun"]
    assert [one.part for one in later.dubs] == [2, 4, 6]
    old, new = ranged.dubs[0], later.dubs[1]
    assert new.chosen.wav == "music/04.wav"
    assert takes_of(ranged).items() <= takes_of(later).items()
    assert (new.chosen.seed, new.take, new.prompt) == (old.chosen.seed, old.take, old.prompt)
    assert new.music.generation_key == old.music.generation_key
    assert verify(later.folder, dub_clip).ok
    # Once more from there, with nothing said: nothing is made.
    again = changed_order(later, tmp_path / "again", given={}, settings=SETTINGS, models=OneModel(model))
    assert made(again, model).film.read_bytes() == later.film.read_bytes()
    assert len(model.calls) == 2


def test_what_overlaps_is_named_before_anything_runs(ranged: Result, dub_clip: Path, tmp_path: Path) -> None:
    model, heard = ChordModel(), []
    order = order_ranges(dub_clip, tmp_path / "out", model, "2-3", earlier=ranged)
    said = (
        "The music at 00:01.500 to 00:02.500 overlaps a new range and is taken out: where there is no new music, the "
        "film's own sound comes back."
    )
    assert order.notes == (said,)
    assert not model.calls
    result = carry_out(order, Run(SETTINGS, on_note=heard.append), OneModel(model))
    assert heard[0] == said
    assert places(result) == [(2, 3)]
    whole = order_ranges(dub_clip, tmp_path / "whole", model, "1-3", earlier=ranged)
    assert whole.notes == ("The music at 00:01.500 to 00:02.500 lies within a new range and is replaced.",)
    assert order_ranges(dub_clip, tmp_path / "same", model, "1.5-2.5", earlier=ranged).notes == ()


def test_what_stays_can_be_asked_without_a_file(ranged: Result, dub_clip: Path) -> None:
    clip = media.probe(dub_clip)

    def sorted_by(*ranges: str) -> tuple[int, int, int]:
        found = what_stays(ranged, snap_ranges(clip, [read_range(text) for text in ranges])[0])
        return len(found.kept), len(found.same), len(found.replaced)

    assert sorted_by("0-1.5", "2.5-4") == (1, 0, 0)
    assert sorted_by("1.5-2.5") == (0, 1, 0)
    assert sorted_by("0-1.6") == (0, 0, 1)
    assert what_stays(None, ()).kept == ()


def test_another_number_of_parts_leaves_music_where_it_is(first_dub: Result, dub_clip: Path, tmp_path: Path) -> None:
    # Part 2 of 4 has music, from 1 to 2 s; part 3 of 3 begins at 2.6 s.
    model = ChordModel()
    order = changed_order(
        first_dub, tmp_path / "out", n_parts=3, parts=(3,), prompts=("drums",), given={"seed": 3}, settings=SETTINGS,
        models=OneModel(model),
    )  # fmt: skip
    assert order.notes == (
        "Part 3 of 3 is part 4 of 4 here, since earlier music that stays is a part by itself.",
    )  # fmt: skip
    later = made(order, model)
    assert len(model.calls) == 1
    assert later.times[1] == (1, 2)
    assert [one.part for one in later.dubs] == [2, 4]
    assert takes_of(first_dub).items() <= takes_of(later).items()
    assert verify(later.folder, dub_clip).ok
    # Part 1 of 3 ends at 1.3 s: there it overlaps.
    over = changed_order(
        first_dub, tmp_path / "over", n_parts=3, parts=(1,), prompts=("drums",), given={}, settings=SETTINGS,
        models=OneModel(model),
    )  # fmt: skip
    assert "The music at 00:01.000 to 00:02.000 overlaps a new range" in over.notes[0]
    assert [one.part for one in over.parts] == [1]


def test_music_that_runs_on_through_parts_stays_when_they_get_other_numbers(cut_clip: Path, tmp_path: Path) -> None:
    model = ScoreModel()
    through = {"seed": 5, "through": True, "num_inference_steps": 1}
    first = made(order_ranges(cut_clip, tmp_path / "one", model, "3-5", "5-7.5", given=through), model)
    assert len(model.calls) == 1
    assert [one.music.writing.run for one in first.dubs] == [(2, 3), (2, 3)]
    later = made(order_ranges(cut_clip, tmp_path / "two", model, "1-2", earlier=first), model)
    assert len(model.calls) == 2
    assert [one.music.writing.run for one in later.dubs] == [(), (4, 5), (4, 5)]
    assert [one.music.writing.lead.part for one in later.dubs] == [4, 4, 4]
    assert takes_of(first).items() <= takes_of(later).items()
    assert verify(later.folder, cut_clip).ok
    # What is gone of a piece leaves the rest as it is.
    rest = made(order_ranges(cut_clip, tmp_path / "three", model, "6-8", earlier=later), model)
    assert len(model.calls) == 3
    assert places(rest) == [(1, 2), (3, 5), (6, 8)]
    assert {place: take for place, take in takes_of(later).items() if place != (5, Fraction(15, 2))}.items() <= (
        takes_of(rest).items()
    )
    assert verify(rest.folder, cut_clip).ok


def test_a_piece_of_a_manifest_that_knew_it_by_numbers_is_not_made_again(cut_clip: Path, tmp_path: Path) -> None:
    model = ScoreModel()
    through = {"seed": 5, "through": True, "num_inference_steps": 1}
    parts = {"n_parts": 4, "parts": (2, 3), "prompts": ["piano"], "given": through}
    order = new_order(cut_clip, tmp_path / "old", **parts, settings=SETTINGS, models=OneModel(model))
    old = made(order, model)
    values = json.loads(old.manifest_file.read_text())
    values["schema"] = 4
    del values["at_times"]
    from app.result.key import generation_key, numbered_run, of_score

    for place, dub in enumerate(old.dubs):
        music, part = dub.music, old.manifest.parts[dub.part - 1]
        picture = [old.manifest.source.sha256, part.start_frame, part.end_frame]
        score = of_score(music.writing, numbered_run(old.manifest, music.writing), picture)
        key = generation_key(music.generation, music.model, music.n_samples, music.sample_rate, score)
        values["dubs"][place]["music"]["generation_key"] = key
        del values["dubs"][place]["music"]["writing"]["run_samples"]
    old.manifest_file.write_text(json.dumps(values))
    report = verify(old.folder, cut_clip)
    assert [check.name for check in report.failed] == ["archive"]  # It holds the manifest of today.
    model.calls.clear()
    later = made(order_ranges(cut_clip, tmp_path / "new", model, "0-1", earlier=open_result(old.folder)), model)
    assert len(model.calls) == 1
    assert takes_of(old).items() <= takes_of(later).items()
    assert verify(later.folder, cut_clip).ok


def test_a_range_of_an_earlier_result_is_changed_in_place(ranged: Result, tmp_path: Path) -> None:
    model = ChordModel()
    copy = Path(shutil.copytree(ranged.folder, tmp_path / "out"))
    common: dict[str, Any] = {"settings": SETTINGS, "models": OneModel(model)}
    asked = [read_range("1.5-2.5")]
    order = changed_order(open_result(copy), copy, ranges=asked, given={"loudness": -30.0}, **common)
    assert made(order, model).dubs[0].mix.loudness == -30
    assert not model.calls
    with pytest.raises(ConfigError, match="Part 4 has no music yet: say with --prompt what it should be"):
        changed_order(open_result(copy), copy, ranges=[read_range("3-3.5")], given={}, **common)


def test_what_cannot_be_ordered_is_said(ranged: Result, dub_clip: Path, tmp_path: Path) -> None:
    model = ChordModel()
    with pytest.raises(ConfigError, match="2 prompts for 3 ranges: give one prompt, or one for each range"):
        order_ranges(dub_clip, tmp_path / "out", model, "0-1", "1-2", "3-4", prompts=["a", "b"])
    with pytest.raises(ConfigError, match="choose one of the two"):
        order_ranges(dub_clip, tmp_path / "out", model, "0-1", n_parts=4)
    with pytest.raises(PlanError, match=r"lasts 0\.100 s, but music is made for 0\.2 s .* choose a longer range"):
        made(order_ranges(dub_clip, tmp_path / "out", model, "1-1.1"), model)
    with pytest.raises(PlanError, match="Two of the cuts have the same nearest keyframe"):
        made(order_ranges(dub_clip, tmp_path / "out", model, "2.1-2.4", given={"split_mode": "keyframe"}), model)
    other = make_clip(tmp_path / "other.mp4", 3.0)
    with pytest.raises(ArchiveError, match=r"was made from my clip .* with 40 frames, but other.mp4 has 30"):
        order_ranges(other, tmp_path / "out", model, "0-1", earlier=ranged)
    assert not model.calls
