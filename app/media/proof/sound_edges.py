"""The first and the last samples that parts play, decoded and held against the source's; each file is opened once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ...files import check_cancel
from ...plan import Part
from ..mp4.movie import rescaled
from ..open import opened, seek_back
from ..sound import audio_stream, decoded_pieces
from .evidence import Edge, SoundEvidence
from .likeness import alike_db
from .sounds import REMEMBERING, Sound, can_seek, planned

EDGE_SAMPLES = 2048
WARM_UP_SECONDS = Fraction(1, 2)
"""More than any decoder here remembers of what it can forget."""
NEAR_SECONDS = 2
"""Ranges no further apart than this are decoded in one go."""
MIN_ALIKE_DB = 3.0
Range = tuple[int, int]


def with_edges(
    found: Sequence[SoundEvidence],
    source: Sound,
    copies: Sequence[tuple[Sound, Part]],
    should_cancel: ShouldCancel | None,
) -> list[SoundEvidence]:
    """What was found of copies, and what decoding their first and last samples gives.

    Args:
        found: of one track in each part.
        source: the source's track.
        copies: the parts' tracks, and the parts.
        should_cancel: asked for every part.
    """
    edges = [_edges(one, source, part) for one, (_, part) in zip(found, copies, strict=True)]
    wanted = sorted({one for pair in edges for one in pair})
    theirs = dict(zip(wanted, windows(source, wanted), strict=True))
    done = []
    for one, pair, (copy, part) in zip(found, edges, copies, strict=True):
        check_cancel(should_cancel)
        if pair:
            shift = part.start_sample(source.rate)
            mine = windows(copy, [(low - shift, high - shift) for low, high in pair])
            first, last = (_compared(theirs[place], heard, source) for place, heard in zip(pair, mine, strict=True))
            one = dataclasses.replace(one, first=first, last=last)
        done.append(one)
    return done


def _edges(found: SoundEvidence, source: Sound, part: Part) -> list[Range]:
    """The source's samples that a part begins and ends with; none where they are not worth looking at."""
    start, end = planned(source, part)
    length = min(EDGE_SAMPLES, end - start)
    is_placed = found.is_copy and not found.missing and found.extra <= 1 and found.n_samples
    return [(start, start + length), (end - length, end)] if length > 0 and is_placed and can_seek(source) else []


def windows(sound: Sound, ranges: Sequence[Range]) -> list[np.ndarray]:
    """Decode some ranges of a track.

    Args:
        sound: the track.
        ranges: half-open, in samples from the first frame, rising.
    Returns:
        [C, n] of each; silence where the track has no sound.
    """
    if not ranges:
        return []
    clip, rate = sound.clip, sound.rate
    found: list[np.ndarray] = []
    with opened(clip.path) as container:
        stream = audio_stream(container, sound.packets.track, clip.path)
        channels, time_base = stream.codec_context.channels, Fraction(stream.time_base)
        in_step = (1 / (time_base * rate)).denominator == 1
        found = [np.zeros((channels, high - low), dtype=np.float32) for low, high in ranges]
        for group in _groups(ranges, NEAR_SECONDS * rate if in_step else ranges[-1][1] - ranges[0][0] + 1):
            low, high = ranges[group[0]][0], max(ranges[n][1] for n in group)
            from_time = clip.start + Fraction(low, rate) - WARM_UP_SECONDS
            if in_step and from_time > 0:
                seek_back(container, stream, int(from_time / time_base))
            since = clip.start + Fraction(low, rate)
            for time, piece in decoded_pieces(container, stream, clip.movie, since):
                at = rescaled(time - clip.start, rate)
                if at >= high:
                    break
                for number in group:
                    _put(found[number], ranges[number], at, piece)
    return found


def _groups(ranges: Sequence[Range], near: int) -> list[list[int]]:
    """Numbers of ranges that lie close together.

    >>> _groups([(0, 1), (2, 3), (90, 91)], 10)
    [[0, 1], [2]]
    """
    groups: list[list[int]] = [[0]]
    for number in range(1, len(ranges)):
        is_near = ranges[number][0] - ranges[groups[-1][-1]][1] <= near
        groups[-1].append(number) if is_near else groups.append([number])
    return groups


def _put(samples: np.ndarray, place: Range, at: int, piece: np.ndarray) -> None:
    low, high = max(place[0], at), min(place[1], at + piece.shape[1])
    if low < high:
        samples[:, low - place[0] : high - place[0]] = piece[:, low - at : high - at]


def _compared(theirs: np.ndarray, mine: np.ndarray, source: Sound) -> Edge:
    if mine.shape == theirs.shape and np.array_equal(mine, theirs):
        return Edge.SAME
    # The file's clock may leave it open to which of two neighbouring samples a time belongs.
    if mine.shape == theirs.shape and mine.shape[1] > 2:
        near = (np.array_equal(mine[:, 1:], theirs[:, :-1]), np.array_equal(mine[:, :-1], theirs[:, 1:]))
        if any(near):
            return Edge.SAME
    if source.packets.codec in REMEMBERING:
        # Noise that a decoder draws, and what it has not heard yet, is no fault: the packets are the proof.
        return Edge.SAME if alike_db(theirs, mine) >= MIN_ALIKE_DB else Edge.SKIPPED
    return Edge.DIFFERENT
