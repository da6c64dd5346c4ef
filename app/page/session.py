"""What the page remembers for one visitor's tab, and who may use it."""

from __future__ import annotations

import os
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from riffusion_inference.errors import RiffusionError, SettingError

from ..media import Clip, SplitMode, SplitPlan
from ..models import ModelShelf
from ..plan import Bounds, Cutting, Part
from ..result.folder import Result
from ..settings import PAGE_FOLDER, Settings
from . import strings
from .tabs import Tabs
from .visitors import OPEN, Visitors
from .web.identity import NOBODY, Visitor, visitor_of

if TYPE_CHECKING:
    from PIL import Image

    from ..mood import Still
    from .film_look import FilmLook
    from .jobs import Job


RUN_FOLDER = "take"
"""How the folder of a run's result begins; the run's number follows."""
SERVER_FOLDERS = re.compile(rf"(?:/[^\s/]+)*/{PAGE_FOLDER}/(?:[^\s/]+/)*")
"""Where a visitor's file lies on the server is nobody's business."""


@dataclass(frozen=True)
class HistoryEntry:
    """One take of this session."""

    time: str
    """When it was done, HH:MM:SS on the server."""
    part: str
    """Which part of how many."""
    prompt: str
    """What it was made from."""
    seed: int
    """The seed that makes it again."""
    model: str
    """The checkpoint's name."""
    seconds: float
    """How long the whole run took."""


@dataclass
class Session:
    """One tab. Events change it in place, so that a long run and a quick click never overwrite each other."""

    visitor: str = ""
    """Whose it is; empty until the first event."""
    token: str = ""
    """Whoever has it may go on with this session; it cannot be guessed."""
    tab: str = ""
    """The tab that the latest request came from, as Gradio names it."""
    is_kept: bool = False
    """Whether it is a page's, whose job goes on when nobody looks; a program that goes away wants no answer."""
    by: str = ""
    """Whose the latest request was: the owner's, or a guest's."""
    guests: set[str] = field(default_factory=set)
    """Visitors who came by its link."""
    address: str = ""
    """Where the visitor's latest request came from; for sharing out turns, and nobody's key."""
    folder: Path | None = None
    """Where its results lie."""
    source: Path | None = None
    """The video, once it is known to be right."""
    clip: Clip | None = None
    """What the probe found in it."""
    plan: SplitPlan | None = None
    """What a split will do; None while the input is not right."""
    problem: str = strings.REASON_NO_VIDEO
    """Why plan is None, for the person."""
    look: FilmLook | None = None
    """What was found in it, for the timeline."""
    n_parts: int = 4
    """Equal parts asked for."""
    bounds: Bounds | None = None
    """Where the film is cut instead, once a range was marked."""
    part: int = 1
    """The part that a tab has told last; a tab that comes back begins with it."""
    split_mode: SplitMode = SplitMode.EXACT
    """How to cut."""
    pictures: dict[tuple[str, int], str] = field(default_factory=dict)
    """Thumbnails by video and frame number, as data addresses."""
    draft: str = ""
    """What the prompt field holds."""
    prompt: str = ""
    """The applied prompt."""
    found: str = ""
    """The prompt that was read from the picture last."""
    unread: bool = False
    """Whether nothing in the applied prompt was understood."""
    stills: tuple[Still, ...] = ()
    """Pictures to choose from for a suggestion."""
    stills_of: tuple[Any, ...] = ()
    """The cut and the part that they were shown for; for any other they are none to choose from."""
    result: Result | None = None
    """The latest film with all dubs so far."""
    n_films: int = 0
    """Videos so far; with another one the tab's choice begins anew."""
    n_choices: int = 0
    """How often the part was chosen here and not in the tab: with a range, or by a run that cut the film anew."""
    n_runs: int = 0
    """Runs begun, for folder names."""
    history: list[HistoryEntry] = field(default_factory=list)
    """Takes so far, the latest first."""
    job: Job | None = None
    """What is running or waiting."""
    said: str = ""
    """The last word of the latest run, as the page shows it."""

    def part_of(self, number: float | None) -> Part | None:
        """The part that a tab shows as chosen, once the input is right; the last one where there are fewer by now."""
        if self.plan is None:
            return None
        return self.plan.parts[min(max(int(number or 1), 1), len(self.plan.parts)) - 1]

    def still_of(self, part: int, number: float | None) -> tuple[Image.Image, ...]:
        """The still that a tab shows as chosen for a part; none stands for some from all over the part.

        Raises:
            SettingError: it was shown for something else.
        """
        if not number:
            return ()
        if self.stills_of != (self.cut, part) or not 0 < number <= len(self.stills):
            raise SettingError(strings.STILLS_CHANGED)
        return (self.stills[int(number) - 1].image,)

    @property
    def busy(self) -> bool:
        """Whether a run of this tab is under way or waits."""
        return self.job is not None and not self.job.ended.is_set()

    @property
    def cutting(self) -> Cutting:
        """How the film is to be cut."""
        return self.bounds if self.bounds is not None else self.n_parts

    @property
    def cut(self) -> tuple[Any, ...]:
        """What stills belong to."""
        return (self.source, self.cutting, self.plan.mode_used if self.plan else "")

    def choose(self, part: int) -> None:
        """Choose a part for the tab, whatever it shows; it takes that over with the next strip."""
        self.part, self.n_choices = part, self.n_choices + 1

    def new_run_folder(self) -> Path:
        """A fresh place for a result; the folder itself is made by what writes into it."""
        if self.folder is None:
            raise SettingError(strings.SESSION_LOST)
        self.n_runs += 1
        return self.folder / f"{RUN_FOLDER}{self.n_runs}"


@dataclass(frozen=True)
class PageContext:
    """What all sessions share."""

    settings: Settings
    """From .env and configs."""
    visitors: Visitors
    """Who owns which file."""
    shelf: ModelShelf
    """The loaded checkpoint."""
    tabs: Tabs = field(default_factory=Tabs)
    """The open tabs."""
    seconds_per_stage: dict[str, float] = field(default_factory=dict)
    """What the stages of the latest run took, from which the next one's length is guessed."""

    def visitor(self, request: gr.Request | None) -> Visitor:
        """The visitor behind a request."""
        return NOBODY if request is None or request.request is None else visitor_of(request.request.scope)

    def open(self, session: Session, request: gr.Request | None) -> Session:
        """Give a session its owner and folder at the first event, and check and refresh them at every other.

        Raises:
            SettingError: it is someone else's, or its files were deleted meanwhile.
        """
        visitor = self.visitor(request)
        if not session.visitor:
            session.visitor, session.folder = visitor.key, self.visitors.new_folder(visitor.key)
            # Not before: Gradio makes every tab's session as a copy of one.
            session.token = secrets.token_urlsafe(24)
        if visitor.key not in (session.visitor, *session.guests):
            raise SettingError(strings.NOT_YOURS)
        session.address, session.by = visitor.address, visitor.key
        session.tab = (request.session_hash if request is not None else None) or session.tab
        # Agents all come through one tab of Gradio's, which is nobody's session.
        self.tabs.note(request.session_hash if request is not None and visitor.key != OPEN else None, session)
        if session.folder is None or not session.folder.is_dir():
            fresh = Session(
                visitor.key,
                folder=self.visitors.new_folder(visitor.key),
                is_kept=session.is_kept,
                token=session.token,
            )
            session.__dict__.update(fresh.__dict__)
            raise SettingError(strings.SESSION_LOST)
        self.touch(session)
        return session

    def resume(self, token: str, request: gr.Request, *, unless_open: bool) -> Session | None:
        """The session of that token, for the tab that asks; whoever has the token may have it.

        Args:
            token: from the browser's memory, or out of a link.
            request: the tab's.
            unless_open: leave it alone where another tab has it open.
        Returns:
            The session; None where there is none any more.
        """
        found = self.tabs.find(token)
        if not isinstance(found, Session) or found.folder is None or not found.folder.is_dir():
            return None
        if unless_open and self.tabs.is_open(found):
            return None
        visitor = self.visitor(request)
        if visitor.key != found.visitor:
            found.guests.add(visitor.key)
            self.share(found)
        self.tabs.note(request.session_hash, found)
        return self.open(found, request)

    def share(self, session: Session) -> None:
        """Let all who have a session's link read its files."""
        for path in (session.folder, session.source):
            if path is not None and session.guests:
                self.visitors.share(path, {session.visitor, *session.guests})

    def touch(self, session: Session) -> None:
        """Put off the deletion of what this session uses."""
        for path in (session.folder, session.source):
            if path is not None and path.exists():
                os.utime(path)


def sentence(error: Exception) -> str:
    """What to tell the person: our own errors speak for themselves, without the server's folders.

    Raises:
        Exception: the error itself, when it is not one that a person can do something about.
    """
    if isinstance(error, RiffusionError):
        return SERVER_FOLDERS.sub("", str(error))
    raise error


def clock() -> str:
    """The time of day for the history."""
    return time.strftime("%H:%M:%S")
