"""What the proof finds: plain facts, from which app/result says what is right, wrong or cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from ...plan import Part
from ..clip import Clip


class Depth(StrEnum):
    """How much is decoded to prove a result."""

    EDGES = "edges"
    """What copies show and play first and last; this is what every run ends with."""
    NEW = "new"
    """And all sound that was made or encoded again; this is what verify does."""
    ALL = "all"
    """And every picture, and all sound."""


class Match(StrEnum):
    """By what packets are the source's."""

    PACKETS = "packets"
    """Their bytes are a run of the source's."""
    CONTENT = "content"
    """What they hold is, once the framing that each container has its own way of is taken off."""
    DECODED = "decoded"
    """What they decode to is, all of it compared."""
    ELSEWHERE = "elsewhere"
    """They are a run of the source's, but not the one that was planned."""
    DIFFERENT = "different"
    """They are not."""
    UNKNOWN = "unknown"
    """Only decoding all of them would tell, which was not done."""


class Edge(StrEnum):
    """What decoding the first or the last frame, or the first or last samples, of a copy gives."""

    SAME = "same"
    """What the source has there."""
    DIFFERENT = "different"
    """Something else."""
    LOST = "lost"
    """Nothing, though the source can be decoded there."""
    DAMAGED = "damaged"
    """Nothing, and the source gives nothing there either."""
    MORE = "more"
    """What the source has there, but then there is more."""
    SKIPPED = "skipped"
    """It was not looked at: decoding up to it would take long."""


@dataclass(frozen=True)
class PartFile:
    """A part of a result."""

    part: Part
    """What of the source it is planned to be."""
    path: Path
    """The file with the part's own sound."""
    dubbed: Path | None = None
    """The file with its new sound; None where it has none."""


@dataclass(frozen=True)
class Claim:
    """What a result says of itself, as far as the source proves it."""

    source: Clip
    """The source, probed."""
    mode: str
    """The SplitMode that ran."""
    parts: tuple[PartFile, ...]
    """In order."""
    film: Path | None = None
    """The whole film with the new sound."""
    is_spliced: bool = False
    """Whether only packets within the ranges of dubbed parts are said to be new in it."""
    ranges: tuple[tuple[int, int], ...] = ()
    """Where it has new sound: half-open, in samples from the first frame."""


@dataclass(frozen=True)
class PictureEvidence:
    """The pictures of a part, or of the film, beside the source's."""

    n_frames: int
    """Frames that are shown."""
    late: Fraction
    """By how many seconds, at most, a frame is shown too early or too late, counted from the first; 0 where their
    number is not the planned one."""
    match: Match
    """By what they are the source's."""
    n_packets: int
    """Packets in the file."""
    differs_at: int | None = None
    """The first packet that is not the source's; None where all are, or where they were not held against it."""
    n_different: int = 0
    """How many packets are not the source's."""
    shows: tuple[int, int] | None = None
    """The source's first and last frame that it shows, where packets say so."""
    same_config: bool | None = None
    """Whether decoders are told the same beforehand; None where containers say it in different ways."""
    is_clean: bool = True
    """Whether decoding starts where the source says that it may."""
    first: Edge = Edge.SKIPPED
    """Its first frame."""
    last: Edge = Edge.SKIPPED
    """Its last frame."""
    n_decoded: int = 0
    """Frames that were decoded, beside the first and the last."""
    n_others: int = 0
    """Frames that came out of a decoder and are not among those that are shown."""
    differs_frame: int | None = None
    """Frame of the file, from 0, that is the first one to differ when decoded."""
    n_damaged: int = 0
    """Frames that do not decode in the source."""
    is_damaged: bool = False
    """Whether some of the source's packets there do not decode, so that what comes after them is anybody's guess."""
    n_lost: int = 0
    """Frames that the source decodes to and these do not."""
    like_part: int | None = None
    """The part, 1-based, whose frames these are more like than their own, where they were encoded again."""
    likeness: float | None = None
    """SSIM of the frame that is least like the source's, where they were encoded again."""


@dataclass(frozen=True)
class SoundEvidence:
    """One audio track of a part beside the source's."""

    track: int
    """Number among the audio tracks."""
    match: Match
    """By what it is the source's."""
    n_samples: int
    """Samples per channel."""
    missing: int = 0
    """Samples that the part should begin with and does not have."""
    extra: int = 0
    """Samples that it has before those that it should begin with."""
    end_off: int = 0
    """Samples by which its end lies after the planned one; negative where it ends before."""
    early: int = 0
    """Samples by which its sound is heard too early against the pictures; negative where it is late."""
    differs_at: Fraction | None = None
    """Seconds from the part's first frame of the first packet that is not the source's."""
    same_config: bool | None = None
    """Whether decoders are told the same beforehand."""
    first: Edge = Edge.SKIPPED
    """Its first samples."""
    last: Edge = Edge.SKIPPED
    """Its last samples."""
    likeness_db: float | None = None
    """How far, in the worst second, the difference lies below the source's sound, where it was encoded again."""
    is_encoded: bool = False
    """Whether this kind of source had to have its sound encoded again."""
    is_piece: bool = False
    """Whether a muxer cut it between packets, so that its samples are what a decoder makes of them by themselves."""

    @property
    def is_copy(self) -> bool:
        """Whether its packets, or what they hold, are the source's."""
        return self.match in (Match.PACKETS, Match.CONTENT) and not self.is_encoded


@dataclass(frozen=True)
class DubEvidence:
    """A dubbed part beside the same part with its own sound."""

    same_pictures: bool
    """Whether its pictures' packets are those of the undubbed part."""
    same_config: bool
    """Whether their decoder is told the same."""
    late: Fraction
    """By how many seconds, at most, a frame is shown at another time."""
    n_samples: int
    """Samples of its new sound."""
    sample_rate: int | None
    """Hz of it; None where there is no sound."""


@dataclass(frozen=True)
class FilmEvidence:
    """The film beside the source."""

    pictures: PictureEvidence
    """All of its frames."""
    sample_rate: int | None
    """Hz of its sound."""
    start: int
    """Its first sample, counted from its first frame."""
    n_samples: int
    """Samples that it decodes to."""
    end: int
    """One past its last sample."""
    wanted_start: int
    """Its first sample as the source and the ranges have it."""
    wanted_end: int
    """One past its last sample likewise."""
    slack: int
    """By how many samples its container's clock may put it beside its place."""
    n_kept: int | None = None
    """Packets of its sound that are the source's, where it was spliced."""
    n_new: int = 0
    """Packets of its sound that are new, where it was spliced."""
    stray: Fraction | None = None
    """Seconds from the first frame of the first packet outside the ranges that is not the source's."""
    same_config: bool | None = None
    """Whether the sound's decoder is told what the source's is."""
    likeness_db: float | None = None
    """How far, in the worst second outside the ranges, the difference lies below the source's sound, where all of it
    was encoded and compared."""
    unlike_at: Fraction | None = None
    """Seconds from the first frame of the ten seconds in which that is."""
    why_unknown: str = ""
    """Why the packets of its sound cannot be held against the source's, as half a sentence."""
    other_tracks: bool = True
    """Whether the packets of its other audio tracks are the source's."""


@dataclass(frozen=True)
class Evidence:
    """All that was found."""

    pictures: tuple[PictureEvidence, ...]
    """Of each part."""
    sounds: tuple[tuple[SoundEvidence, ...], ...]
    """Of each part, each audio track that it should have."""
    dubs: tuple[DubEvidence | None, ...]
    """Of each part, None where it is not dubbed."""
    film: FilmEvidence | None
    """None where there is none."""
