"""What the tests of scores share: a clip that cuts, a model that paints scores, and how a dub with one is typed."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.dub import Run, carry_out, changed_order
from app.result.facts import MusicFacts
from app.result.folder import Result, open_result
from app.result.manifest import read_manifest
from riffusion_inference.datatypes import GenerationSettings, Take
from riffusion_inference.notation.score import Score
from riffusion_inference.score.midi import score_from_midi
from tests.fixtures_dub import (
    FRAME_RATE,
    MUSIC,
    RATE,
    SETTINGS,
    ChordModel,
    OneModel,
    dub_parts,
    given_by_load_model,
)


@pytest.fixture(scope="session")
def cut_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine seconds with a cut every one or two, none of them where it would fall by chance."""
    return make_cut_clip(tmp_path_factory.mktemp("cut") / "cut.mp4", (1.3, 1.7, 1.1, 1.6, 1.4, 1.9))


@pytest.fixture(scope="session")
def scored(cut_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Part 2 of 2 with two written takes."""
    out = tmp_path_factory.mktemp("scored") / "out"
    return dub_parts(cut_clip, out, 2, (2,), replace(MUSIC, candidates=2), model=ScoreModel())


def score_of(folder: Path, name: str = "music/02.mid") -> Score:
    """A score of a result, read back."""
    return score_from_midi((folder / name).read_bytes()).score


def dub_line(
    clip: Path, out: Path, *more: object, parts: int = 2, part: object = 2, prompt: str = "calm piano"
) -> list[object]:
    """A dub as it is typed."""
    return ["dub", clip, "--parts", parts, "--part", part, "--prompt", prompt, "--seed", 5, "--out", out, *more]


def again(earlier: Path, out_dir: Path, model: ChordModel, parts: tuple[int, ...] = (), **given: Any) -> Result:
    """An earlier result made again with some options changed."""
    models = OneModel(model)
    order = changed_order(open_result(earlier), out_dir, parts=parts, given=given, settings=SETTINGS, models=models)
    return carry_out(order, Run(SETTINGS), models)


def music_of(result: Path, part: int = 2) -> MusicFacts:
    """What the manifest says of a part's music."""
    dub = read_manifest(result).dub_of(part)
    assert dub is not None
    return dub.music


@dataclass
class ScoreModel(ChordModel):
    """Chords by a model that says it paints scores, and hands each one back with its take."""

    name: str = "scores"
    takes_scores: bool = True

    def generate(self, settings: GenerationSettings, *args: Any, **options: Any) -> list[Take]:
        takes = super().generate(settings, *args, **options)
        return [replace(take, score=settings.score_of(index)) for index, take in enumerate(takes)]


@pytest.fixture
def score_model(monkeypatch: pytest.MonkeyPatch) -> ScoreModel:
    """What load_model gives, painting scores."""
    return given_by_load_model(ScoreModel(), monkeypatch)


def make_cut_clip(path: Path, shots: tuple[float, ...] = (1.0, 1.5, 1.1, 0.9)) -> Path:
    """Write a clip of still shots, each of another colour, with a tone.

    Args:
        path: where to; its ending chooses the container.
        shots: seconds of each.
    """
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error"]
    for seconds, colour in zip(shots, ("navy", "orange", "white", "green") * 9, strict=False):
        command += ["-f", "lavfi", "-i", f"color={colour}:size=64x48:rate={FRAME_RATE}:duration={seconds}"]
    joined = f"{''.join(f'[{place}]' for place in range(len(shots)))}concat=n={len(shots)}[v]"
    command += ["-f", "lavfi", "-i", f"sine=220:sample_rate={RATE}:duration={sum(shots)}"]
    command += ["-filter_complex", joined, "-map", "[v]", "-map", f"{len(shots)}:a", "-c:a", "aac", "-c:v", "libx264"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", f"file:{path.absolute()}"], check=True, timeout=60)
    return path
