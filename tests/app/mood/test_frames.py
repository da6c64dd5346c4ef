"""Which frames are looked at: positions, exact times, sharp before blurred, never black, rotation applied."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import gradio.media
import numpy as np
import pytest
from PIL import Image

from app.errors import DubCancelled, MediaError, MoodError
from app.media import probe
from app.mood import stills, suggest
from app.mood.frames import frame_shown_at, part_stills, sample_part, still_at
from app.plan import plan_parts
from app.settings import load_settings
from tests.fixtures_films import FRAME_RATE, write_clip

SETTINGS = load_settings(env_file=None, environ={})


@pytest.fixture(scope="module")
def lion() -> Image.Image:
    return Image.open(gradio.media.get_image("lion.jpg")).convert("RGB").resize((160, 96))


@pytest.fixture(scope="module")
def world() -> Path:
    return Path(gradio.media.get_video("world.mp4"))


def test_two_stills_are_at_33_and_66_percent_as_audiv_has_them(world: Path) -> None:
    clip = probe(world)
    found = stills(world)
    assert [still.label for still in found] == ["33 % of the video", "66 % of the video"]
    for still, share in zip(found, (0.33, 0.66), strict=True):
        assert abs(float(still.at / clip.duration) - share) < 0.01
        assert still.at in {(pts - clip.frame_pts[0]) * clip.time_base for pts in clip.frame_pts}
        assert still.image.size == (clip.width, clip.height)


def test_stills_of_a_part_come_after_the_videos_and_lie_in_it(world: Path) -> None:
    part = plan_parts(probe(world), 4)[1]
    found = stills(world, part=part, count=3)
    assert [still.label.split(" of ")[1] for still in found] == ["the video"] * 3 + ["part 2"] * 3
    assert all(part.start <= still.at < part.end for still in found[3:])
    again = stills(world, part=part, count=3)
    assert [(a.at, a.image.tobytes()) for a in found] == [(b.at, b.image.tobytes()) for b in again]


def test_a_sharp_frame_near_by_goes_before_a_blurred_one(tmp_path: Path, lion: Image.Image) -> None:
    blurred = lion.resize((10, 96)).resize((160, 96))
    frames = [blurred] * 60
    frames[21] = lion  # 33 % of 60 is frame 19
    path = write_clip(tmp_path / "blur.mp4", frames)
    assert stills(path)[0].at == Fraction(21, FRAME_RATE)


def test_alike_frames_keep_the_wanted_one(tmp_path: Path, lion: Image.Image) -> None:
    path = write_clip(tmp_path / "alike.mp4", [lion] * 50)
    assert [still.at for still in stills(path)] == [Fraction(16, FRAME_RATE), Fraction(33, FRAME_RATE)]


def test_black_frames_are_left_for_a_picture_further_away(tmp_path: Path, lion: Image.Image) -> None:
    black = Image.new("RGB", lion.size)
    path = write_clip(tmp_path / "black.mp4", [black] * 40 + [lion] * 60)
    first = stills(path)[0]
    assert first.at >= Fraction(40, FRAME_RATE)
    all_black = write_clip(tmp_path / "all black.mp4", [black] * 30)
    assert len(stills(all_black)) == 2


def test_times_are_exact_with_uneven_pts(tmp_path: Path, lion: Image.Image) -> None:
    shades = [Image.fromarray(np.asarray(lion) // 2 + np.uint8(12 * k)) for k in range(10)]
    pts = [0, 1, 2, 3, 10, 11, 12, 30, 31, 32]
    path = write_clip(tmp_path / "vfr.mp4", shades, pts)
    clip = probe(path)
    assert frame_shown_at(clip, Fraction(9, FRAME_RATE)) == 3
    assert frame_shown_at(clip, Fraction(29, FRAME_RATE)) == 6
    for still in stills(path, count=4):
        assert still.at * FRAME_RATE in pts


def test_rotation_is_applied(tmp_path: Path, lion: Image.Image) -> None:
    path = write_clip(tmp_path / "turned.mp4", [lion] * 12, rotation=90)
    assert stills(path)[0].image.size == (96, 160)
    assert part_stills(probe(path), plan_parts(probe(path), 2)[1])[0].size == (96, 160)


def test_one_frame_is_enough(tmp_path: Path, lion: Image.Image) -> None:
    path = write_clip(tmp_path / "one.mp4", [lion])
    assert len(stills(path)) == 1
    found = suggest(path, settings=SETTINGS)
    assert found.bpm is not None
    assert found.bpm <= 116


@pytest.mark.parametrize("count", [0, 13, True])
def test_a_count_out_of_range_is_a_sentence(world: Path, count: int) -> None:
    with pytest.raises(MoodError, match="choose from 1 to 12"):
        stills(world, count=count)


def test_a_time_outside_and_a_file_that_is_none(world: Path, tmp_path: Path) -> None:
    with pytest.raises(MoodError, match="choose a time from 0 to 30"):
        still_at(probe(world), Fraction(99))
    with pytest.raises(MediaError):
        stills(tmp_path / "none.mp4")


def test_cancel_stops(world: Path) -> None:
    with pytest.raises(DubCancelled):
        stills(world, should_cancel=lambda: True)
    with pytest.raises(DubCancelled):
        suggest(world, settings=SETTINGS, should_cancel=lambda: True)


def test_samples_lie_in_the_part(world: Path) -> None:
    part = plan_parts(probe(world), 8)[3]
    samples = sample_part(probe(world), part)
    assert len(samples.images) == len(samples.times) == 15
    assert all(0 <= time < part.duration for time in samples.times)
    assert all(gap >= Fraction(1, 10) for _, _, gap in samples.pairs)


def test_a_long_part_is_sampled_at_keyframes(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 36), (k % 255, 90, 90)) for k in range(31 * FRAME_RATE)]
    path = write_clip(tmp_path / "long.mp4", frames)
    clip = probe(path)
    samples = sample_part(clip, plan_parts(clip, 1)[0])
    keyframe_times = {(clip.frame_pts[k] - clip.frame_pts[0]) * clip.time_base for k in clip.keyframes}
    assert len(samples.images) > 16
    assert set(samples.times) <= keyframe_times
