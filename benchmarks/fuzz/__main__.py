"""Damage files and put them through the program: only a result whose proof passes, or one sentence, may come out.

    make fuzz
    python -m benchmarks.fuzz --probe 10000 --reencode 1000 --dub 300 --sounds 500 --images 1000 --manifests 300 \
        --zips 300 --checkpoints 50 --seed 1

Each file is damaged by a number of its own (stage, seed, case), which --only makes again. Exit code 1 where anything
else came of a file: an error that is no sentence, an answer that took too long, files left behind, a process left
behind, or a result that its own proof rejects.
"""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from app import media
from riffusion_inference.errors import RiffusionError

from .seeds import SETTINGS, Seeds, make_seeds
from .stages import STAGES

USUAL = {
    "probe": 10_000, "reencode": 1000, "dub": 300, "sounds": 500, "images": 1000, "manifests": 300, "zips": 300,
    "checkpoints": 50,
}  # fmt: skip
MOST_LINES, TOLD_EVERY = 400, 100
MAX_SECONDS = 120.0
"""What a tiny file may take on a busy machine; workers are ended long before."""
BY_WORKER = {
    "the reader crashed": "crashed",
    "the system ended the reader": "killed",
    "processor time": "time",
    "without a sign of progress": "time",
    "of memory that are allowed": "memory",
    "in a way that this program does not know": "unknown",
    "gave an answer that is none": "unknown",
}
"""Sentences that say that a worker could not go on, and what is counted for each."""


@dataclass
class Tally:
    """What came of a stage's files."""

    counts: Counter[str] = field(default_factory=Counter)
    """"success", "sentence", or what else."""
    wrong: list[str] = field(default_factory=list)
    """One line for each that came out wrong."""
    unproved: list[str] = field(default_factory=list)
    """One line for each result that its own proof rejects."""
    slowest: float = 0.0
    """Seconds of the slowest."""


def main() -> int:
    """Run the stages that are asked for."""
    arguments = _arguments()
    logging.basicConfig(level=logging.ERROR if arguments.only is not None else logging.CRITICAL)
    media.use_settings(SETTINGS)
    tallies: dict[str, Tally] = {}
    told: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        (Path(folder) / "seeds").mkdir()
        seeds = make_seeds(Path(folder) / "seeds")
        for name in STAGES:
            cases = range(getattr(arguments, name))
            if arguments.only is not None and cases:
                cases = range(arguments.only, arguments.only + 1)
            tallies[name] = Tally()
            for case in cases:
                try_one(name, case, arguments.seed, seeds, Path(folder) / "work", tallies[name])
                for line in tallies[name].wrong[told[name] :]:
                    print(line, file=sys.stderr, flush=True)
                told[name] = len(tallies[name].wrong)
                if case % TOLD_EVERY == TOLD_EVERY - 1:
                    print(_line(name, tallies[name], arguments.seed), file=sys.stderr, flush=True)
            if cases:
                print(_line(name, tallies[name], arguments.seed), flush=True)
    wrong = [line for tally in tallies.values() for line in (*tally.wrong, *tally.unproved)]
    print(*wrong[:MOST_LINES], sep="\n")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__.split("\n\n")[0])
    for name, count in USUAL.items():
        parser.add_argument(f"--{name}", type=int, metavar="N", help=f"files through this stage, usually {count}")
    parser.add_argument("--seed", type=int, default=1, help="another seed is other damage")
    parser.add_argument("--only", type=int, metavar="CASE", help="only this case of the stages that are named")
    arguments = parser.parse_args()
    is_named = any(getattr(arguments, name) is not None for name in USUAL)
    for name, count in USUAL.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, 0 if is_named else count)
    return arguments


def try_one(name: str, case: int, seed: int, seeds: Seeds, folder: Path, tally: Tally) -> None:
    """One damaged file."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    began = time.monotonic()
    where = f"{name} {case} (seed {seed})"
    try:
        failed = STAGES[name](seeds, random.Random(f"{name} {seed} {case}"), folder)
        outcome = "unproved" if failed else "success"
        if failed:
            tally.unproved.append(f"{where}: {'; '.join(failed)[:300]}")
    except RiffusionError as error:
        outcome = _kind(str(error))
        # Names that were given may be said; folders of the program's own may not.
        is_inside = any(mark in str(error) for mark in (".partial-", str(folder / "unpacked")))
        if outcome == "unknown" or "\n" in str(error) or is_inside:
            tally.wrong.append(f"{where}: {error}")
    except Exception:
        outcome = "traceback"
        tally.wrong.append(f"{where}: {traceback.format_exc().strip().splitlines()[-1]}")
        print(traceback.format_exc(), file=sys.stderr)
    seconds = time.monotonic() - began
    tally.counts[outcome] += 1
    tally.slowest = max(tally.slowest, seconds)
    if seconds > MAX_SECONDS:
        tally.wrong.append(f"{where}: took {seconds:.0f} s")
    left = [path.name for path in folder.rglob("*") if ".partial-" in path.name]
    if left or (outcome not in ("success", "unproved") and (folder / "out").exists()):
        tally.wrong.append(f"{where}: left {left or 'a result'}")


def _kind(sentence: str) -> str:
    return next((kind for mark, kind in BY_WORKER.items() if mark in sentence), "sentence")


def _line(name: str, tally: Tally, seed: int) -> str:
    total, counts = tally.counts.total(), ", ".join(f"{kind} {n}" for kind, n in tally.counts.most_common())
    return f"{name:<12} {total:>6} files, seed {seed}: {counts}; slowest {tally.slowest:.1f} s"


if __name__ == "__main__":
    raise SystemExit(main())
