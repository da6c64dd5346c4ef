"""Cutting by copy at keyframes in containers that have no edit lists, by FFmpeg's segment muxer."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import ffmpeg

from riffusion_inference.datatypes import ShouldCancel

from ...errors import MediaError
from ...plan import Part
from ..clip import Clip
from ..ffmpeg import file_url, input_of, run_ffmpeg
from ..open import opened
from ..probe import probe

# FFmpeg's name of the source's format: the muxer's name, and the ending of the parts' names.
SEGMENTABLE = {
    "matroska": ("matroska", ".mkv"),
    "avi": ("avi", ".avi"),
    "mpegts": ("mpegts", ".ts"),
    "flv": ("flv", ".flv"),
}
PACKET_NOTE = (
    "The sound is cut between packets, up to a tenth of a second from the pictures; choose exact to cut it exactly too."
)


def segment_format(clip: Clip) -> tuple[str, str] | None:
    """The muxer and the ending for a clip's own container; None where FFmpeg cannot segment it."""
    if clip.path.suffix.lower() == ".webm":
        return "webm", ".webm"
    return next((SEGMENTABLE[kind] for kind in clip.container.split(",") if kind in SEGMENTABLE), None)


def copy_segments(
    clip: Clip, parts: tuple[Part, ...], folder: Path, should_cancel: ShouldCancel | None
) -> tuple[Path, ...]:
    """Cut a clip before the first frame of each part, all packets copied, each into exactly one file.

    Args:
        clip: the source.
        parts: each starting with a keyframe.
        folder: for the files.
        should_cancel: asked often.
    Returns:
        The files in order.
    Raises:
        MediaError: the pieces do not contain the planned frames, as happens with open GOPs and broken times.
    """
    form = segment_format(clip)
    assert form is not None
    muxer, suffix = form
    zero = _file_start(clip)
    cuts = [_between_keyframes(clip, part.start_frame) - zero for part in parts[1:]]
    options = {"segment_times": ",".join(f"{float(cut):.6f}" for cut in cuts)} if cuts else {"segment_time": 10**6}
    output = ffmpeg.output(
        input_of(clip.path, fflags="+genpts"),
        file_url(folder / f"%06d{suffix}"),
        f="segment",
        segment_format=muxer,
        reset_timestamps=1,
        c="copy",
        map="0",
        **options,
    )
    run_ffmpeg(output.get_args(), folder / form[1], subject=clip.path.name, should_cancel=should_cancel)
    paths = tuple(sorted(folder.glob(f"[0-9]*{suffix}")))
    found = [probe(path).n_frames for path in paths]
    if found != [part.n_frames for part in parts]:
        raise MediaError(
            f"{clip.path.name} cannot be cut cleanly at its keyframes: the pieces would contain {found} frames "
            f"instead of {[part.n_frames for part in parts]}. Choose exact or reencode."
        )
    return paths


def _between_keyframes(clip: Clip, keyframe: int) -> Fraction:
    """Half-way from the keyframe before to this one: FFmpeg cuts at the first keyframe after a time."""
    before = max((key for key in clip.keyframes if key < keyframe), default=0)
    return (clip.frame_pts[before] + clip.frame_pts[keyframe]) * clip.time_base / 2


def _file_start(clip: Clip) -> Fraction:
    """Seconds on the file's timeline of its earliest packet, from where FFmpeg's command line counts."""
    with opened(clip.path) as container:
        return Fraction(container.start_time or 0, 1_000_000)
