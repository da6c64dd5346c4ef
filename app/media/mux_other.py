"""New sound in containers that are no plain MP4, by FFmpeg's own muxers."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from riffusion_inference.datatypes import ShouldCancel, Waveform

from .clip import Clip
from .decode import write_wav
from .encode import KBPS_PER_CHANNEL, MAX_KBPS, aac_options
from .ffmpeg import file_url, run_ffmpeg

FORMATS = {".webm": "webm", ".avi": "avi", ".mp4": "mp4", ".mov": "mov", ".m4v": "mp4"}
OPUS_RATE = 48000
VORBIS_QUALITY = 8


def mux_other(
    clip: Clip, waveform: Waveform, path: Path, start_sample: int, should_cancel: ShouldCancel | None
) -> None:
    """Write a clip with its first audio track replaced (or one added); every other stream is copied.

    Matroska and WebM get Opus where the sound has 48 kHz, else Vorbis; AVI gets PCM. Their decoders give exactly as
    many samples as went in. AVI cannot start a track late, so there silence goes before sound that does.

    Args:
        clip: the source.
        waveform: the new sound.
        path: the file to create; its ending chooses the container.
        start_sample: when the waveform starts, counted from the clip's first frame.
        should_cancel: asked often.
    Raises:
        MediaError: the container cannot carry the source's streams, or the disk is full.
    """
    container = FORMATS.get(path.suffix.lower(), "matroska")
    at = clip.start + Fraction(start_sample, waveform.sample_rate)
    if container == "avi":
        waveform, at = _delayed(waveform, at), Fraction(0)
    with tempfile.TemporaryDirectory(prefix=".sound-", dir=path.parent) as folder:
        wav = Path(folder) / "sound.wav"
        write_wav(wav, waveform)
        source = ffmpeg.input(file_url(clip.path), copyts=None, fflags="+genpts")
        sound = ffmpeg.input(file_url(wav), itsoffset=f"{float(at):.9f}")
        streams = [source["V"], sound["a:0"], *(source[f"a:{n}"] for n in range(1, clip.n_audio_tracks))]
        streams += [source["s?"], source["t?"]] if container == "matroska" else []
        options: dict[str, Any] = {"c": "copy", "avoid_negative_ts": "disabled", "map_metadata": "0"}
        options |= _sound_options(container, waveform)
        if clip.n_audio_tracks:
            options["map_metadata:s:a:0"] = "0:s:a:0"
        output = ffmpeg.output(*streams, file_url(path), f=container, **options)
        run_ffmpeg(output.get_args(), path, should_cancel=should_cancel)


def _sound_options(container: str, waveform: Waveform) -> dict[str, Any]:
    if container == "avi":
        return {"c:a:0": "pcm_s16le"}
    if container in ("mp4", "mov"):
        return aac_options(waveform.n_channels)
    if waveform.sample_rate == OPUS_RATE:
        return {"c:a:0": "libopus", "b:a:0": f"{min(MAX_KBPS, KBPS_PER_CHANNEL * waveform.n_channels)}k"}
    return {"c:a:0": "libvorbis", "q:a:0": VORBIS_QUALITY}


def _delayed(waveform: Waveform, at: Fraction) -> Waveform:
    """The waveform with silence before it, or without what comes before 0."""
    n_samples = round(at * waveform.sample_rate)
    if n_samples < 0:
        return Waveform(waveform.samples[:, -n_samples:], waveform.sample_rate)
    return Waveform(np.pad(waveform.samples, ((0, 0), (n_samples, 0))), waveform.sample_rate)
