"""The packets of a file's tracks as FFmpeg hands them out: when each is shown, and a digest of its bytes.

This is the reading that copies are proved by. It is FFmpeg's own, and not the tables that the parts were written from;
nothing is decoded, and the bytes are not kept. Of an MP4 FFmpeg tells, once it is open, where each packet lies, when it
is decoded and whether it is a keyframe, and the bytes are read from there, which takes a fifth of the time that
demuxing does. Other files are demuxed.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ...files import check_cancel
from ...wall.registry import walled
from ..clip import Clip
from ..mp4.movie import Movie
from ..mp4.tables import SampleTable
from ..open import codec_name, opened, path_of, video_stream
from ..sound import audio_stream

DIGEST_BYTES = 8
NO_TIME = -(2**63)
AS_INDEXED = {"h264", "hevc", "aac"}
"""Codecs whose packets FFmpeg hands out as MP4 has them; others it may take apart or put together."""
READ_BYTES = 1 << 20
ASKED_EVERY = 256
"""Packets between two questions whether to stop."""
MOST_PLACES = 4096
"""Places at which a run is looked for: a still picture or silence may repeat for hours."""


@dataclass(frozen=True)
class Packets:
    """One track's packets in the order of the file."""

    index: int
    """Its number among all streams of the file."""
    codec: str
    """FFmpeg's name."""
    config: bytes
    """What its decoder is told before the first packet."""
    time_base: Fraction
    """Seconds per unit of pts."""
    pts: np.ndarray
    """[N] int64, on the file's timeline as edit lists make it; NO_TIME where the file does not say."""
    is_key: np.ndarray
    """[N] bool, whether the file says that decoding may start there."""
    digests: bytes
    """N times DIGEST_BYTES, of the bytes of each."""
    track: int = 0
    """Sound: its number among the audio tracks."""
    sample_rate: int = 0
    """Sound: Hz."""

    @property
    def count(self) -> int:
        """Packets in the track."""
        return len(self.pts)

    def digests_of(self, first: int, last: int) -> bytes:
        """The digests of packets first to last (exclusive)."""
        return self.digests[max(0, first) * DIGEST_BYTES : max(0, last) * DIGEST_BYTES]

    def seconds_at(self, packet: int) -> Fraction | None:
        """When a packet starts on the file's timeline; None where the file does not say."""
        pts = int(self.pts[packet])
        return None if pts == NO_TIME else pts * self.time_base


@dataclass(frozen=True)
class FilePackets:
    """The packets of a file."""

    pictures: Packets
    """Of the picture track."""
    sounds: tuple[Packets, ...]
    """Of each audio track that FFmpeg knows."""


def digest(data: bytes) -> int:
    """64 bits of SipHash, whose key Python draws when the process starts: nobody can have prepared two packets that
    have the same. It takes less than half the time of SHA-256, which would be most of the proof's."""
    return hash(data)


class _Reader:
    """Takes in the packets of one track."""

    def __init__(self, stream: Any, track: int = 0) -> None:
        self.stream, self.track = stream, track
        self.config = bytes(stream.codec_context.extradata or b"")
        self.pts, self.is_key, self.digests = array("q"), array("b"), array("q")

    def add(self, packet: Any) -> None:
        self.pts.append(NO_TIME if packet.pts is None else packet.pts)
        self.is_key.append(packet.is_keyframe)
        self.digests.append(digest(bytes(packet)))

    def packets(self) -> Packets:
        return Packets(
            self.stream.index,
            codec_name(self.stream),
            self.config,
            Fraction(self.stream.time_base),
            np.array(self.pts, dtype=np.int64),
            np.array(self.is_key, dtype=bool),
            self.digests.tobytes(),
            self.track,
            self.stream.codec_context.sample_rate if self.stream.type == "audio" else 0,
        )


def read_packets(path: Path, movie: Movie | None = None, should_cancel: ShouldCancel | None = None) -> FilePackets:
    """Read the packets of a file's pictures and of all its sound.

    Args:
        path: a media file.
        movie: its index, where it has one.
        should_cancel: asked often.
    Raises:
        MediaError: it cannot be read.
        DubCancelled: should_cancel returned True.
    """
    with opened(path) as container:
        found = packets_in_index(path, container, movie, should_cancel)
        if found is not None:
            return found
        readers = _readers(path, container)
        by_index = {one.stream.index: one for one in readers}
        for number, packet in enumerate(container.demux([one.stream for one in readers])):
            if number % ASKED_EVERY == 0:
                check_cancel(should_cancel)
            if packet.size:
                by_index[packet.stream_index].add(packet)
        return _file_packets(readers)


def packets_in_index(
    path: Path, container: Any, movie: Movie | None, should_cancel: ShouldCancel | None
) -> FilePackets | None:
    """The same of a file that is open, wherever in it one is, by FFmpeg's index; None where that does not say all."""
    readers = _readers(path, container)
    listed = [_listed(reader, movie) for reader in readers]
    known = [one for one in listed if one is not None]
    if len(known) < len(readers):
        return None
    _read_listed(path, known, should_cancel)
    return _file_packets(readers)


def _readers(path: Path, container: Any) -> list[_Reader]:
    """One for the pictures, and one for each track of sound that FFmpeg knows."""
    sounds = [_Reader(one, n) for n, one in enumerate(container.streams.audio) if one.codec_context is not None]
    return [_Reader(video_stream(container, path)), *sounds]


def _file_packets(readers: Sequence[_Reader]) -> FilePackets:
    shown, *heard = (one.packets() for one in readers)
    return FilePackets(shown, tuple(heard))


# FFmpeg's demuxer of MP4 hands out one packet for each entry of its index, in order: the bytes at the entry's place,
# decoded at its time, and shown as much later as the file's composition offsets say. Once a file is open, FFmpeg tells
# the entries. The offsets alone it does not tell: those are taken from our own reading of the tables.


@dataclass(frozen=True)
class _Listed:
    """Where the packets of a track lie, by FFmpeg's index."""

    reader: _Reader
    """Of the track; it knows all but their bytes."""
    at: np.ndarray
    """[N] int64, bytes from the start of the file."""
    size: np.ndarray
    """[N] int64, bytes, none of them 0."""


def _listed(reader: _Reader, movie: Movie | None) -> _Listed | None:
    """The packets of a track; None where something else than an index decides what they are."""
    index = reader.stream.index
    if (
        movie is None
        or movie.is_fragmented
        or index >= len(movie.tracks)
        or codec_name(reader.stream) not in AS_INDEXED
    ):
        return None
    entries = [(one.pos, one.size, one.timestamp, one.is_keyframe) for one in reader.stream.index_entries]
    at, size, time, is_key = np.array([one for one in entries if one[1]], dtype=np.int64).reshape(-1, 4).T
    table, own = movie.tracks[index].table, movie.tracks[index].table.places()
    order = np.argsort(own, kind="stable")
    place = np.searchsorted(own, at, sorter=order)
    if not len(order) or np.any(place == len(order)) or np.any(own[order[place]] != at):
        return None
    offsets = table.composition_offsets_of(0, table.n_samples)
    reader.pts.frombytes((time + offsets[order[place]] + _late(table)).astype(np.int64).tobytes())
    reader.is_key.frombytes(is_key.astype(np.int8).tobytes())
    return _Listed(reader, at, size)


def _read_listed(path: Path, listed: Sequence[_Listed], should_cancel: ShouldCancel | None) -> None:
    """Read the packets of all tracks in the order of the file, a megabyte or more at a time."""
    at, size = (np.concatenate([getattr(one, name) for one in listed]) for name in ("at", "size"))
    order = np.argsort(at, kind="stable")
    starts, ends = at[order].tolist(), (at + size)[order].tolist()
    digests, first = np.zeros(len(order), dtype=np.int64), 0
    found: list[int] = []
    with path.open("rb", buffering=0) as file:
        while first < len(starts):
            check_cancel(should_cancel)
            begin = starts[first]
            last = bisect_right(starts, begin + READ_BYTES)
            file.seek(begin)
            block = file.read(max(ends[first:last]) - begin)
            found += [digest(block[starts[n] - begin : ends[n] - begin]) for n in range(first, last)]
            first = last
    digests[order] = found
    for one, own in zip(listed, np.split(digests, np.cumsum([len(one.at) for one in listed])[:-1]), strict=True):
        one.reader.digests.frombytes(own.tobytes())


def _late(table: SampleTable) -> int:
    """By how much FFmpeg shows all pictures later, so that none is shown before it is decoded.

    It leaves out the last two lines of the table (mov_read_ctts in FFmpeg's libavformat/mov.c).
    """
    offsets = table.composition_offsets
    return -min(0, int(offsets.values[:-2].min(initial=0))) if offsets is not None else 0


def differences(mine: bytes, theirs: bytes) -> np.ndarray:
    """The numbers of the packets in which two runs differ; where one is longer, its packets too many are among them.

    >>> differences(b"a" * 8 + b"b" * 8, b"a" * 8 + b"c" * 8).tolist(), differences(b"", b"").tolist()
    ([1], [])
    """
    if mine == theirs:
        return np.zeros(0, dtype=np.int64)
    longer, shorter = (pick(len(mine), len(theirs)) // DIGEST_BYTES for pick in (max, min))
    one, other = (np.frombuffer(run, np.int64, shorter) for run in (mine, theirs))
    return np.append(np.flatnonzero(one != other), np.arange(shorter, longer))


def first_difference(mine: bytes, theirs: bytes) -> int | None:
    """The first of differences; None where there is none."""
    found = differences(mine, theirs)
    return int(found[0]) if len(found) else None


def places_of(run: bytes, within: bytes) -> list[int]:
    """Every place, in packets, at which a run of digests stands in another one."""
    found: list[int] = []
    at = within.find(run) if run else -1
    while at >= 0 and len(found) < MOST_PLACES:
        if at % DIGEST_BYTES == 0:
            found.append(at // DIGEST_BYTES)
        at = within.find(run, at + 1)
    return found


def nearest(places: Sequence[int], wanted: int) -> int | None:
    """The place that lies nearest to the one wanted; None where there is none."""
    return min(places, key=lambda place: abs(place - wanted), default=None)


@walled
def packet_hashes(clip_or_path: Clip | Path, kind: str = "video", track: int = 0) -> list[str]:
    """Hash a track's stored packets in the order of the file, hidden ones too.

    Args:
        clip_or_path: a probed clip, or a media file.
        kind: "video" or "audio".
        track: number among the audio tracks; pictures have one.
    Returns:
        One hexadecimal SHA-256 per packet.
    Raises:
        MediaError: there is no such track.
    """
    path = path_of(clip_or_path)
    with opened(path) as container:
        stream = video_stream(container, path) if kind == "video" else audio_stream(container, track, path)
        return [hashlib.sha256(packet).hexdigest() for packet in container.demux(stream) if packet.size]
