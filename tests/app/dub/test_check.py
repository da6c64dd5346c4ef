"""Every run ends with its own proof: what that rejects is not kept, what it cannot tell is a note."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app import media
from app.dub import Order, Run, carry_out
from app.errors import MediaError
from app.result.folder import Result
from app.result.verify import verify
from app.settings import load_settings
from tests import tampering
from tests.fixtures_dub import SETTINGS, ChordModel, OneModel, dub_parts, nothing_left, run

IN_A_HURRY = load_settings(None, {}, threads_on_splitting=1, no_check=True)


@pytest.fixture
def broken_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every split has a byte wrong in a picture of its third part."""
    split = media.split

    def broken(*args: Any, **options: Any) -> Any:
        files = split(*args, **options)
        tampering.flip_a_byte(files[2], "vide", 3)
        return files

    monkeypatch.setattr("app.media.split", broken)


def split_into(out: Path, video: Path, **how: Any) -> Result:
    settings = how.pop("settings", SETTINGS)
    order = Order(video, out, 4, "exact")  # type: ignore[arg-type]
    return carry_out(order, Run(settings, **how), OneModel(ChordModel()))


@pytest.mark.usefixtures("broken_split")
def test_what_the_proof_rejects_is_not_kept(dub_clip: Path, tmp_path: Path) -> None:
    for make in (split_into, lambda out, video: dub_parts(video, out, 4, (2,))):
        with pytest.raises(MediaError, match=r"nothing was kept \(frames: video packet 3 of part 3 .*Choose reencode"):
            make(tmp_path / "out", dub_clip)
        assert nothing_left(tmp_path)


@pytest.mark.usefixtures("broken_split")
def test_who_is_in_a_hurry_finds_out_later(dub_clip: Path, tmp_path: Path) -> None:
    made = split_into(tmp_path / "out", dub_clip, settings=IN_A_HURRY)
    assert "check" not in made.manifest.seconds_per_stage
    assert [check.name for check in verify(made.folder, dub_clip).failed] == ["frames"]


@pytest.mark.usefixtures("broken_split")
def test_the_command_line_can_be_in_a_hurry(capsys: Any, dub_clip: Path, tmp_path: Path) -> None:
    code, _, err = run(capsys, "split", dub_clip, "--parts", 4, "--out", tmp_path / "out")
    assert code == 1
    assert "nothing was kept" in err
    code, _, _ = run(capsys, "split", dub_clip, "--parts", 4, "--out", tmp_path / "out", "--no-check")
    assert code == 0


def test_the_check_decodes_no_more_than_edges(dub_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any, **options: Any) -> Any:
        raise AssertionError("the check is not to decode everything")

    monkeypatch.setattr("app.media.proof.prove.compare_all", never)
    monkeypatch.setattr("app.media.proof.prove.decode_all", never)
    monkeypatch.setattr("app.result.listening.judge_new_sound", never)
    made = dub_parts(dub_clip, tmp_path / "out", 4, (2,))
    assert made.manifest.seconds_per_stage["check"] >= 0


def damaged(video: Path, path: Path, samples: tuple[int, ...]) -> Path:
    """A copy of a video some of whose pictures do not decode."""
    path.write_bytes(video.read_bytes())
    track = media.probe(path).movie.of_kind("vide")[0]  # type: ignore[union-attr]
    content = bytearray(path.read_bytes())
    for sample in samples:
        at, size = tampering.place_of(track, sample)
        content[at + 4 : at + size] = bytes([0xFF]) * (size - 4)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("samples", [(8, 9, 10, 11), (20,), (31,), (21, 22, 23, 24, 25)])
def test_as_damaged_as_the_source_is_not_wrong(dub_clip: Path, tmp_path: Path, samples: tuple[int, ...]) -> None:
    video = damaged(dub_clip, tmp_path / "damaged.mp4", samples)
    made = dub_parts(video, tmp_path / "out", 4, (2,))
    for decode in (False, True):
        report = verify(made.folder, video, decode=decode)
        assert report.ok, report.lines
    tampering.flip_a_byte(made.parts[3], "vide", 2)
    assert not verify(made.folder, video).ok


def test_reencoded_parts_are_compared_frame_by_frame(dub_clip: Path, tmp_path: Path) -> None:
    made = dub_parts(dub_clip, tmp_path / "out", 4, (2,), split_mode="reencode")
    [line] = [check.text for check in verify(made.folder, dub_clip, decode=True).checks if check.name == "frames"]
    assert line.startswith("40 frames, encoded again, are in the source's order; all compared, at least 0.9")
    tampering.exchange(made.parts[0], made.parts[3])
    tampering.agree(made.folder)
    [found] = [check.text for check in verify(made.folder, dub_clip, decode=True).failed if check.name == "frames"]
    assert found == "part 1 has the pictures of part 4; part 4 has the pictures of part 1"
