"""A spliced track in MP4 and MOV: the source's tables with other sizes and places where packets are new.

A packet that takes another's place has its time and its duration, so stts stays as it is, and the edit list too. What
changes is how long the new ones are (stsz) and where they lie: the source's chunks are cut at the ends of each run, and
the new packets stand in the middle, where the old ones stood, in a file of their own.

    chunks of the source    | 0 1 2 3 | 4 5 6 7 | 8 9 10 11 |       packets 2 to 8 are new
    chunks of the film      | 0 1 |2 3|4 5 6 7|8| 9 10 11 |
    copied from               source   new      source

Only where the new sound begins before the old or goes on after it are there more packets than before, and another edit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..clip import Clip
from ..mp4.boxes import Box
from ..mp4.movie import BESIDE, OutTrack, Track, rescaled
from ..mp4.slice import Span, cut_track
from ..mp4.tables import Runs, SampleTable, chunks_box, sizes_box
from .film import NewRun, Splice

REPLACED_BOXES = (b"stsz", b"stz2", b"stsc", b"stco", b"co64")


@dataclasses.dataclass(frozen=True)
class _Piece:
    """New samples of a track: where they stand in it, and where their bytes lie."""

    first: int
    """The first one, by the source's numbers; negative where they come before its first."""
    sizes: np.ndarray | int
    """[n] bytes of each, or one size for all."""
    count: int
    """How many."""
    at: int
    """First byte in the file of new packets."""

    @property
    def last(self) -> int:
        """One past the last one."""
        return self.first + self.count


def write_packets(runs: Sequence[NewRun], path: Path) -> None:
    """Write new packets into a file, one after another."""
    path.write_bytes(b"".join(data for run in runs for data in run.packets))


def spliced_track(
    clip: Clip, splice: Splice, runs: Sequence[NewRun], data: Path, movie_timescale: int, keeps_edits: bool
) -> tuple[OutTrack, int | None]:
    """A track with new packets in the place of old ones.

    Args:
        clip: the source, or its repackaged copy.
        splice: the plan; its track is that clip's.
        runs: the new packets.
        data: the file that holds them, as write_packets wrote it.
        movie_timescale: of the film.
        keeps_edits: whether the edit list and the durations stay as they are in the file.
    Returns:
        The track, and its end in movie_timescale; None where it ends as it did.
    """
    track = splice.packets.track
    assert track is not None
    pieces = _pieces(track, splice, runs)
    table, order = _spliced_table(track, splice, pieces)
    if keeps_edits:
        trak = _with_sizes_and_chunks(track.box, table)
        return OutTrack(trak, track.path, table.chunk_offsets, table.chunk_sizes(), order, data), None
    grid = splice.packets.grid
    ticks = Fraction(track.timescale, grid.sample_rate)
    first = rescaled((splice.first - min(runs[0].swap.start, int(grid.starts[0]))) * ticks, 1)
    end = first + rescaled((splice.end - splice.first) * ticks, 1)
    span = Span(0, table.n_samples, clip.start + Fraction(splice.first, grid.sample_rate), first, end)
    out, ends = cut_track(dataclasses.replace(track, table=table), span, movie_timescale)
    return dataclasses.replace(out, order=order, beside=data), ends


def _pieces(track: Track, splice: Splice, runs: Sequence[NewRun]) -> list[_Piece]:
    """Packets as the table's samples: the same, but that PCM's table counts single samples of sound."""
    pieces, at = [], 0
    for run in runs:
        total = sum(map(len, run.packets))
        if isinstance(track.table.sizes, int) and splice.recipe.encoder.startswith("pcm_"):
            first = run.swap.first * splice.recipe.frame
            pieces.append(_Piece(first, track.table.sizes, total // track.table.sizes, at))
        else:
            pieces.append(_Piece(run.swap.first, np.array([*map(len, run.packets)]), len(run.packets), at))
        at += total
    return pieces


def _spliced_table(track: Track, splice: Splice, pieces: Sequence[_Piece]) -> tuple[SampleTable, np.ndarray]:
    """The tables with new samples, and each chunk's place in the order of the film.

    A chunk stands where its first sample, or the one that it replaces, lay in the source.
    """
    old, lead = track.table, max(0, -pieces[0].first)
    n_samples = lead + max(old.n_samples, pieces[-1].last)
    edges = [edge + lead for piece in pieces for edge in (piece.first, piece.last)]
    bounds = np.unique(np.concatenate([old.chunk_first + lead, edges, [0, n_samples]])).astype(np.int64)
    firsts = bounds[:-1] - lead
    inside = np.clip(firsts, 0, old.n_samples - 1)
    chunk = np.searchsorted(old.chunk_first, inside, side="right") - 1
    before = _byte_ends(old.sizes, old.n_samples)
    places = old.chunk_offsets[chunk] + before(inside) - before(old.chunk_first[chunk])
    order = places + np.sign(firsts - inside)
    for piece in pieces:
        new = (firsts >= piece.first) & (firsts < piece.last)
        places[new] = BESIDE + piece.at + _byte_ends(piece.sizes, piece.count)(firsts[new] - piece.first)
    sizes = _sizes(old, lead, n_samples, pieces)
    durations = _durations(track, splice, lead, n_samples)
    return SampleTable(n_samples, durations, None, None, sizes, places, bounds, old.chunk_entry[chunk]), order


def _byte_ends(sizes: np.ndarray | int, count: int):  # type: ignore[no-untyped-def]
    """From a number of samples to the bytes that as many take."""
    if isinstance(sizes, int):
        return lambda numbers: numbers * sizes
    ends = np.concatenate([[0], np.cumsum(sizes)])
    return lambda numbers: ends[numbers]


def _sizes(old: SampleTable, lead: int, n_samples: int, pieces: Sequence[_Piece]) -> np.ndarray | int:
    if all(isinstance(piece.sizes, int) for piece in pieces):
        return old.sizes  # PCM: a sample is as long as another.
    sizes = np.zeros(n_samples, dtype=np.int64)
    sizes[lead : lead + old.n_samples] = old.sizes_of(0, old.n_samples)
    for piece in pieces:
        sizes[piece.first + lead : piece.last + lead] = piece.sizes
    return sizes


def _durations(track: Track, splice: Splice, lead: int, n_samples: int) -> Runs:
    """The source's durations, and a frame for each packet that is added; the last of them may be a short one."""
    old, grid = track.table, splice.packets.grid
    tail = n_samples - lead - old.n_samples
    is_pcm = splice.recipe.encoder.startswith("pcm_")
    ticks = int(old.durations.values[0]) if is_pcm else rescaled(grid.frame, track.timescale, grid.sample_rate)
    counts, values = old.durations.counts.copy(), old.durations.values.copy()
    if lead + tail == 0 and not splice.is_longer:
        return old.durations
    if splice.end > grid.stop and not is_pcm:
        # The source's last packet may have been called shorter than it is, to end the track there.
        counts, values = np.append(counts, [1, tail]), np.append(values, [ticks, ticks])
        counts[-3] -= 1
    elif is_pcm:
        counts, values = np.append(counts, tail), np.append(values, ticks)
    counts, values = np.append(lead, counts), np.append(ticks, values)
    if splice.recipe.reach.is_lossless and not is_pcm and splice.end > grid.stop:
        whole = grid.start_of(grid.n_packets + tail)
        counts, values = np.append(counts, 1), np.append(values, ticks)
        counts[np.flatnonzero(counts[:-1])[-1]] -= 1
        values[-1] -= rescaled(max(0, whole - splice.end), track.timescale, grid.sample_rate)
    return Runs(counts[counts > 0], values[counts > 0])


def _with_sizes_and_chunks(trak: Box, table: SampleTable) -> Box:
    """A trak whose samples have other sizes and lie elsewhere, all else as it was."""
    mdia = trak.need(b"mdia")
    minf = mdia.need(b"minf")
    stbl = minf.need(b"stbl")
    if isinstance(table.sizes, int):
        kept = [box for box in stbl.children if box.kind not in (b"stsc", b"stco", b"co64")]
    else:
        kept = [box for box in stbl.children if box.kind not in REPLACED_BOXES] + [sizes_box(table.sizes)]
    kept.append(chunks_box(np.diff(table.chunk_first), table.chunk_entry))
    return trak.replaced(mdia.replaced(minf.replaced(Box(b"stbl", b"", kept))))
