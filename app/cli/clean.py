"""The command clean: what runs left behind that were killed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..unfinished import clean, delete
from .options import add_command
from .terminal import StopSwitch
from .usage import UsageError, settings_of

CACHE = "torchinductor_*"
"""What torch makes in the folder for work files."""


def add_clean(commands: Any) -> None:
    """clean: what the dead left."""
    parser = add_command(
        commands,
        "clean",
        "delete what killed runs left in a folder, and put back what they had moved aside",
        "  python -m app clean\n  python -m app clean results\n",
    )
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        nargs="?",
        default=Path(),
        help="where results are; this one if not given",
    )


def clean_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """clean: looks in the folder and below it, and in the folder for work files. What lives is left alone."""
    if not args.folder.is_dir():
        raise UsageError(f"{args.folder} is not a folder: give one that results were made in.")
    settings = settings_of(args)
    deleted, said = clean(args.folder.absolute())
    temporary = settings.temporary_directory.absolute()
    if not temporary.is_relative_to(args.folder.absolute()):
        more, told = clean_work_files(temporary)
        deleted, said = deleted + more, said + told
    for path in deleted:
        print(f"deleted {path}")
    for sentence in said:
        print(sentence)
    if not deleted and not said:
        print("Nothing was left behind.")
    return 0


def clean_work_files(temporary: Path) -> tuple[list[Path], list[str]]:
    """As clean, in the folder for work files itself; others keep theirs there too, so nothing below it is looked at."""
    from ..settings import PAGE_FOLDER
    from ..unfinished import dead_in, recover

    found = list(dead_in(temporary))
    said = recover(temporary)
    empty = [path for path in temporary.glob(CACHE) if path.is_dir() and not any(path.iterdir())]
    for path in empty:
        delete(path)
    page = temporary / PAGE_FOLDER
    if page.is_dir():
        from ..page.visitors import clear_dead_pages

        found += clear_dead_pages(page)
    return [path for path in (*found, *empty) if not path.exists()], said
