"""One table of all ratios, in one run.

    python -m benchmarks.bench                      everything, films of up to 60 minutes (about 20 GB of disk)
    python -m benchmarks.bench --minutes 10         films of up to 10 minutes
    python -m benchmarks.bench --only cold splits   some of it, printed and not written

Writes benchmarks/RESULTS.md and the plots in benchmarks/plots. Exit code 1 where a figure misses what is wanted.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.result.facts import versions
from benchmarks.bench.measure import ALL, Plan, Row, timed

HERE = Path(__file__).resolve().parents[1]


def machine() -> list[str]:
    """What it was measured on, a line each."""
    cpu = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ": unknown processor")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    kind = f"{cpu.partition(':')[2].strip()}, {platform.system()} {platform.machine()}"
    return [
        f"{os.cpu_count()} cores ({kind}), {memory / 1e6:.0f} GB of memory",
        f"load average before: {load}; where it is above the number of cores, processor time says more than wall time",
        ", ".join(f"{name} {version}" for name, version in versions().items()),
    ]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def table(rows: list[Row]) -> list[str]:
    """Rows as Markdown."""
    marks = {None: "", True: "yes", False: "**no**"}
    lines = [f"| {row.what} | {row.figure} | {row.wanted} | {marks[row.is_met]} |" for row in rows]
    return ["| what | figure | wanted | reached |", "|---|---|---|---|", *lines]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="length of the longest film (60)")
    parser.add_argument("--folder", type=Path, help="where films and results are made for the time being")
    parser.add_argument("--only", nargs="+", choices=list(ALL), help="measure these alone, and write nothing")
    options = parser.parse_args()
    before, rows = machine(), []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        plots = Path(folder) if options.only else HERE / "plots"
        plots.mkdir(exist_ok=True)
        plan = Plan(Path(folder), plots, round(options.minutes * 60), lambda said: print(f"... {said}", flush=True))
        for name in options.only or ALL:
            found, seconds = timed(ALL[name], plan)
            rows += found
            print(f"{name}: {seconds:.0f} s", flush=True)
    print(*before, *table(rows), sep="\n")
    if not options.only:
        write_results(before, rows)
    return 0 if all(row.is_met is not False for row in rows) else 1


def write_results(before: list[str], rows: list[Row]) -> None:
    """Write RESULTS.md; its plots are there."""
    text = [
        "# Results",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%d %B %Y}. All figures are of this one run.",
        "",
        *(f"- {line}" for line in before),
        "",
        *table(rows),
        "",
        "![Dubbing 30 s of a film, by its length](plots/cost-by-length.svg)",
        "",
        "![Splitting ten minutes, by the number of parts](plots/cost-by-parts.svg)",
        "",
    ]
    (HERE / "RESULTS.md").write_text("\n".join(text))


if __name__ == "__main__":
    sys.exit(main())
