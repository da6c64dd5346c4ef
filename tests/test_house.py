"""The rooms and the direction of imports between them, read from the folders."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "riffusion_inference").rglob("*.py")])
# From the ground up: what stands on one line may import what stands on the lines before it. A room is a folder, or a
# module that lies beside the folders; one that is missing here is an error.
ORDER = {
    "riffusion_inference": """
        errors
        notation
        datatypes
        devices resampling
        spectrogram
        score
        takes
        diffusion
        engines
    """,
    "app": """
        errors
        plan unfinished
        files settings
        wall
        soundtrack media
        mood result models
        dub
        page batch
        cli
        app __main__
    """,
}
# Who may import a library: the rooms of its package.
MAY_IMPORT = {
    "gradio": {"page"},
    "jinja2": {"page"},
    "av": {"media"},
    "ffmpeg": {"media"},
    "imageio_ffmpeg": {"media"},
    "tomllib": {"settings"},
    "diffusers": {"diffusion", "engines"},
    "replicate": {"engines"},
    "mido": {"score"},
    "fsspec": {"batch"},
    "pyarrow": {"batch"},
    "ray": {"batch"},
}


def module_of(path: Path) -> str:
    """app/media/probe.py -> app.media.probe."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in SOURCES}


def imports(path: Path, *, at_start: bool = False) -> Iterator[str]:
    """Every module that a file imports, in dotted form; at_start leaves out what it imports only when it is called."""
    tree = ast.parse(path.read_text())
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    for node in tree.body if at_start else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) + 1 - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            for alias in node.names:
                if alias.name == "__version__":
                    # The one word that the package's face says itself, instead of fetching it from a room.
                    continue
                name = f"{module}.{alias.name}"
                yield name if name in MODULES else module


def room_of(module: str) -> str:
    """The room that a module is in; "" is the package's own face."""
    return [*module.split("."), ""][1]


def height_of(package: str, room: str) -> int:
    """The line of ORDER that a room stands on; the package's face stands above all."""
    if not room:
        return 99
    lines = ORDER[package].strip().split("\n")
    heights = [height for height, rooms in enumerate(lines) if room in rooms.split()]
    assert heights, f"{package}/{room} stands nowhere in ORDER: say what it may import"
    return heights[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    here = module_of(path)
    package, room = here.split(".")[0], room_of(here)
    for name in imports(path):
        top = name.split(".")[0]
        assert top not in MAY_IMPORT or room in MAY_IMPORT[top], f"{here} imports {name}"
        if package == "riffusion_inference":
            assert top not in ("app", "training"), f"{here} imports {name}"
        if top == package and room_of(name) != room:
            below = height_of(package, room_of(name)) < height_of(package, room)
            assert below, f"{here} imports {name}, which does not stand below it"


def test_ray_is_imported_in_one_file() -> None:
    found = [here for here, path in MODULES.items() if "ray" in {name.split(".")[0] for name in imports(path)}]
    assert found == ["app.batch.ray_engine"]


def test_no_file_imports_itself_in_a_circle() -> None:
    # A package's face hands on what its own files define; these do not need it.
    files = {module for module, path in MODULES.items() if path.name != "__init__.py"}
    TopologicalSorter({module: files & {*imports(MODULES[module])} for module in files}).prepare()


def test_inner_modules_are_relative_in_app() -> None:
    """The wheel installs app/ under another name, so app may not call itself by this one."""
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert str(node.module).split(".")[0] != "app", f"{path}:{node.lineno}"
            elif isinstance(node, ast.Import):
                assert all(alias.name.split(".")[0] != "app" for alias in node.names), f"{path}:{node.lineno}"


def test_the_house_is_small_at_the_top() -> None:
    rooms = {room_of(module) for module in MODULES if module.startswith("app.")}
    files = {path.stem for path in (ROOT / "app").glob("*.py")} - {"__init__"}
    assert len(rooms) <= 20
    assert len(files) <= 7
    assert len(ORDER["app"].strip().split("\n")) <= 10


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_environment_is_read_in_one_place(path: Path) -> None:
    reads = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]
    assert not reads or room_of(module_of(path)) == "settings", f"{path} reads the environment in lines {reads}"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, app.__main__ as m\n"
        "try: m.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'PIL', 'av', 'gradio', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "dub" in done.stdout
