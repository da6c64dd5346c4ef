"""What must hold after a fault, and after the run that follows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from app.errors import ArchiveError
from app.result.folder import open_result
from app.unfinished import MARKED, recover


@dataclass
class Row:
    """What came of one kind of fault."""

    name: str
    """What was done."""
    runs: int = 0
    """How often."""
    befallen: int = 0
    """How many runs it ended; the others were done before it came."""
    sentences: int = 0
    """How many of these said why; who is killed says nothing."""
    again: int = 0
    """How many next runs succeeded."""
    left: int = 0
    """After how many of them something of the dead one was still there."""
    lost: int = 0
    """After how many faults an earlier result was neither the old nor the new one."""
    half: int = 0
    """After how many faults something that is not whole was in a result's place."""
    traces: int = 0
    """How many runs ended with a traceback instead of a sentence."""
    trouble: list[str] = field(default_factory=list)
    """What to look at."""

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, half or left, and every next run succeeded."""
        return self.again == self.runs and not (self.left or self.lost or self.half or self.traces)

    def cells(self) -> str:
        """As a line of a table."""
        values = (self.runs, self.befallen, self.sentences, self.again, self.left, self.lost, self.half, self.traces)
        return f"| {self.name} | " + " | ".join(str(value) for value in values) + " |"


HEADING = (
    "| fault | runs | ended by it | with a sentence | next run succeeded | left over | lost | half | tracebacks |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def state_of(out: Path) -> str:
    """What is in a result's place: "nothing", "half", or the seed of its music."""
    if not out.exists():
        return "nothing"
    try:
        result = open_result(out)
        whole = result.has(*result.manifest.files) and (result.archive is None or result.archive.is_file())
        names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
        expected = {*result.manifest.files, result.manifest.archive, "manifest.json"} - {None}
        return str(result.dubs[0].chosen.seed) if whole and names == expected else "half"
    except (ArchiveError, IndexError):
        return "half"


def state_after(out: Path) -> str:
    """What the next run finds in a result's place: what was moved aside when the kill came is put back."""
    if not out.exists() and any(path.name.startswith(f".{out.name}.replaced-") for path in out.parent.iterdir()):
        recover(out.parent)
    return state_of(out)


def leftovers(*folders: Path, known: tuple[str, ...] = ()) -> list[str]:
    """What is in these folders besides what is known to belong there."""
    found = [path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.name not in known]
    deep = [path for folder in folders for path in folder.rglob(".*") if MARKED.fullmatch(path.name)]
    return sorted({str(path) for path in (*found, *deep)})
