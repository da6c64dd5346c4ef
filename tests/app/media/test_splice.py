"""New sound among a film's own packets: beside the range every packet and every decoded sample is the source's."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from app import media
from app.media.film import FilmSound
from app.media.splice.flac import frame_number, numbered
from riffusion_inference.datatypes import Waveform
from tests.app.media.test_mux import heard_by_command_line
from tests.fixtures_clips import run_ffmpeg

RATE, SECONDS = 48000, 6
PICTURES = f"-f lavfi -i testsrc2=size=64x48:rate=10:duration={SECONDS} -i sound.wav -c:v"
X264, VP9 = "libx264 -preset ultrafast -g 20 -bf 2 -pix_fmt yuv420p", "libvpx-vp9 -deadline realtime -cpu-used 8"
AAC = "-c:a aac -aac_pns 0 -b:a 128k"
# A range that begins and ends at no packet's border.
START, END = round(2.003 * RATE), round(4.11 * RATE)


@dataclass(frozen=True)
class Kind:
    """A kind of file whose sound is spliced."""

    suffix: str
    recipe: str
    memory: float | None = 0
    """Seconds after the range in which decoded samples may differ; None: as many as the decoder draws noise for."""
    rate: int = RATE


KINDS = {
    "aac in mp4": Kind("mp4", f"{X264} {AAC}"),
    "aac in mov": Kind("mov", f"{X264} {AAC}"),
    "aac in fragments": Kind("mp4", f"{X264} {AAC} -movflags frag_keyframe+empty_moov+default_base_moof+delay_moov"),
    "aac in mkv": Kind("mkv", f"{X264} {AAC}"),
    "ac3 in mkv": Kind("mkv", f"{X264} -c:a ac3 -b:a 192k", None),
    "ac3 in mp4": Kind("mp4", f"{X264} -c:a ac3 -b:a 192k", None),
    "eac3 in mkv": Kind("mkv", f"{X264} -c:a eac3 -b:a 192k", None),
    "flac in mkv": Kind("mkv", f"{X264} -c:a flac -sample_fmt s16"),
    "flac in mp4": Kind("mp4", f"{X264} -c:a flac -strict -2"),
    "alac in mov": Kind("mov", f"{X264} -c:a alac"),
    "opus in webm": Kind("webm", f"{VP9} -c:a libopus -b:a 96k", 0.6),
    "opus in mp4": Kind("mp4", f"{X264} -c:a libopus -b:a 96k", 0.6),
    "pcm in mov": Kind("mov", f"{X264} -c:a pcm_s16le"),
    "pcm of 24 bits in mov": Kind("mov", f"{X264} -c:a pcm_s24le"),
    "pcm in mkv": Kind("mkv", f"{X264} -c:a pcm_s16le"),
    "pcm in avi": Kind("avi", "mpeg4 -c:a pcm_s16le"),
    "mp3 in mp4": Kind("mp4", f"{X264} -c:a libmp3lame -b:a 128k"),
    "mp3 in mkv, variable": Kind("mkv", f"{X264} -c:a libmp3lame -q:a 4"),
    "mp3 in avi": Kind("avi", "mpeg4 -c:a libmp3lame -b:a 128k -ar 44100", rate=44100),
}


def noise(n_samples: int, seed: int) -> np.ndarray:
    """[2, n] a tone in noise that any codec keeps well enough to be found again, and no two alike."""
    drawn = np.random.default_rng(seed).standard_normal((2, n_samples + 64))
    smooth = np.stack([np.convolve(one, np.hanning(17) / 8, "same") for one in drawn])[:, 32 : n_samples + 32]
    tone = np.sin(2 * np.pi * (300 + 40 * seed) * np.arange(n_samples) / RATE)
    return (0.08 * smooth + 0.1 * tone).astype(np.float32)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six seconds of sound."""
    folder = tmp_path_factory.mktemp("splice")
    soundfile.write(folder / "sound.wav", noise(SECONDS * RATE, 1).T, RATE, subtype="PCM_24")
    return folder


def make(shelf: Path, name: str) -> media.Clip:
    kind = KINDS[name]
    path = shelf / f"{name}.{kind.suffix}"
    if not path.exists():
        run_ffmpeg(shelf, [*shlex.split(f"{PICTURES} {kind.recipe}"), path.name])
    return media.probe(path)


def music(start: int, end: int, seed: int, rate: int = RATE) -> media.Stretch:
    """New sound with soft edges."""
    sound = noise(end - start, seed)
    fade = np.minimum(1, np.minimum(np.arange(end - start), np.arange(end - start)[::-1]) / 500)
    return media.Stretch(start, Waveform((sound * fade).astype(np.float32), rate))


def splice(clip: media.Clip, *stretches: media.Stretch, to: Path) -> FilmSound:
    plan = media.plan_film(clip, [(one.start, one.end) for one in stretches])
    assert plan.why_whole is None
    made = media.write_film(clip, stretches, plan, to, 0)
    assert made.why_whole is None
    return made


def packets(path: Path) -> list[tuple[Fraction, bytes]]:
    """Seconds and bytes of each packet of the first audio track."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return [(p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.size]


def at_rate(seconds: int, rate: int) -> int:
    return round(Fraction(seconds, RATE) * rate)


@pytest.mark.parametrize("name", KINDS)
def test_beside_the_range_everything_is_the_sources(shelf: Path, tmp_path: Path, name: str) -> None:
    clip, kind = make(shelf, name), KINDS[name]
    rate = clip.sample_rate
    start, end = at_rate(START, rate), at_rate(END, rate)
    new = music(start, end, 2, rate)
    out = tmp_path / f"film{media.film_suffix(clip)}"
    made = splice(clip, new, to=out)
    film = media.probe(out)
    assert (made.start, made.n_samples) == (clip.audio_start_sample, clip.n_samples)
    assert (film.audio_start_sample, film.n_samples) == (clip.audio_start_sample, clip.n_samples)
    assert (film.frame_pts, film.audio_codec) == (clip.frame_pts, clip.audio_codec)
    assert media.packet_hashes(out) == media.packet_hashes(clip.path)
    old_packets, new_packets = packets(clip.path), packets(out)
    changed = [n for n, (old, now) in enumerate(zip(old_packets, new_packets, strict=True)) if old[1] != now[1]]
    times = [old_packets[n][0] - clip.start for n in changed]
    longest = max(b[0] - a[0] for a, b in pairwise(old_packets))
    assert min(times) > Fraction(start, rate) - longest
    assert max(times) < Fraction(end, rate)
    assert len(changed) > 20
    before, now = heard_by_command_line(clip.path), heard_by_command_line(out)
    assert before.shape == now.shape
    low, high = start - clip.audio_start_sample, end - clip.audio_start_sample
    np.testing.assert_array_equal(now[:, :low], before[:, :low])
    if kind.memory is not None:
        after = high + round(kind.memory * rate)
        np.testing.assert_array_equal(now[:, after:], before[:, after:])
    heard, wanted = now[0, low + 3000 : high - 4000], new.sound.samples[0, 3000:-4000]
    lags = range(-1200, 1201)
    likeness = [float(heard[1200:-1200] @ wanted[1200 + lag : len(wanted) - 1200 + lag]) for lag in lags]
    assert lags[int(np.argmax(likeness))] == 0
    assert np.sum((heard - wanted) ** 2) < 0.05 * np.sum(wanted**2)


@pytest.mark.parametrize("name", ["aac in mp4", "opus in webm", "flac in mkv", "mp3 in mp4"])
def test_a_second_and_a_third_range_leave_the_first_ones_packets_alone(shelf: Path, tmp_path: Path, name: str) -> None:
    clip = make(shelf, name)
    one, two, three = (music(at_rate(a, RATE), at_rate(b, RATE), seed) for a, b, seed in (
        (START, END, 2), (round(4.9 * RATE), round(5.6 * RATE), 3), (0, round(1.2 * RATE), 4),
    ))  # fmt: skip
    films = []
    for number, stretches in enumerate(((one,), (one, two), (one, two, three))):
        films.append(tmp_path / f"{number}{media.film_suffix(clip)}")
        splice(clip, *stretches, to=films[-1])
    first, _, third = (packets(path) for path in films)
    inside = [n for n, (time, _) in enumerate(first) if START < (time - clip.start) * RATE < END]
    assert [third[n] for n in inside] == [first[n] for n in inside]
    assert splice(clip, one, to=tmp_path / f"again{media.film_suffix(clip)}").why_whole is None
    assert packets(tmp_path / f"again{media.film_suffix(clip)}") == first


@pytest.mark.parametrize("name", ["aac in mp4", "ac3 in mkv", "mp3 in mp4", "opus in webm", "flac in mkv"])
def test_nothing_clicks_and_the_old_sound_is_gone_within_a_packet(shelf: Path, tmp_path: Path, name: str) -> None:
    clip = make(shelf, name)
    length = END - START
    fade = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / 720)
    own = media.decode_audio(clip, start_sample=START, end_sample=END).samples
    # The edges cross over from the source to silence, as those of a dubbed part do from the source to the music.
    quiet = media.Stretch(START, Waveform((own * (1 - np.minimum(1, fade))).astype(np.float32), RATE))
    out = tmp_path / f"film{media.film_suffix(clip)}"
    splice(clip, quiet, to=out)
    heard = media.decode_audio(media.probe(out), start_sample=START, end_sample=END).samples[0]
    loudness = np.sqrt(np.convolve(heard**2, np.ones(96) / 96, "valid"))
    level = float(np.sqrt(np.mean(own[0] ** 2)))
    # A packet that is not wholly inside, and the cross-over with the next one: AC-3's are the longest.
    assert loudness[2 * 1536 + 720 : -2 * 1536 - 720].max() < level / 20
    source = media.decode_audio(clip).samples[0]
    film = media.decode_audio(media.probe(out)).samples[0]
    usual = np.abs(np.diff(source)).max()
    for edge in (START, END):
        assert np.abs(np.diff(film[edge - 4000 : edge + 4000])).max() < 1.5 * usual


def test_ranges_that_touch_are_one_and_the_old_sound_is_not_heard_between(shelf: Path, tmp_path: Path) -> None:
    clip = make(shelf, "aac in mp4")
    middle = (START + END) // 2
    silence = [np.zeros((2, n), np.float32) for n in (middle - START, END - middle)]
    out = tmp_path / "film.mp4"
    one, other = (Waveform(samples, RATE) for samples in silence)
    splice(clip, media.Stretch(START, one), media.Stretch(middle, other), to=out)
    heard = media.decode_audio(media.probe(out), start_sample=middle - 4000, end_sample=middle + 4000).samples
    assert np.abs(heard).max() < 1e-3


def test_flac_frames_go_on_counting_and_their_checksums_are_right(shelf: Path, tmp_path: Path) -> None:
    clip = make(shelf, "flac in mkv")
    out = tmp_path / "film.mkv"
    splice(clip, music(START, END, 2), to=out)
    assert [frame_number(data) for _, data in packets(out)] == [frame_number(data) for _, data in packets(clip.path)]
    run_ffmpeg(tmp_path, ["-xerror", "-err_detect", "crccheck+explode", "-i", out.name, "-f", "null", "-"])


@pytest.mark.parametrize(
    ("number", "size"), [(0, 1), (0x7F, 1), (0x80, 2), (0x7FF, 2), (0x800, 3), (0xFFFF, 3), (0x10000, 4), (1 << 30, 6)]
)
def test_a_flac_frame_carries_any_number(shelf: Path, number: int, size: int) -> None:
    frame = packets(make(shelf, "flac in mkv").path)[3][1]
    other = numbered(frame, number)
    assert frame_number(other) == number
    assert len(other) == len(frame) - 1 + size
    assert numbered(other, 3) == frame


@pytest.mark.parametrize(
    ("recipe", "suffix", "why"),
    [
        (f"{X264} -c:a libvorbis -q:a 4", "mkv", "vorbis packets cannot be put among others"),
        (f"{X264} -c:a aac -b:a 96k -ar 48000 -ac 2 -bsf:a aac_adtstoasc -f mpegts", "ts", "no configuration"),
    ],
)
def test_what_cannot_be_spliced_is_said(shelf: Path, recipe: str, suffix: str, why: str) -> None:
    path = shelf / f"not.{suffix}"
    arguments = shlex.split(f"{PICTURES} {recipe}".replace(" -bsf:a aac_adtstoasc", ""))
    run_ffmpeg(shelf, [*arguments, path.name])
    assert why in str(media.plan_film(media.probe(path), [(START, END)]).why_whole)


def test_a_hole_inside_the_range_is_said_and_one_beside_it_stays(shelf: Path, tmp_path: Path) -> None:
    arguments = f"{PICTURES} {X264} {AAC} -bsf:a noise=drop='between(n\\,200\\,240)' hole.mp4"
    make(shelf, "aac in mp4")
    run_ffmpeg(shelf, shlex.split(arguments))
    clip = media.probe(shelf / "hole.mp4")
    plan = media.plan_film(clip, [(round(4 * RATE), round(4.8 * RATE))])
    assert plan.why_whole == "its sound has a gap or an overlap there"
    out = tmp_path / "film.mp4"
    splice(clip, music(START, END, 2), to=out)
    film = media.probe(out)
    assert (film.n_samples, film.audio_start_sample) == (clip.n_samples, clip.audio_start_sample)
    assert [time for time, _ in packets(out)] == [time for time, _ in packets(clip.path)]
    after = slice(round(4.6 * RATE), None)
    np.testing.assert_array_equal(
        media.decode_audio(film).samples[:, after], media.decode_audio(clip).samples[:, after]
    )
