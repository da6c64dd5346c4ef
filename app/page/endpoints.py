"""The page's functions for programs and agents: plain values in, files and facts out.

A client keeps its session between calls, so that a second dub keeps the first, as on the page. What the page's API view
and an agent read of the options comes from the table of options.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from riffusion_inference.errors import RiffusionError

from .. import mood
from ..dub.order import AUTO, Order, split_mode_of
from ..dub.run import Run
from ..dub.story import carry_out
from ..media import Clip, explain_split
from ..result.folder import Result
from ..settings.options import OPTIONS, SCORE, Kind, Option
from . import strings
from .cards import facts, time_range
from .input import checked_probe
from .jobs import Job
from .order import QUEUE, order_for
from .run import remember, run_job
from .session import PageContext, Session, sentence

Facts = dict[str, Any]
DUB_OPTIONS = (
    "split_mode", "negative_prompt", "model", "scheduler", "guidance_scale", "num_inference_steps", "seed",
    "candidates", "sound_mode", "music_gain_db", "loudness_lufs", "seed_image", "seed_audio", "strength", "loop",
    *SCORE,
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
        with _told():
            return clip_facts(self._open(session, request, video))

    def split(
        self, request: gr.Request, session: Session, video: str, n_parts: float = 4, split_mode: str | None = None
    ) -> tuple[list[str], Facts]:
        """Cut a video into equal parts; returns the files in order, and what was done.

        Args:
            video: the video file.
            n_parts: how many parts, 1 to the number of frames.
        """
        with _told():
            clip = self._open(session, request, video, n_parts, split_mode)
            order = Order(clip.path, session.new_run_folder(), session.n_parts, session.split_mode)
            result = carry_out(order, Run(self._context.settings), self._context.shelf)
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
        with _told():
            clip = self._open(session, request, video, n_parts)
            settings = self._context.settings
            chosen = session.part_of(part)
            found = mood.suggest(clip, part=chosen, describer=describer or settings.describer, settings=settings)
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
        *options: Any,
    ) -> tuple[str | None, str | None, Facts, str | None]:
        """Make new music for one part of a video; returns the film, the music alone, a report, and the score as MIDI.

        There is no score where the checkpoint finds the notes itself.

        Args:
            video: the video file.
            prompt: what the music should be; empty looks at the part and finds one.
            n_parts: how many equal parts the video is cut into.
            part: which part gets the music, 1 for the first.
        """
        with _told():
            given = dict(zip(DUB_OPTIONS, options, strict=False))
            self._open(session, request, video, n_parts, given.pop("split_mode", None))
            order = order_for(self._context, session, int(part), given, prompt.strip() or AUTO)
            job = session.job = Job(order.out_dir.parent / f"stop{session.n_runs}", order, int(part), session.cut)
            job.started.set()
            began = time.monotonic()
            result = run_job(self._context, job)
            remember(session, job, result, time.monotonic() - began)
            take = next(one.chosen for one in result.dubs if one.part == job.part)
            midi = result.path(take.midi)
            return str(result.film), str(result.path(take.wav)), result_facts(result), str(midi) if midi else None

    def archive(self, request: gr.Request, session: Session) -> str:
        """Give the zip of this client's latest film: parts, music, spectrograms, film and manifest."""
        with _told():
            self._context.open(session, request)
            if session.result is None or session.result.archive is None:
                raise gr.Error(strings.NO_RESULT)
            return str(session.result.archive)

    def _open(
        self,
        session: Session,
        request: gr.Request,
        video: str,
        n_parts: float = 1,
        split_mode: str | None = None,
    ) -> Clip:
        """Set the session to this video, keeping earlier dubs of the same cut."""
        self._context.open(session, request)
        source = self._context.visitors.own(session.visitor, video)
        session.clip = checked_probe(source, self._context.settings)
        session.source, session.n_parts = source, int(n_parts)
        session.split_mode = split_mode_of(split_mode or self._context.settings.split_mode)
        session.plan = explain_split(session.clip, session.n_parts, session.split_mode)
        return session.clip


ENDPOINTS: dict[str, tuple[Sequence[str], Sequence[tuple[Any, dict[str, Any]]], bool]] = {
    "probe": ((), [FACTS], False),
    "split": (("split_mode",), [FILES, FACTS], False),
    "suggest": (("describer",), [FACTS], True),
    "dub": (DUB_OPTIONS, [FILE, FILE, FACTS, FILE], True),
    "archive": ((), [FILE], False),
}
"""Of each named endpoint: its options, what it returns, and whether it waits for the model."""


def add_endpoints(context: PageContext, session: gr.State) -> None:
    """Named endpoints for gradio_client and agents, on widgets that nobody sees."""
    offered = Endpoints(context)
    with gr.Column(visible=False):
        button = gr.Button("API")
        for name, (options, outputs, heavy) in ENDPOINTS.items():
            work = described(getattr(offered, name), options)
            parameters = list(inspect.signature(work).parameters.values())[2:]
            button.click(
                work,
                [session, *(_widget(one) for one in parameters)],
                [kind(**how) for kind, how in outputs],
                api_name=name,
                concurrency_id=QUEUE if heavy else None,
                concurrency_limit=1 if heavy else "default",
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


def _widget(parameter: inspect.Parameter) -> gr.components.Component:
    """What carries one parameter's value."""
    default = None if parameter.default is inspect.Parameter.empty else parameter.default
    if parameter.name == "video":
        return gr.File(label=parameter.name)
    if isinstance(default, int | float):
        return gr.Number(value=default, label=parameter.name)
    kind = gr.Textbox if parameter.name == "prompt" else WIDGETS.get(_option(parameter.name).kind, gr.Textbox)
    return kind(value=default, label=parameter.name)


class _told:
    """Turns our sentences into the error that clients see; other errors stay in the server's log."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, RiffusionError):
            raise gr.Error(sentence(error), print_exception=False) from error


def clip_facts(clip: Clip) -> Facts:
    """A probe's findings as JSON."""
    return {
        "duration_seconds": float(clip.duration),
        "n_frames": clip.n_frames,
        "frame_rate": float(clip.frame_rate),
        "width": clip.width,
        "height": clip.height,
        "video_codec": clip.video_codec,
        "sample_rate": clip.sample_rate,
        "n_channels": clip.n_channels,
        "keyframes": len(clip.keyframes),
        "summary": ", ".join(facts(clip)),
    }


def result_facts(result: Result) -> Facts:
    """A result's manifest in short, as JSON, without paths on the server."""
    manifest = result.manifest
    return {
        "split_mode": manifest.split_used,
        "parts": [time_range(start, end) for start, end in result.times],
        "dubs": [
            {
                "part": one.part,
                "prompt": one.prompt,
                "seed": one.chosen.seed,
                "model": one.music.model,
                "licence": one.music.licence,
                "loudness_lufs": one.loudness_lufs,
            }
            for one in result.dubs
        ],
        "seconds_per_stage": dict(manifest.seconds_per_stage),
        "notes": list(manifest.notes),
    }
