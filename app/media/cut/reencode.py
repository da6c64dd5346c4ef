"""Parts with clean starts: the pictures are decoded once and encoded again, one file for each part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.video.frame import PictureType

from ...errors import MediaError
from ...files import no_space_error
from ...plan import Part
from ..clip import Clip
from ..mp4.describe import hdr_boxes, with_entry_boxes
from ..mp4.movie import Track, read_movie
from ..open import opened, video_stream
from ..sound import decoded_frames

PRESET = "medium"
X264_FORMATS = {
    f"{family}{depth}" for family in ("yuv420p", "yuv422p", "yuv444p", "gray") for depth in ("", "10le")
} | {"yuvj420p", "yuvj422p", "yuvj444p"}  # fmt: skip


def encoder_format(pixel_format: str, width: int, height: int) -> str:
    """The pixel format to encode in: the source's where x264 has it, else the nearest that loses least.

    Chroma at half resolution needs even sizes; an odd size is encoded with full chroma, so that no row or column is
    added or lost.

    Args:
        pixel_format: of the source.
        width: stored pixels.
        height: stored pixels.
    """
    deep = any(mark in pixel_format for mark in ("p9", "10", "12", "14", "16", "x2"))
    family = next((name for name in ("420", "422", "444", "gray") if name in pixel_format), "444")
    if pixel_format.startswith(("nv12", "p010", "nv21", "yuv410", "yuv411")):
        family = "422" if "411" in pixel_format else "420"
    if pixel_format.startswith(("yuyv", "uyvy", "nv16", "yvyu", "yuv440")):
        family = "444" if "440" in pixel_format else "422"
    if (family == "420" and (width % 2 or height % 2)) or (family == "422" and width % 2):
        family = "444"
    if pixel_format.startswith("yuvj") and family != "gray":
        return f"yuvj{family}p"
    name = "gray" if family == "gray" else f"yuv{family}p"
    name += "10le" if deep else ""
    assert name in X264_FORMATS
    return name


def encode_parts(
    clip: Clip, parts: tuple[Part, ...], folder: Path, *, threads: int, crf: int, on_frame: Callable[[int], None]
) -> Iterator[Track]:
    """Decode a clip once and encode each part's pictures into a file of its own.

    Args:
        clip: the source.
        parts: a partition of its frames.
        folder: for the files; the caller deletes them.
        threads: for decoding and for encoding.
        crf: x264's constant rate factor.
        on_frame: called with the number of frames done; may raise to stop.
    Returns:
        One picture track for each part, in order, as soon as it is complete; its first frame is shown at 0.
    Raises:
        MediaError: fewer frames could be decoded than the probe counted, or the encoder failed.
    """
    frames = _shown_frames(clip, threads)
    done = 0
    for part in parts:
        path = folder / f"pictures-{part.index}.mp4"
        encoder: _Encoder | None = None
        try:
            for _ in range(part.n_frames):
                frame = next(frames, None)
                if frame is None:
                    raise MediaError(
                        f"{clip.path.name} is damaged: only {done} of its {clip.n_frames} frames can be decoded."
                    )
                encoder = encoder or _Encoder(clip, path, frame, threads, crf)
                encoder.add(frame, clip.frame_pts[done] - clip.frame_pts[part.start_frame])
                done += 1
                on_frame(done)
        except BaseException:
            if encoder is not None:
                encoder.output.close()
            raise
        assert encoder is not None
        encoder.finish()
        yield with_entry_boxes(read_movie(path).of_kind("vide")[0], encoder.hdr)


def _shown_frames(clip: Clip, threads: int) -> Iterator[Any]:
    """The decoded frames in the order shown, one for each of the clip's frame times."""
    with opened(clip.path) as container:
        stream = video_stream(container, clip.path)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        yield from (frame for frame in decoded_frames(container, stream) if frame.pts is not None)


class _Encoder:
    """One x264 stream in a file of its own."""

    def __init__(self, clip: Clip, path: Path, frame: Any, threads: int, crf: int) -> None:
        self.path, self.time_base = path, clip.time_base
        self.hdr = hdr_boxes(frame)
        self.output = av.open(str(path), "w", format="mp4")
        self.stream: Any = self.output.add_stream("libx264", rate=_plain_rate(clip.frame_rate))
        context = self.stream.codec_context
        context.width, context.height = frame.width, frame.height
        context.pix_fmt = encoder_format(frame.format.name, frame.width, frame.height)
        context.time_base = self.stream.time_base = clip.time_base
        context.thread_count = threads
        context.options = {"crf": str(crf), "preset": PRESET, "threads": str(threads)}
        if frame.interlaced_frame:
            context.options = {**context.options, "x264-params": "interlaced=1"}
        self._describe(clip, context, frame)

    def _describe(self, clip: Clip, context: Any, frame: Any) -> None:
        """Carry over what says how the picture is to be shown."""
        context.color_range, context.colorspace = int(frame.color_range), int(frame.colorspace)
        context.color_primaries, context.color_trc = int(frame.color_primaries), int(frame.color_trc)
        with opened(clip.path) as container:
            ratio = video_stream(container, clip.path).sample_aspect_ratio
        if ratio:
            context.sample_aspect_ratio = ratio
        if clip.rotation:
            self.stream.set_display_rotation(clip.rotation)

    def add(self, frame: Any, pts: int) -> None:
        """Encode one frame, to be shown at pts."""
        if frame.format.name != self.stream.codec_context.pix_fmt:
            frame = frame.reformat(format=self.stream.codec_context.pix_fmt)
        frame.pts, frame.time_base, frame.pict_type = pts, self.time_base, PictureType.NONE
        self._mux(frame)

    def finish(self) -> None:
        """Get the last frames out of the encoder and finish the file."""
        try:
            self._mux(None)
        finally:
            self.output.close()

    def _mux(self, frame: Any) -> None:
        try:
            for packet in self.stream.encode(frame):
                self.output.mux(packet)
        except av.error.FFmpegError as error:
            if "No space left" in str(error):
                raise no_space_error(self.path.parent) from error
            raise MediaError(f"The video could not be encoded: {error.strerror or error}.") from error


def _plain_rate(rate: Fraction) -> Fraction:
    """A frame rate that suits the encoder's rate control; the frames' own times are kept whatever it is."""
    return rate.limit_denominator(1001) if rate >= 1 else Fraction(1)
