"""Time and memory of putting music into 30 s of a long 1080p film, beside a plain copy of the file.

    python -m benchmarks.film_cost                     a film of 10 minutes and one of 60 (needs some 30 GB of disk)
    python -m benchmarks.film_cost --minutes 2         a small run

The music costs nothing: a model that gives a tone. The whole of `dub` is timed, in a process of its
own that has loaded most of what it needs before the clock starts: probing, hashing, cutting all parts, mixing, film,
check, manifest, zip, and waiting until all of it is on the disk. Processor time is that of its workers too. Memory is
the most that the process held, less what it held idle. The film is made on the spot: pictures that are repeated, sound
that is not. Prints seconds by stage, the ratio to copying the file and waiting until it is on the disk, and that to
doing so as often as the result holds it (parts, film, and both again in the zip).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

PART_SECONDS = 30
MAX_EXTRA_MB, MAX_COPY_RATIO = 200, 2


def resident_mb(field: str) -> float:
    """VmRSS or VmHWM of this process, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def tree_cpu() -> float:
    """Processor seconds of this process and of all that it has started, the living and the dead."""
    return sum(_cpu_ticks(os.getpid())) / os.sysconf("SC_CLK_TCK")


def _cpu_ticks(process: int) -> Iterator[int]:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        children = [task.read_text() for task in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:
        return  # It has just ended: its parent counts it from now on.
    # User and system time, and the same of children that have ended.
    yield sum(int(field) for field in fields[11:15])
    for child in " ".join(children).split():
        yield from _cpu_ticks(int(child))


def work(video: Path, out: Path, n_parts: int, dubs: bool = True) -> None:
    """Dub the middle part, or split the video only, and print what it took as JSON."""
    import app.media.cut.split
    import app.result.verify  # noqa: F401
    import riffusion_inference.takes.tempo_hold  # noqa: F401
    from app.dub import Order, PartOrder, Run, carry_out
    from app.settings import load_settings
    from benchmarks.hum import HumModel
    from riffusion_inference.datatypes import GenerationSettings

    model = HumModel()
    part = PartOrder(n_parts // 2 + 1, GenerationSettings("hum", seed=1), model.name)
    order = Order(video, out, n_parts, "exact", (part,) if dubs else ())  # type: ignore[arg-type]
    run = Run(load_settings(None, {}, max_duration_seconds=7200, threads_on_splitting=1))
    Path("/proc/self/clear_refs").write_text("5")  # The peak counts from here.
    idle, began, cpu = resident_mb("VmRSS"), time.perf_counter(), tree_cpu()
    carry_out(order, run, model)  # type: ignore[arg-type]
    seconds = time.perf_counter() - began
    said = {"seconds": seconds, "cpu": tree_cpu() - cpu, "extra_mb": resident_mb("VmHWM") - idle}
    print(json.dumps({**said, "stages": run.seconds}))


def make_film(path: Path, seconds: int) -> None:
    """A film whose sound was encoded in one go: joined sound would have overlaps, which are not spliced."""
    from benchmarks.split import ffmpeg, make_clip

    pictures = path.with_name("pictures.mp4")
    make_clip(pictures, seconds)
    tone = ["-f", "lavfi", "-i", f"sine=440:r=48000:d={seconds}", "-map", "0:v", "-map", "1:a"]
    ffmpeg("-i", str(pictures), *tone, "-c:v", "copy", "-c:a", "aac", "-ac", "2", "-t", str(seconds), str(path))
    pictures.unlink()


def copied(video: Path, out: Path) -> float:
    """Seconds of a plain copy, as `cp` makes it, until it is on the disk, as a result is."""
    began = time.perf_counter()
    subprocess.run(["cp", str(video), str(out)], check=True)
    subprocess.run(["sync", str(out)], check=True)
    seconds = time.perf_counter() - began
    out.unlink()
    return seconds


def worked(video: Path, out: Path, n_parts: int, dubs: bool = True) -> dict[str, Any]:
    """What work says of itself, done in a process of its own; the result is deleted."""
    command = [sys.executable, "-m", "benchmarks.film_cost", "--work", str(video), str(out), str(n_parts), str(dubs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    shutil.rmtree(out)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(video: Path, folder: Path, n_parts: int, repeats: int) -> bool:
    """Measure one film; whether it kept to what is wanted."""
    copies, runs = [], []
    for number in range(repeats):
        copies.append(copied(video, folder / "copy"))
        runs.append(worked(video, folder / "out", n_parts))
        print(f"  run {number + 1}: copy {copies[-1]:.2f} s, dub {runs[-1]['seconds']:.2f} s", flush=True)
    best, copy_s = min(runs, key=lambda run: run["seconds"]), min(copies)
    ratio, extra = best["seconds"] / copy_s, max(run["extra_mb"] for run in runs)
    print(f"  stages of the best: {', '.join(f'{name} {took:.2f} s' for name, took in best['stages'].items())}")
    print(
        f"  best {best['seconds']:.2f} s ({best['cpu']:.2f} s of processor), copy {copy_s:.2f} s, ratio {ratio:.2f}, "
        f"to four copies {ratio / 4:.2f}; memory above idle {extra:.0f} MB"
    )
    return ratio < MAX_COPY_RATIO and extra < MAX_EXTRA_MB


def main() -> int:
    """Run from the command line; exit code 1 where something misses what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 60], help="lengths of the films (10 60)")
    parser.add_argument("--repeats", type=int, default=3, help="times that each is dubbed and copied (3)")
    parser.add_argument("--folder", type=Path, help="where to work; it needs ten times the film's size")
    parser.add_argument("--video", type=Path, help="a film to take in place of those made here")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        video, out, n_parts, dubs = options.work
        work(Path(video), Path(out), int(n_parts), dubs == "True")
        return 0
    good = True
    with tempfile.TemporaryDirectory(prefix="film-cost-", dir=options.folder) as folder:
        for minutes in options.minutes:
            video = options.video or Path(folder) / "film.mp4"
            if options.video is None:
                make_film(video, minutes * 60)
            os.sync()
            print(f"{minutes} minutes, {video.stat().st_size / 1e6:.0f} MB, part of {PART_SECONDS} s")
            good &= measure(video, Path(folder), minutes * 60 // PART_SECONDS, options.repeats)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
