"""The short form of `make soak`; its long form is a table in docs/reliability.md."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from app.settings import ROOT


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")
def test_every_visitor_gets_what_is_his_own_and_nothing_stays() -> None:
    words = ["--minutes", "0.1", "--warm-up", "0.05", "--visitors", "5"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", *words], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    said = done.stdout + done.stderr
    # How long they wait is the long form's: a few answers on a busy machine say nothing.
    assert "TROUBLE" not in said, said
    answers = re.search(r"(\d+) answers, 0 lost or another's", said)
    assert answers is not None, said
    assert int(answers[1]) >= 1
    assert "exit code of the page 0, tracebacks in its log 0" in said
