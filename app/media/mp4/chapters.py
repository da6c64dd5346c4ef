"""Nero's chapter list (udta/chpl), clipped to a part; QuickTime's chapter tracks are cut as any text track is."""

from __future__ import annotations

import struct
from fractions import Fraction

from .boxes import Box, parse_boxes

TICKS = 10_000_000


def clip_chapters(moov: Box, start: Fraction, end: Fraction) -> Box:
    """A moov whose chapter list counts from start and leaves out what lies outside start to end.

    Args:
        moov: the index.
        start: seconds on the source's timeline.
        end: seconds on the source's timeline.
    """
    udta = moov.get(b"udta")
    if udta is None or b"chpl" not in udta.payload:
        return moov
    boxes = parse_boxes(udta.payload)
    kept = [_clipped(box, start, end) if box.kind == b"chpl" else box for box in boxes]
    return moov.replaced(Box(b"udta", b"".join(box.to_bytes() for box in kept if box is not None)))


def _clipped(chpl: Box, start: Fraction, end: Fraction) -> Box | None:
    head = 8 if chpl.payload[:1] != b"\0" else 4
    if len(chpl.payload) <= head:
        return None
    chapters: list[tuple[int, bytes]] = []
    at = head + 1
    for _ in range(chpl.payload[head]):
        if at + 9 > len(chpl.payload):
            break
        time, length = struct.unpack_from(">QB", chpl.payload, at)
        chapters.append((time, chpl.payload[at + 9 : at + 9 + length]))
        at += 9 + length
    low, high = round(start * TICKS), round(end * TICKS)
    starts = [time for time, _ in chapters]
    inside = [
        (max(0, time - low), title)
        for (time, title), until in zip(chapters, [*starts[1:], high + 1], strict=True)
        if until > low and time < high
    ]
    if not inside:
        return None
    body = b"".join(struct.pack(">QB", time, len(title)) + title for time, title in inside)
    return Box(b"chpl", chpl.payload[:head] + bytes([len(inside)]) + body)
