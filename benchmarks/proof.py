"""Time and memory of verify, beside one full decode of the film.

    python -m benchmarks.proof                    a film of 10 minutes in 20 parts (needs 4 GB of disk)
    python -m benchmarks.proof --minutes 2        a small run

The film is made on the spot, its middle part gets music that costs nothing, and the result is verified in processes of
their own: as it is proved at the end of every run, as `verify` does it, and with `--decode`. The yardstick is FFmpeg's
binary, which decodes all of the film's pictures and sound to nothing. Wall time and processor time are printed, and the
most memory that each process held beyond what an idle one does.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

PART_SECONDS = 30
MAX_SECONDS, MAX_DECODE_RATIO, MAX_MB = 3.0, 1.5, 300
KINDS = ("check", "verify", "decode")


def work(kind: str, result: Path, video: Path) -> None:
    """Prove a result one way, and print what it took as JSON."""
    from app import media
    from app.result.manifest import read_manifest
    from app.result.verify import check_made, verify
    from benchmarks.film_cost import resident_mb, tree_cpu

    clip, manifest = media.probe(video), read_manifest(result)
    Path("/proc/self/clear_refs").write_text("5")  # The peak counts from here.
    idle, began, cpu = resident_mb("VmRSS"), time.perf_counter(), tree_cpu()
    report = check_made(result, manifest, clip) if kind == "check" else verify(result, video, decode=kind == "decode")
    seconds = time.perf_counter() - began
    said = {"seconds": seconds, "cpu": tree_cpu() - cpu, "mb": resident_mb("VmHWM") - idle}
    print(json.dumps({**said, "lines": report.lines, "ok": report.ok}))


def decoded(video: Path) -> tuple[float, float]:
    """Wall and processor seconds of one full decode by FFmpeg's binary."""
    from app.media.ffmpeg import ffmpeg_exe

    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(video), "-f", "null", "-"]
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


def dubbed(video: Path, out: Path, n_parts: int) -> None:
    """Put a tone into the middle part."""
    from app.dub import Order, PartOrder, Run, carry_out
    from app.settings import load_settings
    from benchmarks.hum import HumModel
    from riffusion_inference.datatypes import GenerationSettings

    model = HumModel()
    part = PartOrder(n_parts // 2 + 1, GenerationSettings("hum", seed=1), model.name)
    order = Order(video, out, n_parts, "exact", (part,))  # type: ignore[arg-type]
    carry_out(order, Run(load_settings(None, {}, max_duration_seconds=7200, no_check=True)), model)  # type: ignore[arg-type]


def worked(kind: str, result: Path, video: Path) -> dict[str, Any]:
    """What work says of itself, done in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.proof", "--work", kind, str(result), str(video)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def measure(video: Path, folder: Path, n_parts: int, kinds: list[str]) -> bool:
    """Measure one film; whether it kept to what is wanted."""
    result = folder / "out"
    dubbed(video, result, n_parts)
    whole, whole_cpu = decoded(video)
    print(f"  full decode {whole:.1f} s ({whole_cpu:.1f} s of processor)", flush=True)
    good = True
    for kind in kinds:
        run = worked(kind, result, video)
        ratios = f"{run['seconds'] / whole:.3f} of a full decode, {run['cpu'] / whole_cpu:.3f} of its processor time"
        print(f"  {kind:<7} {run['seconds']:.2f} s ({run['cpu']:.2f} s of processor): {ratios}; {run['mb']:.0f} MB")
        in_time = run["seconds"] / whole <= MAX_DECODE_RATIO if kind == "decode" else run["seconds"] <= MAX_SECONDS
        good &= run["ok"] and in_time and run["mb"] <= MAX_MB
        print(*(f"    {line}" for line in run["lines"] if not line.startswith("ok")), sep="\n", end="")
    return good


def main() -> int:
    """Run from the command line; exit code 1 where something misses what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10, help="length of the film (10)")
    parser.add_argument("--folder", type=Path, help="where to work; it needs eight times the film's size")
    parser.add_argument("--video", type=Path, help="a film to take in place of the one made here")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which proofs to time (all)")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work[0], Path(options.work[1]), Path(options.work[2]))
        return 0
    with tempfile.TemporaryDirectory(prefix="proof-", dir=options.folder) as folder:
        video = options.video or Path(folder) / "film.mp4"
        if options.video is None:
            from benchmarks.film_cost import make_film

            make_film(video, options.minutes * 60)
        print(f"{options.minutes} minutes, {video.stat().st_size / 1e6:.0f} MB, parts of {PART_SECONDS} s")
        return 0 if measure(video, Path(folder), options.minutes * 60 // PART_SECONDS, options.kinds) else 1


if __name__ == "__main__":
    sys.exit(main())
