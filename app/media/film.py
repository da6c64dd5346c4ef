"""The whole film with new sound in some ranges, and the dubbed parts cut from it."""

from __future__ import annotations

import dataclasses
import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from riffusion_inference.datatypes import ShouldCancel, Waveform

from ..files import check_free_space, copy_file, written_whole
from ..plan import Part, SplitMode
from .clip import Clip
from .cut.exact import sound_span
from .cut.lossless import MP4_AUDIO
from .cut.source import CutSource, cut_source
from .mp4.boxes import timed_header
from .mp4.movie import MAX_TIMESCALE, Movie, OutTrack, Track, whole_track, with_movie_timescale
from .mp4.write import write_movie
from .mux import FORMATS, OPUS_RATE, canceller, end_of, mux_film, mux_mp4, remux
from .open import codec_name, opened
from .probe import as_clip
from .sound import steady_index
from .splice.encode import CannotSpliceError
from .splice.film import Splice, Stretch, film_sound, new_runs, plan_splice
from .splice.mp4 import spliced_track, write_packets
from .splice.remux import write_spliced_sound


@dataclasses.dataclass(frozen=True)
class FilmSound:
    """What became of a film's sound."""

    start: int
    """First sample that is heard, counted from the first frame."""
    n_samples: int
    """Samples per channel that it decodes to."""
    why_whole: str | None
    """Why all of it was encoded, as half a sentence; None where it was spliced."""


def plan_film(clip: Clip, ranges: Sequence[tuple[int, int]]) -> Splice | str:
    """Find out, before any work, how new sound can be put into ranges of a clip.

    Args:
        clip: with sound.
        ranges: half-open, in samples from the first frame.
    Returns:
        What write_film needs to splice it; or, as half a sentence, why all of the sound has to be encoded.
    """
    movie = clip.movie if clip.movie is not None and not clip.movie.is_fragmented else None
    return plan_splice(clip, movie, ranges)


def write_film(
    clip: Clip,
    stretches: Sequence[Stretch],
    plan: Splice | str,
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
    if isinstance(plan, Splice):
        try:
            return _splice_film(clip, stretches, plan, out_path, should_cancel)
        except CannotSpliceError as error:
            plan = str(error)
    own_end = clip.audio_end_sample if clip.sample_rate is not None else n_samples
    first, end = min(0, clip.audio_start_sample), max([own_end, *(one.end for one in stretches)])
    rate = stretches[0].sound.sample_rate if stretches else clip.sample_rate or OPUS_RATE
    whole = Waveform(film_sound(clip, stretches, first, end), rate)
    mux_film(clip, whole, out_path, start_sample=first, should_cancel=should_cancel)
    return FilmSound(first, end - first, plan)


def _splice_film(
    clip: Clip, stretches: Sequence[Stretch], splice: Splice, out_path: Path, should_cancel: ShouldCancel | None
) -> FilmSound:
    check_free_space(out_path.parent, clip.size_bytes)
    with (
        written_whole(out_path) as temporary,
        tempfile.TemporaryDirectory(prefix=".sound-", dir=temporary.parent) as folder,
    ):
        if clip.movie is None:
            runs = new_runs(clip, splice, stretches)
            sound = Path(folder) / f"sound{out_path.suffix}"
            container = FORMATS.get(out_path.suffix.lower(), "matroska")
            write_spliced_sound(clip, splice, runs, sound, container, should_cancel)
            remux(clip, sound, temporary, container, {"c": "copy"}, None, should_cancel)
        else:
            splice = _splice_mp4(clip, stretches, splice, temporary, Path(folder), should_cancel)
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
def film_sound_source(
    clip: Clip, film_path: Path, should_cancel: ShouldCancel | None = None
) -> Iterator[CutSource | None]:
    """The index to cut parts' sound from a finished film; None where parts, which are MP4, cannot carry its codec.

    Args:
        clip: the film's source; the film has its frames and their times.
        film_path: the film.
        should_cancel: asked often.
    """
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
    with tempfile.TemporaryDirectory(prefix=".sound-", dir=film_path.parent) as folder:
        yield cut_source(film, SplitMode.REENCODE, Path(folder), should_cancel)


def take_sound(undubbed: Path, source: CutSource | None, part: Part, out_path: Path) -> bool:
    """Write a part with the film's sound over it: the film's packets, cut to the sample by an edit list.

    Args:
        undubbed: the part with its own sound.
        source: from film_sound_source.
        part: which one it is.
        out_path: where to.
    Returns:
        False, with nothing written, where the part or the film is of a kind that edit lists do not cut.
    """
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
