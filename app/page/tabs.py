"""The open tabs: whose they are, what they are doing, and which of them were closed."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from .visitors import HIDDEN_SECONDS, UPLOADS, files_in, touched

KEPT_NAMES = 20_000
TABS_PER_VISITOR = 24


class Session(Protocol):
    """What is asked here of a tab's session."""

    visitor: str
    folder: Path | None
    source: Path | None
    job: Any
    token: str
    is_kept: bool

    @property
    def busy(self) -> bool:
        """Whether a job of it runs or waits."""
        ...


class Tabs:
    """Every session that has a folder, by the name that Gradio gives its tab (the "session hash")."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._at_work: Counter[int] = Counter()
        self._working: dict[int, Session] = {}
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._beats: Counter[str] = Counter()
        self._closed: dict[str, float] = {}
        self._names: dict[str, OrderedDict[str, None]] = {}
        self.on_gone: Callable[[str], object] = lambda name: None
        """Called with a tab that is forgotten."""
        self._lock = threading.Lock()

    def note(self, tab: str | None, session: Session) -> None:
        """Remember which session a tab has."""
        if tab:
            with self._lock:
                self._sessions[tab] = session

    def claim(self, name: str | None, visitor: str) -> bool:
        """Make a tab or a call a visitor's, unless it is another's; tells whether it is this one's now.

        A visitor keeps the latest ones: each costs Gradio half a megabyte.
        """
        if not name:
            return True
        crowded = []
        with self._lock:
            owner = self._owners.setdefault(name, visitor)
            self._owners.move_to_end(name)
            if len(self._owners) > KEPT_NAMES:
                self._owners.popitem(last=False)
            if owner == visitor:
                own = self._names.setdefault(visitor, OrderedDict())
                own[name] = None
                own.move_to_end(name)
                if len(own) > TABS_PER_VISITOR:
                    crowded = self._oldest_idle(own)
        self._drop(crowded)
        return owner == visitor

    def _oldest_idle(self, own: OrderedDict[str, None]) -> list[str]:
        """The tab of a visitor that is given up for a new one: those that a browser holds on to come last."""
        idle = [name for name in own if name not in self._sessions or not self._sessions[name].busy]
        return sorted(idle[:-1], key=lambda name: name in self._beats)[:1]

    def _drop(self, names: list[str]) -> None:
        """Forget tabs, and delete what they have."""
        with self._lock:
            sessions = [self._sessions.pop(name) for name in dict.fromkeys(names) if name in self._sessions]
            for name in names:
                self._closed.pop(name, None)
                own = self._names.get(self._owners.get(name, ""), OrderedDict())
                own.pop(name, None)
                if not own:
                    self._names.pop(self._owners.get(name, ""), None)
            # A session that a page has come back to goes on under another name.
            sessions = [one for one in sessions if all(one is not other for other in self._sessions.values())]
            visitors = {one.visitor for one in self._sessions.values()}
            sources = {one.source for one in self._sessions.values()}
        for name in names:
            self.on_gone(name)
        for session in sessions:
            close(session)
            if session.folder is None:
                continue
            # An upload lies alone in a folder of its own.
            sent: list[Path] = []
            if session.visitor not in visitors:
                sent = files_in(session.folder.parent / UPLOADS)
            elif session.source is not None and session.source not in sources:
                sent = [session.source.parent]
            for path in sent:
                # What has just come may be for a tab that has not said a word yet.
                if touched(path) < time.time() - HIDDEN_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def owner(self, name: str) -> str | None:
        """Whose a tab or a call is; None where nobody has claimed it."""
        return self._owners.get(name)

    def opened(self, tab: str) -> None:
        """Its browser holds on to it."""
        with self._lock:
            self._beats[tab] += 1
            self._closed.pop(tab, None)

    def closed(self, tab: str) -> None:
        """Its browser has let go; it may come back, as a phone does that was in a pocket."""
        with self._lock:
            self._beats[tab] -= 1
            if self._beats[tab] <= 0:
                del self._beats[tab]
                self._closed[tab] = time.monotonic()

    def left(self, tab: str) -> None:
        """Stop what a tab was doing that waits for no answer any more; a page's job goes on for whoever comes back."""
        session = self._sessions.get(tab)
        if session is not None and session.job is not None and not session.is_kept:
            session.job.cancel()

    def goes_on(self, tab: str | None) -> bool:
        """Whether the job of a tab that has gone is still wanted."""
        session = self._sessions.get(tab or "")
        return session is not None and session.is_kept and session.busy

    def find(self, token: str) -> Session | None:
        """The session of that token; none has an empty one."""
        if not token:
            return None
        with self._lock:
            known = list(self._sessions.values())
        return next((one for one in known if secrets.compare_digest(one.token.encode(), token.encode())), None)

    def is_open(self, session: Session) -> bool:
        """Whether a browser holds on to a tab with this session."""
        with self._lock:
            return any(one is session and self._beats[name] > 0 for name, one in self._sessions.items())

    def forget(self, session: Session) -> None:
        """A tab's memory of a session is deleted: with the last one the session is closed."""
        with self._lock:
            is_known = any(one is session for one in self._sessions.values())
        if not is_known:
            close(session)

    @contextmanager
    def at_work(self, session: Session) -> Iterator[None]:
        """Keep a session's files while the block runs."""
        with self._lock:
            self._at_work[id(session)] += 1
            self._working[id(session)] = session
        try:
            yield
        finally:
            with self._lock:
                self._at_work[id(session)] -= 1
                if not self._at_work[id(session)]:
                    del self._at_work[id(session)], self._working[id(session)]

    def in_use(self) -> set[Path]:
        """Folders and uploads that something needs which is being done."""
        with self._lock:
            busy = [*(one for one in self._sessions.values() if one.busy), *self._working.values()]
        return {path for one in busy for path in (one.folder, one.source) if path is not None}

    def busy(self) -> list[Session]:
        """Sessions with a job that runs or waits."""
        with self._lock:
            known = {id(one): one for one in (*self._sessions.values(), *self._working.values())}
        return [one for one in known.values() if one.busy]

    def forget_closed(self, after_seconds: float) -> int:
        """Delete the results and the upload of each tab that was closed so long ago; with a visitor's last tab, all."""
        now = time.monotonic()
        with self._lock:
            gone = [tab for tab, at in self._closed.items() if now - at >= after_seconds and not self._is_busy(tab)]
            # Programs may have no heartbeat that ends; what is left of those was swept when nobody used it.
            gone += [tab for tab, one in self._sessions.items() if not one.busy and _is_swept(one)]
        self._drop(gone)
        return len(gone)

    def _is_busy(self, tab: str) -> bool:
        session = self._sessions.get(tab)
        return session is not None and session.is_kept and session.busy

    def counts(self) -> tuple[int, int]:
        """How many tabs are open, and how many have something to do."""
        with self._lock:
            return len(self._beats), sum(one.busy for one in self._sessions.values())


def _is_swept(session: Session) -> bool:
    return session.folder is not None and not session.folder.exists()


def close(session: Session) -> None:
    """Stop what a closed tab was doing and delete its results."""
    if session.job is not None:
        session.job.cancel()
    if session.folder is not None:
        shutil.rmtree(session.folder, ignore_errors=True)
