"""The film's sound beside the source's: outside the dubbed ranges every packet is the source's.

Which packets may be new follows from the ranges and the codec, by the rule that they were made by (splice/plan.py): one
whose sound reaches outside a range may not. PCM has no packets to speak of, so its samples are compared. A film whose
sound was encoded whole has none of the source's packets, and its sound is held against the source's second by second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ...files import check_cancel
from ..clip import Clip
from ..decode import decode_audio
from ..film import splice_of
from ..splice.film import Splice
from .evidence import Claim, Depth, FilmEvidence, PictureEvidence
from .likeness import likeness_db
from .packets import FilePackets, Packets, first_difference

MILLISECONDS = Fraction(2, 1000)
"""By how much a container without an index may put sound beside its place."""
LEAK_SAMPLES = 2048
"""One frame of an encoder and its overlap: this far beside new sound it leaks into the old."""
PCM_BLOCK_SECONDS = 10


@dataclass(frozen=True)
class FilmSound:
    """What is needed of both to compare their sound."""

    claim: Claim
    """What the result says."""
    film: Clip
    """Probed."""
    mine: FilePackets
    """Of the film."""
    theirs: FilePackets
    """Of the source."""
    depth: Depth
    """How much is decoded."""
    should_cancel: ShouldCancel | None
    """Asked often."""


def film_evidence(sound: FilmSound, pictures: PictureEvidence) -> FilmEvidence:
    """Hold a film's sound against the source's.

    Args:
        sound: both of them.
        pictures: what was found of its pictures.
    """
    film, claim = sound.film, sound.claim
    found = FilmEvidence(
        pictures,
        film.sample_rate,
        film.audio_start_sample,
        film.n_samples,
        film.audio_end_sample,
        *_wanted(claim, film),
        slack=1 if film.movie is not None else max(2, round(MILLISECONDS * (film.sample_rate or 1))),
        other_tracks=_same_others(sound),
    )
    if not claim.is_spliced or claim.source.sample_rate is None:
        return _encoded(found, sound)
    plan = splice_of(claim.source, claim.ranges)
    if isinstance(plan, str):
        return replace(found, why_unknown=plan)
    found = replace(found, wanted_start=plan.first, wanted_end=plan.end)
    if not sound.mine.sounds:
        return replace(found, stray=Fraction(0))
    if plan.recipe.encoder.startswith("pcm_"):
        return replace(found, stray=_stray_samples(sound, plan), same_config=True)
    return _spliced(found, sound, plan)


def _wanted(claim: Claim, film: Clip) -> tuple[int, int]:
    """From where to where a film whose sound was encoded whole has to be heard."""
    source = claim.source
    ends = [end for _, end in claim.ranges]
    if source.sample_rate is None:
        return 0, max([claim.parts[-1].part.end_sample(film.sample_rate or 1), *ends])
    return min(0, source.audio_start_sample), max([source.audio_end_sample, *ends])


def _same_others(sound: FilmSound) -> bool:
    """Whether the film's other audio tracks have the source's packets."""
    mine, theirs = sound.mine.sounds[1:], sound.theirs.sounds[1:]
    both = zip(mine, theirs, strict=False)
    is_pcm = [one.codec.startswith("pcm_") for one in theirs]
    same = [one.digests == other.digests or pcm for (one, other), pcm in zip(both, is_pcm, strict=False)]
    return len(mine) == len(theirs) and all(same)


def _spliced(found: FilmEvidence, sound: FilmSound, plan: Splice) -> FilmEvidence:
    mine, theirs = sound.mine.sounds[0], sound.theirs.sounds[0]
    lead = max(0, -min((swap.first for swap in plan.swaps), default=0))
    allowed = np.zeros(max(mine.count, theirs.count + lead) + 1, dtype=bool)
    for swap in plan.swaps:
        allowed[max(0, swap.first + lead) : swap.last + lead] = True
    stray, kept = None, 0
    for first, last in _stretches(~allowed[: max(mine.count, theirs.count + lead)]):
        differs = first_difference(mine.digests_of(first, last), theirs.digests_of(first - lead, last - lead))
        kept += last - first if differs is None else differs
        if differs is not None and stray is None:
            stray = _time(mine, first + differs, sound.film)
    return replace(
        found,
        n_kept=kept,
        n_new=int(allowed[: mine.count].sum()),
        stray=stray,
        same_config=_same_config(mine, theirs),
    )


def _stretches(mask: np.ndarray) -> Iterator[tuple[int, int]]:
    """Runs of True, half-open."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _time(packets: Packets, number: int, clip: Clip) -> Fraction:
    if not packets.count:
        return Fraction(0)
    seconds = packets.seconds_at(min(number, packets.count - 1))
    return max(Fraction(0), seconds - clip.start) if seconds is not None else Fraction(0)


def _same_config(mine: Packets, theirs: Packets) -> bool:
    """Whether decoders are told the same; FLAC's checksum of all samples is the muxer's to change."""
    if mine.codec != theirs.codec:
        return False
    if mine.codec == "flac":
        return mine.config[-34:-16] == theirs.config[-34:-16]
    return mine.config == theirs.config or mine.codec not in ("aac", "alac", "opus")


def _outside(ranges: Sequence[tuple[int, int]], start: int, end: int, beside: int) -> list[tuple[int, int]]:
    """What lies outside some ranges, and not right beside them.

    >>> _outside([(30, 40)], 0, 100, 5)
    [(0, 25), (45, 100)]
    """
    found, at = [], start
    for low, high in sorted(ranges):
        if low - beside > at:
            found.append((at, low - beside))
        at = max(at, high + beside)
    return [*found, (at, end)] if at < end else found


def _stray_samples(sound: FilmSound, plan: Splice) -> Fraction | None:
    """When PCM outside the ranges is first not the source's."""
    source, rate = sound.claim.source, plan.packets.grid.sample_rate
    for low, high in _outside(sound.claim.ranges, plan.packets.grid.first, plan.packets.grid.end, 0):
        for at in range(low, high, PCM_BLOCK_SECONDS * rate):
            check_cancel(sound.should_cancel)
            end = min(at + PCM_BLOCK_SECONDS * rate, high)
            mine, theirs = (decode_audio(one, start_sample=at, end_sample=end) for one in (sound.film, source))
            if not np.array_equal(mine.samples, theirs.samples):
                return Fraction(at, rate)
    return None


def _encoded(found: FilmEvidence, sound: FilmSound) -> FilmEvidence:
    """Sound that was encoded whole: outside the ranges it sounds as the source does."""
    source, rate = sound.claim.source, sound.film.sample_rate
    if source.sample_rate is None or rate != source.sample_rate:
        return found
    late = found.start - found.wanted_start
    late = late if abs(late) <= found.slack else 0
    least, when = np.inf, None
    outside = _outside(sound.claim.ranges, found.wanted_start, found.wanted_end, LEAK_SAMPLES)
    if sound.depth == Depth.EDGES and outside:
        outside = [(low, min(low + rate, high)) for low, high in (outside[0], outside[-1])]
    for low, high in outside:
        for at in range(low, high, PCM_BLOCK_SECONDS * rate):
            check_cancel(sound.should_cancel)
            end = min(at + PCM_BLOCK_SECONDS * rate, high)
            theirs = decode_audio(source, start_sample=at, end_sample=end).samples
            mine = decode_audio(sound.film, start_sample=at + late, end_sample=end + late).samples
            like = likeness_db(theirs, mine, rate)
            if like < least:
                least, when = like, Fraction(at, rate)
    return replace(found, likeness_db=float(least), unlike_at=when)
