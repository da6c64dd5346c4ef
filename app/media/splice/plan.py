"""Which packets of a track are replaced, so that every sample outside the dubbed ranges stays what it was (pure).

A packet n of a lossy codec does not stand for the samples of its own frame alone. Its transform reaches `overlap`
samples past the frame, into the next one, where its fading half is added to the rising half of packet n + 1 (AAC: a
whole frame of 1024; AC-3: 256). So when packets first..last - 1 are replaced, these decoded samples change:

    t(first) ........................................ t(last) .... t(last) + overlap
    |  frame first: old fading half + new rising half  | ... |  frame last: new fading half + old rising half |

where t(n) is the sample at which frame n starts. All of it must lie inside the dubbed range [start, end):

    first: the smallest n with t(n) >= start          last: the largest n with t(n) + overlap <= end

In the two frames where old and new halves meet, the aliasing that neighbouring transforms cancel is not cancelled: what
is heard there is a cross-over from the old sound to the new under the codec's own window, with a mirrored echo of their
difference under the middle of it. It is as long as the overlap, 5 to 21 ms.

Opus predicts from what it has decoded, for good, though ever less. So there the run ends with the packet that contains
the end of the range, and that packet holds the old sound, encoded again. What is decoded after the range then differs
by more than 0.01 for at most 75 ms, by more than 0.0001 for 215 ms, and not at all after 560 ms (tones in noise,
96 kb/s, packets of 20 ms; without such a packet the first two were 115 and 247 ms).

Lossless codecs have no overlap, and there the packets at the edges are replaced too: the new ones hold the old samples
outside the range, unchanged.

Where a range reaches the first or the last sample of the track there is nothing outside to protect: all packets from
there on are new. Where it reaches past them (sound that starts late or ends early), the grid of frames goes on, and the
packets that are added between the track and the range hold silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HOLE_SECONDS = 0.03
"""Millisecond clocks let a packet's time stray by up to 20 ms from where the packets before it end; more is a hole."""
STAYS_SECONDS = 0.005
"""A hole where the last packet of a range still is this far beside the place that counting gives it."""


@dataclass(frozen=True)
class Grid:
    """Where the packets of an audio track lie; samples count from the clip's first frame."""

    starts: np.ndarray
    """[N] int64, first sample of each packet's frame, by the track's clock; hidden ones (priming) are negative."""
    frame: int
    """Samples in a frame."""
    first: int
    """First sample that is heard."""
    end: int
    """One past the last sample that is heard."""
    stop: int
    """One past the last sample that the packets hold, heard or not."""
    sample_rate: int
    """Hz."""

    @property
    def n_packets(self) -> int:
        """Packets in the track."""
        return len(self.starts)

    def start_of(self, packet: int) -> int:
        """First sample of a packet's frame; before the track and after it the grid goes on."""
        inside = min(max(packet, 0), self.n_packets - 1)
        return int(self.starts[inside]) + (packet - inside) * self.frame


@dataclass(frozen=True)
class Reach:
    """How far a packet reaches, by its codec."""

    overlap: int
    """Samples past its frame that it still changes."""
    is_lossless: bool = False
    """True: a new packet can hold old samples unchanged."""
    settles: bool = False
    """True: later packets are predicted from what a decoder remembers of this one, so that the run has to end with a
    packet of the old sound, encoded again: the decoder then remembers much the same when it comes to the old packets
    after it."""


@dataclass(frozen=True)
class Swap:
    """A run of new packets."""

    first: int
    """The first packet that is replaced; negative where packets are added before the track."""
    last: int
    """One past the last; more than the track has where packets are added after it."""
    start: int
    """First sample of the first one's frame."""
    end: int
    """Lossless: one past the last sample of the last one's; else where its frame ends."""
    old_from: int | None = None
    """From which sample on the new packets hold the old sound again; None: to their end they hold the new."""


def merged(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of samples in order, those that touch as one: between them no old packet may be heard.

    >>> merged([(30, 40), (0, 10), (10, 20)])
    [(0, 20), (30, 40)]
    """
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def plan_swap(grid: Grid, reach: Reach, start: int, end: int) -> Swap | str:
    """The packets that are replaced to put new sound into a range.

    Args:
        grid: the track's packets, at least one.
        reach: of its codec.
        start: first sample of the range.
        end: one past the last.
    Returns:
        The run; or, as half a sentence, why the range cannot be spliced.
    """
    first, last = _first(grid, reach, start), _last(grid, reach, end)
    if grid.starts[0] <= start and start <= grid.first:
        first = min(first, 0)
    if reach.is_lossless and last > grid.n_packets:
        # The last packet may be a short one, which only the end of a track may have: it is made again at full length.
        first = min(first, grid.n_packets - 1)
    if last - first < 1:
        return f"{end - start} samples are too few for a packet of {grid.frame}"
    ends_early = last < grid.n_packets and abs(end - reach.overlap - grid.start_of(last)) >= grid.frame + reach.overlap
    if _has_hole(grid, first, last) or ends_early or (first > 0 and abs(grid.start_of(first) - start) >= grid.frame):
        return "its sound has a gap or an overlap there"
    start_at = grid.start_of(first)
    if reach.is_lossless:
        # A track that ends with a short packet ends where it did; one that is made longer ends with the range.
        ends = max(end, grid.stop) if last >= grid.n_packets else grid.start_of(last)
        return Swap(first, last, start_at, ends)
    end_at = start_at + (last - first) * grid.frame
    return Swap(first, last, start_at, end_at, end_at - grid.frame if reach.settles and last < grid.n_packets else None)


def _first(grid: Grid, reach: Reach, start: int) -> int:
    before = int(grid.starts[0]) - start
    if before > 0:
        # Packets are added before the track: as many as cover the range, and one in which the decoder warms up.
        return -before // grid.frame - (0 if reach.is_lossless else 1)
    if reach.is_lossless:
        return int(np.searchsorted(grid.starts, start, side="right")) - 1
    return int(np.searchsorted(grid.starts, start, side="left"))


def _last(grid: Grid, reach: Reach, end: int) -> int:
    n_packets = grid.n_packets
    if end >= grid.end:
        missing = end - grid.start_of(n_packets)
        return n_packets + max(0, -(-missing // grid.frame))
    if reach.is_lossless or reach.settles:
        return int(np.searchsorted(grid.starts, end, side="left"))
    # The end of packet n - 1 is the start of packet n.
    last = int(np.searchsorted(grid.starts, end - reach.overlap, side="right")) - 1
    return max(0, last) if end > grid.starts[0] else 0


def _has_hole(grid: Grid, first: int, last: int) -> bool:
    """Whether packets in a run, or the one after it, are not where counting from the first one puts them."""
    low, high = min(max(first, 0), grid.n_packets - 1), min(last + 1, grid.n_packets)
    if high - low < 2:
        return False
    strays = np.abs(grid.starts[low:high] - grid.starts[low] - np.arange(high - low) * grid.frame)
    return bool(strays.max() > HOLE_SECONDS * grid.sample_rate or strays[-1] > STAYS_SECONDS * grid.sample_rate)
