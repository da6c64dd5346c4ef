"""Writing an MP4 or MOV file: the index first, then media data copied from where it lies."""

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
from .movie import OutTrack
from .tables import offsets_box

COPY_BYTES = 8 << 20
KERNEL_COPY_BYTES = 64 << 10


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
    lead = np.argsort(np.concatenate([t.order for t in tracks] or [np.zeros(0)]), kind="stable")
    sizes = np.concatenate([t.sizes for t in tracks] or [np.zeros(0, dtype=np.int64)])
    starts = np.zeros(len(sizes), dtype=np.int64)
    starts[lead] = np.concatenate([[0], np.cumsum(sizes[lead])[:-1]]) if len(sizes) else sizes
    total = int(sizes.sum())
    wide = total > MAX_32 - (64 << 20)
    index = _index(moov, header, tracks, starts, wide)
    data_at = len(head) + len(index) + 16
    index = _index(moov, header, tracks, starts + data_at, wide)
    with out_path.open("wb") as out:
        out.write(head + index + struct.pack(">I4sQ", 1, b"mdat", total + 16))
        _copy(out, tracks, lead, on_bytes)


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


def _copy(out: BinaryIO, tracks: Sequence[OutTrack], lead: np.ndarray, on_bytes: Callable[[int], None] | None) -> None:
    """Copy the chunks in order, neighbours in one go."""
    paths = sorted({track.path for track in tracks})
    which = np.concatenate([np.full(len(t.sizes), paths.index(t.path)) for t in tracks] or [np.zeros(0)])[lead]
    offsets = np.concatenate([t.offsets for t in tracks] or [np.zeros(0)])[lead]
    sizes = np.concatenate([t.sizes for t in tracks] or [np.zeros(0)])[lead]
    if not len(sizes):
        return
    breaks = (which[1:] != which[:-1]) | (offsets[1:] != offsets[:-1] + sizes[:-1])
    firsts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    lasts = np.append(firsts[1:], len(sizes)) - 1
    lengths = offsets[lasts] + sizes[lasts] - offsets[firsts]
    since = 0
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb", buffering=0)) for path in paths]
        for source, start, length in zip(
            which[firsts].tolist(), offsets[firsts].tolist(), lengths.tolist(), strict=True
        ):
            for at in range(int(start), int(start + length), COPY_BYTES):
                count = min(int(start + length) - at, COPY_BYTES)
                _copy_run(out, files[int(source)], at, count)
                since += count
                if on_bytes is not None and since >= COPY_BYTES:
                    on_bytes(since)
                    since = 0


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
            raise MediaError("The file became shorter while it was read: leave it alone until the work is done.")
        out.write(data)


def _read(source: BinaryIO, at: int, count: int) -> bytes:
    source.seek(at)
    return source.read(count)
