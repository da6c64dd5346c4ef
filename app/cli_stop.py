"""Ctrl-C: stop at the next step, be interrupted after a second, be ended before two; never leave anything behind."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

INTERRUPT_AFTER_SECONDS = 1.0
END_AFTER_SECONDS = 1.7


class StopSwitch:
    """A context in which SIGINT and SIGTERM ask the work to stop, and see that it does.

    First the work is asked (should_cancel). If it is deep in one step for longer than a second, KeyboardInterrupt is
    raised, which cleans up on its way out. If that too finds no way through, what is unfinished is deleted and the
    process ends.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        in_main_thread = threading.current_thread() is threading.main_thread()
        self._enabled = enabled and in_main_thread
        self._stopped = threading.Event()
        self._before: dict[int, Any] = {}
        self._end_timer: threading.Timer | None = None
        self._signal = signal.SIGINT

    def should_cancel(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopped.is_set()

    def __enter__(self) -> StopSwitch:
        if self._enabled:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._end_timer is not None:
            self._end_timer.cancel()
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopped.is_set():
            raise KeyboardInterrupt
        self._stopped.set()
        print("\nStopping ...", file=sys.stderr, flush=True)
        if hasattr(signal, "setitimer"):
            self._before.setdefault(signal.SIGALRM, signal.signal(signal.SIGALRM, self._on_alarm))
            signal.setitimer(signal.ITIMER_REAL, INTERRUPT_AFTER_SECONDS)
        self._end_timer = threading.Timer(END_AFTER_SECONDS, end_now)
        self._end_timer.daemon = True
        self._end_timer.start()

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt


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
