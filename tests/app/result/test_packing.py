"""Finished files are hashed, stored and flushed beside the work; the zip is one that others read."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from pathlib import Path

import pytest

from app.errors import DubCancelled
from app.files import Hashing
from app.result.packing import Packing

CONTENTS = {"film.mp4": b"film" * 50_000, "parts/01.mp4": b"", "music/große Harfe 音.wav": bytes(range(256)) * 9}


def write(folder: Path) -> list[Path]:
    for name, content in CONTENTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return [folder / name for name in CONTENTS]


def packed(folder: Path) -> Path:
    paths = write(folder)
    with Packing(folder, "all.zip") as packing:
        packing.add(paths[:1])
        packing.add(paths)
        for path in paths:
            facts = packing.facts(path)
            assert (facts.sha256, facts.size_bytes) == (
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path.stat().st_size,
            )
        packing.close_zip("manifest.json", b"{}")
    return folder / "all.zip"


def check_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [*CONTENTS, "manifest.json"]
        for name, content in (*CONTENTS.items(), ("manifest.json", b"{}")):
            assert archive.read(name) == content
            assert archive.getinfo(name).compress_type == zipfile.ZIP_STORED
        assert archive.getinfo("film.mp4").external_attr >> 16 & 0o400


def test_the_zip_holds_every_file_once(tmp_path: Path) -> None:
    check_zip(packed(tmp_path))


def test_a_file_that_cannot_be_read_is_told_to_whoever_asks_for_it(tmp_path: Path) -> None:
    with Packing(tmp_path, "all.zip") as packing:
        packing.add([tmp_path / "missing.mp4"])
        with pytest.raises(FileNotFoundError):
            packing.facts(tmp_path / "missing.mp4")


def test_leaving_early_ends_the_work(tmp_path: Path) -> None:
    before = threading.active_count()
    with Packing(tmp_path, "all.zip") as packing:
        packing.add(write(tmp_path))
    assert not (tmp_path / "all.zip").exists()
    assert threading.active_count() == before


def test_a_stop_reaches_the_hash_that_is_made_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    assert Hashing(tmp_path / "film.mp4").result() == hashlib.sha256(b"film").hexdigest()
    with pytest.raises(DubCancelled):
        Hashing(tmp_path / "film.mp4", lambda: True).result()
    with pytest.raises(FileNotFoundError):
        Hashing(tmp_path / "missing.mp4").result()
