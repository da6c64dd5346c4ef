"""The page's queue inside Gradio: the place it tells, whose turn it is, and who may wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from starlette.middleware import Middleware

from app.page.gradio_queue import FairQueue, use_fair_queue
from app.page.tabs import Tabs
from app.page.turns import Turns
from app.page.web.identity import Identities
from tests.fixtures_page import free_port

LINE = "test line"


@dataclass
class Gated:
    """A page whose only work ends when the gate opens, one at a time."""

    page: gr.Blocks
    gate: threading.Event
    queue: FairQueue
    served: list[str] = field(default_factory=list)
    """What was asked, in the order in which it was done."""

    @property
    def url(self) -> str:
        return str(self.page.local_url)


class OnlyIdentity:
    """ASGI middleware that finds out who asks, and nothing else."""

    def __init__(self, app: Any) -> None:
        self._app, self._identities = app, Identities(trust_proxy=True)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self._identities.identify(scope)
        await self._app(scope, receive, send)


@pytest.fixture
def gated() -> Iterator[Gated]:
    """That page, for twelve jobs in line and four of each visitor."""
    gate, served = threading.Event(), []

    def work(name: str) -> None:
        served.append(name)
        gate.wait(60)

    with gr.Blocks(analytics_enabled=False) as page:
        box = gr.Textbox()
        box.submit(work, box, api_name="work", concurrency_id=LINE, concurrency_limit=1)
        quick = gr.Textbox()
        quick.submit(lambda text: text, quick, quick, api_name="quick", concurrency_id="quick", concurrency_limit=2)
    page.queue()
    queue = use_fair_queue(page, 12, 4, Tabs())
    middleware = [Middleware(OnlyIdentity)]
    page.launch(
        server_port=free_port(), prevent_thread_lock=True, quiet=True, ssr_mode=False,
        app_kwargs={"middleware": middleware},
    )  # fmt: skip
    yield Gated(page, gate, queue, served)
    gate.set()
    page.close(verbose=False)


def until(holds: Callable[[], bool]) -> bool:
    """Wait until something holds, but not for ever."""
    end = time.monotonic() + 20
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def ask(page: Gated, visitor: str, name: str, address: str = "10.0.0.1") -> httpx.Response:
    """Order one piece of work as a visitor, from an address that a proxy tells."""
    headers = {"x-visitor": visitor * 64, "x-forwarded-for": address}
    return httpx.post(f"{page.url}gradio_api/call/work", json={"data": [name]}, headers=headers)


def test_the_place_in_gradios_queue(gated: Gated) -> None:
    clients = [Client(gated.url, verbose=False, headers={"x-visitor": letter * 64}) for letter in "abc"]
    assert gated.queue.place(LINE, clients[0].session_hash) == (0, 0)
    jobs = []
    for place, client in enumerate(clients):
        jobs.append(client.submit(client.session_hash, api_name="/work"))
        said = until(lambda me=client.session_hash, place=place: gated.queue.place(LINE, me) == (place, 1))
        assert said, (
            f"gradio {gr.__version__} keeps its queue elsewhere: number {place} in line is told "
            f"{gated.queue.place(LINE, client.session_hash)}. Mend app/page/gradio_queue.py."
        )
    assert gated.queue.place(LINE, "a stranger") == (0, 1)
    assert gated.queue.place("another line", clients[1].session_hash) == (0, 0)
    gated.gate.set()
    for job in jobs:
        job.result(30)
    assert gated.served == [client.session_hash for client in clients]
    assert until(lambda: gated.queue.place(LINE, clients[2].session_hash) == (0, 0))


def test_two_hundred_jobs_of_one_visitor_delay_another_by_one(gated: Gated) -> None:
    answers = [ask(gated, "a", f"a{number}") for number in range(200)]
    assert until(lambda: gated.served == ["a0"])
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "jobs waiting already" in refused.json()["detail"]
    assert [ask(gated, "b", "b0").status_code, ask(gated, "c", "c0").status_code] == [200, 200]
    gated.gate.set()
    assert until(lambda: len(gated.served) >= 7)
    # The first of a's jobs runs when the others come; after it each of them has one turn before a's third.
    assert set(gated.served[1:4]) == {"a1", "b0", "c0"}
    assert all(name[0] == "a" for name in gated.served[4:])


def test_another_kind_of_work_does_not_wait_behind_it(gated: Gated) -> None:
    for number in range(5):
        ask(gated, "a", f"a{number}")
    assert until(lambda: gated.served == ["a0"])
    client = Client(gated.url, verbose=False, headers={"x-visitor": "a" * 64})
    assert client.predict("at once", api_name="/quick") == "at once"
    assert gated.served == ["a0"]


def test_one_address_cannot_fill_the_line_with_new_visitors(gated: Gated) -> None:
    letters = "0123456789abcdef"
    statuses = [ask(gated, letter, letter, "10.0.0.9").status_code for letter in letters]
    assert statuses.count(200) == 1 + 9, "one runs, and three quarters of twelve wait"
    assert ask(gated, "f", "honest", "10.0.0.1").status_code == 200
    gated.gate.set()
    assert until(lambda: "honest" in gated.served)
    assert gated.served.index("honest") <= 2


def test_turns_go_round_by_address_then_by_visitor() -> None:
    turns = Turns()
    waiting = [("home", "a")] * 3 + [("school", "b"), ("school", "c"), ("school", "c")]
    order = [waiting[number] for number in turns.order(waiting)]
    assert order == [
        ("home", "a"), ("school", "b"), ("home", "a"), ("school", "c"), ("home", "a"), ("school", "c"),
    ]  # fmt: skip
    for _ in range(50):
        turns.serve(("home", "a"))
    assert turns.next([("home", "a"), ("new", "d")]) == 1
    # Whoever was away has saved up nothing: one turn, not fifty.
    turns.serve(("new", "d"))
    assert turns.next([("home", "a"), ("new", "d")]) == 0
