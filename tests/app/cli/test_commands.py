"""The command line: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app import media
from app.cli.terminal import ProgressLines
from app.settings import ROOT
from riffusion_inference.datatypes import Progress, Waveform
from tests.fixtures_dub import ChordModel, nothing_left, run


@pytest.mark.parametrize(
    "command", ["", "dub", "split", "generate", "compose", "invert", "spectrogram", "verify", "mood", "serve"]
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
    capsys: pytest.CaptureFixture[str], cli_model: ChordModel, dub_clip: Path, tmp_path: Path
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
    assert (code, out.splitlines()[-1]) == (0, "All checks passed.")
    code, _, err = run(capsys, *argv)
    assert code == 1
    assert "is there already" in err
    assert run(capsys, *argv, "--force")[0] == 0


def test_json_is_one_object_on_stdout(
    capsys: pytest.CaptureFixture[str], cli_model: ChordModel, dub_clip: Path, tmp_path: Path
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
    assert out.splitlines()[-1] == "Some checks failed."


def test_from_a_manifest(
    capsys: pytest.CaptureFixture[str],
    cli_model: ChordModel,
    monkeypatch: pytest.MonkeyPatch,
    result_copy: Path,
    tmp_path: Path,
) -> None:
    film = (result_copy / "film.mp4").read_bytes()
    assert run(capsys, "dub", "--from", result_copy / "manifest.json", "--out", tmp_path / "again")[0] == 0
    assert (tmp_path / "again" / "film.mp4").read_bytes() == film
    monkeypatch.chdir(result_copy.parent)
    assert run(capsys, "dub", "--from", Path(result_copy.name), "--part", 2, "--loudness", -14)[0] == 0
    assert not cli_model.calls
    assert (result_copy / "film.mp4").read_bytes() != film
    code, _, err = run(capsys, "dub", "--from", result_copy, "--part", 4)
    assert code == 1
    assert "Part 4 has no music yet: say with --prompt" in err
    assert run(capsys, "dub", "--from", result_copy, "--part", 4, "--prompt", "rain", "--model", "x/y")[0] == 0
    assert (len(cli_model.calls), cli_model.name) == (1, "x/y")


def test_auto_prompt_looks_at_the_picture(
    capsys: pytest.CaptureFixture[str], cli_model: ChordModel, dub_clip: Path, tmp_path: Path
) -> None:
    argv = ["dub", dub_clip, "--parts", 2, "--part", 2, "--prompt", "auto", "--describer", "palette"]
    code, _, err = run(capsys, *argv, "--out", tmp_path / "out")
    assert code == 0, err
    prompt = cli_model.calls[0][0].prompt
    assert len(prompt.split()) > 3
    assert prompt in err
    code, out, _ = run(capsys, "mood", dub_clip, "--part", "2/2", "--describer", "palette", "--json")
    assert (code, json.loads(out)["prompt"]) == (0, prompt)
    assert run(capsys, "mood", dub_clip, "--at", "0.33", "--describer", "palette")[0] == 0
    assert run(capsys, "mood", dub_clip, "--at", "1.5")[0] == 2
    assert run(capsys, "mood", dub_clip, "--part", "3/2")[0] == 1


def test_generate_writes_every_take(capsys: pytest.CaptureFixture[str], cli_model: ChordModel, tmp_path: Path) -> None:
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
    assert cli_model.calls[0][0].loop
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


@pytest.mark.usefixtures("in_this_process")
def test_a_command_reads_the_index_of_its_video_once(
    capsys: pytest.CaptureFixture[str],
    dub_clip: Path,
    cli_model: ChordModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.media.mp4 import movie

    read, seen = movie.read_top_level, []
    monkeypatch.setattr(movie, "read_top_level", lambda path: seen.append(Path(path)) or read(path))
    picture = ("--prompt", "auto", "--describer", "palette")
    code, _, said = run(capsys, "dub", dub_clip, "--parts", 4, "--part", 2, *picture, "--out", tmp_path / "out")
    assert code == 0, said
    assert seen.count(dub_clip) == 1
