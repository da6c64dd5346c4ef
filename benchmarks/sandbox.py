"""What the process that reads files costs: the quickest of several rounds with it and without it.

    python -m benchmarks.sandbox [--clip FILE] [--rounds 5]

"worker": a probe in a worker that is started for it, in a program that runs already. "program": the whole of
`riffusion-dub split`, from its start. "dub": the whole of `riffusion-dub dub` with the checkpoint pocket.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import gradio

from app import media
from app.settings import load_settings


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sandbox", description=__doc__.split("\n\n")[0])
    parser.add_argument("--clip", type=Path, default=Path(gradio.media.get_video("world.mp4")), help="a video")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    arguments = parser.parse_args()
    clip = arguments.clip
    media.use_settings(load_settings())
    media.probe(clip)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        split = ["split", str(clip), "--parts", "4", "--out", str(out), "--force"]
        dub = ["dub", str(clip), "--parts", "4", "--part", "2", "--prompt", "piano", "--seed", "1"]
        dub += ["--model", "pocket", "--device", "cpu", "--out", str(out), "--force"]
        measures: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "worker": (lambda: media.probe(clip), lambda: _here(clip)),
            "program": (lambda: _run(split), lambda: _run([*split, "--no-sandbox"])),
            "dub": (lambda: _run(dub), lambda: _run([*dub, "--no-sandbox"])),
        }
        print(f"{'':<10}{'with':>10}{'without':>10}{'more':>10}{'ratio':>8}")
        for name, (inside, outside) in measures.items():
            pairs = [(_seconds(inside), _seconds(outside)) for _ in range(arguments.rounds)]
            # What else the machine does only adds: the quickest of several is nearest to the cost itself.
            mine, theirs = (min(column) for column in zip(*pairs, strict=True))
            print(f"{name:<10}{mine:>8.3f} s{theirs:>8.3f} s{mine - theirs:>8.3f} s{mine / theirs:>8.2f}", flush=True)


def _here(clip: Path) -> None:
    with media.in_this_process():
        media.probe(clip)


def _run(words: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "app", *words], check=True, capture_output=True)


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
