"""The examples in the docstrings are true."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name", ["diffusion.windows", "spectrogram.inversion", "resampling", "diffusion.seeding", "spectrogram.image"]
)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"riffusion_inference.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
