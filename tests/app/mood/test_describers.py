"""The image-model describers: real transformers classes made on the spot, and LLaVA on a local Replicate."""

from __future__ import annotations

import base64
import gc
import io
import weakref
from pathlib import Path
from typing import Any

import gradio.media
import pytest
from PIL import Image

from app.errors import DubCancelled, MoodError
from app.mood import suggest, vlm
from app.mood.answers import INSTRUCTION, clean_answer
from app.mood.replicate_describer import side_by_side
from app.settings import Settings, load_settings
from riffusion_inference.errors import EngineError
from tests.replicate_server import TOKEN, VERSION, Answer, fake_replicate
from tests.tiny_vlm import save_tiny_idefics3, save_tiny_llava

WORLD = Path(gradio.media.get_video("world.mp4"))
LION, TOWER = (Image.open(gradio.media.get_image(name)) for name in ("lion.jpg", "tower.jpg"))


def settings(**values: Any) -> Settings:
    return load_settings(env_file=None, environ={}, **{"device": "cpu", **values})


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llava(tmp_path_factory.mktemp("llava"))


@pytest.fixture(scope="module")
def idefics3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_idefics3(tmp_path_factory.mktemp("idefics3"))


@pytest.mark.parametrize("model", ["llava", "idefics3"])
def test_a_local_model_looks_and_answers(model: str, request: pytest.FixtureRequest) -> None:
    folder = str(request.getfixturevalue(model))
    answer = vlm.describe([LION, TOWER], INSTRUCTION, model=folder, device="cpu")
    assert 3 <= len(answer.split()) < 30
    assert answer == vlm.describe([LION, TOWER], INSTRUCTION, model=folder, device="cpu")
    assert answer != vlm.describe([TOWER], INSTRUCTION, model=folder, device="cpu")


def test_the_prompt_is_the_models_own_and_no_tempo_is_forced_on_it(llava: Path) -> None:
    found = suggest(WORLD, describer="vlm", settings=settings(image_model=str(llava)))
    assert found.describer == "vlm"
    assert "BPM" not in found.prompt
    assert found.bpm is None
    assert len(found.prompt.split()) < 30
    assert "dark" in found.saw


def test_the_models_memory_is_freed_before_the_answer_is_back(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[weakref.ref[Any]] = []
    load = vlm.load

    def watched(model: str, device: str) -> tuple[Any, Any]:
        network, processor = load(model, device)
        alive.extend([weakref.ref(network), weakref.ref(next(network.parameters()))])
        return network, processor

    monkeypatch.setattr(vlm, "load", watched)
    gc.disable()  # so that only describe's own clearing up can have done it
    try:
        vlm.describe([LION], INSTRUCTION, model=str(llava), device="cpu")
        assert [reference() for reference in alive] == [None, None]
    finally:
        gc.enable()


def test_cancelling_stops_at_the_next_word(llava: Path) -> None:
    asked = 0

    def after_five() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    with pytest.raises(DubCancelled):
        vlm.describe([LION], INSTRUCTION, model=str(llava), device="cpu", should_cancel=after_five)
    assert asked == 6


def test_an_unreachable_hub_is_a_sentence() -> None:
    with pytest.raises(MoodError, match=r"hub could not be reached.*palette describer, which needs no download"):
        suggest(WORLD, describer="vlm", settings=settings())


def test_what_is_no_such_model_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(MoodError, match="choose another one with IMAGE_MODEL"):
        vlm.describe([LION], INSTRUCTION, model=str(tmp_path), device="cpu")


def test_auto_goes_on_with_the_palette_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    # A machine with a GPU, where auto asks an image model first; it is not on this one, and the hub is out of reach.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    found = suggest(WORLD, describer="auto", settings=settings(device="cuda"))
    assert found.describer == "palette"
    assert "The palette describer was used instead" in found.notes[0]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("  Calm piano,\n slow strings and soft bells. ", "Calm piano, slow strings and soft bells"),
        ('Assistant: "Warm folk with acoustic guitar."', "Warm folk with acoustic guitar"),
        ("Sure! Here is a description of fitting music: dark ambient with slow pads", "dark ambient with slow pads"),
        ("The background music could be: gentle harp melody", "gentle harp melody"),
        ("Slow ambient. " + "very " * 40 + "calm", "Slow ambient. " + " ".join(["very"] * 27)),
    ],
)
def test_answers_are_trimmed(answer: str, kept: str) -> None:
    assert clean_answer(answer, "m") == kept


@pytest.mark.parametrize(
    "answer", ["", " \n", "...", "music", "yes yes yes yes", "I'm sorry, but I can't help with that."]
)
def test_what_is_no_description_is_a_sentence(answer: str) -> None:
    with pytest.raises(MoodError, match="describes no music: choose other pictures"):
        clean_answer(answer, "m")


def test_llava_on_replicate_gets_audivs_parameters() -> None:
    with fake_replicate() as server:
        server.output = ["Dark", " ambient", " pads,", " slow", " pulse at 70 bpm"]
        found = suggest(
            WORLD,
            describer="replicate",
            settings=settings(replicate_api_token=TOKEN, replicate_base_url=server.url),
            images=[LION, TOWER],
        )
        assert found.describer == "replicate"
        assert found.prompt == "Dark ambient pads, slow pulse at 70 bpm"
        assert server.seen[0][1] == "/v1/models/yorickvp/llava-13b"
        body = server.calls("POST /v1/predictions")[0]
    assert body["version"] == VERSION
    sent = body["input"]
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0.2, 1, 1024)
    assert sent["prompt"] == INSTRUCTION
    assert "under 30 words" in INSTRUCTION
    picture = Image.open(io.BytesIO(base64.b64decode(sent["image"].split(",")[1])))
    assert picture.format == "JPEG"
    assert picture.width > picture.height


def test_replicates_failures_reach_the_person_without_the_token() -> None:
    with fake_replicate() as server:
        asked = settings(replicate_api_token=TOKEN, replicate_base_url=server.url)
        server.fail("GET /v1/models", Answer(402))
        with pytest.raises(EngineError, match=r"requires payment \(402\)") as caught:
            suggest(WORLD, describer="replicate", settings=asked, images=[LION])
        assert TOKEN not in str(caught.value) + repr(asked)
        server.output = ["I'm", " sorry"]
        with pytest.raises(MoodError, match="describes no music"):
            suggest(WORLD, describer="replicate", settings=asked, images=[LION])
        server.output, server.polls = None, 10_000
        before = len(server.seen)
        with pytest.raises(DubCancelled):
            suggest(
                WORLD,
                describer="replicate",
                settings=asked,
                images=[LION],
                should_cancel=lambda: len(server.seen) > before + 1,
            )
        assert server.seen[-1][1].endswith("/cancel")
    with pytest.raises(EngineError, match="put REPLICATE_API_TOKEN="):
        suggest(WORLD, describer="replicate", settings=settings(), images=[LION])


def test_pictures_go_side_by_side() -> None:
    wide, tall = Image.new("RGB", (200, 100), "red"), Image.new("RGB", (100, 200), "blue")
    row = side_by_side([wide, tall])
    assert row.size == (250, 100)
    assert row.getpixel((10, 50)) == (255, 0, 0)
    assert row.getpixel((240, 50)) == (0, 0, 255)
