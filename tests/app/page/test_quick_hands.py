"""A person is quicker than the network: what runs is what is shown, with 300 ms added to every answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import app.page.run
from app.dub import Order
from app.errors import PlanError
from app.mood import MoodSuggestion
from app.page import strings
from tests.fixtures_page import Visit

pytestmark = pytest.mark.browser
Open = Callable[..., Visit]


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """The orders that arrive at the core, which does nothing here but end."""
    seen: list[Order] = []

    def record(order: Order, *_: Any) -> None:
        seen.append(order)
        raise PlanError("Recorded.")

    monkeypatch.setattr(app.page.run, "carry_out", record)
    return seen


@pytest.fixture
def slow(visit: Open, real_clip: Path) -> Visit:
    """A tab far from the server, with a video in twelve parts and a prompt."""
    me = visit()
    me.upload(real_clip)
    me.number(strings.N_PARTS_LABEL, 12)
    me.tab.locator("#strip .frame").nth(11).wait_for()
    me.apply("calm piano")
    me.delay(300)
    return me


def pressed(me: Visit, strip: str = "#strip") -> int:
    """What is pressed there."""
    chosen = me.tab.locator(f'{strip} [aria-checked="true"]')
    assert chosen.count() == 1
    return int(chosen.get_attribute("data-index"))


def check_part(me: Visit, part: int, orders: list[Order]) -> None:
    """Strip and card agree, now and when all answers have come, and the run is for that part."""
    assert pressed(me) == part
    me.run()
    me.tab.locator("#progress .problem", has_text="Recorded.").wait_for()
    assert [one.part for one in orders[-1].parts] == [part]
    me.tab.wait_for_timeout(1500)
    assert pressed(me) == part
    assert f"{part} of 12" in me.text("#card")


def test_five_quick_keys_choose_the_part_that_is_shown(slow: Visit, orders: list[Order]) -> None:
    slow.tab.locator('#strip .frame[data-index="1"]').focus()
    for _ in range(5):
        slow.tab.keyboard.press("ArrowRight")
        slow.tab.wait_for_timeout(30)
    check_part(slow, 6, orders)


def test_three_quick_clicks_choose_the_part_that_is_shown(slow: Visit, orders: list[Order]) -> None:
    for part in (2, 5, 3):
        slow.tab.locator(f'#strip .frame[data-index="{part}"]').click()
        slow.tab.wait_for_timeout(60)
    check_part(slow, 3, orders)


def test_a_late_answer_to_another_event_chooses_nothing(slow: Visit, orders: list[Order]) -> None:
    slow.open_settings()
    slow.pick("How to cut", strings.SPLIT_CHOICES[1][0])
    slow.tab.locator('#strip .frame[data-index="7"]').click()
    slow.tab.wait_for_timeout(1500)
    check_part(slow, 7, orders)
    assert orders[-1].split_mode == "reencode"


def test_the_keyboard_stays_on_the_strip_when_it_is_drawn_again(slow: Visit, orders: list[Order]) -> None:
    slow.tab.locator('#strip .frame[data-index="3"]').focus()
    slow.tab.locator("#strip .strip").evaluate("e => { e.outerHTML = e.outerHTML }")
    slow.tab.wait_for_timeout(100)
    slow.tab.keyboard.press("ArrowRight")
    check_part(slow, 2, orders)


def test_stills_go_with_their_part_and_the_pressed_one_is_looked_at(
    slow: Visit, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[Any] = []

    def suggest(clip: Any, *, images: Any, **_: Any) -> MoodSuggestion:
        looked_at.append(images)
        return MoodSuggestion("slow strings", None, "nothing", "palette")

    monkeypatch.setattr("app.mood.suggest", suggest)
    slow.tab.locator('#strip .frame[data-index="2"]').click()
    slow.tab.get_by_role("button", name=strings.SUGGEST_HEADING).click()
    slow.tab.get_by_role("button", name=strings.STILLS_BUTTON).click()
    still = slow.tab.locator("#stills .frame", has_text="33 % of part 2")
    still.click()
    assert pressed(slow, "#stills") == int(still.get_attribute("data-index"))
    slow.suggest()
    slow.tab.locator("#saw", has_text="What it saw").wait_for()
    assert len(looked_at[-1]) == 1
    slow.tab.locator('#strip .frame[data-index="11"]').click()
    assert slow.tab.locator("#stills .frame").count() == 0
    assert strings.STILLS_EMPTY in slow.text("#stills")
    slow.tab.wait_for_timeout(1000)
    assert strings.STILLS_EMPTY in slow.text("#stills")
    slow.suggest()
    slow.tab.wait_for_timeout(1500)
    assert looked_at[-1] is None
    assert orders == []
