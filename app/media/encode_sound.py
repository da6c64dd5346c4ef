"""A waveform as one compressed track, with as many samples after decoding as before."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import ffmpeg

from app.media.decode import write_wav
from app.media.ffmpeg import file_url, run_ffmpeg
from riffusion_inference.datatypes import ShouldCancel, Waveform

AAC_RATES = {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
KBPS_PER_CHANNEL, MAX_KBPS = 128, 512


def encode_sound(waveform: Waveform, path: Path, should_cancel: ShouldCancel | None) -> Path:
    """Encode a waveform into an MP4 of its own: AAC at 128 kb/s per channel (256 for stereo).

    The encoder's priming is hidden by the edit list. AAC has no place for some sample rates; those become FLAC.

    Args:
        waveform: samples [C, T].
        path: the file to write.
        should_cancel: asked often.
    Returns:
        path.
    Raises:
        MediaError: the encoder failed or the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix=".wav-", dir=path.parent) as folder:
        wav = Path(folder) / "sound.wav"
        write_wav(wav, waveform)
        options: dict[str, Any] = {"c:a": "flac", "strict": "experimental"}
        if waveform.sample_rate in AAC_RATES:
            options = aac_options(waveform.n_channels)
        output = ffmpeg.output(ffmpeg.input(file_url(wav)).audio, file_url(path), f="mp4", **options)
        run_ffmpeg(output.get_args(), path, should_cancel=should_cancel)
    return path


def aac_options(n_channels: int) -> dict[str, Any]:
    """FFmpeg's options for AAC; noise substitution is off, because it would decode differently after each cut."""
    return {"c:a": "aac", "b:a": f"{min(MAX_KBPS, KBPS_PER_CHANNEL * n_channels)}k", "aac_pns": 0}
