"""Scores without a film: compose writes one, generate paints one; both leave real files."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app import media
from app.cli.main import main
from app.settings import ROOT
from riffusion_inference.notation.score import Score, ScoreNote, Tempo
from riffusion_inference.score.midi import midi_from_score, score_from_midi
from tests.fixtures_dub import run
from tests.fixtures_score import ScoreModel, score_of


def test_what_compose_writes_is_what_generate_paints(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, tmp_path: Path
) -> None:
    wanted = ("--seconds", "6.5", "--seed", 9, "--mood", "tense")
    code, out, err = run(capsys, "compose", "lo-fi, 78 BPM", *wanted, "--out", tmp_path / "tune.mid")
    assert code == 0, err
    assert "Read as: lo-fi, 78 BPM, tense." in err.replace("78 BPM, lo-fi", "lo-fi, 78 BPM")
    assert out.startswith(str(tmp_path / "tune.mid"))
    assert ", 78 BPM, " in out
    assert "seed 9" in out
    code, _, err = run(capsys, "generate", "--prompt", "lo-fi, 78 BPM", *wanted, "--out", tmp_path / "tune.wav")
    assert code == 0, err
    assert score_model.calls[0][0].scores == (score_of(tmp_path, "tune.mid"),)
    assert "Not understood" not in err
    code, out, _ = run(capsys, "compose", "lo-fi, 78 BPM", *wanted, "--out", tmp_path / "tune.json", "--json")
    assert Score.from_json((tmp_path / "tune.json").read_text()) == score_of(tmp_path, "tune.mid")
    assert (json.loads(out)["bpm"], json.loads(out)["seed"]) == (78, 9)
    assert run(capsys, "compose", "x", *wanted, "--out", tmp_path / "tune.mid")[0] == 1
    assert run(capsys, "compose", "x", *wanted, "--out", tmp_path / "tune.mid", "--force")[0] == 0


def test_compose_follows_a_video(capsys: pytest.CaptureFixture[str], cut_clip: Path, tmp_path: Path) -> None:
    code, _, err = run(capsys, "compose", "rock", cut_clip, "--out", tmp_path / "all.mid")
    assert code == 0, err
    assert "of 5 cuts fall" in err
    score = score_of(tmp_path, "all.mid")
    assert 8 < score.duration <= 9
    accents = [score.seconds(accent.tick) for accent in score.accents]
    assert any(abs(at - Fraction(13, 10)) < Fraction(1, 500) or abs(at - 3) < Fraction(1, 500) for at in accents)
    picture = ("--part", "2/3", "--describer", "palette", "--follow", "off")
    code, _, err = run(capsys, "compose", cut_clip, *picture, "--out", tmp_path / "part.mid")
    assert code == 0, err
    assert "The picture looks" in err
    assert "cuts fall" not in err
    assert 2 < score_of(tmp_path, "part.mid").duration <= 3


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("piano --out a.mid", 2, "compose needs --seconds where no video says how long the music is."),
        ("piano drums --seconds 3 --out a.mid", 2, "takes one prompt, between quotation marks, and one video"),
        ("gone.mp4 --out a.mid", 1, "gone.mp4"),
        ("piano --seconds 3 --out a.wav", 2, "a.wav does not end in .mid or .midi or .json: name it a.mid."),
        ("piano --seconds 0.1 --out a.mid", 2, "Seconds is 0.1, but must be from 0.2 to 600"),
        ("piano --seconds 3 --follow cuts --out a.mid", 2, "--part and --follow are about a video: name one."),
        ("piano --seconds 3 --key Q --out a.mid", 2, "The key 'Q' is not known"),
    ],
)
def test_a_wrong_compose_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    code: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    found, _, err = run(capsys, "compose", *words.split())
    assert (found, len(err.strip().splitlines())) == (code, 1)
    assert sentence in err
    assert list(tmp_path.iterdir()) == []


def test_compose_loads_no_model(tmp_path: Path) -> None:
    code = (
        "import sys, app.__main__ as m\n"
        "m.main(['compose', 'jazz', '--seconds', '3', '--out', sys.argv[1]])\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'gradio', 'librosa'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "jazz.mid")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_generate_paints_somebodys_score_as_long_as_it_is(
    capsys: pytest.CaptureFixture[str], painter_checkpoint: Path, tmp_path: Path
) -> None:
    notes = tuple(ScoreNote(240 * place, "lead", 0, 60 + place, 240, 90) for place in range(4))
    mine = Score(notes, 960, (Tempo(0, 500_000), Tempo(480, 600_000)))
    (tmp_path / "mine.mid").write_bytes(midi_from_score(mine))
    argv = ["generate", "--prompt", "piano", "--midi", tmp_path / "mine.mid", "--seed", 1, "--steps", 2]
    argv += ["--model", painter_checkpoint, "--sample-rate", 44100]
    code, _, err = run(capsys, *argv, "--out", tmp_path / "mine.wav")
    assert code == 0, err
    # Half a second and six tenths.
    assert media.read_audio(tmp_path / "mine.wav").n_samples == 48510
    code, _, err = run(capsys, *argv, "--seconds", "0.7", "--out", tmp_path / "cut.wav")
    assert code == 0, err
    assert media.read_audio(tmp_path / "cut.wav").n_samples == 30870
    assert "The score lasts 1.1 s and its place 0.7 s: what comes after that is left out." in err
    code, _, err = run(capsys, "generate", "--prompt", "x", "--out", tmp_path / "no.wav")
    assert (code, "needs --seconds, or --midi whose length it takes" in err) == (2, True)


def test_what_a_midi_file_has_that_cannot_be_painted_is_said(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, tmp_path: Path
) -> None:
    import mido

    track = mido.MidiTrack([mido.Message("note_on", note=60, velocity=80), mido.Message("pitchwheel", pitch=2000)])
    track.append(mido.Message("note_off", note=60, time=960))
    mido.MidiFile(tracks=[track]).save(tmp_path / "bent.mid")
    argv = ["generate", "--prompt", "piano", "--midi", tmp_path / "bent.mid", "--out", tmp_path / "bent.wav"]
    code, _, err = run(capsys, *argv)
    assert code == 0, err
    assert "note: Pitch bends are not painted." in err


def test_a_dub_through_the_real_painter_keeps_what_it_painted(
    painter_checkpoint: Path, cut_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["dub", cut_clip, "--parts", 4, "--part", 2, "--part", 3, "--through", "--prompt", "piano", "--seed", 4]
    argv += ["--model", painter_checkpoint, "--steps", 1]
    assert main([str(word) for word in (*argv, "--out", tmp_path / "out")]) == 0, capsys.readouterr().err
    scores = [score_of(tmp_path / "out", f"music/0{part}.mid") for part in (2, 3)]
    assert all(score.notes for score in scores)
    code, _, err = run(capsys, *argv[:-1], 1, "--follow", "off", "--out", tmp_path / "free")
    assert code == 0, err
    sounds = [media.read_audio(tmp_path / name / "music" / "02.wav").samples for name in ("out", "free")]
    assert not np.array_equal(*sounds)
    assert score_from_midi((tmp_path / "free" / "music" / "02.mid").read_bytes()).score != scores[0]
