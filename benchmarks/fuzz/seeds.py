"""The whole files that are damaged: clips, sounds, pictures, a result and its zip, all tiny and made on the spot."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from app.dub.order import Order, PartOrder
from app.dub.run import Run
from app.dub.story import carry_out
from app.settings import load_settings
from riffusion_inference.datatypes import GenerationSettings, Spectrogram, SpectrogramParams
from riffusion_inference.spectrogram.image import image_from_mel, save_image

from ..hum import HumModel

PICTURES = "-f lavfi -i testsrc2=size=64x48:rate=10:duration=1.2"
TONE = "-f lavfi -i sine=440:duration=1.2:sample_rate=16000"
X264 = "-c:v libx264 -preset ultrafast -g 5 -bf 2 -pix_fmt yuv420p"
CLIPS = {
    "plain.mp4": f"{PICTURES} {TONE} {X264} -c:a aac",
    "fragments.mp4": f"{PICTURES} {TONE} {X264} -c:a aac -movflags frag_keyframe+empty_moov",
    "pcm.mov": f"{PICTURES} {TONE} {X264} -c:a pcm_s16le",
    "silent.mp4": f"{PICTURES} {X264} -c:v mpeg4",
    "opus.mkv": f"{PICTURES} -f lavfi -i sine=440:duration=1.2:sample_rate=48000 {X264} -c:a libopus",
    "vp9.webm": f"{PICTURES} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 5",
    "mpeg4.avi": f"{PICTURES} {TONE} -c:v mpeg4 -g 5 -c:a libmp3lame",
    "stream.ts": f"{PICTURES} {TONE} {X264} -c:a aac",
    "flash.flv": f"{PICTURES} -f lavfi -i sine=440:duration=1.2:sample_rate=44100 {X264} -c:a aac",
    "flac.mkv": f"{PICTURES} {TONE} {X264} -c:a flac",
}
SOUNDS = {
    "a.wav": f"{TONE} -c:a pcm_s16le", "a.flac": TONE, "a.mp3": TONE, "a.ogg": f"{TONE} -c:a libvorbis", "a.m4a": TONE
}  # fmt: skip
PARAMS = SpectrogramParams(sample_rate=8000, n_fft=1600, win_length=400, hop_length=80, n_mels=32, f_max=3600.0)
SETTINGS = load_settings(None, {}, threads_on_splitting=1, media_memory_mb=2048, media_seconds=20)
"""As the program's, but for limits that a tiny file never comes near."""


@dataclass(frozen=True)
class Seeds:
    """Whole files by kind."""

    clips: tuple[Path, ...]
    """Of ten kinds."""
    sounds: tuple[Path, ...]
    """Of five kinds."""
    images: tuple[Path, ...]
    """Spectrograms with EXIF."""
    result: Path
    """A folder: a dub of the first clip."""
    archive: Path
    """Its zip."""


def make_seeds(folder: Path) -> Seeds:
    """Make them all.

    Args:
        folder: where to.
    """
    clips = [_made(folder / name, recipe) for name, recipe in CLIPS.items()]
    sounds = [_made(folder / name, recipe) for name, recipe in SOUNDS.items()]
    result = carry_out(dub_order(clips[0], folder / "result"), Run(SETTINGS), HumModel())
    assert result.archive is not None
    return Seeds(tuple(clips), tuple(sounds), _images(folder), result.folder, result.archive)


def dub_order(video: Path, out: Path) -> Order:
    """Two parts, music in the second."""
    return Order(video, out, 2, parts=(PartOrder(2, GenerationSettings("x", seed=1, num_inference_steps=1), "hum"),))


def _images(folder: Path) -> tuple[Path, ...]:
    rising = np.linspace(0, 1, 32 * 40, dtype=np.float32).reshape(1, 32, 40)
    image = image_from_mel(Spectrogram(rising, PARAMS))
    paths = tuple(folder / name for name in ("a.png", "a.jpg", "a.webp", "a.tiff"))
    for path in paths:
        save_image(image, path)
    return paths


def _made(path: Path, recipe: str) -> Path:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *shlex.split(recipe), str(path)]
    subprocess.run(command, check=True, timeout=120)
    return path
