"""What manifest.json says about a result: enough to check it and to make it again."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field, fields
from importlib import metadata
from typing import Any

import numpy as np

from riffusion_inference.datatypes import GenerationSettings

from ..soundtrack.mix import MixSettings

SCHEMA = 1
MANIFEST_NAME = "manifest.json"
LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "av", "imageio-ffmpeg")


@dataclass(frozen=True)
class SourceFacts:
    """The video that went in."""

    name: str
    """File name."""
    sha256: str
    """Of the file."""
    size_bytes: int
    """Of the file."""
    duration: str
    """Seconds as a fraction, "61/2"."""
    n_frames: int
    """Frames shown."""
    frame_rate: str
    """Frames per second as a fraction, on average."""
    width: int
    """Pixels as shown."""
    height: int
    """Pixels as shown."""
    rotation: int
    """Degrees."""
    video_codec: str
    """FFmpeg's name."""
    audio_codec: str | None
    """FFmpeg's name; None where there is no sound."""
    sample_rate: int | None
    """Hz; None where there is no sound."""
    n_channels: int
    """0 where there is no sound."""
    n_samples: int
    """Per channel."""
    path: str | None = None
    """Where it was on the machine that made this; left out of the archive."""


@dataclass(frozen=True)
class PartFacts:
    """One part's range, half-open; samples count from the first frame, at `sample_rate` of the result."""

    index: int
    """1-based."""
    file: str
    """The part, dubbed if it was."""
    start_frame: int
    """First frame."""
    end_frame: int
    """One past the last."""
    start: str
    """Seconds as a fraction."""
    end: str
    """Seconds as a fraction."""
    start_sample: int
    """First sample."""
    end_sample: int
    """One past the last."""
    timeline: str
    """As people read it."""
    undubbed: str | None = None
    """The part with its own sound, where it was dubbed."""


@dataclass(frozen=True)
class TakeFacts:
    """One candidate."""

    seed: int
    """Makes it again."""
    wav: str
    """As it was made: before loudness and edges."""
    image: str | None
    """Spectrogram image with EXIF."""
    notes: tuple[str, ...] = ()
    """What the model had to say."""


@dataclass(frozen=True)
class DubFacts:
    """One dubbed part: how its music was made and laid in."""

    part: int
    """1-based."""
    prompt: str
    """As applied."""
    negative_prompt: str
    """As applied."""
    seed: int
    """Of the first candidate."""
    guidance_scale: float
    """As applied."""
    num_inference_steps: int
    """As applied."""
    scheduler: str
    """As applied."""
    candidates: int
    """Takes made."""
    loop: bool
    """Whether the end meets the start."""
    strength: float
    """Of a seed image or sound."""
    seed_image: str | None
    """File that it started from."""
    seed_audio: str | None
    """File that it started from."""
    extra: dict[str, Any]
    """Parameters that one engine knows."""
    model: str
    """Engine or checkpoint."""
    licence: str
    """Of its weights."""
    n_samples: int
    """Made for each take."""
    sample_rate: int
    """Hz."""
    generation_key: str
    """Same key, same takes: a hash of all of the above that decides them."""
    mix: MixSettings
    """How it was laid in."""
    take: int
    """Which candidate was laid in, 1-based."""
    takes: tuple[TakeFacts, ...]
    """All candidates."""
    target_lufs: float
    """Loudness aimed at."""
    loudness_lufs: float | None
    """Loudness reached, before encoding; None is silence."""
    true_peak_dbtp: float | None
    """True peak reached, before encoding."""
    loudness_from: str
    """Where the target came from."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know."""


@dataclass(frozen=True)
class FileFacts:
    """What a file of the result must be."""

    sha256: str
    """Of its bytes."""
    size_bytes: int
    """Of the file."""


@dataclass(frozen=True)
class Manifest:
    """A whole result."""

    source: SourceFacts
    """What went in."""
    split_asked: str
    """Mode that was chosen."""
    split_used: str
    """Mode that ran."""
    x264_crf: int
    """Quality of re-encoded parts."""
    n_parts: int
    """Parts asked for."""
    sample_rate: int
    """Hz of the result's sound."""
    n_channels: int
    """Channels of the result's sound."""
    parts: tuple[PartFacts, ...]
    """In order."""
    dubs: tuple[DubFacts, ...] = ()
    """In order of their parts."""
    film: str | None = None
    """The whole video with the new sound."""
    film_start_sample: int = 0
    """Where the film's sound starts, counted from its first frame; negative where it starts before."""
    film_samples: int = 0
    """Samples per channel of the film's new sound."""
    archive: str | None = None
    """The zip beside this file."""
    files: dict[str, FileFacts] = field(default_factory=dict)
    """Every other file, by its name relative to this one."""
    versions: dict[str, str] = field(default_factory=dict)
    """What made it."""
    seconds_per_stage: dict[str, float] = field(default_factory=dict)
    """What each stage of the last run took."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know."""
    schema: int = SCHEMA
    """Version of this layout."""

    def dub_of(self, part: int) -> DubFacts | None:
        """The dub of a part, if it has one."""
        return next((dub for dub in self.dubs if dub.part == part), None)


def generation_key(settings: GenerationSettings, model: str, n_samples: int, sample_rate: int) -> str:
    """Hash everything that decides which samples are made; the seed must be known."""
    digest = hashlib.sha256()
    values = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name not in ("seed_image", "seed_audio")}
    # 7 and 7.0 ask for the same; a manifest that was read back has floats.
    values |= {name: float(values[name]) for name in ("guidance_scale", "strength")}
    digest.update(json.dumps([values, model, n_samples, sample_rate], sort_keys=True, default=str).encode())
    if settings.seed_image is not None:
        digest.update(np.asarray(settings.seed_image.convert("RGB")).tobytes())
    if settings.seed_audio is not None:
        digest.update(np.ascontiguousarray(settings.seed_audio.samples).tobytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """What made a result: Python and the libraries that decide its samples."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
