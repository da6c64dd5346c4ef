"""Packing a finished result: its manifest and its zip; and taking a zip apart without trusting it."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel

from ..errors import ArchiveError
from ..files import CHUNK_BYTES, check_cancel, hash_file, write_errors
from .facts import MANIFEST_NAME, FileFacts, Manifest
from .folder import safe_stem
from .manifest import check_file_name, manifest_text
from .terms import LICENCE_NAME, licence_text
from .timeline import TIMELINE_NAME, timeline_text

READ_BYTES = 4 << 20
MAX_ENTRIES = 10_000
# Results are stored, not deflated: what grows much more than this in unpacking was not made here.
MAX_GROWTH = 20


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
) -> Manifest:
    """Write manifest.json and the zip of a folder whose other files are finished.

    Args:
        folder: the result.
        manifest: all but the list of files; with a film it also gets a zip.
        on_progress: stage "archive", in files.
        should_cancel: asked often.
    Returns:
        The manifest as written, with the list of files and the name of the zip.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths]
    if manifest.film is None:
        hashes = [hash_file(path, should_cancel) for path in paths]
        manifest = _with_files(manifest, folder, names, hashes)
    else:
        zip_name = f"{safe_stem(manifest.source.name)}.zip"
        with zipfile.ZipFile(folder / zip_name, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
            hashes = add_files(archive, folder, names, on_progress, should_cancel)
            manifest = _with_files(manifest, folder, names, hashes)
            # The archive is for giving away: it does not say where the video was on this machine.
            shared = replace(manifest, source=replace(manifest.source, path=None))
            archive.writestr(MANIFEST_NAME, manifest_text(shared))
        manifest = replace(manifest, archive=zip_name)
    (folder / MANIFEST_NAME).write_text(manifest_text(manifest), encoding="utf-8")
    return manifest


def _with_files(manifest: Manifest, folder: Path, names: list[str], hashes: list[str]) -> Manifest:
    sizes = [(folder / name).stat().st_size for name in names]
    return replace(manifest, files={n: FileFacts(h, size) for n, h, size in zip(names, hashes, sizes, strict=True)})


def add_files(
    archive: zipfile.ZipFile,
    folder: Path,
    names: list[str],
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> list[str]:
    """Store files of a folder in a zip; each is read once.

    Args:
        archive: open for writing.
        folder: where the files are.
        names: relative names of the files.
        on_progress: stage "archive", in files.
        should_cancel: asked for every few megabytes.
    Returns:
        SHA-256 of each file, hexadecimal.
    """
    hashes = []
    for number, name in enumerate(names):
        if on_progress is not None:
            on_progress(Progress("archive", number, len(names)))
        entry = zipfile.ZipInfo.from_file(folder / name, name, strict_timestamps=False)
        digest = hashlib.sha256()
        with (folder / name).open("rb", buffering=0) as read, archive.open(entry, "w") as write:
            while chunk := read.read(READ_BYTES):
                check_cancel(should_cancel)
                digest.update(chunk)
                write.write(chunk)
        hashes.append(digest.hexdigest())
    return hashes


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
