"""The layers and their import direction, read from the source with `ast`, and a command line that starts at once."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "riffusion_inference").rglob("*.py")])
# Who may import what, outside themselves: a library -> the files (relative to the root) that may name it.
MAY_IMPORT = {
    "gradio": ("app/ui", "app/handlers", "app/app.py"),
    "av": ("app/media",),
    "ffmpeg": ("app/media",),
    "imageio_ffmpeg": ("app/media",),
    "tomllib": ("app/settings",),
    "diffusers": ("riffusion_inference/",),
    "replicate": ("riffusion_inference/replicate",),
}
# Inside app, from the ground up: a module may import its own layer and those below.
LAYERS = (
    ("errors", "strings"),
    ("settings", "plan", "soundtrack"),
    ("media",),
    ("mood", "archive", "manifest", "results"),
    ("dub", "excerpt"),
    ("handlers",),
    ("ui",),
    ("app",),
    ("cli", "__main__"),
)


def imports(path: Path) -> list[str]:
    """Every module that a file imports, anywhere in it, in dotted form."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def layer_of(module: str) -> int | None:
    """Which of LAYERS a module of app belongs to; ui_results belongs to ui."""
    for height, names in enumerate(LAYERS):
        if any(module == name or module.startswith(f"{name}_") for name in names):
            return height
    return None


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    here = path.relative_to(ROOT).as_posix()
    for name in imports(path):
        top = name.split(".")[0]
        if here.startswith("riffusion_inference/"):
            assert top not in ("app", "training"), f"{here} imports {name}"
        assert top not in MAY_IMPORT or here.startswith(MAY_IMPORT[top]), f"{here} imports {name}"
        if here.startswith("app/") and top == "app" and "." in name:
            own = layer_of(path.relative_to(ROOT / "app").parts[0].removesuffix(".py"))
            other = layer_of(name.split(".")[1])
            assert None not in (own, other), f"{here} or {name} has no layer: add it to LAYERS"
            assert other <= own, f"{here} imports {name}, which lies above it"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_environment_is_read_in_one_place(path: Path) -> None:
    reads = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]
    here = path.relative_to(ROOT).as_posix()
    # app.py may only set what gradio reads at import, before it is imported.
    assert not reads or here in ("app/settings.py", "app/app.py"), f"{here} reads the environment in lines {reads}"


def test_help_does_not_import_torch() -> None:
    code = (
        "import sys, app.__main__ as m\n"
        "try: m.main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "dub" in done.stdout
