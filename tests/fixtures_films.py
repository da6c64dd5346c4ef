"""Small films made of given pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

FRAME_RATE = 25


def write_clip(path: Path, frames: list[Image.Image], pts: list[int] | None = None, rotation: int = 0) -> Path:
    """MPEG-4 video of these frames; pts in 1/25 s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FRAME_RATE)
        stream.width, stream.height, stream.bit_rate = *frames[0].size, 4_000_000
        stream.codec_context.time_base = Fraction(1, FRAME_RATE)
        stream.codec_context.gop_size = 12
        if rotation:
            stream.set_display_rotation(rotation)
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_image(image)
            frame.pts = pts[number] if pts else number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
