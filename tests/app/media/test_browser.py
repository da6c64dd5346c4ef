"""Headless Chromium shows an exact part from its first frame, for as long as it should."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.media import explain_split, probe, replace_audio, split
from riffusion_inference.datatypes import Waveform
from tests.fixtures_clips import BITS, ClipShelf

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: install Debian's package"),
]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

READ_FRAME = """async ([name, at, bits]) => {
    const opened = (preload) => {
        const video = document.createElement('video');
        video.muted = true;
        video.preload = preload;
        return video;
    };
    const happened = (video, what) => new Promise((done, failed) => {
        video.addEventListener(what, done, {once: true});
        video.addEventListener('error', () => failed(new Error(video.error.message)), {once: true});
    });
    // What the index says: once Chromium has read a short file to its end, it counts frames that the edit list hides.
    const index = opened('metadata'), described = happened(index, 'loadedmetadata');
    index.src = name;
    await described;
    const duration = index.duration;
    const video = opened('auto'), loaded = happened(video, 'loadeddata');
    video.src = name;
    await loaded;
    if (at > 0) {
        const sought = happened(video, 'seeked');
        const painted = new Promise((done) => video.requestVideoFrameCallback(done));
        video.currentTime = at;
        await sought;
        await Promise.race([painted, new Promise((done) => setTimeout(done, 1000))]);
    }
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const painter = canvas.getContext('2d');
    painter.drawImage(video, 0, 0);
    let number = 0;
    for (let bit = 0; bit < bits; bit++)
        if (painter.getImageData(bit * 16 + 8, 8, 1, 1).data[0] > 128) number += 1 << bit;
    return [number, duration, video.videoWidth, video.videoHeight];
}"""


class RangeHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files with byte ranges, as players want them."""

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        """Answer a request for all of a file or for a range of it."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            page = b"<!doctype html><title>empty</title>"
            self._answer(200, "text/html", page, {})
            return
        data = path.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            self._answer(200, "video/mp4", data, {"Accept-Ranges": "bytes"})
            return
        start, end = int(wanted[1]), min(int(wanted[2] or len(data) - 1), len(data) - 1)
        self._answer(206, "video/mp4", data[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(data)}"})

    def _answer(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder and the address at which it is served."""
    folder = tmp_path_factory.mktemp("served")
    handler = functools.partial(RangeHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()


@pytest.fixture(scope="module")
def page(served: tuple[Path, str]) -> Iterator[Any]:
    """A page of headless Chromium on the served folder."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        tab = browser.new_page()
        tab.goto(served[1])
        yield tab
        browser.close()


@pytest.mark.parametrize("kind", ["h264", "open_gop", "start_offset", "own_edit_list"])
def test_an_exact_part_opens_at_its_first_frame(
    clips: ClipShelf, served: tuple[Path, str], page: Any, kind: str
) -> None:
    clip = probe(clips.path(kind))
    plan = explain_split(clip, 3, "exact")
    folder = served[0] / kind
    first = 0 if kind != "own_edit_list" else None
    for part, path in zip(plan.parts, split(clip, plan, folder), strict=True):
        number, duration, *size = page.evaluate(READ_FRAME, [f"{kind}/{path.name}", 0, BITS])
        first = number if first is None else first
        assert number == first + part.start_frame
        assert size == [clip.width, clip.height]
        # Where sound starts first, Chromium counts the reordered frame that the edit list hides at the end.
        slack = 0.001 if probe(path).start == 0 else 0.041
        assert duration == pytest.approx(playing_time(path), abs=slack)
        middle = (part.n_frames // 2 + 0.5) / 25
        # Chromium cannot skip to a picture of an open GOP, in the source as little as here.
        if part.index > 1 and kind != "open_gop":
            assert page.evaluate(READ_FRAME, [f"{kind}/{path.name}", middle, BITS])[0] == number + part.n_frames // 2


def test_a_dubbed_part_does_too(clips: ClipShelf, served: tuple[Path, str], page: Any) -> None:
    clip = probe(clips.path("h264"))
    plan = explain_split(clip, 3, "exact")
    path = split(clip, plan, served[0] / "dubbed")[1]
    replace_audio(path, Waveform(np.zeros((2, 48000), dtype=np.float32), 48000), path)
    number, duration, *_ = page.evaluate(READ_FRAME, [f"dubbed/{path.name}", 0, BITS])
    assert number == plan.parts[1].start_frame
    assert duration == pytest.approx(1, abs=0.001)


def playing_time(path: Path) -> float:
    """Seconds from the earliest start of picture or sound to the last end."""
    made = probe(path)
    ends = [made.start + made.duration]
    if made.sample_rate is not None:
        ends.append(made.start + (made.audio_start_sample + made.n_samples) / made.sample_rate)
    return float(max(ends))
