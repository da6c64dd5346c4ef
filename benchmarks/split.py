"""Time the exact split of a long 1080p H.264 clip against FFmpeg's own segmenting by copy, and against re-encoding it.

    python -m benchmarks.split                  the 10-minute clip, 20 parts (a few minutes, most of it the re-encode)
    python -m benchmarks.split --seconds 60     a small run

Prints two ratios: exact to copy (wanted: at most 2) and re-encode to exact (wanted: at least 30). The clip is made on
the spot. The re-encode is measured on a fraction of the clip, which is said, and scaled to the whole.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.media import explain_split, probe, split
from app.media.ffmpeg import ffmpeg_exe

SIZE, RATE, GOP = "1920x1080", 30, 250
MAX_COPY_RATIO, MIN_ENCODE_RATIO = 2, 30


def ffmpeg(*arguments: str) -> None:
    """Run FFmpeg to its end."""
    subprocess.run([ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments], check=True)


def make_clip(path: Path, seconds: int) -> None:
    """Write an H.264 and AAC clip of moving noise, B-frames and a keyframe every 250 frames."""
    minute = path.with_name("minute.mp4")
    source = f"testsrc2=s=480x270:r={RATE}:d={min(seconds, 30)},noise=alls=12:allf=t,scale={SIZE}:flags=neighbor"
    encode = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-bf",
        "2",
        "-g",
        str(GOP),
        "-b:v",
        "6M",
        "-pix_fmt",
        "yuv420p",
    ]
    tone = f"sine=440:r=48000:d={min(seconds, 30)}"
    ffmpeg("-f", "lavfi", "-i", source, "-f", "lavfi", "-i", tone, *encode, "-c:a", "aac", "-ac", "2", str(minute))
    ffmpeg(
        "-stream_loop",
        str(max(0, -(-seconds // 30) - 1)),
        "-i",
        str(minute),
        "-c",
        "copy",
        "-t",
        str(seconds),
        str(path),
    )
    minute.unlink()


def timed(work: Callable[[Path], object], folder: Path, repeats: int) -> list[float]:
    """Seconds of each repeat, each into an empty folder."""
    seconds = []
    for _ in range(repeats):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        started = time.perf_counter()
        work(folder)
        seconds.append(time.perf_counter() - started)
    return seconds


def run(seconds: int, n_parts: int, repeats: int, encode_seconds: int, folder: Path) -> tuple[float, float]:
    """Measure, print, and return both ratios."""
    path, piece = folder / "clip.mp4", folder / "piece.mp4"
    make_clip(path, seconds)
    clip = probe(path)
    print(f"clip: {seconds} s, {SIZE}, {clip.n_frames} frames, {clip.size_bytes / 1e6:.1f} MB, {n_parts} parts")
    length = seconds / n_parts

    def copy(out: Path) -> None:
        segment = ["-c", "copy", "-map", "0", "-f", "segment", "-segment_time", f"{length}", "-reset_timestamps", "1"]
        ffmpeg("-i", str(path), *segment, str(out / "%02d.mp4"))

    def exact(out: Path) -> None:
        fresh = probe(path)
        split(fresh, explain_split(fresh, n_parts, "exact"), out)

    out = folder / "out"
    copies, exacts = [], []
    for _ in range(repeats):
        copies += timed(copy, out, 1)
        exacts += timed(exact, out, 1)
    copy_s, exact_s = statistics.median(copies), statistics.median(exacts)
    print(f"ffmpeg -c copy -f segment: median {copy_s:.3f} s of {[round(s, 3) for s in copies]}")
    print(f"exact (probe, plan, split): median {exact_s:.3f} s of {[round(s, 3) for s in exacts]}")
    ffmpeg("-i", str(path), "-c", "copy", "-t", str(encode_seconds), str(piece))
    small = probe(piece)
    share = small.n_frames / clip.n_frames
    pieces = max(1, round(n_parts * share))

    def encode(target: Path) -> None:
        split(small, explain_split(small, pieces, "reencode"), target, threads=2)

    measured = timed(encode, out, 1)[0]
    encode_s = measured / share
    print(f"re-encode: {measured:.1f} s for {small.n_frames} of {clip.n_frames} frames, scaled to {encode_s:.1f} s")
    return exact_s / copy_s, encode_s / exact_s


def main() -> int:
    """Run from the command line; exit code 1 where a ratio misses what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="length of the clip (600)")
    parser.add_argument("--parts", type=int, default=20, help="parts to cut it into (20)")
    parser.add_argument("--repeats", type=int, default=5, help="times that copy and exact are run (5)")
    parser.add_argument("--encode-seconds", type=int, default=20, help="seconds of the clip to re-encode (20)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="split-benchmark-") as folder:
        encode_seconds = min(options.encode_seconds, options.seconds)
        to_copy, to_encode = run(options.seconds, options.parts, options.repeats, encode_seconds, Path(folder))
    print(f"exact / copy = {to_copy:.2f} (wanted: at most {MAX_COPY_RATIO})")
    print(f"re-encode / exact = {to_encode:.0f} (wanted: at least {MIN_ENCODE_RATIO})")
    return 0 if to_copy <= MAX_COPY_RATIO and to_encode >= MIN_ENCODE_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
