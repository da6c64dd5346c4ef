"""Gradio's queue with fair turns: whose job is next, who may wait, and the place that a page shows.

Gradio's own serves whoever came first and refuses everybody once it is full, so that one visitor can keep all others
out. This one overrides what it asks itself ("which event is next?", "may this one wait?") and what it is told ("this
tab has gone"). Should another Gradio ask differently, tests/app/page/test_gradio_queue.py says so first.
"""

from __future__ import annotations

import random
from typing import Any

import gradio as gr
from fastapi import HTTPException
from gradio.queueing import Event, EventQueue, Queue
from gradio.route_utils import get_fn

from . import strings
from .order import QUEUE as JOBS
from .tabs import Tabs
from .turns import Turns, Who
from .web.identity import CALLER, visitor_of

ACTIVE_PER_VISITOR = 12
"""Events of one visitor that may be under way at once, in all lines; a tab that works has up to four."""
MAX_THREADS = 100
"""Events that may be under way at once for all visitors; each that waits for music takes one to tell its place."""
OTHERS_SHARE = 0.75
"""How much of a line one address may fill."""


class FairQueue(Queue):
    """Gradio's queue, in which each visitor has one job running in a line and a bounded number waiting.

    Args:
        page: the page, whose own queue this takes over.
        size: jobs that may wait in one line.
        per_visitor: jobs that one visitor may have waiting in one line.
        tabs: told whose a tab is, and that one went away while it waited for an answer.
    """

    def __init__(self, page: gr.Blocks, size: int, per_visitor: int, tabs: Tabs) -> None:
        plain = page._queue
        super().__init__(
            live_updates=plain.live_updates,
            concurrency_count=MAX_THREADS,
            update_intervals=plain.update_intervals,
            max_size=None,
            blocks=page,
            default_concurrency_limit=plain.default_concurrency_limit,
        )
        self._size, self._per_visitor, self._tabs = size, per_visitor, tabs
        self._turns: dict[str, Turns] = {}
        self.closed_because = ""
        """Why no more jobs are taken; empty while they are."""

    async def push(self, body: Any, request: Any, username: Any) -> Any:
        """As Gradio's, but a visitor who has enough waiting is told so."""
        fn = get_fn(self.blocks, None, body)
        self.create_event_queue_for_fn(fn)
        who = who_of(request.scope)
        if len(body.data) != len(fn.inputs):
            raise HTTPException(400, strings.WRONG_NUMBER.format(wanted=len(fn.inputs), given=len(body.data)))
        refusal = self.refusal(str(fn.concurrency_id), who)
        if refusal:
            raise HTTPException(503 if self.closed_because else 429, refusal)
        done, event_id, state = await super().push(body, request, username)
        if done:
            self._tabs.claim(str(event_id), who[1])
        return done, event_id, state

    def refusal(self, concurrency_id: str, who: Who) -> str:
        """Why a visitor's job may not wait in a line; empty where it may."""
        if self.closed_because:
            return self.closed_because
        line = self.event_queue_per_concurrency_id.get(concurrency_id)
        if line is None or line.concurrency_limit is None:
            return ""
        waiting = [who_of(event.request.scope) for event in line.queue]
        own = waiting.count(who)
        if own >= self._per_visitor:
            return strings.ENOUGH_WAITING.format(n=own)
        # A second job of anybody leaves room for the first ones of others.
        crowded = len(waiting) >= self._size or (own and 2 * len(waiting) >= self._size)
        from_there = sum(address == who[0] for address, _ in waiting)
        return strings.QUEUE_FULL if crowded or from_there >= max(1, OTHERS_SHARE * self._size) else ""

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """The event that is next, in a line that has room for it."""
        names = list(self.event_queue_per_concurrency_id)
        random.shuffle(names)
        active = [event for events in self.active_jobs if events for event in events]
        for name in names:
            line = self.event_queue_per_concurrency_id[name]
            limit = line.concurrency_limit
            if limit is not None and self.closed_because:
                continue  # What waits now is not begun any more.
            if line.queue and (limit is None or line.current_concurrency < limit):
                event = self._next(line, active)
                if event is not None:
                    line.queue.remove(event)
                    return [event], False, name
        return None

    def _next(self, line: EventQueue, active: list[Event]) -> Event | None:
        """Whoever is next of those that have nothing running in this line."""
        whose = [who_of(event.request.scope) for event in active]
        busy = {who for who in whose if whose.count(who) >= ACTIVE_PER_VISITOR}
        if line.concurrency_limit is not None:
            busy |= {
                who for who, event in zip(whose, active, strict=True) if event.concurrency_id == line.concurrency_id
            }
        free = [(event, who) for event in line.queue if (who := who_of(event.request.scope)) not in busy]
        if not free:
            return None
        turns = self._turns.setdefault(line.concurrency_id, Turns())
        event, who = free[turns.next([who for _, who in free])]
        turns.serve(who)
        return event

    def place(self, concurrency_id: str, session_hash: str | None) -> tuple[int, int]:
        """Where a tab stands among those that wait for the same thing.

        Args:
            concurrency_id: what is waited for.
            session_hash: the tab, as gr.Request names it.
        Returns:
            The place, 1 for the next and 0 for none; and how many jobs run.
        """
        line = self.event_queue_per_concurrency_id.get(concurrency_id)
        if line is None:
            return 0, 0
        waiting = list(line.queue)
        order = self._turns.get(concurrency_id, Turns()).order([who_of(event.request.scope) for event in waiting])
        tabs = [waiting[number].session_hash for number in order]
        return (tabs.index(session_hash) + 1 if session_hash in tabs else 0), line.current_concurrency

    async def process_events(self, events: list[Event], *how: Any, **named: Any) -> None:
        """As Gradio's; what fetches inputs meanwhile finds out for whom."""
        CALLER.set(visitor_of(events[0].request.scope))
        await super().process_events(events, *how, **named)

    async def clean_events(self, *, session_hash: str | None = None, event_id: str | None = None) -> None:
        """As Gradio's; also what runs for a tab that has gone is told to stop, and a page's jobs keep their places."""
        before = {name: list(line.queue) for name, line in self.event_queue_per_concurrency_id.items()}
        await super().clean_events(session_hash=session_hash, event_id=event_id)
        if event_id is None and self._tabs.goes_on(session_hash):
            for name, events in before.items():
                line = self.event_queue_per_concurrency_id[name]
                lost = [one for one in events if one not in line.queue and one.session_hash == session_hash]
                kept = [one for one in lost if name == JOBS]
                line.queue[:] = [one for one in events if one in line.queue or one in kept] + [
                    one for one in line.queue if one not in events
                ]
                self.event_ids_to_events.update({one._id: one for one in kept})
        if session_hash is not None:
            self._tabs.left(session_hash)

    def send_message(self, event: Event, event_message: Any) -> None:
        """As Gradio's; a job whose tab has gone tells nobody."""
        if event.session_hash in self.pending_messages_per_session:
            super().send_message(event, event_message)

    async def remove_from_queue(self, event_id: str) -> None:
        """As Gradio's, for a call that is cancelled; also what runs for it is told to stop."""
        event = self.event_ids_to_events.get(event_id)
        await super().remove_from_queue(event_id)
        if event is not None and any(event in events for events in self.active_jobs if events):
            self._tabs.left(event.session_hash)

    def compute_analytics_summary(self, records: Any) -> dict[str, Any]:
        """Nothing: Gradio counts up all events after each one for its monitoring page, which is not served."""
        return {}

    def accounts(self) -> set[str]:
        """The accounts of those who have something waiting or running."""
        active = [event for events in self.active_jobs if events for event in events]
        waiting = [event for line in tuple(self.event_queue_per_concurrency_id.values()) for event in tuple(line.queue)]
        return {visitor_of(event.request.scope).account for event in (*active, *waiting)}

    def running(self) -> int:
        """How many jobs run, in all lines that are jobs': those with a limit."""
        lines = tuple(self.event_queue_per_concurrency_id.values())
        return sum(line.current_concurrency for line in lines if line.concurrency_limit is not None)

    def counts(self, concurrency_id: str) -> tuple[int, int]:
        """How many wait in a line, and how many run."""
        line = self.event_queue_per_concurrency_id.get(concurrency_id)
        return (len(line.queue), line.current_concurrency) if line else (0, 0)


def use_fair_queue(page: gr.Blocks, size: int, per_visitor: int, tabs: Tabs) -> FairQueue:
    """Let a page, which is not being served yet, share out turns fairly; its queue() has been called."""
    queue = FairQueue(page, size, per_visitor, tabs)
    page._queue = queue
    return queue


def queue_of(page: gr.Blocks) -> FairQueue:
    """The queue of a page that uses a fair one."""
    queue = page._queue
    assert isinstance(queue, FairQueue)
    return queue


def who_of(scope: Any) -> Who:
    """Address and visitor behind a request."""
    visitor = visitor_of(scope)
    return visitor.address, visitor.key
