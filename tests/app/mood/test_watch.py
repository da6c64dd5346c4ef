"""What is found in a part: cuts to the frame and how hard they are, motion, and no cut where there is none."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import gradio.media
import numpy as np
import pytest
from PIL import Image

from app.errors import DubCancelled
from app.media import probe
from app.mood import Watched, followed, watch
from app.plan import Follow, plan_parts
from riffusion_inference.datatypes import Progress
from riffusion_inference.score.follow import Hit
from tests.fixtures_films import FRAME_RATE, write_clip

SIZE = (192, 108)


def picture(name: str) -> Image.Image:
    return Image.open(gradio.media.get_image(name)).convert("RGB").resize(SIZE)


LION, TOWER, CHEETAH = (picture(name) for name in ("lion.jpg", "tower.jpg", "cheetah.jpg"))
BLACK, WHITE = (Image.new("RGB", SIZE, colour) for colour in ("black", "white"))


def shaken(image: Image.Image, frames: int, far: int = 6) -> list[Image.Image]:
    """Frames of a picture held by an unsteady hand."""
    jumps = np.random.default_rng(2).integers(-far, far + 1, (frames, 2))
    wide = np.pad(np.asarray(image), ((far, far), (far, far), (0, 0)), mode="edge")
    height, width = image.height, image.width
    return [Image.fromarray(wide[far + y : far + y + height, far + x : far + x + width]) for y, x in jumps]


def mixed(first: Image.Image, second: Image.Image, frames: int) -> list[Image.Image]:
    return [Image.blend(first, second, (k + 1) / (frames + 1)) for k in range(frames)]


def seen(folder: Path, frames: list[Image.Image], pts: list[int] | None = None) -> Watched:
    clip = probe(write_clip(folder / "film.mp4", frames, pts))
    return watch(clip, plan_parts(clip, 1)[0])


def cut_frames(found: Watched) -> list[Fraction]:
    return [cut.time * FRAME_RATE for cut in found.cuts]


def test_cuts_are_found_to_the_frame_and_weigh_by_how_hard_they_are(tmp_path: Path) -> None:
    darker = Image.blend(TOWER, BLACK, 0.3)
    found = seen(tmp_path, [LION] * 31 + [TOWER] * 26 + [darker] * 20 + [WHITE] * 15)
    assert cut_frames(found) == [31, 57, 77]
    hard, soft, hardest = (cut.weight for cut in found.cuts)
    assert soft < hard <= hardest == 1.0


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(lambda: [LION] * 20 + [WHITE] + [LION] * 20, id="a flash"),
        pytest.param(lambda: [LION] * 20 + [BLACK] * 3 + [LION] * 20, id="dropped frames"),
        pytest.param(lambda: shaken(LION, 50), id="a shaken camera"),
        pytest.param(lambda: [BLACK] * 40, id="black"),
        pytest.param(lambda: [TOWER] * 40, id="a photograph"),
        pytest.param(lambda: [TOWER], id="one frame"),
    ],
)
def test_what_is_no_cut_is_not_taken_for_one(tmp_path: Path, frames: Callable[[], list[Image.Image]]) -> None:
    assert seen(tmp_path, frames()).cuts == ()


def test_a_dissolve_is_one_soft_cut_where_it_is_half_done(tmp_path: Path) -> None:
    found = seen(tmp_path, [LION] * 30 + mixed(LION, TOWER, 15) + [TOWER] * 30)
    assert len(found.cuts) == 1
    assert abs(cut_frames(found)[0] - 37) <= 1
    assert found.cuts[0].weight <= 0.5


def test_black_between_two_shots_is_met_where_the_new_one_appears(tmp_path: Path) -> None:
    assert 33 in cut_frames(seen(tmp_path, [LION] * 30 + [BLACK] * 3 + [CHEETAH] * 30))


def test_variable_frame_rate_keeps_the_frames_own_times(tmp_path: Path) -> None:
    pts = [0, 1, 2, 3, 5, 8, 9, 10, 14, 20, 21, 22, 23, 24, 25, 40, 41, 42]
    found = seen(tmp_path, [LION] * 9 + [TOWER] * 9, pts)
    assert cut_frames(found) == [20]


def test_a_part_is_counted_from_its_own_first_frame(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "film.mp4", [LION] * 40 + [TOWER] * 25 + [CHEETAH] * 35))
    second = plan_parts(clip, 2)[1]
    assert cut_frames(watch(clip, second)) == [15]
    # What lies before the part is not its own: its first frame is no cut.
    later = plan_parts(clip, 5)[2]
    assert later.start_frame == 40
    assert cut_frames(watch(clip, later)) == []


def test_motion_and_energy_rise_where_the_picture_moves(tmp_path: Path) -> None:
    wide = np.concatenate([np.asarray(LION)] * 2, axis=1)
    pan = [Image.fromarray(wide[:, 3 * k : 3 * k + SIZE[0]]) for k in range(60)]
    found = seen(tmp_path, [LION] * 60 + pan)
    half = len(found.energy) // 2
    # An encoder's first pictures get better from one to the next, which is motion of a kind.
    assert max(found.motion[3 : half - 2]) < 0.05
    assert min(found.motion[half + 2 :]) > 0.3
    assert max(found.energy[3 : half - 2]) < min(found.energy[half + 2 :])
    assert len(found.motion) == len(found.light) == len(found.energy)
    assert all(0 <= one <= 1 for one in found.energy)


def test_a_photograph_has_little_energy_and_no_peak(tmp_path: Path) -> None:
    found = seen(tmp_path, [TOWER] * 100)
    assert found.peaks == ()
    assert max(found.energy) < 0.2


def test_real_clips_with_cuts_and_without() -> None:
    clip = probe(Path(gradio.media.get_video("world.mp4")))
    found = watch(clip, plan_parts(clip, 4)[1])
    assert found.cuts == ()
    assert found.duration == plan_parts(clip, 4)[1].duration


def test_what_is_followed_is_chosen() -> None:
    cuts = (Hit(Fraction(2), 1.0), Hit(Fraction(5), 0.6))
    peaks = (Hit(Fraction(21, 10), 0.5), Hit(Fraction(7, 2), 0.4))
    found = Watched(Fraction(8), cuts, peaks, (0.1, 0.9), (0.5, 0.5), (0.2, 0.8))
    assert followed(found, Follow.OFF) == ((), None)
    assert followed(found, Follow.CUTS) == (cuts, None)
    assert followed(found, Follow.MOTION) == (peaks, (0.2, 0.8))
    # A peak that is a cut's own movement is not met twice.
    assert followed(found, Follow.BOTH) == ((cuts[0], peaks[1], cuts[1]), (0.2, 0.8))


def test_watching_tells_how_far_it_is_and_stops_when_asked() -> None:
    clip = probe(Path(gradio.media.get_video("b.mp4")))
    part = plan_parts(clip, 1)[0]
    told: list[Progress] = []
    watch(clip, part, on_progress=told.append)
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert told[-1].done == told[-1].total == part.n_frames
    with pytest.raises(DubCancelled):
        watch(clip, part, should_cancel=lambda: len(told) > 0)
