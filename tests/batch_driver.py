"""A batch in a process of its own, to be killed: `python -m tests.batch_driver LIST OUT CALLS ENGINE WORKERS PAUSE`."""

import sys
from pathlib import Path

from app.batch.batch import Team
from tests.fixtures_batch import batch

if __name__ == "__main__":
    jobs, out, calls, engine, workers, pause = sys.argv[1:]
    batch(jobs, out, Path(calls), team=Team(engine, int(workers)), pause=float(pause))
