"""The short form of `make faults`; its long form is a table in docs/reliability.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from app.settings import ROOT


def test_whatever_befalls_a_run_nothing_is_lost_and_the_next_one_succeeds(tmp_path: Path) -> None:
    words = ["--kills", "6", "--disks", "2", "--others", "1", "--seed", "7", "--folder", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", *words], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    killed = re.findall(r"\| kill -9, [a-z ,]+ \| \d+ \| (\d+) \|", done.stdout)
    assert sum(map(int, killed)) == 6
    assert not list(tmp_path.iterdir())
