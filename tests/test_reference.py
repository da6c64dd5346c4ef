"""The reference page says what the docstrings say."""

from __future__ import annotations

import pytest

import riffusion_inference
from docs.make_reference import PAGE, render


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"


@pytest.mark.parametrize("name", riffusion_inference.__all__)
def test_every_public_name_is_described(name: str) -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    (start,) = (n for n, line in enumerate(lines) if line == f"### `{name}`" or line.startswith(f"- `{name}("))
    said = [line for line in lines[start : start + 20] if line.strip() and not line.startswith(("#", "```"))]
    assert said
    assert not said[0].endswith(": ")
