"""A track's sample tables as arrays: when each sample is decoded and shown, how long it is, and where it lies.

A sample is what a decoder is given at once: a picture's packet, a packet of sound. The tables are packed, each its own
way, and this is what they mean:

- stts, ctts: runs of equal durations and of equal composition offsets. They stay runs here: at a constant frame rate
  one run describes hours, and when a sample is decoded is a matter of two sums and one multiplication.
- stss: the numbers of the samples that can be decoded on their own. Where the box is missing, all of them can.
- stsz: bytes of each sample, or one size for all.
- stco or co64: the byte at which each chunk, a run of neighbouring samples, lies in the file.
- stsc: "from chunk c on, chunks have n samples of description d". Expanded here, so that chunk_first[k] is the first
  sample of chunk k and the chunk of any sample is found by bisection.

Files are damaged, or made to do harm: a count that goes past the end of its box is an error, and so are tables that
contradict one another.

Source: ISO/IEC 14496-12, 8.6.1 (stts, ctts), 8.6.2 (stss), 8.7.3 (stsz, stz2), 8.7.4 (stsc), 8.7.5 (stco, co64).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from ...errors import MediaError
from .boxes import MAX_32, Box, full_box, version_of

MAX_SAMPLES = 1 << 28


@dataclass(frozen=True)
class Runs:
    """Equal values one after another."""

    counts: np.ndarray
    """[R] int64, how often."""
    values: np.ndarray
    """[R] int64, what."""

    ends: np.ndarray = field(init=False)
    """[R] int64, one past the last sample of each run; derived."""
    sums: np.ndarray = field(init=False)
    """[R + 1] int64, all values of the samples before each run; the last entry is that of all. Derived."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ends", np.cumsum(self.counts))
        object.__setattr__(self, "sums", np.concatenate([[0], np.cumsum(self.counts * self.values)]))

    def between(self, first: int, last: int) -> np.ndarray:
        """The values of samples first to last (exclusive); past the table's end the last value goes on."""
        if first >= last:
            return np.zeros(0, dtype=np.int64)
        if not len(self.counts):
            return np.zeros(last - first, dtype=np.int64)
        low = int(np.searchsorted(self.ends, first, side="right"))
        high = int(np.searchsorted(self.ends, last, side="left"))
        low, high = min(low, len(self.counts) - 1), min(high, len(self.counts) - 1)
        ends = np.minimum(self.ends[low : high + 1], last)
        ends[-1] = last
        counts = np.diff(np.concatenate([[first], ends]))
        return np.repeat(self.values[low : high + 1], np.maximum(counts, 0))


@dataclass(frozen=True)
class SampleTable:
    """What stbl says, unpacked as far as stays small."""

    n_samples: int
    """Samples in the track."""
    durations: Runs
    """Media timescale, in decoding order."""
    composition_offsets: Runs | None
    """Presentation time minus decoding time, media timescale; None: all zero."""
    sync: np.ndarray | None
    """Rising numbers of samples that can be decoded on their own; None: all of them."""
    sizes: np.ndarray | int
    """[n_samples] int64 bytes, or one size for all."""
    chunk_offsets: np.ndarray
    """[K] int64, byte in the file."""
    chunk_first: np.ndarray
    """[K + 1] int64, first sample of each chunk; the last entry is n_samples."""
    chunk_entry: np.ndarray
    """[K] int64, which sample description each chunk uses, from 1."""

    def decode_times(self, first: int, last: int) -> np.ndarray:
        """[last - first] int64, when samples are decoded."""
        return self.times_at(np.arange(first, last))

    def times_at(self, samples: np.ndarray) -> np.ndarray:
        """[len(samples)] int64, when each is decoded; the end of the last one for n_samples."""
        ends, values = self.durations.ends, self.durations.values
        if not len(ends):
            return np.zeros(len(samples), dtype=np.int64)
        run = np.minimum(np.searchsorted(ends, samples, side="right"), len(ends) - 1)
        run_first = ends[run] - self.durations.counts[run]
        times: np.ndarray = self.durations.sums[run] + (samples - run_first) * values[run]
        return times

    def presentation_times(self) -> np.ndarray:
        """[n_samples] int64, media time at which each sample is shown, in decoding order."""
        times: np.ndarray = self.decode_times(0, self.n_samples) + self.composition_offsets_of(0, self.n_samples)
        return times

    def time_at(self, sample: int) -> int:
        """When a sample is decoded; the end of the last one for n_samples."""
        return int(self.times_at(np.array([sample]))[0])

    def sample_at(self, time: int) -> int:
        """The sample whose span of decoding time contains a time; 0 before the first, n_samples after the last."""
        spans = self.durations.sums[1:]
        if time < 0 or not len(spans):
            return 0
        run = int(np.searchsorted(spans, time, side="right"))
        if run >= len(spans):
            return self.n_samples
        before = int(spans[run - 1]) if run else 0
        first = int(self.durations.ends[run - 1]) if run else 0
        value = int(self.durations.values[run])
        return first + ((time - before) // value if value else 0)

    def composition_offsets_of(self, first: int, last: int) -> np.ndarray:
        """[last - first] int64, presentation minus decoding time."""
        return (
            np.zeros(last - first, dtype=np.int64)
            if self.composition_offsets is None
            else self.composition_offsets.between(first, last)
        )

    def sizes_of(self, first: int, last: int) -> np.ndarray:
        """[last - first] int64 bytes."""
        if isinstance(self.sizes, int):
            return np.full(last - first, self.sizes, dtype=np.int64)
        return self.sizes[first:last]

    def places(self) -> np.ndarray:
        """[n_samples] int64, the byte at which each sample lies in the file."""
        before = np.concatenate([[0], np.cumsum(self.sizes_of(0, self.n_samples))])
        counts = np.diff(self.chunk_first)
        places: np.ndarray = before[:-1] + np.repeat(self.chunk_offsets - before[self.chunk_first[:-1]], counts)
        return places

    def chunk_sizes(self) -> np.ndarray:
        """[K] int64 bytes."""
        if isinstance(self.sizes, int):
            return np.diff(self.chunk_first) * self.sizes
        ends = np.concatenate([[0], np.cumsum(self.sizes)])
        return np.diff(ends[self.chunk_first])

    def end_byte(self) -> int:
        """One past the last byte that any sample uses."""
        return int(np.max(self.chunk_offsets + self.chunk_sizes(), initial=0))


def read_table(stbl: Box) -> SampleTable:
    """Unpack a sample table.

    Raises:
        MediaError: the tables are damaged or contradict one another.
    """
    try:
        return _read_table(stbl)
    except (struct.error, ValueError, IndexError) as error:
        raise MediaError(f"The file's sample tables are damaged: {error}.") from error


def _read_table(stbl: Box) -> SampleTable:
    sizes, n_samples = _read_sizes(stbl)
    if n_samples > MAX_SAMPLES:
        raise ValueError(f"they claim {n_samples:,} samples in one track")
    offsets = _read_offsets(stbl)
    first, entry = _read_chunks(stbl.need(b"stsc"), len(offsets), n_samples)
    pairs = _pairs(stbl.need(b"stts"))
    ctts = stbl.get(b"ctts")
    stss, stps = stbl.get(b"stss"), stbl.get(b"stps")
    sync = None
    if stss is not None:
        marked = [_numbers(box) for box in (stss, stps) if box is not None]
        sync = np.unique(np.concatenate(marked)) - 1
        sync = sync[(sync >= 0) & (sync < n_samples)]
    offset_pairs = _pairs(ctts, signed=True) if ctts is not None else None
    shifts = Runs(offset_pairs[:, 0], offset_pairs[:, 1]) if offset_pairs is not None else None
    return SampleTable(n_samples, Runs(pairs[:, 0], pairs[:, 1]), shifts, sync, sizes, offsets, first, entry)


def _numbers(box: Box, kind: str = ">u4", skip: int = 8) -> np.ndarray:
    (count,) = struct.unpack_from(">I", box.payload, skip - 4)
    return np.frombuffer(box.payload, kind, count, skip).astype(np.int64)


def _pairs(box: Box, signed: bool = False) -> np.ndarray:
    (count,) = struct.unpack_from(">I", box.payload, 4)
    pairs = np.frombuffer(box.payload, ">u4", count * 2, 8).astype(np.int64).reshape(count, 2)
    if signed:
        # Version 0 is unsigned on paper; files with negative offsets in it are common, and FFmpeg reads them so.
        pairs[:, 1] = pairs[:, 1].astype(np.uint32).view(np.int32) if version_of(box) <= 1 else pairs[:, 1]
    return pairs


def _read_sizes(stbl: Box) -> tuple[np.ndarray | int, int]:
    stsz = stbl.get(b"stsz")
    if stsz is not None:
        size, count = struct.unpack_from(">II", stsz.payload, 4)
        return (size, count) if size else (np.frombuffer(stsz.payload, ">u4", count, 12).astype(np.int64), count)
    stz2 = stbl.need(b"stz2").payload
    bits, count = stz2[7], struct.unpack_from(">I", stz2, 8)[0]
    if bits == 4:
        packed = np.frombuffer(stz2, np.uint8, (count + 1) // 2, 12)
        return np.stack([packed >> 4, packed & 15], axis=1).reshape(-1)[:count].astype(np.int64), count
    return np.frombuffer(stz2, ">u1" if bits == 8 else ">u2", count, 12).astype(np.int64), count


def _read_offsets(stbl: Box) -> np.ndarray:
    co64 = stbl.get(b"co64")
    return _numbers(co64, ">u8") if co64 is not None else _numbers(stbl.need(b"stco"))


def _read_chunks(stsc: Box, n_chunks: int, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """First sample of each chunk (and n_samples), and each chunk's sample description."""
    (count,) = struct.unpack_from(">I", stsc.payload, 4)
    lines = np.frombuffer(stsc.payload, ">u4", count * 3, 8).astype(np.int64).reshape(count, 3)
    if not n_chunks or not count:
        if n_samples:
            raise ValueError("samples belong to no chunk")
        return np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64)
    repeats = np.diff(np.append(lines[:, 0], n_chunks + 1))
    per_chunk = np.repeat(lines[:, 1], np.maximum(repeats, 0))[:n_chunks]
    entry = np.repeat(lines[:, 2], np.maximum(repeats, 0))[:n_chunks]
    first = np.minimum(np.concatenate([[0], np.cumsum(per_chunk)]), n_samples)
    if len(per_chunk) != n_chunks or first[-1] != n_samples:
        raise ValueError("chunks contain fewer samples than the tables list")
    return first, entry


def runs_box(kind: bytes, values: np.ndarray) -> Box:
    """An stts or ctts box, equal neighbours counted together."""
    if not len(values):
        return full_box(kind, struct.pack(">I", 0))
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    counts = np.diff(np.append(starts, len(values)))
    lines = np.stack([counts, values[starts]], axis=1).astype(">u4").tobytes()
    return full_box(kind, struct.pack(">I", len(starts)) + lines)


def sizes_box(sizes: np.ndarray) -> Box:
    """An stsz box."""
    if len(sizes) and np.all(sizes == sizes[0]) and sizes[0]:
        return full_box(b"stsz", struct.pack(">II", int(sizes[0]), len(sizes)))
    return full_box(b"stsz", struct.pack(">II", 0, len(sizes)) + sizes.astype(">u4").tobytes())


def numbers_box(kind: bytes, numbers: np.ndarray) -> Box:
    """An stss box (numbers from 1)."""
    return full_box(kind, struct.pack(">I", len(numbers)) + numbers.astype(">u4").tobytes())


def chunks_box(samples_per_chunk: np.ndarray, entries: np.ndarray) -> Box:
    """An stsc box."""
    lines = np.stack([np.arange(1, len(entries) + 1), samples_per_chunk, entries], axis=1).reshape(-1, 3)
    if len(lines):
        same = np.all(lines[1:, 1:] == lines[:-1, 1:], axis=1)
        lines = lines[np.concatenate([[True], ~same])]
    return full_box(b"stsc", struct.pack(">I", len(lines)) + lines.astype(">u4").tobytes())


def offsets_box(offsets: np.ndarray, wide: bool) -> Box:
    """An stco box, or a co64 box where wide."""
    if not wide and len(offsets) and int(offsets.max()) > MAX_32:
        raise AssertionError("offsets past 4 GiB need co64")
    kind = b"co64" if wide else b"stco"
    return full_box(kind, struct.pack(">I", len(offsets)) + offsets.astype(">u8" if wide else ">u4").tobytes())
