"""Films cut together by script from real clips and photographs, at times that are known."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio.media
import imageio_ffmpeg
import numpy as np

from app.errors import MediaError
from app.media import frame_at, probe

WIDTH, HEIGHT, RATE = 320, 180, 25
SHORTEST, MEAN_MORE = 1.0, 1.5
"""A shot lasts SHORTEST seconds and a time drawn from an exponential distribution with the mean MEAN_MORE."""
SECONDS = (20.0, 45.0)
"""A film lasts about as long as a number drawn between these."""
ALIKE = 0.1
"""Clips whose middle pictures differ by less than this, of 1, are one clip in two files: the first is taken."""
SCENE = 0.15
"""FFmpeg's score from which a clip is taken to have cuts of its own: such clips are left out."""
FADE = 60
"""Change of mean brightness, of 255, from which a clip is taken to fade or to flash; likewise left out."""
SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".3gp", ".ts", ".flv")
VIDEOS = ("world.mp4", "a.mp4", "b.mp4")
PHOTOGRAPHS = ("cheetah.jpg", "cheetah1.jpg", "lion.jpg", "tower.jpg")


@dataclass(frozen=True)
class Source:
    """Something that a shot may be taken from."""

    path: Path
    """The file."""
    seconds: float
    """How long it runs; a photograph runs for ever."""


@dataclass(frozen=True)
class Film:
    """A film and the truth about it."""

    path: Path
    """An MP4 file at RATE frames a second."""
    cuts: tuple[int, ...]
    """Number of the first frame of every shot but the first."""
    n_frames: int
    """Frames in all."""


def find_sources(folder: Path | None) -> list[Source]:
    """Clips of a folder that can be read, last 1.2 s and longer and have no cuts, and photographs.

    Args:
        folder: None: the clips that come with gradio.
    """
    paths = sorted(folder.iterdir()) if folder else [Path(gradio.media.get_video(name)) for name in VIDEOS]
    sources, looks = [], []
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            clip = probe(path)
            picture = frame_at(clip, clip.duration / 2).convert("RGB")
        except MediaError:
            continue
        if clip.duration < SHORTEST + 0.2 or clip.frame_rate < 9 or _has_cuts(path):
            continue
        middle = np.asarray(picture.resize((16, 9)), dtype=float) / 255
        if all(np.abs(middle - look).mean() > ALIKE for look in looks):
            sources.append(Source(path, float(clip.duration)))
            looks.append(middle)
    return sources + [Source(Path(gradio.media.get_image(name)), np.inf) for name in PHOTOGRAPHS]


def _has_cuts(path: Path) -> bool:
    """Whether FFmpeg's own scene detection finds a cut, or light changes much, as in a fade."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-threads", "1", "-i", str(path), "-an", "-sn", "-dn"]
    command += ["-vf", f"fps={RATE},scale=160:90,split[a][b];[a]select='gt(scene,{SCENE})',showinfo,nullsink;"]
    command[-1] += "[b]scale=1:1:flags=area,format=gray"
    done = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True)
    light = np.frombuffer(done.stdout, np.uint8).astype(float)
    cuts = re.search(rb"showinfo.* n: *0 ", done.stderr)
    return done.returncode != 0 or cuts is not None or not len(light) or float(np.ptp(light)) > FADE


def cut_film(sources: Sequence[Source], path: Path, seed: int) -> Film:
    """Cut a film together: shots of random lengths at random places of random sources, no source twice in a row.

    Args:
        sources: what shots are taken from.
        path: the MP4 file that is written.
        seed: draws everything.
    """
    rng = np.random.default_rng([seed, 9])
    wanted = rng.uniform(*SECONDS)
    lengths: list[int] = []
    while sum(lengths) < wanted * RATE:
        lengths.append(round((SHORTEST + rng.exponential(MEAN_MORE)) * RATE))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p"]
    command += ["-s", f"{WIDTH}x{HEIGHT}", "-framerate", str(RATE), "-i", "-", "-threads", "1"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-g", "250", "-crf", "23", str(path)]
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert encoder.stdin is not None
    frames, before = [0], -1
    for length in lengths:
        long_enough = [k for k, one in enumerate(sources) if one.seconds * RATE > length + 2 and k != before]
        before = int(rng.choice(long_enough))
        encoder.stdin.write(_shot(sources[before], length, rng))
        frames.append(frames[-1] + length)
    encoder.stdin.close()
    if encoder.wait():
        raise RuntimeError(f"FFmpeg could not write {path}.")
    return Film(path, tuple(frames[1:-1]), frames[-1])


def _shot(source: Source, length: int, rng: np.random.Generator) -> bytes:
    """Raw frames of one shot, exactly `length` of them."""
    size = WIDTH * HEIGHT * 3 // 2
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-threads", "1"]
    if np.isinf(source.seconds):
        command += ["-loop", "1"]
    else:
        command += ["-ss", f"{rng.uniform(0, source.seconds - (length + 2) / RATE):.3f}"]
    fill = f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=increase,crop={WIDTH}:{HEIGHT},format=yuv420p"
    command += ["-i", str(source.path), "-an", "-vf", f"fps={RATE},{fill}", "-frames:v", str(length)]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    # A clip that ends early holds its last picture.
    missing = length - len(raw) // size
    return raw + raw[-size:] * missing
