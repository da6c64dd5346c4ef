"""Batches against a shell loop of `dub`, and what the scheduling itself costs.

python -m benchmarks.batch films --clips 24     24 films by a loop of `dub`, by two processes, and by Ray: the same?
python -m benchmarks.batch rows --rows 10000    rows whose work is next to nothing
python -m benchmarks.batch kills --kills 10     kills of a driver, of workers and of Ray, each followed by a start
python -m benchmarks.batch windows              windows of several films in one pass of the UNet, or film by film
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import soundfile

from app.batch.batch import MakeDubber, Team, plan_batch, run_batch
from app.batch.jobs import read_jobs
from app.batch.ledger import Outcome, Status
from app.batch.place import open_place
from app.batch.work import Dubber, MakeWorker
from app.dub.order import Order
from app.dub.run import Run
from app.models import ModelShelf
from app.result.archive import pack
from app.result.facts import Manifest, PartFacts, SourceFacts
from app.result.folder import Result
from app.settings import Settings, load_settings
from benchmarks.films import find_sources

ROOT = Path(__file__).resolve().parents[1]
ASKS = {"parts": 2, "part": 2, "prompt": "calm piano", "seed": 7, "num_inference_steps": 4, "model": "pocket"}
FLAGS = "--parts 2 --part 2 --seed 7 --steps 4 --model pocket --device cpu"
SECONDS = 4
"""How long a film is that is cut from a real clip here."""


class StubDubber(Dubber):
    """Writes a result of one small file; notes whose turn it was."""

    def __init__(self, settings: Settings, out: str, run: str, calls: str, pause: float) -> None:
        super().__init__(settings, out, run)
        self._calls, self._pause = calls, pause

    def make(self, order: Order, run: Run, models: ModelShelf) -> Result:
        folder = order.out_dir
        (folder / "parts").mkdir(parents=True)
        (folder / "parts" / "01.mp4").write_bytes(order.out_dir.name.encode() + order.video.read_bytes()[:1000])
        descriptor = os.open(self._calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{order.parts[0].generation.seed}\n".encode())
        os.close(descriptor)
        time.sleep(self._pause)
        return Result(folder, pack(folder, stub_manifest(order)))


def stub_manifest(order: Order) -> Manifest:
    """A manifest that says next to nothing."""
    source = SourceFacts(order.video.name, "", 0, "1", 1, "1", 1, 1, 0, "h264", None, None, 0, 0, str(order.video))
    part = PartFacts(1, "parts/01.mp4", 0, 1, "0", "1", 0, 1, "")
    return Manifest(source, "exact", "exact", 16, 1, 8000, 1, (part,))


def stubs(calls: Path, pause: float) -> MakeDubber:
    """What makes such workers."""

    def make(settings: Settings, out: str, run: str) -> MakeWorker:
        return partial(StubDubber, settings, out, run, str(calls), pause)

    return make


def run_stubs(jobs: Path, out: Path, calls: Path, engine: str, pause: float = 0.0) -> Iterator[Outcome]:
    """A batch of such workers, two at a time."""
    team = Team(engine, 2)
    settings = team.with_model(load_settings(device="cpu", model="pocket"))
    listed = read_jobs(str(jobs), {})
    plan = plan_batch(listed, open_place(str(out)), settings, retry_failed=False, should_cancel=lambda: False)
    quiet = {"should_cancel": lambda: False, "tell": lambda sentence: None}
    yield from run_batch(plan, str(out), settings, team, **quiet, make_dubber=stubs(calls, pause))


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A list as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def stub_rows(folder: Path, n: int) -> Path:
    """A list of n rows over one small file."""
    (folder / "film.mp4").write_bytes(random.Random(1).randbytes(100_000))
    rows = [{**ASKS, "id": f"row{k:06}", "source": str(folder / "film.mp4"), "seed": k} for k in range(n)]
    return write_rows(folder / "rows.jsonl", rows)


def measure_rows(folder: Path, n: int, engine: str) -> None:
    """How long rows take whose work is next to nothing, and whether memory grows with their number."""
    jobs, began, peaks = stub_rows(folder, n), time.monotonic(), []
    for number, outcome in enumerate(run_stubs(jobs, folder / "out", folder / "calls", engine), 1):
        assert outcome.status is Status.DONE, outcome
        if number % max(1, n // 10) == 0:
            peaks.append(resident_mb())
            spent = time.monotonic() - began
            print(f"{number} rows, {spent:.0f} s, driver {peaks[-1]:.0f} MB", flush=True)
    spent = time.monotonic() - began
    print(f"{engine}: {n} rows in {spent:.0f} s, {1000 * spent / n:.1f} ms a row; ", end="")
    print(f"memory of the driver at the end over that after a tenth: {peaks[-1] / peaks[0]:.2f}")
    assert len((folder / "calls").read_text().split()) == n


def resident_mb() -> float:
    """Memory of this process."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def measure_films(folder: Path, n: int, clips: Path | None, engines: Sequence[str]) -> None:
    """Real films by a loop of `dub` and by batches: what each takes, and whether they make the same."""
    films = cut_films(folder / "films", n, clips)
    jobs = write_rows(folder / "films.jsonl", [{**ASKS, "id": film.stem, "source": str(film)} for film in films])
    dub = [sys.executable, "-m", "app"]
    run([*dub, "dub", str(films[0]), *FLAGS.split(), "--prompt", "calm piano", "--out", str(folder / "warm")])
    took = {}
    began = time.monotonic()
    for film in films:
        out = folder / "loop" / film.stem
        run([*dub, "dub", str(film), *FLAGS.split(), "--prompt", "calm piano", "--out", str(out)])
    took["loop"] = time.monotonic() - began
    print(f"loop of dub: {len(films)} films in {took['loop']:.0f} s", flush=True)
    for engine in engines:
        began = time.monotonic()
        words = ["batch", str(jobs), "--out", str(folder / engine), "--engine", engine, "--workers", "2"]
        run([*dub, *words, "--device", "cpu"])
        took[engine] = time.monotonic() - began
        same = [compare(folder / "loop" / film.stem, folder / engine / film.stem) for film in films]
        print(
            f"{engine}: {took[engine]:.0f} s; throughput over that of the loop {took['loop'] / took[engine]:.2f}; "
            f"{sum(same)} of {len(films)} results are the same",
            flush=True,
        )


def cut_films(folder: Path, n: int, clips: Path | None) -> list[Path]:
    """Films of a few seconds from gradio's clips, or those of a folder, at different places."""
    import imageio_ffmpeg

    folder.mkdir()
    sources = [one for one in find_sources(clips) if one.seconds != float("inf")]
    films = []
    for number in range(n):
        source = sources[number % len(sources)]
        start = (number // len(sources)) * 1.7 % max(0.1, source.seconds - SECONDS)
        films.append(folder / f"film{number:02}.mp4")
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-ss", str(start), "-i", str(source.path)]
        run([*command, "-t", str(SECONDS), "-vf", "scale=320:-2", "-c:a", "aac", str(films[-1])])
    return films


def run(command: Sequence[str]) -> None:
    """Run a command quietly."""
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def compare(one: Path, other: Path) -> bool:
    """Whether two results are the same but for times: every file but the zip, samples of sounds, the manifest."""
    names = {path.relative_to(one) for path in one.rglob("*") if path.is_file() and path.suffix != ".zip"}
    if names != {path.relative_to(other) for path in other.rglob("*") if path.is_file() and path.suffix != ".zip"}:
        return False
    return all(content_of(one / name) == content_of(other / name) for name in names)


def content_of(path: Path) -> object:
    """What a file holds, but for times."""
    if path.suffix == ".wav":
        samples, sample_rate = soundfile.read(path, dtype="float32")
        return samples.tobytes(), sample_rate
    if path.name == "manifest.json":
        values = json.loads(path.read_text())
        # A sound file says when it was written.
        values["files"] = {name: facts for name, facts in values["files"].items() if not name.endswith(".wav")}
        return {name: value for name, value in values.items() if name not in ("seconds_per_stage", "job")}
    return path.read_bytes()


def measure_kills(folder: Path, n_rows: int, n_kills: int, engine: str) -> None:
    """Kill what is at work at random moments, start again, and count what was made twice."""
    chance = random.Random(3)
    stub_rows(folder, n_rows)
    command = [sys.executable, "-m", "benchmarks.batch", "stubs", "--folder", str(folder), "--engine", engine]
    finished_before: dict[str, int] = {}
    kinds: Counter[str] = Counter()
    driver: subprocess.Popen[bytes] | None = None
    while kinds.total() < n_kills and n_results(folder) < n_rows:
        if driver is None or driver.poll() is not None:
            driver = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before, wait = n_results(folder), chance.uniform(0.0, 3.0)
        while n_results(folder) <= before and driver.poll() is None:
            time.sleep(0.05)
        time.sleep(wait)
        kind = chance.choice(["driver", "worker"] if engine == "local" else ["driver", "worker", "session"])
        finished_before |= finished(folder)
        if driver.poll() is not None:
            continue
        kill(driver, kind)
        kinds[kind] += 1
        print(f"kill {kinds.total()}: {kind}, {n_results(folder)} of {n_rows} finished", flush=True)
        if kind != "worker":
            driver.kill()
            driver.wait()
            end_children(driver.pid)
    if driver is not None:
        driver.wait()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    made, after = Counter((folder / "calls").read_text().split()), finished(folder)
    again = [name for name, at in finished_before.items() if after[name] != at]
    print(f"{engine}: kills {dict(kinds)}; finished {n_results(folder)} of {n_rows}; ", end="")
    print(f"model calls {made.total()}, finished ones made again: {len(again)}; left over: {left_over(folder)}")


def n_results(folder: Path) -> int:
    """Results that are there."""
    return len([*(folder / "out").glob("*/manifest.json")])


def finished(folder: Path) -> dict[str, int]:
    """Each result and when it was finished."""
    return {path.parent.name: path.stat().st_mtime_ns for path in (folder / "out").glob("*/manifest.json")}


def left_over(folder: Path) -> list[str]:
    """What is in the output folder that is neither a result nor the ledger."""
    names = [path.name for path in (folder / "out").iterdir()]
    odd = [name for name in names if not name.startswith("row") and name != "_ledger"]
    return odd + [path.name for path in (folder / "out" / "_ledger" / "running").iterdir()]


def processes() -> Iterator[tuple[int, int, str]]:
    """Every process: its number, that of the one it comes from, and its command. Needs Linux."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            above = int(path.read_text().rpartition(")")[2].split()[1])
            words = (path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (OSError, IndexError):
            continue
        yield int(path.parent.name), above, words


def children(pid: int) -> list[tuple[int, str]]:
    """Every process below one, with its command."""
    rows = [*processes()]
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        for number, above, words in rows:
            if above == parent:
                found.append((number, words))
                todo.append(number)
    return found


BELOW: dict[int, list[tuple[int, str]]] = {}
"""The processes below a driver when it was killed."""


def kill(driver: subprocess.Popen[bytes], kind: str) -> None:
    """kill -9 one kind of process of a batch."""
    BELOW[driver.pid] = below = children(driver.pid)
    workers = [pid for pid, words in below if "spawn_main" in words or "_Actor" in words or "MapWorker" in words]
    chosen = {"driver": [driver.pid], "worker": workers[:1], "session": [pid for pid, _ in below]}[kind]
    for pid in chosen:
        end(pid)


def end_children(pid: int) -> None:
    """End what a killed driver left, as a machine does that restarts."""
    for child, _ in BELOW.pop(pid, []):
        end(child)


def end(pid: int) -> None:
    """kill -9, if it is there."""
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return


def measure_windows() -> None:
    """Whether the UNet takes less for a window when windows of several films go through it together."""
    import torch

    from riffusion_inference.diffusion.checkpoints import POCKET, POCKET_FOLDER
    from riffusion_inference.diffusion.parts import load_parts

    unet = load_parts(POCKET_FOLDER, POCKET, "cpu", torch.float32).unet
    size, hidden = unet.config.sample_size, unet.config.cross_attention_dim
    sizes = (2, 4, 8, 16, 32)
    inputs = {n: (torch.randn(n, unet.config.in_channels, size, size), torch.randn(n, 77, hidden)) for n in sizes}
    best = dict.fromkeys(sizes, float("inf"))
    with torch.inference_mode():
        # Turn by turn, so that what else the machine does falls on all sizes alike; in seconds of processors.
        for _ in range(9):
            for n, (latents, words) in inputs.items():
                began = time.process_time()
                unet(latents, 500, encoder_hidden_states=words)
                best[n] = min(best[n], (time.process_time() - began) / n)
    for n in sizes:
        print(f"{n:3} inputs in one pass: processor time for each over that with 2: {best[n] / best[2]:.2f}")


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("films", "rows", "kills", "windows", "stubs"))
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--from", dest="source", type=Path, help="a folder of real clips; else gradio's")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--engine", action="append", choices=("local", "ray"))
    parser.add_argument("--folder", type=Path, help="where to work; else a temporary folder")
    args = parser.parse_args()
    engines = args.engine or ["local", "ray"]
    if args.what == "windows":
        measure_windows()
    elif args.what == "stubs":
        for _ in run_stubs(args.folder / "rows.jsonl", args.folder / "out", args.folder / "calls", engines[0], 0.3):
            pass
    elif args.what == "films":
        with tempfile.TemporaryDirectory(dir=args.folder) as work:
            measure_films(Path(work), args.clips, args.source, engines)
    else:
        for engine in engines:
            with tempfile.TemporaryDirectory(dir=args.folder) as work:
                if args.what == "rows":
                    measure_rows(Path(work), args.rows, engine)
                else:
                    measure_kills(Path(work), args.rows, args.kills, engine)


if __name__ == "__main__":
    main()
