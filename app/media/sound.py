"""Decoded frames of an audio track, one after another, cut where MP4's edit list ends; and how far a track reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import Flags2
from av.error import InvalidDataError

from ..errors import MediaError
from .allowed import MAX_PACKETS
from .clock import EVEN_CODECS, SoundClock, slack_samples, steady_starts, with_steady_sound
from .mp4.movie import Movie, Track, read_movie, rescaled
from .mp4.shown import SoundExtent, sound_extent
from .open import UNKNOWN_CODEC, check_allowed, codec_name, opened

CLOCK_PACKETS = 8
PASSED_OVER_SECONDS = Fraction(1, 4)
"""Longer than a piece of sound lasts, and than two clocks of a file differ."""


@dataclass(frozen=True)
class Extent:
    """From when to when an audio track is heard."""

    start: Fraction
    """Seconds on the file's timeline of the first sample."""
    end: Fraction
    """Seconds on the file's timeline after the last sample."""
    n_samples: int
    """Samples that it decodes to; fewer than fit in between where it has holes."""


def audio_extent(path: Path, track: int, movie: Movie | None) -> Extent:
    """Say from when to when an audio track is heard.

    Args:
        path: any media file.
        track: number among the audio tracks.
        movie: the file's index; without one the track is decoded.
    """
    with opened(path) as container:
        indexed = extent_in_index(container, track, path, movie)
        if indexed is not None:
            return indexed
        stream = audio_stream(container, track, path)
        rate = stream.codec_context.sample_rate
        start: Fraction | None = None
        end, count = Fraction(0), 0
        for at, piece in decoded_pieces(container, stream, movie):
            start = at if start is None else start
            end, count = at + Fraction(piece.shape[1], rate), count + piece.shape[1]
    return Extent(start or Fraction(0), end, count)


def extent_in_index(container: Any, track: int, path: Path, movie: Movie | None) -> Extent | None:
    """Say from when to when an audio track is heard, where the file's index says so; else None.

    Args:
        container: opened.
        track: number among the audio tracks.
        path: of the file.
        movie: its index, if it has one.
    """
    stream = audio_stream(container, track, path)
    indexed = _indexed_extent(stream, movie)
    if indexed is None:
        return None
    return Extent(indexed.start, indexed.end, indexed.n_samples(stream.codec_context.sample_rate))


def steady_index(path: Path, container: Any, may_move: bool = False) -> Movie | None:
    """A file's MP4 index, the clocks of its sound made steady; None in other containers.

    Args:
        path: the file.
        container: the same, opened.
        may_move: whether packets may be read from container, which is then somewhere in the file.
    Raises:
        MediaError: the index is missing or damaged.
    """
    if "mp4" not in container.format.name.split(","):
        return None
    movie = read_movie(path)
    return with_steady_sound(movie, _sound_clocks(path, movie, container if may_move else None))


def _sound_clocks(path: Path, movie: Movie, container: Any | None) -> dict[int, SoundClock]:
    """Decode the first packets of each audio track to learn what the index does not say.

    Args:
        path: an MP4 or MOV file.
        movie: its index.
        container: the file, freshly opened, to read one track in; the others, or all, have it opened anew.
    Returns:
        By the track's place in the file; tracks whose tables say all there is to know are left out.
    """
    clocks = {}
    for place, track in enumerate(movie.tracks):
        if track.handler == "soun" and track.table.n_samples and not movie.is_fragmented:
            # Going back to the start is no way to begin: a seek leads to where the pictures do.
            fresh, container = container, None
            with suppress(MediaError), nullcontext(fresh) if fresh else opened(path) as source:
                if place < len(source.streams):
                    clocks[place] = _clock(source, source.streams[place])
    return {place: clock for place, clock in clocks.items() if clock is not None}


def _clock(container: Any, stream: Any) -> SoundClock | None:
    if stream.type != "audio" or codec_name(stream) not in EVEN_CODECS:
        return None
    frames: list[Any] = []
    packets = list(islice(container.demux(stream), CLOCK_PACKETS))
    for packet in packets:
        with suppress(InvalidDataError):
            frames += packet.decode()
    context = stream.codec_context
    if not frames or frames[0].pts is None or any(frame.sample_rate != context.sample_rate for frame in frames):
        return None
    # An edit list may leave nothing but pieces of packets, and not every decoder says how long a whole one is.
    lengths = [frame.samples for frame in (*frames, *(_whole_frames(stream, packets) if len(frames) < 3 else ()))]
    return SoundClock(context.sample_rate, max(context.frame_size, *lengths, 1), frames[0].pts)


def _whole_frames(stream: Any, packets: list[Any]) -> list[Any]:
    """What packets decode to where nothing is left out for an edit list."""
    context: Any = av.CodecContext.create(stream.codec_context.codec.name, "r")
    context.extradata, context.flags2 = stream.codec_context.extradata, Flags2.skip_manual
    frames: list[Any] = []
    for packet in packets:
        with suppress(InvalidDataError):
            frames += context.decode(packet if packet.size else None)
    return frames


def audio_stream(container: Any, track: int, path: Path) -> Any:
    """An audio stream by its number among the audio tracks.

    Raises:
        MediaError: there is no such track, or FFmpeg cannot decode it.
    """
    tracks = container.streams.audio
    if not 0 <= track < len(tracks):
        has = f"{len(tracks)} audio tracks" if tracks else "no sound"
        raise MediaError(f"{path.name} has {has}: there is no audio track {track}.")
    if codec_name(tracks[track]) == UNKNOWN_CODEC:
        raise MediaError(f"FFmpeg cannot decode audio track {track} of {path.name}.")
    check_allowed(tracks[track], path)
    return tracks[track]


def decoded_pieces(
    container: Any, stream: Any, movie: Movie | None, since: Fraction = Fraction(0)
) -> Iterator[tuple[Fraction, np.ndarray]]:
    """Decoded sound, piece by piece, cut where MP4's edit list ends: FFmpeg 9 does that, 8 does not.

    Args:
        container: opened, at its start or where a seek has led.
        stream: of it.
        movie: the file's index, where it has one.
        since: seconds on the file's timeline; pieces that lie well before need not be given.
    Returns:
        (seconds on the file's timeline at which it is heard, [C, n] float32); holes in the sound lie in between.
    """
    rate, track = stream.codec_context.sample_rate, _indexed_track(stream, movie)
    frames = _alike(decoded_frames(container, stream))
    if track is not None and track.packet_pts is not None:
        time_base, pts = Fraction(stream.time_base), 0
        wanted, lengths = int((since - PASSED_OVER_SECONDS) / time_base), dict[int, int]()
        extent = sound_extent(track)
        assert extent is not None
        for frame in frames:
            # Of several frames in one packet only the first says when it is heard.
            pts = frame.pts if frame.pts is not None else pts
            if pts >= wanted:
                yield from _cut_piece(track, extent.media_end, frame, pts, rate)
            if frame.samples not in lengths:
                lengths[frame.samples] = rescaled(Fraction(frame.samples, rate) / time_base, 1)
            pts += lengths[frame.samples]
        return
    time_base, indexed = Fraction(stream.time_base), _indexed_extent(stream, movie)
    stated = ((None if f.pts is None else rescaled(f.pts * time_base, rate), f.samples, _to_float(f)) for f in frames)
    for start, piece in steady_starts(stated, rate, slack_samples(time_base, rate)):
        if indexed is not None:
            piece = piece[:, : max(0, rescaled(indexed.end, rate) - start)]
        if piece.shape[1]:
            yield Fraction(start, rate), piece


def decoded_frames(container: Any, stream: Any, on_packet: Callable[[Any], None] | None = None) -> Iterator[Any]:
    """Every frame of a stream that can be decoded, past packets that are damaged.

    Args:
        container: opened.
        stream: of it.
        on_packet: given each packet before it is decoded.
    Raises:
        MediaError: there is no end of packets.
    """
    for number, packet in enumerate(container.demux(stream)):
        check_packets(number)
        if on_packet is not None and packet.size:
            on_packet(packet)
        try:
            yield from packet.decode()
        except InvalidDataError:
            continue


def _alike(frames: Iterator[Any]) -> Iterator[Any]:
    """Frames of sound that all have as many channels as the first.

    Raises:
        MediaError: one has not.
    """
    channels = None
    for frame in frames:
        channels = channels or frame.layout.nb_channels
        if frame.layout.nb_channels != channels:
            raise MediaError(
                "The sound changes its number of channels midway: convert it to one with as many all along."
            )
        yield frame


def check_packets(number: int) -> None:
    """Raise MediaError where a file has more packets than any film."""
    if number > MAX_PACKETS:
        raise MediaError(f"The file has more than {MAX_PACKETS:,} packets: cut it into shorter ones first.")


def _cut_piece(track: Track, end: int, frame: Any, at: int, rate: int) -> Iterator[tuple[Fraction, np.ndarray]]:
    """A decoded frame, stated to be heard at a time, where its packet is heard by a steady track; cut at its end."""
    pts, shown = track.packet_pts, track.shown
    assert pts is not None
    assert shown is not None
    number = max(0, int(np.searchsorted(pts, at, side="right")) - 1)
    into = rescaled((at - int(pts[number])) * Fraction(frame.time_base), rate)
    start = track.table.time_at(number) + into
    piece = _to_float(frame)[:, : max(0, end - start)]
    if piece.shape[1]:
        yield shown.at + Fraction(start - shown.first, rate), piece


def _indexed_track(stream: Any, movie: Movie | None) -> Track | None:
    """MP4's track of an audio stream; None where there are no tables."""
    if movie is None or movie.is_fragmented or stream.index >= len(movie.tracks):
        return None
    track = movie.tracks[stream.index]
    return track if track.handler == "soun" else None


def _indexed_extent(stream: Any, movie: Movie | None) -> SoundExtent | None:
    """What MP4's tables say of an audio stream; None where they do not say."""
    track = _indexed_track(stream, movie)
    return sound_extent(track) if track is not None else None


def _to_float(frame: Any) -> np.ndarray:
    """[C, n] float32 of a decoded audio frame; integers are scaled by their full range."""
    array: np.ndarray = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, frame.layout.nb_channels).T
    if array.dtype == np.uint8:
        return ((array.astype(np.float32) - 128) / 128).astype(np.float32)
    if np.issubdtype(array.dtype, np.integer):
        return (array.astype(np.float64) / (1 << (8 * array.dtype.itemsize - 1))).astype(np.float32)
    return np.ascontiguousarray(array, dtype=np.float32)
