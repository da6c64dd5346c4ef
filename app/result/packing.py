"""Hashing, flushing and storing a result's finished files beside the work that still goes on.

Each file is read once, for its SHA-256 and the zip together, in a thread of its own: hashing, writing and waiting for
the disk all happen without Python's lock, so that they cost the rest little.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from riffusion_inference.datatypes import ShouldCancel

from ..files import CHUNK_BYTES, check_cancel
from ..unfinished import flush
from .facts import FileFacts

FLUSHED_BYTES = 64 << 20
"""What a disk is given of the zip at a time, so that no long wait for it is left at the end."""


class Packing:
    """Takes finished files of a result's folder, in a context that ends the work; see the module."""

    def __init__(self, folder: Path, zip_name: str | None, should_cancel: ShouldCancel | None = None) -> None:
        """Begin.

        Args:
            folder: the result.
            zip_name: of the zip in it; None: files are hashed and flushed only.
            should_cancel: asked often.
        """
        self.folder = folder
        self.zip_path = folder / zip_name if zip_name is not None else None
        """Where the zip is; None where there is none."""
        self._should_cancel, self._is_over = should_cancel, False
        self._thread = ThreadPoolExecutor(1)
        self._taken: dict[Path, Future[FileFacts]] = {}
        self._zip: zipfile.ZipFile | None = None
        self._unflushed = 0

    def __enter__(self) -> Packing:
        if self.zip_path is not None:
            self._zip = zipfile.ZipFile(self.zip_path, "w", zipfile.ZIP_STORED, strict_timestamps=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._thread.shutdown(cancel_futures=True)
        if self._zip is not None and self._zip.fp is not None:
            # Nobody is to take what is there for the whole of it.
            with suppress(OSError):
                self._zip.close()
            Path(self._zip.filename or "").unlink(missing_ok=True)

    def add(self, paths: Iterable[Path]) -> None:
        """Take files that nobody changes or moves any more; those that were taken already are passed over."""
        for path in paths:
            if path not in self._taken:
                self._taken[path] = self._thread.submit(self._store, path)

    def facts(self, path: Path) -> FileFacts:
        """Hash and size of a file that was taken, once it has been stored and flushed."""
        return self._taken[path].result()

    def close_zip(self, last_name: str, data: bytes) -> None:
        """Store one more entry, which is not among the files, and finish the zip.

        Args:
            last_name: of the entry.
            data: its bytes.
        """
        if self._zip is not None:
            self._zip.writestr(last_name, data)
            self._zip.close()

    def _store(self, path: Path) -> FileFacts:
        """Read a file into the zip, and see that both are on the disk."""
        digest, size, buffer = hashlib.sha256(), 0, memoryview(bytearray(CHUNK_BYTES))
        with path.open("rb", buffering=0) as file, self._entry(path) as entry:
            while count := file.readinto(buffer):
                check_cancel(self._must_stop)
                digest.update(buffer[:count])
                if entry is not None:
                    entry.write(buffer[:count])
                size += count
        self._unflushed += size
        if self.zip_path is not None and self._unflushed >= FLUSHED_BYTES:
            flush(self.zip_path)
            self._unflushed = 0
        flush(path)
        return FileFacts(digest.hexdigest(), size)

    def _entry(self, path: Path) -> Any:
        """A file's place in the zip, to be written; None where there is no zip."""
        if self._zip is None:
            return nullcontext()
        name = path.relative_to(self.folder).as_posix()
        return self._zip.open(zipfile.ZipInfo.from_file(path, name, strict_timestamps=False), "w")

    def _must_stop(self) -> bool:
        return self._is_over or (self._should_cancel is not None and self._should_cancel())
