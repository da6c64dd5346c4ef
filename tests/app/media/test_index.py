"""A plain MP4's index is read once: whoever has a clip uses the one that the probe read."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from app import media
from app.media.mp4 import movie
from app.mood import stills, suggest
from app.plan import plan_parts
from app.settings import load_settings
from tests.fixtures_clips import ClipShelf


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[Path]:
    """How often each file's index is read from disk, from here on."""
    counts: Counter[Path] = Counter()
    read = movie.read_top_level

    def counted(path: Path) -> object:
        counts[path] += 1
        return read(path)

    monkeypatch.setattr(movie, "read_top_level", counted)
    return counts


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("mode", ["exact", "keyframe", "reencode"])
def test_probing_planning_and_splitting_read_it_once(
    clips: ClipShelf, reads: Counter[Path], tmp_path: Path, mode: str
) -> None:
    clip = media.probe(clips.path("keyframes"))
    assert media.split(clip, media.explain_split(clip, 4, mode), tmp_path)
    assert reads[clip.path] == 1


@pytest.mark.usefixtures("in_this_process")
def test_everything_else_that_has_the_clip_reads_it_no_more(
    clips: ClipShelf, reads: Counter[Path], tmp_path: Path
) -> None:
    clip = media.probe(clips.path("keyframes"))
    [part] = media.split(clip, media.explain_split(clip, 1, "exact"), tmp_path)
    sound = media.decode_audio(clip)
    media.audio_samples(clip)
    media.read_audio(clip)
    media.thumbnails(clip, [Fraction(1)], 40)
    media.frames_at(clip, [Fraction(1)])
    assert media.packet_hashes(clip)
    assert list(media.frame_hashes(clip))
    media.prove(media.Claim(clip, "exact", (media.PartFile(plan_parts(clip, 1)[0], part),)), media.Depth.ALL)
    media.mux_film(clip, sound, tmp_path / f"film{media.film_suffix(clip)}")
    stills(clip)
    suggest(clip, settings=load_settings(env_file=None, environ={}, device="cpu"))
    assert reads[clip.path] == 1


def test_two_probes_of_a_file_are_equal_whatever_they_keep(clips: ClipShelf) -> None:
    one, other = media.probe(clips.path("h264")), media.probe(clips.path("h264"))
    assert one == other
    assert hash(one) == hash(other)
    assert "movie" not in repr(one)
    assert media.probe(clips.path("mkv")).movie is None
