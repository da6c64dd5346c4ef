"""Parts with clean starts, by encoding the pictures again."""

from __future__ import annotations

import tempfile
from pathlib import Path

import ffmpeg

from app.media.clip import Clip
from app.media.decode import decode_audio, write_wav
from app.media.ffmpeg import file_url, run_ffmpeg, written_whole
from app.plan import Part
from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel


def reencode(
    clip: Clip,
    part: Part,
    path: Path,
    *,
    threads: int,
    crf: int,
    on_progress: OnProgress | None,
    should_cancel: ShouldCancel | None,
) -> None:
    """Encode one part."""

    def on_frames(done: int) -> None:
        if on_progress is not None:
            on_progress(Progress("split", min(part.end_frame, part.start_frame + done), clip.n_frames))

    source = ffmpeg.input(file_url(clip.path))
    trim = {"start_frame": part.start_frame, "end_frame": part.end_frame}
    streams = [source.video.filter("trim", **trim).filter("setpts", "PTS-STARTPTS")]
    codecs = {"c:v": "libx264", "crf": crf, "preset": "medium", "threads": threads, "fps_mode": "passthrough"}
    with written_whole(path) as temporary, tempfile.TemporaryDirectory() as folder:
        if clip.sample_rate is not None:
            wav = Path(folder) / "sound.wav"
            ends = {
                "start_sample": part.start_sample(clip.sample_rate),
                "end_sample": part.end_sample(clip.sample_rate),
            }
            write_wav(wav, decode_audio(clip, **ends))
            streams.append(ffmpeg.input(file_url(wav)).audio)
            codecs |= {"c:a": "aac", "b:a": "256k"}
        command = ffmpeg.output(*streams, file_url(temporary), f="mp4", **codecs)
        run_ffmpeg(command.get_args(), path, on_frames=on_frames, should_cancel=should_cancel)
