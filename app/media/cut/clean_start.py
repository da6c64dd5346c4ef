"""Whether a decoder that starts midway shows what one shows that has read the stream from its beginning.

Some streams say something in their first packet alone that changes how all others decode: old versions of x264 made
4:4:4 pictures that FFmpeg decodes rightly only once it has read which version it was. A part that starts later would be
broken without a word. So the keyframes that parts start from are decoded twice, by a new decoder and by one that was
given the stream's first packet before.
"""

from __future__ import annotations

from typing import Any

import av
from av.error import FFmpegError

from ...plan import Part
from ..clip import Clip
from ..frames import frame_hash
from ..open import opened, seek_back, video_stream

CAREFUL_CODECS = {"h264", "hevc", "mpeg4", "h263"}
# What the first packet says holds for the whole stream, so that a few cuts show it.
LOOKED_AT = 4


def starts_alike(clip: Clip, parts: tuple[Part, ...]) -> bool:
    """True where the keyframes before the cuts decode alike with and without the stream's first packet.

    Args:
        clip: the source.
        parts: of it.
    Raises:
        MediaError: it cannot be read.
    """
    later = [part for part in parts if part.start_frame > 0]
    if clip.video_codec not in CAREFUL_CODECS or not later:
        return True
    with opened(clip.path) as container:
        stream = video_stream(container, clip.path)
        first = next((packet for packet in container.demux(stream) if packet.size), None)
        for part in later[:: max(1, len(later) // LOOKED_AT)]:
            seek_back(container, stream, clip.frame_pts[part.start_frame])
            packet = next((packet for packet in container.demux(stream) if packet.size), None)
            if packet is None or first is None or not packet.is_keyframe or packet.pos == first.pos:
                continue
            alone, after_first = _picture(stream, [packet]), _picture(stream, [first, packet])
            if alone is not None and after_first is not None and alone != after_first:
                return False
    return True


def _picture(stream: Any, packets: list[Any]) -> str | None:
    """Hash of what a new decoder, given some packets, makes of the last one; None where it makes nothing of it."""
    context: Any = av.CodecContext.create(stream.codec_context.codec.name, "r")
    context.extradata = stream.codec_context.extradata
    frames: list[Any] = []
    try:
        for packet in (*packets, None):
            frames += context.decode(packet)
    except FFmpegError:
        return None
    # Where packets are missing in between, a decoder may put pictures of its own there.
    return next((frame_hash(frame) for frame in frames if frame.pts == packets[-1].pts), None)
