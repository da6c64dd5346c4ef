"""AudioLDM 2 and AudioLDM through diffusers' real pipelines, with a handful of parameters made on the spot."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path

import numpy as np
import pytest

from riffusion_inference.datatypes import GenerationSettings, Progress, Waveform
from riffusion_inference.engines.audioldm import AudioLdmModel, load_audioldm
from riffusion_inference.engines.load import load_model
from riffusion_inference.errors import CheckpointError, EngineError, GenerationCancelled, SettingError
from tests.tiny_audioldm import save_tiny_audioldm, save_tiny_audioldm2

SETTINGS = GenerationSettings("calm dark piano", seed=7, num_inference_steps=2, guidance_scale=2.5)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("audioldm")
    return {
        "audioldm2": save_tiny_audioldm2(base / "two"),
        "audioldm": save_tiny_audioldm(base / "one"),
    }


@pytest.fixture(scope="module")
def tiny(folders: dict[str, Path]) -> AudioLdmModel:
    return load_audioldm(str(folders["audioldm2"]))


@pytest.mark.parametrize("name", ["audioldm2", "audioldm"])
def test_the_engine_table_loads_a_folder_and_makes_exact_samples(folders: dict[str, Path], name: str) -> None:
    model = load_model(str(folders[name]), device="cpu")
    assert (model.sample_rate, model.native_seconds) == (16000, 10.24)
    for n_samples, sample_rate in ((8820, 44100), (123_457, 48000)):
        take = model.generate(SETTINGS, n_samples, sample_rate)[0]
        assert take.waveform.samples.shape == (1, n_samples)
        assert take.waveform.sample_rate == sample_rate
        assert np.abs(take.waveform.samples).max() > 0
    model.unload()


def test_candidates_have_seeds_that_make_them_again(tiny: AudioLdmModel) -> None:
    takes = tiny.generate(GenerationSettings("calm", seed=7, num_inference_steps=2, candidates=3), 8820, 44100)
    assert [take.seed for take in takes] == [7, 8, 9]
    alone = tiny.generate(GenerationSettings("calm", seed=8, num_inference_steps=2), 8820, 44100)[0]
    assert np.array_equal(takes[1].waveform.samples, alone.waveform.samples)
    assert not np.array_equal(takes[0].waveform.samples, alone.waveform.samples)


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt": "fast bright guitar"},
        {"negative_prompt": "noise, guitar"},
        {"guidance_scale": 7.0},
        {"num_inference_steps": 3},
        {"scheduler": "ddim"},
        {"seed": 11},
        {"loop": True},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_setting_reaches_the_pipeline(tiny: AudioLdmModel, changed: dict[str, object]) -> None:
    plain = {"prompt": "calm dark piano", "seed": 7, "num_inference_steps": 2, "guidance_scale": 2.5}
    one = tiny.generate(GenerationSettings(**plain), 8820, 44100)[0]  # type: ignore[arg-type]
    other = tiny.generate(GenerationSettings(**{**plain, **changed}), 8820, 44100)[0]  # type: ignore[arg-type]
    assert not np.array_equal(one.waveform.samples, other.waveform.samples)


def test_long_music_is_joined_and_says_so(tiny: AudioLdmModel) -> None:
    take = tiny.generate(GenerationSettings("calm", seed=1, num_inference_steps=1), 45 * 16000, 16000)[0]
    assert take.waveform.n_samples == 45 * 16000
    assert "3 pieces were crossfaded" in take.notes[0]


def test_progress_counts_every_step_and_cancel_stops_between_steps(tiny: AudioLdmModel) -> None:
    seen: list[Progress] = []
    tiny.generate(GenerationSettings("calm", num_inference_steps=3, candidates=2), 8820, 44100, on_progress=seen.append)
    assert [(p.done, p.total) for p in seen] == [(k, 6) for k in range(1, 7)]
    seen.clear()
    with pytest.raises(GenerationCancelled):
        tiny.generate(SETTINGS, 8820, 44100, on_progress=seen.append, should_cancel=lambda: len(seen) == 1)
    assert len(seen) == 1


def test_unload_frees_the_memory(folders: dict[str, Path]) -> None:
    from diffusers import AudioLDMPipeline

    pipe = AudioLDMPipeline.from_pretrained(folders["audioldm"])
    pipe.set_progress_bar_config(disable=True)
    model = AudioLdmModel("tiny", pipe)
    model.generate(SETTINGS, 8820, 44100)
    parts = [weakref.ref(pipe), weakref.ref(pipe.unet), weakref.ref(pipe.vae)]
    del pipe
    model.unload()
    gc.collect()
    assert [part() for part in parts] == [None, None, None]
    with pytest.raises(EngineError, match="load it again"):
        model.generate(SETTINGS, 8820, 44100)


def test_what_it_cannot_do_is_a_sentence(tiny: AudioLdmModel, tmp_path: Path) -> None:
    seeded = GenerationSettings("calm", seed_audio=Waveform(np.zeros((1, 9), np.float32), 9))
    with pytest.raises(SettingError, match="cannot start from"):
        tiny.generate(seeded, 8820, 44100)
    with pytest.raises(SettingError, match=r"0\.2 to 600 s"):
        tiny.generate(SETTINGS, 10, 44100)
    with pytest.raises(CheckpointError, match="no AudioLDM pipeline"):
        load_audioldm(str(tmp_path))


def test_a_damaged_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "AudioLDM2Pipeline"}))
    with pytest.raises(CheckpointError, match="damaged or incomplete"):
        load_audioldm(str(tmp_path))


def test_an_unreachable_hub_is_a_sentence() -> None:
    for name in ("audioldm", "audioldm2", "cvssp/audioldm2-large"):
        with pytest.raises(CheckpointError, match=r"hub could not be reached.*MODEL=pocket"):
            load_model(name, device="cpu")


def test_a_folders_own_licence_counts(folders: dict[str, Path], tiny: AudioLdmModel) -> None:
    assert tiny.licence == "cc-by-nc-sa-4.0"
    (folders["audioldm"] / "README.md").write_text("---\nlicense: mit\n---\n")
    assert load_audioldm(str(folders["audioldm"])).licence == "mit"
