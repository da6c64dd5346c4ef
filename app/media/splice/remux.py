"""A spliced track in Matroska, WebM and AVI: the packets written one by one, the others' times and all else kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ...files import check_cancel
from ..clip import Clip
from ..open import opened
from .film import NewRun, Splice

SKIPPED = "skip_samples"
"""Samples that are decoded and not heard, at the beginning of the first packet or at the end of the last."""


def write_spliced_sound(
    clip: Clip,
    splice: Splice,
    runs: Sequence[NewRun],
    path: Path,
    container: str,
    should_cancel: ShouldCancel | None,
) -> None:
    """Write the first audio track of a clip with new packets in the place of old ones, by itself.

    Args:
        clip: the source, not MP4.
        splice: the plan.
        runs: the new packets.
        path: the file to create.
        container: FFmpeg's name of its format, the film's own, so that times stay what they are.
        should_cancel: asked for every packet.
    """
    with opened(clip.path) as source, av.open(str(path), "w", format=container) as out:
        stream = source.streams.audio[0]
        new_stream = out.add_stream_from_template(stream)
        old = (packet for packet in source.demux(stream) if packet.size)
        is_pcm = splice.recipe.encoder.startswith("pcm_")
        for packet in (_patched if is_pcm else _replaced)(old, splice, runs):
            check_cancel(should_cancel)
            packet.stream = new_stream
            out.mux(packet)


def _replaced(old: Iterator[Any], splice: Splice, runs: Sequence[NewRun]) -> Iterator[Any]:
    """The packets of the film: a new one has the time of the one whose place it takes."""
    new = {run.swap.first + n: data for run in runs for n, data in enumerate(run.packets)}
    count, last, ends = 0, None, splice.packets.grid.n_packets - 1
    # Where packets follow what was the last one, it is no longer to be cut short.
    is_longer = max(new, default=0) > ends
    for packet in old:
        data = new.pop(count, None)
        if data is None:
            yield packet
        else:
            made = _like(packet, data, packet.pts, packet.duration)
            if packet.has_sidedata(SKIPPED) and not (is_longer and count == ends):
                made.set_sidedata(packet.get_sidedata(SKIPPED))
            yield made
        count, last = count + 1, packet
    grid = splice.packets.grid
    for number in sorted(new):
        assert last is not None
        late = Fraction((number - count + 1) * grid.frame, grid.sample_rate) / last.time_base
        length = round(Fraction(grid.frame, grid.sample_rate) / last.time_base)
        yield _like(last, new[number], last.pts + round(late), length)


def _like(packet: Any, data: bytes, pts: int | None, duration: int | None) -> Any:
    """A packet with other bytes on the same clock."""
    made = av.Packet(data)
    made.pts, made.dts, made.time_base, made.duration = pts, pts, packet.time_base, duration or 0
    made.is_keyframe = True
    return made


def _patched(old: Iterator[Any], splice: Splice, runs: Sequence[NewRun]) -> Iterator[Any]:
    """PCM: within the source's own packets the bytes of new samples take the place of the old ones'."""
    lengths, grid = splice.packets.lengths, splice.packets.grid
    assert lengths is not None
    starts = int(grid.starts[0]) + np.concatenate([[0], np.cumsum(lengths)])
    joined = [(run.swap.start, b"".join(run.packets)) for run in runs]
    packet, end = None, int(starts[-1])
    for packet, start, length in zip(old, starts.tolist(), lengths.tolist(), strict=False):
        align, content = packet.size // length, bytearray(bytes(packet))
        for new_start, data in joined:
            low, high = max(start, new_start), min(start + length, new_start + len(data) // align)
            if low < high:
                piece = data[(low - new_start) * align : (high - new_start) * align]
                content[(low - start) * align : (high - start) * align] = piece
        yield packet if bytes(packet) == content else _like(packet, bytes(content), packet.pts, packet.duration)
    assert packet is not None
    align = packet.size // int(lengths[-1])
    new_start, data = joined[-1]
    rest = data[max(0, end - new_start) * align :]
    step = splice.recipe.frame
    for at in range(0, len(rest) // align, step):
        late = Fraction(int(lengths[-1]) + at, grid.sample_rate) / packet.time_base
        piece = rest[at * align : (at + step) * align]
        length = round(Fraction(len(piece) // align, grid.sample_rate) / packet.time_base)
        yield _like(packet, piece, packet.pts + round(late), length)
