"""Stopping the page: no more jobs are taken, those that run may end, and nothing of the visitors' is left."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import gradio as gr

from . import strings
from .gradio_queue import FairQueue
from .session import PageContext

LAST_SECONDS = 5.0
"""How long cancelled jobs have to come to their end."""
LOOK_SECONDS = 0.1


def serve(page: gr.Blocks, context: PageContext, queue: FairQueue) -> None:
    """Serve until the process is told to stop (SIGTERM, or Ctrl-C); a second time ends the waiting for jobs."""
    asked = [0]

    def on_signal(number: int, frame: Any) -> None:
        asked[0] += 1

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        while page.is_running and not asked[0]:
            time.sleep(LOOK_SECONDS)
        stop(page, context, queue, hurried=lambda: asked[0] > 1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(page: gr.Blocks, context: PageContext, queue: FairQueue, *, hurried: Any = lambda: False) -> int:
    """Close the page.

    Args:
        page: being served.
        context: its settings, tabs and files.
        queue: its jobs.
        hurried: asked while jobs go on; True cancels them.
    Returns:
        How many jobs were cancelled.
    """
    queue.closed_because = strings.CLOSING
    for session in context.tabs.busy():
        if session.job is not None and not session.job.started.is_set():
            session.job.cancel()
    end = time.monotonic() + context.settings.stop_after_seconds
    while queue.running() and time.monotonic() < end and not hurried():
        time.sleep(LOOK_SECONDS)
    left, end = queue.running(), time.monotonic() + LAST_SECONDS
    while queue.running() and time.monotonic() < end:
        for session in context.tabs.busy():
            session.job.cancel()
        time.sleep(LOOK_SECONDS)
    # Gradio's own way to close waits for streams that browsers hold open; they end when the process does.
    closing = threading.Thread(target=page.close, kwargs={"verbose": False}, daemon=True)
    closing.start()
    closing.join(LAST_SECONDS)
    context.visitors.delete_all()
    print(f"The page is closed; {strings.counted(strings.JOBS_CANCELLED, left)}", flush=True)
    return left
