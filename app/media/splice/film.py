"""Which packets of a film are new, and what is heard in them: the new sound in its ranges, the source beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from riffusion_inference.datatypes import Waveform

from ..clip import Clip
from ..decode import blocks_between, decode_audio
from ..mp4.movie import Movie
from .codecs import Recipe, recipe_of
from .encode import Beside, check_fits, encode_swap
from .packets import Packets, read_packets
from .plan import Swap, merged, plan_swap

NEAR_PACKETS = 24
"""Packets at each end of a run that are looked at; more than MP3's reservoir reaches."""
SAYS_ITSELF = {"ac3", "eac3", "mp3", "flac"}
"""Codecs whose packets say of themselves how they are coded."""
FADE_SECONDS = 0.015
SILENT_BLOCK = 1 << 18


@dataclass(frozen=True)
class Stretch:
    """New sound of a film, edges and all."""

    start: int
    """First sample, counted from the clip's first frame."""
    sound: Waveform
    """[C, T]."""

    @property
    def end(self) -> int:
        """One past the last sample."""
        return self.start + self.sound.n_samples


@dataclass(frozen=True)
class Splice:
    """What is replaced in a track, planned."""

    packets: Packets
    """Of the track."""
    recipe: Recipe
    """How the new packets are made."""
    swaps: tuple[Swap, ...]
    """The runs, in order."""
    first: int
    """First sample that is heard in the film."""
    end: int
    """One past the last sample that is heard in the film."""

    @property
    def is_longer(self) -> bool:
        """Whether the new sound begins before the old one or goes on after it."""
        grid = self.packets.grid
        return (self.first, self.end) != (grid.first, grid.end)


@dataclass(frozen=True)
class NewRun:
    """A run and its new packets."""

    swap: Swap
    """Where they go."""
    packets: list[bytes]
    """One for each place."""


def plan_splice(clip: Clip, movie: Movie | None, ranges: Sequence[tuple[int, int]]) -> Splice | str:
    """Plan which packets are replaced to put new sound into ranges of a clip's first audio track.

    Args:
        clip: with sound.
        movie: the index of it or of its repackaged copy; None where it is no MP4.
        ranges: half-open, in samples from the clip's first frame. Those that touch are replaced in one go, since the
            packet at their border holds sound of both.
    Returns:
        The plan; or, as half a sentence, why the sound has to be encoded whole.
    """
    packets = read_packets(clip, movie)
    if isinstance(packets, str):
        return packets
    grid, coding = packets.grid, packets.coding
    rough = recipe_of(coding, packets.read(0, 1) if coding.codec in SAYS_ITSELF else [])
    if isinstance(rough, str):
        return rough
    swaps = []
    for start, end in merged(ranges):
        swap = plan_swap(grid, rough.reach, start, end)
        if isinstance(swap, str):
            return swap
        if movie is None and swap.first < 0:
            return "it starts late, and the new sound before it"
        swaps.append(swap)
    if any(before.last > after.first for before, after in pairwise(swaps)):
        return "two ranges are too close to each other for its packets"
    near = [data for swap in swaps for data in _near(packets, swap)] if coding.codec in SAYS_ITSELF else []
    recipe = recipe_of(coding, near)
    why_not = recipe if isinstance(recipe, str) else check_fits(recipe)
    if isinstance(recipe, str) or why_not:
        return why_not
    first = min([grid.first, *(start for start, _ in ranges)])
    last = max([grid.end, *(end for _, end in ranges)])
    if movie is None:
        # Without an edit list a track ends where its last packet does.
        makes_longer = bool(swaps) and (swaps[-1].last > grid.n_packets or recipe.reach.is_lossless)
        last = max(grid.end, swaps[-1].end) if makes_longer else grid.end
    return Splice(packets, recipe, tuple(swaps), first, last)


def _near(packets: Packets, swap: Swap) -> list[bytes]:
    """Packets at both ends of a run."""
    n_packets = packets.grid.n_packets
    first, last = (min(max(place, 0), n_packets) for place in (swap.first, swap.last))
    ends = [(max(0, first - 2), min(n_packets, first + 2)), (max(0, last - 4), min(n_packets, last + NEAR_PACKETS))]
    return [data for low, high in ends for data in packets.read(low, high)]


def new_runs(clip: Clip, splice: Splice, stretches: Sequence[Stretch]) -> list[NewRun]:
    """Encode what is new.

    Args:
        clip: the source, for the sound beside the new.
        splice: from plan_splice.
        stretches: the new sound of its ranges.
    Raises:
        CannotSpliceError: an encoder's packets do not fit among the old ones.
    """
    packets, n_packets = splice.packets, splice.packets.grid.n_packets
    runs = []
    for swap in splice.swaps:
        last = min(max(swap.last, 0), n_packets)
        beside = Beside([], [])
        if packets.coding.codec in SAYS_ITSELF:
            old = packets.read(max(0, last - NEAR_PACKETS), last)
            beside = Beside(old, packets.read(last, min(n_packets, last + NEAR_PACKETS)), last - 1)
        mine = [one for one in stretches if one.end > swap.start and one.start < swap.end]

        def signal(start: int, end: int, mine: list[Stretch] = mine, swap: Swap = swap) -> np.ndarray:
            return film_sound(clip, mine, start, end, old_from=swap.old_from)

        runs.append(NewRun(swap, encode_swap(splice.recipe, swap, signal, beside)))
    return runs


def film_sound(
    clip: Clip, stretches: Sequence[Stretch], start: int, end: int, old_from: int | None = None
) -> np.ndarray:
    """The sound of the film from one sample to another.

    Args:
        clip: the source; only what no stretch covers is decoded.
        stretches: the new sound.
        start: first sample, counted from the clip's first frame.
        end: one past the last.
        old_from: where the new sound has gone over into the old again, whatever the stretches say.
    Returns:
        [C, end - start] float32.
    """
    samples = np.zeros((film_channels(clip, stretches), end - start), dtype=np.float32)
    at = 0
    for block in film_blocks(clip, stretches, start, end):
        samples[:, at : at + block.shape[1]] = block
        at += block.shape[1]
    if old_from is not None:
        n_fade = min(round(FADE_SECONDS * (clip.sample_rate or 1)), max(0, old_from - start))
        old = _own(clip, old_from - n_fade, end)
        rise = np.ones(old.shape[1], dtype=np.float32)
        rise[:n_fade] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n_fade) + 0.5) / max(1, n_fade))
        new = samples[:, old_from - n_fade - start :]
        new[:] = new * (1 - rise) + old * rise
    return samples


def film_channels(clip: Clip, stretches: Sequence[Stretch]) -> int:
    """Channels of a film's sound: the source's own, or those of what is new in one that has none."""
    return stretches[0].sound.n_channels if stretches else max(1, clip.n_channels)


def film_blocks(clip: Clip, stretches: Sequence[Stretch], start: int, end: int) -> Iterator[np.ndarray]:
    """The sound of the film, a few seconds at a time; see film_sound."""
    inside = sorted((one for one in stretches if one.end > start and one.start < end), key=lambda one: one.start)
    at = start
    for one in inside:
        yield from _own_blocks(clip, at, one.start, one.sound.n_channels)
        low, high = max(at, one.start), min(end, one.end)
        yield one.sound.samples[:, low - one.start : high - one.start]
        at = max(at, high)
    yield from _own_blocks(clip, at, end, film_channels(clip, stretches))


def _own_blocks(clip: Clip, start: int, end: int, n_channels: int) -> Iterator[np.ndarray]:
    """The source's own sound; silence where it has none."""
    if clip.sample_rate is not None and end > start:
        yield from blocks_between(clip, start, end)
        return
    for at in range(start, end, SILENT_BLOCK):
        yield np.zeros((n_channels, min(SILENT_BLOCK, end - at)), dtype=np.float32)


def _own(clip: Clip, start: int, end: int) -> np.ndarray:
    """The source's own sound; silence where it has none."""
    if clip.sample_rate is None or end <= start:
        return np.zeros((max(1, clip.n_channels), max(0, end - start)), dtype=np.float32)
    return decode_audio(clip, start_sample=start, end_sample=end).samples
