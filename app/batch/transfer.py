"""Films and results on their way: fingerprints, copies to this machine, and results put into their place whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ..files import check_free_space, write_errors
from ..result.facts import MANIFEST_NAME
from ..result.folder import check_free_place, put_in_place
from ..unfinished import flush, recover
from .place import MissingError, Place, open_place, transport, without_secrets

SAMPLE_BYTES = 1 << 16
"""Read at the beginning, in the middle and at the end of a file to tell it from others."""


def read_all(url: str) -> bytes:
    """A file, whole.

    Raises:
        MissingError: it is not there.
        StorageError: it cannot be read.
    """
    place = open_place(url)
    return transport(url, lambda: bytes(place.fs.cat_file(place.root)))


def fingerprint(url: str) -> str:
    """Tell a file from another one without reading it whole: its size, and its beginning, middle and end.

    Raises:
        MissingError: it is not there.
        StorageError: it cannot be read.
    """
    place = open_place(url)

    def work() -> str:
        place.fs.invalidate_cache()
        info = place.fs.info(place.root)
        size = info.get("size")
        digest = hashlib.sha256(repr(size).encode())
        # A web server that gives no part of a file: its size and the address it goes by have to do.
        if size is None or not info.get("partial", True):
            digest.update(without_secrets(url).encode())
            return digest.hexdigest()
        for start in sorted({0, max(0, size // 2 - SAMPLE_BYTES // 2), max(0, size - SAMPLE_BYTES)}):
            digest.update(place.fs.cat_file(place.root, start=start, end=min(size, start + SAMPLE_BYTES)))
        return digest.hexdigest()

    return transport(url, work)


def fetch(url: str, folder: Path) -> Path:
    """A file as one of this machine: the very one if it is local, else a copy in folder under its own name.

    Raises:
        MissingError: it is not there.
        StorageError: it cannot be read.
        MediaError: the disk is full.
    """
    place = open_place(url)
    if place.is_local:
        if not Path(place.root).is_file():
            raise MissingError(f"{url} does not exist: check the name.")
        return Path(place.root)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (PurePosixPath(unquote(urlsplit(url).path)).name or "video")

    def work() -> Path:
        place.fs.invalidate_cache()
        size = place.fs.info(place.root).get("size")
        check_free_space(folder, size or 0)
        place.fs.get_file(place.root, str(target))
        if size is not None and target.stat().st_size != size:
            raise OSError(f"{target.stat().st_size:,} of {size:,} bytes came")
        return target

    return transport(url, work)


def publish(folder: Path, out: Place, name: str, aside: Path) -> None:
    """Put a finished result into its place, whole: one rename here, in a store the manifest last.

    Args:
        folder: the result; a local one is moved away.
        out: where results go.
        name: of the result's folder there.
        aside: an empty folder on the same disk, for what is replaced.
    Raises:
        ArchiveError: other files are in the way.
        StorageError: the store does not take it.
    """
    if out.is_local:
        _move(folder, Path(out.at(name)), aside)
        return
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    before = transport(out.at(name), lambda: _below(out, name))
    # From here until the manifest is there, no reader takes it for a result.
    out.delete(name, MANIFEST_NAME)
    for file in [file for file in files if file != MANIFEST_NAME] + [MANIFEST_NAME]:
        _upload(folder / file, out, out.at(name, file))
    for file in sorted(before - {*files}):
        out.delete(name, file)


def _upload(path: Path, out: Place, target: str) -> None:
    transport(target, lambda: out.fs.put_file(str(path), target))


def _below(out: Place, name: str) -> set[str]:
    out.fs.invalidate_cache()
    root = out.at(name).rstrip("/") + "/"
    return {path.removeprefix(root) for path in out.fs.find(root)}


def _move(folder: Path, target: Path, aside: Path) -> None:
    with write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        recover(target.parent)
        if target.exists():
            check_free_place(target, True)
        flush(folder)
        old = put_in_place(folder, target)
        if old is not None:
            os.rename(old, aside / "replaced")
