"""New sound beside untouched pictures: the video packets are copied byte for byte, all of the sound is encoded once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from riffusion_inference.datatypes import ShouldCancel, Waveform

from ..errors import MediaError
from ..files import check_cancel, check_free_space, write_error, written_whole
from ..unfinished import work_folder
from ..wall.registry import walled
from .clip import Clip
from .decode import SoundStream, stream_of, write_stream
from .encode import KBPS_PER_CHANNEL, MAX_KBPS, aac_options, encode_sound
from .ffmpeg import file_url, input_of, run_ffmpeg
from .mp4.boxes import read_edits, timed_header
from .mp4.describe import renumbered, with_header_of
from .mp4.movie import MAX_TIMESCALE, Movie, OutTrack, Track, read_movie, rescaled, whole_track, with_movie_timescale
from .mp4.slice import Span, cut_track
from .mp4.write import write_movie
from .open import opened
from .probe import as_clip

FORMATS = {".webm": "webm", ".avi": "avi", ".mp4": "mp4", ".mov": "mov", ".m4v": "mp4"}
OPUS_RATE = 48000
VORBIS_QUALITY = 8


@walled
def replace_audio(part: Clip | Path, waveform: Waveform, out_path: Path) -> None:
    """Give a part new sound; the video packets and edit list stay as they are, the other tracks are kept.

    Args:
        part: a part that split wrote, probed or not.
        waveform: the new sound of the first audio track, starting with the part's first frame; decoding the result
            gives exactly as many samples.
        out_path: where to; may be the part itself.
    Raises:
        MediaError: a file cannot be read or written.
    """
    write_with_sound(as_clip(part), stream_of(waveform), Path(out_path), 0, None, from_zero=True)


def film_suffix(clip: Clip) -> str:
    """The ending that mux_film's file should have, which chooses its container.

    MP4 and QuickTime stay what they are, Matroska and WebM too; AVI stays AVI, and everything else becomes Matroska,
    which holds any codec.

    Args:
        clip: the source.
    """
    kinds = set(clip.container.split(","))
    if clip.movie is not None:
        return ".mov" if clip.movie.is_quicktime else ".mp4"
    if "webm" in kinds and clip.path.suffix.lower() == ".webm":
        return ".webm"
    return ".avi" if "avi" in kinds else ".mkv"


@walled
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
    write_with_sound(clip, stream_of(waveform), Path(out_path), start_sample, should_cancel)


def write_with_sound(
    clip: Clip,
    sound: SoundStream,
    out_path: Path,
    start_sample: int,
    should_cancel: ShouldCancel | None,
    from_zero: bool = False,
) -> None:
    """As mux_film, of sound that need not be in memory; from_zero removes a wait that all tracks share."""
    check_free_space(out_path.parent, clip.size_bytes)
    with written_whole(out_path) as temporary:
        if clip.movie is None or clip.movie.is_fragmented:
            _mux_with_ffmpeg(clip, sound, temporary, start_sample, should_cancel)
            return
        at = clip.start + Fraction(start_sample, sound.sample_rate)
        if at < 0:
            raise MediaError(f"The sound would start {float(-at):.3f} s before the file does: trim it to start there.")
        with work_folder(temporary.parent, "sound") as folder:
            encoded = encode_sound(sound, folder / "sound.mp4", should_cancel)
            track = read_movie(encoded).of_kind("soun")[0]
            mux_mp4(clip.movie, _all_of(track, sound, at), sound.sample_rate, temporary, should_cancel, from_zero)


def _all_of(track: Track, sound: SoundStream, at: Fraction) -> tuple[Track, Span]:
    """All of sound that was encoded.

    An AAC encoder puts 1024 samples before the sound (its priming) and fills up the last packet. The encoded file's own
    edit list hides the first; where the sound ends is known here alone, so the edit written shows just the sound.
    """
    assert track.shown is not None
    length = rescaled(sound.n_samples, track.timescale, sound.sample_rate)
    return track, Span(0, track.table.n_samples, at, track.shown.first, track.shown.first + length)


def mux_mp4(
    movie: Movie,
    sound: tuple[Track, Span],
    sample_rate: int,
    path: Path,
    should_cancel: ShouldCancel | None,
    from_zero: bool,
) -> None:
    """The source's tracks as they are, beside a stretch of another; from_zero removes a wait that all tracks share.

    The movie's timescale becomes one in which the sound's start and end are whole numbers; edit lists and track headers
    count in it, so those of the tracks that are kept are rescaled.
    """
    scale = math.lcm(movie.timescale, sample_rate)
    scale = scale if scale <= MAX_TIMESCALE else movie.timescale
    old = next(iter(movie.of_kind("soun")), None)
    kept = [track for track in movie.tracks if track is not old]
    new, span = sound
    wait = min([span.at, *(t.shown.at if t.shown else Fraction(0) for t in kept if t.table.n_samples)])
    earlier = rescaled(wait, scale) if from_zero else 0
    span = dataclasses.replace(span, at=span.at - Fraction(earlier, scale))
    described = with_header_of(new, old) if old is not None else renumbered(new, movie)
    try:
        out, ends = cut_track(described, span, scale, order_by_time=True, chunk_seconds=Fraction(1, 2))
        tracks = [_kept(movie, track, scale, earlier) if track is not old else out for track in movie.tracks]
        tracks += [out] if old is None else []
        longest = max([ends, *(end_of(movie, track, scale) - earlier for track in kept)])
        write_movie(path, movie.ftyp, movie.moov, scale, longest, tracks, canceller(should_cancel))
    except OSError as error:
        raise write_error(error, path) from error


def _kept(movie: Movie, track: Track, scale: int, earlier: int) -> OutTrack:
    out = whole_track(track, order_by_time=True)
    return dataclasses.replace(out, trak=with_movie_timescale(out.trak, movie.timescale, scale, earlier))


def end_of(movie: Movie, track: Track, scale: int) -> int:
    """When a kept track ends, in the new movie timescale."""
    edits = read_edits(track.box)
    if edits:
        return rescaled(sum(edit.duration for edit in edits), scale, movie.timescale)
    return rescaled(timed_header(track.box.need(b"mdia", b"mdhd"))[3], scale, track.timescale)


def canceller(should_cancel: ShouldCancel | None) -> Callable[[int], None]:
    """What write_movie calls with every few megabytes: it raises DubCancelled when the person has asked to stop."""
    return lambda _count: check_cancel(should_cancel)


def _mux_with_ffmpeg(
    clip: Clip, sound: SoundStream, path: Path, start_sample: int, should_cancel: ShouldCancel | None
) -> None:
    """Write a clip with its first audio track replaced (or one added); every other stream is copied.

    Matroska and WebM get Opus where the sound has 48 kHz, else Vorbis; AVI gets PCM. Their decoders give exactly as
    many samples as went in. AVI cannot start a track late, so there silence goes before sound that does.

    Args:
        clip: the source.
        sound: the new sound.
        path: the file to create; its ending chooses the container.
        start_sample: when it starts, counted from the clip's first frame.
        should_cancel: asked often.
    Raises:
        MediaError: the container cannot carry the source's streams, or the disk is full.
    """
    container = FORMATS.get(path.suffix.lower(), "matroska")
    at = clip.start + Fraction(start_sample, sound.sample_rate)
    if container == "avi":
        sound, at = _delayed(sound, at), Fraction(0)
    with work_folder(path.parent, "sound") as folder:
        wav = folder / "sound.wav"
        write_stream(wav, sound)
        options = {"c": "copy", **_sound_options(container, sound)}
        remux(clip, wav, path, container, options, at, should_cancel)


def remux(
    clip: Clip,
    sound_path: Path,
    path: Path,
    container: str,
    options: dict[str, Any],
    at: Fraction | None,
    should_cancel: ShouldCancel | None,
) -> None:
    """Copy a clip with its first audio track replaced (or one added).

    Args:
        clip: the source.
        sound_path: the file with the new track.
        path: the file to create.
        container: FFmpeg's name of its format.
        options: for the sound's encoder.
        at: seconds on the source's timeline at which the new track starts; None: its own times count there.
        should_cancel: asked often.
    """
    source = input_of(clip.path, copyts=None, fflags="+genpts")
    late = {"itsoffset": f"{float(at):.9f}"} if at is not None else {}
    sound = input_of(sound_path, **late)
    streams = [source["V"], sound["a:0"], *(source[f"a:{n}"] for n in range(1, clip.n_audio_tracks))]
    streams += [source["s?"], source["t?"]] if container == "matroska" else []
    options = {"avoid_negative_ts": "disabled", "map_metadata": "0", **options}
    if clip.n_audio_tracks:
        options |= _track_tags(clip, container)
    output = ffmpeg.output(*streams, file_url(path), f=container, **options)
    run_ffmpeg(output.get_args(), path, subject=clip.path.name, should_cancel=should_cancel)


def _track_tags(clip: Clip, container: str) -> dict[str, str]:
    """FFmpeg's options that give each track the tags of the source's.

    The new sound has its tags from the track that it replaces. Once FFmpeg is told so of one track it does nothing of
    its own accord for the others, and an attachment without its tags cannot be written.
    """
    tags = {"map_metadata:s:v:0": f"0:s:{clip.video_index}"}
    counts = {"a": clip.n_audio_tracks}
    if container == "matroska":
        with opened(clip.path) as source:
            counts |= {"s": clip.n_subtitle_tracks, "t": len(source.streams.attachments)}
    numbered = [f"{kind}:{number}" for kind, count in counts.items() for number in range(count)]
    return tags | {f"map_metadata:s:{one}": f"0:s:{one}" for one in numbered}


def _sound_options(container: str, sound: SoundStream) -> dict[str, Any]:
    if container == "avi":
        return {"c:a:0": "pcm_s16le"}
    if container in ("mp4", "mov"):
        return aac_options(sound.n_channels)
    if sound.sample_rate == OPUS_RATE:
        return {"c:a:0": "libopus", "b:a:0": f"{min(MAX_KBPS, KBPS_PER_CHANNEL * sound.n_channels)}k"}
    return {"c:a:0": "libvorbis", "q:a:0": VORBIS_QUALITY}


def _delayed(sound: SoundStream, at: Fraction) -> SoundStream:
    """Sound with silence before it, or without what comes before 0."""
    late = round(at * sound.sample_rate)

    def blocks() -> Iterator[np.ndarray]:
        if late > 0:
            yield np.zeros((sound.n_channels, late), dtype=np.float32)
        left_out = max(0, -late)
        for block in sound.blocks():
            yield block[:, left_out:]
            left_out = max(0, left_out - block.shape[1])

    return dataclasses.replace(sound, n_samples=max(0, sound.n_samples + late), blocks=blocks)
