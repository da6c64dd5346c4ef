"""Ctrl-C: stop at the next step, be interrupted after a second, be ended before two; never leave anything behind."""

from __future__ import annotations

import _thread
import os
import shutil
import signal
import socket
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any

INTERRUPT_AFTER_SECONDS = 1.0
END_AFTER_SECONDS = 1.7


class StopSwitch:
    """A context in which SIGINT and SIGTERM ask the work to stop, and see that it does.

    First the work is asked (should_cancel). If it is deep in one step for longer than a second, KeyboardInterrupt is
    raised, which cleans up on its way out. If that too finds no way through, what is unfinished is deleted and the
    process ends. A thread keeps the time, because Python's own handlers wait for the call that is being made to end.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled and threading.current_thread() is threading.main_thread()
        self._stopped = threading.Event()
        self._left = threading.Event()
        self._before: dict[int, Any] = {}

    def should_cancel(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopped.is_set()

    def __enter__(self) -> StopSwitch:
        if self._enabled:
            self._waker, waker = socket.socketpair()
            waker.setblocking(False)
            self._wakes = waker
            self._before_fd = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
            threading.Thread(target=self._watch, daemon=True, name="stop").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._enabled:
            self._left.set()
            signal.set_wakeup_fd(self._before_fd)
            for number, handler in self._before.items():
                signal.signal(number, handler)
            self._wakes.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # The first is for the watching thread to deal with; another, from it or from the person, interrupts.
        if self._stopped.is_set():
            raise KeyboardInterrupt
        self._stopped.set()

    def _watch(self) -> None:
        with self._waker:
            if not self._waker.recv(1):
                return
            print("\nStopping ...", file=sys.stderr, flush=True)
            self._stopped_by_wake()

    def _stopped_by_wake(self) -> None:
        began = time.monotonic()
        if not self._left.wait(INTERRUPT_AFTER_SECONDS):
            self._stopped.set()
            _interrupt_main_thread()
            if not self._left.wait(END_AFTER_SECONDS - (time.monotonic() - began)):
                end_now()


def _interrupt_main_thread() -> None:
    """Send the main thread a real signal where there are such, so that a sleep ends too."""
    ident = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and ident is not None:
        signal.pthread_kill(ident, signal.SIGINT)
    else:
        _thread.interrupt_main()


def end_now() -> None:
    """Delete what is unfinished and end the process, whatever it is doing."""
    from app.results_folder import UNFINISHED

    for path in tuple(UNFINISHED):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    print("Stopped; nothing was left behind.", file=sys.stderr, flush=True)
    os._exit(130)
