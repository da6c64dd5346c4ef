"""Verify finds what was tampered with, also where the manifest was made to agree; and trusts no zip."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import media
from app.errors import ArchiveError, DubCancelled, MediaError
from app.media import likeness_db
from app.result.archive import unpack
from app.result.checks import VerifyReport
from app.result.folder import Result, safe_stem
from app.result.manifest import read_manifest
from app.result.sounds import MIN_LOSSY_SNR_DB
from app.result.verify import verify
from riffusion_inference.datatypes import Waveform
from tests.fixtures_dub import RATE, make_clip


def failed(report: VerifyReport) -> set[str]:
    """Names of the checks that failed."""
    return {check.name for check in report.failed}


def forge(folder: Path, **changes: Any) -> None:
    """Make a manifest agree with what its folder now holds, as someone would who tampers with care."""
    path = folder / "manifest.json"
    values = json.loads(path.read_text())
    for name in values["files"]:
        content = (folder / name).read_bytes()
        values["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    path.write_text(json.dumps({**values, **changes}))


def test_folder_and_zip_verify(first_dub: Result, dub_clip: Path, tmp_path: Path) -> None:
    for result in (first_dub.folder, first_dub.archive):
        report = verify(result, dub_clip, temporary_directory=tmp_path / "unpacked here")
        assert report.ok, report.lines
        assert {"files", "source", "ranges", "frames", "samples", "sound", "film", "part 2", "music 2"} <= {
            check.name for check in report.checks
        }
        assert all(line.startswith("ok  ") for line in report.lines)
    assert list((tmp_path / "unpacked here").iterdir()) == []


def flip_a_byte(folder: Path) -> None:
    content = bytearray((folder / "parts" / "03.mp4").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (folder / "parts" / "03.mp4").write_bytes(content)


def swap_two_parts(folder: Path) -> None:
    one, other = folder / "parts" / "01.mp4", folder / "parts" / "03.mp4"
    content = one.read_bytes()
    shutil.copy(other, one)
    other.write_bytes(content)


def mute_an_undubbed_part(folder: Path) -> None:
    part = folder / "parts" / "03.mp4"
    media.replace_audio(part, Waveform(np.zeros((1, RATE), np.float32), RATE), part)


def shorten_the_dubbed_sound(folder: Path) -> None:
    part = folder / "parts" / "02.mp4"
    sound = media.audio_samples(part)
    media.replace_audio(part, Waveform(sound.samples[:, :-100], RATE), part)


def other_film_sound(folder: Path, start: int, end: int) -> None:
    film = folder / "film.mp4"
    sound = media.decode_audio(film)
    sound.samples[:, start:end] = np.roll(sound.samples[:, start:end], 4000, axis=1)
    media.mux_film(media.probe(film), sound, film)


def late_film_sound(folder: Path) -> None:
    film = folder / "film.mp4"
    sound = media.decode_audio(film)
    media.mux_film(media.probe(film), Waveform(np.roll(sound.samples, 40, axis=1), RATE), film)


def other_pictures(folder: Path) -> None:
    other = make_clip(folder / "other.mp4", 1.0, size="64x50")
    part = folder / "parts" / "02.mp4"
    media.replace_audio(other, media.audio_samples(part), part)
    other.unlink()


def shorten_the_music(folder: Path) -> None:
    wav = folder / "music" / "02.wav"
    media.write_wav(wav, Waveform(media.read_audio(wav).samples[:, :-1], RATE))


@pytest.mark.parametrize(
    ("tamper", "agree", "found"),
    [
        (flip_a_byte, False, {"files"}),
        (lambda folder: (folder / "music" / "02.png").unlink(), False, {"files"}),
        (swap_two_parts, True, {"frames", "sound"}),
        (mute_an_undubbed_part, True, {"sound"}),
        (shorten_the_dubbed_sound, True, {"part 2"}),
        (lambda folder: other_film_sound(folder, 0, RATE), True, {"film"}),
        (lambda folder: other_film_sound(folder, RATE, 2 * RATE), True, {"film"}),
        (late_film_sound, True, {"film"}),
        (other_pictures, True, {"part 2"}),
        (shorten_the_music, True, {"music 2"}),
    ],
)
def test_tampering_is_found(
    result_copy: Path, dub_clip: Path, tamper: Callable[[Path], None], agree: bool, found: set[str]
) -> None:
    tamper(result_copy)
    if agree:
        forge(result_copy)
    report = verify(result_copy, dub_clip)
    assert not report.ok
    assert found <= failed(report), report.lines


def test_noise_survives_encoding_and_nothing_else_passes_for_it() -> None:
    drawn = np.random.default_rng(0).standard_normal((3, 2, 4 * RATE)).astype(np.float32)
    noise = drawn[0]
    assert likeness_db(noise, noise, RATE) == np.inf
    assert likeness_db(noise, noise + 0.7 * drawn[1], RATE) > MIN_LOSSY_SNR_DB
    for other in (0 * noise, drawn[2], np.roll(noise, 1, axis=1), -noise, noise[:, :-1]):
        assert likeness_db(noise, other, RATE) < MIN_LOSSY_SNR_DB
    one_second = noise.copy()
    one_second[:, RATE : 2 * RATE] = 0
    assert likeness_db(noise, one_second, RATE) < MIN_LOSSY_SNR_DB
    quiet = np.zeros_like(noise)
    assert likeness_db(quiet, quiet + 1e-6, RATE) == np.inf
    assert likeness_db(quiet, noise, RATE) < MIN_LOSSY_SNR_DB


def test_a_part_that_is_left_out_is_found(result_copy: Path, dub_clip: Path) -> None:
    values = json.loads((result_copy / "manifest.json").read_text())
    forge(result_copy, parts=values["parts"][:3], n_parts=3)
    assert {"ranges", "frames", "samples"} <= failed(verify(result_copy, dub_clip))


def test_another_source_is_found(first_dub: Result, tmp_path: Path) -> None:
    other = make_clip(tmp_path / "other.mp4", 4.0, sound="silence", size="64x50")
    assert {"source", "frames", "film"} <= failed(verify(first_dub.folder, other))


def test_a_tampered_zip_is_found(first_dub: Result, dub_clip: Path, tmp_path: Path) -> None:
    content = first_dub.archive.read_bytes()
    with zipfile.ZipFile(first_dub.archive) as archive:
        at = archive.getinfo("parts/03.mp4").header_offset + 300
    broken = tmp_path / "broken.zip"
    broken.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
    with pytest.raises(ArchiveError, match="not a whole zip archive"):
        verify(broken, dub_clip)


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/../../evil", "C:\\evil", "a\\..\\evil", "./a"])
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("fine.txt", "fine")
        archive.writestr(name, "evil")
    (tmp_path / "in").mkdir()
    with pytest.raises(ArchiveError, match="outside its folder"):
        unpack(bad, tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip", "in"]


def test_a_zip_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(4 << 20))
    with pytest.raises(ArchiveError, match="would grow to 4,194,304 bytes"):
        unpack(bomb, tmp_path / "in")


def test_what_is_no_result_is_said(tmp_path: Path, dub_clip: Path, first_dub: Result) -> None:
    with pytest.raises(ArchiveError, match="does not exist: give a result folder"):
        verify(tmp_path / "nothing", dub_clip)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveError, match=r"manifest\.json"):
        verify(tmp_path / "empty", dub_clip)
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(ArchiveError, match="not a whole zip"):
        verify(tmp_path / "text.zip", dub_clip)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(ArchiveError, match=r"holds no manifest\.json"):
        verify(tmp_path / "other.zip", dub_clip)
    with pytest.raises(MediaError, match="does not exist"):
        verify(first_dub.folder, tmp_path / "no.mp4")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda v: v.update(schema=99), "manifest version 99"),
        (lambda v: v.update(surprise=1), "surprise of Manifest is unknown or missing"),
        (lambda v: v.pop("source"), "source of Manifest is unknown or missing"),
        (lambda v: v.update(n_parts="four"), "'four' is not of the kind int"),
        (lambda v: v["parts"][0].update(file="../../etc/passwd"), "lies outside its folder"),
        (lambda v: v.update(film="/etc/passwd"), "lies outside its folder"),
        (lambda v: v["dubs"][0].update(take=3), "do not fit together"),
        (lambda v: v["dubs"][0].update(part=9), "do not fit together"),
        (lambda v: v["parts"][0].update(start="1/0"), "do not fit together"),
        (lambda v: v.update(parts=[]), "do not fit together"),
        (lambda v: v.update(film_sound="as is"), "do not fit together"),
        (lambda v: v.update(source=3), "SourceFacts is missing"),
        (lambda v: v["parts"][0].update(file="parts/\ud800.mp4"), "half characters"),
    ],
)
def test_a_damaged_manifest_is_said(result_copy: Path, change: Callable[[dict[str, Any]], Any], sentence: str) -> None:
    path = result_copy / "manifest.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    with pytest.raises(ArchiveError, match=sentence):
        read_manifest(path)


def test_a_manifest_that_is_no_json_is_said(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ArchiveError, match="cannot be read as a manifest"):
        read_manifest(tmp_path)


def test_verify_can_be_stopped(first_dub: Result, dub_clip: Path) -> None:
    with pytest.raises(DubCancelled):
        verify(first_dub.folder, dub_clip, should_cancel=lambda: True)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("clip.mp4", "clip"),
        ("a b – ü.mkv", "a b – ü"),
        ('we"ird<>:?*|.mp4', "we_ird______"),
        ("--dash.mp4", "dash"),
        ("...mp4", "dub"),
        ("x" * 300 + ".mp4", "x" * 120),
    ],
)
def test_the_zips_name_is_sane(name: str, stem: str) -> None:
    assert safe_stem(name) == stem
