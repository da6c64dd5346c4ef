"""From an event in the browser to a handler and back: values in, named updates out, our sentences as errors."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import gradio as gr

from riffusion_inference.errors import RiffusionError

from .input import Updates
from .panels import Widgets
from .run import TakeOf
from .session import PageContext, Session, sentence


class Events:
    """Wires events by the names of widgets; every event is private to the page."""

    def __init__(self, context: PageContext, widgets: Widgets) -> None:
        self.context, self.w = context, widgets

    def on(
        self,
        event: Callable[..., Any],
        work: Callable[..., Any],
        inputs: Sequence[str],
        outputs: Sequence[str],
        **options: Any,
    ) -> Any:
        """Wire one event: work(session, *values) gives updates by widget name."""
        return event(
            self.bound(work, outputs, takes_event=options.pop("takes_event", False)),
            [self.w[name] for name in ("session", *inputs)],
            [self.w[name] for name in outputs],
            api_visibility="private",
            show_progress=options.pop("show_progress", "hidden"),
            **options,
        )

    def bound(self, work: Callable[..., Any], outputs: Sequence[str], *, takes_event: bool) -> Callable[..., Any]:
        """The function that gradio calls: it knows the visitor, and says our sentences as errors."""
        context = self.context

        def spread(updates: Updates) -> Any:
            values = [updates.get(name, gr.skip()) for name in outputs]
            return None if not values else values[0] if len(values) == 1 else values

        def opened(session: Session, request: gr.Request) -> Session:
            try:
                return context.open(session, request)
            except RiffusionError as error:
                raise gr.Error(sentence(error), print_exception=False) from error

        def call(request: gr.Request, session: Session, *values: Any) -> Any:
            try:
                with context.tabs.at_work(opened(session, request)):
                    return spread(work(session, *values))
            except RiffusionError as error:
                raise gr.Error(sentence(error), print_exception=False) from error

        def call_with_event(request: gr.Request, event: gr.EventData, session: Session, *values: Any) -> Any:
            return call(request, session, TakeOf(int(event.part), int(event.index)), *values)

        def steps(request: gr.Request, session: Session, *values: Any) -> Iterator[Any]:
            for updates in work(opened(session, request), *values):
                yield spread(updates)

        async def later(request: gr.Request, session: Session, *values: Any) -> AsyncIterator[Any]:
            async for updates in work(opened(session, request), request, *values):
                yield spread(updates)

        async def answer(request: gr.Request, session: Session, *values: Any) -> Any:
            return spread(await work(opened(session, request), *values))

        if inspect.iscoroutinefunction(work):
            return answer
        if inspect.isasyncgenfunction(work):
            return later
        if inspect.isgeneratorfunction(work):
            return steps
        return call_with_event if takes_event else call
