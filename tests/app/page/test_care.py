"""The small things: what is said, how large it is, and what a shared link shows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from PIL import Image

from app.page import strings
from app.page.cards import reason
from app.page.effect import switched_on
from app.page.input import apply_prompt, reading
from app.page.session import Session
from app.page.shared_link import address_of
from app.settings import load_settings
from tests.app.page.test_handlers import UNSET
from tests.fixtures_page import Served, Visit

TOO_SMALL = """() => {
  const found = [];
  const pressed = 'button, a, input:not([type=file]), textarea, select, [role=radio], audio';
  for (const e of document.querySelectorAll(pressed)) {
    if (!e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const box = (['checkbox', 'radio'].includes(e.type) && e.closest('label') || e).getBoundingClientRect();
    if (box.width && box.height && (box.height < 43.5 || box.width < 43.5)) found.push(e.outerHTML.slice(0, 200));
  }
  return found;
}"""


@pytest.mark.browser
def test_fingers_find_everything_on_a_phone(visit: Callable[..., Visit], real_clip: Path) -> None:
    me = visit(width=390, touch=True)
    me.upload(real_clip)
    me.apply("calm piano")
    me.open_settings()
    me.open_score()
    me.tab.get_by_role("button", name=strings.SUGGEST_HEADING).click()
    me.settle()
    assert me.tab.evaluate(TOO_SMALL) == []
    me.run()
    me.wait_for_part(1)
    assert me.tab.evaluate(TOO_SMALL) == []
    assert me.tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_a_prompt_as_long_as_a_book_leaves_the_page_as_it_is(visit: Callable[..., Visit], real_clip: Path) -> None:
    me = visit()
    me.upload(real_clip)
    before = me.tab.evaluate("document.documentElement.scrollHeight")
    me.tab.locator("#prompt textarea").fill("gorgeous flugelzithers " * 420)
    me.tab.locator("#reading .over", has_text="but only the first 300 are read").wait_for()
    me.tab.locator("#prompt textarea").press("Enter")
    me.tab.locator("#reason .note", has_text=strings.UNREAD).wait_for()
    assert me.tab.evaluate("document.documentElement.scrollHeight") < before + 400
    me.run()
    me.wait_for_part(1)
    heights = me.tab.evaluate(
        "document.querySelectorAll('#detail details').forEach((e) => { e.open = true }) ??"
        " [...document.querySelectorAll('#detail .note, #detail .made div')].map((e) => e.offsetHeight)"
    )
    assert max(heights) < 250


@pytest.mark.browser
def test_twenty_one_columns_are_as_many_as_can_be_seen(visit: Callable[..., Visit], real_clip: Path) -> None:
    me = visit()
    me.upload(real_clip)
    me.number(strings.N_PARTS_LABEL, 20)
    me.tab.locator("#strip .frame").nth(19).wait_for()
    me.apply("calm piano")
    me.run()
    me.wait_for_part(1)
    widths = "[...document.querySelectorAll('#grid li')].map((e) => Math.round(e.getBoundingClientRect().width))"
    for asked, narrowest, widest in ((21, 140, 200), (3, 430, 480)):
        me.open_settings()
        me.number("Output columns", asked)
        me.tab.locator(f'#grid ol[style*="--columns:{asked}"]').wait_for()
        found = me.tab.evaluate(widths)
        assert narrowest <= min(found) <= max(found) <= widest
    assert me.tab.evaluate("document.documentElement.scrollWidth") <= 1440


@pytest.mark.browser
def test_a_fraction_of_a_part_is_said(visit: Callable[..., Visit], real_clip: Path) -> None:
    me = visit()
    me.upload(real_clip)
    me.apply("calm piano")
    me.number(strings.N_PARTS_LABEL, 2.7)
    me.tab.locator("#reason", has_text="Number of parts is '2.7', but must be a whole number").wait_for()
    assert not me.tab.locator("#run").is_visible()
    me.number(strings.N_PARTS_LABEL, 3)
    me.tab.locator("#strip .frame").nth(2).wait_for()
    me.tab.locator("#run").wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_slider_handles_stand_out(visit: Callable[..., Visit], theme: str) -> None:
    me = visit(theme=theme)
    slider = me.tab.locator("#panel-parts input[type=range]")
    shot = Image.open(io.BytesIO(slider.screenshot())).convert("L")
    # Over the whole height of the slider the track is thin; only the handle is as high as this.
    middle = [min(column) if theme == "light" else max(column) for column in columns(shot)]
    assert (min(middle) < 120) if theme == "light" else (max(middle) > 130)


def columns(image: Image.Image) -> list[list[int]]:
    """Grey values of each column, of the upper quarter, where there is no track."""
    width, height = image.size
    return [[int(image.getpixel((x, y))) for y in range(height // 8, height // 4 + 1)] for x in range(width)]  # type: ignore[call-overload]


def test_a_shared_link_shows_the_pages_own_name_and_picture(served: Served) -> None:
    html = httpx.get(f"{served.url}/", headers={"x-forwarded-proto": "https", "x-forwarded-host": "dub.example"}).text
    tags = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]*)" content="([^"]*)"', html))
    assert tags["og:title"] == tags["twitter:title"] == strings.TITLE
    assert tags["og:image"] == "https://dub.example/favicon.ico"
    assert not any("gradio" in value.lower() for value in tags.values())
    icon = Image.open(io.BytesIO(httpx.get(f"{served.url}/favicon.ico").content))
    assert icon.size == (256, 256)
    assert address_of({"scheme": "http", "headers": [(b"host", b"a:1")]}) == "http://a:1"


def test_gradios_names_for_the_address_are_obeyed() -> None:
    gradios = {"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": "9001"}
    settings = load_settings(None, gradios)
    assert (settings.host, settings.port) == ("0.0.0.0", 9001)
    assert load_settings(None, {**gradios, "PORT": "9002"}).port == 9002
    assert load_settings(None, gradios, port=9003).port == 9003


def test_what_has_no_effect_is_switched_off() -> None:
    plain = {"sound_mode": "replace", "loudness": "match", "seed_image": None, "seed_audio": None}
    off = {name for name, on in switched_on({**plain, "score": "auto", "midi": None}).items() if not on}
    assert off == {"music_gain_db", "loudness_lufs", "strength"}
    unwritten = switched_on({**plain, "score": "off", "midi": None})
    assert unwritten["bpm"]
    assert not unwritten["key"]
    own = switched_on(
        {**plain, "sound_mode": "duck", "loudness": "fixed", "seed_audio": "a", "score": "on", "midi": "b"}
    )
    assert {name for name, on in own.items() if on} == {"music_gain_db", "loudness_lufs", "strength"}


def test_prompts_without_sense_are_told() -> None:
    session = Session()
    apply_prompt(session, 1, "calm piano")
    assert not session.unread
    apply_prompt(session, 1, "brzlfx qwopzt")
    assert session.unread
    session.plan = object()  # type: ignore[assignment]
    session.draft = session.prompt = "🦊🦊"
    assert reason(session) == strings.REASON_NO_WORDS
    assert "5 of 300 tokens" in reading("calm piano, sad harp", [*UNSET.values()])["reading"]
