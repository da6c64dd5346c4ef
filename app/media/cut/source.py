"""The MP4 index that parts are cut from: the source's own, or that of a remuxed copy."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, replace
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
<<<<<<< HEAD
from ..mp4.shown import frame_times
from ..mp4.tables import Runs
from ..open import UNKNOWN_CODEC
from ..probe import probe
from .lossless import MP4_AUDIO, TEXT_SUBTITLES, check_lossless, is_lossless_sound, plain_movie, stream_names
from .source_sound import source_sounds, with_source_sound
=======
from ..mp4.shown import frame_times, usual_duration
from ..open import UNKNOWN_CODEC, codec_name, opened
from ..probe import probe
from ..sound import audio_extent
from .exact import DROPPED_HANDLERS
from .source_sound import SourceSound, source_sounds, with_source_sound
>>>>>>> 1a60d32bd10fd61e88560081c41f31021d612c52


@dataclass(frozen=True)
class CutSource:
    """What parts are cut from: an MP4 index, and the clip that it belongs to."""

    movie: Movie | None
    """The index; None where there is nothing but pictures to be encoded."""
    clip: Clip
    """The source, or its remuxed copy, as probed."""
    pictures: Track | None
    """The source's picture track in movie; None where movie has none."""


<<<<<<< HEAD
=======
def check_lossless(clip: Clip) -> LosslessCheck:
    """Say whether a clip can be cut exactly with its packets as they are.

    Args:
        clip: a probed clip.
    """
    names = _stream_names(clip)
    notes = [
        f"{STATEFUL_AUDIO[name]} sound is copied; its decoder remembers what came before, so right after a cut the "
        "samples differ inaudibly from the source's."
        for name in sorted(set(names["audio"]) & set(STATEFUL_AUDIO))
    ]
    if clip.movie is not None:
        reason, needs_remux = _mp4_obstacle(clip, clip.movie)
        if needs_remux:
            return LosslessCheck(True, "", (*notes, "The file is a fragmented MP4: it is repackaged first."))
        if any(_is_bundled(track) for track in _kept(clip.movie)):
            notes.append("Its AMR sound has several frames in a packet, which cannot be cut: it is re-encoded as AAC.")
        elif reason and plain_movie(clip) is None and names["audio"]:
            notes.append("Its sound is re-encoded too, as AAC, or as FLAC where it is lossless.")
        return LosslessCheck(not reason, reason, tuple(notes))
    notes += _remux_notes(names)
    if "matroska" not in clip.container.split(",") or clip.video_codec not in REMUXABLE_VIDEO:
        kind = clip.container.split(",")[0]
        return LosslessCheck(False, f"{clip.video_codec} in {kind} cannot carry edit lists", tuple(notes))
    others = sorted(set(names["audio"]) - MP4_AUDIO - EXACT_AS_FLAC)
    if others:
        return LosslessCheck(False, f"MP4 cannot carry its {', '.join(others)} sound", tuple(notes))
    return LosslessCheck(True, "", (*notes, "The parts are MP4: Matroska cannot carry edit lists."))


def _mp4_obstacle(clip: Clip, movie: Movie) -> tuple[str, bool]:
    """Why an MP4 cannot be cut by edit lists ("" where it can), and whether remuxing would fix that."""
    if movie.is_fragmented:
        return "", True
    if any(track.shown is None for track in _kept(movie)):
        return "its own edit list shows more than one segment", False
    indexed = frame_times(movie, clip.video_index)
    if indexed is None or tuple(indexed.pts) != clip.frame_pts:
        return f"its index does not say when each {clip.video_codec} frame is shown", False
    if any(_is_old_sound(track) for track in _kept(movie)):
        return "its sound is stored in QuickTime's oldest layout", False
    return "", False


def _kept(movie: Movie) -> list[Track]:
    return [track for track in movie.tracks if track.handler not in DROPPED_HANDLERS]


def _is_old_sound(track: Track) -> bool:
    """True where the tables count bytes instead of what a decoder is given."""
    byte_wide = isinstance(track.table.sizes, int) and track.table.sizes == 1
    return track.handler == "soun" and byte_wide and track.sample_entry not in ("raw ", "ulaw", "alaw")


def _is_bundled(track: Track) -> bool:
    """True for AMR with several frames in a packet: decoders play whole ones, so that no edit list cuts them right."""
    return track.sample_entry in ("samr", "sawb") and usual_duration(track.table) * 50 > track.timescale


def _stream_names(clip: Clip) -> dict[str, list[str]]:
    """Codec names of the audio and subtitle tracks, and of what is attached."""
    with opened(clip.path) as container:
        covers = [s for s in container.streams.video if s.disposition & s.disposition.__class__.attached_pic]
        return {
            "attached": ["cover picture"] * len(covers) + ["attachment"] * len(container.streams.attachments),
            "audio": [codec_name(stream) for stream in container.streams.audio],
            "subtitle": [codec_name(stream) for stream in container.streams.subtitles],
        }


def _remux_notes(names: dict[str, list[str]]) -> list[str]:
    notes = []
    if UNKNOWN_CODEC in names["audio"]:
        notes.append("An audio track that FFmpeg cannot decode is left out.")
    for name in sorted(set(names["audio"]) - MP4_AUDIO - {UNKNOWN_CODEC}):
        target = "FLAC, which loses nothing" if _is_lossless(name) else "AAC at 256 kb/s"
        notes.append(f"MP4 cannot carry {name} sound: it becomes {target}.")
    for kind in sorted(set(names["attached"])):
        count = names["attached"].count(kind)
        notes.append(
            f"The file has {count} {kind}{'s' * (count > 1)}: the parts are without, the film keeps what it can."
        )
    pictures = sorted(set(names["subtitle"]) - TEXT_SUBTITLES)
    if pictures:
        notes.append(f"MP4 cannot carry {', '.join(pictures)} subtitles: they are left out.")
    return notes


def _is_lossless(codec: str) -> bool:
    return codec in LOSSLESS_AUDIO or codec.startswith("pcm_")


def plain_movie(clip: Clip) -> Movie | None:
    """A clip's own index where parts can be cut from it; None where a remuxed copy is needed."""
    movie = clip.movie
    if movie is None or movie.is_fragmented:
        return None
    is_plain = (
        track.shown is not None and not _is_old_sound(track) and not _is_bundled(track) for track in _kept(movie)
    )
    return movie if all(is_plain) else None


>>>>>>> 1a60d32bd10fd61e88560081c41f31021d612c52
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
    if not _remux(clip, path, with_video, should_cancel):
        return CutSource(None, clip, None)
<<<<<<< HEAD
    known = _known_sound(stream_names(clip))
    sounds = source_sounds(clip.path, [number for number, _ in known])
    copy = _with_last_frame(probe(path), clip) if with_video else None
=======
    known = _known_sound(_stream_names(clip))
    decoded = source_sounds(clip.path, [number for number, _ in known])
    sounds = [_cut_at_edit(clip, sound, number) for sound, (number, _) in zip(decoded, known, strict=True)]
    copy = probe(path) if with_video else None
>>>>>>> 1a60d32bd10fd61e88560081c41f31021d612c52
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


<<<<<<< HEAD
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
=======
def _cut_at_edit(clip: Clip, sound: SourceSound, track: int) -> SourceSound:
    """What a track decodes to, cut where its edit list ends; FFmpeg 8 does not do that."""
    if clip.movie is None or clip.movie.is_fragmented:
        return sound
    extent = audio_extent(clip.path, track, clip.movie)
    return replace(sound, n_samples=min(sound.n_samples, extent.n_samples))
>>>>>>> 1a60d32bd10fd61e88560081c41f31021d612c52


def _shown_alike(clip: Clip, copy: Clip) -> bool:
    """Whether a copy shows its frames when the clip does; later by less than the clip's unit of time is rounding."""
    late = [
        (new - copy.frame_pts[0]) * copy.time_base - (old - clip.frame_pts[0]) * clip.time_base
        for new, old in zip(copy.frame_pts, clip.frame_pts, strict=False)
    ]
    return copy.n_frames == clip.n_frames and all(0 <= one < clip.time_base for one in late)


def _remux(clip: Clip, path: Path, with_video: bool, should_cancel: ShouldCancel | None) -> bool:
    """Copy all that MP4 can carry into a plain MP4 with the same times; False where there is nothing to copy."""
    names = stream_names(clip)
    source = input_of(clip.path, copyts=None, fflags="+genpts")
    streams = [source["V:0"]] if with_video else []
    options: dict[str, Any] = {"c": "copy", "strict": "experimental", "movie_timescale": _movie_timescale(clip)}
    for place, (number, name) in enumerate(_known_sound(names)):
        streams.append(source[f"a:{number}"])
        if not _is_copied(clip, name):
            options |= _transcoding(name, place, clip.n_channels)
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
