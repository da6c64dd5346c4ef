"""Files that would lead to other files: refused in a sentence, whatever they are called."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from app import media
from app.cli.main import main
from app.errors import MediaError
from tests.fixtures_clips import ClipShelf

SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 RTP/AVP 96\r\n"
MPD = (
    '<?xml version="1.0"?>\n<!-- a film -->\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>file://{0}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>\n"
)
HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{0}\n#EXT-X-ENDLIST\n"
TEXTS = {
    "an HLS playlist": ("list.m3u8", HLS, "HLS"),
    "an HLS playlist called a film": ("film.mp4", HLS, "HLS"),
    "an HLS playlist behind a byte order mark": ("film.mp4", "\ufeff\n" + HLS, "HLS"),
    "an HLS playlist that has no end": ("live.m3u8", HLS.replace("#EXT-X-ENDLIST\n", ""), "HLS"),
    "an HLS master that names itself": ("me.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nme.m3u8\n", "HLS"),
    "an HLS playlist of 20,000 entries": ("long.m3u8", "#EXTM3U\n" + "#EXTINF:1,\n{0}\n" * 20_000, "HLS"),
    "a list called a film": ("film.mp4", "ffconcat version 1.0\nfile '{0}'\n", "ffconcat"),
    "a list without a head": ("film.mkv", "# mine\nfile '{0}'\n", "ffconcat"),
    "a DASH playlist called a film": ("film.mp4", MPD, "DASH"),
    "a stream's description": ("film.mp4", SDP, "SDP"),
    "a playlist of a player": ("film.avi", "[playlist]\nFile1={0}\n", "playlist"),
}


def _with_data_reference(clip: Path, folder: Path) -> Path:
    """An MP4 whose picture track says that its media are in another file."""
    data = clip.read_bytes()
    assert data.count(b"url \0\0\0\1") == 2
    return _written(folder / "reference.mp4", data.replace(b"url \0\0\0\1", b"url \0\0\0\0", 1))


def _with_segment_link(clip: Path, folder: Path) -> Path:
    """A Matroska file that says that the film goes on in another one."""
    header = clip.read_bytes()[:40]
    info = b"\x15\x49\xa9\x66\x94" + b"\x3e\xb9\x23\x90" + bytes(range(16))
    segment = header.find(b"\x18\x53\x80\x67")
    head = header if segment < 0 else header[:segment]
    return _written(folder / "linked.mkv", head + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + info)


def _with_chapter_link(clip: Path, folder: Path) -> Path:
    """A Matroska file with a chapter that lies in another one."""
    atom = b"\xb6\x93" + b"\x6e\x67\x90" + bytes(range(16))
    chapters = b"\x10\x43\xa7\x70" + bytes([0x80 | len(atom) + 3]) + b"\x45\xb9" + bytes([0x80 | len(atom)]) + atom
    head = _with_segment_link(clip, folder).read_bytes().partition(b"\x15\x49\xa9\x66")[0]
    return _written(folder / "linked.mkv", head + chapters)


def _series(clip: Path, folder: Path) -> Path:
    for number in range(3):
        Image.new("RGB", (64, 48), (number * 80, 0, 0)).save(folder / f"shot{number:03d}.png")
    return folder / "shot%03d.png"


def _picture(clip: Path, folder: Path) -> Path:
    Image.new("RGB", (64, 48)).save(folder / "still.png")
    return Path(shutil.move(folder / "still.png", folder / "film.mp4"))


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


MADE: dict[str, tuple[str, Callable[[Path, Path], Path], str]] = {
    "a data reference": ("h264", _with_data_reference, "data reference"),
    "a segment link": ("mkv", _with_segment_link, "segment link, NextUID"),
    "a chapter in another file": ("mkv", _with_chapter_link, "segment link, ChapterSegmentUID"),
    "a picture": ("h264", _picture, "is a picture"),
}


@pytest.fixture(params=[*TEXTS, *MADE])
def disguised(request: pytest.FixtureRequest, clips: ClipShelf, tmp_path: Path) -> tuple[Path, str]:
    """A file beside somebody else's film, and what has to be said of it."""
    name = request.param
    neighbour = Path(shutil.copy(clips.path("h264"), tmp_path / "neighbour.mp4"))
    if name in TEXTS:
        called, text, said = TEXTS[name]
        return _written(tmp_path / called, text.replace("{0}", str(neighbour)).encode()), said
    kind, make, said = MADE[name]
    return make(clips.path(kind), tmp_path), said


def test_it_is_refused_as_a_video_and_as_a_sound(disguised: tuple[Path, str]) -> None:
    path, said = disguised
    for read in (media.probe, media.read_audio):
        with pytest.raises(MediaError, match=said) as error:
            read(path)
        assert str(path.parent) not in str(error.value)


@pytest.mark.usefixtures("in_this_process")
def test_it_is_refused_without_a_sandbox_too(disguised: tuple[Path, str]) -> None:
    path, said = disguised
    with pytest.raises(MediaError, match=said):
        media.probe(path)


def test_the_command_line_says_it_in_one_sentence(
    disguised: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, said = disguised
    before = sorted(path.parent.iterdir())
    for words in (["split", path, "--parts", 2, "--out", path.parent / "out"], ["mood", path]):
        assert main([*map(str, words)]) == 1
        lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith(("probe:", "note:"))]
        assert len(lines) == 1
        assert said in lines[0]
    assert sorted(path.parent.iterdir()) == before


def test_a_name_of_a_series_opens_none_of_it(tmp_path: Path) -> None:
    path = _series(tmp_path, tmp_path)
    with pytest.raises(MediaError, match="does not exist"):
        media.probe(path)
    path.write_bytes(b"anything")
    with pytest.raises(MediaError, match="the name of a series of pictures"):
        media.probe(path)


def test_both_ffmpegs_are_new_enough() -> None:
    """Both have what CVE-2026-8461 and CVE-2026-40962 were mended by."""
    import re
    import subprocess

    import av

    from app.media.ffmpeg import ffmpeg_exe

    said = subprocess.run([ffmpeg_exe(), "-version"], capture_output=True, text=True, check=True).stdout
    for text in (said, f"ffmpeg version {av.ffmpeg_version_info}"):
        found = re.match(r"ffmpeg version n?(\d+)\.(\d+)(?:\.(\d+))?", text)
        assert found is not None, text[:80]
        assert tuple(int(number or 0) for number in found.groups()) >= (8, 1, 2)


@pytest.mark.usefixtures("in_this_process")
def test_a_picture_that_is_too_large_is_not_decoded(clips: ClipShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.media.open.MAX_PIXELS", 10_000)
    with pytest.raises(MediaError, match=r"pictures of 160 x 96, but at most 10,000 pixels are accepted"):
        media.probe(clips.path("h264"))
