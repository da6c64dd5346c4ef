"""Judging the parts' own sound by what the proof found of it."""

from __future__ import annotations

from collections.abc import Iterator

from .. import media
from ..media import Edge, Match
from .checks import Check, Findings, clock, counted

MIN_LOSSY_SNR_DB = 1.5
"""Sound that was encoded again: in each second the difference is at least this far below the sound there and in the
seconds beside it. Measured with AAC at this program's rates: tones 37 to 52 dB, white noise, the worst case, 2.7 dB.
Silence in the place of the sound has 0 dB, other sound and sound that lies elsewhere about -3 dB."""
MILLISECOND_SAMPLES = 500
"""A container that counts in milliseconds leaves its sound's place open by one five-hundredth of a second."""


def judge_sounds(claim: media.Claim, evidence: media.Evidence, sample_rate: int) -> Iterator[Check]:
    """Whether the parts' own sound, one after another, is the source's.

    Args:
        claim: what the result says of itself.
        evidence: what was found.
        sample_rate: of the result, Hz.
    """
    source = claim.source
    if source.sample_rate is None:
        return
    if not any(seen.is_piece for tracks in evidence.sounds for seen in tracks):
        total = sum(tracks[0].n_samples for tracks in evidence.sounds if tracks)
        text = f"the parts have {total} samples, the source {source.n_samples}"
        yield Check("samples", total == source.n_samples, text)
    found = Findings("sound")
    has_index = source.movie is not None and not source.movie.is_fragmented
    slack = 2 if has_index else max(2, sample_rate // MILLISECOND_SAMPLES)
    for one, tracks in zip(claim.parts, evidence.sounds, strict=True):
        if not tracks:
            found.add([f"part {one.part.index} has no sound, and the source has"])
        for seen in tracks:
            name = f"that of part {one.part.index}" + (f" in track {seen.track + 1}" if seen.track else "")
            found.add(_wrong(name, seen, slack), _unknown(name, seen))
    yield from found.checks(_right(evidence))


def _wrong(name: str, seen: media.SoundEvidence, slack: int) -> Iterator[str]:
    if seen.match == Match.DIFFERENT:
        at = f" from {clock(seen.differs_at)} on" if seen.differs_at is not None else ""
        yield f"{name} does not have the source's packets{at}"
        return
    if seen.same_config is False:
        yield f"{name} tells decoders something else than the source does"
    if seen.missing > slack:
        yield f"{name} lacks its first {counted(seen.missing, 'sample')}"
    if seen.extra > slack:
        yield f"{name} begins {counted(seen.extra, 'sample')} before the part's own"
    if abs(seen.end_off) > slack:
        where = "after" if seen.end_off > 0 else "before"
        yield f"{name} ends {counted(abs(seen.end_off), 'sample')} {where} its place"
    if abs(seen.early) > slack:
        yield f"{name} plays its packets {counted(abs(seen.early), 'sample')} beside their places"
    if Edge.DIFFERENT in (seen.first, seen.last):
        which = "first" if seen.first == Edge.DIFFERENT else "last"
        yield f"{name} decodes to other {which} samples than the source"
    if seen.likeness_db is not None and seen.likeness_db < MIN_LOSSY_SNR_DB:
        yield f"{name}, encoded again, is not the source's ({seen.likeness_db:.1f} dB in the worst second)"


def _unknown(name: str, seen: media.SoundEvidence) -> Iterator[str]:
    if seen.match == Match.UNKNOWN:
        yield f"{name} would have to be decoded from the film's start to be compared, which was not done"


def _right(evidence: media.Evidence) -> str:
    tracks = [seen for part in evidence.sounds for seen in part]
    likeness = [seen.likeness_db for seen in tracks if seen.likeness_db is not None]
    if likeness and min(likeness) < float("inf"):
        return f"the parts' own sound, encoded again, is the source's ({min(likeness):.1f} dB in the worst second)"
    if any(seen.is_piece for seen in tracks):
        return "the source's packets of sound are each in one part, in order"
    if any(seen.is_encoded for seen in tracks):
        return "the parts' own sound, encoded again without loss, is the source's, sample for sample"
    return "the parts' own sound is the source's packets, heard from the very sample to the very sample"
