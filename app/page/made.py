"""Results by name: what a later call goes on from, and what it may have.

A result's name is as hard to guess as the folder it lies in, and lasts as long; nothing is remembered beside it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from riffusion_inference.errors import SettingError

from ..files import hash_file
from ..result.folder import Result, open_result
from . import strings
from .session import RUN_FOLDER, Session
from .visitors import OPEN, Visitors

NAME = re.compile(r"([0-9a-f]{32})-(\d{1,6})")


def name_of(result: Result) -> str:
    """What a later call names a result by: the session's folder and the run's number."""
    return f"{result.folder.parent.name}-{result.folder.name.removeprefix(RUN_FOLDER)}"


def find(visitors: Visitors, visitor: str, name: str) -> Result:
    """The result of that name, if it is this visitor's or one that belongs to whoever can name it.

    Raises:
        SettingError: there is none.
    """
    parts = NAME.fullmatch(name.strip())
    for owner in (visitor, OPEN) if parts else ():
        assert parts is not None
        folder = visitors.home / owner / parts[1] / f"{RUN_FOLDER}{parts[2]}"
        if folder.is_dir():
            _touch(folder.parent)
            return open_result(folder)
    raise SettingError(strings.NO_SUCH_RESULT.format(id=repr(name)))


def _touch(folder: Path) -> None:
    """Put off its deletion."""
    os.utime(folder)


def is_of_video(result: Result, session: Session) -> bool:
    """Whether a result is of the session's video, however it is cut; the file may lie elsewhere."""
    return session.source is not None and result.manifest.source.sha256 == hash_file(session.source)


def is_same_film(result: Result, session: Session) -> bool:
    """Whether a result is of the session's video, cut as it is to be cut now; the file may lie elsewhere."""
    facts, plan = result.manifest, session.plan
    if plan is None or session.source is None:
        return False
    cut = [(part.start_frame, part.end_frame) for part in plan.parts]
    return (
        facts.split_used == plan.mode_used
        and [(part.start_frame, part.end_frame) for part in facts.parts] == cut
        and facts.source.sha256 == hash_file(session.source)
    )
