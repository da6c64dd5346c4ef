"""What dub's tests share: a clip with sound, and a music model without weights.

The model makes chords of sines, exactly as long as ordered, decided by prompt, seed and settings.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from app.cli.main import main
from app.dub import Order, PartOrder, Run, carry_out
from app.dub.build_order import kept_parts
from app.models import Models
from app.result.folder import Result, open_result
from app.settings import Settings, load_settings
from app.settings.writing import Writing
from app.soundtrack.mix import MixSettings
from riffusion_inference.datatypes import (
    GenerationSettings,
    MusicModel,
    OnProgress,
    Progress,
    ShouldCancel,
    Spectrogram,
    SpectrogramParams,
    Take,
    Waveform,
)
from riffusion_inference.errors import GenerationCancelled

Model = TypeVar("Model", bound="ChordModel")
RATE, FRAME_RATE = 16000, 10
"""Of the clips made here: small, so that tests are quick."""

SETTINGS = load_settings(None, {}, threads_on_splitting=1)
MUSIC = GenerationSettings("calm piano", seed=11, num_inference_steps=2)


@pytest.fixture(scope="session")
def dub_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds with sound, 40 frames, under a name that is not easy."""
    return make_clip(tmp_path_factory.mktemp("clips") / "my clip – ünï.mp4")


@pytest.fixture(scope="session")
def first_dub(dub_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Part 2 of 4 with two candidates; whoever changes it copies it first."""
    return dub_parts(dub_clip, tmp_path_factory.mktemp("first") / "out", 4, (2,), replace(MUSIC, candidates=2))


@pytest.fixture
def result_copy(first_dub: Result, tmp_path: Path) -> Path:
    """A copy of the first result."""
    return Path(shutil.copytree(first_dub.folder, tmp_path / "out"))


@dataclass
class OneModel:
    """A shelf with one model on it, whatever name is asked for."""

    model: MusicModel
    note: str | None = None

    def full_name(self, name: str) -> str:
        return self.model.name

    def get(self, name: str, on_progress: OnProgress | None = None) -> MusicModel:
        return self.model


def dub_parts(
    video: Path,
    out_dir: Path,
    n_parts: int,
    parts: tuple[int, ...],
    generation: GenerationSettings | None = None,
    *,
    model: MusicModel | None = None,
    models: Models | None = None,
    settings: Settings | None = None,
    prompts: tuple[str, ...] = (),
    mix: MixSettings | None = None,
    writing: Writing | None = None,
    split_mode: str = "exact",
    earlier: Path | None = None,
    force: bool = False,
    **run: Any,
) -> Result:
    """Order music for some parts and carry the order out; dubs that an earlier result has of other parts stay."""
    shelf, settings, generation = models or OneModel(model or ChordModel()), settings or SETTINGS, generation or MUSIC
    name = shelf.full_name(settings.model)
    ordered = [
        PartOrder(part, replace(generation, prompt=prompt), name, mix or MixSettings(), writing=writing or Writing())
        for part, prompt in zip(parts, prompts or [generation.prompt] * len(parts), strict=True)
    ]
    before = open_result(earlier) if earlier is not None else None
    kept = kept_parts(before, but_not=parts) if before is not None else ()
    order = Order(video, out_dir, n_parts, split_mode, (*ordered, *kept), before, force)  # type: ignore[arg-type]
    return carry_out(order, Run(settings, **run), shelf)


def digest_tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its relative name."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def nothing_left(folder: Path, *names: str) -> bool:
    """Whether a folder holds just these, hidden files included."""
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


def make_clip(path: Path, seconds: float = 4.0, *, sound: str | None = "tone", size: str = "64x48") -> Path:
    """Write an H.264 clip with 3 B-frames and a keyframe every 2 s.

    Args:
        path: where to; its ending chooses the container.
        sound: "tone" (a chord that swells, 16 kHz mono AAC), "silence", or None for no audio track.
    """
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-f", "lavfi"]
    command += ["-i", f"testsrc2=size={size}:rate={FRAME_RATE}:duration={seconds}"]
    if sound is not None:
        wave = "0.2*(0.51+0.49*sin(2*PI*0.5*t))*(sin(2*PI*220*t)+sin(2*PI*277*t)+sin(2*PI*330*t))/2"
        wave = "0" if sound == "silence" else wave
        command += ["-f", "lavfi", "-i", f"aevalsrc='{wave}':s={RATE}:d={seconds}", "-c:a", "aac", "-b:a", "96k"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-g", str(2 * FRAME_RATE), "-bf", "3", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, f"file:{path.absolute()}"], check=True, timeout=60)
    return path


@dataclass
class ChordModel:
    """Implements MusicModel with three sines; notes every call."""

    name: str = "chords"
    licence: str = "mit"
    sample_rate: int = 22050
    native_seconds: float = 5.0
    takes_scores: bool = False
    n_channels: int = 1
    calls: list[tuple[GenerationSettings, int, int]] = field(default_factory=list)
    steps_done: int = 0

    def generate(
        self,
        settings: GenerationSettings,
        n_samples: int,
        sample_rate: int,
        *,
        on_progress: OnProgress | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> list[Take]:
        self.calls.append((settings, n_samples, sample_rate))
        for step in range(settings.num_inference_steps):
            if should_cancel is not None and should_cancel():
                raise GenerationCancelled("Stopped.")
            self.steps_done += 1
            if on_progress is not None:
                on_progress(Progress("generate", step + 1, settings.num_inference_steps))
        assert settings.seed is not None
        return [self._take(settings, settings.seed + i, n_samples, sample_rate) for i in range(settings.candidates)]

    def _take(self, settings: GenerationSettings, seed: int, n_samples: int, sample_rate: int) -> Take:
        told: list[Any] = [settings.prompt, settings.negative_prompt, seed, float(settings.guidance_scale)]
        told += [settings.num_inference_steps, settings.scheduler, settings.loop, float(settings.strength)]
        digest = hashlib.sha256(repr(told).encode()).digest()
        at = np.arange(n_samples) / sample_rate
        rows = []
        for channel in range(self.n_channels):
            pitches = [110.0 * 2 ** (byte / 64) for byte in digest[channel : channel + 3]]
            rows.append(sum(np.sin(2 * np.pi * hz * at) for hz in pitches) * 0.1)
        return Take(Waveform(np.stack(rows).astype(np.float32), sample_rate), seed, spectrogram_picture(), None)

    def unload(self) -> None:
        """Nothing to give back."""


def spectrogram_picture() -> Any:
    """A small spectrogram image with EXIF."""
    from riffusion_inference.spectrogram.image import image_from_mel

    params = SpectrogramParams(sample_rate=8000, n_fft=1600, win_length=400, hop_length=80, n_mels=32, f_max=3600.0)
    rising = np.linspace(0, 1, 32 * 20, dtype=np.float32).reshape(1, 32, 20)
    return image_from_mel(Spectrogram(rising, params))


# The options of a dub that works, but for the video.
DUB = "--parts 4 --part 2 --prompt piano --out {out}"


@pytest.fixture
def cli_model(monkeypatch: pytest.MonkeyPatch) -> ChordModel:
    """What load_model gives; its name is the one asked for."""
    return given_by_load_model(ChordModel(), monkeypatch)


def given_by_load_model(model: Model, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Let load_model give this model under the name asked for."""

    def load_model(name: str, **options: Any) -> Model:
        model.name = name
        return model

    monkeypatch.setattr("riffusion_inference.engines.load.load_model", load_model)
    return model


def words(text: str, **names: object) -> list[str]:
    """A command line with {names} put in whole, spaces and all."""
    return [word.format(**names) for word in text.split()]


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of main."""
    try:
        code = main([str(word) for word in argv])
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err
