"""The end of every run: our own proof of what was just made, before it is called done."""

from __future__ import annotations

from pathlib import Path

from ..errors import MediaError
from ..plan import SplitMode
from ..result.facts import Manifest
from ..result.verify import check_made
from .cut import Cut
from .run import Run


def check(work: Path, facts: Manifest, cut: Cut, run: Run) -> None:
    """Prove parts and film by the source; what cannot be told becomes a note.

    Args:
        work: the folder with the finished files.
        facts: what is said of them.
        cut: the source.
        run: settings, the way to stop, notes.
    Raises:
        MediaError: something is not as it should be; the result is not kept.
    """
    report = check_made(work, facts, cut.clip, run.should_cancel)
    if report.failed:
        first = report.failed[0]
        raise MediaError(
            f"What was made of {cut.clip.path.name} is not what it should be, so nothing was kept ({first.name}: "
            f"{first.text}). Choose {_way_out(facts)}."
        )
    run.note(*(f"Not proved: {one.text}." for one in report.unknown))


def _way_out(facts: Manifest) -> str:
    """What a person can do."""
    keep = "no-check to keep it as it is"
    return keep if facts.split_used == SplitMode.REENCODE else f"reencode, or {keep}"
