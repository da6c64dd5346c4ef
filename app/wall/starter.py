"""The server as this program sees it: started once, early and in the background, and asked for workers."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from ..settings import server_environment
from .bounds import MAX_REQUEST, Bounds

PACKAGE = Path(__file__).resolve().parents[1]
NAME = str(__package__).rpartition(".")[0]
"""This program's own package, which has another name in the wheel."""


def is_possible() -> bool:
    """Whether this system can have workers behind the wall."""
    return sys.platform == "linux"


class Starter:
    """One server for this process, started when it is first wanted; a fork of this process gets one of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0

    def start(self) -> None:
        """Start the server where there is none; it gets ready while this goes on."""
        with self._lock:
            self._started()

    def worker(self, bounds: Bounds) -> tuple[socket.socket, socket.socket]:
        """Ask for a worker.

        Returns:
            The socket for calls; and the one on which the server says how the worker has ended, and by which, closed or
            written to, it is killed.
        """
        calls, theirs = socket.socketpair()
        watch, servers = socket.socketpair()
        data = pickle.dumps(bounds)
        assert len(data) < MAX_REQUEST
        with theirs, servers, self._lock:
            handles = [theirs.fileno(), servers.fileno()]
            try:
                socket.send_fds(self._started(), [data], handles)
            except OSError:
                # The server was killed meanwhile: another one takes its place.
                self._stop()
                socket.send_fds(self._started(), [data], handles)
        return calls, watch

    def _started(self) -> socket.socket:
        if self._control is not None and self._owner != os.getpid():
            self._control.close()
            self._control = self._server = None
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._server = subprocess.Popen(
                    _command(theirs.fileno()),
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env=server_environment(),
                    cwd="/",
                    start_new_session=True,
                )
            self._owner = os.getpid()
        return self._control

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            with suppress(OSError):
                self._server.kill()
            self._server.wait()
        self._control = self._server = None


def _command(handle: int) -> list[str]:
    """How the server is started; it finds this very package, and nothing that the environment names."""
    code = f"sys.path.insert(0, {str(PACKAGE.parent)!r}); from {NAME}.wall.server import main; main({handle})"
    return [sys.executable, "-I", "-c", f"import sys; {code}"]


STARTER = Starter()
"""The one of this process."""
