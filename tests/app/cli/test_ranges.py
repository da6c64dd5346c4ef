"""dub and split with ranges of time and with scenes, as they are typed."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from app import media
from app.result.folder import open_result
from app.result.verify import verify
from tests.fixtures_dub import ChordModel, run
from tests.fixtures_score import ScoreModel


def test_ranges_are_dubbed_and_more_are_added(
    capsys: pytest.CaptureFixture[str], cli_model: ChordModel, dub_clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    argv = ["dub", dub_clip, "--range", "00:01.02-2", "--range", "3-", "--seed", 4, "--steps", 1, "--out", out]
    code, said, err = run(capsys, *argv, "--prompt", "rain", "--prompt", "sun", "--json")
    assert code == 0, err
    assert "00:01.020 is moved to 00:01.000, where the nearest frame begins." in err
    assert json.loads(said)["times"] == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert [(one.part, one.prompt) for one in open_result(out).dubs] == [(2, "rain"), (4, "sun")]
    first = (out / "music" / "02.wav").read_bytes()
    argv = ["dub", "--from", out, "--range", "0-0.5", "--range", "2.5-end", "--prompt", "drums", "--steps", 1]
    code, _, err = run(capsys, *argv)
    assert code == 0, err
    assert "The music at 00:03.000 to 00:04.000 lies within a new range and is replaced." in err
    result = open_result(out)
    assert [(one.part, one.prompt) for one in result.dubs] == [(1, "drums"), (3, "rain"), (5, "drums")]
    assert (out / "music" / "03.wav").read_bytes() == first
    assert len(cli_model.calls) == 4
    assert run(capsys, "dub", "--from", out, "--range", "1-2", "--mix", "under")[0] == 0
    assert open_result(out).dubs[1].mix.mode == "under"
    assert len(cli_model.calls) == 4
    assert verify(out, dub_clip).ok


def test_split_at_times_and_around_ranges(capsys: pytest.CaptureFixture[str], dub_clip: Path, tmp_path: Path) -> None:
    code, said, err = run(capsys, "split", dub_clip, "--at", "1,0:02.54", "--out", tmp_path / "at", "--json")
    assert code == 0, err
    assert json.loads(said)["times"] == [[0, 1], [1, 2.5], [2.5, 4]]
    assert "00:02.540 is moved to 00:02.500" in err
    code, said, err = run(capsys, "split", dub_clip, "--range", "1-1.5", "--out", tmp_path / "range", "--json")
    assert code == 0, err
    assert json.loads(said)["times"] == [[0, 1], [1, 1.5], [1.5, 4]]
    assert [media.probe(path).n_frames for path in open_result(tmp_path / "range").parts] == [10, 5, 25]


def test_every_scene_of_a_film_gets_music_in_keys_that_fit(
    capsys: pytest.CaptureFixture[str], score_model: ScoreModel, cut_clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    argv = ["dub", cut_clip, "--scenes", "--shortest-scene", "2.5", "--prompt", "auto", "--describer", "palette"]
    code, _, err = run(capsys, *argv, "--seed", 3, "--out", out)
    assert code == 0, err
    result = open_result(out)
    assert "5 cuts found in cut.mp4: 3 scenes get music." in err
    assert len(score_model.calls) == len(result.times) == len(result.dubs) == 3
    assert all(end - start >= Fraction(5, 2) for start, end in result.times)
    cuts = [Fraction(13, 10), 3, Fraction(41, 10), Fraction(57, 10), Fraction(71, 10)]
    assert all(start in cuts for start, _ in result.times[1:])
    assert [one.music.writing.lead.part for one in result.dubs] == [1, 1, 1]
    code, _, err = run(capsys, "dub", cut_clip, "--scenes", 2, "--prompt", "a", "--out", tmp_path / "two")
    assert code == 0, err
    assert len(open_result(tmp_path / "two").dubs) == 2


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        ("dub {clip} --range 3-1 --prompt a --out {out}", 1, "ends before it has begun"),
        ("dub {clip} --range 1 --prompt a --out {out}", 2, "is not a range of time: write for example"),
        ("dub {clip} --range 1:x-2 --prompt a --out {out}", 2, "'1:x' is not a time"),
        ("dub {clip} --range 1-9 --prompt a --out {out}", 1, "00:09.000 lies outside the video, which lasts 00:04.000"),
        ("dub {clip} --range 1-2 --range 1.5-3 --prompt a --out {out}", 1, "overlap"),
        ("dub {clip} --range 1-2 --prompt a --prompt b --out {out}", 2, "2 prompts for 1 ranges"),
        ("dub {clip} --range 1-2 --parts 3 --part 1 --prompt a --out {out}", 2, "--part and --range say in"),
        ("dub {clip} --range 1-2 --out {out}", 2, "dub needs --prompt"),
        ("dub {clip} --range 1-2 --steps 0 --prompt a --out {out}", 2, "from 1 to 100"),
        ("dub {clip} --scenes --shortest-scene 0.1 --prompt a --out {out}", 1, "music is made for 0.2 s to 600 s"),
        ("dub {clip} --parts 2 --part 1 --shortest-scene 3 --prompt a --out {out}", 2, "is for --scenes"),
        ("split {clip} --out {out}", 2, "split needs one of --parts, --range and --at"),
        ("split {clip} --at 2,1 --out {out}", 2, "must come after the beginning and rise"),
        ("split {clip} --at 2,x --out {out}", 2, "'x' is not a time"),
        ("split {clip} --at 4 --out {out}", 1, "leaves a part without a frame"),
        ("split {clip} --parts 0 --out {out}", 2, "0 parts were asked for"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    cli_model: ChordModel,
    dub_clip: Path,
    tmp_path: Path,
    argv: str,
    code: int,
    said: str,
) -> None:
    words = [word.format(clip=dub_clip, out=tmp_path / "out") for word in argv.split()]
    found, _, err = run(capsys, *words)
    assert (found, said in err) == (code, True), err
    assert not (tmp_path / "out").exists()
    assert not cli_model.calls
