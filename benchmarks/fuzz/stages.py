"""What a damaged file goes through; each returns whether the proof of what came out passes, or raises."""

from __future__ import annotations

import pickle
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app import media
from app.dub.order import Order
from app.dub.run import Run
from app.dub.story import carry_out
from app.plan import SplitMode
from app.result.folder import Result, open_result
from app.result.verify import verify
from riffusion_inference.diffusion.checkpoints import read_params, resolve_checkpoint
from riffusion_inference.spectrogram.image import mel_from_image

from ..hum import HumModel
from .mutate import mutated, mutated_json
from .seeds import SETTINGS, Seeds, dub_order

Stage = Callable[[Seeds, random.Random, Path], list[str]]
"""From whole files, what decides the damage, and an empty folder, to what is wrong with what came out."""
COMPONENTS = ("unet", "vae", "text_encoder")


def _damaged(paths: tuple[Path, ...], rng: random.Random, folder: Path) -> Path:
    source = rng.choice(paths)
    path = folder / source.name
    path.write_bytes(mutated(source.read_bytes(), rng, rng.choice(paths).read_bytes()))
    return path


def _proved(result: Result, source: Path) -> list[str]:
    with media.job(SETTINGS, reads=[source, result.folder]):
        report = verify(result.folder, source)
    return [line for line in report.lines if line.startswith("FAIL")]


def probe(seeds: Seeds, rng: random.Random, folder: Path) -> list[str]:
    """Probe and exact split."""
    path = _damaged(seeds.clips, rng, folder)
    result = carry_out(Order(path, folder / "out", 2, SplitMode.EXACT), Run(SETTINGS), HumModel())
    return _proved(result, path)


def reencode(seeds: Seeds, rng: random.Random, folder: Path) -> list[str]:
    """Probe and split by re-encoding."""
    path = _damaged(seeds.clips, rng, folder)
    result = carry_out(Order(path, folder / "out", 2, SplitMode.REENCODE), Run(SETTINGS), HumModel())
    return _proved(result, path)


def dub(seeds: Seeds, rng: random.Random, folder: Path) -> list[str]:
    """The whole dub, with music that costs nothing."""
    path = _damaged(seeds.clips, rng, folder)
    return _proved(carry_out(dub_order(path, folder / "out"), Run(SETTINGS), HumModel()), path)


def sounds(seeds: Seeds, rng: random.Random, folder: Path) -> list[str]:
    """A sound to start from."""
    with media.job(SETTINGS):
        media.read_audio(_damaged(seeds.sounds, rng, folder))
    return []


def images(seeds: Seeds, rng: random.Random, folder: Path) -> list[str]:
    """A spectrogram image, as far as its amplitudes."""
    with media.job(SETTINGS):
        mel_from_image(media.read_image(_damaged(seeds.images, rng, folder)))
    return []


def manifests(seeds: Seeds, rng: random.Random, folder: Path) -> list[str]:
    """A foreign result folder: opened, verified, and gone on from."""
    copy = Path(shutil.copytree(seeds.result, folder / "result"))
    path = copy / "manifest.json"
    path.write_text(mutated_json(path.read_text(), rng), errors="replace")
    with media.job(SETTINGS, reads=[copy, seeds.clips[0]]):
        verify(copy, seeds.clips[0])
    order = replace(dub_order(seeds.clips[0], folder / "out"), earlier=open_result(copy))
    return _proved(carry_out(order, Run(SETTINGS), HumModel()), seeds.clips[0])


def zips(seeds: Seeds, rng: random.Random, folder: Path) -> list[str]:
    """A foreign archive, unpacked and verified: what is wrong in it is to be found, so that nothing has to pass."""
    with media.job(SETTINGS):
        verify(_damaged((seeds.archive,), rng, folder), seeds.clips[0], temporary_directory=folder / "unpacked")
    return []


class Touch:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self._path), "w")


def checkpoints(seeds: Seeds, rng: random.Random, folder: Path) -> list[str]:
    """A checkpoint folder whose weights are a pickle that runs code, and whose texts are damaged."""
    from riffusion_inference.engines.load import load_model

    copy = folder / "checkpoint"
    for name in COMPONENTS:
        (copy / name).mkdir(parents=True)
        (copy / name / "config.json").write_text(mutated_json('{"_class_name": "x", "sample_size": 32}', rng))
        for weights in ("diffusion_pytorch_model.bin", "pytorch_model.bin"):
            (copy / name / weights).write_bytes(pickle.dumps({"w": Touch(folder / "executed")}))
    (copy / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    (copy / "spectrogram.json").write_text(mutated_json('{"sample_rate": 44100, "n_mels": 512, "f_max": 10000.0}', rng))
    try:
        read_params(resolve_checkpoint(copy))
        load_model(str(copy), device="cpu")
    finally:
        if (folder / "executed").exists():
            raise AssertionError("a pickle of a checkpoint was executed")
    return ["a checkpoint without weights was loaded"]


STAGES: dict[str, Stage] = {
    "probe": probe,
    "reencode": reencode,
    "dub": dub,
    "sounds": sounds,
    "images": images,
    "manifests": manifests,
    "zips": zips,
    "checkpoints": checkpoints,
}
"""By the option that says how many."""
