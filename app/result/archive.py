"""Packing a finished result: its manifest and its zip; and taking a zip apart without trusting it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel

from ..errors import ArchiveError
from ..files import CHUNK_BYTES, check_cancel, write_errors
from .facts import MANIFEST_NAME, Manifest
from .folder import safe_stem
from .manifest import check_file_name, manifest_text
from .packing import Packing
from .terms import LICENCE_NAME, licence_text
from .timeline import TIMELINE_NAME, timeline_text

MAX_ENTRIES = 10_000
# Results are stored, not deflated: what grows much more than this in unpacking was not made here.
MAX_GROWTH = 20


def zip_name(video_name: str) -> str:
    """The name of the zip in a result of a video."""
    return f"{safe_stem(video_name)}.zip"


def write_beside(folder: Path, manifest: Manifest) -> None:
    """Write what goes with a film for others to use: a timeline for editing programs, and the music's terms.

    Args:
        folder: the result.
        manifest: all but the list of files; without a film there is nothing to write.
    """
    if manifest.film is None:
        return
    (folder / TIMELINE_NAME).write_text(timeline_text(manifest), encoding="utf-8")
    if manifest.dubs:
        (folder / LICENCE_NAME).write_text(licence_text(manifest.dubs, manifest.parts), encoding="utf-8")


def pack(
    folder: Path,
    manifest: Manifest,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
    packing: Packing | None = None,
) -> Manifest:
    """Write manifest.json and the zip of a folder whose other files are finished.

    Args:
        folder: the result.
        manifest: all but the list of files; with a film it also gets a zip.
        on_progress: stage "archive", in files.
        should_cancel: asked often.
        packing: has begun with some of the files; None: begins here.
    Returns:
        The manifest as written, with the list of files and the name of the zip.
    """
    if packing is None:
        name = zip_name(manifest.source.name) if manifest.film is not None else None
        with Packing(folder, name, should_cancel) as packing:
            return pack(folder, manifest, on_progress, should_cancel, packing)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != packing.zip_path)
    packing.add(paths)
    files = {}
    for number, path in enumerate(paths):
        if on_progress is not None and packing.zip_path is not None:
            on_progress(Progress("archive", number, len(paths)))
        check_cancel(should_cancel)
        files[path.relative_to(folder).as_posix()] = packing.facts(path)
    manifest = replace(manifest, files=files)
    if packing.zip_path is not None:
        # The archive is for giving away: it does not say where the video was on this machine.
        shared = replace(manifest, source=replace(manifest.source, path=None))
        packing.close_zip(MANIFEST_NAME, manifest_text(shared).encode())
        manifest = replace(manifest, archive=packing.zip_path.name)
    (folder / MANIFEST_NAME).write_text(manifest_text(manifest), encoding="utf-8")
    return manifest


@contextmanager
def _written(target: Path) -> Iterator[BinaryIO]:
    with write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        file = target.open("wb")
    with file:
        yield file


def unpack(path: Path, folder: Path) -> None:
    """Take a zip apart into a folder; names that lead out of it, and bombs, are refused before anything is written.

    Raises:
        ArchiveError: it is no zip, damaged, or not to be trusted.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            for entry in entries:
                check_file_name(entry.filename, path)
            total = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_ENTRIES or total > max(1 << 20, MAX_GROWTH * path.stat().st_size):
                raise ArchiveError(
                    f"{path.name} would grow to {total:,} bytes in {len(entries)} files: "
                    "it was not made by this program."
                )
            for entry in entries:
                target = folder / entry.filename
                with archive.open(entry) as read, _written(target) as write:
                    while chunk := read.read(CHUNK_BYTES):
                        with write_errors(folder):
                            write.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ArchiveError(f"{path.name} is not a whole zip archive: {error}.") from error
    except OSError as error:
        # A place in the archive that no file has.
        raise ArchiveError(f"{path.name} is not a whole zip archive ({error.strerror or error}).") from error
