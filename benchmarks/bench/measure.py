"""What `make bench` measures; each gives rows of its table, and some a plot."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import film_cost, proof
from benchmarks.bench.plot import Line, svg

PART_SECONDS = 30
LENGTHS, PARTS = (5, 30, 120, 600, 3600), (1, 5, 20, 100, 500)
REPEATED_SECONDS = 600
"""Longer films are dubbed once."""
LIBRARIES = (
    "from diffusers import UNet2DConditionModel, AutoencoderTiny, DPMSolverMultistepScheduler; "
    "from transformers import CLIPTextModel, CLIPTokenizer"
)
PROMPT = "calm piano, slow"


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    """What is measured."""
    figure: str
    """What came out."""
    wanted: str = ""
    """What should."""
    is_met: bool | None = None
    """Whether it did; None where nothing is wanted."""


@dataclass(frozen=True)
class Plan:
    """What a run measures, and where."""

    folder: Path
    """For films and results; it is emptied."""
    plots: Path
    """Where plots go."""
    longest: int
    """Seconds of the longest film."""
    tell: Callable[[str], None]
    """Told what is being measured."""

    def film(self, seconds: int) -> Path:
        """A film of that length, made where it is not there yet."""
        path = self.folder / f"film-{seconds}.mp4"
        if not path.exists():
            self.tell(f"making a film of {seconds} s")
            film_cost.make_film(path, seconds)
            os.sync()
        return path


def n_parts(seconds: int) -> int:
    """Parts of about PART_SECONDS; two at least."""
    return max(2, seconds // PART_SECONDS)


def dubs(plan: Plan) -> Iterator[Row]:
    """The cost of a part, against the length of the film."""
    lengths = [seconds for seconds in LENGTHS if seconds <= plan.longest]
    cpu, wall, copies = [], [], []
    for seconds in lengths:
        video = plan.film(seconds)
        plan.tell(f"dubbing a part of a film of {seconds} s")
        copy = min(film_cost.copied(video, plan.folder / "copy") for _ in range(3))
        times = 2 if seconds <= REPEATED_SECONDS else 1
        runs = [film_cost.worked(video, plan.folder / "out", n_parts(seconds)) for _ in range(times)]
        best = min(runs, key=lambda run: run["seconds"])
        cpu.append((seconds, min(run["cpu"] for run in runs)))
        wall.append((seconds, best["seconds"]))
        copies.append((seconds, copy))
        if seconds in (600, 3600):
            yield from _of_film(seconds // 60, best, copy, max(run["extra_mb"] for run in runs))
    lines = [Line("processor", cpu), Line("wall", wall), Line("plain copy", copies)]
    plot = svg("Dubbing 30 s of a film", "seconds of film", "seconds", lines)
    (plan.plots / "cost-by-length.svg").write_text(plot)


def _of_film(minutes: int, best: dict[str, float], copy: float, extra_mb: float) -> Iterator[Row]:
    what = f"30 s of {minutes} minutes of 1080p, everything but the model"
    limit = 1.5 if minutes == 10 else None
    said = f"{best['seconds']:.2f} s ({best['cpu']:.2f} s of processor)"
    if limit is not None:
        yield Row(what, said, f"under {limit} s", best["seconds"] < limit)
    else:
        yield Row(what, said)
    ratio = best["seconds"] / copy
    yield Row(f"{what}, over a plain copy that is flushed", f"{ratio:.2f}", "under 2", ratio < 2)
    yield Row(f"{what}, over the four copies that the result holds", f"{ratio / 4:.2f}")
    yield Row(f"{what}, memory above idle", f"{extra_mb:.0f} MB", "under 200 MB", extra_mb < 200)


def splits(plan: Plan) -> Iterator[Row]:
    """Splitting and proving, against the number of parts."""
    video = plan.film(min(600, plan.longest))
    cpu, wall = [], []
    for parts in PARTS:
        plan.tell(f"splitting into {parts} parts")
        run = film_cost.worked(video, plan.folder / "out", parts, dubs=False)
        cpu.append((parts, run["cpu"]))
        wall.append((parts, run["seconds"]))
    title = "Splitting 10 minutes of 1080p, and proving it"
    lines = [Line("processor", cpu), Line("wall", wall)]
    (plan.plots / "cost-by-parts.svg").write_text(svg(title, "parts", "seconds", lines))
    ratio = cpu[-1][1] / cpu[0][1]
    yield Row(f"{PARTS[-1]} parts over 1 part, processor time", f"{ratio:.1f}")


def proofs(plan: Plan) -> Iterator[Row]:
    """Proving a result, against decoding the film."""
    seconds = min(600, plan.longest)
    for length, kinds in ((seconds, ("check", "verify")), (min(60, seconds), ("decode",))):
        video, result = plan.film(length), plan.folder / "proved"
        plan.tell(f"proving a dub of {length} s")
        proof.dubbed(video, result, n_parts(length))
        whole, whole_cpu = proof.decoded(video)
        for kind in kinds:
            run = proof.worked(kind, result, video)
            if not run["ok"]:
                raise RuntimeError(f"the proof failed: {run['lines']}")
            name = {"check": "the check at the end of a run", "decode": "verify --decode"}.get(kind, "verify")
            what = f"{name}, {length // 60} minutes of 1080p"
            if kind == "verify":
                yield Row(what, f"{run['seconds']:.2f} s", "under 3 s", run["seconds"] < 3)
            ratio, limit = run["cpu"] / whole_cpu, 1.5 if kind == "decode" else None
            said = f"{ratio:.2f}" if limit is None else f"{ratio:.2f} ({run['seconds'] / whole:.2f} of its time)"
            wanted = f"under {limit}" if limit is not None else ""
            yield Row(f"{what}, of one full decode's processor time", said, wanted, limit and ratio < limit)
            yield Row(f"{what}, memory above idle", f"{run['mb']:.0f} MB", "under 300 MB", run["mb"] < 300)
        _delete(result)


def cold_starts(plan: Plan) -> Iterator[Row]:
    """The first music of a process."""
    out = plan.folder / "music.wav"
    command = ["-m", "app", "generate", "--prompt", PROMPT, "--seconds", "5.11", "--model", "pocket", "--seed", "1"]
    plan.tell("starting cold")
    pairs = [
        (_child([*command, "--out", str(out), "--force"]), _child(["-c", LIBRARIES]), _child(["-c", "import torch"]))
        for _ in range(3)
    ]
    generate, libraries, torch = (min(column) for column in zip(*pairs, strict=True))
    yield Row("cold generate of 5.11 s with pocket, processor time", f"{generate:.2f} s")
    yield Row("of that, importing torch", f"{torch / generate:.2f}")
    yield Row("of that, importing torch, diffusers and transformers", f"{libraries / generate:.2f}")


def inversions(plan: Plan) -> Iterator[Row]:
    """Spectrogram to sound, on recorded music."""
    from benchmarks.clips import recorded_clips
    from benchmarks.inversion import PARAMS, library, measure, ours
    from riffusion_inference.spectrogram.mel import mel_from_waveform

    plan.tell("turning spectrograms into sound")
    spectrograms = [mel_from_waveform(clip, PARAMS) for clip in recorded_clips().values()]
    theirs, mine = measure(library, spectrograms, 1), measure(ours, spectrograms, 2)
    what = "spectrogram to sound, recorded music, over InverseMelScale and GriffinLim(32)"
    spectral, image = 10 ** ((mine["db"] - theirs["db"]) / 20), mine["image"] / theirs["image"]
    yield Row(f"{what}: processor time", f"{mine['cpu'] / theirs['cpu']:.3f}")
    yield Row(f"{what}: spectral error", f"{spectral:.2f}", "at most 1", spectral <= 1)
    yield Row(f"{what}: image error", f"{image:.2f}", "at most 1", image <= 1)


def _child(arguments: Sequence[str]) -> float:
    """Processor seconds of a Python of its own, with one thread: waiting for one another threads use time, too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["env", "OMP_NUM_THREADS=1", sys.executable, *arguments], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _delete(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


ALL: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "dubs": dubs,
    "proofs": proofs,
    "splits": splits,
    "cold": cold_starts,
    "inversion": inversions,
}
"""By name, in the order of the table."""


def timed(measure: Callable[[Plan], Iterator[Row]], plan: Plan) -> tuple[list[Row], float]:
    """Rows, and how many seconds they took."""
    began = time.monotonic()
    return list(measure(plan)), time.monotonic() - began
