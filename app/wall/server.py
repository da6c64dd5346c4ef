"""The server: a small process that has the libraries loaded, and forks a worker for each job.

It has one thread and reads no files but the libraries', so that a fork of it is quick and safe. It ends with the
program that started it, and then so do its workers.
"""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import socket
from contextlib import suppress

from .bounds import MAX_REQUEST, Bounds
from .confine import die_with_parent
from .worker import prepare, serve


class Server:
    """Answers on one socket: each message is the bounds of a new worker, with two sockets beside it."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._poll = selectors.DefaultSelector()
        self._poll.register(control, selectors.EVENT_READ)
        self._watched: dict[int, socket.socket] = {}
        """By process: whom to tell when it has ended."""
        self._wake, waker = socket.socketpair()
        self._wake.setblocking(False)
        waker.setblocking(False)
        self._waker = waker
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        self._poll.register(self._wake, selectors.EVENT_READ)

    def run(self) -> None:
        """Until the program that started it has gone."""
        while True:
            for key, _ in self._poll.select():
                if key.fileobj is self._control:
                    if not self._start():
                        self._end()
                        return
                elif key.fileobj is self._wake:
                    with suppress(BlockingIOError):
                        self._wake.recv(4096)
                else:
                    self._let_go(key.data)
            self._reap()

    def _start(self) -> bool:
        """Fork a worker; False where nobody asks any more."""
        data, handles, _, _ = socket.recv_fds(self._control, MAX_REQUEST, 2)
        if not data:
            return False
        calls, watch = (socket.socket(fileno=handle) for handle in handles)
        bounds: Bounds = pickle.loads(data)
        parent = os.getpid()
        process = os.fork()
        if process == 0:
            self._become_worker(calls, bounds, parent)
        calls.close()
        # Here as well as there: whichever comes first, a kill finds the group.
        with suppress(OSError):
            os.setpgid(process, process)
        self._watched[process] = watch
        self._poll.register(watch, selectors.EVENT_READ, data=process)
        return True

    def _become_worker(self, calls: socket.socket, bounds: Bounds, parent: int) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            die_with_parent(parent)
            self._poll.close()
            for end in (self._control, self._wake, self._waker, *self._watched.values()):
                end.close()
            serve(calls, bounds)
            code = 0
        finally:
            os._exit(code)

    def _let_go(self, process: int) -> None:
        """Whoever asked for a worker wants it no more, or has gone."""
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        self._poll.unregister(self._watched[process])

    def _reap(self) -> None:
        for process, watch in list(self._watched.items()):
            # The group is killed while the number is still taken: what the worker has started goes with it.
            if os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            with suppress(KeyError, ValueError):
                self._poll.unregister(watch)
            with suppress(OSError):
                watch.sendall(b"%d" % code)
            watch.close()
            del self._watched[process]

    def _end(self) -> None:
        # The workers die after this: nothing may be written to a socket that is about to close.
        signal.set_wakeup_fd(-1)
        for process in self._watched:
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)


def main(handle: int) -> None:
    """Serve on an inherited socket."""
    # Ctrl-C goes to every process of a terminal: whoever started this one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    Server(socket.socket(fileno=handle)).run()
