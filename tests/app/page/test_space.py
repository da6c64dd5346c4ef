"""The app started as a Space starts it: a clean copy, `python app/app.py`, and nothing but requirements.txt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from tests.fixtures_page import free_port

ROOT = Path(__file__).resolve().parents[3]
IN_A_SPACE = ("app", "riffusion_inference", "configs", "requirements.txt", "packages.txt")
READY_SECONDS = 10
HANGS_SECONDS = 120


@dataclass
class Started:
    """A Space's process."""

    url: str
    """Where it listens."""
    ready_seconds: float
    """Processor time from the start to the line that says it is ready; the machine's other work does not count."""
    imported: Path
    """File with what Python imported."""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Copy, start, wait, stop."""
    clone = tmp_path_factory.mktemp("space") / "repo"
    clone.mkdir()
    for name in IN_A_SPACE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, clone / name)
    port = free_port()
    known = {"PATH": os.environ["PATH"], "HOME": str(clone.parent), "HF_HUB_OFFLINE": "1"}
    wanted = {"PORT": str(port), "TEMPORARY_DIRECTORY": str(clone.parent / "tmp"), "DEVICE": "cpu"}
    imported = clone.parent / "imported.txt"
    with imported.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "app/app.py"],
            cwd=clone,
            env={**known, **wanted},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        began = time.monotonic()
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert time.monotonic() - began < HANGS_SECONDS
            ticks = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            seconds = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
            assert str(port) in line, imported.read_text()[-3000:]
            yield Started(f"http://127.0.0.1:{port}", seconds, imported)
        finally:
            process.terminate()
            process.wait(20)


def test_page_answers(space: Started) -> None:
    assert space.ready_seconds < READY_SECONDS
    page = httpx.get(space.url, timeout=30)
    assert page.status_code == 200
    assert "Riffusion Dub" in page.text
    assert httpx.get(f"{space.url}/gradio_api/info", timeout=30).json()["named_endpoints"].keys() >= {"/dub"}


def test_page_does_not_wait_for_the_checkpoint(space: Started) -> None:
    before_ready = space.imported.read_text().split("app.page.theme")[0]
    assert not re.search(r"\|\s+(torch|diffusers|transformers)$", before_ready, re.MULTILINE)


def test_only_what_requirements_name_is_imported(space: Started) -> None:
    names = set(re.findall(r"\|\s+([A-Za-z_]\w*)", space.imported.read_text()))
    providers = metadata.packages_distributions()
    used = {dist for name in names for dist in providers.get(name, ())}
    # Gradio imports mcp wherever that is installed.
    lists = [ROOT / name for name in ("requirements.txt", "requirements-mcp.txt")]
    lines = [line for path in lists for line in path.read_text().splitlines() if line[:1].isalpha()]
    # So does jsonschema, which mcp needs, with what checks formats, and pandas, which gradio needs, with pyarrow.
    allowed = closure([*lines, "jsonschema[format]"])
    foreign = {dist for dist in used if plain(dist) not in allowed} - {"pip", "setuptools", "pyarrow"}
    assert foreign == set()


def test_front_matter_names_what_is_pinned() -> None:
    text = (ROOT / "docs" / "space.md").read_text()
    pinned = dict(re.findall(r"^([\w-]+)==([\d.]+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert f"sdk_version: {pinned['gradio']}" in text
    assert 'python_version: "3.12"' in text
    assert "app_file: app/app.py" in text
    assert (ROOT / "app" / "app.py").is_file()
    short = re.search(r"short_description: (.*)", text)
    assert short is not None
    assert len(short[1]) <= 60
    assert "ffmpeg" in (ROOT / "packages.txt").read_text().split()


def closure(lines: list[str]) -> set[str]:
    """Everything that pip would install for these requirements, by what the installed packages say."""
    found: set[str] = set()
    waiting = [Requirement(line.split("#")[0].strip()) for line in lines]
    while waiting:
        wish = waiting.pop()
        key = plain(wish.name) + "".join(sorted(f"[{extra}]" for extra in wish.extras))
        if key in found:
            continue
        found |= {key, plain(wish.name)}
        try:
            needs = metadata.requires(wish.name) or []
        except metadata.PackageNotFoundError:
            continue
        for text in needs:
            need = Requirement(text)
            marks = [{"extra": extra} for extra in ("", *wish.extras)]
            if need.marker is None or any(need.marker.evaluate(mark) for mark in marks):
                waiting.append(need)
    return found


def plain(name: str) -> str:
    """A package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
