"""HDR's mastering display and light level, from a decoded frame into MP4's boxes.

Source: SMPTE ST 2086 and CTA-861.3 as in ISO/IEC 23001-8 (mdcv, clli); FFmpeg's libavutil/mastering_display_metadata.h
for how a frame carries them.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

from .boxes import Box

CHROMATICITY_UNITS, LUMINANCE_UNITS = 50_000, 10_000


def hdr_boxes(frame: Any) -> list[Box]:
    """The mdcv and clli boxes that say what a frame's side data says; none where it has none.

    Args:
        frame: as decoded.
    """
    boxes = []
    for data in frame.side_data:
        if data.type.name == "MASTERING_DISPLAY_METADATA":
            boxes += _mastering(bytes(data))
        elif data.type.name == "CONTENT_LIGHT_LEVEL":
            boxes.append(
                Box(b"clli", struct.pack(">HH", *(min(v, 65535) for v in struct.unpack_from("=2I", bytes(data)))))
            )
    return boxes


def _mastering(data: bytes) -> list[Box]:
    numbers = struct.unpack_from("=22i", data)
    has_primaries, has_luminance = numbers[20:22]
    if not (has_primaries and has_luminance):
        return []
    values = [Fraction(n, d) if d else Fraction(0) for n, d in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
    red, green, blue, white = values[0:2], values[2:4], values[4:6], values[6:8]
    darkest, brightest = values[8:10]
    points = [round(value * CHROMATICITY_UNITS) for value in (*green, *blue, *red, *white)]
    return [
        Box(
            b"mdcv", struct.pack(">8H2I", *points, round(brightest * LUMINANCE_UNITS), round(darkest * LUMINANCE_UNITS))
        )
    ]
