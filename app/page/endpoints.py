"""The page's functions for programs and agents: plain values in, files and facts out.

Every result has a name, which a later call goes on from. A client of gradio_client keeps its session besides, so that a
second dub keeps the first without being told, as on the page; agents have none. What the page's API view and an agent
read of the options comes from the table of options.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import gradio as gr

from riffusion_inference.errors import RiffusionError, SettingError

from .. import mood
from ..dub.order import AUTO, Order, check_part, split_mode_of
from ..dub.ranges import place_ranges
from ..dub.remixing import remix, remix_order
from ..dub.run import Run
from ..dub.story import carry_out
from ..media import Clip, explain_split
from ..result.folder import Result
from ..settings import Settings
from ..settings.options import SCORE
from . import strings
from .endpoint_fields import described, widget_of
from .given_files import fetcher
from .input import checked_probe
from .jobs import Job
from .made import find, is_of_video
from .order import LOOKING, QUEUE, given_options, order_for, whole
from .range_input import read_ranges
from .report import Facts, clip_facts, result_facts
from .run import remember, run_job
from .session import PageContext, Session, sentence
from .visitors import OPEN

DUB_OPTIONS = (
    "split_mode", "negative_prompt", "model", "scheduler", "guidance_scale", "num_inference_steps", "seed",
    "candidates", "sound_mode", "music_gain_db", "loudness_lufs", "seed_image", "seed_audio", "strength", "loop",
    *SCORE, "no_check", "fade_in", "fade_out", "duck_depth_db", "duck_attack", "duck_release",
)  # fmt: skip
"""Options of /dub in their order; each may be left out and is then the program's or the model's own."""
REMIX_OPTIONS = (
    "sound_mode", "music_gain_db", "loudness_lufs", "take", "fade_in", "fade_out", "duck_depth_db", "duck_attack",
    "duck_release", "no_check",
)  # fmt: skip
"""Options of /remix in their order; what is left out stays as it was."""
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
            asked = read_ranges(ranges)
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
            asked, mode = read_ranges(ranges), given.pop("split_mode", None)
            self._open(own, video, 1 if asked else n_parts, mode, 1 if asked else part)
            self._context.visitors.check_floor()
            settings = self._settings(given.pop("no_check", None))
            film, number = self._earlier(own, earlier), 1 if asked else whole(strings.PART_LABEL, part)
            order = order_for(self._context, own, number, given, prompt.strip() or AUTO, earlier=film, ranges=asked)
            job = own.job = Job(order.out_dir.parent / f"stop{own.n_runs}", order, order.asked[0])
            with job.under_way():
                result = run_job(self._context, job, settings=settings)
                remember(own, job, result)
            take = next(one.chosen for one in result.dubs if one.part == job.part)
            midi = result.path(take.midi)
            return str(result.film), str(result.path(take.wav)), result_facts(result), str(midi) if midi else None

    def remix(
        self,
        request: gr.Request,
        session: Session,
        result: str = "",
        part: float = 0,
        ranges: Any = "",
        *options: Any,
    ) -> tuple[str | None, Facts]:
        """Mix the music of a film in another way, without making any; returns the film and a report.

        Args:
            result: which film, as a report names it; empty is this client's latest, which agents do not have.
            part: whose music, 1 for the first part; 0 is all of it.
            ranges: times whose music is meant instead, such as [[12.4, 31]] or "00:12.4-00:31".
        """
        with self._at_work(session, request) as own:
            found = self._named(own, result)
            values = dict(zip(REMIX_OPTIONS, options, strict=False))
            settings = self._settings(values.pop("no_check", None))
            given = given_options(self._context, own, values)
            if values.get("loudness_lufs") is None:
                del given["loudness"]
            self._context.visitors.check_floor()
            number, asked = whole(strings.PART_LABEL, part), read_ranges(ranges)
            parts = (number,) if number and not asked else ()
            order = remix_order(found, own.new_run_folder(), parts=parts, ranges=asked, given=given)
            made = remix(order, Run(settings))
            if own.result is found:
                own.result = made
            return str(made.film), result_facts(made)

    def _named(self, session: Session, name: str) -> Result:
        """The result of that name, or the client's latest.

        Raises:
            SettingError: there is none.
        """
        found = find(self._context.visitors, session.visitor, name) if name.strip() else session.result
        if found is None:
            raise SettingError(strings.NO_RESULT)
        return found

    def archive(self, request: gr.Request, session: Session, result: str = "") -> str:
        """Give the zip of a film: parts, music, spectrograms, film and manifest.

        Args:
            result: which one, as a report names it; empty is this client's latest, which agents do not have.
        """
        with self._at_work(session, request) as own:
            found = self._named(own, result)
            if found.archive is None:
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


CUTTING, READING = "cutting", "reading"
"""The concurrency ids of what cuts videos and of what reads a little of them; neither waits for music."""
AT_ONCE = {QUEUE: 1, LOOKING: 1, CUTTING: 2, READING: 4}
"""How many of each are done at a time."""
ENDPOINTS: dict[str, tuple[Sequence[str], Sequence[tuple[Any, dict[str, Any]]], str]] = {
    "probe": ((), [FACTS], READING),
    "split": (("split_mode", "no_check"), [FILES, FACTS], CUTTING),
    "suggest": (("describer",), [FACTS], LOOKING),
    "dub": (DUB_OPTIONS, [FILE, FILE, FACTS, FILE], QUEUE),
    "remix": (REMIX_OPTIONS, [FILE, FACTS], CUTTING),
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
                [session, *(widget_of(one, fetch) for one in parameters)],
                [kind(**how) for kind, how in outputs],
                api_name=name,
                concurrency_id=line,
                concurrency_limit=AT_ONCE[line],
            )


class _told:
    """Turns our sentences into the error that clients see; other errors stay in the server's log."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, RiffusionError):
            raise gr.Error(sentence(error), print_exception=False) from error
