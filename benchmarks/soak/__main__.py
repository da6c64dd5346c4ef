"""Let twenty visitors loose on the running page, and see that each gets what is its own and the page is none the worse.

    python -m benchmarks.soak --minutes 10 --visitors 20

Ends with 1 where an answer was lost or another's, an attack came through, somebody waited twice as long as most, a
probe took over two seconds while a hundred uploads hung, or the page kept more than a tenth above what it held after
the first minute's visitors had gone.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

from app.settings import PAGE_FOLDER, ROOT
from benchmarks.soak.measure import Held, held_by
from benchmarks.soak.server import FORGET_SECONDS, SWEEP
from benchmarks.soak.visitors import Tally, Visitor, cancel, harm, probe_among_hanging, vanish, wait

START_SECONDS = 120.0
SETTLE_SECONDS = 60.0
STILL_SECONDS = 3.0
"""How long nothing may change before what the page holds is taken down."""
MOST_OVER_MEDIAN = 2.0
MOST_TOLD = 3
"""Tracebacks of the page's log that are printed."""
HANGING, PROBES, MOST_PROBE_SECONDS = 100, 10, 2.0


class Page:
    """The page in a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder / PAGE_FOLDER, f"http://127.0.0.1:{port}"
        self.log = folder / "server.log"
        words = [sys.executable, "-m", "benchmarks.soak.server", "--port", str(port), "--folder", str(folder)]
        environ = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
        with self.log.open("w") as said:
            self.process = subprocess.Popen(
                words, cwd=ROOT, env={**environ, "OMP_NUM_THREADS": "1"}, stdout=said, stderr=said
            )
        end = time.monotonic() + START_SECONDS
        while "The page is ready" not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"The page did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.1)

    def held(self) -> Held:
        """What it holds once everybody has gone and nothing changes any more."""
        time.sleep(2 * FORGET_SECONDS)
        (self.folder.parent / SWEEP).touch()
        end, last, since = time.monotonic() + SETTLE_SECONDS, None, time.monotonic()
        while time.monotonic() < end:
            now = held_by(self.process.pid, self.folder)
            facts = httpx.get(f"{self.url}/health").json()
            key = (round(now.memory_mb), now.threads, now.files, now.disk_mb, facts["tabs"], facts["jobs_waiting"])
            if key != last:
                last, since = key, time.monotonic()
            elif time.monotonic() - since > STILL_SECONDS and not facts["tabs"] and not facts["jobs_running"]:
                return now
            time.sleep(0.5)
        return held_by(self.process.pid, self.folder)

    def stop(self) -> int:
        """Tell it to stop; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def let_loose(page: Page, folder: Path, n: int, seconds: float, tally: Tally) -> None:
    """Visitors at once for a time: one in ten cancels, one in twenty vanishes, one means harm."""
    folder.mkdir()
    n_cancelling, n_vanishing = max(1, n // 10), max(1, n // 20)
    roles = [wait] * (n - n_cancelling - n_vanishing - 1) + [cancel] * n_cancelling + [vanish] * n_vanishing + [harm]
    visitors = [Visitor(number, page.url, folder / str(number), tally, 0.0) for number in range(n)]
    end = time.monotonic() + seconds
    spying = threading.Event()

    def spy() -> None:
        while not spying.wait(1.0):
            found = {f"{here}/film.mp4" for here, _, names in os.walk(page.folder) if "film.mp4" in names}
            with tally.lock:
                tally.paths = found

    threads = [threading.Thread(target=spy)]
    for visitor, role in zip(visitors, roles, strict=True):
        visitor.until = end
        threads.append(threading.Thread(target=visitor.live, args=(role,)))
    for thread in threads:
        thread.start()
    for thread in threads[1:]:
        thread.join()
    spying.set()
    threads[0].join()


def report(tally: Tally, before: Held, after: Held, seconds: float, n: int) -> bool:
    """Print what came of it; tells whether all is well."""
    if not tally.waits:
        print("Nobody got an answer:", *tally.wrong[:10], sep="\n")
        return False
    median, longest = statistics.median(tally.waits), max(tally.waits)
    grew = after.grew(before)
    print(f"{n} visitors for {seconds:.0f} s: {tally.answers} answers, {len(tally.wrong)} lost or another's;")
    print(
        f"cancelled {tally.cancelled}, vanished {tally.vanished}, attacks {tally.attacks}, of which came through ",
        end="",
    )
    print(f"{len(tally.broken)};\nwait: median {median:.1f} s, longest {longest:.1f} s, ratio {longest / median:.2f}")
    print(f"answers to one of those who wait: fewest {min(tally.turns.values())}, most {max(tally.turns.values())}")
    for name in ("memory_mb", "threads", "files", "disk_mb"):
        print(f"{name}: {getattr(before, name):.1f} after the first visitors, {getattr(after, name):.1f} at the end")
    for trouble in (*tally.wrong[:10], *tally.broken[:10], *grew):
        print(f"TROUBLE: {trouble}")
    return not (tally.wrong or tally.broken or grew) and longest < MOST_OVER_MEDIAN * median


def hang(page: Page, folder: Path) -> bool:
    """Print how long probes take while uploads hang; tells whether all is well."""
    tally = Tally()
    seconds = probe_among_hanging(Visitor(0, page.url, folder, tally, 0.0), HANGING, PROBES)
    print(f"{PROBES} probes while {HANGING} uploads hang: median {statistics.median(seconds):.2f} s, ", end="")
    print(f"longest {max(seconds):.2f} s")
    for trouble in tally.wrong:
        print(f"TROUBLE: {trouble}")
    return not tally.wrong and max(seconds) < MOST_PROBE_SECONDS


def free_port() -> int:
    """A port that nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--warm-up", type=float, default=1.0, help="minutes of visitors before what is held is noted")
    parser.add_argument("--visitors", type=int, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        page = Page(Path(work), free_port())
        try:
            let_loose(page, Path(work) / "first", args.visitors, 60 * args.warm_up, Tally())
            before, tally = page.held(), Tally()
            let_loose(page, Path(work) / "second", args.visitors, 60 * args.minutes, tally)
            good = report(tally, before, page.held(), 60 * args.minutes, args.visitors)
            good = hang(page, Path(work) / "third") and good
            stopped = page.stop()
        finally:
            page.process.kill()
        log = page.log.read_text()
    print(f"exit code of the page {stopped}, tracebacks in its log {log.count('Traceback')}")
    whole = re.compile(r"^Traceback .*?^\w[\w.]*(?:Error|Exception)\b[^\n]*", re.MULTILINE | re.DOTALL)
    told = dict.fromkeys(whole.findall(log))
    print(*list(told)[:MOST_TOLD], sep="\n\n")
    return 0 if good and stopped == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
