"""Frame-exact and sample-exact parts with nothing encoded again: the packets a part needs, and edit lists.

A part holds the packets from the keyframe before its first frame to the last packet that any of its frames needs. The
edit list of each track says from when to when it is shown, so that the lead-in before the cut and the reordered frames
after it are decoded but never seen, and the sound starts and ends at the very sample. mp4/slice.py derives how.

Three clocks meet here: Fraction seconds on the source's timeline (a part's start and end), Fraction seconds on the
part's own timeline (0 is `origin` on the source's), and media time, integers in a track's timescale. Where a track
shows its media from `shown.first` on at `shown.at` seconds, second s is media time (s - shown.at) * timescale +
shown.first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from ...plan import Part
from ..clip import Clip
from ..mp4.describe import clip_chapters, renumbered, with_picture_tags
from ..mp4.movie import Movie, OutTrack, Track, common_timescale, read_movie, rescaled
from ..mp4.shown import object_type, sound_extent, usual_duration
from ..mp4.slice import Span, cut_track
from ..mp4.start_points import StartPoint, start_point
from ..mp4.write import write_movie

# How many packets before the first one wanted a decoder is given, so that it decodes that one as it would have midway.
# AAC, AC-3 and E-AC-3 add the second half of each window to the first half of the next. MP3 frames may begin in the
# bytes left over in earlier ones (the bit reservoir). Opus predicts from what it has decoded: RFC 7845 asks for 80 ms.
WARM_UP_PACKETS = {"mp4a": 2, ".mp3": 12, "ac-3": 2, "ec-3": 3, "Opus": 8}
MPEG_AUDIO_OBJECTS = {0x69, 0x6B}
NO_WARM_UP = {"fLaC", "alac", "sowt", "twos", "lpcm", "ipcm", "fpcm", "in24", "in32", "fl32", "fl64", "raw ", "ulaw"}
OTHER_WARM_UP = 4
DROPPED_HANDLERS = ("tmcd", "hint")


def write_part(
    movie: Movie | None,
    clip: Clip,
    part: Part,
    path: Path,
    *,
    pictures: Track | None,
    encoded: Track | None = None,
    on_bytes: Callable[[int], None] | None = None,
) -> None:
    """Write one part of a movie.

    Args:
        movie: the source's index; None where there is nothing but encoded pictures.
        clip: the source as probed, on the same timeline as movie.
        part: which frames.
        path: the file to create.
        pictures: the track of movie that contains the clip's frames; None where it has none.
        encoded: pictures of this part, re-encoded, to use instead of the source's.
        on_bytes: called with the number of bytes copied since the last call; may raise to stop.
    Raises:
        OSError: the file cannot be written.
    """
    if movie is None:
        assert encoded is not None
        movie = read_movie(encoded.path)
        pictures = movie.tracks[0]
    origin = part_origin(movie, clip, part)
    kept = [track for track in movie.tracks if track.handler not in DROPPED_HANDLERS]
    main = encoded or pictures
    assert main is not None
    rates = {t.number: _sample_rate(clip, movie, t) if t.handler == "soun" else t.timescale for t in kept}
    scale = common_timescale([main.timescale, *(rates[t.number] for t in kept if t.handler == "soun")])
    made = []
    if encoded is not None:
        kept = [track for track in kept if track is not pictures]
        made = [_encoded_track(encoded, pictures, movie, clip.start + part.start - origin, part.duration, scale)]
    for track in kept:
        span = span_of(movie, clip, part, track, origin)
        rate = rates[track.number]
        made.append(cut_track(track, span, scale, timescale=rate, order_by_time=encoded is not None))
    longest = max(end for _, end in made)
    moov = clip_chapters(movie.moov, origin, origin + Fraction(longest, scale))
    write_movie(path, movie.ftyp, moov, scale, longest, [out for out, _ in made], on_bytes)


def _encoded_track(
    encoded: Track, pictures: Track | None, movie: Movie, at: Fraction, duration: Fraction, scale: int
) -> tuple[OutTrack, int]:
    """All of an encoded track, with the header of the one that it replaces."""
    assert encoded.shown is not None
    first = encoded.shown.first
    end = first + rescaled(duration, encoded.timescale)
    span = Span(0, encoded.table.n_samples, at, first, end)
    described = with_picture_tags(encoded, pictures) if pictures is not None else renumbered(encoded, movie)
    return cut_track(described, span, scale, order_by_time=True)


def part_origin(movie: Movie, clip: Clip, part: Part) -> Fraction:
    """Seconds on the source's timeline that become 0 in the part: its first frame, or sound that comes before it."""
    if part.index > 1:
        return clip.start + part.start
    starts = [t.shown.at for t in movie.of_kind("soun") if t.shown is not None and t.table.n_samples]
    return min([clip.start, *starts])


def span_of(movie: Movie, clip: Clip, part: Part, track: Track, origin: Fraction) -> Span:
    """Which samples of a track a part needs, and what of them it shows."""
    if not track.table.n_samples:
        return Span(0, 0, Fraction(0), 0, 0)
    if track.handler == "soun":
        return sound_span(movie, clip, part, track, origin)
    begin, end = clip.start + part.start, clip.start + part.end
    if track.handler == "vide":
        return picture_span(track, begin, end, origin)
    return text_span(track, origin, end)


def picture_span(track: Track, begin: Fraction, end: Fraction, origin: Fraction) -> Span:
    """From the keyframe before the first frame shown to the last packet that a shown frame needs."""
    shown = track.shown
    assert shown is not None
    times = track.table.presentation_times()
    # A frame belongs to the part if it appears at or after begin and before end, so both round up to the next tick.
    first = max(math.ceil((begin - shown.at) * track.timescale) + shown.first, shown.first)
    last = math.ceil((end - shown.at) * track.timescale) + shown.first
    last = last if shown.end is None else min(last, shown.end)
    # Numbers are in decoding order: the first one visible may be shown later than others, and between the first and
    # the last one may lie pictures that are shown in other parts. Those are copied because visible ones need them.
    visible = np.flatnonzero((times >= first) & (times < last))
    if not len(visible):
        return Span(0, 0, Fraction(0), 0, 0)
    first_time = int(times[visible].min())
    start = _start_for(track, times, int(visible[0]), first_time).sample
    at = shown.at + Fraction(first_time - shown.first, track.timescale) - origin
    return Span(start, int(visible[-1]) + 1, at, first_time, int(last), lead_end=int(visible[0]))


def lead_in(pictures: Track, clip: Clip, part: Part) -> tuple[Fraction, bool]:
    """Seconds of hidden pictures before a part's first frame, and whether they start with a clean picture.

    Args:
        pictures: the track that contains the clip's frames.
        clip: the source.
        part: of it.
    """
    assert pictures.shown is not None
    times = pictures.table.presentation_times()
    seconds = clip.frame_pts[part.start_frame] * clip.time_base - pictures.shown.at
    first_time = int(seconds * pictures.timescale) + pictures.shown.first
    start = _start_for(pictures, times, int(np.flatnonzero(times == first_time)[0]), first_time)
    hidden = max(0, first_time - int(times[start.sample]))
    return Fraction(hidden, pictures.timescale), start.is_clean


def _start_for(track: Track, times: np.ndarray, sample: int, time: int) -> StartPoint:
    """Where decoding must start for the pictures from a time on, the first of which is decoded from sample.

    The keyframe must be decoded before that sample and shown no later than that time: pictures shown before a keyframe
    but decoded after it (those of an open GOP) need the GOP before.
    """
    keys = np.arange(sample + 1) if track.table.sync is None else track.table.sync
    keys = keys[(times[keys] <= time) & (keys <= sample)]
    return start_point(track, int(keys[-1])) if len(keys) else StartPoint(0, True)


def sound_span(movie: Movie, clip: Clip, part: Part, track: Track, origin: Fraction) -> Span:
    """The packets that overlap the part's samples, and before them those that a decoder needs to warm up."""
    table, shown, rate = track.table, track.shown, _sample_rate(clip, movie, track)
    extent = sound_extent(track)
    assert shown is not None
    assert extent is not None
    first_sample = rescaled(shown.at - clip.start, rate)
    low, high = part.owned_samples(rate)
    start, end = shown.first, extent.media_end
    if low is not None:
        start = max(start, shown.first + rescaled(low - first_sample, track.timescale, rate))
    if high is not None:
        end = min(end, shown.first + rescaled(high - first_sample, track.timescale, rate))
    start = _past_gap(track, start)
    if start >= end:
        return Span(0, 0, Fraction(0), 0, 0)
    entry = ".mp3" if object_type(track) in MPEG_AUDIO_OBJECTS else track.sample_entry
    warm_up = 0 if entry in NO_WARM_UP else WARM_UP_PACKETS.get(entry, OTHER_WARM_UP)
    at = shown.at + Fraction(start - shown.first, track.timescale) - origin
    # Less than a sample is rounding between the timescales, and no wait that an empty edit should be written for.
    if abs(at) * rate < 1:
        at = Fraction(0)
    first, last = max(0, table.sample_at(start) - warm_up), table.sample_at(end - 1) + 1
    # FFmpeg takes a track's last packet to be as long as the edit, and so may not find an edit that starts inside it.
    if start > table.time_at(last - 1):
        last = min(last + 1, table.n_samples)
    return Span(first, last, at, start, end, packet=usual_duration(table))


def text_span(track: Track, begin: Fraction, end: Fraction) -> Span:
    """The subtitles or chapter titles on show during the part, the first and last cut to it."""
    table, shown = track.table, track.shown
    assert shown is not None
    media_end = table.time_at(table.n_samples)
    first = max(shown.first, rescaled(begin - shown.at, track.timescale) + shown.first)
    last = min(media_end, rescaled(end - shown.at, track.timescale) + shown.first)
    if first >= last:
        return Span(0, 0, Fraction(0), 0, 0)
    at = max(Fraction(0), shown.at - begin)
    return Span(table.sample_at(first), table.sample_at(last - 1) + 1, at, first, last, trims=True)


def _past_gap(track: Track, time: int) -> int:
    """The next packet's time where time falls into a gap in the sound, else time."""
    table = track.table
    usual = usual_duration(table)
    sample = table.sample_at(time)
    if sample >= table.n_samples:
        return time
    start, next_start = table.time_at(sample), table.time_at(sample + 1)
    return next_start if next_start - start > usual and time - start >= usual else time


def _sample_rate(clip: Clip, movie: Movie, track: Track) -> int:
    """Hz of an audio track; its timescale where nothing better is known."""
    sound = movie.of_kind("soun")
    if sound and track is sound[0] and clip.sample_rate is not None:
        return clip.sample_rate
    return track.timescale
