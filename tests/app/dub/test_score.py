"""A part's score: written before it is painted, told, kept in the result, and made again only where it changes."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from app.plan import Follow
from app.result.folder import Result
from app.result.manifest import read_manifest
from app.result.verify import verify
from app.settings.options import ScoreMode
from app.settings.writing import Writing
from riffusion_inference.notation.score import Score, ScoreNote, Tempo
from riffusion_inference.score.film import main_bpm
from riffusion_inference.score.midi import midi_from_score
from tests.fixtures_dub import ChordModel, run
from tests.fixtures_score import ScoreModel, again, dub_line, music_of, score_of


def test_the_midi_in_the_result_is_what_was_painted(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, cut_clip: Path, tmp_path: Path
) -> None:
    import pretty_midi

    out = tmp_path / "out"
    code, said, err = run(capsys, *dub_line(cut_clip, out, "--candidates", 2))
    assert code == 0, err
    painted = score_model.calls[0][0].scores
    takes = music_of(out).takes
    assert [take.midi for take in takes] == ["music/02.mid", "music/02.take2.mid"]
    by_seed = {take.seed: score_of(out, str(take.midi)) for take in takes}
    assert by_seed == {5: painted[0], 6: painted[1]}
    assert painted[0].notes != painted[1].notes
    read = pretty_midi.PrettyMIDI(str(out / "music" / "02.mid"))
    begin = sorted(note.start for one in read.instruments for note in one.notes)
    assert begin == pytest.approx([note.start for note in score_of(out).played()])
    assert str(out / "music" / "02.mid") in said
    assert verify(out, cut_clip).ok


def test_what_was_understood_and_kept_is_told_always(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, cut_clip: Path, tmp_path: Path
) -> None:
    code, _, err = run(capsys, *dub_line(cut_clip, tmp_path / "out", part=1, prompt="techno with a blorptron"))
    assert code == 0, err
    assert "note: Part 1: Read as: techno. Not understood: blorptron." in err
    facts = read_manifest(tmp_path / "out")
    assert any("blorptron" in note for note in facts.notes)
    assert "Not understood: blorptron" in str(facts.dubs[0].music.score)
    assert any("Read as: techno" in note for note in facts.dubs[0].notes)
    # Cuts at 1.3, 3.0 and 4.1 s.
    kept = facts.dubs[0].music.takes[0].kept_cuts
    assert kept is not None
    assert [cut.time for cut in facts.dubs[0].music.score.cuts] == ["13/10", "3", "41/10"]
    assert f"{kept} of 3 cuts fall" in err
    score = score_of(tmp_path / "out", "music/01.mid")
    accents = [score.seconds(accent.tick) for accent in score.accents]
    met = [
        cut for cut in (Fraction(13, 10), Fraction(3), Fraction(41, 10)) if any(abs(cut - at) < 0.002 for at in accents)
    ]
    assert len(met) == kept >= 1


def test_wishes_go_over_the_words(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, cut_clip: Path, tmp_path: Path
) -> None:
    wishes = ("--key", "A minor", "--bpm", 90, "--meter", "3/4", "--no-drums")
    prompt = "techno in C major, 128 BPM, drums"
    code, _, err = run(capsys, *dub_line(cut_clip, tmp_path / "out", *wishes, "--follow", "off", prompt=prompt))
    assert code == 0, err
    score = score_of(tmp_path / "out")
    assert score.key is not None
    assert (score.key.tonic, score.key.minor, round(main_bpm(score))) == (9, True, 90)
    assert (score.meters[0].beats, score.meters[0].unit) == (3, 4)
    assert not [note for note in score.notes if note.layer == "drums"]
    assert "Part 2: Read as: techno, A minor, 90 BPM, 3/4, no drums." in err
    code, _, err = run(capsys, *dub_line(cut_clip, tmp_path / "no", "--genre", "tecno"))
    assert (code, "choose one of techno, house" in err, len(err.splitlines())) == (2, True, 1)


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ({}, 0),
        ({"loudness": -20.0}, 0),
        ({"take": 2}, 0),
        ({"mood": "tense"}, 1),
        ({"follow": "off"}, 1),
        ({"bpm": 96.0}, 1),
        ({"score": "off"}, 1),
        ({"seed": 6}, 1),
    ],
)
def test_only_what_decides_the_score_makes_new_music(
    scored: Result, tmp_path: Path, given: dict[str, Any], calls: int
) -> None:
    model = ScoreModel()
    made = again(scored.folder, tmp_path / "out", model, **given)
    assert len(model.calls) == calls
    if not calls:
        assert (made.folder / "music/02.mid").read_bytes() == (scored.folder / "music/02.mid").read_bytes()
    else:
        assert bool(model.calls[0][0].scores) == (given.get("score") != "off")


def test_somebodys_own_score_is_painted_kept_and_painted_again(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, cut_clip: Path, tmp_path: Path
) -> None:
    notes = tuple(ScoreNote(480 * beat, "lead", 46, 60 + beat, 480, 80) for beat in range(8))
    mine = Score(notes, 8 * 480, (Tempo(0, 400_000), Tempo(960, 600_000)))
    (tmp_path / "mine.mid").write_bytes(midi_from_score(mine))
    out = tmp_path / "out"
    code, _, err = run(capsys, *dub_line(cut_clip, out, "--midi", tmp_path / "mine.mid"))
    assert code == 0, err
    assert score_model.calls[0][0].scores == (mine,)
    assert score_of(out) == score_of(out, str(music_of(out).seed_midi)) == mine
    assert music_of(out).score.origin == "given"
    assert "Read as" not in err
    (tmp_path / "mine.mid").unlink()
    assert run(capsys, "dub", "--from", out, "--out", tmp_path / "same")[0] == 0
    assert len(score_model.calls) == 1
    assert run(capsys, "dub", "--from", out, "--seed", 6, "--out", tmp_path / "other")[0] == 0
    assert score_model.calls[1][0].scores == (mine,)
    assert verify(tmp_path / "other", cut_clip).ok
    short = Score(notes[:2], 960)
    (tmp_path / "short.mid").write_bytes(midi_from_score(short))
    code, _, err = run(capsys, "dub", "--from", out, "--midi", tmp_path / "short.mid", "--out", tmp_path / "new")
    assert code == 0, err
    assert score_of(tmp_path / "new") == short
    assert "The score lasts 1.0 s and its place 4.5 s: the rest is silent." in err


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"RIFF....WAVE", "bad.mid cannot be painted. The file is no MIDI file"),
        (b"", "bad.mid cannot be painted. The file is no MIDI file"),
        (None, "bad.mid cannot be read (No such file or directory): give a MIDI file."),
    ],
)
def test_a_bad_midi_file_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    score_model: ScoreModel,
    cut_clip: Path,
    tmp_path: Path,
    data: bytes | None,
    sentence: str,
) -> None:
    if data is not None:
        (tmp_path / "bad.mid").write_bytes(data)
    code, _, err = run(capsys, *dub_line(cut_clip, tmp_path / "out", "--midi", tmp_path / "bad.mid"))
    assert code == 1
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_score_with_too_many_instruments_is_said_before_the_work(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, cut_clip: Path, tmp_path: Path
) -> None:
    import mido

    track = mido.MidiTrack()
    for program in range(17):
        track.append(mido.Message("program_change", program=program))
        track += [mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=480)]
    mido.MidiFile(tracks=[track]).save(tmp_path / "many.mid")
    code, _, err = run(capsys, *dub_line(cut_clip, tmp_path / "out", "--midi", tmp_path / "many.mid"))
    assert (code, len(err.strip().splitlines()), score_model.calls) == (1, 1, [])
    assert "many.mid cannot be painted. The score has 17 instruments" in err


def test_a_model_without_scores_makes_its_own_notes_and_says_what_that_costs(
    capsys: pytest.CaptureFixture[str], cli_model: ChordModel, cut_clip: Path, tmp_path: Path
) -> None:
    code, _, err = run(capsys, *dub_line(cut_clip, tmp_path / "off", "--key", "A minor", "--mood", "tense"))
    assert code == 0, err
    assert cli_model.calls[0][0].scores == ()
    assert "Part 2: Without a score, key and mood did nothing: say it in the prompt, or turn the score on." in err
    assert music_of(tmp_path / "off").takes[0].midi is None
    code, _, err = run(capsys, *dub_line(cut_clip, tmp_path / "on", "--score", "on"))
    assert code == 0, err
    assert len(cli_model.calls[1][0].scores) == 1
    assert "paints no scores, so its music has notes of its own" in err
    assert music_of(tmp_path / "on").score is None
    code, _, err = run(capsys, *dub_line(cut_clip, tmp_path / "bpm", "--bpm", 100))
    assert cli_model.calls[2][0].bpm == 100


def test_a_result_of_0_2_0_is_read_as_one_without_scores(first_dub: Result, tmp_path: Path) -> None:
    values = json.loads(first_dub.manifest_file.read_text())
    for dub in values["dubs"]:
        for name in ("writing", "seed_midi", "score"):
            del dub["music"][name]
        for take in dub["music"]["takes"]:
            del take["midi"], take["kept_cuts"]
    (tmp_path / "manifest.json").write_text(json.dumps({**values, "schema": 2}))
    music = read_manifest(tmp_path).dubs[0].music
    assert music.writing == Writing(ScoreMode.OFF)
    assert music.takes[0].midi is None
    # Made again, it has no score even where the model would paint one.
    model = ScoreModel()
    again(tmp_path, tmp_path / "again", model)
    assert model.calls[0][0].scores == ()


def test_what_follows_is_named(
    capsys: pytest.CaptureFixture[str], cut_clip: Path, score_model: ScoreModel, tmp_path: Path
) -> None:
    followed = {}
    for follow in Follow:
        assert run(capsys, *dub_line(cut_clip, tmp_path / follow, "--follow", follow))[0] == 0
        score = music_of(tmp_path / follow).score
        followed[follow] = (len(score.cuts) > 0, len(score.energy) > 0)
    assert followed == {"cuts": (True, False), "motion": (False, True), "both": (True, True), "off": (False, False)}
