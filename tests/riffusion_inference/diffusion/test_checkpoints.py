"""Checkpoints: what is there loads, what is not is one sentence, and pickles cannot run code."""

from __future__ import annotations

import json
import pickle
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from riffusion_inference.datatypes import Progress, SpectrogramParams
from riffusion_inference.diffusion.checkpoints import (
    POCKET_FOLDER,
    RIFFUSION,
    SketchInput,
    check_folder,
    read_licence,
    read_params,
    read_sketch_input,
    resolve_checkpoint,
)
from riffusion_inference.diffusion.model import RiffusionModel
from riffusion_inference.engines.load import load_model
from riffusion_inference.errors import CheckpointError, SettingError, SpectrogramError
from riffusion_inference.score.timbres import GRID
from tests.fixtures_models import TINY_PARAMS


@pytest.fixture
def copy(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint to damage."""
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "copy"))


def test_names_and_folders(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_checkpoint("pocket") == POCKET_FOLDER
    assert resolve_checkpoint(tiny_checkpoint) == tiny_checkpoint.resolve()
    monkeypatch.chdir(tiny_checkpoint.parent)
    assert resolve_checkpoint("tiny-model") == tiny_checkpoint.resolve()
    assert resolve_checkpoint("./tiny-model") == tiny_checkpoint.resolve()
    monkeypatch.setenv("HOME", str(tiny_checkpoint.parent))
    assert resolve_checkpoint("~/tiny-model") == tiny_checkpoint.resolve()


@pytest.mark.parametrize("name", ["no-such-folder", "./no/such/folder", "a/b/c", "-x/y", "", "name with spaces/x"])
def test_a_folder_that_is_not_there_is_a_sentence(name: str) -> None:
    with pytest.raises(CheckpointError, match=r"folder|model_index\.json"):
        resolve_checkpoint(name)


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A hub that refuses connections, and an empty cache."""
    import huggingface_hub.constants as constants

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def says_the_three_ways(message: str) -> bool:
    ways = (f"hf download {RIFFUSION} --local-dir riffusion-model-v1", "point MODEL at", "MODEL=pocket")
    return all(way in message for way in ways) and "\n" not in message


def test_an_unreachable_hub_names_the_three_ways_out(no_hub: None) -> None:
    with pytest.raises(CheckpointError) as caught:
        load_model(RIFFUSION, device="cpu")
    assert says_the_three_ways(str(caught.value))
    assert "could not be reached" in str(caught.value)


def test_offline_mode_names_the_three_ways_out(no_hub: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError) as caught:
        resolve_checkpoint(RIFFUSION)
    assert says_the_three_ways(str(caught.value))


class Hub:
    """A hub with one checkpoint: the tiny one's files, and whatever else is listed."""

    def __init__(self, source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import huggingface_hub

        self.source, self.cache = source, cache
        self.files = [str(file.relative_to(source)) for file in source.rglob("*") if file.is_file()]
        self.fetched: list[str] = []
        monkeypatch.setattr(huggingface_hub, "snapshot_download", self.snapshot)
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", self.download)
        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: self.listing())

    def listing(self) -> SimpleNamespace:
        return SimpleNamespace(siblings=[SimpleNamespace(rfilename=file) for file in self.files])

    def snapshot(self, name: str, **_: object) -> str:
        from huggingface_hub.errors import LocalEntryNotFoundError

        if not self.cache.exists():
            raise LocalEntryNotFoundError("nothing cached")
        return str(self.cache)

    def download(self, name: str, file: str) -> str:
        self.fetched.append(file)
        (self.cache / file).parent.mkdir(parents=True, exist_ok=True)
        return str(shutil.copy(self.source / file, self.cache / file))


@pytest.fixture
def hub(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub(tiny_checkpoint, tmp_path / "snapshot", monkeypatch)


def test_a_hub_checkpoint_is_fetched_once(hub: Hub) -> None:
    seen: list[Progress] = []
    assert resolve_checkpoint("someone/music", on_progress=seen.append) == hub.cache
    assert RiffusionModel.load(hub.cache).licence == "mit"
    assert [progress.stage for progress in seen] == ["download"] * len(hub.fetched)
    count = len(hub.fetched)
    assert resolve_checkpoint("someone/music") == hub.cache
    assert len(hub.fetched) == count


def test_a_hub_checkpoint_is_fetched_file_by_file_without_what_is_not_needed(hub: Hub) -> None:
    needed = set(hub.files)
    assert {"tokenizer/merges.txt", "unet/diffusion_pytorch_model.safetensors", "model_index.json"} <= needed
    hub.files += ["riffusion-model-v1.ckpt", "safety_checker/model.safetensors", "safety_checker/config.json"]
    hub.files += ["seed_images/a.png", "unet/diffusion_pytorch_model.bin", "text_encoder/pytorch_model.bin"]
    resolve_checkpoint("someone/music")
    assert set(hub.fetched) == needed
    assert len(hub.fetched) == len(needed)


def test_pickled_weights_are_fetched_where_there_are_no_others(copy: Path, hub: Hub) -> None:
    hub.source = copy
    (copy / "vae/diffusion_pytorch_model.safetensors").rename(copy / "vae/diffusion_pytorch_model.bin")
    hub.files.remove("vae/diffusion_pytorch_model.safetensors")
    hub.files.append("vae/diffusion_pytorch_model.bin")
    resolve_checkpoint("someone/music")
    assert "vae/diffusion_pytorch_model.bin" in hub.fetched


def test_a_hub_checkpoint_of_another_layout_is_refused(hub: Hub) -> None:
    hub.files = ["model.ckpt"]
    with pytest.raises(CheckpointError, match="layout"):
        resolve_checkpoint("someone/music")
    assert hub.fetched == []


@pytest.mark.parametrize(
    "file",
    [
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "scheduler/scheduler_config.json",
    ],
)
def test_a_missing_file_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(CheckpointError, match=r"damaged or incomplete.* is missing") as caught:
        resolve_checkpoint(copy)
    assert file in str(caught.value)


@pytest.mark.parametrize(
    "file", ["unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors"]
)
@pytest.mark.parametrize("content", [b"", b"not safetensors at all", None])
def test_damaged_weights_are_a_sentence(copy: Path, file: str, content: bytes | None) -> None:
    whole = (copy / file).read_bytes()
    (copy / file).write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(CheckpointError, match="damaged") as caught:
        RiffusionModel.load(copy)
    assert "\n" not in str(caught.value)
    assert file.split("/")[0] in str(caught.value)


@pytest.mark.parametrize("file", ["model_index.json", "spectrogram.json", "vae/config.json"])
def test_damaged_json_is_a_sentence(copy: Path, file: str) -> None:
    for content in ("{", "[]", "\x00"):
        (copy / file).write_text(content)
        with pytest.raises(CheckpointError, match=r"cannot be read|not a JSON object"):
            RiffusionModel.load(copy)


def test_weights_of_another_size_are_a_sentence(copy: Path) -> None:
    config = json.loads((copy / "unet" / "config.json").read_text())
    (copy / "unet" / "config.json").write_text(json.dumps({**config, "block_out_channels": [16, 64]}))
    with pytest.raises(CheckpointError, match=r"its unet cannot be loaded"):
        RiffusionModel.load(copy)


def test_another_pipeline_is_refused(copy: Path) -> None:
    for kind in ("AudioLDM2Pipeline", "StableDiffusionXLPipeline", None):
        (copy / "model_index.json").write_text(json.dumps({"_class_name": kind}))
        with pytest.raises(CheckpointError, match="only StableDiffusionPipeline"):
            check_folder(copy, "copy")


def test_a_file_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="is not a folder"):
        resolve_checkpoint(tmp_path / "model.ckpt")


def test_another_autoencoder_is_refused(copy: Path) -> None:
    config = json.loads((copy / "vae" / "config.json").read_text())
    (copy / "vae" / "config.json").write_text(json.dumps({**config, "_class_name": "VQModel"}))
    with pytest.raises(CheckpointError, match="VQModel"):
        RiffusionModel.load(copy)


class Malice:
    """Touches a file when it is unpickled by anything that runs what a pickle says."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize(
    ("part", "safe", "pickled"),
    [
        ("unet", "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
        ("vae", "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
        ("text_encoder", "model.safetensors", "pytorch_model.bin"),
    ],
)
def test_pickles_load_as_tensors_and_never_run_code(
    copy: Path, tmp_path: Path, part: str, safe: str, pickled: str
) -> None:
    from safetensors.torch import load_file

    tensors = load_file(copy / part / safe)
    (copy / part / safe).unlink()
    torch.save(tensors, copy / part / pickled)
    assert RiffusionModel.load(copy).licence == "mit"
    proof = tmp_path / "it-ran"
    torch.save({**tensors, "evil": Malice(proof)}, copy / part / pickled)
    with pytest.raises(CheckpointError, match=f"its {part} cannot be loaded"):
        RiffusionModel.load(copy)
    assert not proof.exists()
    with (copy / part / pickled).open("rb") as file:
        torch.load(file, weights_only=False)
    assert proof.exists(), "the pickle would have run"


def test_the_pickle_of_the_test_is_dangerous(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Malice(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


def test_half_precision_weights_are_found(copy: Path) -> None:
    file = copy / "unet" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_name("diffusion_pytorch_model.fp16.safetensors"))
    assert RiffusionModel.load(copy).params == TINY_PARAMS


def test_params_come_from_the_checkpoint_or_are_riffusions(copy: Path) -> None:
    assert read_params(copy) == TINY_PARAMS
    (copy / "spectrogram.json").unlink()
    assert read_params(copy) == SpectrogramParams()
    (copy / "spectrogram.json").write_text('{"sample_rates": 1}')
    with pytest.raises(SpectrogramError, match="sample_rates"):
        read_params(copy)


def test_windows_begin_on_beats_of_a_tempo_that_is_named(tiny_model: RiffusionModel) -> None:
    rate = tiny_model.sample_rate
    # A beat at 150 BPM is 40 columns, ten latents, of which one fits into half a window of eight latents.
    canvas, windows = tiny_model.plan(4 * rate, rate, bpm=240)
    beat = 60 * rate / (80 * 240 * 4)
    assert windows.grid == 0 or windows.hop % beat == 0
    assert canvas.n_latents == windows.length
    assert tiny_model.plan(4 * rate, rate)[1].grid == 0
    with pytest.raises(SettingError, match=r"Tempo in BPM is 300.*40 to 240"):
        tiny_model.plan(4 * rate, rate, bpm=300)


def test_a_checkpoint_says_what_it_does_with_a_sketch(copy: Path, painter_checkpoint: Path) -> None:
    assert read_sketch_input(copy) is None
    assert read_sketch_input(painter_checkpoint) == SketchInput(gain=2.0, start_sigma=8.0, noise=0.7)
    assert read_params(painter_checkpoint) == GRID


@pytest.mark.parametrize(
    "said", ["2", "[]", '{"gain": 2}', '{"gain": 0, "start_sigma": 8, "noise": 1}', '{"gain": 2, "start": 8}']
)
def test_a_damaged_word_on_sketches_is_a_sentence(copy: Path, said: str) -> None:
    (copy / "spectrogram.json").write_text(f'{{"sample_rate": 8000, "sketch": {said}}}')
    with pytest.raises(CheckpointError, match=r"spectrogram\.json must give gain, start_sigma, noise of the sketch"):
        read_sketch_input(copy)


def test_a_unet_with_room_for_a_sketch_must_say_so(tmp_path: Path, painter_checkpoint: Path) -> None:
    folder = Path(shutil.copytree(painter_checkpoint, tmp_path / "copy"))
    (folder / "spectrogram.json").write_text(json.dumps(GRID.to_dict()))
    with pytest.raises(CheckpointError, match="256 px high from 8 latent channels"):
        RiffusionModel.load(folder)
    other = {**GRID.to_dict(), "f_max": 9000.0, "sketch": {"gain": 2.0, "start_sigma": 8.0, "noise": 0.7}}
    (folder / "spectrogram.json").write_text(json.dumps(other))
    with pytest.raises(CheckpointError, match="the grid that sketches are drawn on"):
        RiffusionModel.load(folder)


def test_licences_come_from_the_card_or_a_table(copy: Path) -> None:
    assert read_licence(copy, "tiny") == "mit"
    (copy / "MODEL_CARD.md").write_text("---\nlanguage: en\nlicense: 'apache-2.0'\n---\nlicense: wrong\n")
    assert read_licence(copy, "tiny") == "apache-2.0"
    (copy / "MODEL_CARD.md").write_text("no front matter, license: wrong")
    (copy / "README.md").write_text("---\nlicense: cc-by-4.0 # so it is\n---\n")
    assert read_licence(copy, "tiny") == "cc-by-4.0"
    (copy / "README.md").unlink()
    assert read_licence(copy, RIFFUSION) == "creativeml-openrail-m"
    assert read_licence(copy, "tiny") == "unknown"
