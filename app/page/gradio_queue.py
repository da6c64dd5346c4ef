"""The place in Gradio's queue: the one thing that the page asks Gradio for and that it does not offer."""

from __future__ import annotations

import gradio as gr


def queue_place(page: gr.Blocks, concurrency_id: str, session_hash: str | None) -> tuple[int, int]:
    """Where a session stands among those that wait for the same thing.

    Gradio itself tells the place only to the browser, which shows it over a widget or nowhere, and /queue/status gives
    the length of the whole queue alone. So this reads the queue's private lists. Should another Gradio keep
    them elsewhere, the page says no place and works on as before; tests/app/page/test_gradio_queue.py says so first.

    Args:
        page: the page that is being served.
        concurrency_id: what is waited for.
        session_hash: the tab, as gr.Request names it.
    Returns:
        The place, 1 for the next and 0 for none; and how many jobs run.
    """
    try:
        line = page._queue.event_queue_per_concurrency_id.get(concurrency_id)
        if line is None:
            return 0, 0
        waiting = [event.session_hash for event in line.queue]
        return (waiting.index(session_hash) + 1 if session_hash in waiting else 0), line.current_concurrency
    except AttributeError:
        return 0, 0
