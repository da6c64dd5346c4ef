"""Do to the program what can go wrong from outside, and look at what is left.

    python -m benchmarks.faults --kills 200 --disks 30 --others 6 --seed 1

Prints a table; ends with 1 where something was lost, half or left over. Full and read-only disks need root.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # Before numpy is imported: a forked child has no pool of threads.

from benchmarks.faults import kinds
from benchmarks.faults.check import HEADING, Row


def rows(bench: kinds.Bench, n_kills: int, n_disks: int, n_others: int) -> Iterator[Row]:
    """Every kind of fault, one after another."""
    share = {key: n_kills * part // 10 for key, part in (("fresh", 3), ("place", 3), ("two", 3))}
    yield kinds.kills(bench, share["fresh"], in_place=False, step=True)
    yield kinds.kills(bench, share["place"], in_place=True, step=True)
    yield kinds.kills(bench, share["two"], in_place=True, step=False)
    yield kinds.kills(bench, n_kills - sum(share.values()), in_place=True, step=True, split="reencode")
    yield kinds.full_disks(bench, n_disks - n_disks // 2, in_place=False)
    yield kinds.full_disks(bench, n_disks // 2, in_place=True)
    yield kinds.read_only(bench)
    for kind in (
        kinds.vanishing_sources,
        kinds.dying_encoders,
        kinds.raising_models,
        kinds.small_memories,
        kinds.small_files,
    ):
        yield kind(bench, n_others)


def main() -> int:
    """Run them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--disks", type=int, default=30)
    parser.add_argument("--others", type=int, default=6, help="runs of each other kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to work; else a temporary folder")
    args = parser.parse_args()
    began, good = time.monotonic(), True
    with tempfile.TemporaryDirectory(dir=args.folder) as work:
        os.environ["TEMPORARY_DIRECTORY"] = str(Path(work) / "tmp")
        bench = kinds.Bench(Path(work), random.Random(args.seed))
        print(HEADING, flush=True)
        for row in rows(bench, args.kills, args.disks, args.others):
            good = good and row.is_good
            print(row.cells(), flush=True)
            for trouble in row.trouble[:3]:
                print(trouble, file=sys.stderr, flush=True)
    print(f"\nseed {args.seed}, {time.monotonic() - began:.0f} s", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
