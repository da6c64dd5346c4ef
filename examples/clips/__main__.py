"""Write the clips."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from app.media import write_wav
from app.media.ffmpeg import ffmpeg_exe
from riffusion_inference.datatypes import Waveform

from .pictures import balloons, harbour, street
from .sounds import RATE, harbour_sound, street_sound

FPS = 25
Scene = Callable[[float], Image.Image]
CLIPS: dict[str, tuple[Scene, float, Callable[[float], np.ndarray] | None]] = {
    "harbour": (harbour, 20.0, harbour_sound),
    "street": (street, 15.0, street_sound),
    "balloons": (balloons, 8.0, None),
}
"""Of each clip: its picture at a time in seconds, how long it lasts, and its sound."""


def write_clip(name: str, folder: Path) -> Path:
    """Draw and encode one clip."""
    scene, seconds, sound = CLIPS[name]
    width, height = scene(0.0).size
    target = folder / f"{name}.mp4"
    with tempfile.TemporaryDirectory() as work:
        command = [ffmpeg_exe(), "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        command += ["-s", f"{width}x{height}", "-r", str(FPS), "-i", "-"]
        if sound is not None:
            wav = Path(work, "sound.wav")
            write_wav(wav, Waveform(sound(seconds).astype(np.float32), RATE))
            command += ["-i", str(wav), "-c:a", "aac", "-b:a", "80k"]
        command += ["-c:v", "libx264", "-preset", "veryslow", "-crf", "27", "-g", "100", "-pix_fmt", "yuv420p"]
        command += [
            "-threads",
            "1",
            "-movflags",
            "+faststart",
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            str(target),
        ]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
            assert encoder.stdin is not None
            for number in range(round(seconds * FPS)):
                encoder.stdin.write(scene(number / FPS).tobytes())
            encoder.stdin.close()
        if encoder.returncode:
            raise SystemExit(f"{target} could not be encoded.")
    return target


def main() -> None:
    """Write them all."""
    parser = argparse.ArgumentParser(prog="python -m examples.clips", description="Write the page's example clips.")
    parser.add_argument("--folder", type=Path, required=True, help="where they go")
    parser.add_argument("--only", choices=CLIPS, help="one of them")
    asked = parser.parse_args()
    folder = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in [asked.only] if asked.only else CLIPS:
        path = write_clip(name, folder)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


main()
