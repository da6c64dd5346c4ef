"""New sound beside untouched pictures: the video packets are copied byte for byte, the sound is encoded once."""

from __future__ import annotations

import dataclasses
import math
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from riffusion_inference.datatypes import ShouldCancel, Waveform

from ..errors import MediaError
from ..files import check_cancel, check_free_space, write_error, written_whole
from .clip import Clip
from .encode import encode_sound
from .mp4.boxes import read_edits, timed_header
from .mp4.describe import renumbered, with_header_of
from .mp4.movie import MAX_TIMESCALE, Movie, OutTrack, Track, read_movie, rescaled, whole_track, with_movie_timescale
from .mp4.slice import Span, cut_track
from .mp4.write import write_movie
from .mux_other import mux_other


def replace_audio(part_path: Path, waveform: Waveform, out_path: Path) -> None:
    """Give a part new sound; the video packets and edit list stay as they are, the other tracks are kept.

    Args:
        part_path: a part that split wrote.
        waveform: the new sound of the first audio track, starting with the part's first frame; decoding the result
            gives exactly as many samples.
        out_path: where to; may be part_path itself.
    Raises:
        MediaError: a file cannot be read or written.
    """
    from .probe import probe

    _with_sound(probe(Path(part_path)), waveform, Path(out_path), 0, None, from_zero=True)


def film_suffix(clip: Clip) -> str:
    """The ending that mux_film's file should have, which chooses its container.

    MP4 and QuickTime stay what they are, Matroska and WebM too; AVI stays AVI, and everything else becomes Matroska,
    which holds any codec.

    Args:
        clip: the source.
    """
    kinds = set(clip.container.split(","))
    if clip.is_mp4_family:
        return ".mov" if read_movie(clip.path).is_quicktime else ".mp4"
    if "webm" in kinds and clip.path.suffix.lower() == ".webm":
        return ".webm"
    return ".avi" if "avi" in kinds else ".mkv"


def mux_film(
    clip: Clip,
    waveform: Waveform,
    out_path: Path,
    *,
    start_sample: int = 0,
    should_cancel: ShouldCancel | None = None,
) -> None:
    """Write the whole clip with new sound, encoded once; every other track, chapter and tag is kept.

    Args:
        clip: the source.
        waveform: the new sound of the first audio track.
        out_path: where to; its ending should be film_suffix(clip).
        start_sample: when the waveform starts, counted from the clip's first frame; negative where it starts before.
        should_cancel: asked often.
    Raises:
        MediaError: a file cannot be read or written.
        DubCancelled: should_cancel returned True.
    """
    _with_sound(clip, waveform, Path(out_path), start_sample, should_cancel)


def _with_sound(
    clip: Clip,
    waveform: Waveform,
    out_path: Path,
    start_sample: int,
    should_cancel: ShouldCancel | None,
    from_zero: bool = False,
) -> None:
    check_free_space(out_path.parent, clip.size_bytes)
    with written_whole(out_path) as temporary:
        if clip.is_mp4_family:
            movie = read_movie(clip.path)
            if not movie.is_fragmented:
                at = clip.start + Fraction(start_sample, waveform.sample_rate)
                _mux_mp4(movie, waveform, at, temporary, should_cancel, from_zero)
                return
        mux_other(clip, waveform, temporary, start_sample, should_cancel)


def _mux_mp4(
    movie: Movie,
    waveform: Waveform,
    at: Fraction,
    path: Path,
    should_cancel: ShouldCancel | None,
    from_zero: bool,
) -> None:
    """The source's tracks as they are, beside one made of the waveform; from_zero takes away a wait common to all."""
    if at < 0:
        raise MediaError(f"The sound would start {float(-at):.3f} s before the file does: give it from there on.")
    scale = math.lcm(movie.timescale, waveform.sample_rate)
    scale = scale if scale <= MAX_TIMESCALE else movie.timescale
    old = next(iter(movie.of_kind("soun")), None)
    kept = [track for track in movie.tracks if track is not old]
    wait = min([at, *(t.shown.at if t.shown else Fraction(0) for t in kept if t.table.n_samples)])
    earlier = rescaled(wait, scale) if from_zero else 0
    with tempfile.TemporaryDirectory(prefix=".sound-", dir=path.parent) as folder:
        try:
            sound = read_movie(encode_sound(waveform, Path(folder) / "sound.mp4", should_cancel)).of_kind("soun")[0]
            out, ends = _sound_track(movie, sound, waveform, at - Fraction(earlier, scale), scale)
            tracks = [_kept(movie, track, scale, earlier) if track is not old else out for track in movie.tracks]
            tracks += [out] if old is None else []
            longest = max([ends, *(_end_of(movie, track, scale) - earlier for track in kept)])
            write_movie(path, movie.ftyp, movie.moov, scale, longest, tracks, _canceller(should_cancel))
        except OSError as error:
            raise write_error(error, path) from error


def _sound_track(movie: Movie, sound: Track, waveform: Waveform, at: Fraction, scale: int) -> tuple[OutTrack, int]:
    """All of the waveform, with the header of the track that it replaces."""
    assert sound.shown is not None
    old = next(iter(movie.of_kind("soun")), None)
    described = with_header_of(sound, old) if old is not None else renumbered(sound, movie)
    length = rescaled(waveform.n_samples, sound.timescale, waveform.sample_rate)
    span = Span(0, sound.table.n_samples, at, sound.shown.first, sound.shown.first + length)
    return cut_track(described, span, scale, order_by_time=True, chunk_seconds=Fraction(1, 2))


def _kept(movie: Movie, track: Track, scale: int, earlier: int) -> OutTrack:
    out = whole_track(track, order_by_time=True)
    return dataclasses.replace(out, trak=with_movie_timescale(out.trak, movie.timescale, scale, earlier))


def _end_of(movie: Movie, track: Track, scale: int) -> int:
    """When a kept track ends, in the new movie timescale."""
    edits = read_edits(track.box)
    if edits:
        return rescaled(sum(edit.duration for edit in edits), scale, movie.timescale)
    return rescaled(timed_header(track.box.need(b"mdia", b"mdhd"))[3], scale, track.timescale)


def _canceller(should_cancel: ShouldCancel | None) -> Callable[[int], None]:
    return lambda _count: check_cancel(should_cancel)
