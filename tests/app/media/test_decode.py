"""Sound on the grid of the first frame, and pictures at a time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app.errors import MediaError
from app.media import (
    audio_samples,
    decode_audio,
    frame_at,
    frames_at,
    probe,
    read_audio,
    thumbnails,
    write_wav,
)
from riffusion_inference.datatypes import Waveform
from tests.fixtures_clips import ClipShelf, frame_number


@pytest.mark.parametrize("kind", ["h264", "mov_pcm", "mkv", "own_edit_list", "sound_gap"])
@pytest.mark.parametrize("start", [1, 20_000, 71_111])
def test_a_range_is_a_slice_of_the_whole(clips: ClipShelf, kind: str, start: int) -> None:
    clip = probe(clips.path(kind))
    whole = decode_audio(clip).samples
    piece = decode_audio(clip, start_sample=start, end_sample=start + 12_345).samples
    assert piece.shape == (2, 12_345)
    np.testing.assert_array_equal(piece, whole[:, start : start + 12_345])


def test_before_the_sound_after_it_and_in_holes_it_is_silent(clips: ClipShelf) -> None:
    late = decode_audio(probe(clips.path("sound_late")), end_sample=40_000).samples
    assert not late[:, :32_576].any()
    assert late[:, 34_000:].any()
    short = decode_audio(probe(clips.path("sound_shorter")), end_sample=144_000).samples
    assert short.shape == (2, 144_000)
    assert not short[:, 62_400:].any()
    holed = decode_audio(probe(clips.path("sound_gap"))).samples
    assert not holed[:, 50_000:68_000].any()


def test_sound_before_the_first_frame_has_negative_places(clips: ClipShelf) -> None:
    clip = probe(clips.path("sound_early"))
    whole = decode_audio(clip, start_sample=None)
    assert whole.n_samples == clip.n_samples
    np.testing.assert_array_equal(decode_audio(clip).samples, whole.samples[:, 21120:])


def test_every_track_by_its_number(clips: ClipShelf) -> None:
    clip = probe(clips.path("several_tracks"))
    loud, quiet = decode_audio(clip).samples, decode_audio(clip, track=1).samples
    assert 0.4 < np.abs(quiet).max() / np.abs(loud).max() < 0.6
    with pytest.raises(MediaError, match="has 2 audio tracks: there is no audio track 2"):
        decode_audio(clip, track=2)
    with pytest.raises(MediaError, match="has no sound"):
        decode_audio(clips.path("no_sound"))


def test_a_wave_file_comes_back_as_it_was(tmp_path: Path) -> None:
    wave = Waveform(np.random.default_rng(0).uniform(-1, 1, (2, 4321)).astype(np.float32), 44100)
    write_wav(tmp_path / "deep" / "wave.wav", wave)
    back = read_audio(tmp_path / "deep" / "wave.wav")
    assert back.sample_rate == 44100
    np.testing.assert_array_equal(back.samples, wave.samples)


@pytest.mark.parametrize("kind", ["h264", "open_gop", "variable_rate", "own_edit_list", "start_offset", "webm", "avi"])
def test_the_picture_at_a_time_is_the_one_on_show(clips: ClipShelf, kind: str) -> None:
    clip = probe(clips.path(kind))
    numbers = [0, 1, clip.n_frames // 2, clip.n_frames - 1]
    starts = [(clip.frame_pts[n] - clip.frame_pts[0]) * clip.time_base for n in numbers]
    shown = [frame_number(picture) for picture in frames_at(clip.path, starts)]
    just_after = [frame_number(picture) for picture in frames_at(clip.path, [t + Fraction(1, 100) for t in starts])]
    assert shown == just_after == sorted(set(shown))
    if kind not in ("variable_rate", "own_edit_list"):
        assert shown == numbers


def test_times_outside_the_clip_mean_its_ends(clips: ClipShelf) -> None:
    path = clips.path("h264")
    assert frame_number(frame_at(path, Fraction(-5))) == 0
    assert frame_number(frame_at(path, Fraction(500))) == 74


def test_pictures_are_turned_as_a_player_turns_them(clips: ClipShelf) -> None:
    upright, turned = frame_at(clips.path("keyframes"), Fraction(1)), frame_at(clips.path("rotated"), Fraction(1))
    assert (upright.size, turned.size) == ((160, 96), (96, 160))
    assert turned.tobytes() == upright.rotate(90, expand=True).tobytes()


def test_thumbnails_have_the_height_asked_for(clips: ClipShelf) -> None:
    pictures = thumbnails(probe(clips.path("rotated")), [Fraction(2), Fraction(0)], 40)
    assert [picture.size for picture in pictures] == [(24, 40), (24, 40)]


def test_decoding_twice_gives_the_same(clips: ClipShelf) -> None:
    path = clips.path("h264")
    np.testing.assert_array_equal(audio_samples(path).samples, audio_samples(path).samples)
