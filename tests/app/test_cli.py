"""The command line: what it prints, its exit codes, one sentence for every wrong input, and Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import media
from app.cli import main
from app.cli_progress import ProgressLines
from app.settings import ROOT
from riffusion_inference.datatypes import Progress, Waveform
from tests.fixtures_dub import RATE, ChordModel, make_clip, nothing_left


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> ChordModel:
    """What load_model gives; its name is the one asked for."""
    chords = ChordModel()

    def load_model(name: str, **options: Any) -> ChordModel:
        chords.name = name
        return chords

    monkeypatch.setattr("riffusion_inference.engines.load_model", load_model)
    return chords


def words(text: str, **names: object) -> list[str]:
    """A command line with {names} put in whole, spaces and all."""
    return [word.format(**names) for word in text.split()]


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of main."""
    try:
        code = main([str(word) for word in argv])
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    "command", ["", "dub", "split", "generate", "invert", "spectrogram", "verify", "mood", "serve"]
)
def test_help_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run(capsys, *command.split(), "--help")
    assert code == 0
    assert f"python -m app {command or 'dub'}" in out
    assert "examples:" in out


def test_no_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys)[0] == 2
    assert run(capsys, "fly")[0] == 2


def test_dub_prints_where_everything_is_and_what_it_took(
    capsys: pytest.CaptureFixture[str], model: ChordModel, dub_clip: Path, tmp_path: Path
) -> None:
    argv = ["dub", dub_clip, "--parts", 4, "--part", 2, "--prompt", "piano", "--out", tmp_path / "out", "--seed", 4]
    code, out, err = run(capsys, *argv)
    assert code == 0, err
    for name in ("parts/02.mp4", "music/02.wav", "film.mp4", "manifest.json", f"{dub_clip.stem}.zip"):
        assert str(tmp_path / "out" / name) in out
    assert "seed 4" in out
    assert "generate" in out.splitlines()[-1]
    assert "note: " in err
    assert "generate: 100%" in err
    code, out, err = run(capsys, "verify", tmp_path / "out", "--source", dub_clip)
    assert (code, out.splitlines()[-1]) == (0, "All is as it should be.")
    code, _, err = run(capsys, *argv)
    assert code == 1
    assert "is there already" in err
    assert run(capsys, *argv, "--force")[0] == 0


def test_json_is_one_object_on_stdout(
    capsys: pytest.CaptureFixture[str], model: ChordModel, dub_clip: Path, tmp_path: Path
) -> None:
    out_dir = tmp_path / "out"
    argv = ["dub", dub_clip, "--parts", 4, "--part", 2, "--prompt", "piano", "--out", out_dir, "--json"]
    code, out, _ = run(capsys, *argv)
    values = json.loads(out)
    assert code == 0
    assert len(values["parts"]) == 4
    assert Path(values["film"]).is_file()
    assert values["music"][0]["part"] == 2
    code, out, _ = run(capsys, "verify", out_dir, "--source", dub_clip, "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)
    code, out, _ = run(capsys, "split", dub_clip, "--parts", 3, "--out", tmp_path / "three", "--json")
    assert (code, len(json.loads(out)["parts"])) == (0, 3)
    code, out, err = run(capsys, *argv)
    assert code == 1
    assert json.loads(out)["error"] == err.splitlines()[-1]


def test_verify_fails_on_a_tampered_copy(capsys: pytest.CaptureFixture[str], result_copy: Path, dub_clip: Path) -> None:
    (result_copy / "parts" / "01.mp4").write_bytes(b"")
    code, out, _ = run(capsys, "verify", result_copy, "--source", dub_clip)
    assert code == 1
    assert "FAIL  files: parts/01.mp4 was changed" in out
    assert out.splitlines()[-1] == "Something is not as it should be."


def test_from_a_manifest(
    capsys: pytest.CaptureFixture[str],
    model: ChordModel,
    monkeypatch: pytest.MonkeyPatch,
    result_copy: Path,
    tmp_path: Path,
) -> None:
    film = (result_copy / "film.mp4").read_bytes()
    assert run(capsys, "dub", "--from", result_copy / "manifest.json", "--out", tmp_path / "again")[0] == 0
    assert (tmp_path / "again" / "film.mp4").read_bytes() == film
    monkeypatch.chdir(result_copy.parent)
    assert run(capsys, "dub", "--from", Path(result_copy.name), "--part", 2, "--loudness", -14)[0] == 0
    assert not model.calls
    assert (result_copy / "film.mp4").read_bytes() != film
    code, _, err = run(capsys, "dub", "--from", result_copy, "--part", 4)
    assert code == 1
    assert "Part 4 has no music yet: say with --prompt" in err
    assert run(capsys, "dub", "--from", result_copy, "--part", 4, "--prompt", "rain", "--model", "x/y")[0] == 0
    assert (len(model.calls), model.name) == (1, "x/y")


def test_auto_prompt_looks_at_the_picture(
    capsys: pytest.CaptureFixture[str], model: ChordModel, dub_clip: Path, tmp_path: Path
) -> None:
    argv = ["dub", dub_clip, "--parts", 2, "--part", 2, "--prompt", "auto", "--describer", "palette"]
    code, _, err = run(capsys, *argv, "--out", tmp_path / "out")
    assert code == 0, err
    prompt = model.calls[0][0].prompt
    assert len(prompt.split()) > 3
    assert prompt in err
    code, out, _ = run(capsys, "mood", dub_clip, "--part", "2/2", "--describer", "palette", "--json")
    assert (code, json.loads(out)["prompt"]) == (0, prompt)
    assert run(capsys, "mood", dub_clip, "--at", "0.33", "--describer", "palette")[0] == 0
    assert run(capsys, "mood", dub_clip, "--at", "1.5")[0] == 2
    assert run(capsys, "mood", dub_clip, "--part", "3/2")[0] == 1


def test_generate_writes_every_take(capsys: pytest.CaptureFixture[str], model: ChordModel, tmp_path: Path) -> None:
    argv = ["generate", "--prompt", "bass", "--seconds", "1.25", "--sample-rate", 8000, "--candidates", 2, "--seed", 7]
    out, image = tmp_path / "bass.wav", tmp_path / "bass.png"
    code, said, err = run(capsys, *argv, "--out", out, "--image", image, "--loop", "--json")
    assert code == 0, err
    assert nothing_left(tmp_path, "bass.png", "bass.take2.png", "bass.take2.wav", "bass.wav")
    takes = json.loads(said)["takes"]
    assert [(take["seed"], take["n_samples"], take["sample_rate"]) for take in takes] == [
        (7, 10000, 8000),
        (8, 10000, 8000),
    ]
    assert media.read_audio(out).samples.shape == (1, 10000)
    assert takes[0]["loudness_lufs"] == pytest.approx(-16, abs=0.2)
    assert model.calls[0][0].loop
    assert run(capsys, *argv, "--out", out)[0] == 1
    raw = tmp_path / "raw.wav"
    assert run(capsys, *argv, "--out", raw, "--loudness", "raw")[0] == 0
    assert np.abs(media.read_audio(raw).samples).max() <= 0.3


def test_sound_to_image_and_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    at = np.arange(2 * 44100) / 44100
    media.write_wav(tmp_path / "a.wav", Waveform((0.3 * np.sin(2 * np.pi * 440 * at))[None].astype(np.float32), 44100))
    code, out, err = run(capsys, "spectrogram", tmp_path / "a.wav", "--out", tmp_path / "a.png", "--json")
    assert code == 0, err
    assert json.loads(out)["height"] == 512
    code, _, err = run(capsys, "invert", tmp_path / "a.png", "--out", tmp_path / "b.wav", "--device", "cpu")
    assert code == 0, err
    found = media.read_audio(tmp_path / "b.wav")
    spectrum = np.abs(np.fft.rfft(found.samples[0][22050:66150]))
    assert int(spectrum.argmax()) == pytest.approx(440, abs=12)
    assert found.sample_rate == 44100


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


DUB = "--parts 4 --part 2 --prompt piano --out {out}"
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
    "out is a file": ("dub {good} --parts 4 --part 2 --prompt piano --out {good}", 1, "is no folder"),
    "forced out is not ours": (
        "dub {good} --parts 4 --part 2 --prompt piano --out {odd}/taken --force", 1, "it is not replaced",
    ),
    "seed image missing": (f"dub {{good}} {DUB} --seed-image {{odd}}/no.png", 1, r"no\.png does not exist"),
    "seed image no image": (f"dub {{good}} {DUB} --seed-image {{good}}", 1, "no image that can be read"),
    "seed audio no sound": (f"dub {{good}} {DUB} --seed-audio {{odd}}/text.mp4", 1, r"text\.mp4"),
    "two seeds": (
        f"dub {{good}} {DUB} --seed-image {{odd}}/p.png --seed-audio {{odd}}/sound.wav", 2, "choose one of them",
    ),
    "from nothing": ("dub --from {odd}/none.json", 1, "give the manifest.json of an earlier result"),
    "from a video": ("dub --from {good}", 1, "cannot be read as a manifest"),
    "seconds 0": ("generate --prompt a --seconds 0 --out {out}.wav", 2, "must be from 0.2 to 600"),
    "seconds words": ("generate --prompt a --seconds long --out {out}.wav", 2, "no number of seconds"),
    "out not wav": ("generate --prompt a --seconds 2 --out {out}.mp3", 2, r"does not end in \.wav"),
    "out file exists": ("generate --prompt a --seconds 2 --out {odd}/sound.wav", 1, "is there already"),
    "sample rate 1": ("generate --prompt a --seconds 2 --sample-rate 1 --out {out}.wav", 2, "must be from 8000"),
    "invert no image": ("invert {good} --out {out}.wav", 1, "no image that can be read"),
    "spectrogram no sound": ("spectrogram {odd}/text.mp4 --out {out}.png", 1, r"text\.mp4"),
    "verify nothing": ("verify {odd}/none --source {good}", 1, "does not exist"),
    "verify no zip": ("verify {good} --source {good}", 1, "not a whole zip"),
    "mood no video": ("mood {odd}/text.mp4", 1, r"text\.mp4"),
    "mood part words": ("mood {good} --part two", 2, "write for example 2/4"),
    "serve port": ("serve --port 99999", 2, "must be from 1 to 65535"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.replace(" ", "-"))
def test_wrong_input_is_one_sentence_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], model: ChordModel, odd_files: Path, tmp_path: Path, case: str
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
    assert not model.calls
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
    locked = Path(shutil.copy(dub_clip, tmp_path / "locked.mp4"))
    locked.chmod(0)
    if os.access(locked, os.R_OK):  # The superuser may read anything.
        real = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: False if Path(path) == locked else real(path, mode))
    code, _, err = run(capsys, "split", locked, "--parts", 2, "--out", tmp_path / "out")
    assert code == 1
    assert "may not be read" in err


def test_a_full_disk_is_said_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str],
    model: ChordModel,
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
    capsys: pytest.CaptureFixture[str], model: ChordModel, dub_clip: Path, tmp_path: Path
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


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere() -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, mark in ((Terminal(), "[##############################] 100%"), (io.StringIO(), "split: 100% (")):
        lines = ProgressLines(stream)
        for done in range(4):
            lines.show(Progress("split", done, 3))
        lines.note("careful")
        lines.show(Progress("mux", 0, 1))
        lines.close()
        said = stream.getvalue()
        assert mark in said
        assert "note: careful\n" in said
        assert said.endswith("\n")


SLOW = """
import sys, time, hashlib
import riffusion_inference.engines as engines
from riffusion_inference.errors import GenerationCancelled
from tests.fixtures_dub import ChordModel
class Slow(ChordModel):
    def generate(self, *args, **kwargs):
        print("READY", file=sys.stderr, flush=True)
        {work}
engines.load_model = lambda name, **options: Slow()
from app.__main__ import run
run()
"""


def how_late() -> float:
    """Seconds that this machine, busy as it may be, takes to start and end a Python that does nothing."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    return time.monotonic() - began


@pytest.mark.parametrize(
    "work",
    [
        "[time.sleep(0.05) for _ in iter(kwargs['should_cancel'], True)]; raise GenerationCancelled('Stopped.')",
        "time.sleep(60)",
        "hashlib.pbkdf2_hmac('sha256', b'x', b'y', 3 * 10**8)",
    ],
    ids=["asked", "interrupted", "ended"],
)
def test_ctrl_c_stops_within_two_seconds_and_leaves_nothing(dub_clip: Path, tmp_path: Path, work: str) -> None:
    argv = words(f"dub {{good}} {DUB} --device cpu --model pocket", good=dub_clip, out=tmp_path / "new" / "out")
    command = [sys.executable, "-c", SLOW.format(work=work), *argv]
    child = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        said = ""
        while "READY" not in said:
            line = child.stderr.readline()
            assert line, said
            said += line
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, rest = child.communicate(timeout=20)
        spent = time.monotonic() - began
        lag = how_late()
    finally:
        child.kill()
    assert child.returncode == 130, rest
    assert "Stopped; nothing was left behind." in rest
    assert "Traceback" not in rest
    assert spent < 2.0 + lag, f"{spent:.2f} s on a machine that is {lag:.2f} s late"
    hidden = [path for path in tmp_path.rglob("*") if path.is_file() or path.name.startswith(".")]
    assert not hidden


@pytest.mark.parametrize(("argv", "code"), [(["--help"], 0), (["dub"], 2), (["verify", "no", "--source", "no"], 1)])
def test_the_real_process_has_the_same_exit_codes(argv: list[str], code: int) -> None:
    done = subprocess.run([sys.executable, "-m", "app", *argv], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_with_a_leading_dash(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, dub_clip: Path, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(dub_clip, tmp_path / '-it\'s "odd".mp4')
    code, out, err = run(capsys, "split", "--parts", 2, "--out=-out", "--json", "--", '-it\'s "odd".mp4')
    assert code == 0, err
    assert len(json.loads(out)["parts"]) == 2
