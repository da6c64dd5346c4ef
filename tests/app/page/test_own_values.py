"""A checkpoint's own values are used and shown until somebody sets others, and those stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import app.page.run
from app.dub import Order
from app.errors import PlanError
from app.page import strings
from tests.fixtures_page import Visit, serve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def plain_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page as it comes, on a machine without a GPU."""
    with serve(tmp_path_factory.mktemp("plain"), device="cpu") as served:
        yield served.url


def shown(me: Visit, label: str) -> str:
    """What a slider's field shows."""
    return str(me.tab.get_by_role("spinbutton", name=f"number input for {label}", exact=True).input_value())


def test_auto_is_pocket_on_a_cpu_and_what_was_set_stays(
    plain_page: str, visit: Callable[..., Visit], real_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[Order] = []

    def record(order: Order, *_: Any) -> None:
        orders.append(order)
        raise PlanError("Recorded.")

    monkeypatch.setattr(app.page.run, "carry_out", record)
    me = visit(url=plain_page)
    me.upload(real_clip)
    me.apply("calm piano")

    def asked() -> tuple[float, int, str]:
        before = len(orders)
        me.run()
        for _ in range(100):
            if len(orders) > before and me.tab.locator("#run").is_visible():
                break
            me.tab.wait_for_timeout(100)
        assert len(orders) == before + 1, me.text("#progress")
        made = orders[-1].parts[0].generation
        return made.guidance_scale, made.num_inference_steps, orders[-1].parts[0].model

    assert asked() == (1.5, 10, "pocket")
    me.open_settings()
    assert (shown(me, "Guidance scale"), shown(me, "Steps")) == ("1.5", "10")
    me.number("Steps", 7)
    me.pick("Checkpoint", "riffusion")
    me.tab.wait_for_function("document.querySelector('#guidance_scale input[type=number]').value === '7'")
    assert shown(me, "Steps") == "7"
    assert asked() == (7.0, 7, "riffusion/riffusion-model-v1")
    me.pick("Checkpoint", "pocket")
    me.tab.wait_for_function("document.querySelector('#guidance_scale input[type=number]').value === '1.5'")
    assert asked() == (1.5, 7, "pocket")
    me.tab.get_by_role("button", name=strings.OWN_VALUES).click()
    me.tab.wait_for_function("document.querySelector('#num_inference_steps input[type=number]').value === '10'")
    assert asked() == (1.5, 10, "pocket")
    assert me.complaints == []
