"""Whether a clip's pictures can be cut with their packets as they are, and what is said of it beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import MediaError
from ..clip import Clip
from ..mp4.movie import Movie, Track
from ..mp4.shown import frame_times, usual_duration
from ..open import UNKNOWN_CODEC, codec_name, opened
from .exact import DROPPED_HANDLERS

MP4_AUDIO = {"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}
LOSSLESS_AUDIO = {"flac", "alac", "wavpack", "tta", "truehd", "mlp", "ape"}
# FLAC gives back every sample of these; floats and 32 bits it rounds.
EXACT_AS_FLAC = {"flac", "alac", "wavpack", "tta"} | {
    f"pcm_{form}" for form in ("u8", "s8", "s16le", "s16be", "s24le", "s24be")
}
TEXT_SUBTITLES = {"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"}
# What each container may hold for its packets to go into MP4 as they are. The codecs that are missing here MP4 has no
# place for, or their packets are not frames there (MPEG-4 in AVI may put two pictures into one).
REPACKAGED = {
    "matroska": ("Matroska", {"h264", "hevc", "av1", "vp9"}),
    "mpegts": ("MPEG-TS", {"h264", "hevc"}),
    "flv": ("FLV", {"h264", "hevc", "av1"}),
    "avi": ("AVI", {"h264", "hevc", "av1"}),
}
FRAGMENTED_NOTE = "The file is a fragmented MP4: it is repackaged first."
OLD_SOUND_NOTE = (
    "Its sound is stored in QuickTime's oldest layout: it is re-encoded as AAC, or as FLAC where it is lossless."
)
AMR_NOTE = "Its AMR sound has several frames in a packet, which cannot be cut: it is re-encoded as AAC."
STATEFUL_AUDIO = {"opus": "Opus", "ac3": "AC-3", "eac3": "E-AC-3"}


@dataclass(frozen=True)
class LosslessCheck:
    """Whether a clip's pictures can be cut without encoding them again."""

    is_possible: bool
    """True: by edit lists."""
    reason: str
    """Why not, as half a sentence; empty where it is possible."""
    notes: tuple[str, ...]
    """One sentence for each thing a person should know, whatever the mode."""


def check_lossless(clip: Clip) -> LosslessCheck:
    """Say whether a clip can be cut exactly with its packets as they are.

    Args:
        clip: a probed clip.
    Raises:
        MediaError: it cannot be cut in any way.
    """
    names = stream_names(clip)
    notes = [
        f"{STATEFUL_AUDIO[name]} sound is copied; its decoder remembers what came before, so right after a cut the "
        "samples differ inaudibly from the source's."
        for name in sorted(set(names["audio"]) & set(STATEFUL_AUDIO))
    ]
    if clip.movie is not None:
        reason, remux_note = _mp4_obstacle(clip, clip.movie)
        if remux_note:
            notes.append(remux_note)
        elif any(_is_bundled(track) for track in _kept(clip.movie)):
            notes.append(AMR_NOTE)
        elif reason and plain_movie(clip) is None and names["audio"]:
            notes.append("Its sound is re-encoded too, as AAC, or as FLAC where it is lossless.")
        return LosslessCheck(not reason, reason, tuple(notes))
    notes += _remux_notes(names)
    reason = _repackaging_obstacle(clip)
    if reason:
        return LosslessCheck(False, reason, tuple(notes))
    name, _ = REPACKAGED[_family(clip)]
    return LosslessCheck(True, "", (*notes, f"The parts are MP4: {name} cannot carry edit lists."))


def _family(clip: Clip) -> str:
    """The first of FFmpeg's names of the container that is a key of REPACKAGED, else the first."""
    kinds = clip.container.split(",")
    return next((kind for kind in kinds if kind in REPACKAGED), kinds[0])


def _repackaging_obstacle(clip: Clip) -> str:
    """Why the pictures of a file that is no MP4 cannot be put into one as they are; "" where they can."""
    name, codecs = REPACKAGED.get(_family(clip), (_family(clip), set[str]()))
    if clip.video_codec not in codecs:
        return f"{clip.video_codec} in {name} cannot be repackaged as MP4, which carries edit lists"
    if not clip.frames_are_packets:
        return f"its packets do not say when each {clip.video_codec} frame is shown"
    return ""


def _mp4_obstacle(clip: Clip, movie: Movie) -> tuple[str, str]:
    """Why an MP4 cannot be cut by edit lists ("" where it can), and what to know where it is repackaged for that."""
    if movie.is_fragmented:
        return "", FRAGMENTED_NOTE
    if any(track.shown is None for track in _kept(movie)):
        return "its own edit list shows more than one segment", ""
    if clip.video_index < len(movie.tracks):
        _check_beginning(clip, movie.tracks[clip.video_index])
    indexed = frame_times(movie, clip.video_index)
    if indexed is None or tuple(indexed.pts) != clip.frame_pts:
        return f"its index does not say when each {clip.video_codec} frame is shown", ""
    if any(_is_old_sound(track) for track in _kept(movie)):
        return "", OLD_SOUND_NOTE
    return "", ""


def _check_beginning(clip: Clip, pictures: Track) -> None:
    """Raise MediaError where an edit list hides pictures at the start, and shows some before the first keyframe.

    Those cannot be decoded rightly, and players do not agree on when they are shown: FFmpeg is late by as long.
    """
    table, shown = pictures.table, pictures.shown
    if table.sync is None or not len(table.sync) or shown is None:
        return
    visible = np.flatnonzero(table.presentation_times() >= shown.first)
    if len(visible) and 0 < visible[0] < table.sync[0]:
        raise MediaError(
            f"{clip.path.name} is to be shown from a picture on that comes before its first keyframe, and players "
            "disagree on what that looks like: convert it first, for example with ffmpeg -i FILE new.mp4."
        )


def _kept(movie: Movie) -> list[Track]:
    return [track for track in movie.tracks if track.handler not in DROPPED_HANDLERS]


def _is_old_sound(track: Track) -> bool:
    """True where the tables count bytes instead of what a decoder is given."""
    byte_wide = isinstance(track.table.sizes, int) and track.table.sizes == 1
    return track.handler == "soun" and byte_wide and track.sample_entry not in ("raw ", "ulaw", "alaw")


def _is_bundled(track: Track) -> bool:
    """True for AMR with several frames in a packet: decoders play whole ones, so that no edit list cuts them right."""
    return track.sample_entry in ("samr", "sawb") and usual_duration(track.table) * 50 > track.timescale


def stream_names(clip: Clip) -> dict[str, list[str]]:
    """Codec names of the audio and subtitle tracks, and of what is attached, under "audio", "subtitle", "attached"."""
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
        target = "AAC at 256 kb/s"
        if is_lossless_sound(name):
            target = "FLAC, which loses nothing" if name in EXACT_AS_FLAC else "FLAC of 24 bits"
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


def is_lossless_sound(codec: str) -> bool:
    """Whether a codec, by FFmpeg's name, keeps every sample."""
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
