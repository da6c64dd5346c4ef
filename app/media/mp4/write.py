"""Writing an MP4 or MOV file: the index first, then media data copied from where it lies.

The index comes before the media data, so that a browser can play before it has the whole file. But the index says at
which byte of the file each chunk lies, and that depends on how long the index is. Its length depends on nothing but the
number of chunks and on whether their places take 32 or 64 bits, so it is built twice: once with places that count from
the start of the media data, to learn its length, then with the real ones.

Chunks are written in the order of the source file, which keeps a film's own interleaving, or in the order of their
times where tracks come from several files, so that a player finds sound and pictures of one moment close together.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import MediaError
from .boxes import MAX_32, Box, with_timed_header
from .movie import BESIDE, OutTrack
from .tables import offsets_box

COPY_BYTES = 8 << 20
KERNEL_COPY_BYTES = 64 << 10
MDAT_HEADER_BYTES = 16
# Where media data is within this of 4 GiB, places take 64 bits: ftyp and the index come before it.
INDEX_ROOM_BYTES = 64 << 20


def write_movie(
    out_path: Path,
    ftyp: bytes,
    moov: Box,
    timescale: int,
    duration: int,
    tracks: Sequence[OutTrack],
    on_bytes: Callable[[int], None] | None = None,
) -> None:
    """Write a file: ftyp, index, then the media data copied chunk by chunk.

    Args:
        out_path: the file to create.
        ftyp: the ftyp box's payload; empty for none.
        moov: whose boxes other than tracks are kept.
        timescale: movie timescale.
        duration: of the longest track, in it.
        tracks: to be written, in this order in the index.
        on_bytes: called with the number of bytes copied so far; may raise to stop.
    Raises:
        OSError: the file cannot be written.
    """
    head = Box(b"ftyp", ftyp).to_bytes() if ftyp else b""
    header = with_timed_header(moov.need(b"mvhd"), timescale, duration)
    # All chunks of all tracks in one row, track after track; `order` says which is written when.
    order = np.argsort(np.concatenate([t.order for t in tracks] or [np.zeros(0)]), kind="stable")
    sizes = np.concatenate([t.sizes for t in tracks] or [np.zeros(0, dtype=np.int64)])
    starts = np.zeros(len(sizes), dtype=np.int64)
    starts[order] = np.concatenate([[0], np.cumsum(sizes[order])[:-1]]) if len(sizes) else sizes
    total = int(sizes.sum())
    wide = total > MAX_32 - INDEX_ROOM_BYTES
    index = _index(moov, header, tracks, starts, wide)
    data_at = len(head) + len(index) + MDAT_HEADER_BYTES
    index = _index(moov, header, tracks, starts + data_at, wide)
    with out_path.open("wb") as out:
        out.write(head + index + struct.pack(">I4sQ", 1, b"mdat", total + MDAT_HEADER_BYTES))
        _copy(out, tracks, order, on_bytes)


def _index(moov: Box, header: Box, tracks: Sequence[OutTrack], starts: np.ndarray, wide: bool) -> bytes:
    traks, at = [], 0
    for track in tracks:
        mdia = track.trak.need(b"mdia")
        minf = mdia.need(b"minf")
        stbl = minf.need(b"stbl")
        offsets = offsets_box(starts[at : at + len(track.sizes)], wide)
        stbl = Box(b"stbl", b"", [*stbl.children, offsets])
        traks.append(track.trak.replaced(mdia.replaced(minf.replaced(stbl))))
        at += len(track.sizes)
    before = [box for box in moov.children if box.kind in (b"iods",)]
    after = [box for box in moov.children if box.kind not in (b"iods", b"mvhd", b"trak", b"mvex")]
    return Box(b"moov", b"", [header, *before, *traks, *after]).to_bytes()


def _copy(out: BinaryIO, tracks: Sequence[OutTrack], order: np.ndarray, on_bytes: Callable[[int], None] | None) -> None:
    """Copy the chunks in order.

    Chunks that follow one another in the source as they do here are one run and copied in one go; a part of a film is a
    handful of runs, not thousands of chunks.
    """
    paths = sorted({path for track in tracks for path in (track.path, track.beside) if path is not None})
    which = np.concatenate([_files(track, paths) for track in tracks] or [np.zeros(0)])[order]
    offsets = np.concatenate([t.offsets % BESIDE for t in tracks] or [np.zeros(0)])[order]
    sizes = np.concatenate([t.sizes for t in tracks] or [np.zeros(0)])[order]
    if not len(sizes):
        return
    breaks = (which[1:] != which[:-1]) | (offsets[1:] != offsets[:-1] + sizes[:-1])
    firsts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    lasts = np.append(firsts[1:], len(sizes)) - 1
    lengths = offsets[lasts] + sizes[lasts] - offsets[firsts]
    unreported = 0
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb", buffering=0)) for path in paths]
        for source, start, length in zip(
            which[firsts].tolist(), offsets[firsts].tolist(), lengths.tolist(), strict=True
        ):
            for at in range(int(start), int(start + length), COPY_BYTES):
                count = min(int(start + length) - at, COPY_BYTES)
                _copy_run(out, files[int(source)], at, count)
                unreported += count
                if on_bytes is not None and unreported >= COPY_BYTES:
                    on_bytes(unreported)
                    unreported = 0


def _files(track: OutTrack, paths: list[Path]) -> np.ndarray:
    """[K] which of the files each chunk of a track lies in."""
    other = paths.index(track.beside) if track.beside is not None else 0
    return np.where(track.offsets < BESIDE, paths.index(track.path), other)


def _copy_run(out: BinaryIO, source: BinaryIO, at: int, count: int) -> None:
    """Copy bytes, long runs within the kernel where the system can do that."""
    if count >= KERNEL_COPY_BYTES and hasattr(os, "copy_file_range"):
        out.flush()
        try:
            while count > 0:
                done = os.copy_file_range(source.fileno(), out.fileno(), count, at)
                if done == 0:
                    break
                at, count = at + done, count - done
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM):
                raise
    if count > 0:
        data = os.pread(source.fileno(), count, at) if hasattr(os, "pread") else _read(source, at, count)
        if len(data) != count:
            raise MediaError("The file was truncated while it was being read: do not change it until the work is done.")
        out.write(data)


def _read(source: BinaryIO, at: int, count: int) -> bytes:
    source.seek(at)
    return source.read(count)
