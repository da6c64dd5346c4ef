"""MP4 and QuickTime boxes: a tree of the ones that contain others, bytes for the rest.

Source: ISO/IEC 14496-12, the sections named beside each table.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ...errors import MediaError

CONTAINER_BOXES = {b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"}
MAX_DEPTH = 12
"""Boxes within boxes; a sample table is the sixth."""
MAX_32 = 0xFFFFFFFF


class MissingBoxError(MediaError, ValueError):
    """An index lacks a box that it must have."""

    def __init__(self, path: str) -> None:
        super().__init__(f"The file's index is damaged: it has no {path}.")
        self.path = path
        """Kinds of boxes down to the one that is missing."""


@dataclass
class Box:
    """One box; either payload or children is used."""

    kind: bytes
    """Four bytes, for example b"moov"."""
    payload: bytes = b""
    """What the box contains, without its header, where it has no children."""
    children: list[Box] = field(default_factory=list)
    """The boxes within, for the kinds in CONTAINER_BOXES."""

    def to_bytes(self) -> bytes:
        """Header and contents."""
        body = b"".join(child.to_bytes() for child in self.children) if self.kind in CONTAINER_BOXES else self.payload
        if len(body) + 8 > MAX_32:
            return struct.pack(">I4sQ", 1, self.kind, len(body) + 16) + body
        return struct.pack(">I4s", len(body) + 8, self.kind) + body

    def get(self, *path: bytes) -> Box | None:
        """The first box down a path of kinds, or None."""
        box: Box | None = self
        for kind in path:
            box = next((child for child in box.children if child.kind == kind), None) if box else None
        return box

    def need(self, *path: bytes) -> Box:
        """The first box down a path of kinds.

        Raises:
            MissingBoxError: it is not there.
        """
        box = self.get(*path)
        if box is None:
            raise MissingBoxError(b"/".join(path).decode("latin-1"))
        return box

    def all(self, kind: bytes) -> list[Box]:
        """Direct children of a kind."""
        return [child for child in self.children if child.kind == kind]

    def without(self, *kinds: bytes) -> Box:
        """A copy whose direct children lack some kinds."""
        return Box(self.kind, self.payload, [child for child in self.children if child.kind not in kinds])

    def replaced(self, new: Box) -> Box:
        """A copy with the direct child of new's kind replaced by new, or with new added."""
        children = [new if child.kind == new.kind else child for child in self.children]
        if new.kind not in {child.kind for child in self.children}:
            children.append(new)
        return Box(self.kind, self.payload, children)


def parse_boxes(data: bytes, depth: int = 0) -> list[Box]:
    """The boxes that follow one another in data; a damaged tail raises MediaError."""
    if depth > MAX_DEPTH:
        raise MediaError("The file's index is damaged: its boxes are nested too deep.")
    boxes = []
    for kind, start, end in _spans(data):
        body = data[start:end]
        boxes.append(Box(kind, b"", parse_boxes(body, depth + 1)) if kind in CONTAINER_BOXES else Box(kind, body))
    return boxes


def _spans(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1 and at + 16 <= len(data):
            size, header = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            if kind == b"\0\0\0\0":
                return
            size = len(data) - at
        if size < header or at + size > len(data):
            raise MediaError("The file's index is damaged: a box extends past the end of its parent.")
        yield kind, at + header, at + size
        at += size


@dataclass(frozen=True)
class TopLevel:
    """Where a file's outermost boxes lie."""

    kinds: tuple[bytes, ...]
    """Their kinds in order."""
    ftyp: bytes
    """The ftyp box's payload; empty where there is none."""
    moov: Box | None
    """The index, read; None where the file has none."""
    file_bytes: int
    """Bytes in the file."""


def read_top_level(path: Path) -> TopLevel:
    """Read a file's outermost boxes, skipping the media data.

    Args:
        path: an MP4 or MOV file.
    Raises:
        MediaError: the index is damaged.
    """
    kinds: list[bytes] = []
    ftyp, moov = b"", None
    with path.open("rb") as file:
        total = file.seek(0, 2)
        at = 0
        while at + 8 <= total:
            kind, body, end = _outer_header(file, at, total)
            kinds.append(kind)
            if kind in (b"ftyp", b"moov") and end <= total:
                file.seek(body)
                data = file.read(end - body)
                if kind == b"ftyp":
                    ftyp = data
                elif moov is None:
                    moov = Box(b"moov", b"", parse_boxes(data))
            at = end
    return TopLevel(tuple(kinds), ftyp, moov, total)


def _outer_header(file: BinaryIO, at: int, total: int) -> tuple[bytes, int, int]:
    file.seek(at)
    head = file.read(16)
    size, kind = struct.unpack_from(">I4s", head)
    if size == 1 and len(head) == 16:
        size = struct.unpack_from(">Q", head, 8)[0]
        return kind, at + 16, max(at + 16, at + size)
    return kind, at + 8, total if size == 0 else max(at + 8, at + size)


def full_box(kind: bytes, body: bytes, version: int = 0, flags: int = 0) -> Box:
    """A box with a version and flags before its body."""
    return Box(kind, struct.pack(">I", version << 24 | flags) + body)


def version_of(box: Box) -> int:
    """The version byte of a full box."""
    return box.payload[0]


def timed_header(box: Box) -> tuple[int, int, int, int]:
    """Of an mvhd or mdhd: created, modified, timescale, duration (8.2.2, 8.4.2)."""
    form = ">QQIQ" if version_of(box) == 1 else ">IIII"
    created, modified, timescale, duration = struct.unpack_from(form, box.payload, 4)
    return created, modified, timescale, duration


def with_timed_header(box: Box, timescale: int, duration: int) -> Box:
    """An mvhd or mdhd with another timescale and duration; everything else is kept."""
    created, modified, _, _ = timed_header(box)
    rest = box.payload[4 + (28 if version_of(box) == 1 else 16) :]
    flags = int.from_bytes(box.payload[1:4], "big")
    if max(duration, created, modified) > MAX_32:
        return full_box(box.kind, struct.pack(">QQIQ", created, modified, timescale, duration) + rest, 1, flags)
    return full_box(box.kind, struct.pack(">IIII", created, modified, timescale, duration) + rest, 0, flags)


def track_id(trak: Box) -> int:
    """The number by which other tracks refer to this one (8.3.2)."""
    payload = trak.need(b"tkhd").payload
    return int(struct.unpack_from(">I", payload, 20 if payload[0] == 1 else 12)[0])


def track_duration(tkhd: Box) -> int:
    """A track's duration, movie timescale (8.3.2)."""
    wide = version_of(tkhd) == 1
    return int(struct.unpack_from(">Q" if wide else ">I", tkhd.payload, 32 if wide else 24)[0])


def with_track_header(tkhd: Box, duration: int, new_id: int | None = None) -> Box:
    """A tkhd with another duration (movie timescale) and, where given, another number (8.3.2)."""
    wide = version_of(tkhd) == 1
    created, modified, number = struct.unpack_from(">QQI" if wide else ">III", tkhd.payload, 4)
    rest = tkhd.payload[4 + (32 if wide else 20) :]
    flags = int.from_bytes(tkhd.payload[1:4], "big")
    number = new_id or number
    if max(duration, created, modified) > MAX_32:
        return full_box(b"tkhd", struct.pack(">QQIIQ", created, modified, number, 0, duration) + rest, 1, flags)
    return full_box(b"tkhd", struct.pack(">IIIII", created, modified, number, 0, duration) + rest, 0, flags)


@dataclass(frozen=True)
class Edit:
    """One line of an edit list (8.6.6)."""

    duration: int
    """Movie timescale; 0 means until the end in files written in fragments."""
    media_time: int
    """Media timescale; -1 shows nothing for the duration."""
    rate: int = 0x00010000
    """16.16 fixed point."""


def read_edits(trak: Box) -> list[Edit]:
    """The track's edit list; empty where it has none."""
    elst = trak.get(b"edts", b"elst")
    if elst is None:
        return []
    form = ">Qqi" if version_of(elst) == 1 else ">Iii"
    (count,) = struct.unpack_from(">I", elst.payload, 4)
    count = min(count, (len(elst.payload) - 8) // struct.calcsize(form))
    return [Edit(*struct.unpack_from(form, elst.payload, 8 + k * struct.calcsize(form))) for k in range(count)]


def edits_box(edits: list[Edit]) -> Box:
    """An edts box that holds the edit list."""
    wide = any(edit.duration > MAX_32 or edit.media_time > MAX_32 >> 1 for edit in edits)
    form = ">Qqi" if wide else ">Iii"
    lines = b"".join(struct.pack(form, edit.duration, edit.media_time, edit.rate) for edit in edits)
    return Box(b"edts", b"", [full_box(b"elst", struct.pack(">I", len(edits)) + lines, 1 if wide else 0)])
