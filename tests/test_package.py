"""The wheel: what is in it, what it depends on, and what it does where there is nothing else."""

from __future__ import annotations

import doctest
import re
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import hatch_build
from app import __version__
from tests.fixtures_beside import ROOT, Dubbed, Installed

# Pocket's weights are 28 MB and hardly shrink.
MAX_WHEEL_BYTES = 40_000_000


def test_wheel_holds_the_program_its_configs_and_the_checkpoint(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    here = {"riffusion_dub": ROOT / "app", "riffusion_inference": ROOT / "riffusion_inference"}
    here["riffusion_dub/configs"] = ROOT / "configs"
    files = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in here.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    described = {name for name in names if ".dist-info/" in name}
    assert names - described == files - {"riffusion_dub/app.py"}
    assert files > {
        "riffusion_dub/py.typed",
        "riffusion_dub/configs/default.toml",
        "riffusion_dub/page/web_files/page.css",
        "riffusion_inference/py.typed",
        "riffusion_inference/pocket/MODEL_CARD.md",
        "riffusion_inference/pocket/unet/diffusion_pytorch_model.safetensors",
    }
    assert any(name.endswith("/licenses/LICENSE") for name in described)
    assert wheel.stat().st_size < MAX_WHEEL_BYTES


def metadata_of(wheel: Path) -> Message:
    """What pip reads of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())


def pins(file: str) -> dict[str, Version]:
    """What a requirements file pins, files that it includes left out."""
    lines = (ROOT / file).read_text().splitlines()
    found = (re.match(r"([\w-]+)(?:\[\w+\])?==([\d.]+)$", line) for line in lines)
    return {canonicalize_name(pin[1]): Version(pin[2]) for pin in found if pin}


def test_dependencies_are_ranges_from_the_pins(wheel: Path) -> None:
    metadata = metadata_of(wheel)
    assert metadata["Version"] == __version__
    needs: dict[str, dict[str, Requirement]] = {"": {}}
    for text in metadata.get_all("Requires-Dist", []):
        need = Requirement(text)
        extra = re.search(r"extra == '(\w+)'", text)
        needs.setdefault(extra[1] if extra else "", {})[canonicalize_name(need.name)] = need
    assert (
        set(metadata.get_all("Provides-Extra", []))
        == set(needs) - {""}
        == {"page", "replicate", "mcp", "batch", "ray", "train", "dev"}
    )
    every = pins("requirements.txt")
    assert needs["page"].keys() == {"gradio", "spaces"}
    assert needs[""].keys() == every.keys() - needs["page"].keys()
    pinned = {
        **{("", name): version for name, version in every.items() if name in needs[""]},
        **{("page", name): every[name] for name in needs["page"]},
        **{("replicate", name): version for name, version in pins("requirements-replicate.txt").items()},
        **{("mcp", name): version for name, version in pins("requirements-mcp.txt").items()},
        **{("batch", name): version for name, version in pins("requirements-batch.txt").items()},
        **{("ray", name): version for name, version in pins("requirements-ray.txt").items()},
        **{("train", name): version for name, version in pins("requirements-training.txt").items()},
        **{("dev", name): version for name, version in pins("requirements-dev.txt").items()},
    }
    for (extra, name), version in pinned.items():
        allowed = needs[extra][name].specifier
        assert version in allowed, name
        assert Version(f"{version.major + 1}.0") not in allowed, name
    for name in ("torch", "torchaudio"):
        version = every[name]
        assert Version(f"{version.major}.{version.minor}.99") in needs[""][name].specifier
        assert Version(f"{version.major}.{version.minor + 1}") not in needs[""][name].specifier
    assert "mcp" in needs["mcp"]["gradio"].extras
    assert "data" in needs["ray"]["ray"].extras


def test_the_examples_of_the_ranges_are_true() -> None:
    assert doctest.testmod(hatch_build) == (0, 1)


def test_the_command_names_itself(installed: Installed) -> None:
    assert installed.run("riffusion-dub", "--version").stdout == f"riffusion-dub {__version__}\n"
    for command in ((), ("dub",), ("verify",)):
        done = installed.run("riffusion-dub", *command, "--help")
        assert done.returncode == 0, done.stderr
        assert "  riffusion-dub dub" in done.stdout or "  riffusion-dub verify" in done.stdout
        assert "python -m app" not in done.stdout


def test_a_video_is_dubbed_and_verified_without_the_page(dubbed: Dubbed) -> None:
    assert dubbed.dub.returncode == 0, dubbed.dub.stderr
    assert (dubbed.folder / "result" / "film.mp4").is_file()
    assert [path.name for path in dubbed.folder.iterdir()] == ["result"]
    assert dubbed.verify.returncode == 0, dubbed.verify.stdout + dubbed.verify.stderr
    assert dubbed.verify.stdout.splitlines()[-1] == "All checks passed."


def test_serve_without_the_page_says_what_to_install(installed: Installed) -> None:
    done = installed.run("riffusion-dub", "serve")
    assert done.returncode == 1
    assert "gradio" in done.stderr
    assert 'pip install ".[page]"' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_library_is_imported_by_name(installed: Installed) -> None:
    code = (
        "import sys, riffusion_dub, riffusion_inference\n"
        "heavy = {'torch', 'numpy', 'PIL', 'av'} & set(sys.modules)\n"
        "settings = riffusion_dub.load_settings(None, {}, model='pocket')\n"
        "assert settings.model_defaults('pocket') == riffusion_dub.load_settings(None, {}).model_defaults('pocket')\n"
        "assert settings.model_defaults('pocket') != settings.model_defaults('riffusion')\n"
        "print(riffusion_dub.__version__, sorted(heavy), riffusion_inference.__file__)"
    )
    done = installed.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{__version__} [] {installed.bin.parent}")
