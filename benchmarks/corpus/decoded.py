"""What a file decodes to, read twice by means that the program does not use: PyAV straight on, and FFmpeg's binary."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import imageio_ffmpeg
import numpy as np
from av.video.reformatter import VideoReformatter

THUMBNAIL = 24
LATE_PACKETS = 12
# A hole is looked for where a packet comes this much later than the one before it ends.
LATE_SECONDS = Fraction(25, 10_000)
# What is late by no more than this, and is back in step within so many seconds, is nobody's hole.
LITTLE_SECONDS, BACK_SECONDS = Fraction(1, 20), 10


@dataclass
class Pictures:
    """A file's pictures in the order shown."""

    hashes: list[str] = field(default_factory=list)
    """One for each decoded picture, of its pixels and format."""
    times: list[Fraction] = field(default_factory=list)
    """Seconds on the file's timeline."""
    small: list[np.ndarray] = field(default_factory=list)
    """[h, w] uint8 grey thumbnails."""
    damaged: int = 0
    """Packets that a decoder refused."""


@dataclass
class Sound:
    """A file's first audio track."""

    samples: np.ndarray
    """[C, T] float32, decoded one after another, gaps closed."""
    times: np.ndarray
    """[T] float64, seconds on the file's timeline at which each is heard."""
    sample_rate: int
    """Hz."""
    codec: str
    """FFmpeg's name."""
    packets: list[str]
    """Hash of each stored packet."""
    largest_packet: int
    """Samples of the longest one."""
    wait: float = 0.0
    """Seconds from the file's start to the first packet that is heard."""
    damaged: int = 0
    """Packets that a decoder refused."""

    @property
    def n_samples(self) -> int:
        """Per channel."""
        return int(self.samples.shape[1])


def pictures_of(path: Path) -> Pictures:
    """Decode every picture with PyAV, going on where a packet is damaged."""
    found, shrink = Pictures(), VideoReformatter()
    with av.open(str(path), metadata_errors="replace") as container:
        stream = next(s for s in container.streams.video if not s.disposition & s.disposition.__class__.attached_pic)
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                found.damaged += 1
                continue
            for frame in frames:
                found.hashes.append(_hash(frame))
                found.times.append(Fraction(frame.pts or 0) * Fraction(frame.time_base or 1))
                found.small.append(shrink.reformat(frame, THUMBNAIL, THUMBNAIL, format="gray").to_ndarray())
        if "avi" in container.format.name.split(","):
            # AVI says in which order pictures are stored, and nothing more: they are shown at an even pace.
            found.times.sort()
    return found


def _hash(frame: Any) -> str:
    digest = hashlib.md5(f"{frame.format.name} {frame.width}x{frame.height}".encode(), usedforsecurity=False)
    try:
        digest.update(np.ascontiguousarray(frame.to_ndarray()).tobytes())
    except (ValueError, AssertionError):  # a pixel format that numpy has no form for
        digest.update(np.ascontiguousarray(frame.reformat(format="rgb48le").to_ndarray()).tobytes())
    return digest.hexdigest()


def sound_of(path: Path) -> Sound | None:
    """Decode the first audio track with PyAV; None where there is none that FFmpeg knows."""
    pieces: list[np.ndarray] = []
    stated: list[Fraction | None] = []
    packets: list[str] = []
    wait: float | None = None
    damaged = 0
    with av.open(str(path), metadata_errors="replace") as container:
        stream = next(iter(container.streams.audio), None)
        if stream is None or stream.codec_context is None:
            return None
        for packet in container.demux(stream):
            if wait is None and packet.pts is not None and not packet.is_discard:
                wait = max(0.0, float(packet.pts * packet.time_base))
            if packet.size:
                packets.append(hashlib.md5(bytes(packet), usedforsecurity=False).hexdigest())
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                damaged += 1
                continue
            for frame in frames:
                pieces.append(_floats(frame))
                stated.append(None if frame.pts is None else frame.pts * Fraction(frame.time_base))
        rate, codec = stream.codec_context.sample_rate, stream.codec_context.codec.canonical_name
        channels = stream.codec_context.channels
    pieces = [piece for piece in pieces if piece.shape[0] == channels]
    lengths = [piece.shape[1] for piece in pieces]
    samples = np.concatenate([np.zeros((channels, 0), np.float32), *pieces], axis=1)
    times = _placed(stated, lengths, rate)
    return Sound(samples, times, rate, codec, packets, max(lengths, default=0), wait or 0.0, damaged)


def _floats(frame: Any) -> np.ndarray:
    array = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, frame.layout.nb_channels).T
    if array.dtype == np.uint8:
        return (array.astype(np.float32) - 128) / 128
    if np.issubdtype(array.dtype, np.integer):
        return (array / float(np.iinfo(array.dtype).max)).astype(np.float32)
    return array.astype(np.float32)


def _placed(stated: list[Fraction | None], lengths: list[int], rate: int) -> np.ndarray:
    """When each sample is heard.

    A packet that comes late is a hole where those after it stay late, and jitter where one of the next dozen is back in
    step, or, late by a twentieth of a second at most, is so within ten seconds; then it is heard when the one before it
    has ended. What stays early is followed likewise.
    """
    late, shift = [], Fraction(0)
    total = 0
    for time, length in zip(stated, lengths, strict=True):
        late.append(None if time is None else time - Fraction(total, rate))
        total += length
    before = np.cumsum([0, *lengths])
    known = [one for one in late if one is not None]
    shift = known[0] if known else Fraction(0)
    out = []
    total = 0
    for number, length in enumerate(lengths):
        settled = _settled(late[number : number + LATE_PACKETS], shift)
        if settled != shift and abs(settled - shift) <= LITTLE_SECONDS:
            settled = _settled(late[number : int(np.searchsorted(before, total + BACK_SECONDS * rate))], shift)
        shift = settled
        out.append(float(shift) + (total + np.arange(length)) / rate)
        total += length
    return np.concatenate([np.zeros(0), *out])


def _settled(late: list[Fraction | None], shift: Fraction) -> Fraction:
    """The lateness that all of them have at least, or at most."""
    known = [one for one in late if one is not None]
    if known and (min(known) - shift > LATE_SECONDS or shift - max(known) > LATE_SECONDS):
        return min(known) if min(known) > shift else max(known)
    return shift


def binary_hashes(path: Path) -> list[str]:
    """What FFmpeg's binary decodes, picture by picture."""
    out = _ffmpeg(path, "-map", "0:V:0", "-fps_mode", "passthrough", "-f", "framemd5")
    return [line.rsplit(",", 1)[1].strip() for line in out.decode().splitlines() if line and line[0] != "#"]


def binary_samples(path: Path) -> int:
    """How many samples per channel FFmpeg's binary decodes of the first audio track."""
    out = _ffmpeg(path, "-map", "0:a:0", "-f", "framemd5").decode().splitlines()
    rows = [line.split(",") for line in out if line and line[0] != "#"]
    return sum(int(row[3]) for row in rows)


def _ffmpeg(path: Path, *arguments: str) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "quiet", "-nostdin", "-noautorotate", "-threads", "1"]
    command += ["-i", f"file:{path}", *arguments, "-"]
    return subprocess.run(command, capture_output=True, check=False).stdout
