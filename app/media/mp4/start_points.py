"""Where decoding may start in H.264 and HEVC: at clean pictures, with the right parameter sets.

The index marks keyframes (stss), but two things it does not say.

Open GOP: the keyframe of a closed GOP is an IDR picture, after which nothing refers to anything before it. In an open
GOP the keyframe is an ordinary I picture, and some B-frames that are stored after it, but shown before it, refer to the
GOP before. FFmpeg forgives a start there; Chromium refuses the whole file. So decoding starts at the last clean picture
shortly before the cut, and what lies between becomes hidden lead-in.

Parameter sets: a stream may bring new ones midway (in files joined from several), before a keyframe. A decoder that
starts at a later keyframe has only those in the sample description, which may be of another picture size or entropy
coder. So the start is moved back to a keyframe that brings its own, where keyframes do that.

Both are read from the types of the NAL units at the head of a sample: some bytes of a few keyframes are looked at, and
nothing is decoded.
Source: ITU-T H.264, 7.4.1 (nal_unit_type) and H.265, 7.4.2.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from .movie import Track

LENGTH_FIELD = {"avcC": 4, "hvcC": 21}
CLEAN_WITHIN_SECONDS = 10
H264_SETS, H264_SLICES, H264_CLEAN = {7, 8}, range(1, 6), {5}
HEVC_SETS, HEVC_SLICES, HEVC_CLEAN = {32, 33, 34}, range(0, 32), range(16, 22)


@dataclass(frozen=True)
class StartPoint:
    """Where to start decoding."""

    sample: int
    """The keyframe."""
    is_clean: bool
    """False: an open GOP's, for want of a clean one shortly before."""


def start_point(track: Track, keyframe: int) -> StartPoint:
    """Find the keyframe to start from so that every later picture decodes anywhere.

    It is the last clean one within ten seconds before keyframe, else keyframe itself. Where keyframes bring parameter
    sets of their own, it is moved back to one that does.

    Args:
        track: pictures.
        keyframe: sample number of the last keyframe that would do by the index.
    """
    entry = track.box.need(b"mdia", b"minf", b"stbl", b"stsd").payload
    kind = next((name for name in LENGTH_FIELD if name.encode() in entry), None)
    if kind is None or track.table.sync is None:
        return StartPoint(keyframe, True)
    at = entry.index(kind.encode()) + 4 + LENGTH_FIELD[kind]
    length_bytes = (entry[at] & 3) + 1
    candidates = track.table.sync[track.table.sync <= keyframe][::-1].tolist()
    earliest = track.table.time_at(keyframe) - CLEAN_WITHIN_SECONDS * track.timescale
    with track.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:

        def inspect(sample: int) -> tuple[bool, bool]:
            return _inspect(data, *_place(track, sample), length_bytes, kind == "hvcC")

        near = takewhile(lambda sample: track.table.time_at(sample) >= earliest, candidates)
        clean = next((sample for sample in near if inspect(sample)[1]), None)
        start = keyframe if clean is None else clean
        with_sets = next((sample for sample in candidates if sample <= start and inspect(sample)[0]), start)
    return StartPoint(with_sets, clean is not None)


def _place(track: Track, sample: int) -> tuple[int, int]:
    """First byte of a sample in the file, and one past its last."""
    table = track.table
    chunk = int(np.searchsorted(table.chunk_first, sample, side="right")) - 1
    start = int(table.chunk_offsets[chunk]) + int(table.sizes_of(int(table.chunk_first[chunk]), sample).sum())
    return start, start + int(table.sizes_of(sample, sample + 1)[0])


def _inspect(data: mmap.mmap, at: int, end: int, length_bytes: int, is_hevc: bool) -> tuple[bool, bool]:
    """Whether parameter sets come before a sample's first slice, and whether that slice is of a clean picture."""
    sets, slices, clean = (HEVC_SETS, HEVC_SLICES, HEVC_CLEAN) if is_hevc else (H264_SETS, H264_SLICES, H264_CLEAN)
    brings_sets = False
    while at + length_bytes < end:
        size = int.from_bytes(data[at : at + length_bytes], "big")
        kind = data[at + length_bytes] >> 1 & 63 if is_hevc else data[at + length_bytes] & 31
        brings_sets = brings_sets or kind in sets
        if kind in slices:
            return brings_sets, kind in clean
        at += length_bytes + size
    return brings_sets, False
