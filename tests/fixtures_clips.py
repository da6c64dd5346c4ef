"""Small clips of every kind that people bring, made by script: each frame carries its number as a row of blocks."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from PIL import Image

from app import media
from app.media.mp4.boxes import Edit, edits_box
from app.media.mp4.movie import read_movie, whole_track
from app.media.mp4.write import write_movie

WIDTH, HEIGHT, FRAMES, RATE = 160, 96, 75, 25
SAMPLE_RATE = 48000
BITS, BLOCK = 10, 16

PICTURES = f"-f rawvideo -pix_fmt yuv420p -s {WIDTH}x{HEIGHT} -framerate {RATE} -i raw.yuv"
SLOW_PICTURES = PICTURES.replace(f"-framerate {RATE}", "-framerate 3")  # 25 s
SOUND = "-i sound.wav"
X264 = "-c:v libx264 -preset veryfast -threads 1 -bf 3 -g 250 -sc_threshold 0"
AAC = "-c:a aac -aac_pns 0 -b:a 96k"
HDR = "-vf setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
X265 = "-c:v libx265 -preset ultrafast -threads 1 -tag:v hvc1"
QUIET265 = "log-level=none:pools=1:frame-threads=1"
MASTER = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400:hdr10=1"

# Name of the kind: the file's ending and FFmpeg's arguments; names of other kinds in braces are made first.
RECIPES: dict[str, tuple[str, str]] = {
    "h264": ("mp4", f"{PICTURES} {SOUND} {X264} {AAC} -t 3"),
    "keyframes": ("mp4", f"{PICTURES} {SOUND} {X264} -g 10 {AAC} -t 3"),
    "open_gop": ("mp4", f"{PICTURES} {SOUND} {X264} -x264-params open-gop=1:keyint=14:min-keyint=14 {AAC} -t 3"),
    "open_gop_long": (
        "mp4",
        f"{SLOW_PICTURES} {SOUND} {X264} -x264-params open-gop=1:keyint=14:min-keyint=14:bframes=3 {AAC}",
    ),
    "variable_rate": (
        "mp4",
        f"{PICTURES} {SOUND} -vf \"select='lt(n,20)+not(mod(n,3))'\" -fps_mode vfr {X264} -g 8 {AAC} -t 3",
    ),
    "pts_gap": ("mp4", f"{PICTURES} {SOUND} -vf \"setpts='PTS+gt(N,40)*1.2/TB'\" -fps_mode vfr {X264} {AAC}"),
    "sound_gap": ("mp4", f"{PICTURES} {SOUND} {X264} -g 20 -af \"aselect='not(between(t,1,1.4))'\" {AAC}"),
    "start_offset": ("mp4", f"-itsoffset 1.5 {PICTURES} -itsoffset 1.5 {SOUND} -fps_mode passthrough {X264} {AAC}"),
    "sound_late": ("mp4", f"{PICTURES} -itsoffset 0.7 {SOUND} {X264} {AAC}"),
    "sound_early": ("mp4", f"-itsoffset 0.43 {PICTURES} {SOUND} -fps_mode passthrough {X264} {AAC}"),
    "own_edit_list": ("mp4", "-ss 0.9 -i {h264} -map 0 -c copy"),
    "sound_longer": ("mp4", f"{PICTURES} -stream_loop 1 {SOUND} {X264} {AAC}"),
    "sound_shorter": ("mp4", f"{PICTURES} {SOUND} {X264} {AAC} -af atrim=end=1.3"),
    "no_sound": ("mp4", f"{PICTURES} {X264}"),
    "odd_size": (
        "mp4",
        f"{PICTURES} {SOUND} -vf format=yuv444p,pad=161:97,format=yuv420p -c:v mpeg4 -q:v 3 -bf 2 -g 30 {AAC} -t 3",
    ),
    "ten_bit": ("mp4", f"{PICTURES} {SOUND} {X264} -pix_fmt yuv420p10le {HDR} {AAC} -t 3"),
    "hevc_hdr": (
        "mp4",
        f"{PICTURES} {SOUND} {X265} -pix_fmt yuv420p10le {HDR} -x265-params {QUIET265}:keyint=20:bframes=3:{MASTER} "
        f"{AAC} -t 3",
    ),
    "hevc_open_gop": (
        "mp4",
        f"{PICTURES} {SOUND} {X265} -x265-params {QUIET265}:open-gop=1:keyint=14:min-keyint=14:bframes=4 {AAC} -t 3",
    ),
    "av1": ("mp4", f"{PICTURES} {SOUND} -c:v libsvtav1 -preset 12 -g 30 -svtav1-params lp=1 {AAC} -t 3"),
    "mpeg4": ("mp4", f"{PICTURES} {SOUND} -c:v mpeg4 -q:v 3 -bf 2 -g 30 {AAC} -t 3"),
    "rotated": ("mp4", "-display_rotation 90 -i {keyframes} -map 0 -c copy"),
    "several_tracks": (
        "mp4",
        f"{PICTURES} {SOUND} -i subtitles.srt -i chapters.txt -map 0:v -map 1:a -map 1:a -map 2:s -map_metadata 3 "
        f"-metadata:s:a:0 language=eng -metadata:s:a:1 language=deu -metadata:s:s:0 language=fra "
        f"-filter:a:1 volume=0.5 {X264} {AAC} -c:s mov_text -t 3",
    ),
    "new_parameters": ("mp4", "-framerate 25 -i joined.h264 -c copy"),
    "mov_pcm": ("mov", f"{PICTURES} {SOUND} {X264} -c:a pcm_s16le -t 3"),
    "fragmented": ("mp4", "-i {keyframes} -c copy -movflags frag_keyframe+empty_moov+default_base_moof+delay_moov"),
    "mkv": ("mkv", f"{PICTURES} {SOUND} -i subtitles.srt -map 0 -map 1 -map 2 {X264} {AAC} -c:s srt -t 3"),
    "mkv_flac": ("mkv", f"{PICTURES} {SOUND} {X264} -c:a flac -sample_fmt s16 -t 3"),
    "mkv_pcm": ("mkv", f"{PICTURES} {SOUND} {X264} -c:a pcm_s16le -t 3"),
    "webm": (
        "webm",
        f"{PICTURES} {SOUND} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -threads 1 -c:a libopus -b:a 96k -t 3",
    ),
    "vp8": (
        "webm",
        f"{PICTURES} {SOUND} -c:v libvpx -deadline realtime -cpu-used 8 -auto-alt-ref 1 -g 20 -keyint_min 20 "
        "-threads 1 -c:a libopus -b:a 96k -t 3",
    ),
    "avi": ("avi", f"{PICTURES} {SOUND} -c:v mpeg4 -q:v 3 -g 30 -c:a pcm_s16le -t 3"),
    "avi_h264": ("avi", f"{PICTURES} {SOUND} {X264} -bf 0 -g 20 -c:a mp3 -b:a 128k -t 3"),
    "avi_b_frames": ("avi", f"{PICTURES} {SOUND} {X264} -g 20 -c:a pcm_s16le -t 3"),
    "ts": ("ts", f"{PICTURES} {SOUND} {X264} -g 20 {AAC} -t 3"),
    "ts_hevc_mp2": ("ts", f"{PICTURES} {SOUND} {X265} -x265-params {QUIET265}:keyint=20:bframes=3 -c:a mp2 -t 3"),
    "flv": ("flv", f"{PICTURES} {SOUND} -ar 44100 {X264} -g 20 {AAC} -t 3"),
    "mkv_vorbis": ("mkv", f"{PICTURES} {SOUND} {X264} -c:a libvorbis -b:a 128k -t 3"),
    "h263": ("3gp", f"{PICTURES} {SOUND} -vf scale=176:144:flags=neighbor -c:v h263 -q:v 3 -g 12 -ar 44100 {AAC} -t 3"),
}
TWO_STRETCHES = "two_stretches"
HOSTILE_NAME = "-dash 'quotes\" ünïcode %d;$(x) & clip"

SUBTITLES = "1\n00:00:00,200 --> 00:00:01,100\nfirst\n\n2\n00:00:01,300 --> 00:00:02,600\nsecond\n"
CHAPTERS = ";FFMETADATA1\ntitle=Tagged\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={start + 1000}\ntitle=Chapter {number}\n"
    for number, start in enumerate((0, 1000, 2000), 1)
)


def run_ffmpeg(folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run the FFmpeg that the tests bring along; its output comes back, its failure is the test's."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True)


def frame_number(picture: Image.Image) -> int:
    """Read a frame's number from its row of blocks."""
    grey = np.asarray(picture.convert("L"), dtype=np.float64)
    blocks = [grey[4 : BLOCK - 4, k * BLOCK + 4 : (k + 1) * BLOCK - 4].mean() for k in range(BITS)]
    return sum(1 << k for k, level in enumerate(blocks) if level > 128)


def _raw_pictures() -> np.ndarray:
    """[FRAMES, HEIGHT * 3 / 2, WIDTH] uint8: planar 4:2:0 with the number in blocks and something that moves."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    frames = np.full((FRAMES, HEIGHT * 3 // 2, WIDTH), 128, dtype=np.uint8)
    for n in range(FRAMES):
        frames[n, :HEIGHT] = 60 + (x + 3 * n + y) % 120
        for bit in range(BITS):
            frames[n, :BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if n >> bit & 1 else 16
    return frames


def _sound() -> np.ndarray:
    """[T, 2] float: a rising tone and a little noise, 3.05 s."""
    t = np.arange(round(3.05 * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(1).standard_normal((len(t), 2)) * 0.02
    tone = 0.4 * np.sin(2 * np.pi * (200 + 150 * t) * t)
    return np.stack([tone, 0.7 * tone], axis=1) + noise


class ClipShelf:
    """Makes a clip of a kind when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, Path] = {}
        _raw_pictures().tofile(folder / "raw.yuv")
        soundfile.write(folder / "sound.wav", _sound(), SAMPLE_RATE, subtype="PCM_16")
        (folder / "subtitles.srt").write_text(SUBTITLES)
        (folder / "chapters.txt").write_text(CHAPTERS)

    def path(self, kind: str) -> Path:
        """The clip of a kind in RECIPES, or "hostile_name": a plain one whose name is hard on shells and options."""
        if kind not in self.made:
            self.made[kind] = self._make(kind)
        return self.made[kind]

    def _make(self, kind: str) -> Path:
        if kind == "hostile_name":
            return Path(shutil.copy(self.path("h264"), self.folder / f"{HOSTILE_NAME}.mp4"))
        if kind == TWO_STRETCHES:
            return self._two_stretches()
        if kind == "new_parameters":
            self._join_streams()
        suffix, recipe = RECIPES[kind]
        path = self.folder / f"{kind}.{suffix}"
        needed = {other: str(self.path(other)) for other in RECIPES if f"{{{other}}}" in recipe}
        run_ffmpeg(self.folder, [*shlex.split(recipe.format(**needed)), path.name])
        return path

    def _two_stretches(self) -> Path:
        """A clip whose edit list shows its first 0.8 s and then 1.2 s to 2.8 s."""
        movie = read_movie(self.path("keyframes"))
        tracks = []
        for track in movie.tracks:
            assert track.shown is not None
            first, second = track.shown.first, track.shown.first + track.timescale * 6 // 5
            edits = [Edit(movie.timescale * 4 // 5, first), Edit(movie.timescale * 8 // 5, second)]
            whole = whole_track(track)
            tracks.append(dataclasses.replace(whole, trak=whole.trak.replaced(edits_box(edits))))
        path = self.folder / f"{TWO_STRETCHES}.mp4"
        write_movie(path, movie.ftyp, movie.moov, movie.timescale, movie.timescale * 12 // 5, tracks)
        return path

    def _join_streams(self) -> None:
        """Two H.264 streams with different parameter sets, one after the other."""
        joined = b""
        for number, extra in enumerate(("ref=1:cabac=1:keyint=20", "ref=3:cabac=0:8x8dct=0:keyint=20")):
            arguments = f"{PICTURES} {X264} -bf 0 -x264-params {extra} -frames:v 37 half{number}.h264"
            run_ffmpeg(self.folder, shlex.split(arguments))
            joined += (self.folder / f"half{number}.h264").read_bytes()
        (self.folder / "joined.h264").write_bytes(joined)


@pytest.fixture
def in_this_process() -> Iterator[None]:
    """Media are read in this process, where a test can look over its shoulder."""
    with media.in_this_process():
        yield


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipShelf:
    """Clips of every kind, each made once per session."""
    return ClipShelf(tmp_path_factory.mktemp("clips"))
