"""Each input that once ended in a traceback, or would ask for more memory than there is: one sentence, exit code 1."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from app.cli.main import main
from app.result.folder import Result
from riffusion_inference.datatypes import SpectrogramParams
from riffusion_inference.spectrogram import image as tags


def _told(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command says that fails, which is one line."""
    capsys.readouterr()
    assert main([*map(str, words)]) == 1
    lines = capsys.readouterr().err.splitlines()
    said = [line for line in lines if not line.startswith(("probe:", "note:", "invert:"))]
    assert len(said) == 1, lines
    assert "Traceback" not in said[0]
    return said[0]


def _changed(keys: tuple[Any, ...], value: Any) -> Callable[[dict[str, Any]], None]:
    def change(values: dict[str, Any]) -> None:
        inner: Any = values
        for key in keys[:-1]:
            inner = inner[key]
        assert keys[-1] in inner or isinstance(inner, list)
        inner[keys[-1]] = value

    return change


NUMBERS = {
    "a sample rate of 0": (("sample_rate",), 0, "sample_rate is 0"),
    "a sample rate of 10^15": (("sample_rate",), 10**15, "sample_rate is 1000000000000000"),
    "no channels": (("n_channels",), 0, "n_channels is 0"),
    "a part that ends at 10^15": (("parts", -1, "end_sample"), 10**15, "end_sample is 1000000000000000"),
    "a film of 10^15 samples": (("film_samples",), 10**15, "film_samples is 1000000000000000"),
    "a file below nothing": (("source", "size_bytes"), -1, "size_bytes is -1"),
    "music of 10^15 samples": (("dubs", 0, "music", "n_samples"), 10**15, "n_samples is 1000000000000000"),
    "a number of 5,000 digits": (("n_parts",), "DIGITS", "cannot be read as a manifest"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_a_manifest(
    first_dub: Result, dub_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    keys, value, said = NUMBERS[name]
    values = json.loads(first_dub.manifest_file.read_text())
    _changed(keys, value)(values)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(values).replace('"DIGITS"', "9" * 5000))
    assert said in _told(capsys, "dub", "--from", path, "--out", tmp_path / "out")
    assert said in _told(capsys, "verify", tmp_path, "--source", dub_clip)


def test_a_manifest_that_is_nested_too_deep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "manifest.json"
    path.write_text("[" * 100_000 + "]" * 100_000)
    assert "nested too deep" in _told(capsys, "dub", "--from", path, "--out", tmp_path / "out")
    deep = tmp_path / "deep.json"
    deep.write_text('{"format": ' * 100_000)
    wanted = ("generate", "--prompt", "x", "--midi", deep, "--out", tmp_path / "x.wav", "--model", "pocket")
    assert "nested too deep" in _told(capsys, *wanted)


EXIF = {
    "an empty MAX_VALUE": (tags.EXIF_MAX_VALUE, "", "MAX_VALUE ''"),
    "an absurd MAX_VALUE": (tags.EXIF_MAX_VALUE, 1e300, "MAX_VALUE '1e+300'"),
    "a MAX_VALUE that is no number": (tags.EXIF_MAX_VALUE, "nan", "MAX_VALUE 'nan'"),
    "an absurd F_MAX": (tags.EXIF_F_MAX, 1e300, "must lie within"),
    "an F_MAX that is no number": (tags.EXIF_F_MAX, "loud", "a value that is not a number"),
    "an absurd PADDED": (tags.EXIF_PADDED_MS, 10**9, "must be at most"),
    "an endless PADDED": (tags.EXIF_PADDED_MS, "inf", "a value that is not a number"),
    "a sample rate of 0": (tags.EXIF_SAMPLE_RATE, 0, "must be at least 1"),
}


def _picture(path: Path, size: tuple[int, int] = (40, 512), **exif: Any) -> Path:
    image = Image.new("RGB", size, (128, 128, 128))
    tags.write_exif(image, SpectrogramParams(), 900.0)
    for tag, value in exif.items():
        image.getexif()[int(tag)] = value
    image.save(path, exif=image.getexif())
    return path


@pytest.mark.parametrize("name", EXIF)
def test_exif_of_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    tag, value, said = EXIF[name]
    path = _picture(tmp_path / "picture.png", **{str(tag): value})
    assert said in _told(capsys, "invert", path, "--out", tmp_path / "sound.wav")
    assert sorted(tmp_path.iterdir()) == [path]


def _text_bomb(path: Path) -> Path:
    """A picture with a compressed text that grows to 200 MB."""
    about = PngImagePlugin.PngInfo()
    about.add(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9))
    Image.new("RGB", (40, 512)).save(path, pnginfo=about)
    return path


def _pixel_bomb(path: Path) -> Path:
    """A picture of 60,000 times 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))
    return path


PICTURES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "text that grows": (_text_bomb, "not an image that can be read: choose a PNG or JPEG file"),
    "pixels that grow": (_pixel_bomb, "not an image that can be read: choose a PNG or JPEG file"),
    "one pixel wide": (lambda path: _picture(path, (1, 512)), "1 px wide"),
    "postscript": (lambda path: (path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n") and path) or path, "not an image"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    make, said = PICTURES[name]
    path = make(tmp_path / "picture.png")
    assert said in _told(capsys, "invert", path, "--out", tmp_path / "sound.wav")
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_video_in_a_folder_that_one_may_not_enter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:  # Root may enter any folder.
        exists = Path.exists

        def denied(path: Path, **options: Any) -> bool:
            if path.name == "film.mp4" and "closed" in path.parts:
                raise PermissionError(13, "Permission denied", str(path))
            return exists(path, **options)

        monkeypatch.setattr(Path, "exists", denied)
    (tmp_path / "closed").mkdir(mode=0)
    command = ("split", tmp_path / "closed" / "film.mp4", "--parts", 2, "--out", tmp_path / "out", "--no-sandbox")
    monkeypatch.setattr("app.wall.job._POLICY", None)  # Put back at the end.
    assert "film.mp4 cannot be reached (Permission denied)" in _told(capsys, *command)


def test_levels_of_a_picture_stay_finite(tmp_path: Path) -> None:
    path = _picture(tmp_path / "picture.png", **{str(tags.EXIF_MAX_VALUE): tags.MAX_MAX_VALUE})
    with Image.open(path) as image:
        assert np.isfinite(tags.mel_from_image(image).mel_amplitudes).all()
