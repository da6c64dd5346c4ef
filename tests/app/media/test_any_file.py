"""What phones, browsers and old encoders really write: holes, jitter, odd clocks, protection, old streams."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.errors import MediaError
from app.media import audio_samples, decode_audio, explain_split, frame_hashes, probe, read_audio, split
from app.media.clock import steady_starts
from app.media.ffmpeg import run_ffmpeg as run
from app.media.mp4.movie import common_timescale, read_movie, whole_track, with_movie_timescale
from app.media.mp4.slice import Span, cut_track
from app.media.mp4.write import write_movie
from tests.fixtures_clips import ClipShelf

RATE, PACKET = 48000, 1024


def run_ffmpeg(folder: Path, words: list[str]) -> None:
    """Run FFmpeg; the last word is the name of a file that it makes in the folder."""
    run([*words[:-1], str(folder / words[-1])], folder / words[-1], subject=words[-1])


def rewritten(source: Path, path: Path, change: Callable[[int, Any], Any | None]) -> Path:
    """Copy a clip, each sound packet given its number and changed, or left out where change gives None."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        streams = {s.index: new.add_stream_from_template(s) for s in (*old.streams.video[:1], *old.streams.audio[:1])}
        number = 0
        for packet in old.demux(*[old.streams[index] for index in streams]):
            if packet.dts is None:
                continue
            is_sound = packet.stream.type == "audio"
            kept = change(number, packet) if is_sound else packet
            number += is_sound
            if kept is not None:
                kept.stream = streams[packet.stream.index]
                new.mux(kept)
    return path


def parts_of(path: Path, out: Path, n_parts: int = 3) -> list[Path]:
    clip = probe(path)
    return list(split(clip, explain_split(clip, n_parts, "exact"), out, threads=1))


def test_a_hole_in_the_sound_stays_where_it_is(clips: ClipShelf, tmp_path: Path) -> None:
    whole = decode_audio(probe(clips.path("h264")), start_sample=0).samples
    holed = rewritten(clips.path("h264"), tmp_path / "hole.mp4", lambda n, p: None if 40 <= n < 80 else p)
    clip = probe(holed)
    heard = decode_audio(clip, start_sample=0).samples
    assert clip.audio_end_sample == whole.shape[1] == heard.shape[1]
    assert clip.n_samples == whole.shape[1] - 40 * PACKET
    # The packets are numbered from the encoder's priming; beside the hole one packet leans on what is missing.
    np.testing.assert_array_equal(heard[:, : 38 * PACKET], whole[:, : 38 * PACKET])
    assert not heard[:, 39 * PACKET : 79 * PACKET].any()
    np.testing.assert_array_equal(heard[:, 81 * PACKET :], whole[:, 81 * PACKET :])
    np.testing.assert_array_equal(read_audio(holed).samples, heard)
    joined = [decode_audio(probe(path), start_sample=0).samples for path in parts_of(holed, tmp_path / "parts")]
    # Each part's samples lie where the source's do; a part may end in the hole, with nothing to hear.
    rates = [part.owned_samples(RATE) for part in explain_split(clip, 3, "exact").parts]
    for (start, _), piece in zip(rates, joined, strict=True):
        at = start or 0
        np.testing.assert_array_equal(piece, heard[:, at : at + piece.shape[1]])


def test_jitter_is_not_a_hole(clips: ClipShelf, tmp_path: Path) -> None:
    def late(number: int, packet: Any) -> Any:
        # As a browser's recorder writes: most packets in time, every seventh 18 ms late.
        if number % 7 == 3:
            packet.pts += round(Fraction(18, 1000) / packet.time_base)
            packet.dts = packet.pts
        return packet

    plain = rewritten(clips.path("h264"), tmp_path / "plain.mkv", lambda _, packet: packet)
    jittery = rewritten(clips.path("h264"), tmp_path / "late.mkv", late)
    wanted = decode_audio(probe(plain), start_sample=None).samples
    np.testing.assert_array_equal(decode_audio(probe(jittery), start_sample=None).samples, wanted)
    assert probe(jittery).audio_end_sample == probe(plain).audio_end_sample
    joined = [audio_samples(path).samples for path in parts_of(jittery, tmp_path / "parts")]
    np.testing.assert_array_equal(np.concatenate(joined, axis=1), audio_samples(jittery).samples)


def test_packet_durations_that_do_not_add_up(clips: ClipShelf, tmp_path: Path) -> None:
    def uneven(number: int, packet: Any) -> Any:
        packet.pts += (0, 7, -9, 4, 0)[number % 5] if number > 2 else 0
        packet.dts = packet.pts
        return packet

    path = rewritten(clips.path("h264"), tmp_path / "uneven.mp4", uneven)
    clip, straight = probe(path), audio_samples(path).samples
    assert clip.n_samples == straight.shape[1]
    joined = [audio_samples(part).samples for part in parts_of(path, tmp_path / "parts")]
    np.testing.assert_array_equal(np.concatenate(joined, axis=1), straight)
    np.testing.assert_array_equal(decode_audio(clip, start_sample=50_000).samples, straight[:, 50_000:])


def test_a_track_clock_that_is_not_the_sample_rate(clips: ClipShelf, tmp_path: Path) -> None:
    movie = read_movie(clips.path("h264"))
    sound = movie.of_kind("soun")[0]
    assert sound.shown is not None
    end = sound.shown.first + 3 * RATE
    scale = common_timescale([movie.timescale, 44100])
    span = Span(0, sound.table.n_samples, Fraction(0), sound.shown.first, end)
    out, ends = cut_track(sound, span, scale, timescale=44100)
    pictures = whole_track(movie.of_kind("vide")[0])
    pictures = dataclasses.replace(pictures, trak=with_movie_timescale(pictures.trak, movie.timescale, scale))
    path = tmp_path / "clock.mp4"
    write_movie(path, movie.ftyp, movie.moov, scale, ends, [pictures, out])
    clip, straight = probe(path), audio_samples(path).samples
    assert clip.n_samples == straight.shape[1]
    assert abs(straight.shape[1] - 3 * RATE) <= 1
    joined = [audio_samples(part).samples for part in parts_of(path, tmp_path / "parts")]
    np.testing.assert_array_equal(np.concatenate(joined, axis=1), straight)


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [
        ([0, 1000, 2000, 3000], [0, 1000, 2000, 3000]),
        ([0, 1000, 2700, 3000, 4000], [0, 1000, 2000, 3000, 4000]),
        ([0, 1000, 5000, 6000, 7000], [0, 1000, 5000, 6000, 7000]),
        ([0, 259, 1259, 2259, 3259], [0, 259, 1259, 2259, 3259]),
        ([None, None, 2000], [0, 1000, 2000]),
    ],
    ids=["even", "jitter", "hole", "overlap", "unstated"],
)
def test_a_hole_stays_and_jitter_comes_back(stated: list[int | None], wanted: list[int]) -> None:
    items = ((start, 1000, None) for start in stated)
    assert [start for start, _ in steady_starts(items, RATE, 50)] == wanted


@pytest.mark.parametrize(
    ("late", "seconds", "is_hole"),
    [(1000, 4, False), (1000, 12, True), (5000, 4, True)],
    ids=["a little, for a while", "a little, for good", "much, for a while"],
)
def test_a_little_late_for_a_while_is_no_hole(late: int, seconds: int, is_hole: bool) -> None:
    n_late = seconds * RATE // 1000
    stated = [number * 1000 + (late if 100 <= number < 100 + n_late else 0) for number in range(100 + n_late + 600)]
    starts = np.array([start for start, _ in steady_starts(((start, 1000, None) for start in stated), RATE, 50)])
    assert starts[-1] == stated[-1]
    np.testing.assert_array_equal(starts, stated if is_hole else np.arange(len(stated)) * 1000)


def test_a_part_inside_one_packet_of_sound(tmp_path: Path) -> None:
    # Twenty parts of 10 ms, and packets of AC-3 that last 32 ms: some parts have but a piece of one.
    words = "-f lavfi -i testsrc2=s=64x48:r=100:d=0.2 -f lavfi -i aevalsrc=sin(2000*t*t):s=48000:d=0.2"
    run_ffmpeg(tmp_path, [*words.split(), "-c:v", "libx264", "-g", "10", "-c:a", "ac3", "short.mkv"])
    clip = probe(tmp_path / "short.mkv")
    parts = parts_of(clip.path, tmp_path / "parts", clip.n_frames)
    whole = audio_samples(clip.path).samples
    pieces = [audio_samples(part).samples for part in parts]
    assert sum(piece.shape[1] for piece in pieces) == whole.shape[1]
    for part, piece in zip(parts, pieces, strict=True):
        with av.open(str(part)) as container:
            frames = [frame for packet in container.demux(audio=0) for frame in packet.decode()]
            # FFmpeg's own reading, which plays the last packet to its end.
            heard = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        assert frames[0].pts == 0
        np.testing.assert_array_equal(heard[:, : piece.shape[1]], piece)
    # Dither aside, after the two packets that a decoder needs to warm up.
    joined = np.concatenate(pieces, axis=1)
    np.testing.assert_allclose(joined[:, 2 * 1536 :], whole[:, 2 * 1536 :], atol=1e-3)


def test_opus_after_a_hole_is_in_its_place(clips: ClipShelf, tmp_path: Path) -> None:
    # The first packet's time is -7 ms where 6.5 ms are hidden: what is rounded there must not move what follows a hole.
    clip = probe(rewritten(clips.path("webm"), tmp_path / "holed.webm", lambda n, p: None if 13 <= n < 15 else p))
    whole = decode_audio(clip, start_sample=0).samples
    parts = explain_split(clip, 3, "exact").parts
    for part, path in zip(parts[1:], parts_of(clip.path, tmp_path / "parts")[1:], strict=True):
        heard = decode_audio(probe(path), start_sample=0).samples[0]
        start = part.start_sample(RATE)
        fit = {
            lag: float(np.corrcoef(heard[9600:24000], whole[0, start + lag + 9600 : start + lag + 24000])[0, 1])
            for lag in range(-30, 31)
        }
        assert max(fit, key=lambda lag: fit[lag]) == 0, fit


def test_jitter_is_not_encoded_as_holes(tmp_path: Path) -> None:
    words = "-f lavfi -i testsrc2=s=64x48:r=10:d=3 -f lavfi -i aevalsrc=sin(2000*t*t):s=48000:d=3"
    run_ffmpeg(tmp_path, [*words.split(), "-c:v", "libvpx", "-c:a", "libvorbis", "even.webm"])

    def late(number: int, packet: Any) -> Any:
        if 40 <= number < 80:
            packet.pts += round(Fraction(20, 1000) / packet.time_base)
            packet.dts = packet.pts
        return packet

    clip = probe(rewritten(tmp_path / "even.webm", tmp_path / "jitter.webm", late))
    whole = decode_audio(clip, start_sample=0).samples
    np.testing.assert_array_equal(whole, decode_audio(probe(tmp_path / "even.webm"), start_sample=0).samples)
    pieces = [decode_audio(probe(part), start_sample=0).samples for part in parts_of(clip.path, tmp_path / "parts")]
    joined = np.concatenate(pieces, axis=1)
    assert abs(joined.shape[1] - whole.shape[1]) <= 2
    length = min(joined.shape[1], whole.shape[1])
    assert np.corrcoef(joined[0, :length], whole[0, :length])[0, 1] > 0.9


def test_pictures_that_need_the_first_packet_are_encoded_again(tmp_path: Path) -> None:
    path = tmp_path / "old.mp4"
    picture = "-f lavfi -i testsrc2=s=160x96:r=10:d=3,noise=alls=20 -pix_fmt yuv444p"
    run_ffmpeg(tmp_path, [*picture.split(), "-c:v", "libx264", "-g", "10", "-qp", "20", path.name])
    data = path.read_bytes()
    at = data.index(b"x264 - core ") + len(b"x264 - core ")
    # The version that an old x264 wrote makes FFmpeg read 4:4:4 in another way.
    path.write_bytes(data[:at] + b"142" + data[at + 3 :])
    clip = probe(path)
    plan = explain_split(clip, 3, "exact")
    assert plan.mode_used == "reencode"
    assert "only after the stream's first packet" in plan.notes[0]
    assert sum(probe(part).n_frames for part in split(clip, plan, tmp_path / "parts", threads=1)) == 30


@pytest.mark.parametrize("entry", [(b"avc1", b"encv"), (b"mp4a", b"enca")], ids=["pictures", "sound"])
@pytest.mark.parametrize("kind", ["h264", "fragmented"])
def test_protected_files_are_refused(clips: ClipShelf, kind: str, entry: tuple[bytes, bytes], tmp_path: Path) -> None:
    path = tmp_path / "locked.mp4"
    data = clips.path(kind).read_bytes()
    at = data.index(b"stsd")
    path.write_bytes(data[:at] + data[at:].replace(*entry))
    with pytest.raises(MediaError, match=r"locked\.mp4 is copy-protected \(DRM\): use an unprotected file\."):
        probe(path)


def test_a_beginning_before_the_first_keyframe_is_refused(clips: ClipShelf, tmp_path: Path) -> None:
    movie = read_movie(clips.path("keyframes"))
    track = movie.tracks[0]
    times, sync = track.table.presentation_times(), track.table.sync
    assert sync is not None
    first, shown, last = int(sync[1]) - 6, int(sync[1]) - 3, track.table.n_samples
    span = Span(first, last, Fraction(0), int(times[shown]), int(times.max()) + 1)
    out, ends = cut_track(track, span, movie.timescale)
    path = tmp_path / "late keyframe.mp4"
    write_movie(path, movie.ftyp, movie.moov, movie.timescale, ends, [out])
    with pytest.raises(MediaError, match=r"late keyframe.mp4 is to be shown from a picture on .* convert it first"):
        explain_split(probe(path), 2, "exact")


def test_hidden_vp9_pictures_are_not_frames(clips: ClipShelf, tmp_path: Path) -> None:
    path = tmp_path / "apart.webm"
    picture = "-f lavfi -i testsrc2=s=96x64:r=10:d=3 -c:v libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 12 -b:v 80k"
    run_ffmpeg(tmp_path, [*picture.split(), "together.webm"])
    run_ffmpeg(
        tmp_path, ["-i", str(tmp_path / "together.webm"), "-c", "copy", "-bsf:v", "vp9_superframe_split", path.name]
    )
    clip = probe(path)
    assert clip.n_frames == 30
    parts = parts_of(path, tmp_path / "parts")
    assert [digest for part in parts for digest in frame_hashes(part)] == list(frame_hashes(path))


def test_an_index_without_a_header_names_the_file_and_the_remedy(clips: ClipShelf, tmp_path: Path) -> None:
    path = tmp_path / "headless.mp4"
    path.write_bytes(clips.path("h264").read_bytes().replace(b"mvhd", b"mvhx"))
    with pytest.raises(MediaError, match=r"headless\.mp4 has a damaged index \(it has no mvhd\): copy or download it"):
        probe(path)


def test_a_track_that_nothing_describes_ends_in_a_sentence(clips: ClipShelf, tmp_path: Path) -> None:
    path = tmp_path / "bare.mp4"
    data = clips.path("h264").read_bytes()
    last = data.rindex(b"stsd")
    path.write_bytes(data[:last] + b"stsx" + data[last + 4 :])
    with pytest.raises(MediaError, match="index"):
        parts_of(path, tmp_path / "parts")


def test_a_fragment_that_starts_late_is_not_cut_short(clips: ClipShelf, tmp_path: Path) -> None:
    path = tmp_path / "late.mp4"
    late = "-c copy -output_ts_offset 10 -movflags frag_keyframe+empty_moov+default_base_moof"
    run_ffmpeg(tmp_path, ["-i", str(clips.path("h264")), *late.split(), path.name])
    assert probe(path).n_frames == probe(clips.path("h264")).n_frames
