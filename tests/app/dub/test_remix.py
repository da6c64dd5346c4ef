"""A remix: the same music mixed in another way, with no model; fades and ducks are heard in the film."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from app import media
from app.dub import Run
from app.dub.remixing import remix, remix_order
from app.errors import ArchiveError
from app.plan import read_range
from app.result.folder import Result, open_result
from app.result.verify import verify
from app.soundtrack.mix import MixSettings
from tests.fixtures_dub import RATE, SETTINGS, ChordModel, dub_parts, make_clip, run


@pytest.fixture(scope="module")
def middle(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Music from 2 to 4 s and from 6 s to the end of eight."""
    folder = tmp_path_factory.mktemp("remix")
    clip = make_clip(folder / "clip.mp4", 8.0)
    return dub_parts(clip, folder / "out", 4, (2, 4))


def heard(result: Result, start: float, end: float) -> np.ndarray:
    """The film's sound."""
    return media.decode_audio(result.film, start_sample=round(start * RATE), end_sample=round(end * RATE)).samples[0]


def level(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples)))))


def remixed(earlier: Result, out: Path, *parts: int, **given: object) -> Result:
    return remix(remix_order(earlier, out, parts=parts, given=given), Run(SETTINGS))


def test_a_fade_is_heard_and_what_was_replaced_comes_back(middle: Result, tmp_path: Path) -> None:
    source = media.decode_audio(media.probe(Path(middle.manifest.source.path)), start_sample=0, end_sample=8 * RATE)
    out = remixed(middle, tmp_path / "out", 2, fade_in=1.0, fade_out=0.5)
    new, old = heard(out, 2, 4), heard(middle, 2, 4)
    own = source.samples[0, 2 * RATE : 4 * RATE]

    def share(place: float) -> tuple[float, float]:
        """How much there is of the music and of the film's own sound around a moment."""
        near = slice(round((place - 0.06) * RATE), round((place + 0.06) * RATE))
        found = np.linalg.lstsq(np.stack([old[near], own[near]], axis=1), new[near], rcond=None)[0]
        return float(found[0]), float(found[1])

    assert share(0.1) == pytest.approx((0.02, 0.98), abs=0.08)
    assert share(0.5) == pytest.approx((0.5, 0.5), abs=0.08)
    assert share(1.2) == pytest.approx((1, 0), abs=0.08)
    assert share(1.75) == pytest.approx((0.5, 0.5), abs=0.1)
    # The other music, and everything else, is what it was.
    assert out.dubs[1].mix == middle.dubs[1].mix
    assert out.parts[3].read_bytes() == middle.parts[3].read_bytes()
    report = verify(out.folder, Path(middle.manifest.source.path))
    assert report.ok, report.lines


def test_at_the_films_end_a_fade_goes_to_silence(middle: Result, tmp_path: Path) -> None:
    out = remixed(middle, tmp_path / "out", 4, fade_out=1.0)
    assert level(heard(out, 7.9, 7.98)) < level(heard(middle, 7.9, 7.98)) - 25
    assert level(heard(out, 6.2, 6.8)) == pytest.approx(level(heard(middle, 6.2, 6.8)), abs=0.3)


def test_how_deep_and_how_fast_it_ducks_is_heard(tmp_path: Path) -> None:
    # The clip's sound swells and sinks every two seconds.
    clip = make_clip(tmp_path / "clip.mp4", 8.0)
    flat = dub_parts(clip, tmp_path / "flat", 1, (1,), mix=MixSettings("duck", 0.0))
    own = heard(dub_parts(clip, tmp_path / "own", 1, (1,), mix=MixSettings("under", -40.0)), 0, 8)

    def music(**given: float) -> np.ndarray:
        place = tmp_path / "-".join(f"{name}{value}" for name, value in given.items())
        return heard(remixed(flat, place, sound_mode="duck", **given), 0, 8) - own

    before, deep = music(duck_depth_db=0.0, music_gain_db=0.0), music(duck_depth_db=30.0, music_gain_db=0.0)
    speaks = slice(round(2.3 * RATE), round(2.7 * RATE))
    assert level(deep[speaks]) < level(before[speaks]) - 15
    lower = music(duck_depth_db=0.0, music_gain_db=-6.0)
    assert level(lower[speaks]) == pytest.approx(level(before[speaks]) - 6, abs=1)
    slow = music(duck_depth_db=30.0, music_gain_db=0.0, duck_release=5.0)
    quiet = slice(round(3.2 * RATE), round(4.2 * RATE))
    assert level(slow[quiet]) < level(deep[quiet]) - 2


def test_a_remix_loads_no_model_and_says_what_it_cannot(
    middle: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str], cli_model: ChordModel
) -> None:
    copy = Path(shutil.copytree(middle.folder, tmp_path / "out"))
    music = (copy / "music" / "02.wav").read_bytes()
    code, said, err = run(
        capsys, "remix", copy, "--range", "2.5-3", "--mix", "under", "--music-gain", -6, "--fade-in", 0.5, "--json"
    )
    assert code == 0, err
    assert not cli_model.calls
    assert "generate" not in json.loads(said)["seconds_per_stage"]
    result = open_result(copy)
    assert (result.dubs[0].mix.mode, result.dubs[0].mix.music_gain_db, result.dubs[0].mix.fade_in) == ("under", -6, 0.5)
    assert result.dubs[1].mix.mode == "replace"
    assert (copy / "music" / "02.wav").read_bytes() == music
    assert run(capsys, "remix", copy, "--out", tmp_path / "louder", "--loudness", -20)[0] == 0
    assert [one.mix.loudness for one in open_result(tmp_path / "louder").dubs] == [-20, -20]
    for wrong, code, sentence in (
        (["--part", 3, "--fade-in", 1], 1, "Part 3 of out has no music that could be mixed in another way"),
        (
            ["--range", "0-1", "--fade-in", 1],
            1,
            "out has no music at 00:00.000 to 00:01.000: its music is at",
        ),
        (["--part", 2, "--take", 2], 1, "Part 2 has 1 takes, not a take 2"),
        (["--fade-in", 61], 2, "from 0 to 60"),
        (["--duck-attack", 0], 2, "from 0.01 to 2"),
        ([], 2, "remix changes nothing unless an option of the mix is given"),
    ):
        found, _, err = run(capsys, "remix", copy, *wrong)
        assert (found, sentence in err) == (code, True), err
    (copy / "music" / "04.wav").unlink()
    with pytest.raises(ArchiveError, match="a remix makes none: make it again with dub --from"):
        remixed(open_result(copy), tmp_path / "none", 2, fade_in=1.0)
    assert not cli_model.calls


def test_a_remix_can_be_said_by_time(middle: Result, tmp_path: Path) -> None:
    order = remix_order(middle, tmp_path / "out", ranges=[read_range("7-")], given={"sound_mode": "under"})
    assert order.asked == (4,)
    assert [one.mix.mode for one in order.parts] == ["replace", "under"]
