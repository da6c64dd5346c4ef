"""H.264 and HEVC streams whose parameter sets change midway, in the stream itself."""

from __future__ import annotations

import mmap

import numpy as np

from app.media.mp4_movie import Track

LENGTH_FIELD = {"avcC": 4, "hvcC": 21}
H264_SETS, H264_SLICES = {7, 8}, range(1, 6)
HEVC_SETS, HEVC_SLICES = {32, 33, 34}, range(0, 32)


def self_contained_keyframe(track: Track, keyframe: int) -> int:
    """The keyframe to start from so that the decoder has the right parameter sets.

    Where the sets stand in the track's header only, that is the keyframe itself. Where some keyframes bring sets of
    their own, it is the last one up to keyframe that does.

    Args:
        track: pictures.
        keyframe: sample number.
    """
    entry = track.box.need(b"mdia", b"minf", b"stbl", b"stsd").payload
    kind = next((name for name in LENGTH_FIELD if name.encode() in entry), None)
    if kind is None or track.table.sync is None:
        return keyframe
    at = entry.index(kind.encode()) + 4 + LENGTH_FIELD[kind]
    length_bytes = (entry[at] & 3) + 1
    candidates = track.table.sync[track.table.sync <= keyframe][::-1]
    with track.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for sample in candidates.tolist():
            offset, size = _place(track, sample)
            if _brings_sets(data, offset, offset + size, length_bytes, kind == "hvcC"):
                return int(sample)
    return keyframe


def _place(track: Track, sample: int) -> tuple[int, int]:
    table = track.table
    chunk = int(np.searchsorted(table.chunk_first, sample, side="right")) - 1
    before = int(table.sizes_of(int(table.chunk_first[chunk]), sample).sum())
    return int(table.chunk_offsets[chunk]) + before, int(table.sizes_of(sample, sample + 1)[0])


def _brings_sets(data: mmap.mmap, at: int, end: int, length_bytes: int, is_hevc: bool) -> bool:
    """True where a parameter set comes before the first slice of a sample."""
    while at + length_bytes < end:
        size = int.from_bytes(data[at : at + length_bytes], "big")
        kind = data[at + length_bytes] >> 1 & 63 if is_hevc else data[at + length_bytes] & 31
        if kind in (HEVC_SETS if is_hevc else H264_SETS):
            return True
        if kind in (HEVC_SLICES if is_hevc else H264_SLICES):
            return False
        at += length_bytes + size
    return False
