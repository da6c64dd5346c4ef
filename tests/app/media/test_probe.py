"""What a file holds, and one sentence for each that is no video."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

from app.errors import MediaError
from app.media import audio_samples, explain_split, probe, split
from app.media.mp4.movie import read_movie
from app.media.mp4.shown import frame_times
from riffusion_inference.errors import RiffusionError
from tests.fixtures_clips import RECIPES, ClipShelf

MP4_KINDS = [kind for kind, (suffix, _) in RECIPES.items() if suffix in ("mp4", "mov") and kind != "fragmented"]


def test_a_plain_clip(clips: ClipShelf) -> None:
    clip = probe(clips.path("keyframes"))
    assert (clip.n_frames, clip.duration, clip.frame_rate) == (75, 3, 25)
    assert (clip.width, clip.height, clip.rotation, clip.pixel_format) == (160, 96, 0, "yuv420p")
    assert clip.keyframes == (0, 10, 20, 30, 40, 50, 60, 70)
    assert (clip.video_codec, clip.audio_codec, clip.sample_rate, clip.n_channels) == ("h264", "aac", 48000, 2)
    assert (clip.n_samples, clip.audio_start_sample, clip.n_audio_tracks) == (144000, 0, 1)
    assert clip.movie is not None
    assert not clip.movie.is_quicktime
    assert not clip.is_variable_frame_rate


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("rotated", "rotation", 90),
        ("rotated", "height", 160),
        ("odd_size", "width", 161),
        ("odd_size", "height", 97),
        ("variable_rate", "is_variable_frame_rate", True),
        ("start_offset", "start", Fraction(38, 25)),
        ("sound_early", "audio_start_sample", -21120),
        ("sound_shorter", "n_samples", 62400),
        ("no_sound", "sample_rate", None),
        ("several_tracks", "n_audio_tracks", 2),
        ("several_tracks", "n_subtitle_tracks", 1),
        ("several_tracks", "n_chapters", 3),
        ("ten_bit", "pixel_format", "yuv420p10le"),
        ("pts_gap", "duration", Fraction(21, 5)),
    ],
)
def test_what_sets_each_kind_apart(clips: ClipShelf, kind: str, field: str, value: object) -> None:
    assert getattr(probe(clips.path(kind)), field) == value


@pytest.mark.parametrize("kind", MP4_KINDS)
def test_the_tables_tell_what_the_packets_do(clips: ClipShelf, kind: str) -> None:
    clip = probe(clips.path(kind))
    assert frame_times(read_movie(clip.path), clip.video_index) is not None
    with av.open(str(clip.path)) as container:
        stream = container.streams[clip.video_index]
        time_base = stream.time_base
        packets = [p for p in container.demux(stream) if p.pts is not None and not p.is_discard]
    packets.sort(key=lambda packet: packet.pts or 0)
    assert clip.frame_pts == tuple(packet.pts for packet in packets)
    assert clip.keyframes == tuple(number for number, packet in enumerate(packets) if packet.is_keyframe)
    assert clip.time_base == time_base


def test_a_name_that_is_hard_on_shells_and_options(clips: ClipShelf) -> None:
    assert probe(clips.path("hostile_name")).n_frames == 75


def truncated(path: Path, folder: Path, share: float) -> Path:
    """The first bytes of a file."""
    data = path.read_bytes()
    cut = folder / f"cut{path.suffix}"
    cut.write_bytes(data[: int(len(data) * share)])
    return cut


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"nowhere\.mp4 does not exist: check the name\."):
        probe(tmp_path / "nowhere.mp4")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(MediaError, match=r"empty\.mp4 is empty \(0 bytes\)"):
        probe(empty)
    with pytest.raises(MediaError, match="is a folder: give the video file itself"):
        probe(tmp_path)


def test_not_a_video(tmp_path: Path) -> None:
    text = tmp_path / "letter.mp4"
    text.write_text("Dear reader, this is no video. " * 50)
    with pytest.raises(MediaError, match=r"letter\.mp4 is not a readable video") as error:
        probe(text)
    assert "\n" not in str(error.value)


def test_only_sound(clips: ClipShelf) -> None:
    with pytest.raises(MediaError, match=r"sound\.wav contains only sound, no video"):
        probe(clips.folder / "sound.wav")


@pytest.mark.parametrize("kind", ["h264", "mkv", "avi", "ts"])
def test_nothing_readable_at_all_is_left_of_some(clips: ClipShelf, kind: str, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cut"):
        probe(truncated(clips.path(kind), tmp_path, 0.01))


def test_an_mp4_cut_short_after_its_index(clips: ClipShelf, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    command = ["-i", str(clips.path("h264")), "-c", "copy", "-movflags", "+faststart", str(whole)]
    subprocess.run([_ffmpeg(), "-v", "error", *command], check=True)
    with pytest.raises(MediaError, match=r"cut\.mp4 is cut short: it has [\d,]+ bytes of the [\d,]+ that its index"):
        probe(truncated(whole, tmp_path, 0.6))


def test_a_matroska_file_cut_short(clips: ClipShelf, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"cut\.mkv is cut short: it says it lasts 3\.02 s"):
        probe(truncated(clips.path("mkv"), tmp_path, 0.4))


def test_an_index_of_nonsense(clips: ClipShelf, tmp_path: Path) -> None:
    data = bytearray(clips.path("h264").read_bytes())
    at = data.index(b"stsc")
    data[at + 8 : at + 12] = b"\xff\xff\xff\xff"
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    with pytest.raises(MediaError):
        probe(broken)


def test_a_sound_track_that_nobody_knows_is_carried_along(clips: ClipShelf, tmp_path: Path) -> None:
    data = bytearray(clips.path("several_tracks").read_bytes())
    at = data.rindex(b"mp4a")
    data[at : at + 4] = b"zzzz"
    at = data.index(b"esds", at)
    data[at : at + 4] = b"yyyy"
    odd = tmp_path / "odd.mp4"
    odd.write_bytes(data)
    clip = probe(odd)
    assert (clip.audio_codec, clip.n_audio_tracks) == ("aac", 2)
    parts = split(clip, explain_split(clip, 2, "exact"), tmp_path / "parts")
    assert [probe(path).n_audio_tracks for path in parts] == [2, 2]
    with pytest.raises(MediaError, match=r"FFmpeg cannot decode audio track 1 of odd\.mp4"):
        audio_samples(odd, 1)


@pytest.mark.parametrize("seed", range(12))
def test_damage_anywhere_in_the_index_is_one_sentence_or_harmless(clips: ClipShelf, tmp_path: Path, seed: int) -> None:
    data = bytearray(clips.path("several_tracks").read_bytes())
    start = data.index(b"moov") - 4
    length = int.from_bytes(data[start : start + 4], "big")
    dice = random.Random(seed)
    for _ in range(dice.choice([1, 3, 9])):
        data[start + dice.randrange(8, length)] = dice.randrange(256)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    complaint = complaint_of(lambda: cut_in_three(broken, tmp_path / "parts"))
    assert "\n" not in complaint
    assert (tmp_path / "parts").exists() == (complaint == "")


def cut_in_three(path: Path, out_dir: Path) -> None:
    """Probe and split."""
    clip = probe(path)
    split(clip, explain_split(clip, 3, "exact"), out_dir)


def complaint_of(work: Callable[[], None]) -> str:
    """The sentence that some work ends with; empty where it ends well."""
    try:
        work()
    except RiffusionError as error:
        return str(error)
    return ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_read_permission(clips: ClipShelf, tmp_path: Path) -> None:
    locked = Path(shutil.copy(clips.path("h264"), tmp_path / "locked.mp4"))
    locked.chmod(0)
    with pytest.raises(MediaError, match=r"Permission to read .*locked\.mp4 is denied"):
        probe(locked)


@pytest.mark.usefixtures("in_this_process")
def test_no_read_permission_as_the_system_says_it(clips: ClipShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(MediaError, match=r"Permission to read .*h264\.mp4 is denied: grant it with chmod u\+r\."):
        probe(clips.path("h264"))


def _ffmpeg() -> str:
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())
