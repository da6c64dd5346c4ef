"""What an index says about its tracks beside their samples: names, languages, rotation, HDR tags and chapters.

Source: ISO/IEC 14496-12 and 14496-15 for the boxes; SMPTE ST 2086 and CTA-861.3 as in ISO/IEC 23001-8 for mdcv and
clli, and FFmpeg's libavutil/mastering_display_metadata.h for how a decoded frame carries them; Nero's chapter list
(udta/chpl) as FFmpeg reads and writes it.
"""

from __future__ import annotations

import dataclasses
import struct
from fractions import Fraction
from typing import Any

from .boxes import Box, full_box, parse_boxes, with_track_header
from .movie import Movie, Track

STSD = (b"mdia", b"minf", b"stbl", b"stsd")
VISUAL_HEADER_BYTES = 78
PICTURE_TAGS = (b"mdcv", b"clli", b"SmDm", b"CoLL", b"cclv", b"amve")
CHROMATICITY_UNITS, LUMINANCE_UNITS = 50_000, 10_000
CHAPTER_TICKS = 10_000_000


def with_picture_tags(new: Track, old: Track) -> Track:
    """Re-encoded pictures, with the old track's header (rotation, language, number) and HDR tags.

    Args:
        new: the encoded track.
        old: the source's track.
    """
    extra = [box for box in _entry_boxes(old.box.need(*STSD)) if box.kind in PICTURE_TAGS]
    mdia = with_entry_boxes(new, extra).box.need(b"mdia")
    mdia = mdia.replaced(_with_language(mdia.need(b"mdhd"), old.box.need(b"mdia", b"mdhd")))
    mdia = mdia.replaced(old.box.need(b"mdia", b"hdlr"))
    return dataclasses.replace(new, box=old.box.without(b"edts").replaced(mdia))


def with_entry_boxes(track: Track, extra: list[Box]) -> Track:
    """A picture track whose description says more about the pictures; what it says already stays.

    Args:
        track: pictures.
        extra: boxes for its description.
    """
    stsd = track.box.need(*STSD)
    present = {box.kind for box in _entry_boxes(stsd)}
    new = [box for box in extra if box.kind not in present]
    mdia = _with_stsd(track.box.need(b"mdia"), _with_entry_boxes(stsd, new))
    return dataclasses.replace(track, box=track.box.replaced(mdia))


def with_header_of(new: Track, old: Track) -> Track:
    """New sound with the old track's number, language and names.

    Args:
        new: the encoded track.
        old: the track it replaces.
    """
    mdia = new.box.need(b"mdia")
    mdia = mdia.replaced(_with_language(mdia.need(b"mdhd"), old.box.need(b"mdia", b"mdhd")))
    mdia = mdia.replaced(old.box.need(b"mdia", b"hdlr"))
    return dataclasses.replace(new, box=old.box.without(b"edts").replaced(mdia))


def renumbered(new: Track, movie: Movie) -> Track:
    """A track under a number that movie does not use yet.

    Args:
        new: the track to be added.
        movie: what it is added to.
    """
    number = 1 + max((track.number for track in movie.tracks if track.path != new.path), default=0)
    tkhd = new.box.need(b"tkhd")
    return dataclasses.replace(new, box=new.box.replaced(with_track_header(tkhd, 0, number)))


def _entry_boxes(stsd: Box) -> list[Box]:
    """The boxes within the first picture description."""
    (size,) = struct.unpack_from(">I", stsd.payload, 8)
    return parse_boxes(stsd.payload[8 + 8 + VISUAL_HEADER_BYTES : 8 + size])


def _with_entry_boxes(stsd: Box, extra: list[Box]) -> Box:
    (size,) = struct.unpack_from(">I", stsd.payload, 8)
    body = stsd.payload[12 : 8 + size] + b"".join(box.to_bytes() for box in extra)
    return full_box(b"stsd", struct.pack(">II", 1, len(body) + 4) + body)


def _with_stsd(mdia: Box, stsd: Box) -> Box:
    minf = mdia.need(b"minf")
    return mdia.replaced(minf.replaced(minf.need(b"stbl").replaced(stsd)))


def _with_language(mdhd: Box, old: Box) -> Box:
    """An mdhd with another one's language code (8.4.2)."""
    old_at = 32 if old.payload[0] == 1 else 20
    at = 32 if mdhd.payload[0] == 1 else 20
    payload = mdhd.payload[:at] + old.payload[old_at : old_at + 2] + mdhd.payload[at + 2 :]
    return Box(b"mdhd", payload)


def hdr_boxes(frame: Any) -> list[Box]:
    """The mdcv and clli boxes that say what a frame's side data says; none where it has none.

    Args:
        frame: as decoded.
    """
    boxes = []
    for data in frame.side_data:
        if data.type.name == "MASTERING_DISPLAY_METADATA":
            boxes += _mastering(bytes(data))
        elif data.type.name == "CONTENT_LIGHT_LEVEL":
            boxes.append(
                Box(b"clli", struct.pack(">HH", *(min(v, 65535) for v in struct.unpack_from("=2I", bytes(data)))))
            )
    return boxes


def _mastering(data: bytes) -> list[Box]:
    numbers = struct.unpack_from("=22i", data)
    has_primaries, has_luminance = numbers[20:22]
    if not (has_primaries and has_luminance):
        return []
    values = [Fraction(n, d) if d else Fraction(0) for n, d in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
    red, green, blue, white = values[0:2], values[2:4], values[4:6], values[6:8]
    darkest, brightest = values[8:10]
    points = [round(value * CHROMATICITY_UNITS) for value in (*green, *blue, *red, *white)]
    return [
        Box(
            b"mdcv", struct.pack(">8H2I", *points, round(brightest * LUMINANCE_UNITS), round(darkest * LUMINANCE_UNITS))
        )
    ]


def clip_chapters(moov: Box, start: Fraction, end: Fraction) -> Box:
    """A moov whose chapter list counts from start and leaves out what is outside start to end.

    Args:
        moov: the index.
        start: seconds on the source's timeline.
        end: seconds on the source's timeline.
    """
    udta = moov.get(b"udta")
    if udta is None or b"chpl" not in udta.payload:
        return moov
    boxes = parse_boxes(udta.payload)
    kept = [_clipped_chapters(box, start, end) if box.kind == b"chpl" else box for box in boxes]
    return moov.replaced(Box(b"udta", b"".join(box.to_bytes() for box in kept if box is not None)))


def _clipped_chapters(chpl: Box, start: Fraction, end: Fraction) -> Box | None:
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
    low, high = round(start * CHAPTER_TICKS), round(end * CHAPTER_TICKS)
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
