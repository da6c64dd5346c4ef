"""Making a result folder aside and moving it into place, so that there is a whole one or none."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ArchiveError
from ..files import UNFINISHED, write_errors
from .manifest import MANIFEST_NAME, file_names, read_manifest


@contextmanager
def made_aside(out_dir: Path, *, force: bool = False, in_place_of: Path | None = None) -> Iterator[Path]:
    """Give a temporary folder beside out_dir; move it into place when the block ends well, delete it when not.

    Args:
        out_dir: where the result shall be; missing parents are made.
        force: replace an earlier result that is there.
        in_place_of: the earlier result that this one goes on from; it may be replaced without force.
    Raises:
        ArchiveError: out_dir is there already, or holds files that this program did not write.
        MediaError: the folder cannot be written or is full.
    """
    out_dir = Path(out_dir).absolute()
    check_free_place(out_dir, force or (in_place_of is not None and in_place_of.absolute() == out_dir))
    parents = [parent for parent in out_dir.parents if not parent.exists()]
    work = out_dir.parent / f".{out_dir.name[:40]}.partial-{secrets.token_hex(4)}"
    UNFINISHED.add(work)
    try:
        with write_errors(out_dir):
            work.mkdir(parents=True)
            yield work
            _swap(work, out_dir)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
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
        raise ArchiveError(f"{out_dir} is there already and is no folder: choose another name.")
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


def _swap(work: Path, out_dir: Path) -> None:
    """Put the finished folder in place; what was there goes only when the new one is in."""
    if not out_dir.exists():
        os.rename(work, out_dir)
        return
    old = work.with_name(f"{work.name}-old")
    UNFINISHED.discard(work)  # From here on both folders matter: a stop must delete neither.
    os.rename(out_dir, old)
    try:
        os.rename(work, out_dir)
    except BaseException:
        os.rename(old, out_dir)
        raise
    UNFINISHED.add(old)
    try:
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:  # A second Ctrl-C: the new result is in place, the old one still has to go.
        shutil.rmtree(old, ignore_errors=True)
        raise
    finally:
        UNFINISHED.discard(old)


def safe_stem(name: str) -> str:
    """A file name's stem without what file systems, shells or zips stumble over; unicode stays."""
    kept = "".join("_" if char in '<>:"/\\|?*' or not char.isprintable() else char for char in Path(name).stem)
    encoded = kept.strip(" .").lstrip("-").encode()[:120]
    return encoded.decode("utf-8", "ignore").strip(" .") or "dub"
