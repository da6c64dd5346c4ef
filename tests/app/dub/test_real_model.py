"""The dub with a real diffusers checkpoint of random weights: loading, images, licence, and the same seed twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import media
from app.dub.story import dub
from app.errors import DubCancelled
from app.result.archive import verify
from app.result.manifest import read_manifest
from app.result.results import DubSettings
from riffusion_inference.datatypes import Progress
from riffusion_inference.spectrogram.image import mel_from_image
from tests.fixtures_dub import MUSIC, SETTINGS, nothing_left

CPU = replace(SETTINGS, device="cpu")


def test_a_diffusers_checkpoint_is_loaded_by_its_folder(dub_clip: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    asked = DubSettings(4, (2,), MUSIC)
    options = {"model_name": str(tiny_checkpoint), "app_settings": CPU}
    made = dub(dub_clip, tmp_path / "one", asked, on_progress=seen.append, **options)
    report = verify(made.out_dir, dub_clip)
    assert report.ok, report.lines
    facts = read_manifest(made.manifest).dub_of(2)
    assert (facts.model, facts.licence) == (str(tiny_checkpoint), "mit")
    with Image.open(made.music[0].image) as picture:
        assert mel_from_image(picture).mel_amplitudes.max() > 0
    assert {"load model", "generate", "invert"} <= {progress.stage for progress in seen}
    again = dub(dub_clip, tmp_path / "two", asked, **options)
    assert np.array_equal(media.read_audio(made.music[0].wav).samples, media.read_audio(again.music[0].wav).samples)
    assert made.film.read_bytes() == again.film.read_bytes()


def test_a_real_model_stops_between_steps(dub_clip: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    asked = DubSettings(4, (2,), replace(MUSIC, num_inference_steps=50))
    with pytest.raises(DubCancelled):
        dub(
            dub_clip,
            tmp_path / "out",
            asked,
            model_name=str(tiny_checkpoint),
            app_settings=CPU,
            on_progress=seen.append,
            should_cancel=lambda: any(step.stage == "generate" and step.done >= 3 for step in seen),
        )
    assert max(step.done for step in seen if step.stage == "generate") < 10
    assert nothing_left(tmp_path)
