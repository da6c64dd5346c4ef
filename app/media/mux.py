"""New sound beside untouched pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path

import ffmpeg

from app.media.clip import Clip
from app.media.decode import write_wav
from app.media.ffmpeg import file_url, run_ffmpeg, written_whole
from riffusion_inference.datatypes import ShouldCancel, Waveform


def replace_audio(part_path: Path, waveform: Waveform, out_path: Path) -> None:
    """Give a part new sound; the video packets stay as they are, byte for byte.

    Args:
        part_path: a part that split wrote.
        waveform: the new sound of the first audio track, from the first frame on.
        out_path: where to; may be part_path itself.
    Raises:
        MediaError: a file cannot be read or written.
    """
    _with_sound(Path(part_path), waveform, Path(out_path), None)


def mux_film(clip: Clip, waveform: Waveform, out_path: Path, *, should_cancel: ShouldCancel | None = None) -> None:
    """Write the whole clip with new sound, encoded once; the video packets stay as they are, byte for byte.

    Args:
        clip: the source.
        waveform: the new sound of the first audio track, from the first frame on.
        out_path: where to; its ending chooses the container.
        should_cancel: asked often.
    Raises:
        MediaError: a file cannot be read or written.
        DubCancelled: should_cancel returned True.
    """
    _with_sound(clip.path, waveform, Path(out_path), should_cancel)


def _with_sound(source: Path, waveform: Waveform, out_path: Path, should_cancel: ShouldCancel | None) -> None:
    with written_whole(out_path) as temporary, tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        write_wav(wav, waveform)
        video = ffmpeg.input(file_url(source)).video
        sound = ffmpeg.input(file_url(wav)).audio
        out = ffmpeg.output(video, sound, file_url(temporary), **{"c:v": "copy", "c:a": "aac", "b:a": "256k"})
        run_ffmpeg(out.get_args(), out_path, should_cancel=should_cancel)
