"""Which model and device a name means."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from riffusion_inference.datatypes import Progress
from riffusion_inference.devices import choose_device
from riffusion_inference.engines.load import full_name, load_model
from riffusion_inference.errors import CheckpointError, SettingError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Pretend to have some CUDA GPUs and perhaps an Apple one."""

    def pretend(n_gpus: int, mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n_gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n_gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("name", "n_gpus", "mps", "device", "falls_back"),
    [
        ("auto", 0, False, "cpu", False),
        ("auto", 0, True, "mps", False),
        ("auto", 2, True, "cuda", False),
        ("cpu", 2, True, "cpu", False),
        ("cuda", 1, False, "cuda", False),
        ("CUDA ", 1, False, "cuda", False),
        ("cuda:1", 2, False, "cuda:1", False),
        ("cuda:1", 1, True, "cuda", True),
        ("cuda:1", 0, False, "cpu", True),
        ("cuda", 0, False, "cpu", True),
        ("cuda", 0, True, "mps", True),
        ("mps", 0, True, "mps", False),
        ("mps", 0, False, "cpu", True),
    ],
)
def test_devices(machine, name: str, n_gpus: int, mps: bool, device: str, falls_back: bool) -> None:
    machine(n_gpus, mps)
    chosen, note = choose_device(name)
    assert chosen == device
    assert (note is not None) == falls_back
    if note:
        assert device in note
        assert "\n" not in note


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "tpu", ""])
def test_an_unknown_device_is_an_error_that_names_the_choices(name: str) -> None:
    with pytest.raises(SettingError, match="auto, cuda, mps, cpu"):
        choose_device(name)


@pytest.mark.parametrize(
    ("model", "device", "n_gpus", "name"),
    [
        ("auto", "auto", 1, "riffusion/riffusion-model-v1"),
        ("auto", "cpu", 1, "pocket"),
        ("auto", "auto", 0, "pocket"),
        ("auto", "cuda", 0, "pocket"),
        ("  ", "auto", 0, "pocket"),
        ("some/checkpoint", "auto", 0, "some/checkpoint"),
        ("pocket", "cuda", 1, "pocket"),
        ("riffusion", "auto", 0, "riffusion/riffusion-model-v1"),
    ],
)
def test_auto_is_riffusion_on_cuda_and_pocket_elsewhere(
    machine, model: str, device: str, n_gpus: int, name: str
) -> None:
    machine(n_gpus, False)
    assert full_name(model, device) == name


def test_the_name_chooses_what_is_loaded_and_the_device_falls_back(machine, tiny_checkpoint: Path) -> None:
    machine(0, False)
    assert load_model().name == "pocket"
    assert load_model("pocket", device="cuda").name == "pocket"
    assert load_model(str(tiny_checkpoint), device="cuda").licence == "mit"
    with pytest.raises(CheckpointError, match="'some/checkpoint' is not on this machine"):
        load_model("some/checkpoint")
    with pytest.raises(CheckpointError, match="'riffusion/riffusion-model-v1' is not on this machine"):
        load_model("riffusion")


def test_a_folder_loads_and_reports_its_progress(tiny_checkpoint: Path) -> None:
    seen: list[Progress] = []
    model = load_model(str(tiny_checkpoint), device="cpu", max_image_width=64, on_progress=seen.append)
    assert model.name == str(tiny_checkpoint)
    assert seen == [Progress("load model", 0, 1), Progress("load model", 1, 1)]
    with pytest.raises(SettingError, match="use 64 or 68"):
        load_model(str(tiny_checkpoint), device="cpu", max_image_width=66)
