"""The packets of a file's tracks as FFmpeg hands them out: when each is shown, and a digest of its bytes.

This is the reading that copies are proved by. It is FFmpeg's own, by demuxing, and not the tables that the parts were
written from; nothing is decoded, and the bytes are not kept.
"""

from __future__ import annotations

import hashlib
from array import array
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
from ..open import codec_name, opened, path_of, video_stream
from ..sound import audio_stream

DIGEST_BYTES = 8
NO_TIME = -(2**63)
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
        is_sound = self.stream.type == "audio"
        return Packets(
            self.stream.index,
            codec_name(self.stream),
            self.config,
            Fraction(self.stream.time_base),
            np.array(self.pts, dtype=np.int64),
            np.array(self.is_key, dtype=bool),
            self.digests.tobytes(),
            self.track,
            self.stream.codec_context.sample_rate if is_sound else 0,
        )


def read_packets(path: Path, should_cancel: ShouldCancel | None = None) -> FilePackets:
    """Read the packets of a file's pictures and of all its sound.

    Args:
        path: a media file.
        should_cancel: asked often.
    Raises:
        MediaError: it cannot be read.
        DubCancelled: should_cancel returned True.
    """
    with opened(path) as container:
        pictures = video_stream(container, path)
        sounds = [_Reader(one, n) for n, one in enumerate(container.streams.audio) if one.codec_context is not None]
        shown = _Reader(pictures)
        readers = {reader.stream.index: reader for reader in (shown, *sounds)}
        for number, packet in enumerate(container.demux([reader.stream for reader in readers.values()])):
            if number % ASKED_EVERY == 0:
                check_cancel(should_cancel)
            if packet.size:
                readers[packet.stream_index].add(packet)
        return FilePackets(shown.packets(), tuple(reader.packets() for reader in sounds))


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
