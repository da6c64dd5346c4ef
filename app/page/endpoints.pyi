"""The page's functions for programs and agents: plain values in, files and facts out.

Every result has a name, which a later call goes on from. A client of gradio_client keeps its session besides, so that a
second dub keeps the first without being told, as on the page; agents have none. What the page's API view and an agent
read of the options comes from the table of options.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from riffusion_inference.errors import RiffusionError, SettingError

from .. import mood
from ..dub.order import AUTO, Order, check_part, split_mode_of
from ..dub.ranges import place_ranges
from ..dub.run import Run
from ..dub.story import carry_out
from ..media import Clip, explain_split
from ..plan import TimeRange, range_texts, read_range
from ..result.folder import Result
from ..settings import Settings
from ..settings.options import OPTIONS, SCORE, Kind, Option
from . import strings
from .given_files import fetcher, takes_addresses
from .input import checked_probe
from .jobs import Job
from .made import find, is_of_video
from .order import LOOKING, QUEUE, order_for, whole
from .report import Facts, clip_facts, result_facts
from .run import remember, run_job
from .session import PageContext, Session, sentence
from .visitors import OPEN

DUB_OPTIONS = (
    "split_mode", "negative_prompt", "model", "scheduler", "guidance_scale", "num_inference_steps", "seed",
    "candidates", "sound_mode", "music_gain_db", "loudness_lufs", "seed_image", "seed_audio", "strength", "loop",
    *SCORE, "no_check",
)  # fmt: skip
"""Options of /dub in their order; each may be left out and is then the program's or the model's own."""
WIDGETS: dict[Kind, type[gr.components.Component]] = {
    Kind.WHOLE: gr.Number,
    Kind.NUMBER: gr.Number,
    Kind.LOUDNESS: gr.Number,
    Kind.SWITCH: gr.Checkbox,
    Kind.IMAGE: gr.File,
    Kind.SOUND: gr.File,
    Kind.MIDI: gr.File,
}
"""What carries an option's value; text is carried by a text field."""

class RangesBox(gr.Textbox):
    """Carries ranges of time: text, or a list of texts and of pairs of times."""

    is_template = True

    def api_info(self) -> dict[str, Any]:
        """What a client may send."""
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {}}]}

    def preprocess(self, payload: Any) -> Any:
        """As it was sent."""
        return payload
    from collections.abc import Callable, Sequence
    from typing import TYPE_CHECKING, Any, Literal

    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

WORDS: dict[str, type[gr.components.Component]] = {
    "video": gr.File,
    "prompt": gr.Textbox,
    "earlier": gr.Textbox,
    "result": gr.Textbox,
    "ranges": RangesBox,
}
"""What carries the values that are no options; loudness_lufs is a number."""
MOST_CHOICES = 12
"""More than this are not listed where an option is described; an error names them all."""
FILE, FILES, FACTS = (gr.File, {"label": "file"}), (gr.File, {"file_count": "multiple"}), (gr.JSON, {"label": "facts"})

class Endpoints:
    """The endpoints, bound to what the page's sessions share."""

    def __init__(self, context: PageContext) -> None:
        self._context = context

    def probe(self, request: gr.Request, session: Session, video: str) -> Facts:
        """Tell a video's duration, size, frame rate, sound and keyframes.

        Args:
            video: the video file.
        """
        with self._at_work(session, request) as own:
            return clip_facts(self._open(own, video))

    def split(
        self,
        request: gr.Request,
        session: Session,
        video: str,
        n_parts: float = 4,
        ranges: Any = "",
        split_mode: str | None = None,
        no_check: bool | None = None,
    ) -> tuple[list[str], Facts]:
        """Cut a video into equal parts, or around ranges of time; returns the files in order, and what was done.

        Args:
            video: the video file.
            n_parts: how many equal parts, 1 to the number of frames; not used with ranges.
            ranges: times that become parts, such as [[12.4, 31]] or "00:12.4-00:31"; the rest is what lies between.
        """
        with self._at_work(session, request) as own:
            asked = _ranges(ranges)
            clip = self._open(own, video, 1 if asked else n_parts, split_mode)
            self._context.visitors.check_floor()
            order = Order(clip.path, own.new_run_folder(), own.n_parts, own.split_mode, clip=clip)
            if asked:
                placed = place_ranges(clip, asked, None)
                order = replace(order, cutting=placed.cutting, notes=placed.notes)
            result = carry_out(order, Run(self._settings(no_check)), self._context.shelf)
            return [str(path) for path in result.parts], result_facts(result)

    def suggest(
        self,
        request: gr.Request,
        session: Session,
        video: str,
        n_parts: float = 4,
        part: float = 1,
        describer: str | None = None,
    ) -> Facts:
        """Look at a part of a video and suggest a prompt for fitting music.

        Args:
            video: the video file.
            n_parts: how many equal parts the video has.
            part: which part to look at, 1 for the first.
        """
        with self._at_work(session, request) as own:
            clip = self._open(own, video, n_parts, part=part)
            settings = self._context.settings
            found = mood.suggest(
                clip, part=own.part_of(part), describer=describer or settings.describer, settings=settings
            )
            words = {"prompt": found.prompt, "bpm": found.bpm, "saw": found.saw}
            return {**words, "describer": found.describer, "notes": list(found.notes)}

    def dub(
        self,
        request: gr.Request,
        session: Session,
        video: str,
        prompt: str,
        n_parts: float = 4,
        part: float = 1,
        earlier: str = "",
        ranges: Any = "",
        *options: Any,
    ) -> tuple[str | None, str | None, Facts, str | None]:
        """Make new music for a part of a video; returns the film, the music alone, a report, and the score as MIDI.

        The report names the result, for later calls, and says when each part and each piece of music begins and ends.
        There is no score where the checkpoint finds the notes itself.

        Args:
            video: the video file.
            prompt: what the music should be; empty looks at the part and finds one.
            n_parts: how many equal parts the video is cut into.
            part: which part gets the music, 1 for the first.
            earlier: the result to go on from, as a report names it; its music at other times stays.
            ranges: times that get music instead, each its own, such as [[12.4, 31]] or "00:12.4-00:31, 01:05-".
        """
        with self._at_work(session, request) as own:
            given = dict(zip(DUB_OPTIONS, options, strict=False))
            asked, mode = _ranges(ranges), given.pop("split_mode", None)
            self._open(own, video, 1 if asked else n_parts, mode, 1 if asked else part)
            self._context.visitors.check_floor()
            settings = self._settings(given.pop("no_check", None))
            film, number = self._earlier(own, earlier), 1 if asked else whole(strings.PART_LABEL, part)
            order = order_for(self._context, own, number, given, prompt.strip() or AUTO, earlier=film, ranges=asked)
            job = own.job = Job(order.out_dir.parent / f"stop{own.n_runs}", order, order.asked[0], own.cut)
            job.started.set()
            began = time.monotonic()
            result = run_job(self._context, job, settings=settings)
            remember(own, job, result, time.monotonic() - began)
            take = next(one.chosen for one in result.dubs if one.part == job.part)
            midi = result.path(take.midi)
            return str(result.film), str(result.path(take.wav)), result_facts(result), str(midi) if midi else None

    def archive(self, request: gr.Request, session: Session, result: str = "") -> str:
        """Give the zip of a film: parts, music, spectrograms, film and manifest.

        Args:
            result: which one, as a report names it; empty is this client's latest, which agents do not have.
        """
        with self._at_work(session, request) as own:
            found = find(self._context.visitors, own.visitor, result) if result.strip() else own.result
            if found is None or found.archive is None:
                raise SettingError(strings.NO_RESULT)
            return str(found.archive)

    @contextmanager
    def _at_work(self, session: Session, request: gr.Request) -> Iterator[Session]:
        """The caller's session, whose files stay meanwhile; each call of an agent has one of its own."""
        with _told():
            is_agent = self._context.visitor(request).key == OPEN
            own = self._context.open(Session() if is_agent else session, request)
            with self._context.tabs.at_work(own):
                yield own

    def _earlier(self, session: Session, name: str) -> Result | None:
        """The result to go on from: the one that is named, else the client's latest where that is of this video.

        Raises:
            SettingError: there is none of that name, or it is of another video.
        """
        if not name.strip():
            return session.result if session.result is not None and is_of_video(session.result, session) else None
        found = find(self._context.visitors, session.visitor, name)
        if not is_of_video(found, session):
            raise SettingError(strings.OTHER_FILM.format(id=name))
        return found

    def _settings(self, no_check: bool | None) -> Settings:
        """The program's settings; a client may be in a hurry."""
        return replace(self._context.settings, no_check=True) if no_check else self._context.settings

    def _open(
        self,
        session: Session,
        video: str | None,
        n_parts: float = 1,
        split_mode: str | None = None,
        part: float = 1,
    ) -> Clip:
        """Set the caller's session to this video."""
        if not video:
            raise SettingError(strings.NO_FILE)
        wanted = whole(strings.N_PARTS_LABEL, n_parts)
        check_part(whole(strings.PART_LABEL, part), wanted)
        source = self._context.visitors.own(session.visitor, video)
        session.clip = checked_probe(source, self._context.settings)
        session.source, session.n_parts = source, wanted
        session.split_mode = split_mode_of(split_mode or self._context.settings.split_mode)
        session.plan = explain_split(session.clip, session.n_parts, session.split_mode)
        return session.clip

def _ranges(value: Any) -> list[TimeRange]:
    """Ranges of time as a program gives them."""
    return [read_range(text) for text in range_texts(value)]

CUTTING, READING = "cutting", "reading"
"""The concurrency ids of what cuts videos and of what reads a little of them; neither waits for music."""
AT_ONCE = {QUEUE: 1, LOOKING: 1, CUTTING: 2, READING: 4}
"""How many of each are done at a time."""
ENDPOINTS: dict[str, tuple[Sequence[str], Sequence[tuple[Any, dict[str, Any]]], str]] = {
    "probe": ((), [FACTS], READING),
    "split": (("split_mode", "no_check"), [FILES, FACTS], CUTTING),
    "suggest": (("describer",), [FACTS], LOOKING),
    "dub": (DUB_OPTIONS, [FILE, FILE, FACTS, FILE], QUEUE),
    "archive": ((), [FILE], READING),
}
"""Of each named endpoint: its options, what it returns, and what it waits for."""

def add_endpoints(context: PageContext, session: gr.State) -> None:
    """Named endpoints for gradio_client and agents, on widgets that nobody sees."""
    offered, fetch = Endpoints(context), fetcher(context.visitors, context.settings.max_upload_mb)
    with gr.Column(visible=False):
        button = gr.Button("API")
        for name, (options, outputs, line) in ENDPOINTS.items():
            work = described(getattr(offered, name), options)
            parameters = list(inspect.signature(work).parameters.values())[2:]
            button.click(
                work,
                [session, *(_widget(one, fetch) for one in parameters)],
                [kind(**how) for kind, how in outputs],
                api_name=name,
                concurrency_id=line,
                concurrency_limit=AT_ONCE[line],
            )

def described(work: Callable[..., Any], options: Sequence[str]) -> Callable[..., Any]:
    """A method as Gradio reads it: options of the table among its parameters, and what they do in its docstring."""
    kept = [
        one
        for one in inspect.signature(work).parameters.values()
        if one.kind is not one.VAR_POSITIONAL and one.name not in options
    ]
    added = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Any)
        for name in options
    ]

    def call(*values: Any) -> Any:
        return work(*values)

    lines = "".join(f"            {name}: {_help(_option(name))}\n" for name in options)
    call.__name__, call.__doc__ = work.__name__, f"{(work.__doc__ or '').rstrip()}\n{lines}        "
    call.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    call.__annotations__ = {"request": gr.Request}
    return call

def _option(name: str) -> Option:
    return OPTIONS["loudness" if name == "loudness_lufs" else name]

def _help(option: Option) -> str:
    """What an option does, and its values where they are few and not in the sentence already."""
    few = 0 < len(option.choices) <= MOST_CHOICES and not all(choice in option.help for choice in option.choices)
    return f"{option.help} ({', '.join(option.choices)})" if few else option.help

def _widget(parameter: inspect.Parameter, fetch: Callable[[str], Awaitable[Path]]) -> gr.components.Component:
    """What carries one parameter's value."""
    name, default = parameter.name, None if parameter.default is inspect.Parameter.empty else parameter.default
    if isinstance(default, int | float):
        return gr.Number(value=default, label=name)
    kind = WIDGETS.get(OPTIONS[name].kind, gr.Textbox) if name in OPTIONS else WORDS.get(name, gr.Number)
    widget = kind(value=default, label=name)
    return takes_addresses(widget, fetch) if isinstance(widget, gr.File) else widget

class _told:
    """Turns our sentences into the error that clients see; other errors stay in the server's log."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, RiffusionError):
            raise gr.Error(sentence(error), print_exception=False) from error
