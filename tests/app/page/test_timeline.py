"""The film and its timeline in a real browser: playing, marking ranges, and coming back to a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.page import strings
from app.page.input import EXAMPLES
from app.result.verify import verify
from tests.fixtures_page import Visit

pytestmark = pytest.mark.browser
Open = Callable[..., Visit]
TIME = "() => document.querySelector('#stage video.seen').currentTime"


def drag(me: Visit, start: float, end: float) -> None:
    """Drag over the axis, from one share of its width to another."""
    me.tab.locator("#timeline .axis").scroll_into_view_if_needed()
    box = me.tab.locator("#timeline .lane.old").bounding_box()
    y = box["y"] + box["height"] / 2
    me.tab.mouse.move(box["x"] + start * box["width"], y)
    me.tab.mouse.down()
    me.tab.mouse.move(box["x"] + (start + end) / 2 * box["width"], y)
    me.tab.mouse.move(box["x"] + end * box["width"], y)
    me.tab.mouse.up()


def parts(me: Visit) -> list[str]:
    """What the parts say."""
    return [" ".join(text.split()) for text in me.tab.locator("#strip .frame").all_inner_texts()]


def ready(me: Visit) -> None:
    """Wait until the film can be played and was looked through."""
    me.tab.wait_for_function("() => document.querySelector('#stage video[data-side=a]').readyState >= 2")
    me.tab.locator("#timeline .lane.follow, #timeline .lane.old svg").first.wait_for(state="attached")


@pytest.mark.parametrize(("width", "touch"), [(1440, False), (390, True)])
def test_an_upright_film_keeps_its_shape_and_all_lies_on_one_axis(visit: Open, width: int, touch: bool) -> None:
    me = visit(width=width, touch=touch)
    me.upload(EXAMPLES / "balloons.mp4")
    ready(me)
    box = me.tab.locator("#stage .screen").bounding_box()
    assert box["height"] / box["width"] == pytest.approx(640 / 360, rel=0.02)
    assert box["height"] < 450
    lanes = [one.bounding_box() for one in me.tab.locator("#timeline .lane").all()]
    assert len({(round(one["x"]), round(one["width"])) for one in lanes}) == 1
    assert me.tab.locator("#timeline .pictures img").count() == 12
    assert me.tab.evaluate("document.documentElement.scrollWidth") <= width
    assert me.complaints == []


def test_cuts_and_sound_are_found_and_the_keys_move_the_film(visit: Open) -> None:
    me = visit()
    me.tab.get_by_role("button", name=strings.EXAMPLES[0][1]).click()
    ready(me)
    assert me.tab.locator("#timeline .lane.old path").get_attribute("d").count(" ") > 1000
    assert me.tab.locator("#timeline i.cut").count() == 2
    axis = me.tab.locator("#timeline .lane.old").bounding_box()
    me.tab.mouse.click(axis["x"] + axis["width"] / 2, axis["y"] + 10)
    me.tab.wait_for_function("() => document.querySelector('#stage video.seen').currentTime > 9.9")
    assert me.tab.evaluate(TIME) == pytest.approx(10, abs=0.05)
    me.tab.locator("body").click(position={"x": 5, "y": 5})
    me.tab.keyboard.press("ArrowRight")
    assert me.tab.evaluate(TIME) == pytest.approx(10.04, abs=0.03)
    me.tab.keyboard.press("Shift+ArrowRight")
    me.tab.locator("#card dd", has_text="2 of 4").wait_for()
    assert me.tab.evaluate(TIME) == pytest.approx(5, abs=0.03)
    me.tab.keyboard.press("l")
    me.tab.keyboard.press("l")
    me.tab.wait_for_function("() => document.querySelector('#stage video.seen').playbackRate === 2")
    me.tab.keyboard.press("k")
    assert me.tab.locator("#stage video.seen").evaluate("e => e.paused")
    me.tab.locator("#stage summary").click()
    assert strings.KEYS_HELP[0][1] in me.text("#stage .keys dl")
    assert me.complaints == []


def test_any_range_gets_music_and_what_it_takes_out_is_said_before(
    visit: Open, real_clip: Path, tmp_path: Path
) -> None:
    me = visit()
    me.upload(real_clip)
    me.apply("calm piano")
    ready(me)
    drag(me, 0.2, 0.5)
    me.tab.locator("#card dd", has_text="2 of 3").wait_for()
    first = parts(me)[1].removeprefix("2 ")
    me.run()
    me.wait_for_part(2)
    assert "new music" in parts(me)[1]
    me.tab.locator("#timeline .lane.new svg").wait_for()
    drag(me, 0.7, 0.9)
    me.tab.locator("#card dd", has_text="4 of 5").wait_for()
    assert me.tab.locator("#reason .note").count() == 0
    me.run()
    me.wait_for_part(4)
    assert [number for number, text in enumerate(parts(me), 1) if "new music" in text] == [2, 4]
    assert first in parts(me)[1]
    with me.tab.expect_download() as waiting:
        me.tab.locator("#archive").click()
    waiting.value.save_as(tmp_path / "a.zip")
    assert verify(tmp_path / "a.zip", real_clip).ok
    drag(me, 0.4, 0.6)
    me.tab.locator("#reason .note", has_text="overlaps a new range and is taken out").wait_for()
    me.tab.locator("#equal").click()
    me.tab.locator("#card dd", has_text="of 4").wait_for()
    assert len(parts(me)) == 4
    assert me.complaints == []


def test_a_reload_in_the_middle_and_a_link_lose_nothing(visit: Open, real_clip: Path) -> None:
    me = visit()
    me.upload(real_clip)
    me.choose(3)
    me.apply("calm piano")
    me.open_settings()
    me.number("Steps", 100)
    me.number("Candidates", 4)
    me.run()
    me.tab.locator("#progress [role=progressbar]").wait_for(timeout=30_000)
    me.tab.reload()
    # It may be over by the time that the page is there again.
    me.tab.locator("#progress [role=progressbar], #progress .done").first.wait_for(timeout=60_000)
    assert me.tab.locator("#prompt textarea").input_value() == "calm piano"
    me.tab.locator("#progress .done").wait_for(timeout=120_000)
    me.tab.reload()
    me.wait_for_part(3)
    assert me.tab.locator('#strip [aria-checked="true"]').get_attribute("data-index") == "3"
    me.tab.wait_for_function("() => document.querySelector('#stage video[data-side=b]').readyState >= 1")
    assert me.tab.locator("#stage video.seen").evaluate("e => e.paused")
    link = me.tab.locator("#link input").input_value()
    stranger, guest = visit(), visit()
    film = me.tab.locator("#stage video[data-side=b]").get_attribute("src")
    address = stranger.tab.evaluate("src => new URL(src, location.href).href", film)
    assert stranger.tab.request.get(address).status == 403
    guest.tab.goto("about:blank")
    guest.tab.goto(link)
    guest.wait_for_part(3)
    assert "session=" not in guest.tab.url
    guest.tab.wait_for_function("() => document.querySelector('#stage video[data-side=b]').readyState >= 1")
    guest.choose(1)
    guest.run()
    guest.wait_for_part(1)
    assert guest.complaints == []


def test_a_reload_right_after_the_click_loses_nothing(visit: Open, real_clip: Path) -> None:
    me = visit()
    me.upload(real_clip)
    me.apply("calm piano")
    me.choose(2)
    me.delay(300)
    me.run()
    # The click has arrived, and the tab goes before it has asked for its turn.
    me.tab.locator("#cancel").wait_for()
    me.tab.reload()
    me.wait_for_part(2)


def test_nobody_comes_back_to_the_session_of_another(visit: Open, real_clip: Path) -> None:
    me, other = visit(), visit()
    for one in (me, other):
        one.upload(real_clip)
    links = [one.tab.locator("#link input").input_value() for one in (me, other)]
    assert all("#session=" in link for link in links)
    assert links[0] != links[1]
    me.apply("calm piano")
    other.apply("loud drums")
    for one, prompt in ((me, "calm piano"), (other, "loud drums")):
        one.tab.reload()
        one.tab.locator("#card dd", has_text=prompt).wait_for(state="attached")
    assert [one.tab.locator("#link input").input_value() for one in (me, other)] == links


def test_the_phone_needs_no_scrolling_and_three_screens_at_most(visit: Open, real_clip: Path) -> None:
    me = visit(width=390, touch=True)
    me.tab.set_viewport_size({"width": 390, "height": 844})
    me.upload(real_clip)
    me.apply("calm piano")
    me.choose(2)
    me.tab.evaluate("window.scrollTo(0, 0)")
    button = me.tab.locator("#run").bounding_box()
    assert button["y"] + button["height"] <= 844
    me.run()
    me.wait_for_part(2)
    me.tab.wait_for_function("() => document.querySelector('#stage video.seen').dataset.side === 'b'")
    me.tab.wait_for_timeout(800)
    screen = me.tab.locator("#stage .screen").bounding_box()
    assert screen["y"] >= 0
    assert screen["y"] + screen["height"] <= 844
    assert me.tab.evaluate("document.documentElement.scrollHeight") <= 3 * 844
    assert strings.DONE.format(part=2) in me.tab.title()
    assert strings.DONE.format(part=2) in me.text("#stage .said")


def gains(me: Visit) -> tuple[float, float]:
    """How loud the mixer plays the original and the music now."""
    me.tab.wait_for_timeout(150)
    own, music = (float(one) for one in me.tab.locator("#mix-facts [data-gains]").get_attribute("data-gains").split())
    return own, music


def test_a_mix_is_heard_at_once_and_written_without_making_music(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    me = visit()
    me.tab.get_by_role("button", name=strings.EXAMPLES[0][1]).click()
    ready(me)
    me.apply("calm piano")
    me.run()
    me.wait_for_part(1)
    monkeypatch.setattr("app.models.ModelShelf.get", lambda *_: pytest.fail("a mix makes no music"))
    me.tab.locator("#panel-mixer button", has_text=strings.MIXER_HEADING).first.click()
    me.tab.locator("#mix-facts .mix-facts").wait_for(state="attached", timeout=20_000)
    me.settle()
    me.tab.get_by_role("button", name=strings.HEAR_MIX).click()
    heard = "(() => { const a = document.querySelector('#stage video[data-side=a]'); return !a.muted && !a.paused })()"
    me.tab.wait_for_function(heard)
    own, replaced = gains(me)
    assert own == 0
    assert replaced > 0
    me.tab.locator("#panel-mixer").get_by_label("Under").check()
    me.number("Level", -6)
    own, loud = gains(me)
    assert own == 1
    me.number("Level", -26)
    assert gains(me)[1] == pytest.approx(loud / 10, rel=0.02)
    me.number("Fade in", 30)
    assert gains(me)[1] < loud / 20
    me.number("Fade in", 1)
    me.tab.locator("#apply-mix").click()
    me.tab.locator("#mix-facts .mix-facts").wait_for(state="detached", timeout=30_000)
    me.tab.locator("#detail summary", has_text=strings.MADE_HEADING).click()
    assert "under, music at -26 dB" in me.text("#detail .made")
    me.tab.locator("#panel-mixer button", has_text=strings.MIXER_HEADING).first.click()
    me.tab.wait_for_function("document.querySelector('#mix_fade_in input[type=number]').value === '1'")
    assert me.complaints == []


def test_chips_write_the_prompt_and_apply_it(visit: Open, real_clip: Path) -> None:
    me = visit()
    me.upload(real_clip)
    me.tab.locator("#words summary").click()
    for word in ("calm", "piano", "sad"):
        me.tab.locator(f'#words [data-word="{word}"]').click()
    me.tab.locator("#words [data-tempo]").fill("92")
    me.tab.locator("#words [data-tempo]").press("Enter")
    me.tab.locator("#words [data-key]").select_option("D minor")
    me.tab.locator("#card dd", has_text="piano, sad, 92 BPM, D minor").wait_for()
    assert me.tab.locator("#words .chip[aria-pressed=true]").all_inner_texts() == ["sad", "piano"]
    me.tab.locator("#run").wait_for()
    me.tab.locator("#reading", has_text="Read as: 92 BPM, D minor, piano, sad.").wait_for()
