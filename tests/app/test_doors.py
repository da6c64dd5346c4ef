"""One order, three doors: the command line, the page and the endpoints give the same music and the same manifest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import media
from tests.fixtures_beside import PROMPT, SEED, unpacked
from tests.fixtures_page import Visit

pytestmark = pytest.mark.browser


def by_page(me: Visit, clip: Path, out: Path) -> Path:
    """What a person downloads after the page's run."""
    me.upload(clip)
    me.choose(2)
    me.apply(PROMPT)
    me.open_settings()
    me.tab.locator("#seed input, #seed textarea").first.fill(str(SEED))
    me.run()
    me.wait_for_part(2)
    with me.tab.expect_download() as download:
        me.tab.locator("#archive").click()
    return unpacked(Path(download.value.path()), out)


def facts(folder: Path) -> dict[str, Any]:
    """A manifest without what differs from run to run: times, places, and the clock that WAV files carry."""
    values: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    del values["seconds_per_stage"]
    values["source"]["path"] = values["archive"] = None
    values["files"] = {name: None if name.endswith(".wav") else sha for name, sha in values["files"].items()}
    return values


def test_the_same_words_give_the_same_music_through_every_door(
    visit: Callable[..., Visit],
    page_with_auto: str,
    dubbed_with_auto: Path,
    asked_with_auto: Path,
    real_clip: Path,
    tmp_path: Path,
) -> None:
    command = dubbed_with_auto
    browser = by_page(visit(url=page_with_auto), real_clip, tmp_path / "page")
    endpoint = asked_with_auto
    wanted = facts(command)
    made = wanted["dubs"][0]["music"]
    assert (made["model"], made["generation"]["guidance_scale"], made["generation"]["num_inference_steps"]) == (
        "pocket", 1.5, 10,
    )  # fmt: skip
    assert "music/02.mid" in wanted["files"]
    assert facts(browser) == wanted
    assert facts(endpoint) == wanted
    sounds = [media.read_audio(folder / "music" / "02.wav").samples for folder in (command, browser, endpoint)]
    assert np.array_equal(sounds[0], sounds[1])
    assert np.array_equal(sounds[0], sounds[2])
