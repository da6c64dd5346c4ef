"""The real Replicate client against a local server: the way it goes, and every way it fails, one sentence each."""

from __future__ import annotations

import io
import logging
import time
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile

from riffusion_inference.datatypes import GenerationSettings, Progress, Waveform
from riffusion_inference.engines.load import load_model
from riffusion_inference.engines.replicate_api import ReplicateApi
from riffusion_inference.engines.replicate_engine import ReplicateModel
from riffusion_inference.errors import EngineError, GenerationCancelled, SettingError
from tests.replicate_server import TOKEN, VERSION, Answer, FakeReplicate, fake_replicate, sound_file

SETTINGS = GenerationSettings("calm piano", seed=5, guidance_scale=2.5)


@pytest.fixture
def server() -> Iterator[FakeReplicate]:
    with fake_replicate() as state:
        yield state


def api(server: FakeReplicate, **options: Any) -> ReplicateApi:
    quick = {"poll_seconds": 0.01, "first_wait_seconds": 0.01, "attempts": 3, "read_timeout_seconds": 5.0}
    return ReplicateApi(options.pop("token", TOKEN), base_url=server.url, **{**quick, **options})


def engine(server: FakeReplicate, **options: Any) -> ReplicateModel:
    return ReplicateModel(api(server, **options))


def test_music_comes_with_audivs_settings_and_exact_length(server: FakeReplicate) -> None:
    seen: list[Progress] = []
    settings = GenerationSettings("calm piano", seed=5, guidance_scale=2.5, candidates=2)
    takes = engine(server).generate(settings, 4 * 44100 + 7, 44100, on_progress=seen.append)
    assert [(take.waveform.samples.shape, take.seed) for take in takes] == [((1, 176407), 5), ((1, 176407), 6)]
    assert np.abs(takes[0].waveform.samples).max() == pytest.approx(0.3, abs=0.01)
    assert [(p.done, p.total) for p in seen] == [(1, 2), (2, 2)]
    body = server.calls("POST /v1/predictions")[0]
    assert body["version"] == VERSION
    assert body["input"] == {
        "text": "calm piano",
        "duration": "5.0",
        "guidance_scale": 2.5,
        "n_candidates": 3,
        "random_seed": 5,
    }
    assert server.seen[0][1] == "/v1/models/haoheliu/audio-ldm"


def test_long_music_is_joined_from_several_predictions(server: FakeReplicate) -> None:
    take = engine(server).generate(SETTINGS, 30 * 22050, 22050)[0]
    assert take.waveform.n_samples == 30 * 22050
    bodies = [body for body in server.calls("POST /v1/predictions") if body]
    assert [body["input"]["duration"] for body in bodies] == ["17.5", "17.5"]
    assert bodies[0]["input"]["random_seed"] != bodies[1]["input"]["random_seed"]
    assert "2 pieces" in take.notes[0]


def test_the_engine_table_hands_the_token_on(server: FakeReplicate) -> None:
    model = load_model("replicate", device="cpu", token=TOKEN, base_url=server.url)
    assert (model.name, model.licence, model.sample_rate) == ("replicate", "cc-by-nc-sa-4.0", 16000)
    model.unload()
    with pytest.raises(EngineError, match="load it again"):
        model.generate(SETTINGS, 44100, 44100)


REFUSALS = {
    "401": (Answer(401, {"detail": f"bad {TOKEN}"}), r"refused the token \(401\): check REPLICATE_API_TOKEN", 1),
    "402": (Answer(402, {"detail": "no money"}), r"requires payment \(402\): add credit", 1),
    "404": (Answer(404, {"detail": f"not found for {TOKEN}."}), r"\(404\): not found for \(token\)\.$", 1),
    "422 in HTML": (Answer(422, b"<html>"), r"\(422\): it gave no reason", 1),
    "429": (Answer(429, {}), r"too many requests \(429\) \(tried 3 times\); try again later", 3),
    "503": (Answer(503, {}), r"service failed \(503\) \(tried 3 times\)", 3),
    "500": (Answer(500, {}), r"service failed \(500\) \(tried 3 times\)", 3),
    "429 for an hour": (Answer(429, {}, {"Retry-After": "3600"}), r"too many requests \(429\); try again", 1),
    "hang up": (Answer(200, {"id": "x"}, cut_after=3), r"broke off \(tried 3 times\)", 3),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_the_service_refuses_is_one_sentence(
    server: FakeReplicate, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer, sentence, tries = REFUSALS[name]
    server.fail("GET /v1/models", *[answer] * 5)
    with caplog.at_level(logging.DEBUG), pytest.raises(EngineError, match=sentence) as caught:
        engine(server).generate(SETTINGS, 44100, 44100)
    assert len(server.calls("GET /v1/models")) == tries
    said = str(caught.value) + "".join(traceback.format_exception(caught.value)) + caplog.text
    assert TOKEN not in said
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(server: FakeReplicate, status: int) -> None:
    server.fail("GET /v1/models", Answer(status), Answer(status))
    server.fail("GET /v1/predictions", Answer(status))
    assert engine(server).generate(SETTINGS, 44100, 44100)
    assert len(server.calls("GET /v1/models")) == 3


def test_a_named_wait_is_kept(server: FakeReplicate) -> None:
    server.fail("GET /v1/models", Answer(429, {}, {"Retry-After": "1"}))
    began = time.monotonic()
    assert engine(server).generate(SETTINGS, 44100, 44100)
    assert time.monotonic() - began >= 1.0


def test_a_prediction_is_never_paid_twice_by_accident(server: FakeReplicate) -> None:
    server.fail("POST /v1/predictions", Answer(500), Answer(500))
    with pytest.raises(EngineError, match=r"service failed \(500\); try again later"):
        engine(server).generate(SETTINGS, 44100, 44100)
    assert len(server.calls("POST /v1/predictions")) == 1
    server.queued.clear()
    server.fail("POST /v1/predictions", Answer(429), Answer(429))
    assert engine(server).generate(SETTINGS, 44100, 44100)


def test_a_failed_prediction_says_why(server: FakeReplicate) -> None:
    server.final_status, server.error = "failed", f"CUDA out of memory\nfor {TOKEN}"
    with pytest.raises(EngineError, match=r"audio-ldm failed: CUDA out of memory for \(token\)"):
        engine(server).generate(SETTINGS, 44100, 44100)
    server.final_status, server.error = "canceled", None
    with pytest.raises(EngineError, match="audio-ldm canceled: no reason given"):
        engine(server).generate(SETTINGS, 44100, 44100)


def test_a_silent_server_and_a_slow_prediction_time_out(server: FakeReplicate) -> None:
    server.fail("GET /v1/models", *[Answer(200, {}, delay_seconds=1.0)] * 2)
    with pytest.raises(EngineError, match=r"did not answer in time \(tried 2 times\)"):
        engine(server, read_timeout_seconds=0.1, attempts=2).generate(SETTINGS, 44100, 44100)
    server.queued.clear()
    server.fail("POST /v1/predictions", Answer(200, {}, delay_seconds=1.0))
    with pytest.raises(EngineError, match="did not answer in time; try again"):
        engine(server, read_timeout_seconds=0.2).generate(SETTINGS, 44100, 44100)
    server.queued.clear()
    server.polls = 10_000
    with pytest.raises(EngineError, match=r"did not finish haoheliu/audio-ldm within 0\.3 s"):
        engine(server, timeout_seconds=0.3).generate(SETTINGS, 44100, 44100)
    assert any(path.endswith("/cancel") for _, path, _, _ in server.seen)


def test_cancelling_stops_soon_and_cancels_there(server: FakeReplicate) -> None:
    server.polls = 10_000
    with pytest.raises(GenerationCancelled):
        engine(server).generate(SETTINGS, 44100, 44100, should_cancel=lambda: len(server.seen) > 4)
    assert server.seen[-1][1].endswith("/cancel")


def test_a_dropped_download_is_tried_again_then_a_sentence(server: FakeReplicate) -> None:
    server.fail("GET /files", Answer(200, sound_file(2.5), cut_after=999))
    assert engine(server).generate(SETTINGS, 44100, 44100)[0].waveform.n_samples == 44100
    server.fail("GET /files", *[Answer(200, sound_file(2.5), cut_after=999)] * 3)
    with pytest.raises(EngineError, match=r"broke off \(tried 3 times\)"):
        engine(server).generate(SETTINGS, 44100, 44100)


def test_what_is_no_sound_is_a_sentence(server: FakeReplicate) -> None:
    server.fail("GET /files", Answer(200, b"<html>gone</html>"))
    with pytest.raises(EngineError, match="sound file of 17 bytes cannot be read"):
        engine(server).generate(SETTINGS, 44100, 44100)
    server.output = {"no": "address"}
    with pytest.raises(EngineError, match="returned no sound"):
        engine(server).generate(SETTINGS, 44100, 44100)
    server.output = "ftp://elsewhere/file.wav"
    with pytest.raises(EngineError, match="no address to download"):
        engine(server).generate(SETTINGS, 44100, 44100)
    server.fail("GET /v1/models", Answer(200, {"surprise": 1}))
    with pytest.raises(EngineError, match="could not be understood"):
        engine(server).generate(SETTINGS, 44100, 44100)


def test_an_output_can_be_a_data_address(server: FakeReplicate) -> None:
    import base64

    server.output = "data:audio/wav;base64," + base64.b64encode(sound_file(2.5)).decode()
    assert engine(server).generate(SETTINGS, 44100, 44100)[0].waveform.n_samples == 44100


def test_the_token_goes_nowhere_else(server: FakeReplicate) -> None:
    with fake_replicate() as elsewhere:
        # Another host over plain http is refused before anything is sent.
        server.output = f"{elsewhere.url}/files/5.0"
        with pytest.raises(EngineError, match="no address to download"):
            engine(server).generate(SETTINGS, 44100, 44100)
        assert elsewhere.seen == []
        # Where the service sends a download on to another host, the token stays behind.
        server.output = None
        server.fail("GET /files", Answer(302, b"", {"Location": f"{elsewhere.url}/files/5.0"}))
        assert engine(server).generate(SETTINGS, 44100, 44100)
        ((_, path, headers, _),) = elsewhere.seen
        assert path == "/files/5.0"
        assert TOKEN not in str(headers)
    client = api(server)
    assert TOKEN not in repr(client) + repr(ReplicateModel(client).__dict__) + str(vars(ReplicateModel(client)))


def test_no_token_and_no_network_are_sentences(server: FakeReplicate) -> None:
    with pytest.raises(EngineError, match="put REPLICATE_API_TOKEN="):
        ReplicateApi(" ")
    with pytest.raises(EngineError, match=r"refused the token \(401\)"):
        engine(server, token="wrong").generate(SETTINGS, 44100, 44100)
    gone = ReplicateApi(TOKEN, base_url="http://127.0.0.1:9", attempts=2, first_wait_seconds=0.01)
    with pytest.raises(EngineError, match=r"could not be reached: check the network \(tried 2 times\)"):
        ReplicateModel(gone).generate(SETTINGS, 44100, 44100)


def test_what_the_engine_cannot_do_is_said(server: FakeReplicate) -> None:
    seeded = GenerationSettings("calm", seed_audio=Waveform(np.zeros((1, 9), np.float32), 9))
    with pytest.raises(SettingError, match="cannot start from"):
        engine(server).generate(seeded, 44100, 44100)
    take = engine(server).generate(GenerationSettings("calm", negative_prompt="drums"), 44100, 44100)[0]
    assert "takes no negative prompt: it was ignored" in take.notes[0]


def test_a_clip_that_is_too_short_is_a_sentence(server: FakeReplicate) -> None:
    server.fail("GET /files", Answer(200, sound_file(0.4)))
    with pytest.raises(EngineError, match=r"made 0\.40 s of sound, but 1\.00 s"):
        engine(server).generate(SETTINGS, 44100, 44100)
    assert soundfile.read(io.BytesIO(sound_file(0.4)))[1] == 16000
