"""The engine of one machine: processes that each keep a model and take one row after another.

A process that ends in the middle of a row (a decoder that crashes, memory that runs out) costs that row one of its
tries and nobody else anything: a new process takes its place.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from riffusion_inference.datatypes import ShouldCancel

from ..errors import DubCancelled
from ..settings import use_threads
from .columns import Job
from .ledger import Outcome, Status
from .work import MakeWorker

MAX_ATTEMPTS = 3
"""How often a row may end the process it is worked on in."""
HELD_SECONDS = 3.0
"""How long is waited before a row is asked for again that another batch works on."""
LOOK_SECONDS, GRACE_SECONDS = 0.2, 0.8
# A new process for each worker, with nothing of this one's memory: a fork of a process with threads may hang.
CONTEXT = multiprocessing.get_context("spawn")


def run_local(
    jobs: Sequence[Job], make_workers: Sequence[MakeWorker], *, n_threads: int, should_cancel: ShouldCancel
) -> Iterator[Outcome]:
    """Work through jobs with one process for each maker of a worker.

    Args:
        jobs: in the order in which they are begun.
        make_workers: one for each process; it is called there.
        n_threads: that each process may use.
        should_cancel: asked often.
    Returns:
        Each job's outcome as soon as it is known.
    Raises:
        DubCancelled: the person asked to stop.
    """
    queue = _Queue(jobs)
    hands = [_Hand(make, n_threads) for make in make_workers]
    try:
        while queue.is_open:
            for hand in hands:
                if hand.job is None and (job := queue.take()) is not None:
                    hand.begin(job)
            for hand in _ready(hands):
                outcome = hand.outcome()
                if outcome is not None and outcome.status is Status.HELD:
                    queue.put_off(hand.free())
                elif outcome is not None:
                    yield replace(outcome, attempts=queue.close(hand.free()))
                elif (lost := queue.lost(hand.free(), hand.ended_by())) is not None:
                    yield lost
            if should_cancel():
                raise DubCancelled("Stopped.")
    finally:
        _let_go(hands)


class _Queue:
    """What is to be done, and how often each row was begun."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._waiting = deque(jobs)
        self._held: deque[tuple[float, Job]] = deque()
        self._open = len(jobs)
        self._attempts: dict[str, int] = {}

    @property
    def is_open(self) -> bool:
        """Whether there are rows without an outcome."""
        return self._open > 0

    def take(self) -> Job | None:
        """The next row; one that another batch works on only when it has had some time for it."""
        if not self._waiting and self._held and time.monotonic() >= self._held[0][0]:
            self._waiting.append(self._held.popleft()[1])
        if not self._waiting:
            return None
        job = self._waiting.popleft()
        self._attempts[job.id] = self._attempts.get(job.id, 0) + 1
        return job

    def put_off(self, job: Job) -> None:
        """Another batch works on it."""
        self._attempts[job.id] -= 1
        self._held.append((time.monotonic() + HELD_SECONDS, job))

    def close(self, job: Job) -> int:
        """A row has its outcome; how often it was begun."""
        self._open -= 1
        return self._attempts.pop(job.id)

    def lost(self, job: Job, ended_by: str) -> Outcome | None:
        """A row whose process ended: its outcome if that was its last try."""
        if self._attempts[job.id] < MAX_ATTEMPTS:
            self._waiting.appendleft(job)
            return None
        return crashed(job, self.close(job), ended_by)


def crashed(job: Job, attempts: int, ended_by: str = "") -> Outcome:
    """The outcome of a row that ended its process every time."""
    how = f" ({ended_by})" if ended_by else ""
    said = (
        f"The process that worked on this film ended without a word{how}, {attempts} times: its decoder crashes, or "
        "there is too little memory. Look at the file, or try it alone with `dub`."
    )
    return Outcome(job.id, Status.FAILED, made=True, error=said, reason="crash", attempts=attempts, at=time.time())


class _Hand:
    """One process, started when it is first needed, and the row it has in hand."""

    def __init__(self, make: MakeWorker, n_threads: int) -> None:
        self._make, self._n_threads = make, n_threads
        self.job: Job | None = None
        self.process: SpawnProcess | None = None

    def begin(self, job: Job) -> None:
        """Give it a row; a process that has ended meanwhile is found out when its word is waited for."""
        if self.process is None:
            self.rows, theirs = CONTEXT.Pipe()
            # Closed, by us or by our end, it tells the process to stop.
            self._leash, end = CONTEXT.Pipe()
            self.process = CONTEXT.Process(target=_serve, args=(theirs, end, self._make, self._n_threads))
            self.process.start()
            theirs.close()
            end.close()
        self.job = job
        with suppress(OSError):
            self.rows.send(job)

    def free(self) -> Job:
        """Take the row out of its hand."""
        assert self.job is not None
        job, self.job = self.job, None
        return job

    def outcome(self) -> Outcome | None:
        """What became of the row; None where the process has ended.

        Raises:
            RiffusionError: the process cannot work at all.
        """
        try:
            found: Outcome | Exception = self.rows.recv()
        except (EOFError, OSError):
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def ended_by(self) -> str:
        """What ended the process, in words; the next row gets a new one."""
        assert self.process is not None
        self.process.join()
        self.close()
        code = self.process.exitcode or 0
        self.process = None
        return signal.Signals(-code).name if -code in {*signal.Signals} else f"exit code {code}"

    def close(self) -> None:
        """Let go of it."""
        if self.process is not None:
            self.rows.close()
            self._leash.close()


def _ready(hands: Sequence[_Hand]) -> list[_Hand]:
    """Those that have something to say, or have ended, while a row was in their hand."""
    busy = {hand.rows: hand for hand in hands if hand.job is not None}
    if not busy:
        time.sleep(LOOK_SECONDS)
    return [busy[rows] for rows in wait([*busy], LOOK_SECONDS) if isinstance(rows, Connection)]


def _let_go(hands: Sequence[_Hand]) -> None:
    """End every process. One that is deep in a step ends with that step, when we may be gone, and leaves nothing."""
    for hand in hands:
        hand.close()
    until = time.monotonic() + GRACE_SECONDS
    for hand in hands:
        if hand.process is not None:
            hand.process.join(max(0.0, until - time.monotonic()))


def _serve(rows: Connection, leash: Connection, make: MakeWorker, n_threads: int) -> None:
    """What a process does: row after row, until it is let go."""
    # Ctrl-C goes to every process of a terminal: the one that was started decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    use_threads(n_threads)
    let_go = threading.Event()
    threading.Thread(target=_watch, args=(leash, let_go), daemon=True, name="leash").start()
    try:
        worker = make()
    except Exception as error:
        rows.send(error)
        return
    while not let_go.is_set():
        try:
            rows.send(worker(rows.recv(), let_go.is_set))
        except (EOFError, OSError):
            return


def _watch(leash: Connection, let_go: threading.Event) -> None:
    try:
        leash.recv()
    except (EOFError, OSError):
        let_go.set()
