"""The dub with a real diffusers checkpoint of random weights: loading, images, licence, and the same seed twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import media
from app.dub import Run, carry_out, new_order
from app.errors import DubCancelled
from app.models import ModelShelf
from app.result.verify import verify
from riffusion_inference.datatypes import Progress
from riffusion_inference.spectrogram.image import mel_from_image
from tests.fixtures_dub import MUSIC, SETTINGS, dub_parts, nothing_left

CPU = replace(SETTINGS, device="cpu")


def test_a_diffusers_checkpoint_is_loaded_by_its_folder(dub_clip: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    shelf = ModelShelf(replace(CPU, model=str(tiny_checkpoint)))
    asked = {"seed": 11, "num_inference_steps": 2}
    order = new_order(
        dub_clip, tmp_path / "one", n_parts=4, parts=(2,), prompts=("calm piano",), given=asked,
        settings=replace(CPU, model=str(tiny_checkpoint)), models=shelf,
    )  # fmt: skip
    made = carry_out(order, Run(CPU, seen.append), shelf)
    report = verify(made.folder, dub_clip)
    assert report.ok, report.lines
    facts = made.manifest.dub_of(2).music
    assert (facts.model, facts.licence) == (str(tiny_checkpoint), "mit")
    with Image.open(made.path(facts.takes[0].image)) as picture:
        assert mel_from_image(picture).mel_amplitudes.max() > 0
    assert {"load model", "generate", "invert"} <= {progress.stage for progress in seen}
    again = carry_out(replace(order, out_dir=tmp_path / "two"), Run(CPU), shelf)
    one, other = (media.read_audio(result.folder / "music" / "02.wav") for result in (made, again))
    assert np.array_equal(one.samples, other.samples)
    assert made.film.read_bytes() == again.film.read_bytes()


def test_a_real_model_stops_between_steps(dub_clip: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    with pytest.raises(DubCancelled), ModelShelf(replace(CPU, model=str(tiny_checkpoint))) as shelf:
        dub_parts(
            dub_clip,
            tmp_path / "out",
            4,
            (2,),
            replace(MUSIC, num_inference_steps=50),
            models=shelf,
            settings=replace(CPU, model=str(tiny_checkpoint)),
            on_progress=seen.append,
            should_cancel=lambda: any(step.stage == "generate" and step.done >= 3 for step in seen),
        )
    assert max(step.done for step in seen if step.stage == "generate") < 10
    assert nothing_left(tmp_path)
