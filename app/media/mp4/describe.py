"""A new track in the place of an old one: its samples with the old one's number, language, names, rotation and tags."""

from __future__ import annotations

import dataclasses
import struct

from .boxes import Box, full_box, parse_boxes, with_track_header
from .movie import Movie, Track

STSD = (b"mdia", b"minf", b"stbl", b"stsd")
VISUAL_HEADER_BYTES = 78
PICTURE_TAGS = (b"mdcv", b"clli", b"SmDm", b"CoLL", b"cclv", b"amve")


def with_picture_tags(new: Track, old: Track) -> Track:
    """Pictures encoded anew, with the old track's header (rotation, language, number) and HDR tags.

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
