"""Judging the film: the source's pictures untouched, and sound that is new in the dubbed ranges only."""

from __future__ import annotations

from collections.abc import Iterator

from .. import media
from ..media import Edge, Match
from .checks import Check, clock, counted, milliseconds
from .facts import Manifest
from .pictures import MOSTLY, TICK
from .sounds import MIN_LOSSY_SNR_DB

PRIMING_SAMPLES = 2048
"""An encoder's lead before the sound that it was given: FFmpeg's muxer does not hide it in a film that starts late."""


def judge_film(manifest: Manifest, claim: media.Claim, evidence: media.Evidence) -> Iterator[Check]:
    """Whether the film is the source but for the sound of the dubbed parts.

    Args:
        manifest: what the result says.
        claim: the same as the proof takes it.
        evidence: what was found.
    """
    film = evidence.film
    if film is None:
        return
    yield from _pictures(claim, film.pictures)
    yield from _extent(manifest, claim, film)
    if not film.other_tracks:
        yield Check("film", False, "its other audio tracks do not have the source's packets")
    if claim.source.sample_rate is not None:
        yield _sound(claim, film)


def _pictures(claim: media.Claim, seen: media.PictureEvidence) -> Iterator[Check]:
    in_time = seen.n_frames == claim.source.n_frames and seen.late <= TICK + claim.source.time_base
    text = f"{counted(seen.n_frames, 'frame')}, shown when the source shows them"
    if not in_time:
        text = f"{counted(seen.n_frames, 'frame')} of {claim.source.n_frames}, up to {milliseconds(seen.late)} off"
    yield Check("film", in_time, text)
    if seen.same_config is False:
        yield Check("film", False, "it tells decoders something else of its pictures than the source does")
    if seen.match == Match.PACKETS:
        yield Check("film", True, f"its {seen.n_packets} video packets are byte for byte the source's")
    elif seen.match == Match.CONTENT:
        yield Check("film", True, f"its {seen.n_packets} video packets hold what the source's hold, framed otherwise")
    elif seen.match == Match.DECODED:
        yield Check("film", True, f"its {seen.n_decoded} decoded frames are the source's, compared one by one")
    elif seen.match == Match.UNKNOWN or seen.is_damaged:
        yield Check("film", None, "its pictures have to be decoded to be compared, which is not possible here")
    elif seen.n_different > MOSTLY * seen.n_packets:
        text = f"{seen.n_different} of its {seen.n_packets} video packets are not the source's: it was encoded again"
        yield Check("film", False, text)
    elif seen.differs_frame is not None and seen.differs_at is None:
        yield Check("film", False, f"its frame {seen.differs_frame} is not the source's when it is decoded")
    else:
        yield Check("film", False, f"its video packet {seen.differs_at} is not the source's")
    if Edge.DIFFERENT in (seen.first, seen.last):
        yield Check("film", False, "its first or last frame is not the source's when it is decoded")


def _extent(manifest: Manifest, claim: media.Claim, film: media.FilmEvidence) -> Iterator[Check]:
    lead = max(0, film.wanted_start - film.start)
    if claim.is_spliced or lead > PRIMING_SAMPLES:
        lead = 0
    right = film.n_samples - lead == manifest.film_samples and film.sample_rate == manifest.sample_rate
    text = f"its sound has {film.n_samples} samples of {film.sample_rate} Hz"
    said = f", the manifest says {manifest.film_samples} of {manifest.sample_rate} Hz"
    yield Check("film", right, text if right else text + said)
    off = [film.start + lead - film.wanted_start, film.end - film.wanted_end]
    if claim.source.sample_rate is not None and any(abs(one) > film.slack for one in off):
        yield Check(
            "film",
            False,
            f"its sound is heard from sample {film.start} to {film.end}, and should be from {film.wanted_start} to "
            f"{film.wanted_end}",
        )


def _sound(claim: media.Claim, film: media.FilmEvidence) -> Check:
    if claim.is_spliced and film.why_unknown:
        return Check(
            "film", False, f"its sound is said to be spliced, which the source does not allow: {film.why_unknown}"
        )
    if film.stray is not None:
        text = (
            f"outside the dubbed parts its sound is not the source's: the first other packet is at {clock(film.stray)}"
        )
        return Check("film", False, text)
    if film.same_config is False:
        return Check("film", False, "it tells decoders something else of its sound than the source does")
    if claim.is_spliced:
        kept = f"its {film.n_kept} audio packets" if film.n_kept is not None else "its samples"
        return Check("film", True, f"outside the dubbed parts {kept} are the source's, {film.n_new} inside are new")
    if film.likeness_db is None:
        return Check(
            "film", None, "its sound was encoded whole and has to be decoded to be compared, which was not done"
        )
    if film.likeness_db < MIN_LOSSY_SNR_DB:
        at = clock(film.unlike_at) if film.unlike_at is not None else "its start"
        text = f"outside the dubbed parts it does not sound like the source after {at} ({film.likeness_db:.1f} dB)"
        return Check("film", False, text)
    return Check("film", True, f"outside the dubbed parts it sounds like the source ({film.likeness_db:.1f} dB)")
