"""A result as a folder: what a caller gets of one, and how it appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ..errors import ArchiveError
from ..files import hash_file, write_errors
from ..plan import Bounds, Cutting
from ..unfinished import REPLACED, UNFINISHED, delete, exchange, flush, flush_entry, hidden_name, recover
from .facts import MANIFEST_NAME, DubFacts, Manifest
from .manifest import file_names, read_manifest


@dataclass(frozen=True)
class Result:
    """A finished result; whoever shows something of it reads it here."""

    folder: Path
    """Where everything is."""
    manifest: Manifest
    """What everything is."""
    _unchanged: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    @property
    def parts(self) -> tuple[Path, ...]:
        """The parts in order, dubbed ones with their new sound."""
        return tuple(self.folder / part.file for part in self.manifest.parts)

    @property
    def times(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """Start and end of each part in seconds."""
        return tuple((Fraction(part.start), Fraction(part.end)) for part in self.manifest.parts)

    @property
    def cutting(self) -> Cutting:
        """How it was cut, as an order says it."""
        facts = self.manifest
        return Bounds(tuple(start for start, _ in self.times[1:])) if facts.at_times else facts.n_parts

    @property
    def dubs(self) -> tuple[DubFacts, ...]:
        """The dubbed parts in order."""
        return self.manifest.dubs

    @property
    def film(self) -> Path | None:
        """The whole video with the new sound; None where nothing was dubbed."""
        return self.path(self.manifest.film)

    @property
    def archive(self) -> Path | None:
        """The zip of it all; None where nothing was dubbed."""
        return self.path(self.manifest.archive)

    @property
    def manifest_file(self) -> Path:
        """The manifest."""
        return self.folder / MANIFEST_NAME

    def path(self, name: str | None) -> Path | None:
        """Where a file of the manifest lies."""
        return self.folder / name if name is not None else None

    def before(self, part: int) -> Path:
        """A part, 1-based, with its own sound."""
        return self.folder / self.manifest.parts[part - 1].own_file

    def after(self, part: int) -> Path:
        """A part, 1-based, with its new sound if it has any."""
        return self.folder / self.manifest.parts[part - 1].file

    def has(self, *names: str) -> bool:
        """Whether all these files are there and are what the manifest says; each is hashed once."""
        return all(self._is_unchanged(name) for name in names)

    def _is_unchanged(self, name: str) -> bool:
        if name not in self._unchanged:
            facts, path = self.manifest.files.get(name), self.folder / name
            same_size = facts is not None and path.is_file() and path.stat().st_size == facts.size_bytes
            self._unchanged[name] = facts is not None and same_size and hash_file(path) == facts.sha256
        return self._unchanged[name]


def open_result(path: Path) -> Result:
    """Open an earlier result.

    Args:
        path: its folder, or the manifest in it.
    Raises:
        ArchiveError: there is no manifest that can be read.
    """
    path = Path(path).absolute()
    if not path.exists():
        recover(path.parent)  # A run may have been killed while it put another result into this place.
    return Result(path if path.is_dir() else path.parent, read_manifest(path))


@contextmanager
def made_aside(
    out_dir: Path,
    *,
    force: bool = False,
    in_place_of: Path | None = None,
    on_note: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Path]:
    """Give a temporary folder beside out_dir; move it into place when the block ends well, delete it when not.

    Args:
        out_dir: where the result goes; missing parents are made.
        force: replace an earlier result that is there.
        in_place_of: the earlier result that this one goes on from; it may be replaced without force.
        on_note: told where an old result is that could not be deleted.
    Raises:
        ArchiveError: out_dir is there already, or holds files that this program did not write.
        MediaError: the folder cannot be written or is full.
    """
    out_dir = Path(out_dir).absolute()
    check_free_place(out_dir, force or (in_place_of is not None and in_place_of.absolute() == out_dir))
    parents = [parent for parent in out_dir.parents if not parent.exists()]
    work = out_dir.parent / hidden_name(out_dir.name)
    UNFINISHED.add(work)
    try:
        with write_errors(out_dir):
            work.mkdir(parents=True)
            yield work
            flush(work)
            _swap(work, out_dir, on_note)
    except BaseException:
        delete(work)
        for parent in parents:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        raise
    finally:
        UNFINISHED.discard(work)


def check_free_place(out_dir: Path, may_replace: bool) -> None:
    """Raise ArchiveError unless out_dir is free, or holds an earlier result and nothing else and may be replaced."""
    if not out_dir.exists() and not out_dir.is_symlink():
        return
    if not out_dir.is_dir() or out_dir.is_symlink():
        raise ArchiveError(f"{out_dir} is there already and is not a folder: choose another name.")
    there = sorted(path for path in out_dir.rglob("*") if not path.is_dir())
    if not there:
        return
    if not may_replace:
        raise ArchiveError(f"{out_dir} is there already: choose another folder, or replace it with --force.")
    if not (out_dir / MANIFEST_NAME).is_file():
        raise ArchiveError(
            f"{out_dir} holds no manifest.json of an earlier result: it is not replaced, choose another."
        )
    known = {out_dir / name for name in (MANIFEST_NAME, *file_names(read_manifest(out_dir)))}
    foreign = [path for path in there if path not in known]
    if foreign:
        name = foreign[0].relative_to(out_dir)
        raise ArchiveError(f"{out_dir} holds {name}, which this program did not write: move it away first.")


def put_in_place(work: Path, out_dir: Path) -> Path | None:
    """Move a finished folder to its place, in one step where the system can; what was there goes to a hidden name.

    Args:
        work: the finished folder, on the same disk, under a hidden name or in a hidden folder.
        out_dir: its place.
    Returns:
        Where the old one is now, which is to be deleted; None where there was none.
    """
    if not out_dir.exists():
        os.rename(work, out_dir)
        flush_entry(out_dir)
        return None
    UNFINISHED.discard(work)  # From here on both folders matter: a stop must delete neither.
    if exchange(work, out_dir):
        flush_entry(out_dir)
        return work
    # In two steps. Whoever is killed between them has the old one under a name by which the next run puts it back.
    old = out_dir.with_name(hidden_name(out_dir.name, REPLACED))
    os.rename(out_dir, old)
    try:
        os.rename(work, out_dir)
    except BaseException:
        os.rename(old, out_dir)
        raise
    flush_entry(out_dir)
    return old


def _swap(work: Path, out_dir: Path, on_note: Callable[[str], None]) -> None:
    """Put the finished folder in place; what was there goes only when the new one is in."""
    old = put_in_place(work, out_dir)
    if old is None:
        return
    UNFINISHED.add(old)
    try:
        delete(old)
    except BaseException:  # A second Ctrl-C: the new result is in place, the old one still has to go.
        delete(old)
        raise
    finally:
        UNFINISHED.discard(old)
    if old.exists():
        on_note(f"The result that was here before is in {old} and cannot be deleted: delete it yourself.")


def safe_stem(name: str) -> str:
    """A file name's stem without what file systems, shells or zips stumble over; unicode stays."""
    kept = "".join("_" if char in '<>:"/\\|?*' or not char.isprintable() else char for char in Path(name).stem)
    encoded = kept.strip(" .").lstrip("-").encode()[:120]
    return encoded.decode("utf-8", "ignore").strip(" .") or "dub"
