"""Judging the parts' pictures by what the proof found of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from .. import media
from ..media import Edge, Match
from .checks import Check, Findings, counted, milliseconds

FINE_CRF, COARSEST_CRF = 24, 51
FINE_SSIM, COARSEST_SSIM = 0.85, 0.45
"""What small grey copies of frames that were encoded again have at least, by x264's rate factor. Measured on six real
clips: 0.99 and more at 16, 0.60 to 0.92 at 51; frames that are ten apart have from 0.3 to, where nothing moves, 1."""
TICK = Fraction(1, 1000)
"""How far a frame's time may be off for a container's rounding."""
MOSTLY = 0.5
"""Where a larger share of the packets is not the source's, it was encoded again."""


def least_ssim(crf: int) -> float:
    """The least likeness that frames have to have which were encoded by a rate factor.

    >>> least_ssim(16), round(least_ssim(51), 2)
    (0.85, 0.45)
    """
    share = max(0, crf - FINE_CRF) / (COARSEST_CRF - FINE_CRF)
    return FINE_SSIM + share * (COARSEST_SSIM - FINE_SSIM)


def judge_pictures(claim: media.Claim, evidence: media.Evidence, crf: int) -> Iterator[Check]:
    """Whether the parts' pictures, one after another, are the source's.

    Args:
        claim: what the result says of itself.
        evidence: what was found.
        crf: x264's rate factor, where they were encoded again.
    """
    found = Findings("frames")
    for one, seen in zip(claim.parts, evidence.pictures, strict=True):
        slack = TICK + claim.source.time_base
        found.add(_wrong(claim, one, seen, slack, least_ssim(crf)), _unknown(one, seen))
    ends = claim.parts[-1].part.end_frame
    if ends < claim.source.n_frames:
        found.add([f"the parts end at frame {ends} of {claim.source.n_frames}"])
    yield from found.checks(_right(claim, evidence.pictures))
    for one, dub in zip(claim.parts, evidence.dubs, strict=True):
        if dub is not None:
            yield _judge_dub(one, dub)


def _wrong(
    claim: media.Claim, one: media.PartFile, seen: media.PictureEvidence, slack: Fraction, least: float
) -> Iterator[str]:
    name, part = f"part {one.part.index}", one.part
    if seen.n_frames != part.n_frames:
        few = "too few" if seen.n_frames < part.n_frames else "too many"
        yield f"{name} shows {counted(seen.n_frames, 'frame')} where {part.n_frames} are planned, {few}"
    if seen.late > slack:
        yield f"{name} shows frames up to {milliseconds(seen.late)} beside their times"
    if seen.like_part is not None:
        yield f"{name} has the pictures of part {seen.like_part}"
    if seen.likeness is not None:
        if seen.likeness < least:
            yield f"frame {seen.differs_frame} of {name} is not the source's (likeness {seen.likeness:.2f} of 1)"
        return
    yield from _wrong_packets(claim, one, seen)
    if seen.same_config is False:
        yield f"{name} tells decoders something else of its pictures than the source does"
    if not seen.is_clean:
        yield f"{name} begins where the source's pictures cannot be decoded from"
    if not seen.is_damaged:
        yield from _wrong_frames(name, seen)


def _wrong_packets(claim: media.Claim, one: media.PartFile, seen: media.PictureEvidence) -> Iterator[str]:
    name, part = f"part {one.part.index}", one.part
    planned = (part.start_frame, part.end_frame - 1)
    if seen.match == Match.DIFFERENT and seen.n_different > MOSTLY * seen.n_packets:
        yield (
            f"{name} does not have the source's pictures: {seen.n_different} of its {seen.n_packets} video packets are "
            "others, as where they were encoded again"
        )
    elif seen.match == Match.DIFFERENT and seen.differs_at is not None:
        more = f", nor are {seen.n_different - 1} more" if seen.n_different > 1 else ""
        yield f"video packet {seen.differs_at} of {name} is not the source's{more}"
    elif seen.match == Match.ELSEWHERE and seen.shows is None:
        yield f"{name} holds another stretch of the source's pictures than planned"
    elif seen.match in (Match.PACKETS, Match.ELSEWHERE) and seen.shows not in (None, planned):
        assert seen.shows is not None
        first, last = seen.shows
        others = [p.part.index for p in claim.parts if (p.part.start_frame, p.part.end_frame - 1) == seen.shows]
        whose = f", which are those of part {others[0]}" if others else ""
        yield f"{name} shows the source's frames {first} to {last}{whose}, and not {planned[0]} to {planned[1]}"


def _wrong_frames(name: str, seen: media.PictureEvidence) -> Iterator[str]:
    for edge, which in ((seen.first, "first"), (seen.last, "last")):
        if edge == Edge.DIFFERENT:
            yield f"the {which} frame of {name} is not the source's when it is decoded"
        elif edge == Edge.LOST:
            yield f"the {which} frame of {name} cannot be decoded, and the source's can"
        elif edge == Edge.MORE:
            yield f"{name} shows more after its last frame"
    if seen.n_others:
        yield f"{name} decodes to {counted(seen.n_others, 'frame')} that it should not show"
    if seen.n_lost:
        yield f"{counted(seen.n_lost, 'frame')} of {name} cannot be decoded, and the source's can"
    if seen.differs_frame is not None:
        yield f"frame {seen.differs_frame} of {name} is not the source's when it is decoded"


def _unknown(one: media.PartFile, seen: media.PictureEvidence) -> Iterator[str]:
    name = f"part {one.part.index}"
    if seen.match == Match.UNKNOWN and seen.likeness is None and seen.n_frames == one.part.n_frames:
        yield f"the pictures of {name} have to be decoded to be compared, which was not done"
    if seen.is_damaged and any(True for _ in _wrong_frames(name, seen)):
        yield f"the source is damaged under {name}, and decoders make different things of that"
    elif Edge.DAMAGED in (seen.first, seen.last):
        yield f"the source is damaged at the edge of {name}, which is as damaged as the source"


def _right(claim: media.Claim, pictures: Sequence[media.PictureEvidence]) -> str:
    frames = counted(sum(seen.n_frames for seen in pictures), "frame")
    decoded = sum(seen.n_decoded for seen in pictures)
    likeness = [seen.likeness for seen in pictures if seen.likeness is not None]
    if likeness:
        looked = "all compared" if decoded >= claim.source.n_frames else f"{decoded} compared"
        return f"{frames}, encoded again, are in the source's order; {looked}, at least {min(likeness):.3f} of 1 alike"
    if any(seen.match == Match.DECODED for seen in pictures):
        return f"{frames} decode to the source's, which was repackaged"
    damaged = sum(seen.n_damaged for seen in pictures)
    if damaged:
        return f"{frames} are the source's; {damaged} do not decode, in the source as little as here"
    if decoded:
        return f"{frames} are the source's, packet for packet, and every one of them decodes"
    edges = [edge for seen in pictures for edge in (seen.first, seen.last)]
    looked_at = sum(edge != Edge.SKIPPED for edge in edges)
    packets = counted(sum(seen.n_packets for seen in pictures), "packet")
    whose = "are the source's" if pictures[0].match == Match.PACKETS else "hold what the source's hold"
    return f"{frames} of the planned times; their {packets} {whose}, and {looked_at} of {len(edges)} edges were decoded"


def _judge_dub(one: media.PartFile, dub: media.DubEvidence) -> Check:
    name = f"part {one.part.index}"
    if not dub.same_pictures:
        return Check(name, False, "the dubbed part's video packets differ from the undubbed part's")
    if not dub.same_config:
        return Check(
            name, False, "the dubbed part tells decoders something else of its pictures than the undubbed part"
        )
    if dub.late > TICK:
        text = f"the dubbed part shows frames up to {milliseconds(dub.late)} beside the undubbed part's times"
        return Check(name, False, text)
    return Check(name, True, "the dubbed part's video packets are byte for byte the undubbed part's")
