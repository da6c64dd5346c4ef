"""Clips of many kinds through dub and verify: sound that starts early or late, other containers, odd tracks."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import media
from app.result.verify import verify
from tests.fixtures_clips import ClipShelf
from tests.fixtures_dub import ChordModel, dub_parts

KINDS = {
    "variable_rate": "film.mp4",
    "sound_early": "film.mp4",
    "sound_late": "film.mp4",
    "sound_longer": "film.mp4",
    "sound_shorter": "film.mp4",
    "start_offset": "film.mp4",
    "own_edit_list": "film.mp4",
    "rotated": "film.mp4",
    "several_tracks": "film.mp4",
    "mov_pcm": "film.mov",
    "mkv": "film.mkv",
    "webm": "film.webm",
    "avi": "film.avi",
    "ts": "film.mkv",
    "hostile_name": "film.mp4",
}


@pytest.mark.parametrize("kind", KINDS)
def test_first_and_last_part_can_be_dubbed(clips: ClipShelf, tmp_path: Path, kind: str) -> None:
    video = clips.path(kind)
    model = ChordModel(n_channels=2)
    made = dub_parts(video, tmp_path / "out", 3, (1, 3), model=model)
    assert made.film.name == KINDS[kind]
    report = verify(made.folder, video)
    assert report.ok, report.lines
    film, clip = media.probe(made.film), media.probe(video)
    assert (film.n_audio_tracks, film.rotation) == (clip.n_audio_tracks, clip.rotation)
    assert [call[2] for call in model.calls] == [clip.sample_rate, clip.sample_rate]


def test_keyframe_parts_can_be_dubbed(clips: ClipShelf, tmp_path: Path) -> None:
    video = clips.path("keyframes")
    made = dub_parts(video, tmp_path / "out", 3, (2,), split_mode="keyframe")
    report = verify(made.folder, video)
    assert report.ok, report.lines
