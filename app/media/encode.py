"""Sound as one compressed track, with as many samples after decoding as before."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from riffusion_inference.datatypes import ShouldCancel

from ..unfinished import work_folder
from .decode import SoundStream, write_stream
from .ffmpeg import file_url, input_of, run_ffmpeg

AAC_RATES = {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
KBPS_PER_CHANNEL, MAX_KBPS = 128, 512
FLAC_MIN_BLOCK = 16


def encode_sound(sound: SoundStream, path: Path, should_cancel: ShouldCancel | None) -> Path:
    """Encode sound into an MP4 of its own: AAC at 128 kb/s per channel (256 for stereo).

    The encoder's priming is hidden by the edit list. AAC has no place for some sample rates; those become FLAC.

    Args:
        sound: fewer than 16 samples are followed by silence, which the caller's edit list leaves out.
        path: the file to write.
        should_cancel: asked often.
    Returns:
        path.
    Raises:
        MediaError: the encoder failed or the disk is full.
    """
    with work_folder(path.parent, "wav") as folder:
        wav = folder / "sound.wav"
        missing = max(0, FLAC_MIN_BLOCK - sound.n_samples)
        silence = np.zeros((sound.n_channels, missing), dtype=np.float32)
        longer = replace(sound, n_samples=sound.n_samples + missing, blocks=lambda: chain(sound.blocks(), [silence]))
        write_stream(wav, longer)
        options: dict[str, Any] = {"c:a:0": "flac", "strict": "experimental"}
        if sound.sample_rate in AAC_RATES:
            options = aac_options(sound.n_channels)
        output = ffmpeg.output(input_of(wav).audio, file_url(path), f="mp4", **options)
        run_ffmpeg(output.get_args(), path, subject="The sound", should_cancel=should_cancel)
    return path


def aac_options(n_channels: int) -> dict[str, Any]:
    """FFmpeg's options for AAC.

    The fast coder is the better one at high rates, and several times faster. Noise substitution is off, because it
    would decode differently after each cut.
    """
    rate = f"{min(MAX_KBPS, KBPS_PER_CHANNEL * n_channels)}k"
    return {"c:a:0": "aac", "b:a:0": rate, "aac_coder:a:0": "fast", "aac_pns:a:0": 0}
