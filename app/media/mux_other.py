"""New sound in containers that are no plain MP4, by FFmpeg's own muxers."""

from __future__ import annotations

from pathlib import Path

from app.media.clip import Clip
from riffusion_inference.datatypes import ShouldCancel, Waveform


def mux_other(
    clip: Clip, waveform: Waveform, path: Path, start_sample: int, should_cancel: ShouldCancel | None
) -> None:
    """Write the clip with new sound."""
    raise NotImplementedError
