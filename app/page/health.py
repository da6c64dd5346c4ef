"""How the page is: for whoever watches over it, at /health."""

from __future__ import annotations

import shutil
from typing import Any

from .. import __version__
from .gradio_queue import FairQueue
from .order import QUEUE
from .session import PageContext
from .web.gate import Watch


def watch_of(context: PageContext, queue: FairQueue) -> Watch:
    """What the gate is told of tabs and of the page."""
    tabs = context.tabs
    return Watch(tabs.owner, tabs.claim, tabs.opened, tabs.closed, lambda: health(context, queue))


def health(context: PageContext, queue: FairQueue) -> tuple[bool, dict[str, Any]]:
    """Whether jobs are taken, and how the page is.

    Returns:
        False while it stops or the disk is nearly full; and the facts, none of which is about anybody.
    """
    free = shutil.disk_usage(context.visitors.root).free
    status = "ok"
    if queue.closed_because:
        status = "stopping"
    elif free < context.visitors.quota.min_free_bytes:
        status = "disk nearly full"
    waiting, running = queue.counts(QUEUE)
    facts = {
        "status": status,
        "version": __version__,
        "model": str(context.shelf.news.state),
        "jobs_waiting": waiting,
        "jobs_running": running,
        "tabs": context.tabs.counts()[0],
        "free_mb": free // 1_000_000,
    }
    return status == "ok", facts
