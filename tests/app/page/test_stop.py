"""The page as a process of its own: told to stop while somebody's music is being made."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.settings import ROOT
from tests.app.page.test_gradio_queue import until
from tests.app.page.test_web import API, file_data, send
from tests.fixtures_page import free_port

TOKEN = "5" * 64


@pytest.mark.skipif(os.name != "posix", reason="other systems have no SIGTERM")
def test_told_to_stop_it_cancels_what_runs_and_leaves_nothing(
    tiny_checkpoint: Path, real_clip: Path, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    known = {name: value for name, value in os.environ.items() if name not in ("GRADIO_TEMP_DIR",)}
    wanted = {"TEMPORARY_DIRECTORY": str(tmp_path / "tmp"), "STOP_AFTER_SECONDS": "6", "REPLICATE_API_TOKEN": "r8_mine"}
    words = ["-v", "serve", "--port", str(port), "--model", str(tiny_checkpoint), "--device", "cpu"]
    with log.open("w") as said:
        server = subprocess.Popen(
            [sys.executable, "-m", "app", *words], cwd=ROOT, env={**known, **wanted}, stdout=said, stderr=said
        )
    try:
        assert until(lambda: "The page is ready" in log.read_text() or server.poll() is not None), log.read_text()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, headers={"x-visitor": TOKEN}) as client:
            video = file_data(send(client, "b.mp4", real_clip.read_bytes()).json()[0])
            data = {"video": video, "prompt": "piano", "n_parts": 1, "num_inference_steps": 100, "candidates": 8}
            assert client.post(f"{API}/call/v2/dub", json=data).status_code == 200, log.read_text()
            assert until(lambda: client.get("/health").json()["jobs_running"] == 1), log.read_text()
            server.send_signal(signal.SIGTERM)
            assert until(lambda: "stopping" in client.get("/health").text)
            late = client.post(f"{API}/call/v2/dub", json=data)
            assert late.status_code == 503
            assert "about to be restarted" in late.json()["detail"]
        assert server.wait(60) == 0, log.read_text()
    finally:
        server.kill()
    text = log.read_text()
    assert "The page is closed; 1 job was cancelled." in text
    assert re.search(r"INFO \S*gate \[[0-9a-f]{12}\] POST /gradio_api/call/v2/dub 200", text), text
    assert TOKEN not in text
    assert "r8_mine" not in text
    assert "Traceback" not in text
    left = [path for path in (tmp_path / "tmp").rglob("*") if path.is_file() and path.name != ".lock"]
    assert left == []
