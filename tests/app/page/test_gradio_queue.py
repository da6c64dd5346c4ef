"""What the page reads from inside Gradio, held against a real queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import gradio as gr
import pytest
from gradio_client import Client

from app.page.gradio_queue import queue_place
from tests.fixtures_page import free_port

LINE = "test line"


@pytest.fixture
def page_and_gate() -> Iterator[tuple[gr.Blocks, threading.Event]]:
    """A page whose only work ends when the gate opens, one at a time."""
    gate = threading.Event()

    def work() -> None:
        gate.wait(60)

    with gr.Blocks(analytics_enabled=False) as page:
        button = gr.Button()
        button.click(work, api_name="work", concurrency_id=LINE, concurrency_limit=1)
    page.launch(server_port=free_port(), prevent_thread_lock=True, quiet=True, ssr_mode=False)
    yield page, gate
    gate.set()
    page.close()


def until(holds: Callable[[], bool]) -> bool:
    """Wait until something holds, but not for ever."""
    end = time.monotonic() + 20
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def test_the_place_in_gradios_own_queue(page_and_gate: tuple[gr.Blocks, threading.Event]) -> None:
    page, gate = page_and_gate
    clients = [Client(page.local_url, verbose=False) for _ in range(3)]
    assert queue_place(page, LINE, clients[0].session_hash) == (0, 0)
    jobs = []
    for place, client in enumerate(clients):
        jobs.append(client.submit(api_name="/work"))
        said = until(lambda me=client.session_hash, place=place: queue_place(page, LINE, me) == (place, 1))
        assert said, (
            f"gradio {gr.__version__} keeps its queue elsewhere: number {place} in line is told "
            f"{queue_place(page, LINE, client.session_hash)}. Mend app/page/gradio_queue.py, or the page says no place."
        )
    assert queue_place(page, LINE, "a stranger") == (0, 1)
    assert queue_place(page, "another line", clients[1].session_hash) == (0, 0)
    gate.set()
    for job in jobs:
        job.result(30)
    assert until(lambda: queue_place(page, LINE, clients[2].session_hash) == (0, 0))


def test_a_gradio_that_keeps_its_queue_elsewhere_costs_the_place_only() -> None:
    assert queue_place(object(), LINE, "me") == (0, 0)  # type: ignore[arg-type]
