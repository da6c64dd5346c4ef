"""One person's whole way with an upright film, by mouse on a desk and by finger on a phone."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import opentimelineio as otio
import pytest

from app.media import probe
from app.page import strings
from app.page.input import EXAMPLES
from app.result.verify import verify
from tests.fixtures_clips import run_ffmpeg
from tests.fixtures_page import Visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds, taller than wide, in which somebody speaks."""
    folder = tmp_path_factory.mktemp("upright")
    crop = ["-vf", "crop=202:360", "-t", "8", "-c:v", "libx264", "-g", "50", "-c:a", "aac"]
    run_ffmpeg(folder, ["-i", str(EXAMPLES / "harbour.mp4"), *crop, "upright.mp4"])
    return folder / "upright.mp4"


def drag(me: Visit, touch: bool, start: float, end: float) -> None:
    """Mark a range on the axis, from one share of its width to another."""
    lane = me.tab.locator("#timeline .lane.old")
    lane.scroll_into_view_if_needed()
    box = lane.bounding_box()
    y = box["y"] + box["height"] / 2
    at = [box["x"] + (start + (end - start) * step / 4) * box["width"] for step in range(5)]
    if not touch:
        me.tab.mouse.move(at[0], y)
        me.tab.mouse.down()
        for x in at[1:]:
            me.tab.mouse.move(x, y)
        me.tab.mouse.up()
        return
    finger = me.tab.context.new_cdp_session(me.tab)
    for number, x in enumerate(at):
        kind = "touchMove" if number else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def saved(me: Visit, selector: str, path: Path) -> Path:
    """Download something."""
    with me.tab.expect_download() as waiting:
        me.tab.locator(selector).click()
    waiting.value.save_as(path)
    return path


def music(me: Visit) -> list[int]:
    """The parts that have new music, as the page says."""
    texts = me.tab.locator("#strip .frame").all_inner_texts()
    return [number for number, text in enumerate(texts, 1) if "new music" in text]


def compare_sides(me: Visit) -> None:
    """Before and after are the same instant."""
    now = "document.querySelector('#stage video.seen').currentTime"
    for side in "ab":
        at = me.tab.evaluate(now)
        me.tab.locator(f'#stage [data-to="{side}"]').click()
        me.tab.locator(f'#stage video.seen[data-side="{side}"]').wait_for()
        assert me.tab.evaluate(now) == pytest.approx(at, abs=0.5)


def lower_the_music(me: Visit) -> None:
    """Put the music under the voice."""
    me.tab.locator("#panel-mixer button", has_text=strings.MIXER_HEADING).first.click()
    me.tab.locator("#mix-facts .mix-facts").wait_for(state="attached")
    me.settle()
    me.tab.locator("#panel-mixer").get_by_label("Under").check()
    me.number("Level", -9)
    me.tab.locator("#apply-mix").click()
    me.tab.locator("#mix-facts .mix-facts").wait_for(state="detached", timeout=30_000)
    me.tab.locator("#detail summary", has_text=strings.MADE_HEADING).click()
    assert "under, music at -9 dB" in me.text("#detail .made")


@pytest.mark.parametrize(("width", "touch"), [(1440, False), (390, True)], ids=["desk", "phone"])
def test_from_a_film_to_an_editing_program(
    visit: Callable[..., Visit], upright: Path, tmp_path: Path, width: int, touch: bool
) -> None:
    me = visit(width=width, touch=touch)
    me.upload(upright)
    me.tab.wait_for_function("() => document.querySelector('#stage video[data-side=a]').readyState >= 2")
    # Away from the edges of the part that is chosen, which a finger would take hold of.
    drag(me, touch, 0.4, 0.7)
    me.tab.locator("#card dd", has_text="2 of 3").wait_for(state="attached")
    me.suggest()
    me.tab.locator("#run").wait_for(timeout=30_000)
    assert me.tab.locator("#prompt textarea").input_value()
    me.run()
    me.wait_for_part(2)
    me.tab.locator('#stage video.seen[data-side="b"]').wait_for()
    compare_sides(me)
    lower_the_music(me)

    drag(me, touch, 0.85, 0.97)
    me.tab.locator("#card dd", has_text="4 of 5").wait_for(state="attached")
    me.run()
    me.wait_for_part(4)
    assert music(me) == [2, 4]
    me.tab.locator("#undo").click()
    me.tab.wait_for_function("() => document.querySelectorAll('#strip .frame .badge').length === 1")
    assert music(me) == [2]

    me.choose(2)
    me.tab.locator("#detail h3", has_text=strings.DETAIL_HEADING.format(part=2)).wait_for()
    film = saved(me, "#film-file", tmp_path / "film.mp4")
    archive = saved(me, "#archive", tmp_path / "all.zip")
    me.tab.locator("#detail summary", has_text=strings.MADE_HEADING).click()
    apart = saved(me, '#detail a[href*="timeline.otio"]', tmp_path / "timeline.otio")
    assert verify(archive, upright).ok
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "all")
    folder = tmp_path / "all"
    assert hashlib.sha256((folder / "film.mp4").read_bytes()).digest() == hashlib.sha256(film.read_bytes()).digest()
    assert apart.read_bytes() == (folder / "timeline.otio").read_bytes()
    timeline = otio.adapters.read_from_file(str(folder / "timeline.otio"))
    clips = list(timeline.find_clips())
    assert all((folder / clip.media_reference.target_url).is_file() for clip in clips)
    assert [track.kind for track in timeline.tracks] == ["Video", "Audio", "Audio"]
    assert timeline.duration().to_seconds() == pytest.approx(float(probe(upright).duration), abs=0.001)
    (tune,) = timeline.tracks[2].find_clips()
    place = timeline.tracks[2].trimmed_range_of_child(tune)
    assert place.start_time.to_seconds() == pytest.approx(0.4 * 8, abs=0.25)
    assert place.duration.to_seconds() == pytest.approx(0.3 * 8, abs=0.4)
    assert me.complaints == []
