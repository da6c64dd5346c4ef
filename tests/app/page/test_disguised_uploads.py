"""Files that name another visitor's film: the running page refuses them in a sentence without its folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from app.page import strings
from tests.app.media.test_disguises import HLS, MPD, SDP
from tests.fixtures_page import Served

DISGUISES = {
    "an HLS playlist": ("list.m3u8", HLS, "HLS"),
    "an HLS playlist called a film": ("film.mp4", HLS, "HLS"),
    "a playlist without an end": ("live.mp4", HLS.replace("#EXT-X-ENDLIST\n", ""), "HLS"),
    "a list called a film": ("film.mkv", "ffconcat version 1.0\nfile '{0}'\n", "ffconcat"),
    "a DASH playlist": ("film.webm", MPD, "DASH"),
    "a stream's description": ("film.mov", SDP, "SDP"),
}


@pytest.fixture(scope="module")
def victim(served: Served, real_clip: Path) -> Path:
    """Where an honest visitor's film lies on the server."""
    honest = Client(served.url, verbose=False)
    assert honest.predict(handle_file(str(real_clip)), api_name="/probe")["n_frames"] == 150
    [path] = [path for path in served.folder.rglob(real_clip.name) if path.is_file()][:1]
    return path


@pytest.fixture(scope="module")
def stranger(served: Served) -> Client:
    return Client(served.url, verbose=False, headers={"user-agent": "a stranger's"})


@pytest.mark.parametrize("name", DISGUISES)
def test_a_film_of_somebody_else(stranger: Client, served: Served, victim: Path, tmp_path: Path, name: str) -> None:
    called, text, said = DISGUISES[name]
    path = tmp_path / called
    path.write_text(text.replace("{0}", str(victim)))
    for where in ("/probe", "/split"):
        with pytest.raises(AppError, match=said) as error:
            stranger.predict(handle_file(str(path)), api_name=where)
        assert str(served.folder) not in str(error.value)


def test_a_picture_that_grows_costs_a_sentence(stranger: Client, real_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "seed.png"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(AppError, match="The seed image cannot be read as a picture"):
        stranger.predict(handle_file(str(real_clip)), "x", seed_image=handle_file(str(path)), api_name="/dub")


def test_a_part_that_does_not_exist_and_no_video(stranger: Client, real_clip: Path) -> None:
    for where in ("/suggest", "/dub"):
        words = {"prompt": "x"} if where == "/dub" else {}
        with pytest.raises(AppError, match=r"Part 9 does not exist: choose from 1 to 4\."):
            stranger.predict(handle_file(str(real_clip)), n_parts=4, part=9, api_name=where, **words)
    with pytest.raises(AppError, match=strings.NO_FILE):
        stranger.predict(None, api_name="/probe")
