"""The page: widgets put together, events wired to handlers. Nothing is computed here."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import gradio as gr
from gradio.utils import get_space

from riffusion_inference.datatypes import MAX_SEED

from ..models import ShelfState
from ..settings.options import PER_MODEL
from . import strings
from .cards import hint_html, model_html
from .comeback import come_back
from .effect import DECIDED, DECIDED_BY, effects
from .endpoints import AT_ONCE, READING, add_endpoints
from .events import Events
from .gradio_queue import queue_of
from .input import (
    READ_WITH,
    Updates,
    apply_prompt,
    choose_part,
    edit_prompt,
    leave_prompt,
    look_through,
    model_changed,
    read_draft,
    show_stills,
    suggest,
    take_cut,
    take_example,
    take_mode,
    take_range,
    take_video,
    use_found,
)
from .mixer_panel import mixer_panel
from .mixer_values import MIXER
from .mixing import apply_mix, mix_facts
from .order import CONTROLS, LOOKING, QUEUE
from .panels import (
    Widgets,
    film_panel,
    kept,
    masthead,
    music_panel,
    results_panel,
    run_panel,
    settings_panel,
    suggestion,
)
from .results import results
from .run import Shown, after, begin, cancel, choose_take, other_columns, run, undo, watch
from .score_input import show_midi
from .score_panel import score_panel
from .session import PageContext, Session

SUMMARY = ("card", "brief", "run", "cancel", "reason")
FILM = ("timeline", "strip")
INPUT = ("facts", "split_notes", *FILM, "n_parts", *SUMMARY)
RESULT = ("results_empty", "detail", "undo", "grid", "archive", "film_file", "history", "mixer", "mix_facts", *MIXER)


def build(context: PageContext) -> gr.Blocks:
    """Put the page together; nothing is loaded yet."""
    settings = context.settings
    page = gr.Blocks(title=strings.TITLE, analytics_enabled=False, fill_width=True)
    with page:
        session = gr.State(Session(split_mode=settings.split_mode), delete_callback=context.tabs.forget)
        widgets: Widgets = {"session": session, "ticket": gr.State(0), "resumed": gr.State(0)}
        gr.HTML(masthead())
        widgets["model_status"] = gr.HTML(model_html(context.shelf.news), elem_id="model-status")
        with gr.Row(elem_id="workbench", equal_height=False):
            with gr.Column(scale=7, min_width=320):
                widgets.update(film_panel())
            with gr.Column(scale=5, min_width=320):
                widgets.update(music_panel(settings))
                widgets.update(run_panel())
                widgets.update(mixer_panel())
                widgets.update(suggestion(settings))
                widgets.update(score_panel())
                widgets.update(settings_panel(settings, any_checkpoint=get_space() is None))
        widgets.update(results_panel())
        widgets["link"] = gr.HTML("", elem_id="link", js_on_load="window.dubLink(element);")
        widgets["tokens"], widgets["wake"] = kept("tokens", []), kept("wake", 0)
        gr.HTML(hint_html(strings.counted(strings.FOOTER, settings.delete_after_minutes)))
        Wiring(page, context, widgets).all()
        add_endpoints(context, session)
    return page


class Wiring(Events):
    """Binds widgets' events to handlers."""

    def __init__(self, page: gr.Blocks, context: PageContext, widgets: Widgets) -> None:
        super().__init__(context, widgets)
        self.page = page

    def all(self) -> None:
        """Wire everything."""
        self.input()
        self.prompt()
        self.suggestion()
        self.settings()
        self.running()
        self.results()
        self.mixing()
        self.coming_back()
        self.status()

    def input(self) -> None:
        """Video, examples, parts, filmstrip."""
        w, context = self.w, self.context
        outputs = (*INPUT, "stills", "progress", *RESULT)

        def video_changed(session: Session, path: str | None, columns: float) -> Updates:
            return {**take_video(context, session, path), **results(session, 1, columns), "progress": ""}

        def example(session: Session, name: str) -> Updates:
            return {**take_example(context, session, name), **results(session, 1, None), "progress": ""}

        for event in (w["video"].upload, w["video"].clear):
            self.looked_through(self.on(event, video_changed, ("video", "columns"), outputs))
        for number, (name, _) in enumerate(strings.EXAMPLES):
            clicked = w[f"example{number}"].click
            self.looked_through(self.on(clicked, lambda s, name=name: example(s, name), (), ("video", *outputs)))
        cut = (*INPUT, "stills", *RESULT)

        def with_results(work: Callable[..., Updates]) -> Callable[..., Updates]:
            def shown(session: Session, part: float, value: Any, columns: float) -> Updates:
                updates = work(session, part, value)
                # A part may have been chosen here: results are of that one.
                return {**updates, **results(session, session.part, columns)}

            return shown

        for name, work in (("n_parts", take_cut), ("split_mode", take_mode)):
            values = ("part", name, "columns")
            self.on(w[name].change, with_results(work), values, cut, trigger_mode="always_last")
        self.on(w["equal"].click, with_results(partial(take_cut, anew=True)), ("part", "n_parts", "columns"), cut)
        values = ("part", "range", "columns")
        self.on(w["range"].select, with_results(take_range), values, cut, trigger_mode="always_last")

        def chosen(session: Session, part: float, columns: float) -> Updates:
            return {**choose_part(session, part), **results(session, part, columns)}

        # What is chosen is the tab's: it travels with every event and never comes back, so that no late answer
        # chooses another part than the one that is shown.
        self.on(
            w["part"].select,
            chosen,
            ("part", "columns"),
            (*SUMMARY, "stills", *RESULT),
            trigger_mode="always_last",
            queue=False,
        )

    def looked_through(self, shown: Any) -> None:
        """Draw the film's sound and cuts once it is shown."""
        self.on(shown.then, look_through, (), ("timeline",), concurrency_id=READING, concurrency_limit=AT_ONCE[READING])

    def prompt(self) -> None:
        """Typing, applying, ideas, a score of one's own."""
        w = self.w
        # Not its input event, which Gradio raises for keys alone: text may be pasted, dropped or dictated.
        self.on(w["prompt"].change, edit_prompt, ("part", "prompt"), SUMMARY, trigger_mode="always_last", queue=False)
        for name in ("prompt", *READ_WITH):
            event = w[name].change
            self.on(event, read_draft, ("prompt", *READ_WITH), ("reading",), trigger_mode="always_last", queue=False)
        self.on(w["midi"].change, partial(show_midi, self.context), ("midi",), ("midi_news",))
        self.on(w["prompt"].submit, apply_prompt, ("part", "prompt"), ("prompt", *SUMMARY), queue=False)
        # What chips have written comes by itself: the field may not know it yet.
        worded = partial(self.on, w["wording"].select, outputs=SUMMARY, trigger_mode="always_last", queue=False)
        worded(lambda s, part, words: leave_prompt(s, part, "".join(words)), ("part", "wording"))
        self.on(w["prompt"].blur, leave_prompt, ("part", "prompt"), SUMMARY, queue=False)
        for number, idea in enumerate(strings.PROMPT_EXAMPLES):
            self.on(
                w[f"idea{number}"].click,
                lambda s, part, idea=idea: apply_prompt(s, part, idea),
                ("part",),
                ("prompt", *SUMMARY),
                queue=False,
            )

    def suggestion(self) -> None:
        """Stills and words for them."""
        w, context = self.w, self.context
        self.on(
            w["show_stills"].click,
            show_stills,
            ("part", "stills_count"),
            ("stills", "saw"),
            show_progress="minimal",
        )
        self.on(
            w["suggest"].click,
            partial(suggest, context),
            ("part", "still", "describer"),
            ("prompt", "saw", "use_found", *SUMMARY),
            show_progress="minimal",
            show_progress_on=[w["saw"]],
            concurrency_id=LOOKING,
            concurrency_limit=1,
        )
        self.on(w["use_found"].click, use_found, ("part",), ("prompt", "use_found", *SUMMARY), queue=False)

    def settings(self) -> None:
        """What a checkpoint likes, and the dice."""
        w, context = self.w, self.context
        # What somebody has set is noted in the browser, at once: what nobody has is the checkpoint's own, shown or not.
        for name in PER_MODEL:
            w[name].input(None, js=f"() => window.dubTouch('{name}')", api_visibility="private")

        def suited(_: Session, model: str | None, touched: list[str]) -> Updates:
            return model_changed(context, model, touched)

        # What "auto" stands for is known once torch is there, which the page does not wait for when it starts.
        for event in (w["model"].change, self.page.load):
            self.on(event, suited, ("model", "touched"), PER_MODEL, queue=False)
        self.on(
            w["own_values"].click,
            lambda _, model: {**model_changed(context, model), "touched": []},
            ("model",),
            (*PER_MODEL, "touched"),
            queue=False,
        )
        for event in (*(w[name].change for name in DECIDED_BY), self.page.load):
            self.on(event, effects, DECIDED_BY, DECIDED, trigger_mode="always_last", queue=False)
        self.on(w["dice"].click, lambda _: {"seed": str(secrets.randbelow(MAX_SEED + 1))}, (), ("seed",), queue=False)

    def running(self) -> None:
        """The button, the queue, the run itself, whoever watches it, Cancel."""
        w, context = self.w, self.context

        def started(
            session: Session, part: float, n_parts: float, span: list[float], touched: list[str], *values: Any
        ) -> Updates:
            given = dict(zip(CONTROLS, values, strict=True))
            given = {name: value for name, value in given.items() if name not in PER_MODEL or name in touched}
            refusal = queue_of(self.page).refusal(QUEUE, (session.address, session.by))
            shown = Shown(int(part), int(n_parts), (span[0], span[1]) if len(span) == 2 else None)
            return begin(context, session, shown, given, refusal=refusal)

        self.on(
            w["run"].click,
            started,
            ("part", "parts_shown", "range", "touched", *CONTROLS),
            ("ticket", "progress", "waiting", *SUMMARY),
            concurrency_limit=None,
        )
        # Several runs of one tab may be in the queue, when one was stopped while it waited; see run.cancel.
        self.on(
            w["ticket"].change,
            partial(run, context),
            (),
            (),
            concurrency_id=QUEUE,
            concurrency_limit=1,
            trigger_mode="multiple",
        )
        self.watched(w["ticket"].change, trigger_mode="multiple")
        self.on(w["cancel"].click, cancel, ("part",), ("progress", "waiting", *SUMMARY), queue=False)

    def queue_place(self, tab: str) -> tuple[int, int]:
        """The place of a tab's job, 1 for the next and 0 for none, and how many jobs run."""
        return queue_of(self.page).place(QUEUE, tab)

    def watched(self, event: Callable[..., Any], *, came_back: bool = False, **options: Any) -> None:
        """Follow the session's run from an event on, and show what it has changed.

        A tab that has just come back may not have chosen the session's part yet.
        """

        async def watch_it(session: Session, _: gr.Request) -> AsyncIterator[Updates]:
            async for updates in watch(session, self.queue_place):
                yield updates

        turn = self.on(event, watch_it, (), ("waiting", "progress"), concurrency_limit=None, **options)

        def show(session: Session, part: float, columns: float | None) -> Updates:
            return after(session, session.part if came_back else part, columns)

        self.on(turn.then, show, ("part", "columns"), (*FILM, *SUMMARY, *RESULT), queue=False)

    def results(self) -> None:
        """Another take, undo, columns."""
        w, context = self.w, self.context
        outputs = ("progress", *FILM, *SUMMARY, *RESULT)
        self.on(
            w["detail"].select,
            partial(choose_take, context),
            ("part", "columns"),
            outputs,
            takes_event=True,
            show_progress="minimal",
        )
        self.on(
            w["undo"].click,
            partial(undo, context),
            ("part", "undo", "columns"),
            outputs,
            show_progress="minimal",
        )
        self.on(
            w["columns"].change,
            other_columns,
            ("part", "columns"),
            ("grid",),
            trigger_mode="always_last",
            queue=False,
        )

    def mixing(self) -> None:
        """The mixer shows how the chosen part is mixed, lets another mix be heard, and writes it."""
        w = self.w
        self.on(w["mixer"].expand, mix_facts, ("part",), ("mix_facts",), concurrency_limit=2)
        outputs = ("mix_news", "progress", *FILM, *SUMMARY, *RESULT)
        self.on(
            w["apply_mix"].click,
            partial(apply_mix, self.context),
            ("part", "columns", *MIXER),
            outputs,
            show_progress="minimal",
            show_progress_on=[w["mix_news"]],
        )

    def coming_back(self) -> None:
        """A tab's earlier session; a run that went on while nobody looked."""
        w = self.w

        async def back(session: Session, request: gr.Request, tokens: list[str]) -> AsyncIterator[Updates]:
            async for updates in come_back(self.context, session, request, tokens, self.queue_place):
                yield updates

        outputs = ("session", "link", "resumed", "ticket", "video", "prompt", "split_mode", "stills", *INPUT)
        js = "(session, tokens) => [session, window.dubTokens()]"
        opened = self.on(self.page.load, back, ("tokens",), outputs, js=js, concurrency_limit=None)
        self.looked_through(opened)
        self.watched(w["resumed"].change, came_back=True)
        self.watched(w["wake"].select)

    def status(self) -> None:
        """The checkpoint's line, until it is ready."""
        shelf = self.context.shelf
        timer = gr.Timer(1.5)

        def look() -> tuple[str, Any]:
            news = shelf.news
            return model_html(news), gr.Timer(active=news.state in (ShelfState.LOADING, ShelfState.WAITING))

        timer.tick(
            look, None, [self.w["model_status"], timer], api_visibility="private", show_progress="hidden", queue=False
        )
