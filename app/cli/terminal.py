"""The terminal: progress on stderr, and Ctrl-C that stops at the next step and never leaves anything behind."""

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
from typing import Any, TextIO

from riffusion_inference.datatypes import Progress

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
    from ..unfinished import UNFINISHED

    for path in tuple(UNFINISHED):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    print("Stopped; nothing was left behind.", file=sys.stderr, flush=True)
    os._exit(130)


BAR_WIDTH = 30
NAME_WIDTH = 12
REDRAW_SECONDS = 0.1
LINE_SECONDS = 5.0


class ProgressLines:
    """Show each stage as it comes: one line that is redrawn on a terminal, else lines at start, end and at times."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bars = self._stream.isatty()
        self._stage = ""
        self._began = 0.0
        self._drawn = 0.0
        self._share = -1.0
        self._open = False

    def show(self, progress: Progress) -> None:
        """Take in one step."""
        now = time.monotonic()
        if progress.stage != self._stage:
            self.close()
            self._stage, self._began, self._drawn, self._share = progress.stage, now, now, -1.0
        share = min(1.0, progress.done / max(1, progress.total))
        if self._bars:
            if share >= 1 or self._share < 0 or now - self._drawn >= REDRAW_SECONDS:
                self._drawn, self._open = now, True
                self._stream.write(f"\r\x1b[K{self._bar(share, now)}")
                self._stream.flush()
        elif share >= 1 > self._share or self._share < 0 or now - self._drawn >= LINE_SECONDS:
            self._drawn = now
            self._stream.write(f"{self._stage}: {share:.0%} ({now - self._began:.1f} s)\n")
            self._stream.flush()
        self._share = share

    def note(self, sentence: str) -> None:
        """Say something between the bars."""
        self.close()
        self._stream.write(f"note: {sentence}\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line of the last bar."""
        if self._open:
            self._stream.write("\n")
            self._stream.flush()
        self._open = False

    def _bar(self, share: float, now: float) -> str:
        full = round(share * BAR_WIDTH)
        spent = now - self._began
        left = f", {spent / share - spent:.0f} s left" if 0.05 <= share < 1 and spent > 2 else ""
        return f"{self._stage:<{NAME_WIDTH}} [{'#' * full}{'.' * (BAR_WIDTH - full)}] {share:4.0%}  {spent:.1f} s{left}"
