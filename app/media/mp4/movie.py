"""An MP4 or MOV file as tracks that can be taken apart and written again, the media data copied as it is."""

from __future__ import annotations

import dataclasses
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ...errors import MediaError
from .boxes import (
    Box,
    Edit,
    MissingBoxError,
    edits_box,
    parse_boxes,
    read_edits,
    read_top_level,
    timed_header,
    track_duration,
    track_id,
    with_track_header,
)
from .tables import SampleTable, read_table

MAX_TIMESCALE = 2**31 - 1
BESIDE = 1 << 60
"""Where a second file's bytes begin for a track that lies in two; no file is as long as that."""
PER_SAMPLE_BOXES = (b"stts", b"ctts", b"cslg", b"stss", b"stps", b"sdtp", b"stsc", b"stsz", b"stz2", b"stco", b"co64")
GROUP_BOXES = (b"sbgp", b"sgpd", b"subs", b"stsh", b"padb", b"stdp", b"saiz", b"saio")


@dataclass(frozen=True)
class ShownRange:
    """Which stretch of a track's media is shown, and when: what a plain edit list says."""

    at: Fraction
    """Seconds on the movie's timeline at which the stretch starts."""
    first: int
    """Media time of its start."""
    end: int | None
    """Media time of its end; None: to the end of the media."""


@dataclass(frozen=True)
class Track:
    """One track of a file."""

    path: Path
    """The file that holds its media data."""
    box: Box
    """Its trak box as read."""
    handler: str
    """"vide", "soun", "sbtl", "text", "tmcd", ..."""
    timescale: int
    """Media time units per second."""
    table: SampleTable
    """Its samples."""
    shown: ShownRange | None
    """What its edit list shows; None where the list is more than one stretch at plain speed."""
    packet_pts: np.ndarray | None = None
    """[n_samples] int64, sound: when FFmpeg says that each packet starts, in the time base of its stream, where table
    says something truer (see media/clock.py); else None."""

    @property
    def number(self) -> int:
        """Its track_ID."""
        return track_id(self.box)

    @property
    def sample_entry(self) -> str:
        """Four letters of its first sample description, for example "avc1"."""
        payload = self.box.need(b"mdia", b"minf", b"stbl", b"stsd").payload
        return payload[12:16].decode("latin-1") if len(payload) >= 16 else ""


@dataclass(frozen=True)
class Movie:
    """A file's index, read."""

    path: Path
    """The file."""
    ftyp: bytes
    """The ftyp box's payload."""
    moov: Box
    """The index."""
    timescale: int
    """Movie time units per second."""
    tracks: tuple[Track, ...]
    """In the file's order."""
    is_fragmented: bool
    """True where the samples are listed beside the data instead of in the index."""

    @property
    def is_quicktime(self) -> bool:
        """True for QuickTime's own files (.mov)."""
        return self.ftyp[:4] in (b"", b"qt  ")

    @property
    def is_protected(self) -> bool:
        """True where the packets of a track are encrypted (common encryption): its description has another name."""
        described = [t.box.get(b"mdia", b"minf", b"stbl", b"stsd") for t in self.tracks]
        payloads = [box.payload for box in described if box is not None]
        return any(entry in payload for payload in payloads for entry in (b"encv", b"enca", b"drmi", b"drms"))

    def of_kind(self, handler: str) -> list[Track]:
        """Its tracks of one handler."""
        return [track for track in self.tracks if track.handler == handler]


@dataclass(frozen=True)
class OutTrack:
    """A track to be written: its description, and where its chunks lie now."""

    trak: Box
    """The trak box, complete but for stco/co64."""
    path: Path
    """The file to copy from."""
    offsets: np.ndarray
    """[K] int64, first byte of each chunk in that file."""
    sizes: np.ndarray
    """[K] int64, bytes of each chunk."""
    order: np.ndarray
    """[K], chunks are written in rising order of this."""
    beside: Path | None = None
    """A second file to copy from: places from BESIDE on are places in it, counted from there."""


def read_movie(path: Path) -> Movie:
    """Read a file's index.

    Args:
        path: an MP4 or MOV file.
    Raises:
        MediaError: it has no index, or the index is damaged, or it lists data that the file does not have.
    """
    try:
        return _read_movie(path)
    except (struct.error, ValueError, IndexError, OverflowError, MemoryError) as error:
        why = f" ({error})" if type(error) is ValueError else ""
        why = f" (it has no {error.path})" if isinstance(error, MissingBoxError) else why
        raise MediaError(f"{path.name} has a damaged index{why}: copy or download it again.") from error


def _read_movie(path: Path) -> Movie:
    top = read_top_level(path)
    if top.moov is None:
        raise MediaError(f"{path.name} has no index (moov): the recording or the download did not finish.")
    timescale = timed_header(top.moov.need(b"mvhd"))[2] or 1
    tracks = tuple(_read_track(path, trak, timescale) for trak in top.moov.all(b"trak"))
    end = max((track.table.end_byte() for track in tracks), default=0)
    if end > top.file_bytes:
        raise MediaError(
            f"{path.name} is cut short: it has {top.file_bytes:,} bytes of the {end:,} that its index lists. "
            "Copy or download it again."
        )
    fragmented = b"moof" in top.kinds or top.moov.get(b"mvex") is not None
    return Movie(path, top.ftyp, top.moov, timescale, tracks, fragmented)


def _read_track(path: Path, trak: Box, movie_timescale: int) -> Track:
    mdia = trak.need(b"mdia")
    if (other := _other_file(trak)) is not None:
        raise MediaError(f"{path.name} leads to other files for its media (a data reference, {other}): save it whole.")
    handler = mdia.need(b"hdlr").payload[8:12].decode("latin-1")
    timescale = timed_header(mdia.need(b"mdhd"))[2] or 1
    table = read_table(mdia.need(b"minf", b"stbl"))
    shown = _read_shown(trak, movie_timescale, timescale)
    if handler == "vide" and shown is not None and trak.get(b"edts", b"elst") is not None:
        shown = _from_first_picture(shown, table)
    return Track(path, trak, handler, timescale, table, shown)


def _other_file(trak: Box) -> str | None:
    """The kind of the first data reference of a track to another file; None where all is in this one (8.7.2)."""
    dinf = trak.get(b"mdia", b"minf", b"dinf")
    for dref in parse_boxes(dinf.payload) if dinf is not None else ():
        for entry in parse_boxes(dref.payload[8:]) if dref.kind == b"dref" else ():
            # The lowest flag says that the media are in the same file.
            if len(entry.payload) >= 4 and not entry.payload[3] & 1:
                return entry.kind.decode("latin-1").strip()
    return None


def _from_first_picture(shown: ShownRange, table: SampleTable) -> ShownRange:
    """Where an edit list starts in the middle of a picture, FFmpeg skips that one and shows the next one at once."""
    times = table.presentation_times()
    later = times[times >= shown.first]
    return dataclasses.replace(shown, first=int(later.min())) if len(later) else shown


def _read_shown(trak: Box, movie_timescale: int, timescale: int) -> ShownRange | None:
    edits = read_edits(trak)
    if not edits:
        return ShownRange(Fraction(0), 0, None)
    *empty, last = edits
    if len(empty) > 1 or any(e.media_time != -1 for e in empty) or last.media_time < 0 or last.rate != 0x10000:
        return None
    # The movie's timescale is often a thousandth of a second; players round the wait to the track's own units.
    at = Fraction(rescaled(empty[0].duration, timescale, movie_timescale), timescale) if empty else Fraction(0)
    length = rescaled(last.duration, timescale, movie_timescale)
    return ShownRange(at, last.media_time, last.media_time + length if last.duration else None)


def rescaled(value: int | Fraction, multiplier: int, divisor: int = 1) -> int:
    """value * multiplier / divisor to the nearest integer, halves upwards, as FFmpeg does."""
    return math.floor(Fraction(value) * multiplier / divisor + Fraction(1, 2))


def common_timescale(timescales: Sequence[int]) -> int:
    """A movie timescale in which every track's times are whole numbers, as long as it fits 31 bits.

    Args:
        timescales: of the tracks, the most important first.
    """
    common = 1
    for timescale in timescales:
        both = math.lcm(common, timescale)
        common = both if both <= MAX_TIMESCALE else common
    while common < 600:
        common *= 10
    return common


def with_tables(trak: Box, tables: Sequence[Box]) -> Box:
    """A trak whose per-sample tables are replaced; sample groups, which no decoder here needs, are left out."""
    mdia = trak.need(b"mdia")
    minf = mdia.need(b"minf")
    stbl = minf.need(b"stbl").without(*PER_SAMPLE_BOXES, *GROUP_BOXES)
    stbl = Box(b"stbl", b"", [*stbl.children, *tables])
    return trak.replaced(mdia.replaced(minf.replaced(stbl)))


def without_offsets(trak: Box) -> Box:
    """A trak with all its tables but the chunk offsets, for writing a whole track elsewhere."""
    mdia = trak.need(b"mdia")
    minf = mdia.need(b"minf")
    stbl = minf.need(b"stbl").without(b"stco", b"co64", b"saio", b"saiz")
    return trak.replaced(mdia.replaced(minf.replaced(stbl)))


def whole_track(track: Track, order_by_time: bool = False) -> OutTrack:
    """A track to be written as it is.

    Args:
        track: as read.
        order_by_time: interleave by time (for tracks from several files) instead of by place in the file.
    """
    table = track.table
    order: np.ndarray = table.chunk_offsets
    if order_by_time:
        order = table.times_at(table.chunk_first[:-1]) / track.timescale
    return OutTrack(without_offsets(track.box), track.path, table.chunk_offsets, table.chunk_sizes(), order)


def with_movie_timescale(trak: Box, old: int, new: int, earlier: int = 0) -> Box:
    """A trak whose edit list and header count in another movie timescale.

    Args:
        trak: to be copied.
        old: movie timescale of its file.
        new: movie timescale wanted.
        earlier: how much of the wait at its start is removed, in the new timescale.
    """
    edits = [Edit(rescaled(e.duration, new, old), e.media_time, e.rate) for e in read_edits(trak)]
    if edits and edits[0].media_time == -1:
        wait = edits[0].duration - earlier
        edits = [*([Edit(wait, -1)] if wait > 0 else []), *edits[1:]]
    tkhd = trak.need(b"tkhd")
    trak = trak.replaced(with_track_header(tkhd, max(0, rescaled(track_duration(tkhd), new, old) - earlier)))
    return trak.replaced(edits_box(edits)) if edits else trak
