"""The timeline of a result, read by OpenTimelineIO itself; its parts as files by themselves; and the music's terms."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime, TimeRange

from app import media
from app.dub import Run, carry_out, new_order
from app.plan import read_range
from app.result.archive import unpack
from app.result.folder import Result, open_result
from app.result.manifest import read_manifest
from app.result.terms import terms_of
from app.result.timeline import timeline_of
from tests.fixtures_dub import FRAME_RATE, SETTINGS, ChordModel, OneModel, dub_parts, make_clip, run
from tests.fixtures_score import ScoreModel


@pytest.fixture(scope="module")
def filmed(cut_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Two pieces of music that follow the cuts of nine seconds."""
    models, out = OneModel(ScoreModel()), tmp_path_factory.mktemp("timeline") / "out"
    what = {"prompts": ["calm piano", "rock"], "given": {"seed": 7, "num_inference_steps": 1}}
    asked = [read_range("1-3.5"), read_range("5-8")]
    order = new_order(cut_clip, out, ranges=asked, **what, settings=SETTINGS, models=models)
    return carry_out(order, Run(SETTINGS), models)


def seconds(time: RationalTime) -> Fraction:
    """Exactly, where the rate is whole."""
    return Fraction(time.value).limit_denominator() / Fraction(time.rate).limit_denominator()


def test_every_clip_is_where_it_should_be(filmed: Result, tmp_path: Path) -> None:
    unpack(filmed.archive, tmp_path)
    timeline = otio.adapters.read_from_file(str(tmp_path / "timeline.otio"))
    names = [track.name for track in timeline.tracks]
    music = ["Music 00:01.000 to 00:03.500", "Music 00:05.000 to 00:08.000"]
    assert names == ["Film", "Original sound", *music]
    assert [track.kind for track in timeline.tracks] == ["Video", *["Audio"] * 3]
    for clip in timeline.find_clips():
        # Every medium is in the archive, is as long as is said, and holds what is shown of it.
        file = tmp_path / clip.media_reference.target_url
        assert file.is_file()
        available, used = clip.media_reference.available_range, clip.source_range
        assert used.start_time.value == 0
        assert used.duration.to_seconds() == pytest.approx(available.duration.to_seconds(), abs=1 / 8000)
        if file.suffix == ".wav":
            assert available.duration.value == media.read_audio(file).n_samples
        else:
            assert round(used.duration.to_seconds() * FRAME_RATE) == media.probe(file).n_frames

    def places(track: otio.schema.Track) -> list[tuple[Fraction, Fraction]]:
        found = [track.trimmed_range_of_child(clip) for clip in track.find_clips()]
        return [(seconds(one.start_time), seconds(one.end_time_exclusive())) for one in found]

    film, own, first, second = timeline.tracks
    assert places(film) == [(0, 9)]
    assert places(own) == [*filmed.times]
    assert (places(first), places(second)) == ([(1, Fraction(7, 2))], [(5, 8)])
    clip = next(iter(second.find_clips()))
    assert clip.media_reference.target_url == filmed.dubs[1].chosen.wav
    assert (clip.name, clip.metadata["riffusion-dub"]["licence"]) == ("rock", "mit")
    markers = next(iter(film.find_clips())).markers
    assert [(m.name, seconds(m.marked_range.start_time)) for m in markers if m.name != "Cut"] == [
        (f"Part {number}", start) for number, (start, _) in enumerate(filmed.times, 1)
    ]
    # The clip cuts at 1.3, 3, 4.1, 5.7 and 7.1 s; music that follows it knows those that lie in its range.
    cuts = [seconds(m.marked_range.start_time) for m in markers if m.name == "Cut"]
    assert cuts == [Fraction(13, 10), 3, Fraction(57, 10), Fraction(71, 10)]


def test_times_are_exact_where_frames_are_not_shown_for_whole_times(filmed: Result) -> None:
    facts = filmed.manifest
    parts = [replace(part, end=str(Fraction(part.end) + Fraction(1, 90000))) for part in facts.parts[-1:]]
    ntsc = replace(facts, source=replace(facts.source, frame_rate="30000/1001"), parts=(*facts.parts[:-1], *parts))
    film, *_ = timeline_of(ntsc).tracks
    [clip] = film.find_clips()
    assert clip.source_range == TimeRange(RationalTime(0, 90000), RationalTime(9 * 90000 + 1, 90000))
    frame = Fraction(1001, 30000)
    thirds = [
        replace(part, start=str(part.start_frame * frame), end=str(part.end_frame * frame)) for part in facts.parts
    ]
    film, *_ = timeline_of(replace(ntsc, parts=tuple(thirds))).tracks
    [clip] = film.find_clips()
    assert (clip.source_range.duration.value, clip.source_range.duration.rate) == (90, 30000 / 1001)


def test_a_timeline_is_written_anywhere_and_in_other_forms_where_that_can_be(
    filmed: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "edit" / "film.otio"
    assert run(capsys, "timeline", filmed.folder, "--out", out)[0] == 0
    timeline = otio.adapters.read_from_file(str(out))
    assert all((out.parent / clip.media_reference.target_url).is_file() for clip in timeline.find_clips())
    assert run(capsys, "timeline", filmed.folder, "--out", out)[0] == 1
    assert "does not end in .edl" in run(capsys, "timeline", filmed.folder, "--format", "edl", "--out", out)[2]
    packages = {"edl": ("cmx_3600", "otio-cmx3600-adapter"), "fcpxml": ("fcpx_xml", "otio-fcpx-xml-adapter")}
    for form, (adapter, package) in packages.items():
        code, _, err = run(capsys, "timeline", filmed.folder, "--format", form, "--out", tmp_path / f"film.{form}")
        if adapter not in otio.adapters.available_adapter_names():
            assert (code, f"needs the package {package}, which is not installed: run pip install" in err) == (1, True)
        else:
            assert code == 0 or "cannot be written as" in err


def test_a_part_by_itself_holds_the_same_in_another_container(
    filmed: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = media.probe(filmed.parts[1])
    for form in ("mp4", "mov"):
        out = tmp_path / f"part.{form}"
        assert run(capsys, "export", filmed.folder, "--part", 2, "--format", form, "--out", out)[0] == 0
        made = media.probe(out)
        assert (made.n_frames, made.n_samples, made.duration) == (25, part.n_samples, part.duration)
        assert [*media.packet_hashes(out, "video")] == [*media.packet_hashes(filmed.parts[1], "video")]
        one, other = (media.decode_audio(clip).samples for clip in (made, part))
        assert np.array_equal(one, other)
    assert (tmp_path / "part.mov").read_bytes()[4:12] == b"ftypqt  "
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_music_by_itself_is_as_long_as_the_film_and_in_its_place(
    filmed: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "music.wav"
    code, said, _ = run(capsys, "export", filmed.folder, "--part", 4, "--format", "wav", "--out", out, "--json")
    assert code == 0
    assert "it begins at 00:05.000" in json.loads(said)["notes"][0]
    whole, take = media.read_audio(out).samples, media.read_audio(filmed.path(filmed.dubs[1].chosen.wav)).samples
    facts = filmed.manifest.parts[3]
    assert whole.shape[1] == filmed.manifest.parts[-1].end_sample
    assert np.array_equal(whole[:, facts.start_sample : facts.end_sample], take)
    assert not whole[:, : facts.start_sample].any()
    assert not whole[:, facts.end_sample :].any()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--part", 9, "--format", "mp4", "--out", "a.mp4"], "Part 9 of out does not exist: choose from 1 to 5"),
        (["--part", 1, "--format", "wav", "--out", "a.wav"], "Part 1 of out has no music that could be written"),
        (["--part", 1, "--format", "mov", "--out", "a.mp4"], "does not end in .mov"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    filmed: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[object], said: str
) -> None:
    *options, name = argv
    code, _, err = run(capsys, "export", filmed.folder, *options, tmp_path / str(name))
    assert code != 0
    assert said in err
    assert not [*tmp_path.iterdir()]


def test_a_container_that_cannot_become_another_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = make_clip(tmp_path / "clip.mov", 2.0)
    dub_parts(clip, tmp_path / "out", 2, (2,))
    argv = ["export", tmp_path / "out", "--part", 2, "--format", "mp4", "--out", tmp_path / "a.mp4"]
    code, _, err = run(capsys, *argv)
    assert (code, "is laid out as MOV, which is not turned into MP4 without encoding: choose mov." in err) == (1, True)
    assert not (tmp_path / "a.mp4").exists()


def test_what_may_be_done_with_the_music_is_said_in_plain_words(
    filmed: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unpack(filmed.archive, tmp_path)
    text = (tmp_path / "LICENCE.txt").read_text()
    assert "00:05.000 to 00:08.000   music/04.wav" in text
    [terms] = read_manifest(tmp_path).terms
    assert terms in text
    music = filmed.dubs[0].music

    def said(model: str, licence: str, **other: str) -> str:
        return terms_of(replace(music, model=model, licence=licence, **other))

    pocket = "This music is yours: pocket is under the MIT licence, and was trained on pieces that"
    assert said("pocket", "mit").startswith(pocket)
    assert "claims no rights in the music that it makes" in said("riffusion", "creativeml-openrail-m")
    assert "allows no commercial use" in said("audioldm", "cc-by-nc-sa-4.0")
    assert "is not known: look at its model card" in said("folder", "unknown")
    assert "asks nothing of the music that it makes" in said("folder", "apache-2.0")
    assert "read there what may be done" in said("folder", "other-terms")
    assert "It started from music/02.seed.wav, which somebody gave" in said(
        "pocket", "mit", seed_audio="music/02.seed.wav"
    )


def test_a_result_without_music_has_a_timeline_and_no_licence(
    filmed: Result, cut_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.dub import undo_order

    copy = Path(shutil.copytree(filmed.folder, tmp_path / "out"))
    for part in (2, 4):
        carry_out(undo_order(open_result(copy), part), Run(SETTINGS), OneModel(ChordModel()))
    timeline = otio.adapters.read_from_file(str(copy / "timeline.otio"))
    assert [track.name for track in timeline.tracks] == ["Film", "Original sound"]
    assert not (copy / "LICENCE.txt").exists()
    assert run(capsys, "split", cut_clip, "--parts", 2, "--out", tmp_path / "parts")[0] == 0
    code, _, err = run(capsys, "timeline", tmp_path / "parts", "--out", tmp_path / "a.otio")
    assert (code, "has parts and no film" in err) == (1, True)
