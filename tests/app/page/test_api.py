"""The page's endpoints for programs, its limits, and what nobody may fetch."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app import media
from app.media.ffmpeg import ffmpeg_exe
from app.page.visitors import OPEN
from app.result.verify import verify
from app.settings.options import SCORE
from riffusion_inference.notation.score import Key
from riffusion_inference.score.midi import midi_from_score, score_from_midi
from tests.fixtures_dub import run
from tests.fixtures_page import Served

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def client(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A program on this machine."""
    return Client(served.url, verbose=False, download_files=str(tmp_path_factory.mktemp("client")))


def test_the_whole_job_from_a_program(client: Client, served: Served, real_clip: Path) -> None:
    video = handle_file(str(real_clip))
    facts = client.predict(video, api_name="/probe")
    assert facts["n_frames"] == 150
    parts, report = client.predict(video, 3, api_name="/split")
    assert len(parts) == len(report["parts"]) == 3
    mood = client.predict(video, n_parts=4, part=2, api_name="/suggest")
    film, music, report, midi = client.predict(
        video, mood["prompt"], n_parts=4, part=2, seed=5, num_inference_steps=2, api_name="/dub"
    )
    assert Path(film).stat().st_size > 0
    assert Path(music).suffix == ".wav"
    assert midi is None, "this checkpoint paints no scores"
    assert [(dub["part"], dub["seed"], dub["prompt"]) for dub in report["dubs"]] == [(2, 5, mood["prompt"])]
    _, _, report, _ = client.predict(video, "strings", part=3, num_inference_steps=2, api_name="/dub")
    assert [dub["part"] for dub in report["dubs"]] == [2, 3]
    archive = client.predict(api_name="/archive")
    assert verify(Path(archive), real_clip).ok
    assert str(served.folder) not in str(report)


def test_a_range_is_the_same_film_from_a_program_and_from_the_command_line(
    served: Served, real_clip: Path, tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(served.url, verbose=False, download_files=str(tmp_path / "client"))
    asked = {"ranges": [["0:01.02", 2.4]], "seed": 5, "num_inference_steps": 2, "sound_mode": "under", "fade_in": 0.5}
    film, music, report, _ = client.predict(handle_file(str(real_clip)), "calm piano", **asked, api_name="/dub")
    assert report["dubs"][0]["time"] == pytest.approx([1.0333, 2.4], abs=1e-4)
    assert "00:01.020 is moved to 00:01.033, where the nearest frame begins." in report["notes"]
    argv = ["dub", real_clip, "--range", "0:01.02-2.4", "--prompt", "calm piano", "--seed", 5, "--steps", 2]
    argv += ["--mix", "under", "--fade-in", 0.5, "--model", tiny_checkpoint, "--device", "cpu"]
    code, _, err = run(capsys, *argv, "--out", tmp_path / "out")
    assert code == 0, err
    assert Path(film).read_bytes() == (tmp_path / "out" / "film.mp4").read_bytes()
    takes = [media.read_audio(path).samples for path in (Path(music), tmp_path / "out" / "music" / "02.wav")]
    assert np.array_equal(*takes)


def test_a_program_says_what_the_score_should_be_and_gets_it(client: Client, real_clip: Path, tmp_path: Path) -> None:
    video, asked = handle_file(str(real_clip)), {"n_parts": 1, "num_inference_steps": 1, "score": "on", "seed": 3}
    wishes = {"key": "D minor", "bpm": 100, "meter": "3/4", "instruments": "flute, cello", "drums": "no drums"}
    *_, report, midi = client.predict(video, "happy piano in C, 4/4", **asked, **wishes, api_name="/dub")
    score = score_from_midi(Path(midi).read_bytes()).score
    assert score.key == Key(2, minor=True)
    assert (3, 4) in [(meter.beats, meter.unit) for meter in score.meters]
    assert all(abs(tempo.bpm - 100) < 4.1 for tempo in score.tempi)
    assert {note.layer for note in score.notes} <= {"lead", "chords", "bass"}
    assert any("D minor" in note for note in report["notes"])
    own = tmp_path / "own.mid"
    own.write_bytes(midi_from_score(score))
    *_, report, again = client.predict(
        video, "piano", n_parts=1, num_inference_steps=1, midi=handle_file(str(own)), api_name="/dub"
    )
    assert score_from_midi(Path(again).read_bytes()).score.notes == score.notes
    own.write_bytes(b"this is no MIDI file")
    with pytest.raises(AppError, match=r"own\.mid"):
        client.predict(video, "piano", n_parts=1, midi=handle_file(str(own)), api_name="/dub")
    with pytest.raises(AppError, match="nonsense"):
        client.predict(video, "piano", n_parts=2, genre="nonsense", api_name="/dub")


def test_the_example_in_the_docs_runs(
    served: Served, real_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    code = text.split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holiday.mp4").write_bytes(real_clip.read_bytes())
    values: dict[str, str] = {}
    exec(compile(code.replace("http://127.0.0.1:7860", served.url), "docs/api.md", "exec"), values)
    assert "480 × 270" in capsys.readouterr().out
    assert verify(Path(values["archive"]), real_clip).ok


def test_our_sentences_reach_the_program(client: Client, real_clip: Path, tmp_path: Path) -> None:
    video = handle_file(str(real_clip))
    with pytest.raises(AppError, match="choose from 1 to 4"):
        client.predict(video, "piano", n_parts=4, part=9, api_name="/dub")
    with pytest.raises(AppError, match="0 to 45"):
        client.predict(video, "piano", guidance_scale=99, api_name="/dub")
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(b"nothing like a video")
    with pytest.raises(AppError, match=r"wrong\.mp4") as told:
        client.predict(handle_file(str(wrong)), api_name="/probe")
    assert "/" not in str(told.value)


def test_limits_are_sentences(client: Client, tmp_path: Path) -> None:
    long = tmp_path / "long.mp4"
    options = ["-f", "lavfi", "-i", "color=c=gray:s=32x32:r=1:d=70", "-c:v", "libx264", "-y", str(long)]
    subprocess.run([ffmpeg_exe(), "-loglevel", "error", *options], check=True)
    with pytest.raises(AppError, match=r"lasts 01:10\.000, but the longest accepted here is 01:00\.000"):
        client.predict(handle_file(str(long)), api_name="/probe")
    large = tmp_path / "large.mp4"
    large.write_bytes(bytes(4_000_000))
    with pytest.raises(Exception, match=r"(?i)size|large|413"):
        client.predict(handle_file(str(large)), api_name="/probe")


def test_every_endpoint_describes_its_parameters(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]  # type: ignore[index]
    assert set(named) == {"/probe", "/split", "/suggest", "/dub", "/remix", "/archive"}
    described = httpx.get(f"{client.src}gradio_api/info", headers=client.headers, cookies=client.cookies).json()
    for name, endpoint in described["named_endpoints"].items():
        assert endpoint["description"], name
        for parameter in endpoint["parameters"]:
            assert parameter["parameter_name"] not in ("request", "session"), name
    offered = {one["parameter_name"] for one in described["named_endpoints"]["/dub"]["parameters"]}
    assert set(SCORE) <= offered


@pytest.fixture
def own_clip(real_clip: Path, tmp_path: Path) -> Path:
    """A clip that nobody else sends."""
    own = tmp_path / "own.mp4"
    own.write_bytes(real_clip.read_bytes() + (8 + len(__name__)).to_bytes(4, "big") + b"free" + __name__.encode())
    return own


def test_nobody_fetches_what_is_not_his(client: Client, served: Served, own_clip: Path) -> None:
    client.predict(handle_file(str(own_clip)), 2, api_name="/split")
    results = [path for path in served.folder.rglob("visitors/*/*/*/parts/01.mp4") if OPEN not in path.parts]
    uploads = list(served.folder.glob("visitors/*/uploads/*/own.mp4"))
    assert results
    assert uploads
    secret = ROOT / ".env"
    made = not secret.exists()
    if made:
        secret.write_text("REPLICATE_API_TOKEN=none\n")
    try:
        with httpx.Client(base_url=served.url) as stranger:
            stranger.get("/")
            assert any(cookie.name == "riffusion_dub_visitor" for cookie in stranger.cookies.jar)
            for path in ("/etc/passwd", secret, ROOT / "README.md", Path(__file__), *results, *uploads):
                for route in (f"/gradio_api/file={path}", f"/file={path}", f"/gradio_api/file/{path}"):
                    answer = stranger.get(route)
                    assert answer.status_code in (403, 404), f"{route}: {answer.status_code}"
            climbing = f"/gradio_api/file={served.folder}/visitors/../../../../../etc/passwd"
            assert stranger.get(climbing).status_code == 403
            assert stranger.get("/gradio_api/file=http://127.0.0.1:1/x").status_code == 403
            assert stranger.get("/gradio_api/proxy=http://127.0.0.1:1/x").status_code == 403
    finally:
        if made:
            secret.unlink()
    mine = httpx.get(f"{served.url}/gradio_api/file={results[-1]}", cookies=client.cookies)
    owners = [httpx.get(f"{served.url}/gradio_api/file={p}", cookies=client.cookies).status_code for p in results]
    assert mine.status_code in (200, 403)
    assert 200 in owners


def test_another_ones_upload_cannot_be_used_as_input(client: Client, served: Served, own_clip: Path) -> None:
    client.predict(handle_file(str(own_clip)), api_name="/probe")
    stolen = max(served.folder.glob("visitors/*/uploads/*/own.mp4"), key=lambda path: path.stat().st_mtime_ns)
    body = {"data": [{"path": str(stolen), "meta": {"_type": "gradio.FileData"}}]}
    with httpx.Client(base_url=served.url, timeout=30) as stranger:
        stranger.get("/")
        event = stranger.post("/gradio_api/call/probe", json=body).json()["event_id"]
        answer = stranger.get(f"/gradio_api/call/probe/{event}").text
    assert "event: error" in answer
    assert "not from this visit" in answer
