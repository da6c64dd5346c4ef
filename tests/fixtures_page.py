"""The page, served once for all tests from the tests' own process, and Debian's chromium to look at it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.page import strings

WIDE = {"width": 1440, "height": 900}


@dataclass(frozen=True)
class Served:
    """A running page."""

    url: str
    """Without a slash at the end."""
    folder: Path
    """Where visitors' files lie."""
    tabs: Any = None
    """What the page knows of its tabs."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sample_clip() -> Path:
    """Five seconds of film with sound, H.264 and AAC, from gradio's wheel."""
    import gradio

    return Path(gradio.__file__).parent / "media_assets" / "videos" / "b.mp4"


@pytest.fixture(scope="session")
def real_clip() -> Path:
    """That clip."""
    return sample_clip()


@contextmanager
def serve(folder: Path, **overrides: Any) -> Iterator[Served]:
    """Serve the page out of a folder, by the program's own settings but for some; one that is served goes on."""
    from app.page import jobs
    from app.page.launch import launch
    from app.settings import PAGE_FOLDER, load_settings

    before, shelves = os.environ.get("GRADIO_TEMP_DIR"), list(jobs.SHELVES)
    settings = load_settings(None, {}, temporary_directory=folder, port=free_port(), **overrides)
    page = launch(settings, prevent_thread_lock=True)
    yield Served(str(page.local_url).rstrip("/"), folder / PAGE_FOLDER, page._queue._tabs)
    page.close()
    jobs.SHELVES[:] = shelves
    if before is not None:
        os.environ["GRADIO_TEMP_DIR"] = before


@pytest.fixture(scope="session")
def served(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page with the tiny checkpoint, four steps, and videos of at most a minute and 3 MB."""
    with serve(
        tmp_path_factory.mktemp("page"),
        model=str(tiny_checkpoint),
        num_inference_steps=4,
        device="cpu",
        describer="palette",
        max_upload_mb=3,
        upload_piece_mb=1,
        max_duration_seconds=60,
        mcp_server=importlib.util.find_spec("mcp") is not None,
    ) as page:
        yield page


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser; tests that want it are skipped, and say so, where Debian's chromium is missing."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


@dataclass
class Visit:
    """One visitor's tab, with what the tests do in it again and again."""

    tab: Any
    """Playwright's page."""
    requests: list[str]
    """Addresses that were asked for."""
    complaints: list[str]
    """Errors in the browser's console."""

    def upload(self, path: Path) -> None:
        """Give the page a video and wait until it has looked at it."""
        self.tab.locator("#video input[type=file]").set_input_files(str(path))
        self.tab.locator("#strip .frame, #facts .problem").first.wait_for(timeout=20_000)

    def apply(self, prompt: str) -> None:
        """Write a prompt and press Enter."""
        self.tab.locator("#prompt textarea").fill(prompt)
        self.tab.locator("#prompt textarea").press("Enter")
        self.tab.locator("#card dd", has_text=prompt).wait_for(state="attached")

    def choose(self, part: int) -> None:
        """Click a part on the filmstrip."""
        self.tab.locator(f'#strip .frame[data-index="{part}"]').click()
        self.tab.locator("#card dd", has_text=f"{part} of").wait_for()

    def open_settings(self) -> None:
        """Unfold the additional settings."""
        if not self.tab.locator("#seed input, #seed textarea").first.is_visible():
            self.tab.get_by_role("button", name="Additional settings").click()
            self.tab.locator("#seed input, #seed textarea").first.wait_for()
            self.settle()

    def open_score(self) -> None:
        """Unfold what decides the score beside the prompt."""
        self.tab.locator("#panel-score button", has_text=strings.SCORE_HEADING).first.click()
        self.tab.locator("#midi").wait_for()
        self.settle()

    def settle(self) -> None:
        """Wait until fields that have just appeared keep what is typed: Gradio sets their first value late."""
        idle = "() => new Promise(done => requestIdleCallback(() => setTimeout(() => requestIdleCallback(done), 300)))"
        self.tab.evaluate(idle)

    def number(self, label: str, value: object) -> None:
        """Write into a slider's number field."""
        field = self.number_of(label)
        field.fill(str(value))
        field.press("Tab")

    def number_of(self, label: str) -> Any:
        """A slider's number field."""
        return self.tab.get_by_role("spinbutton", name=f"number input for {label}", exact=True)

    def pick(self, label: str, choice: str) -> None:
        """Choose from a dropdown."""
        self.tab.get_by_role("combobox", name=label).click()
        self.tab.get_by_role("listbox").get_by_role("option", name=choice, exact=True).click()

    def delay(self, milliseconds: float) -> None:
        """Let every answer from here on come so much later, as from a server that is far away."""
        network = self.tab.context.new_cdp_session(self.tab)
        network.send("Network.enable")
        limits = {"offline": False, "latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": -1}
        network.send("Network.emulateNetworkConditions", limits)

    def run(self) -> None:
        """Press Split-n-Generate."""
        self.tab.locator("#run").click()

    def wait_for_part(self, part: int, seconds: float = 60) -> None:
        """Wait until the results show this part's new music and the page is at rest."""
        heading = self.tab.locator("#detail h3", has_text=strings.DETAIL_HEADING.format(part=part))
        heading.or_(self.tab.locator("#progress .problem")).first.wait_for(timeout=1000 * seconds)
        assert heading.is_visible(), self.text("#progress")
        self.tab.locator("#run").wait_for()

    def suggest(self) -> None:
        """Let the picture write a prompt."""
        self.tab.locator("#suggest").click()

    def text(self, selector: str) -> str:
        """What a person reads there."""
        return str(self.tab.locator(selector).first.inner_text())


@pytest.fixture
def visit(served: Served, chromium: Any) -> Iterator[Any]:
    """Open the page as a new visitor: visit(width=390, theme="dark")."""
    contexts: list[Any] = []

    def open_page(*, width: int = 1440, theme: str = "light", url: str | None = None, touch: bool = False) -> Visit:
        context = chromium.new_context(viewport={**WIDE, "width": width}, accept_downloads=True, has_touch=touch)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(15_000)
        new = Visit(tab, [], [])
        tab.on("request", lambda request: new.requests.append(request.url))
        tab.on("console", lambda said: new.complaints.append(said.text) if said.type == "error" else None)
        tab.on("pageerror", lambda error: new.complaints.append(str(error)))
        tab.goto(f"{url or served.url}/?__theme={theme}")
        tab.locator("#card dl").wait_for(timeout=30_000)
        new.settle()
        return new

    yield open_page
    for context in contexts:
        context.close()
