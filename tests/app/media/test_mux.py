"""New sound beside pictures that stay as they are, byte for byte."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from app.errors import DubCancelled, MediaError
from app.media import (
    audio_samples,
    decode_audio,
    explain_split,
    film_suffix,
    frame_hashes,
    mux_film,
    packet_hashes,
    probe,
    replace_audio,
    split,
)
from app.media.ffmpeg import ffmpeg_exe
from app.media.mp4.boxes import read_edits
from app.media.mp4.movie import read_movie
from riffusion_inference.datatypes import Waveform
from tests.fixtures_clips import ClipShelf

FILM_KINDS = {
    "h264": ".mp4",
    "variable_rate": ".mp4",
    "own_edit_list": ".mp4",
    "two_stretches": ".mp4",
    "start_offset": ".mp4",
    "sound_early": ".mp4",
    "no_sound": ".mp4",
    "several_tracks": ".mp4",
    "rotated": ".mp4",
    "hevc_hdr": ".mp4",
    "mov_pcm": ".mov",
    "fragmented": ".mp4",
    "mkv": ".mkv",
    "webm": ".webm",
    "avi": ".avi",
    "hostile_name": ".mp4",
}


def music(n_samples: int, sample_rate: int = 48000, channels: int = 2) -> Waveform:
    """Two tones that AAC keeps well."""
    t = np.arange(n_samples) / sample_rate
    tones = [0.5 * np.sin(2 * np.pi * f * t) for f in (440, 660)[:channels]]
    return Waveform(np.stack(tones).astype(np.float32), sample_rate)


def heard_by_command_line(path: Path, channels: int = 2) -> np.ndarray:
    """What FFmpeg's command line decodes of the first audio track, [C, T]."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        f"file:{path}",
        "-map",
        "0:a:0",
        "-f",
        "f32le",
        "-",
    ]
    out = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(out, np.float32).reshape(-1, channels).T


def assert_close(heard: np.ndarray, wanted: np.ndarray) -> None:
    """As close as a lossy codec comes, at the right samples: a slip by three of them would fail."""
    wanted, heard = wanted[:, 2048:-2048], heard[:, 2048:-2048]
    assert np.sum((heard - wanted) ** 2) < 0.01 * np.sum(wanted**2)


@pytest.mark.parametrize("kind", ["h264", "open_gop", "no_sound", "variable_rate", "several_tracks", "avi", "mov_pcm"])
def test_a_part_gets_new_sound_and_keeps_its_pictures(clips: ClipShelf, kind: str, tmp_path: Path) -> None:
    clip = probe(clips.path(kind))
    plan = explain_split(clip, 3, "exact")
    for part, path in zip(plan.parts, split(clip, plan, tmp_path), strict=True):
        wave = music(part.end_sample(48000) - part.start_sample(48000))
        out = tmp_path / f"new{path.name}"
        replace_audio(path, wave, out)
        assert packet_hashes(out) == packet_hashes(path)
        assert list(frame_hashes(out)) == list(frame_hashes(path))
        before, after = probe(path), probe(out)
        assert after.duration == before.duration == part.duration
        assert after.n_audio_tracks == max(1, before.n_audio_tracks)
        assert (after.n_samples, after.audio_start_sample) == (wave.n_samples, 0)
        assert heard_by_command_line(out).shape == wave.samples.shape
        heard = audio_samples(out).samples
        assert heard.shape == wave.samples.shape
        assert_close(heard, wave.samples)


def test_the_edit_list_of_a_part_stays(clips: ClipShelf, tmp_path: Path) -> None:
    clip = probe(clips.path("h264"))
    path = split(clip, explain_split(clip, 3, "exact"), tmp_path)[1]
    replace_audio(path, music(48000), path)
    movie = read_movie(path)
    [edit] = read_edits(movie.of_kind("vide")[0].box)
    assert Fraction(edit.media_time, 12800) == Fraction(2, 25) + 1
    assert Fraction(edit.duration, movie.timescale) == 1


@pytest.mark.parametrize("sample_rate", [8000, 22050, 44100, 96000, 192000])
@pytest.mark.parametrize("n_samples", [16, 1023, 1024, 5000])
def test_any_rate_and_length_is_exact(clips: ClipShelf, sample_rate: int, n_samples: int, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    replace_audio(clips.path("no_sound"), music(n_samples, sample_rate, 1), out)
    assert audio_samples(out).samples.shape == (1, n_samples)
    assert heard_by_command_line(out, 1).shape == (1, n_samples)


def test_the_other_tracks_of_a_part_stay(clips: ClipShelf, tmp_path: Path) -> None:
    path = clips.path("several_tracks")
    out = tmp_path / "out.mp4"
    replace_audio(path, music(144000), out)
    assert packet_hashes(out, "audio", 1) == packet_hashes(path, "audio", 1)
    np.testing.assert_array_equal(audio_samples(out, 1).samples, audio_samples(path, 1).samples)
    before, after = read_movie(path), read_movie(out)
    assert [track.handler for track in after.tracks] == [track.handler for track in before.tracks]
    assert [track.number for track in after.tracks] == [track.number for track in before.tracks]
    languages = [track.box.need(b"mdia", b"mdhd").payload[20:22] for track in after.tracks]
    assert languages == [track.box.need(b"mdia", b"mdhd").payload[20:22] for track in before.tracks]
    assert (probe(out).n_subtitle_tracks, probe(out).n_chapters) == (1, 3)


@pytest.mark.parametrize("kind", FILM_KINDS)
def test_the_film_is_the_source_with_new_sound(clips: ClipShelf, kind: str, tmp_path: Path) -> None:
    clip = probe(clips.path(kind))
    assert film_suffix(clip) == FILM_KINDS[kind]
    out = tmp_path / f"film{film_suffix(clip)}"
    start = min(0, clip.audio_start_sample)
    wave = music(round(clip.duration * 48000) - start)
    mux_film(clip, wave, out, start_sample=start)
    film = probe(out)
    assert packet_hashes(out) == packet_hashes(clip.path)
    assert (film.frame_pts, film.time_base, film.rotation) == (clip.frame_pts, clip.time_base, clip.rotation)
    assert film.n_audio_tracks == max(1, clip.n_audio_tracks)
    assert film.n_subtitle_tracks == clip.n_subtitle_tracks
    assert abs(film.audio_start_sample - start) <= 48
    heard = audio_samples(out).samples
    assert heard.shape == wave.samples.shape
    assert_close(heard, wave.samples)


def test_sound_that_is_laid_back_is_not_moved(clips: ClipShelf, tmp_path: Path) -> None:
    clip = probe(clips.path("sound_early"))
    wave = decode_audio(clip, start_sample=None)
    out = tmp_path / "film.mp4"
    mux_film(clip, wave, out, start_sample=clip.audio_start_sample)
    again = decode_audio(probe(out), start_sample=None)
    assert probe(out).audio_start_sample == clip.audio_start_sample
    assert_close(again.samples, wave.samples)


def test_a_film_can_be_cut_again(clips: ClipShelf, tmp_path: Path) -> None:
    clip = probe(clips.path("h264"))
    mux_film(clip, music(144000), tmp_path / "film.mp4")
    film = probe(tmp_path / "film.mp4")
    parts = split(film, explain_split(film, 3, "exact"), tmp_path / "parts")
    assert [digest for path in parts for digest in frame_hashes(path)] == list(frame_hashes(clip.path))
    joined = np.concatenate([audio_samples(path).samples for path in parts], axis=1)
    np.testing.assert_array_equal(joined, audio_samples(film.path).samples)


def test_a_cancel_leaves_nothing_and_keeps_what_was_there(clips: ClipShelf, tmp_path: Path) -> None:
    clip = probe(clips.path("h264"))
    out = tmp_path / "film.mp4"
    out.write_bytes(b"the film from before")
    with pytest.raises(DubCancelled):
        mux_film(clip, music(144000), out, should_cancel=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    assert out.read_bytes() == b"the film from before"


def test_sound_before_the_file_starts_is_an_error(clips: ClipShelf, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"would start 0\.500 s before the file does"):
        mux_film(probe(clips.path("h264")), music(4800), tmp_path / "film.mp4", start_sample=-24000)
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_carries_the_ffmpeg_that_runs() -> None:
    assert Path(ffmpeg_exe()).is_absolute()
    assert "imageio_ffmpeg" in ffmpeg_exe()


def test_tags_subtitles_and_attachments_of_matroska_are_kept(tmp_path: Path) -> None:
    (tmp_path / "text.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:00.900\nHello\n")
    (tmp_path / "notes.txt").write_text("about it")
    words = "-f lavfi -i testsrc2=size=64x48:rate=10:duration=1 -f lavfi -i sine=440:duration=1:sample_rate=48000"
    words += f" -i {tmp_path / 'text.vtt'} -c:v libx264 -c:a aac -c:s webvtt -attach {tmp_path / 'notes.txt'}"
    words += " -metadata:s:t:0 mimetype=text/plain -metadata:s:v:0 language=fra -metadata:s:a:0 language=deu"
    words += f" -metadata:s:s:0 language=ita {tmp_path / 'clip.mkv'}"
    subprocess.run([ffmpeg_exe(), "-v", "error", *words.split()], check=True, timeout=60)
    clip = probe(tmp_path / "clip.mkv")
    sound = Waveform(np.zeros((1, 48000), dtype=np.float32), 48000)
    mux_film(clip, sound, tmp_path / "film.mkv")
    with av.open(str(tmp_path / "film.mkv")) as film:
        languages = [stream.metadata.get("language") for stream in film.streams if stream.type != "attachment"]
        assert languages == ["fra", "deu", "ita"]
        assert [(one.name, one.mimetype) for one in film.streams.attachments] == [("notes.txt", "text/plain")]
