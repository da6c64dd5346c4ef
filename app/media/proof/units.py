"""What packets hold, however a container frames it: what is compared where a file had to be repackaged.

The same coded picture is written in different bytes by different containers. H.264 and HEVC have start codes in a
transport stream and lengths in MP4, and their parameter sets stand in the stream or beside it. VP9 may have a picture
that nobody sees in a packet of its own, or together with the one after it, with an index at its end. AAC in a transport
stream carries a header in each packet. What is left when that is taken away is the same everywhere.

Source: ITU-T H.264, 7.4.1 and Annex B; H.265, 7.4.2; VP9 bitstream specification, Annex B; ISO/IEC 13818-7, 6.2 (ADTS);
RFC 4867, 5.3 (AMR).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ...files import check_cancel
from ..open import codec_name, opened, video_stream
from .packets import ASKED_EVERY, digest

LENGTH_FIELD = {"h264": 4, "hevc": 21}
# Parameter sets, access unit delimiters, ends of sequence and filler: what containers add and leave out.
OF_THE_CONTAINER = {"h264": {7, 8, 9, 10, 11, 12, 13}, "hevc": {32, 33, 34, 35, 36, 37, 38}}
# Bytes of a frame after its first one, by its kind; kinds beyond these have none.
AMR_BYTES = {"amr_nb": (12, 13, 15, 17, 19, 20, 26, 31, 5), "amr_wb": (17, 23, 32, 36, 40, 46, 50, 58, 60, 5)}
START_CODE = re.compile(rb"\x00\x00\x01")


@dataclass(frozen=True)
class Units:
    """What a track's packets hold."""

    digests: bytes
    """One digest after another, in the order of the file."""
    before: np.ndarray
    """[N + 1] int64, how many units come before each packet, and how many there are."""


def read_units(path: Path, track: int | None, should_cancel: ShouldCancel | None = None) -> Units:
    """Take the packets of a track apart.

    Args:
        path: a media file.
        track: number among the audio tracks; None: the pictures.
        should_cancel: asked often.
    Raises:
        MediaError: it cannot be read.
        DubCancelled: should_cancel returned True.
    """
    digests, before = array("q"), [0]
    with opened(path) as container:
        stream = video_stream(container, path) if track is None else container.streams.audio[track]
        codec, config = codec_name(stream), bytes(stream.codec_context.extradata or b"")
        for number, packet in enumerate(container.demux(stream)):
            if number % ASKED_EVERY == 0:
                check_cancel(should_cancel)
            if packet.size:
                for unit in units_of(bytes(packet), codec, config):
                    digests.append(digest(unit))
                before.append(len(digests))
    return Units(digests.tobytes(), np.array(before, dtype=np.int64))


def units_of(data: bytes, codec: str, config: bytes) -> Iterator[bytes]:
    """What a packet holds, piece by piece.

    Args:
        data: the packet.
        codec: FFmpeg's name.
        config: what the decoder is told before the first packet.
    """
    if codec in LENGTH_FIELD:
        for unit in _nal_units(data, codec, config):
            kind = (unit[0] >> 1 & 63 if codec == "hevc" else unit[0] & 31) if unit else 0
            if unit and kind not in OF_THE_CONTAINER[codec]:
                yield unit
    elif codec == "vp9":
        yield from _vp9_frames(data)
    elif codec in AMR_BYTES:
        yield from _amr_frames(data, AMR_BYTES[codec])
    elif codec == "aac" and len(data) > 7 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0:
        yield data[7 if data[1] & 1 else 9 :]
    else:
        yield data


def _nal_units(data: bytes, codec: str, config: bytes) -> Iterator[bytes]:
    place = LENGTH_FIELD[codec]
    if config[:1] != b"\x01" or len(config) <= place or data[:3] == b"\0\0\1" or data[:4] == b"\0\0\0\1":
        starts = [match.start() for match in START_CODE.finditer(data)]
        for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
            # A start code may have a fourth byte, and zeros may follow a unit: neither belongs to it.
            yield data[start + 3 : end].rstrip(b"\0")
        return
    size_bytes = (config[place] & 3) + 1
    at = 0
    while at + size_bytes < len(data):
        size = int.from_bytes(data[at : at + size_bytes], "big")
        yield data[at + size_bytes : at + size_bytes + size].rstrip(b"\0")
        at += size_bytes + size


def _amr_frames(data: bytes, sizes: tuple[int, ...]) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        kind = data[at] >> 3 & 15
        size = 1 + (sizes[kind] if kind < len(sizes) else 0)
        yield data[at : at + size]
        at += size


def _vp9_frames(data: bytes) -> Iterator[bytes]:
    mark = data[-1]
    count, size_bytes = (mark & 7) + 1, (mark >> 3 & 3) + 1
    index = 2 + count * size_bytes
    if mark >> 5 != 0b110 or len(data) < index or data[-index] != mark:
        yield data
        return
    at = 0
    for number in range(count):
        place = len(data) - index + 1 + number * size_bytes
        size = int.from_bytes(data[place : place + size_bytes], "little")
        if size:
            yield data[at : at + size]
        at += size
