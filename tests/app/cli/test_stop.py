"""Ctrl-C, whatever the work is doing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.fixtures_dub import DUB, words

SLOW = """
import sys, time, hashlib
import riffusion_inference.engines.load as engines
from riffusion_inference.errors import GenerationCancelled
from tests.fixtures_dub import ChordModel
class Slow(ChordModel):
    def generate(self, *args, **kwargs):
        print("READY", file=sys.stderr, flush=True)
        {work}
engines.load_model = lambda name, **options: Slow()
from app.__main__ import run
run()
"""


def how_late() -> float:
    """Seconds that this machine, busy as it may be, takes to start and end a Python that does nothing."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    return time.monotonic() - began


@pytest.mark.parametrize(
    "work",
    [
        "[time.sleep(0.05) for _ in iter(kwargs['should_cancel'], True)]; raise GenerationCancelled('Stopped.')",
        "time.sleep(60)",
        "hashlib.pbkdf2_hmac('sha256', b'x', b'y', 3 * 10**8)",
    ],
    ids=["asked", "interrupted", "ended"],
)
def test_ctrl_c_stops_within_two_seconds_and_leaves_nothing(dub_clip: Path, tmp_path: Path, work: str) -> None:
    argv = words(f"dub {{good}} {DUB} --device cpu --model pocket", good=dub_clip, out=tmp_path / "new" / "out")
    command = [sys.executable, "-c", SLOW.format(work=work), *argv]
    child = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        said = ""
        while "READY" not in said:
            line = child.stderr.readline()
            assert line, said
            said += line
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, rest = child.communicate(timeout=20)
        spent = time.monotonic() - began
        lag = how_late()
    finally:
        child.kill()
    assert child.returncode == 130, rest
    assert "Stopped; nothing was left behind." in rest
    assert "Traceback" not in rest
    assert spent < 2.0 + lag, f"{spent:.2f} s on a machine that is {lag:.2f} s late"
    hidden = [path for path in tmp_path.rglob("*") if path.is_file() or path.name.startswith(".")]
    assert not hidden
