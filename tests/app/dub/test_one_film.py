"""One film, one music: parts that share key and tempo, and music that runs on through neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app import media
from app.dub import Run, carry_out, take_order, undo_order
from app.result.folder import open_result
from app.result.manifest import read_manifest
from app.result.verify import verify
from riffusion_inference.notation.score import Score
from riffusion_inference.score.film import main_bpm
from tests.fixtures_dub import SETTINGS, OneModel, run
from tests.fixtures_score import ScoreModel, again, dub_line, score_of


def test_parts_of_a_film_share_key_and_tempo_across_runs_unless_they_are_apart(
    score_model: ScoreModel, cut_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def key_of(score: Score) -> int:
        """Tonic of the major key with the same notes."""
        assert score.key is not None
        return (score.key.tonic + 3 * score.key.minor) % 12

    out = tmp_path / "out"
    argv = dub_line(cut_clip, out, "--follow", "off", "--candidates", 2, "--take", 2, parts=4, part=3)
    assert run(capsys, *argv)[0] == 0
    first = score_of(out, "music/03.take2.mid")
    for part, prompt in ((1, "sad violin"), (4, "rock")):
        code, _, err = run(
            capsys, "dub", "--from", out, "--part", part, "--prompt", prompt, "--follow", "off", "--seed", part
        )
        assert code == 0, err
        score = score_of(out, f"music/0{part}.mid")
        assert key_of(score) == key_of(first)
        ratio = main_bpm(score) / main_bpm(first)
        assert min(abs(ratio / wanted - 1) for wanted in (1, 2, 0.5, 1.5, 2 / 3)) < 0.001
        assert f"Part {part}: It goes with part 3: " in err
    # With nothing but the manifest, the very same scores are written again.
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "manifest.json").write_bytes((out / "manifest.json").read_bytes())
    made = again(tmp_path / "alone", tmp_path / "anew", score_model)
    for name in ("01.mid", "03.mid", "03.take2.mid", "04.mid"):
        assert (made.folder / "music" / name).read_bytes() == (out / "music" / name).read_bytes()
    assert run(capsys, "dub", "--from", out, "--part", 4, "--apart", "--key", "Eb minor")[0] == 0
    assert key_of(score_of(out, "music/04.mid")) == 6
    assert len(score_model.calls) == 7


def test_music_runs_on_through_neighbours_as_one_piece(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, cut_clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    argv = dub_line(cut_clip, out, "--part", 3, "--through", "--loudness", -20, parts=4)
    code, _, err = run(capsys, *argv)
    assert code == 0, err
    assert len(score_model.calls) == 1
    assert "Parts 2 to 3 are one piece, made as part 2 is ordered." in err
    settings, n_samples, rate = score_model.calls[0]
    whole = ScoreModel().generate(settings, n_samples, rate)[0]
    parts = [media.read_audio(out / "music" / f"0{part}.wav") for part in (2, 3)]
    assert np.array_equal(np.concatenate([one.samples for one in parts], axis=1), whole.waveform.samples)
    facts = read_manifest(out)
    cut = facts.parts[1].end_sample
    # Across the cut the film has the one piece at one level, without a fade.
    film = media.decode_audio(out / "film.mp4").samples[0]
    begin = facts.parts[1].start_sample
    near = slice(cut - 400, cut + 400)
    made = whole.waveform.samples[0][cut - 400 - begin : cut + 400 - begin]
    assert np.corrcoef(film[near], made)[0, 1] > 0.98
    level = [float(np.sqrt(np.mean(film[cut - 400 : cut] ** 2))), float(np.sqrt(np.mean(film[cut : cut + 400] ** 2)))]
    own = [float(np.sqrt(np.mean(made[:400] ** 2))), float(np.sqrt(np.mean(made[400:] ** 2)))]
    assert level[0] / level[1] == pytest.approx(own[0] / own[1], rel=0.1)
    scores = [score_of(out, f"music/0{part}.mid") for part in (2, 3)]
    assert ["ending" in {section.name for section in score.sections[1:]} for score in scores] == [False, True]
    assert verify(out, cut_clip).ok
    # The pieces are one for whoever goes on from here: a change of one is a change of both, and undoing makes nothing.
    assert [one.take for one in again(out, tmp_path / "louder", score_model, (3,), loudness=-24.0).dubs] == [1, 1]
    assert len(score_model.calls) == 1
    changed = again(out, tmp_path / "changed", score_model, (3,), prompt="rock", candidates=2)
    assert [one.prompt for one in changed.dubs] == ["rock", "rock"]
    assert len(score_model.calls) == 2
    models = OneModel(score_model)
    chosen = carry_out(take_order(open_result(changed.folder), 2, 2), Run(SETTINGS), models)
    assert [one.take for one in chosen.dubs] == [2, 2]
    kept = (changed.folder / "music" / "02.wav").read_bytes()
    undone = carry_out(undo_order(open_result(changed.folder), 3), Run(SETTINGS), models)
    assert [one.part for one in undone.dubs] == [2]
    assert (undone.folder / "music" / "02.wav").read_bytes() == kept
    assert len(score_model.calls) == 2
    assert verify(undone.folder, cut_clip).ok


def test_music_runs_on_into_a_neighbour_of_an_earlier_result_that_has_it_too(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, cut_clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run(capsys, *dub_line(cut_clip, out, parts=4, part=1))[0] == 0
    argv = ["dub", "--from", out, "--prompt", "piano", "--through"]
    code, _, err = run(capsys, *argv, "--part", 2)
    assert code == 0, err
    assert "does not run on across the cut to part 1, which was ordered as a piece by itself" in err
    assert run(capsys, *argv, "--part", 3)[0] == 0
    assert [one.music.writing.run for one in read_manifest(out).dubs] == [(), (2, 3), (2, 3)]
    assert len(score_model.calls) == 3
    assert verify(out, cut_clip).ok


def test_a_whole_film_gets_a_prompt_for_each_part(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, cut_clip: Path, tmp_path: Path
) -> None:
    argv = ["dub", cut_clip, "--parts", 3, "--part", "all", "--prompt", "auto", "--describer", "palette"]
    code, _, err = run(capsys, *argv, "--out", tmp_path / "out")
    assert code == 0, err
    dubs = read_manifest(tmp_path / "out").dubs
    assert [one.part for one in dubs] == [1, 2, 3]
    assert all(one.music.writing.seen for one in dubs)
    tempi = [main_bpm(score_of(tmp_path / "out", f"music/0{part}.mid")) for part in (1, 2, 3)]
    assert len({round(one.music.writing.lead.bpm, 3) for one in dubs}) == 1
    for tempo in tempi[1:]:
        assert min(abs(tempo / tempi[0] / ratio - 1) for ratio in (1, 2, 0.5, 1.5, 2 / 3)) < 0.05
    assert verify(tmp_path / "out", cut_clip).ok
