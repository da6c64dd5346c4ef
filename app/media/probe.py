"""Finding out what a file contains, and refusing in one sentence what is not a video."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error

from ..errors import MediaError
from ..wall.registry import walled
from .clip import Clip
from .mp4.movie import Movie, rescaled
from .mp4.shown import FrameTimes, frame_times
from .open import UNKNOWN_CODEC, codec_name, opened, protected_error, video_stream
from .sound import Extent, audio_extent, check_packets, decoded_frames, extent_in_index, steady_index

PACKETS_ARE_FRAMES = {"h264", "hevc", "av1", "vp9", "mpeg4", "mjpeg", "prores", "ffv1"}
TIMED_CONTAINERS = {"mp4", "matroska"}
TRUNCATION_SECONDS, TRUNCATION_SHARE = Fraction(1, 2), Fraction(1, 10)


@walled
def probe(path: Path) -> Clip:
    """Find out what a video file contains; every packet is read, only the first frame is decoded where that is enough.

    Args:
        path: any file.
    Returns:
        The clip, its frames as FFmpeg presents them.
    Raises:
        MediaError: missing, a folder, not readable, empty, no video, audio only, damaged or truncated.
    """
    path = Path(path).absolute()
    with opened(path) as container:
        return _probe(path, container, decodes=True)


@walled
def probe_copy(path: Path) -> Clip:
    """Find out what a file of this program's making contains; where its index says enough, no picture is decoded.

    A part may begin with hundreds of hidden pictures, which decoding its first frame would decode too. Size, rotation
    and format are left to what the container says, unturned.

    Args:
        path: a part or a film.
    Raises:
        MediaError: it is none.
    """
    path = Path(path).absolute()
    with opened(path) as container:
        return probe_opened(path, container)


def probe_opened(path: Path, container: Any) -> Clip:
    """As probe_copy, of a file that is open; afterwards it is somewhere in the file."""
    return _probe(path, container, decodes=False)


def _probe(path: Path, container: Any, decodes: bool) -> Clip:
    movie = steady_index(path, container, may_move=not decodes)
    if movie is not None and movie.is_protected:
        raise protected_error(path)
    stream = video_stream(container, path)
    if decodes or movie is None:
        frame = next(decoded_frames(container, stream), None)
        if frame is None:
            raise MediaError(f"{path.name} contains no frame that can be decoded: it is damaged or incomplete.")
        shape = round(frame.rotation / 90) * 90 % 360, frame.width, frame.height, frame.format.name
    else:
        context = stream.codec_context
        shape = 0, context.width, context.height, context.pix_fmt or ""
    facts = _track_facts(container, stream, *shape) | _sound_facts(container)
    family = container.format.name
    extent = extent_in_index(container, 0, path, movie) if facts["sample_rate"] is not None else None
    frames = _frame_times(path, family, facts, movie)
    facts |= _sound_times(path, facts["sample_rate"], frames, extent)
    return _clip(path, family, facts, frames, movie)


def as_clip(clip_or_path: Clip | Path) -> Clip:
    """A clip as it is, or what a probe finds in a file."""
    return clip_or_path if isinstance(clip_or_path, Clip) else probe(clip_or_path)


def _track_facts(
    container: Any, stream: Any, rotation: int, width: int, height: int, pixel_format: str
) -> dict[str, Any]:
    if rotation in (90, 270):
        width, height = height, width
    return {
        "width": width,
        "height": height,
        "rotation": rotation,
        "video_codec": codec_name(stream),
        "pixel_format": pixel_format,
        "video_index": stream.index,
        "n_audio_tracks": len(container.streams.audio),
        "n_subtitle_tracks": len(container.streams.subtitles),
        "n_chapters": len(container.chapters()),
    }


def _frame_times(path: Path, family: str, facts: dict[str, Any], movie: Movie | None) -> FrameTimes:
    """Read the frames' times from MP4's tables, else from the packets, else by decoding every frame."""
    indexed = frame_times(movie, facts["video_index"]) if movie is not None else None
    if indexed is not None:
        return indexed
    is_timed = not TIMED_CONTAINERS.isdisjoint(family.split(","))
    return _read_frames(path, facts["video_codec"] in PACKETS_ARE_FRAMES and is_timed)


def _read_frames(path: Path, by_packets: bool) -> FrameTimes:
    with opened(path) as container:
        stream = video_stream(container, path)
        rate = stream.average_rate or stream.guessed_rate or 25
        time_base = Fraction(stream.time_base)
        if by_packets:
            times, end = _packet_times(container, stream)
            are_packets = True
        else:
            times, are_packets = _decoded_times(container, stream)
            end = max(times, default=0) * time_base
        _check_whole(path, container, end)
    if not times:
        raise MediaError(f"{path.name} contains no frame that can be decoded: it is damaged or incomplete.")
    pts = sorted(times)
    last = times[pts[-1]][1] or (pts[-1] - pts[-2] if len(pts) > 1 else round(1 / (Fraction(rate) * time_base)))
    keyframes = [n for n, p in enumerate(pts) if times[p][0]]
    return FrameTimes(pts, keyframes, time_base, pts[-1] + max(1, last), are_packets)


def _packet_times(container: Any, stream: Any) -> tuple[dict[int, tuple[bool, int]], Fraction]:
    """Of each picture's packet: pts, whether it is a keyframe, duration; and when the last packet of any track ends."""
    times: dict[int, tuple[bool, int]] = {}
    end = Fraction(0)
    is_vp9 = codec_name(stream) == "vp9"
    for number, packet in enumerate(container.demux()):
        check_packets(number)
        if packet.pts is None:
            continue
        end = max(end, (packet.pts + (packet.duration or 0)) * Fraction(packet.time_base))
        if packet.stream_index == stream.index and not packet.is_discard and not (is_vp9 and _is_hidden_vp9(packet)):
            times[packet.pts] = (packet.is_keyframe, packet.duration or 0)
    return times, end


def _is_hidden_vp9(packet: Any) -> bool:
    """Whether a packet holds nothing but a picture that others lean on and nobody sees.

    Most encoders pack such a picture together with the next one that is shown. Source: VP9 bitstream specification, 6.2
    (uncompressed_header) and Annex B (superframes, whose last byte starts with the bits 110).
    """
    data = bytes(packet)
    if not data or data[-1] >> 5 == 0b110:
        return False
    bits = f"{data[0]:08b}{data[min(1, len(data) - 1)]:08b}"
    at = 5 if bits[2:4] == "11" else 4
    shows_earlier, _is_inter, is_shown = bits[at], bits[at + 1], bits[at + 2]
    return shows_earlier == "0" and is_shown == "0"


def _decoded_times(container: Any, stream: Any) -> tuple[dict[int, tuple[bool, int]], bool]:
    """The same of each picture by decoding it; and whether each is one packet that bears its time.

    AVI counts packets only, so that with B-frames its pictures come out of the decoder with their times out of order.
    """
    stream.thread_type = "AUTO"
    packets: list[int | None] = []
    frames = decoded_frames(container, stream, lambda packet: packets.append(packet.pts))
    shown = [(frame.pts, bool(frame.key_frame), frame.duration or 0) for frame in frames if frame.pts is not None]
    times = {pts: (is_key, duration) for pts, is_key, duration in shown}
    in_order = all(before < after for (before, *_), (after, *_) in pairwise(shown))
    return times, in_order and len(packets) == len(times) and set(packets) == times.keys()


def _check_whole(path: Path, container: Any, end: Fraction) -> None:
    """Raise MediaError where what can be read ends long before the header says."""
    if container.duration is None:
        return
    declared = Fraction(container.duration, av.time_base)
    # Matroska and MP4 state when the last picture ends, the others how long all of them last.
    start = 0 if TIMED_CONTAINERS & {*container.format.name.split(",")} else container.start_time or 0
    missing = Fraction(start, av.time_base) + declared - end
    if missing > max(TRUNCATION_SECONDS, declared * TRUNCATION_SHARE):
        raise MediaError(
            f"{path.name} is cut short: it says it lasts {float(declared):.2f} s, "
            f"but what can be read ends {float(missing):.2f} s before that. Copy or download it again."
        )


def _sound_facts(container: Any) -> dict[str, Any]:
    known = bool(container.streams.audio) and codec_name(container.streams.audio[0]) != UNKNOWN_CODEC
    context = container.streams.audio[0].codec_context if known else None
    # A stream that the header names and of which no packet was found has neither rate nor channels.
    if context is None or not context.sample_rate or not context.channels:
        return {"sample_rate": None, "n_channels": 0, "audio_codec": None}
    return {
        "sample_rate": context.sample_rate,
        "n_channels": context.channels,
        "audio_codec": codec_name(container.streams.audio[0]),
    }


def _sound_times(path: Path, sample_rate: int | None, frames: FrameTimes, extent: Extent | None) -> dict[str, int]:
    if sample_rate is None:
        return {"n_samples": 0, "audio_start_sample": 0, "audio_end_sample": 0}
    # Where no index says it, the track is decoded.
    extent = extent or audio_extent(path, 0, None)
    zero = frames.pts[0] * frames.time_base
    return {
        "n_samples": extent.n_samples,
        "audio_start_sample": rescaled(extent.start - zero, sample_rate),
        "audio_end_sample": rescaled(extent.end - zero, sample_rate),
    }


def _clip(path: Path, family: str, facts: dict[str, Any], frames: FrameTimes, movie: Movie | None) -> Clip:
    duration = (frames.end - frames.pts[0]) * frames.time_base
    try:
        return Clip(
            path=path,
            container=family,
            size_bytes=path.stat().st_size,
            duration=duration,
            frame_pts=tuple(frames.pts),
            time_base=frames.time_base,
            frame_rate=(len(frames.pts) / duration).limit_denominator(100_000),
            keyframes=tuple(frames.keyframes),
            frames_are_packets=frames.are_packets,
            movie=movie,
            **facts,
        )
    except ValueError as error:
        raise MediaError(
            f"{path.name} is damaged: what it says of its times, its size or its sound cannot be. "
            "Copy or download it again."
        ) from error
