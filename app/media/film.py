"""The whole film with new sound in some ranges, and the dubbed parts cut from it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel

from ..files import check_free_space, copy_file, written_whole
from ..plan import Part, SplitMode
from ..unfinished import work_folder
from ..wall.registry import walled
from .clip import Clip
from .cut.exact import sound_span
from .cut.lossless import MP4_AUDIO
from .cut.source import CutSource, cut_source
from .decode import SoundStream
from .mp4.boxes import timed_header
from .mp4.movie import MAX_TIMESCALE, Movie, OutTrack, Track, whole_track, with_movie_timescale
from .mp4.write import write_movie
from .mux import FORMATS, OPUS_RATE, canceller, end_of, mux_mp4, remux, write_with_sound
from .open import codec_name, opened
from .probe import as_clip
from .sound import steady_index
from .splice.encode import CannotSpliceError
from .splice.film import Splice, Stretch, film_blocks, film_channels, new_runs, plan_splice
from .splice.mp4 import spliced_track, write_packets
from .splice.remux import write_spliced_sound


@dataclasses.dataclass(frozen=True)
class FilmPlan:
    """How new sound will be put into a film, known before any work."""

    ranges: tuple[tuple[int, int], ...]
    """Half-open, in samples from the first frame."""
    why_whole: str | None = None
    """Why all of the sound has to be encoded, as half a sentence; None where the new sound is spliced."""


@dataclasses.dataclass(frozen=True)
class FilmSound:
    """What became of a film's sound."""

    start: int
    """First sample that is heard, counted from the first frame."""
    n_samples: int
    """Samples per channel that it decodes to."""
    why_whole: str | None
    """Why all of it was encoded, as half a sentence; None where it was spliced."""


@walled
def plan_film(clip: Clip, ranges: Sequence[tuple[int, int]]) -> FilmPlan:
    """Find out, before any work, how new sound can be put into ranges of a clip.

    Args:
        clip: the source.
        ranges: half-open, in samples from the first frame.
    Returns:
        What write_film needs.
    """
    splice = splice_of(clip, ranges) if clip.sample_rate is not None and ranges else "it has no sound yet"
    return FilmPlan(tuple(ranges), splice if isinstance(splice, str) else None)


def splice_of(clip: Clip, ranges: Sequence[tuple[int, int]]) -> Splice | str:
    """Which packets of a clip new sound in some ranges replaces, or why it cannot, as half a sentence."""
    if clip.audio_codec == "aac" and "avi" in clip.container.split(","):
        return "AVI does not keep the times of AAC packets"
    movie = clip.movie if clip.movie is not None and not clip.movie.is_fragmented else None
    return plan_splice(clip, movie, ranges)


@walled
def write_film(
    clip: Clip,
    stretches: Sequence[Stretch],
    plan: FilmPlan,
    out_path: Path,
    n_samples: int,
    should_cancel: ShouldCancel | None = None,
) -> FilmSound:
    """Write the whole clip with new sound in some ranges; every other packet, chapter and tag is the source's.

    Args:
        clip: the source.
        stretches: the new sound, edges and all.
        plan: from plan_film; where the sound cannot be spliced, all of it is encoded, once.
        out_path: where to; its ending should be film_suffix(clip).
        n_samples: how long the sound of a clip without sound becomes.
        should_cancel: asked often.
    Raises:
        MediaError: a file cannot be read or written.
        DubCancelled: should_cancel returned True.
    """
    if not stretches and (clip.movie is not None or clip.path.suffix.lower() == out_path.suffix):
        with written_whole(out_path) as temporary:
            copy_file(clip.path, temporary, should_cancel)
        return FilmSound(clip.audio_start_sample, clip.n_samples, None)
    splice = plan.why_whole or splice_of(clip, plan.ranges)
    if isinstance(splice, Splice):
        try:
            return _splice_film(clip, stretches, splice, out_path, should_cancel)
        except CannotSpliceError as error:
            splice = str(error)
    own_end = clip.audio_end_sample if clip.sample_rate is not None else n_samples
    first, end = min(0, clip.audio_start_sample), max([own_end, *(one.end for one in stretches)])
    rate = stretches[0].sound.sample_rate if stretches else clip.sample_rate or OPUS_RATE
    n_channels = film_channels(clip, stretches)
    whole = SoundStream(rate, n_channels, end - first, lambda: film_blocks(clip, stretches, first, end))
    write_with_sound(clip, whole, Path(out_path), first, should_cancel)
    return FilmSound(first, end - first, splice)


def _splice_film(
    clip: Clip, stretches: Sequence[Stretch], splice: Splice, out_path: Path, should_cancel: ShouldCancel | None
) -> FilmSound:
    check_free_space(out_path.parent, clip.size_bytes)
    with (
        written_whole(out_path) as temporary,
        work_folder(temporary.parent, "sound") as folder,
    ):
        if clip.movie is None:
            runs = new_runs(clip, splice, stretches)
            sound = folder / f"sound{out_path.suffix}"
            container = FORMATS.get(out_path.suffix.lower(), "matroska")
            write_spliced_sound(clip, splice, runs, sound, container, should_cancel)
            remux(clip, sound, temporary, container, {"c": "copy"}, None, should_cancel)
        else:
            splice = _splice_mp4(clip, stretches, splice, temporary, folder, should_cancel)
    # Holes decode to nothing; packets whose times overlap decode to more than the time that they take.
    gaps = splice.packets.grid.end - splice.packets.grid.first - clip.n_samples
    return FilmSound(splice.first, splice.end - splice.first - gaps, None)


def _splice_mp4(
    clip: Clip,
    stretches: Sequence[Stretch],
    splice: Splice,
    path: Path,
    folder: Path,
    should_cancel: ShouldCancel | None,
) -> Splice:
    movie, base = clip.movie, clip
    assert movie is not None
    was_fragmented = movie.is_fragmented
    if was_fragmented:
        source = cut_source(clip, SplitMode.EXACT, folder, should_cancel)
        assert source.movie is not None
        movie, base = source.movie, source.clip
        again = plan_splice(base, movie, [(one.start, one.end) for one in stretches])
        if isinstance(again, str):
            raise CannotSpliceError(again)
        splice = again
    data = folder / "packets"
    runs = new_runs(clip, splice, stretches)
    write_packets(runs, data)
    scale = movie.timescale
    # What is known of a repackaged track is better than what its own edit list says.
    keeps_edits = not splice.is_longer and not was_fragmented
    if not keeps_edits:
        both = math.lcm(movie.timescale, splice.packets.grid.sample_rate)
        scale = both if both <= MAX_TIMESCALE else scale
    out, ends = spliced_track(base, splice, runs, data, scale, keeps_edits)
    duration = timed_header(movie.moov.need(b"mvhd"))[3]
    old = splice.packets.track
    if ends is None:
        tracks = [out if track is old else whole_track(track) for track in movie.tracks]
    else:
        kept = [track for track in movie.tracks if track is not old]
        duration = max([ends, *(end_of(movie, track, scale) for track in kept)])
        tracks = [out if track is old else _rescaled(movie, track, scale) for track in movie.tracks]
    write_movie(path, movie.ftyp, movie.moov, scale, duration, tracks, canceller(should_cancel))
    return splice


def _rescaled(movie: Movie, track: Track, scale: int) -> OutTrack:
    out = whole_track(track)
    return dataclasses.replace(out, trak=with_movie_timescale(out.trak, movie.timescale, scale))


@contextmanager
def _film_source(clip: Clip, film_path: Path, should_cancel: ShouldCancel | None) -> Iterator[CutSource | None]:
    """The index to cut parts' sound from a finished film; None where parts, which are MP4, cannot carry its codec."""
    film = dataclasses.replace(clip, path=film_path, movie=None)
    if film_path.suffix in (".mp4", ".mov"):
        with opened(film_path) as container:
            movie = steady_index(film_path, container)
        yield CutSource(movie, film, None)
        return
    with opened(film_path) as container:
        is_carried = codec_name(container.streams.audio[0]) in MP4_AUDIO
    if not is_carried:
        yield None
        return
    with work_folder(film_path.parent, "sound") as folder:
        yield cut_source(film, SplitMode.REENCODE, folder, should_cancel)


@walled
def take_sound(
    undubbed: Sequence[Path],
    clip: Clip,
    film_path: Path,
    parts: Sequence[Part],
    out_paths: Sequence[Path],
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> tuple[bool, ...]:
    """Write parts with a finished film's sound over them: the film's packets, cut to the sample by edit lists.

    Args:
        undubbed: the parts with their own sound.
        clip: the film's source; the film has its frames and their times.
        film_path: the film.
        parts: which ones they are.
        out_paths: where to; in the film's folder or below.
        on_progress: stage "mux", in parts.
        should_cancel: asked often.
    Returns:
        For each part, False, with nothing written, where it or the film is of a kind that edit lists do not cut.
    """
    taken = []
    with _film_source(clip, film_path, should_cancel) as source:
        for number, (own, part, out_path) in enumerate(zip(undubbed, parts, out_paths, strict=True)):
            if on_progress is not None:
                on_progress(Progress("mux", number, len(parts) + 1))
            taken.append(_take_sound(own, source, part, out_path))
    return tuple(taken)


def _take_sound(undubbed: Path, source: CutSource | None, part: Part, out_path: Path) -> bool:
    clip = as_clip(undubbed)
    if source is None or source.movie is None or clip.movie is None or clip.movie.is_fragmented:
        return False
    track = source.movie.of_kind("soun")[0]
    # Neither the first part nor the last: the film's sound before the first frame and after the last is not its own.
    between = dataclasses.replace(part, index=2, n_parts=3)
    span = sound_span(source.movie, source.clip, between, track, source.clip.start + part.start)
    rate = source.clip.sample_rate or track.timescale
    check_free_space(out_path.parent, clip.size_bytes)
    with written_whole(out_path) as temporary:
        sound = track, dataclasses.replace(span, at=span.at + clip.start)
        mux_mp4(clip.movie, sound, rate, temporary, None, from_zero=True)
    return True
