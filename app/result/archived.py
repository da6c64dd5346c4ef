"""Judging a result's zip: it holds what the folder holds, and nothing else."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from riffusion_inference.datatypes import ShouldCancel

from ..errors import ArchiveError
from ..files import CHUNK_BYTES, check_cancel
from .checks import Check
from .facts import MANIFEST_NAME, Manifest
from .manifest import read_manifest_text

LOCAL_HEADER_BYTES = 30
COMPARED_BYTES = 8 << 20


def judge_archive(folder: Path, manifest: Manifest, should_cancel: ShouldCancel | None) -> Iterator[Check]:
    """Whether the zip in a result's folder holds the very files that lie beside it.

    Args:
        folder: the result.
        manifest: of it.
        should_cancel: asked often.
    """
    if manifest.archive is None:
        return
    path = folder / manifest.archive
    if not path.is_file():
        yield Check("archive", False, f"{manifest.archive} is missing")
        return
    wrong: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            wrong += _wrong_names(archive, manifest)
            for name in manifest.files:
                if not wrong and (folder / name).is_file() and not _holds(archive, path, folder, name, should_cancel):
                    wrong.append(f"it holds another {name} than the folder")
            if not wrong and not _same_manifest(archive, manifest):
                wrong.append(f"it holds another {MANIFEST_NAME} than the folder")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ArchiveError, ValueError) as error:
        wrong.append(f"it is damaged ({error})")
    text = f"{manifest.archive} holds the manifest and the {len(manifest.files)} files of the folder, byte for byte"
    yield Check("archive", not wrong, "; ".join(wrong) or text)


def _wrong_names(archive: zipfile.ZipFile, manifest: Manifest) -> Iterator[str]:
    names = archive.namelist()
    wanted = {MANIFEST_NAME, *manifest.files}
    yield from (f"it lacks {name}" for name in sorted(wanted - {*names}))
    yield from (f"it also holds {name}" for name in sorted({*names} - wanted))
    yield from (f"it holds {name} twice" for name in sorted({name for name in names if names.count(name) > 1}))


def _holds(archive: zipfile.ZipFile, path: Path, folder: Path, name: str, should_cancel: ShouldCancel | None) -> bool:
    """Whether an entry's bytes are a file's. Entries are stored, so they are compared where they lie."""
    entry, size = archive.getinfo(name), (folder / name).stat().st_size
    if entry.file_size != size:
        return False
    if entry.compress_type != zipfile.ZIP_STORED:
        return _unpacks_to(archive, folder, name)
    if not size:
        return True
    with (
        path.open("rb", buffering=0) as packed,
        (folder / name).open("rb", buffering=0) as file,
    ):
        packed.seek(entry.header_offset)
        header = packed.read(LOCAL_HEADER_BYTES)
        packed.seek(sum(int.from_bytes(header[n : n + 2], "little") for n in (26, 28)), os.SEEK_CUR)
        # Reading to the end through zipfile would also check its sum; the file that it has to be is known here.
        while piece := file.read(COMPARED_BYTES):
            check_cancel(should_cancel)
            if packed.read(len(piece)) != piece:
                return False
    return True


def _unpacks_to(archive: zipfile.ZipFile, folder: Path, name: str) -> bool:
    with archive.open(name) as packed, (folder / name).open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            if packed.read(len(piece)) != piece:
                return False
        return not packed.read(1)


def _same_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> bool:
    """Whether the two manifests say the same, but for what the archive's cannot or should not say."""
    inside = read_manifest_text(archive.read(MANIFEST_NAME).decode(), Path(MANIFEST_NAME))
    return _told(inside) == _told(manifest)


def _told(manifest: Manifest) -> Manifest:
    """A manifest without what is known only after the archive was made, and where the source lies."""
    source = replace(manifest.source, path=None)
    return replace(manifest, archive=None, job=None, seconds_per_stage={}, source=source)
