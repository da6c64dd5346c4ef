"""Everything that can be wrong about a command: one sentence, the right exit code, and nothing left behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import media
from app.wall.job import Policy
from riffusion_inference.datatypes import Waveform
from tests.fixtures_dub import DUB, RATE, ChordModel, make_clip, nothing_left, run, words


@pytest.fixture(scope="module")
def odd_files(tmp_path_factory: pytest.TempPathFactory, dub_clip: Path) -> Path:
    """Everything that is no good video."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "text.mp4").write_text("I am no video. " * 100)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "cut.mp4").write_bytes(dub_clip.read_bytes()[: dub_clip.stat().st_size // 2])
    media.write_wav(folder / "sound.wav", Waveform(np.zeros((1, RATE), np.float32), RATE))
    (folder / "taken").mkdir()
    (folder / "taken" / "mine.txt").write_text("mine")
    (folder / "checkpoint").mkdir()
    (folder / "checkpoint" / "model_index.json").write_text("{")
    make_clip(folder / "short.mp4", 0.5)
    shutil.copy(dub_clip, folder / "good.mp4")
    return folder


WRONG = {
    "not a video": (f"dub {{odd}}/text.mp4 {DUB}", 1, r"text\.mp4 "),
    "empty file": (f"dub {{odd}}/empty.mp4 {DUB}", 1, r"is empty \(0 bytes\)"),
    "truncated file": (f"dub {{odd}}/cut.mp4 {DUB}", 1, r"cut\.mp4 is .*(cut short|damaged)"),
    "audio only": (f"dub {{odd}}/sound.wav {DUB}", 1, "only sound"),
    "a folder": (f"dub {{odd}} {DUB}", 1, "is a folder"),
    "missing": (f"dub {{odd}}/gone.mp4 {DUB}", 1, "does not exist"),
    "parts 0": ("dub {good} --parts 0 --part 1 --prompt piano --out {out}", 2, "0 parts were asked for"),
    "split parts 0": ("split {good} --parts 0 --out {out}", 2, "0 parts were asked for"),
    "parts more than frames": ("dub {good} --parts 41 --part 2 --prompt piano --out {out}", 1, "has 40 frames"),
    "split parts more than frames": ("split {good} --parts 41 --out {out}", 1, "has 40 frames"),
    "part out of range": ("dub {good} --parts 4 --part 5 --prompt piano --out {out}", 2, "choose from 1 to 4"),
    "part 0": ("dub {good} --parts 4 --part 0 --prompt piano --out {out}", 2, "choose from 1 to 4"),
    "part too short": ("dub {odd}/short.mp4 --parts 5 --part 2 --prompt piano --out {out}", 1, "choose fewer parts"),
    "empty prompt": ("dub {good} --parts 4 --part 2 --prompt {empty} --out {out}", 2, "prompt is empty"),
    "blank prompt for generate": ("generate --prompt {empty} --seconds 2 --out {out}.wav", 2, "prompt is empty"),
    "no prompt": ("dub {good} --parts 4 --part 2 --out {out}", 2, "dub needs --prompt"),
    "no video": ("dub --parts 4 --part 2 --prompt piano --out {out}", 2, "dub needs VIDEO"),
    "two prompts": (f"dub {{good}} {DUB} --part 3 --part 4 --prompt b", 2, "2 prompts for 3 parts"),
    "part twice": (f"dub {{good}} {DUB} --part 2", 2, "named twice"),
    "steps 0": (f"dub {{good}} {DUB} --steps 0", 2, "Steps is 0, but must be from 1 to 100"),
    "steps words": (f"dub {{good}} {DUB} --steps many", 2, "invalid int value"),
    "guidance nan": (f"dub {{good}} {DUB} --guidance nan", 2, "Guidance scale is nan, but must be from 0 to 45"),
    "guidance 46": (f"dub {{good}} {DUB} --guidance 46", 2, "must be from 0 to 45"),
    "candidates 9": (f"dub {{good}} {DUB} --candidates 9", 2, "must be from 1 to 8"),
    "take 3 of 2": (f"dub {{good}} {DUB} --candidates 2 --take 3", 2, "Take is 3, but must be from 1 to 2"),
    "seed -1": (f"dub {{good}} {DUB} --seed -1", 2, "Seed is -1"),
    "strength 2": (f"dub {{good}} {DUB} --strength 2", 2, "must be from 0 to 1"),
    "loudness loud": (f"dub {{good}} {DUB} --loudness loud", 2, "must be a number from -40 to -6"),
    "loudness nan": (f"dub {{good}} {DUB} --loudness nan", 2, "must be from -40 to -6"),
    "music gain 3": (f"dub {{good}} {DUB} --music-gain 3", 2, "must be from -40 to 0"),
    "width": (f"dub {{good}} {DUB} --max-image-width 1001", 2, "choose 1000 or 1008"),
    "threads 0": (f"dub {{good}} {DUB} --threads 0", 2, "must be from 1 to 64"),
    "unknown split": (f"dub {{good}} {DUB} --split rough", 2, "invalid choice"),
    "out exists": ("dub {good} --parts 4 --part 2 --prompt piano --out {odd}/taken", 1, "is there already"),
    "out is a file": ("dub {good} --parts 4 --part 2 --prompt piano --out {good}", 1, "is not a folder"),
    "forced out is not ours": (
        "dub {good} --parts 4 --part 2 --prompt piano --out {odd}/taken --force", 1, "it is not replaced",
    ),
    "seed image missing": (f"dub {{good}} {DUB} --seed-image {{odd}}/no.png", 1, r"no\.png does not exist"),
    "seed image no image": (f"dub {{good}} {DUB} --seed-image {{good}}", 1, "not an image that can be read"),
    "seed audio no sound": (f"dub {{good}} {DUB} --seed-audio {{odd}}/text.mp4", 1, r"text\.mp4"),
    "two seeds": (
        f"dub {{good}} {DUB} --seed-image {{odd}}/p.png --seed-audio {{odd}}/sound.wav", 2, "choose one of them",
    ),
    "from nothing": ("dub --from {odd}/none.json", 1, "give the manifest.json of an earlier result"),
    "from a video": ("dub --from {good}", 1, "cannot be read as a manifest"),
    "seconds 0": ("generate --prompt a --seconds 0 --out {out}.wav", 2, "must be from 0.2 to 600"),
    "seconds words": ("generate --prompt a --seconds long --out {out}.wav", 2, "not a number of seconds"),
    "out not wav": ("generate --prompt a --seconds 2 --out {out}.mp3", 2, r"does not end in \.wav"),
    "out file exists": ("generate --prompt a --seconds 2 --out {odd}/sound.wav", 1, "is there already"),
    "sample rate 1": ("generate --prompt a --seconds 2 --sample-rate 1 --out {out}.wav", 2, "must be from 8000"),
    "invert no image": ("invert {good} --out {out}.wav", 1, "not an image that can be read"),
    "spectrogram no sound": ("spectrogram {odd}/text.mp4 --out {out}.png", 1, r"text\.mp4"),
    "verify nothing": ("verify {odd}/none --source {good}", 1, "does not exist"),
    "verify no zip": ("verify {good} --source {good}", 1, "not a whole zip"),
    "mood no video": ("mood {odd}/text.mp4", 1, r"text\.mp4"),
    "mood part words": ("mood {good} --part two", 2, "write for example 2/4"),
    "serve port": ("serve --port 99999", 2, "must be from 1 to 65535"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.replace(" ", "-"))
def test_wrong_input_is_one_sentence_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], cli_model: ChordModel, odd_files: Path, tmp_path: Path, case: str
) -> None:
    from PIL import Image

    command, code, sentence = WRONG[case]
    Image.new("RGB", (32, 32)).save(odd_files / "p.png")
    before = sorted(path.name for path in odd_files.iterdir())
    names = {"odd": odd_files, "good": odd_files / "good.mp4", "out": tmp_path / "out", "empty": "  "}
    found, _, err = run(capsys, *words(command, **names))
    assert found == code, err
    assert re.search(sentence, err), err
    assert "Traceback" not in err
    assert not cli_model.calls
    assert nothing_left(tmp_path)
    assert sorted(path.name for path in odd_files.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--model {odd}/checkpoint", "checkpoint"),
        ("--model {odd}/nowhere", "There is no checkpoint"),
        ("--model riffusion/riffusion-model-v1", "pocket"),
        ("--model pocket --device warp", "Device 'warp' is unknown"),
    ],
)
def test_a_model_that_is_not_there_is_said_before_any_work(
    capsys: pytest.CaptureFixture[str], odd_files: Path, tmp_path: Path, options: str, sentence: str
) -> None:
    argv = words(f"dub {{good}} {DUB} {options}", odd=odd_files, good=odd_files / "good.mp4", out=tmp_path / "out")
    code, _, err = run(capsys, *argv)
    assert code == 1
    assert sentence in err
    assert "split" not in err
    assert nothing_left(tmp_path)


def test_a_file_that_may_not_be_read_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, dub_clip: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr("app.wall.job._POLICY", Policy())  # Put back at the end.
    locked = Path(shutil.copy(dub_clip, tmp_path / "locked.mp4"))
    locked.chmod(0)
    if os.access(locked, os.R_OK):  # The superuser may read anything.
        real = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: False if Path(path) == locked else real(path, mode))
    code, _, err = run(capsys, "split", "--no-sandbox", locked, "--parts", 2, "--out", tmp_path / "out")
    assert code == 1
    assert "Permission to read" in err


def test_a_full_disk_is_said_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str],
    cli_model: ChordModel,
    monkeypatch: pytest.MonkeyPatch,
    dub_clip: Path,
    tmp_path: Path,
) -> None:
    import errno
    import zipfile

    def no_space(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", no_space)
    argv = words(f"dub {{good}} {DUB}", good=dub_clip, out=tmp_path / "out")
    code, _, err = run(capsys, *argv)
    assert code == 1
    assert f"There is no space left in {tmp_path}" in err
    assert nothing_left(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_small_disk_is_full(
    capsys: pytest.CaptureFixture[str], cli_model: ChordModel, dub_clip: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk could not be mounted here")
    try:
        code, _, err = run(capsys, *words(f"dub {{good}} {DUB}", good=dub_clip, out=disk / "out"))
        assert code == 1
        assert "no space left" in err
        assert nothing_left(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
