"""The sound of parts beside the source's: whose packets it is, which samples of them are heard, and when.

As with pictures, the packets of a copy are a run of the source's, byte for byte. Which samples of the run are heard
follows from the edit list, and must be those that the part owns, to the sample; where the source counts in milliseconds
(Matroska) that is known to a few samples only. The first and the last of them are decoded on both sides. Decoders that
remember, or that draw noise (AAC's noise substitution, Opus, AC-3), do not give the same samples twice: there packets
are the proof.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ...files import check_cancel
from ...plan import Part
from ..clip import Clip
from ..clock import slack_samples
from ..cut.lossless import MP4_AUDIO, plain_movie
from ..decode import decode_audio, placed_pieces
from ..mp4.movie import Movie, Track, rescaled
from ..mp4.shown import sound_extent
from ..sound import audio_extent
from .evidence import Match, SoundEvidence
from .packets import Packets, first_difference, nearest, places_of
from .units import read_units

REMEMBERING = {"aac", "opus", "ac3", "eac3", "mp3", "vorbis", "amr_nb", "amr_wb"}
"""Codecs whose decoders do not give the same samples after a fresh start."""
BUNDLED = {"amr_nb", "amr_wb"}
"""Codecs of which FFmpeg hands out as many frames at a time as lie together in a file."""
JITTER_SECONDS = Fraction(60, 1000)
"""By how much the times of packets in a container without an index may be beside their places."""
BLOCK_SECONDS = 20
SEEKS_WITHIN_SECONDS = 90
"""Where a clock makes seeking to a sample impossible, sound is decoded from its start: of longer films that is left."""


@dataclasses.dataclass(frozen=True)
class Sound:
    """One audio track of a file as it is read for the proof."""

    clip: Clip
    """The file."""
    packets: Packets
    """Of the track."""
    start: int
    """First sample that is heard, counted from the first frame."""
    end: int
    """One past the last."""
    n_samples: int
    """Samples that are heard; fewer than fit in between where there are holes."""
    grid: np.ndarray | None
    """[N] int64, first sample of each packet, counted likewise; None without an index."""

    @property
    def rate(self) -> int:
        """Hz."""
        return self.packets.sample_rate


def sound_of(clip: Clip, packets: Packets) -> Sound:
    """Find out when a track is heard.

    Args:
        clip: the file, probed.
        packets: of the track.
    """
    rate = packets.sample_rate
    if packets.track == 0:
        start, end, n_samples = clip.audio_start_sample, clip.audio_end_sample, clip.n_samples
    else:
        extent = audio_extent(clip.path, packets.track, clip.movie)
        start, end = (rescaled(time - clip.start, rate) for time in (extent.start, extent.end))
        n_samples = extent.n_samples
    return Sound(clip, packets, start, end, n_samples, _grid(clip, packets))


def _track(movie: Movie | None, packets: Packets) -> Track | None:
    if movie is None or movie.is_fragmented or packets.index >= len(movie.tracks):
        return None
    track = movie.tracks[packets.index]
    return track if track.handler == "soun" and track.shown is not None else None


def _grid(clip: Clip, packets: Packets) -> np.ndarray | None:
    track = _track(clip.movie, packets)
    if track is None or track.shown is None or track.table.n_samples != packets.count or sound_extent(track) is None:
        return None
    times = track.table.decode_times(0, track.table.n_samples) - track.shown.first
    scale = Fraction(packets.sample_rate, track.timescale)
    at = (times * scale.numerator * 2 + scale.denominator) // (2 * scale.denominator)
    return np.asarray(at + rescaled(track.shown.at - clip.start, packets.sample_rate))


def is_copied(source: Clip, codec: str, is_segmented: bool) -> bool:
    """Whether parts of a clip have its sound's packets, or sound that was encoded again."""
    if is_segmented or plain_movie(source) is not None:
        return True
    return codec in MP4_AUDIO and (source.movie is None or source.movie.is_fragmented)


def can_seek(sound: Sound) -> bool:
    """Whether decoding some samples of a track does not mean decoding all that come before."""
    in_step = (1 / (sound.packets.time_base * sound.rate)).denominator == 1
    return in_step or sound.clip.duration <= SEEKS_WITHIN_SECONDS


def planned(source: Sound, part: Part) -> tuple[int, int]:
    """The samples of a source's track that a part owns, half-open, counted from the source's first frame."""
    low, high = part.owned_samples(source.rate)
    start = source.start if low is None else max(low, source.start)
    return start, source.end if high is None else min(high, source.end)


def segmented_sound(source: Sound, copy: Sound, expected: int) -> SoundEvidence:
    """Hold a piece that a muxer cut between packets against the source.

    Args:
        source: the source's track.
        copy: the piece's.
        expected: how many packets the pieces before it have.
    """
    run = source.packets.digests_of(expected, expected + copy.packets.count)
    differs = first_difference(copy.packets.digests, run)
    match = Match.PACKETS if differs is None else Match.DIFFERENT
    at = _time_of(copy, differs)
    return SoundEvidence(copy.packets.track, match, copy.n_samples, differs_at=at, is_piece=True)


def _time_of(sound: Sound, packet: int | None) -> Fraction | None:
    if packet is None:
        return None
    time = sound.packets.seconds_at(min(packet, max(0, sound.packets.count - 1))) if sound.packets.count else None
    return Fraction(0) if time is None else max(Fraction(0), time - sound.clip.start)


def copied_sound(source: Sound, copy: Sound, part: Part, should_cancel: ShouldCancel | None) -> SoundEvidence:
    """Hold a part's track against the source's, packet by packet and at its edges sample by sample.

    Args:
        source: the source's track.
        copy: the part's.
        part: what it should be.
        should_cancel: asked often.
    """
    found = placed(source, copy, part)
    if not copy.n_samples and not found.missing:
        return dataclasses.replace(found, match=Match.PACKETS)
    if source.packets.codec.startswith("pcm_") and copy.packets.codec == source.packets.codec:
        return _same_samples(found, source, copy, part, should_cancel)
    place, differs = _place(source, copy, part)
    match = Match.PACKETS if place is not None else Match.DIFFERENT
    may_differ = plain_movie(source.clip) is None or source.packets.codec in BUNDLED
    if place is None and may_differ and _same_content(source, copy, should_cancel):
        match = Match.CONTENT
    if place is None and match == Match.DIFFERENT and source.packets.codec != copy.packets.codec:
        differs = 0
    found = dataclasses.replace(found, match=match, same_config=_same_config(source, copy))
    if match == Match.DIFFERENT:
        return dataclasses.replace(found, differs_at=_time_of(copy, differs))
    if place is not None:
        found = dataclasses.replace(found, early=_early(source, copy, part, place))
    return found


def _same_samples(
    found: SoundEvidence, source: Sound, copy: Sound, part: Part, should_cancel: ShouldCancel | None
) -> SoundEvidence:
    """PCM has no packets of its own, every reader makes others: its samples are compared, which is no decoding."""
    start, end = planned(source, part)
    shift, step = part.start_sample(source.rate), BLOCK_SECONDS * source.rate
    for low in range(start, end, step):
        check_cancel(should_cancel)
        high = min(low + step, end)
        theirs = decode_audio(source.clip, track=source.packets.track, start_sample=low, end_sample=high)
        mine = decode_audio(copy.clip, track=copy.packets.track, start_sample=low - shift, end_sample=high - shift)
        if not np.array_equal(mine.samples, theirs.samples):
            return dataclasses.replace(found, differs_at=Fraction(low - shift, source.rate))
    return dataclasses.replace(found, match=Match.PACKETS, same_config=_same_config(source, copy))


def placed(source: Sound, copy: Sound, part: Part) -> SoundEvidence:
    """How the samples that a part plays lie beside those that it owns.

    Args:
        source: the source's track.
        copy: the part's.
        part: what it should be.
    """
    start, end = planned(source, part)
    found = SoundEvidence(copy.packets.track, Match.DIFFERENT, copy.n_samples)
    if start >= end or not copy.n_samples:
        is_missing = not copy.n_samples and source.n_samples and _has_sound(source, start, end)
        return dataclasses.replace(found, missing=max(0, end - start) if is_missing else 0)
    first = part.start_sample(copy.rate)
    off, end_off = copy.start + first - start, copy.end + first - end
    slack = slack_samples(source.packets.time_base, source.rate)
    if off > 1 and not _has_sound(source, start + slack, start + off - slack):
        off = 0
    if end_off < -1 and not _has_sound(source, end + end_off + slack, end - slack):
        end_off = 0
    return dataclasses.replace(found, missing=max(0, off), extra=max(0, -off), end_off=end_off)


def _has_sound(source: Sound, start: int, end: int) -> bool:
    """Whether a source plays anything between two samples; a hole there belongs to nobody."""
    if end <= start:
        return False
    pieces, _, _ = placed_pieces(source.clip, source.packets.track, start, end)
    return any(at < end and at + piece.shape[1] > start for at, piece in pieces)


def _place(source: Sound, copy: Sound, part: Part) -> tuple[int | None, int | None]:
    """The source's packet with which a part's run begins; else the part's first packet that is not the source's."""
    mine, theirs = copy.packets, source.packets
    if not mine.count or not theirs.count:
        return None, 0
    wanted = _expected(source, copy, part)
    differs = first_difference(mine.digests, theirs.digests_of(wanted, wanted + mine.count)) if wanted >= 0 else 0
    if differs is None:
        return wanted, None
    place = nearest(places_of(mine.digests, theirs.digests), wanted)
    if place is None or abs(_late(source, copy, part, place)) > JITTER_SECONDS:
        return None, differs
    return place, None


def _expected(source: Sound, copy: Sound, part: Part) -> int:
    """The source's packet that lies where the part's first heard one should."""
    known = np.flatnonzero(copy.packets.pts + 1 > np.iinfo(np.int64).min + 1)
    heard = 0
    if copy.grid is not None:
        heard = max(0, int(np.searchsorted(copy.grid, copy.start, side="right")) - 1)
    elif len(known):
        heard = int(known[0])
    if copy.grid is not None and source.grid is not None:
        wanted = int(copy.grid[heard]) + part.start_sample(source.rate)
        place = int(np.searchsorted(source.grid, wanted + 1, side="right")) - 1
        after = min(place + 1, len(source.grid) - 1)
        if place >= 0 and abs(int(source.grid[after]) - wanted) < abs(int(source.grid[place]) - wanted):
            place = after
        return place - heard
    time = (copy.packets.seconds_at(heard) or Fraction(0)) - copy.clip.start + part.start + source.clip.start
    units = int(time / source.packets.time_base)
    return int(np.argmin(np.abs(source.packets.pts.astype(np.float64) - units))) - heard


def _late(source: Sound, copy: Sound, part: Part, place: int) -> Fraction:
    """By how much a run's packets lie after their place in the source, at its end."""
    last = copy.packets.count - 1
    mine, theirs = copy.packets.seconds_at(last), source.packets.seconds_at(place + last)
    if mine is None or theirs is None:
        return Fraction(0)
    return mine - copy.clip.start + part.start - (theirs - source.clip.start)


def _early(source: Sound, copy: Sound, part: Part, place: int) -> int:
    """By how many samples packets are heard before their place in the source; 0 where no index says."""
    if source.grid is None or copy.grid is None:
        return 0
    heard = copy.grid >= copy.start
    if not heard.any():
        heard = np.arange(len(copy.grid)) == len(copy.grid) - 1
    wanted = source.grid[place : place + len(copy.grid)] - part.start_sample(source.rate)
    off = (wanted - copy.grid)[heard]
    return int(off[np.argmax(np.abs(off))])


def _same_content(source: Sound, copy: Sound, should_cancel: ShouldCancel | None) -> bool:
    mine, theirs = (read_units(one.clip.path, one.packets.track, should_cancel) for one in (copy, source))
    return bool(places_of(mine.digests, theirs.digests))


def _same_config(source: Sound, copy: Sound) -> bool | None:
    mine, theirs = _track(copy.clip.movie, copy.packets), _track(source.clip.movie, source.packets)
    if mine is not None and theirs is not None and plain_movie(source.clip) is not None:
        stsd = (b"mdia", b"minf", b"stbl", b"stsd")
        return mine.box.need(*stsd).payload == theirs.box.need(*stsd).payload
    return True if copy.packets.config == source.packets.config else None
