"""A disk that is too small: one sentence that names the folder, and nothing left on it."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.errors import MediaError
from app.files import check_free_space, written_whole
from app.media import explain_split, mux_film, probe, replace_audio, split, write_wav
from app.media.ffmpeg import run_ffmpeg
from riffusion_inference.datatypes import Waveform
from tests.fixtures_clips import ClipShelf

SILENCE = Waveform(np.zeros((2, 144000), dtype=np.float32), 48000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 24 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_too_little_space_is_seen_before_the_work(clips: ClipShelf, small_disk: Path) -> None:
    clip = probe(clips.path("sound_longer"))
    with pytest.raises(MediaError, match=rf"no space left in {small_disk}: about [\d,]+ bytes are needed, [\d,]+ are"):
        split(clip, explain_split(clip, 2, "exact"), small_disk)
    assert list(small_disk.iterdir()) == []


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("mode", ["exact", "reencode"])
@pytest.mark.parametrize("kind", ["sound_longer", "mkv_pcm"])
def test_a_disk_that_fills_up_while_splitting(
    clips: ClipShelf, small_disk: Path, monkeypatch: pytest.MonkeyPatch, mode: str, kind: str
) -> None:
    _fills_up_later(monkeypatch)
    clip = probe(clips.path(kind))
    with pytest.raises(MediaError, match=r"no space left in .*small.*Free some space or choose another folder"):
        split(clip, explain_split(clip, 2, mode), small_disk)
    assert list(small_disk.iterdir()) == []


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("kind", ["h264", "mkv"])
def test_a_disk_that_fills_up_while_muxing(
    clips: ClipShelf, small_disk: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for work in (
        lambda: mux_film(probe(clips.path(kind)), SILENCE, small_disk / f"film.{kind[-3:]}"),
        lambda: replace_audio(clips.path(kind), SILENCE, small_disk / "part.mp4"),
    ):
        with monkeypatch.context() as patched:
            _fills_up_later(patched)
            with pytest.raises(MediaError, match="no space left in"):
                work()
        assert list(small_disk.iterdir()) == []


def test_a_disk_that_is_too_small_for_a_wave_file(small_disk: Path) -> None:
    with pytest.raises(MediaError, match="no space left in"):
        write_wav(small_disk / "sound.wav", SILENCE)
    assert list(small_disk.iterdir()) == []


def _fills_up_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system say once, before the work, that there is space; from then on it tells the truth."""
    disk_usage = shutil.disk_usage
    lies = iter([10**15])

    def asked(path: Path) -> object:
        usage = disk_usage(path)
        return usage._replace(free=next(lies, usage.free))

    monkeypatch.setattr(shutil, "disk_usage", asked)


def test_free_space_is_asked_of_a_folder_to_be(tmp_path: Path) -> None:
    check_free_space(tmp_path / "not" / "yet" / "there", 1)
    with pytest.raises(MediaError, match=r"no space left in .*there: about 1,000,000,000,000,000,000 bytes are needed"):
        check_free_space(tmp_path / "not" / "yet" / "there", 10**18)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "file.mp4"
    with pytest.raises(ZeroDivisionError), written_whole(target) as temporary:
        assert temporary.write_text("half") / 0
    assert list(tmp_path.iterdir()) == []
    with (
        pytest.raises(MediaError, match=r"file\.mp4 cannot be written to .*: Permission denied"),
        written_whole(target),
    ):
        raise OSError(errno.EACCES, "Permission denied")
    with written_whole(target) as temporary:
        temporary.write_text("whole")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]


def test_what_ffmpeg_says_becomes_one_sentence(tmp_path: Path) -> None:
    arguments = ["-i", str(tmp_path / "nothing.mp4"), str(tmp_path / "out.mp4")]
    with pytest.raises(
        MediaError, match=r"^The film could not be written anew: a file that is needed is not there any more\.$"
    ) as error:
        run_ffmpeg(arguments, tmp_path / "out.mp4", subject="The film")
    assert "\n" not in str(error.value)
