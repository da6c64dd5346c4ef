"""What the page remembers for one visitor's tab, and who may use it."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from riffusion_inference.errors import RiffusionError, SettingError

from ..media import Clip, SplitMode, SplitPlan
from ..models import ModelShelf
from ..plan import Part
from ..result.folder import Result
from ..settings import PAGE_FOLDER, Settings
from . import strings
from .tabs import Tabs
from .visitors import Visitors
from .web.identity import NOBODY, Visitor, visitor_of

if TYPE_CHECKING:
    from PIL import Image

    from ..mood import Still
    from .jobs import Job


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
    n_parts: int = 4
    """Parts asked for."""
    split_mode: SplitMode = SplitMode.EXACT
    """How to cut."""
    part: int = 1
    """The chosen part, 1-based."""
    pictures: dict[tuple[str, int], str] = field(default_factory=dict)
    """Thumbnails by video and frame number, as data addresses."""
    draft: str = ""
    """What the prompt field holds."""
    prompt: str = ""
    """The applied prompt."""
    stills: tuple[Still, ...] = ()
    """Pictures to choose from for a suggestion."""
    still: int = 0
    """The chosen one, 1-based; 0 is all of them."""
    result: Result | None = None
    """The latest film with all dubs so far."""
    result_of: tuple[Any, ...] = ()
    """Source, parts and mode that result was made from; another cut starts a new film."""
    n_runs: int = 0
    """Runs begun, for folder names."""
    history: list[HistoryEntry] = field(default_factory=list)
    """Takes so far, the latest first."""
    job: Job | None = None
    """What is running or waiting."""
    said: str = ""
    """The last word of the latest run, as the page shows it."""

    @property
    def chosen(self) -> Part | None:
        """The chosen part, once the input is right."""
        return self.plan.parts[self.part - 1] if self.plan and self.part <= len(self.plan.parts) else None

    @property
    def chosen_stills(self) -> tuple[Image.Image, ...]:
        """The still that was chosen to look at; none stands for all over the part."""
        return (self.stills[self.still - 1].image,) if 0 < self.still <= len(self.stills) else ()

    @property
    def busy(self) -> bool:
        """Whether a run of this tab is under way or waits."""
        return self.job is not None and not self.job.ended.is_set()

    @property
    def cut(self) -> tuple[Any, ...]:
        """What earlier dubs must have in common with the next one to stay."""
        return (self.source, len(self.plan.parts) if self.plan else 0, self.plan.mode_used if self.plan else "")

    def new_run_folder(self) -> Path:
        """A fresh place for a result; the folder itself is made by what writes into it."""
        if self.folder is None:
            raise SettingError(strings.SESSION_LOST)
        self.n_runs += 1
        return self.folder / f"take{self.n_runs}"


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
        if session.visitor != visitor.key:
            raise SettingError(strings.NOT_YOURS)
        session.address = visitor.address
        self.tabs.note(request.session_hash if request is not None else None, session)
        if session.folder is None or not session.folder.is_dir():
            fresh = Session(visitor.key, visitor.address, self.visitors.new_folder(visitor.key))
            session.__dict__.update(fresh.__dict__)
            raise SettingError(strings.SESSION_LOST)
        self.touch(session)
        return session

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
