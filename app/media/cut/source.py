"""The MP4 index that parts are cut from: the source's own, or that of a remuxed copy."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ...errors import MediaError
from ...plan import SplitMode
from ..clip import Clip
from ..encode import aac_options
from ..ffmpeg import file_url, input_of, run_ffmpeg
from ..mp4.movie import Movie, Track, read_movie
from ..mp4.shown import frame_times
from ..mp4.tables import Runs
from ..open import UNKNOWN_CODEC
from ..probe import probe
from ..sound import audio_extent
from .lossless import MP4_AUDIO, TEXT_SUBTITLES, check_lossless, is_lossless_sound, plain_movie, stream_names
from .source_sound import SourceSound, source_sounds, with_source_sound


@dataclass(frozen=True)
class CutSource:
    """What parts are cut from: an MP4 index, and the clip that it belongs to."""

    movie: Movie | None
    """The index; None where there is nothing but pictures to be encoded."""
    clip: Clip
    """The source, or its remuxed copy, as probed."""
    pictures: Track | None
    """The source's picture track in movie; None where movie has none."""


def cut_source(clip: Clip, mode: SplitMode, folder: Path, should_cancel: ShouldCancel | None) -> CutSource:
    """The index to cut from; a source that is not a plain MP4 is remuxed into folder.

    Args:
        clip: the source.
        mode: the one that will run.
        folder: for the copy.
        should_cancel: asked often.
    Raises:
        MediaError: remuxing failed, or changed the frames.
    """
    plain = plain_movie(clip)
    if plain is not None:
        return CutSource(plain, clip, plain.tracks[clip.video_index])
    with_video = mode != SplitMode.REENCODE and check_lossless(clip).is_possible
    path = folder / "remuxed.mp4"
    known = _known_sound(stream_names(clip))
    decoded = source_sounds(clip.path, [number for number, _ in known])
    if not _remux(clip, path, with_video, decoded, should_cancel):
        return CutSource(None, clip, None)
    sounds = [_cut_at_edit(clip, sound, number) for sound, (number, _) in zip(decoded, known, strict=True)]
    copy = _with_last_frame(probe(path), clip) if with_video else None
    index = copy.movie if copy is not None else read_movie(path)
    assert index is not None
    kept = len(index.of_kind("soun"))
    if kept != len(sounds):
        raise MediaError(
            f"{clip.path.name} is damaged: only {kept} of its {len(sounds)} audio tracks can be repackaged. "
            "Copy or download it again."
        )
    movie = with_source_sound(index, sounds, [_is_copied(clip, name) for _, name in known])
    if copy is None:
        return CutSource(movie, clip, None)
    if not _shown_alike(clip, copy):
        raise MediaError(
            f"Repackaging {clip.path.name} as MP4 changed when its {clip.n_frames} frames are shown: choose reencode."
        )
    return CutSource(movie, copy, movie.tracks[copy.video_index])


def _with_last_frame(copy: Clip, clip: Clip) -> Clip:
    """A remuxed copy that shows its last frame, where the source's last packet does not say for how long."""
    movie = copy.movie
    assert movie is not None
    track = movie.tracks[copy.video_index]
    durations, shown = track.table.durations, track.shown
    if shown is None or not len(durations.values) or durations.values[-1] or durations.counts[-1] != 1:
        return copy
    last = math.ceil((clip.start + clip.duration - clip.frame_pts[-1] * clip.time_base) * track.timescale)
    lasting = Runs(durations.counts, np.append(durations.values[:-1], last))
    end = shown.end + last if shown.end is not None else None
    track = dataclasses.replace(
        track,
        table=dataclasses.replace(track.table, durations=lasting),
        shown=dataclasses.replace(shown, end=end),
    )
    tracks = [track if one.number == track.number else one for one in movie.tracks]
    movie = dataclasses.replace(movie, tracks=tuple(tracks))
    times = frame_times(movie, copy.video_index)
    if times is None:
        return copy
    return dataclasses.replace(copy, movie=movie, frame_pts=tuple(times.pts), keyframes=tuple(times.keyframes))


def _cut_at_edit(clip: Clip, sound: SourceSound, track: int) -> SourceSound:
    """What a track decodes to, cut where its edit list ends; FFmpeg 8 does not do that."""
    if clip.movie is None or clip.movie.is_fragmented:
        return sound
    extent = audio_extent(clip.path, track, clip.movie)
    return dataclasses.replace(sound, n_samples=min(sound.n_samples, extent.n_samples))


def _shown_alike(clip: Clip, copy: Clip) -> bool:
    """Whether a copy shows its frames when the clip does; later by less than the clip's unit of time is rounding."""
    late = [
        (new - copy.frame_pts[0]) * copy.time_base - (old - clip.frame_pts[0]) * clip.time_base
        for new, old in zip(copy.frame_pts, clip.frame_pts, strict=False)
    ]
    return copy.n_frames == clip.n_frames and all(0 <= one < clip.time_base for one in late)


def _remux(
    clip: Clip, path: Path, with_video: bool, sounds: list[SourceSound], should_cancel: ShouldCancel | None
) -> bool:
    """Copy all that MP4 can carry into a plain MP4 with the same times; False where there is nothing to copy."""
    names = stream_names(clip)
    source = input_of(clip.path, copyts=None, fflags="+genpts")
    streams = [source["V:0"]] if with_video else []
    options: dict[str, Any] = {"c": "copy", "strict": "experimental", "movie_timescale": _movie_timescale(clip)}
    for place, (number, name) in enumerate(_known_sound(names)):
        stream = source[f"a:{number}"]
        if not _is_copied(clip, name):
            options |= _transcoding(name, place, clip.n_channels)
            if not any(sounds[place].gaps):
                # An encoder takes jitter in its input's times for holes.
                stream = stream.filter("asetpts", "N/SR/TB")
        streams.append(stream)
    texts = [number for number, name in enumerate(names["subtitle"]) if name in TEXT_SUBTITLES]
    streams += [source[f"s:{number}"] for number in texts]
    if not streams:
        return False
    if texts:
        options["c:s"] = "mov_text"
    if with_video and clip.video_codec == "hevc":
        options["tag:v"] = "hvc1"
    output = ffmpeg.output(*streams, file_url(path), f="mp4", avoid_negative_ts="disabled", map_metadata=0, **options)
    run_ffmpeg(output.get_args(), path, subject=clip.path.name, should_cancel=should_cancel)
    return True


def _known_sound(names: dict[str, list[str]]) -> list[tuple[int, str]]:
    """Number and codec of each audio track that FFmpeg knows."""
    return [(number, name) for number, name in enumerate(names["audio"]) if name != UNKNOWN_CODEC]


def _is_copied(clip: Clip, codec: str) -> bool:
    """Whether sound can be remuxed: MP4 supports the codec, and no edit list picks packets out."""
    return codec in MP4_AUDIO and (clip.movie is None or clip.movie.is_fragmented)


def _transcoding(name: str, number: int, channels: int) -> dict[str, Any]:
    if is_lossless_sound(name):
        return {f"c:a:{number}": "flac"}
    return {f"{key.rpartition(':')[0]}:{number}": value for key, value in aac_options(max(1, channels)).items()}


def _movie_timescale(clip: Clip) -> int:
    both = math.lcm(clip.time_base.denominator, clip.sample_rate or 1)
    return both if both < 2**31 else clip.time_base.denominator


def part_suffix(source: CutSource) -> str:
    """The ending of the parts' names."""
    return ".mov" if source.movie is not None and source.movie.is_quicktime else ".mp4"
