"""Who works on what: a row is claimed before it is begun, so that batches over one list share it out.

A claim is a file in the ledger that only one can create. Its owner renews it while it works. It is void when its owner
is gone: at once where that can be seen from here, else when it was not renewed for a while. Should two owners ever
believe in one claim (clocks that are minutes apart), both make the same result, and each puts it in place whole.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from ..unfinished import is_alive
from .place import Place

LEDGER, RUNNING = "_ledger", "running"
RENEW_SECONDS, VOID_SECONDS, WRITING_SECONDS = 15.0, 60.0, 0.2


@dataclass(frozen=True)
class Claim:
    """What a claim says."""

    id: str
    """The row."""
    run: str
    """The batch."""
    host: str
    """Machine of its owner."""
    pid: int
    """Process of its owner."""
    token: str
    """Tells it from every other claim."""
    since: float
    """When the work began, seconds of the epoch."""
    renewed: float
    """When its owner last said that it lives, seconds of the epoch."""

    @property
    def worker(self) -> str:
        """Its owner, as people read it."""
        return f"{self.host}:{self.pid}"

    @property
    def is_void(self) -> bool:
        """Whether its owner is gone."""
        gone = self.host == socket.gethostname() and not is_alive(self.pid)
        return gone or time.time() - self.renewed > VOID_SECONDS


@contextmanager
def claimed(out: Place, name: str, run: str) -> Iterator[Claim | None]:
    """Claim a row while the block runs; None where another works on it."""
    now = time.time()
    claim = Claim(name, run, socket.gethostname(), os.getpid(), secrets.token_hex(8), now, now)
    if not _take(out, claim):
        yield None
        return
    done = threading.Event()
    renewing = threading.Thread(target=_renew, args=(out, claim, done), daemon=True, name="claim")
    renewing.start()
    try:
        yield claim
    finally:
        done.set()
        renewing.join()
        if owns(out, claim):
            out.delete(*_file(name))


def owns(out: Place, claim: Claim) -> bool:
    """Whether a claim is still its owner's, and nobody took it for void."""
    found = read_claim(out, claim.id)
    return found is not None and found.token == claim.token


def read_claim(out: Place, name: str) -> Claim | None:
    """Who works on a row."""
    data = out.read(*_file(name))
    try:
        values: dict[str, Any] = json.loads(data or b"null")
        return Claim(**values)
    except (TypeError, ValueError):
        return None  # None there, or one that is being written at this moment.


def running(out: Place) -> list[Claim]:
    """Every claim whose owner lives."""
    return [claim for claim in _claims(out) if not claim.is_void]


def clear_claims(out: Place) -> None:
    """Delete the claims of owners that are gone."""
    for claim in _claims(out):
        if claim.is_void:
            out.delete(*_file(claim.id))


def _claims(out: Place) -> list[Claim]:
    names = [name.removesuffix(".json") for name in out.names(LEDGER, RUNNING) if name.endswith(".json")]
    return [claim for claim in (read_claim(out, name) for name in names) if claim is not None]


def _take(out: Place, claim: Claim) -> bool:
    data = json.dumps(asdict(claim)).encode()
    if out.create(data, *_file(claim.id)):
        return True
    found = read_claim(out, claim.id)
    if found is None:
        # One that is being written at this moment, unless its owner was killed in that moment.
        time.sleep(WRITING_SECONDS)
        found = read_claim(out, claim.id)
    if found is not None and not found.is_void:
        return False
    out.delete(*_file(claim.id))
    return out.create(data, *_file(claim.id))


def _renew(out: Place, claim: Claim, done: threading.Event) -> None:
    while not done.wait(RENEW_SECONDS):
        if owns(out, claim):
            out.write(json.dumps({**asdict(claim), "renewed": time.time()}).encode(), *_file(claim.id))


def _file(name: str) -> tuple[str, str, str]:
    return LEDGER, RUNNING, f"{name}.json"
