"""The page without violations of the rules of accessibility, where axe-core is there: npm install axe-core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.page import strings
from tests.fixtures_page import Visit

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
OUR_OWN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
NOT_OURS = {"#video", "#seed_image", "#seed_audio", "#midi"}
"""Gradio's own fields for files."""


def violations(me: Visit) -> list[str]:
    """What axe finds, each in one line."""
    me.tab.evaluate(AXE.read_text())
    found: list[Any] = me.tab.evaluate(OUR_OWN)
    lines = []
    for rule in found:
        for node in rule["nodes"]:
            where = node["target"][0]
            ours = me.tab.evaluate(
                "([at, not]) => !document.querySelector(at)?.closest(not)", [where, ", ".join(NOT_OURS)]
            )
            if ours:
                lines.append(f"{rule['id']}: {where}: {node['html'][:160]}")
    return lines


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm install axe-core")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_in_the_way_of_a_screen_reader(
    visit: Callable[..., Visit], real_clip: Path, width: int, theme: str
) -> None:
    me = visit(width=width, theme=theme, touch=width < 640)
    assert violations(me) == []
    me.upload(real_clip)
    me.apply("calm piano")
    me.run()
    me.wait_for_part(1)
    me.tab.locator("#words summary").click()
    me.tab.locator("#panel-mixer button", has_text=strings.MIXER_HEADING).first.click()
    me.settle()
    assert violations(me) == []
