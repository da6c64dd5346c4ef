"""One order, three doors: the command line, the page and the endpoints give the same music and the same manifest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file

from app import media
from tests.fixtures_page import Visit, free_port

ROOT = Path(__file__).resolve().parents[2]
PROMPT, SEED = "techno, 128 BPM, drums", 7
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Nothing is set but MODEL=auto, which a machine without a GPU understands as pocket."""
    kept = {name: value for name, value in os.environ.items() if name not in ("GUIDANCE_SCALE", "NUM_INFERENCE_STEPS")}
    folder = str(tmp_path_factory.mktemp("doors"))
    # One thread: two processes of two threads on two cores wait for each other most of the time.
    own = {"MODEL": "auto", "DEVICE": "cpu", "DESCRIBER": "palette", "OMP_NUM_THREADS": "1"}
    return {**kept, **own, "TEMPORARY_DIRECTORY": folder}


@pytest.fixture(scope="module")
def page(environment: dict[str, str]) -> Iterator[Callable[[], str]]:
    """The page in a process of its own, which starts while others work; called, it waits and gives its address."""
    port = free_port()
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)

    def address() -> str:
        assert process.stdout is not None
        assert str(port) in process.stdout.readline()
        return f"http://127.0.0.1:{port}"

    try:
        yield address
    finally:
        process.terminate()
        process.wait(20)


def by_command(clip: Path, out: Path, environment: dict[str, str]) -> Path:
    """The command line's result folder."""
    argv = [sys.executable, "-m", "app", "dub", str(clip), "--parts", "4", "--part", "2", "--out", str(out)]
    subprocess.run(
        [*argv, "--prompt", PROMPT, "--seed", str(SEED)], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    return out


def unpacked(archive: Path, out: Path) -> Path:
    """A downloaded archive as a folder."""
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(out)
    return out


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


def by_endpoint(url: str, clip: Path, out: Path) -> Path:
    """What a program gets."""
    client = Client(url, verbose=False, download_files=str(out.parent / "client"))
    client.predict(handle_file(str(clip)), PROMPT, n_parts=4, part=2, seed=SEED, api_name="/dub")
    return unpacked(Path(client.predict(api_name="/archive")), out)


def facts(folder: Path) -> dict[str, Any]:
    """A manifest without what differs from run to run: times, places, and the clock that WAV files carry."""
    values: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    del values["seconds_per_stage"]
    values["source"]["path"] = values["archive"] = None
    values["files"] = {name: None if name.endswith(".wav") else sha for name, sha in values["files"].items()}
    return values


def test_the_same_words_give_the_same_music_through_every_door(
    visit: Callable[..., Visit],
    page: Callable[[], str],
    environment: dict[str, str],
    real_clip: Path,
    tmp_path: Path,
) -> None:
    with ThreadPoolExecutor(1) as beside:
        commanded = beside.submit(by_command, real_clip, tmp_path / "command", environment)
        url = page()
        browser = by_page(visit(url=url), real_clip, tmp_path / "page")
        endpoint = by_endpoint(url, real_clip, tmp_path / "endpoint")
        command = commanded.result()
    wanted = facts(command)
    made = wanted["dubs"][0]["music"]
    assert (made["model"], made["generation"]["guidance_scale"], made["generation"]["num_inference_steps"]) == (
        "pocket", 6.0, 20,
    )  # fmt: skip
    assert facts(browser) == wanted
    assert facts(endpoint) == wanted
    sounds = [media.read_audio(folder / "music" / "02.wav").samples for folder in (command, browser, endpoint)]
    assert np.array_equal(sounds[0], sounds[1])
    assert np.array_equal(sounds[0], sounds[2])
