"""Every kind of clip, cut in every mode: the parts together are the source."""

from __future__ import annotations

import struct
import subprocess
import time
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from app.errors import DubCancelled, PlanError
from app.media import (
    Clip,
    Depth,
    SplitPlan,
    audio_samples,
    explain_split,
    frame_hashes,
    packet_hashes,
    probe,
    split,
)
from app.media.ffmpeg import run_ffmpeg
from tests.fixtures_clips import BITS, RECIPES, ClipShelf
from tests.proved import proof_of

N_PARTS = 4
RE_ENCODED = {"vp8", "avi", "avi_b_frames"}
DECODER_REMEMBERS = {"webm", "vp8"}
# Their sound is encoded anew.
LOSES_SOUND = {"ts_hevc_mp2", "mkv_vorbis"}
KINDS = [*RECIPES, "hostile_name"]


def cut(clip: Clip, mode: str, out_dir: Path, n_parts: int = N_PARTS) -> tuple[SplitPlan, tuple[Path, ...]]:
    """Plan and split."""
    plan = explain_split(clip, n_parts, mode)
    return plan, split(clip, plan, out_dir, threads=1)


def shown_numbers(path: Path) -> list[int]:
    """The painted number of each frame, as FFmpeg's command line shows the file."""
    filters = f"crop={BITS * 16}:16:0:0,format=gray,scale={BITS}:1:flags=area"
    out = command_line(path, "-map", "0:v:0", "-vf", filters, "-fps_mode", "passthrough", "-f", "rawvideo")
    rows = np.frombuffer(out, np.uint8).reshape(-1, BITS) > 128
    return (rows @ (1 << np.arange(BITS))).tolist()


def command_line(path: Path, *arguments: str) -> bytes:
    """What FFmpeg's command line decodes."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "fatal", "-nostdin", "-noautorotate", "-i", f"file:{path}"]
    return subprocess.run([*command, *arguments, "-"], check=True, capture_output=True).stdout


@cache
def hashes_of(path: Path) -> list[str]:
    """A source's frame hashes."""
    return list(frame_hashes(path))


def sound_of(paths: Sequence[Path], track: int) -> np.ndarray:
    """The decoded samples of several files, one after another."""
    return np.concatenate([audio_samples(path, track).samples for path in paths], axis=1)


def assert_same_sound(clip: Clip, plan: SplitPlan, parts: Sequence[Path], kind: str) -> None:
    """The parts' samples add up to the source's on every track."""
    for track in range(clip.n_audio_tracks):
        source, joined = audio_samples(clip.path, track).samples, sound_of(parts, track)
        assert joined.shape == source.shape
        if kind in LOSES_SOUND:
            assert np.sum((joined - source) ** 2) < 0.05 * np.sum(source**2)
        elif kind not in DECODER_REMEMBERS:
            np.testing.assert_array_equal(joined, source)
    for depth in (Depth.EDGES, Depth.ALL):
        report = proof_of(clip, plan, parts, depth)
        assert {check.ok for check in report.checks} == {True}, report.lines


def assert_same_times(clip: Clip, plan: SplitPlan, parts: Sequence[Path]) -> None:
    """Each part's frames are shown when the source's are, and the part lasts as long as planned."""
    for path, part in zip(parts, plan.parts, strict=True):
        made = probe(path)
        times = [(pts - made.frame_pts[0]) * made.time_base for pts in made.frame_pts]
        source = clip.frame_pts[part.start_frame : part.end_frame]
        assert times == [(pts - source[0]) * clip.time_base for pts in source]
        assert made.duration == part.duration
        assert (made.width, made.height, made.rotation) == (clip.width, clip.height, clip.rotation)
        assert made.n_audio_tracks == clip.n_audio_tracks


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in RE_ENCODED])
def test_exact_parts_are_the_source_hash_for_hash(clips: ClipShelf, kind: str, tmp_path: Path) -> None:
    clip = probe(clips.path(kind))
    plan, parts = cut(clip, "exact", tmp_path)
    assert plan.mode_used == "exact"
    assert [path.stem for path in parts] == ["01", "02", "03", "04"]
    assert [digest for path in parts for digest in frame_hashes(path)] == hashes_of(clip.path)
    assert_same_times(clip, plan, parts)
    assert_same_sound(clip, plan, parts, kind)


@pytest.mark.parametrize("kind", ["open_gop", "variable_rate", "own_edit_list", "mov_pcm", "mkv"])
def test_players_built_on_ffmpeg_show_the_same(clips: ClipShelf, kind: str, tmp_path: Path) -> None:
    clip = probe(clips.path(kind))
    _, parts = cut(clip, "exact", tmp_path)
    assert [n for path in parts for n in shown_numbers(path)] == shown_numbers(clip.path)
    heard = [command_line(path, "-map", "0:a:0", "-f", "f32le") for path in parts]
    assert b"".join(heard) == command_line(clip.path, "-map", "0:a:0", "-f", "f32le")


@pytest.mark.parametrize("kind", KINDS)
def test_reencoded_parts_are_the_source_frame_for_frame(clips: ClipShelf, kind: str, tmp_path: Path) -> None:
    clip = probe(clips.path(kind))
    plan, parts = cut(clip, "reencode", tmp_path)
    assert plan.mode_used == "reencode"
    assert [n for path in parts for n in shown_numbers(path)] == shown_numbers(clip.path)
    assert_same_times(clip, plan, parts)
    assert_same_sound(clip, plan, parts, kind)
    assert {probe(path).keyframes[0] for path in parts} == {0}


@pytest.mark.parametrize("kind", sorted(RE_ENCODED))
def test_what_cannot_carry_edit_lists_falls_through_and_says_so(clips: ClipShelf, kind: str) -> None:
    plan = explain_split(probe(clips.path(kind)), N_PARTS, "exact")
    assert (plan.mode_asked, plan.mode_used) == ("exact", "reencode")
    assert plan.notes[0].startswith("exact is not possible for this file: ")
    assert plan.notes[0].endswith("Its video is re-encoded instead.")


def test_an_edit_list_of_two_stretches_is_encoded_as_it_is_shown(clips: ClipShelf, tmp_path: Path) -> None:
    clip = probe(clips.path("two_stretches"))
    plan, parts = cut(clip, "exact", tmp_path)
    assert plan.mode_used == "reencode"
    assert plan.notes[0].startswith(
        "exact is not possible for this file: its own edit list shows more than one segment."
    )
    assert plan.notes[1] == "Its sound is re-encoded too, as AAC, or as FLAC where it is lossless."
    assert shown_numbers(clip.path) == [*range(20), *range(30, 70)]
    assert [n for path in parts for n in shown_numbers(path)] == shown_numbers(clip.path)
    assert_same_times(clip, plan, parts)
    source, joined = audio_samples(clip.path).samples, sound_of(parts, 0)
    assert joined.shape == source.shape
    assert np.sum((joined - source) ** 2) < 0.05 * np.sum(source**2)


@pytest.mark.parametrize("n_parts", [1, 75])
def test_one_part_and_as_many_parts_as_frames(clips: ClipShelf, n_parts: int, tmp_path: Path) -> None:
    clip = probe(clips.path("open_gop"))
    _, parts = cut(clip, "exact", tmp_path, n_parts)
    assert len(parts) == n_parts
    assert [digest for path in parts for digest in frame_hashes(path)] == hashes_of(clip.path)
    np.testing.assert_array_equal(sound_of(parts, 0), audio_samples(clip.path).samples)


def test_keyframe_parts_are_copies_cut_at_the_nearest_keyframes(clips: ClipShelf, tmp_path: Path) -> None:
    clip = probe(clips.path("keyframes"))
    plan, parts = cut(clip, "keyframe", tmp_path)
    assert [part.start_frame for part in plan.parts] == [0, 20, 40, 60]
    assert plan.notes == ("The cuts move to the nearest keyframes, by up to 0.16 s; choose exact for equal parts.",)
    assert [digest for path in parts for digest in frame_hashes(path)] == hashes_of(clip.path)
    assert [digest for path in parts for digest in packet_hashes(path)] == packet_hashes(clip.path)
    assert {check.ok for check in proof_of(clip, plan, parts, Depth.ALL).checks} == {True}


@pytest.mark.parametrize(("kind", "starts"), [("avi", [0, 30, 60]), ("vp8", [0, 20, 40, 60])])
def test_keyframe_copies_in_containers_without_edit_lists(
    clips: ClipShelf, tmp_path: Path, kind: str, starts: list[int]
) -> None:
    clip = probe(clips.path(kind))
    plan, parts = cut(clip, "keyframe", tmp_path)
    assert (plan.mode_used, [part.start_frame for part in plan.parts]) == ("keyframe", starts)
    assert plan.notes[-1].startswith("The sound is cut between packets")
    assert {path.suffix for path in parts} == {clip.path.suffix}
    assert [digest for path in parts for digest in frame_hashes(path)] == hashes_of(clip.path)
    assert {check.ok for check in proof_of(clip, plan, parts, Depth.ALL).checks} == {True}
    pieces = [set(packet_hashes(path, "audio")) for path in parts]
    assert set().union(*pieces) == set(packet_hashes(clip.path, "audio"))


def test_keyframe_never_returns_fewer_parts_silently(clips: ClipShelf) -> None:
    plan = explain_split(probe(clips.path("h264")), 5, "keyframe")
    assert len(plan.parts) == 1
    assert plan.notes[0] == "1 keyframe: 1 part, not 5; choose exact for 5."


def test_exact_says_how_long_the_hidden_lead_in_is(clips: ClipShelf) -> None:
    plan = explain_split(probe(clips.path("h264")), 3, "exact")
    assert plan.notes[-1].startswith("Each part starts with up to 2.0 s of hidden lead-in")


def test_open_gops_are_entered_where_they_must_be(clips: ClipShelf, tmp_path: Path) -> None:
    clip = probe(clips.path("open_gop"))
    assert explain_split(clip, 3, "exact").notes[-1].startswith("Each part starts with up to 2.0 s")
    _, parts = cut(clip, "exact", tmp_path / "near", 3)
    assert len(packet_hashes(parts[2])) == clip.n_frames
    # The only clean picture is the first one; the third part of this clip starts 16 s after it.
    clip = probe(clips.path("open_gop_long"))
    plan, parts = cut(clip, "exact", tmp_path / "far", 3)
    assert plan.notes[-1].startswith("The clip has open GOPs and no clean picture within 10 s before some cuts.")
    assert [digest for path in parts for digest in frame_hashes(path)] == hashes_of(clip.path)
    assert len(packet_hashes(parts[2])) < 60


def test_a_split_mode_nobody_knows_is_an_error(clips: ClipShelf) -> None:
    with pytest.raises(PlanError, match="'fast' is unknown: choose one of keyframe, exact, reencode"):
        explain_split(probe(clips.path("h264")), 2, "fast")


@pytest.mark.parametrize("mode", ["exact", "reencode"])
def test_tracks_languages_subtitles_and_chapters_are_kept(clips: ClipShelf, mode: str, tmp_path: Path) -> None:
    clip = probe(clips.path("several_tracks"))
    _, parts = cut(clip, mode, tmp_path, 2)
    for path, chapters in zip(parts, ([(0, 1000), (1000, 1480)], [(0, 520), (520, 1520)]), strict=True):
        made = probe(path)
        assert (made.n_audio_tracks, made.n_subtitle_tracks, made.n_chapters) == (2, 1, 2)
        log = describe(path)
        assert [f"({code})" in log for code in ("eng", "deu", "fra")] == [True] * 3
        assert "title           : Tagged" in log
        for start, end in chapters:
            assert f"start {start / 1000:.6f}, end {end / 1000:.6f}" in log
    texts = [command_line(path, "-map", "0:s:0", "-f", "srt").decode() for path in parts]
    assert "00:00:00,200 --> 00:00:01,100\nfirst" in texts[0]
    assert "00:00:01,300 --> 00:00:01,480\nsecond" in texts[0]
    assert "00:00:00,000 --> 00:00:01,120\nsecond" in texts[1]


@pytest.mark.parametrize("mode", ["exact", "reencode"])
@pytest.mark.parametrize("kind", ["ten_bit", "hevc_hdr"])
def test_colour_and_depth_are_kept(clips: ClipShelf, kind: str, mode: str, tmp_path: Path) -> None:
    clip = probe(clips.path(kind))
    _, parts = cut(clip, mode, tmp_path, 2)
    for path in parts:
        assert probe(path).pixel_format == "yuv420p10le"
        assert "bt2020nc/bt2020/smpte2084" in describe(path)


def test_the_mastering_display_survives_encoding(clips: ClipShelf, tmp_path: Path) -> None:
    _, parts = cut(probe(clips.path("hevc_hdr")), "reencode", tmp_path, 1)
    data = parts[0].read_bytes()
    display = data[data.index(b"mdcv") + 4 :][:24]
    assert struct.unpack(">8H2I", display) == (13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450, 10_000_000, 1)
    assert struct.unpack(">2H", data[data.index(b"clli") + 4 :][:4]) == (1000, 400)


def describe(path: Path) -> str:
    """FFmpeg's description of a file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", f"file:{path}"]
    return subprocess.run(command, capture_output=True, check=False).stderr.decode()


def test_progress_counts_frames_to_the_end(clips: ClipShelf, tmp_path: Path) -> None:
    clip = probe(clips.path("keyframes"))
    for mode in ("exact", "reencode"):
        seen: list[tuple[str, int, int]] = []
        plan = explain_split(clip, 3, mode)
        split(clip, plan, tmp_path / mode, on_progress=lambda p, seen=seen: seen.append((p.stage, p.done, p.total)))
        done = [step for _, step, _ in seen]
        assert done == sorted(set(done))
        assert (seen[0][0], done[-1], seen[-1][2]) == ("split", clip.n_frames, clip.n_frames)


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("mode", ["exact", "reencode"])
def test_a_cancel_leaves_nothing(clips: ClipShelf, mode: str, tmp_path: Path) -> None:
    clip = probe(clips.path("keyframes"))
    calls = iter([False] * 3 + [True] * 1000)
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    with pytest.raises(DubCancelled):
        split(clip, explain_split(clip, 4, mode), tmp_path, should_cancel=lambda: next(calls))
    assert sorted(tmp_path.iterdir()) == [kept]


def test_a_cancel_kills_ffmpeg_within_two_seconds(tmp_path: Path) -> None:
    endless = ["-re", "-f", "lavfi", "-i", "testsrc2", "-t", "60", "-f", "mp4", str(tmp_path / "out.mp4")]
    frames: list[int] = []
    started = time.monotonic()
    with pytest.raises(DubCancelled, match=r"Stopped; nothing was left behind\."):
        run_ffmpeg(
            endless, tmp_path / "out.mp4", subject="It", on_frames=frames.append, should_cancel=lambda: sum(frames) > 0
        )
    assert time.monotonic() - started < 10
    assert frames


def test_the_source_is_not_touched_and_parts_are_named_by_width(clips: ClipShelf, tmp_path: Path) -> None:
    clip = probe(clips.path("no_sound"))
    before = clip.path.read_bytes()
    plan = explain_split(clip, 75, "exact")
    names = [path.name for path in split(clip, plan, tmp_path / "new" / "folder")]
    assert (names[0], names[-1]) == ("01.mp4", "75.mp4")
    assert clip.path.read_bytes() == before
    assert plan.parts[0].duration == Fraction(1, 25)
