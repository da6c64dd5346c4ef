"""Hashing, flushing and storing a result's finished files beside the work that still goes on.

Each file is read once, for its SHA-256 and the zip's check sum together. Hashing, copying and waiting for the disk all
happen without Python's lock, so that one thread of it costs the others little.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from riffusion_inference.datatypes import ShouldCancel

from ..files import CHUNK_BYTES, check_cancel
from ..unfinished import flush
from .facts import FileFacts
from .stored_zip import StoredZip

FLUSHED_BYTES = 64 << 20
"""What a disk is given of the zip at a time, so that no long wait for it is left at the end."""


@dataclass(frozen=True)
class Sums:
    """What is known of a file's bytes."""

    facts: FileFacts
    """Hash and size, as the manifest has them."""
    crc32: int
    """The zip's check sum."""


def sums_of(path: Path, should_cancel: ShouldCancel | None = None) -> Sums:
    """Read a file once.

    Args:
        path: the file.
        should_cancel: asked for every megabyte.
    """
    digest, crc32, size, buffer = hashlib.sha256(), 0, 0, memoryview(bytearray(CHUNK_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            check_cancel(should_cancel)
            digest.update(buffer[:count])
            crc32 = zlib.crc32(buffer[:count], crc32)
            size += count
    return Sums(FileFacts(digest.hexdigest(), size), crc32)


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
        self._summing, self._storing = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._taken: dict[Path, tuple[Future[Sums], Future[None]]] = {}
        self._zip: StoredZip | None = None
        self._unflushed = 0

    def __enter__(self) -> Packing:
        if self.zip_path is not None:
            self._file = self.zip_path.open("wb")
            self._zip = StoredZip(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        for pool in (self._summing, self._storing):
            pool.shutdown(cancel_futures=True)
        if self._zip is not None:
            self._file.close()

    def add(self, paths: Iterable[Path]) -> None:
        """Take files that nobody changes or moves any more; those that were taken already are passed over."""
        for path in paths:
            if path not in self._taken:
                summed = self._summing.submit(sums_of, path, self._must_stop)
                self._taken[path] = summed, self._storing.submit(self._store, path, summed)

    def sums(self, path: Path) -> Sums:
        """What is known of a file that was taken, once it has been stored and flushed."""
        summed, stored = self._taken[path]
        stored.result()
        return summed.result()

    def close_zip(self, last_name: str, data: bytes) -> None:
        """Store one more entry, which is not among the files, and finish the zip.

        Args:
            last_name: of the entry.
            data: its bytes.
        """
        if self._zip is None:
            return
        self._zip.add_bytes(last_name, data)
        self._zip.close()

    def _store(self, path: Path, summed: Future[Sums]) -> None:
        """Copy a file into the zip, and see that both are on the disk."""
        sums = summed.result()
        if self._zip is not None:
            self._zip.add_file(path, path.relative_to(self.folder).as_posix(), sums.crc32, self._must_stop)
            self._unflushed += sums.facts.size_bytes
            if self._unflushed >= FLUSHED_BYTES:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._unflushed = 0
        flush(path)

    def _must_stop(self) -> bool:
        return self._is_over or (self._should_cancel is not None and self._should_cancel())
