"""Our own networks and scheduler beside those of diffusers and transformers: the same numbers from the same files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from riffusion_inference.diffusion.checkpoints import POCKET_FOLDER
from riffusion_inference.diffusion.networks.clip_text import ClipText, ClipTokenizer
from riffusion_inference.diffusion.networks.dpm_solver import DpmSolver
from riffusion_inference.diffusion.networks.tiny_autoencoder import TinyAutoencoder
from riffusion_inference.diffusion.networks.unet import UNet
from riffusion_inference.diffusion.parts import load_parts, make_scheduler

WEIGHTS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}
PROMPTS = (
    "calm piano, slow",
    "Techno!! 128 BPM, drums & bass (loud); don't",
    "",
    "café ümläut ﬁne 音楽 🎹 <|endoftext|> a",
    "  two   spaces\nand a line ",
    "word " * 90,
)


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def config_of(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((POCKET_FOLDER / part / "config.json").read_text())
    return found


def own(kind: Any, part: str) -> Any:
    config = config_of(part)
    assert kind.fits(config)
    return kind.load(config, POCKET_FOLDER / part / f"{WEIGHTS[part]}.safetensors", torch.float32).eval()


def test_the_unet_predicts_what_diffusers_predicts() -> None:
    from diffusers import UNet2DConditionModel

    theirs = UNet2DConditionModel.from_pretrained(POCKET_FOLDER / "unet", dtype=torch.float32).eval()
    mine = own(UNet, "unet")
    generator = torch.Generator().manual_seed(1)
    for width, count in ((32, 1), (32, 3), (18, 2)):
        sample = torch.randn(count, 24, 32, width, generator=generator)
        text = torch.randn(count, 64, 192, generator=generator)
        for time in (1, 500, 999):
            given = (sample, torch.tensor(time), text)
            assert torch.equal(mine(*given)[0], theirs(*given, return_dict=False)[0])


def test_the_autoencoder_gives_what_diffusers_gives() -> None:
    from diffusers import AutoencoderTiny

    theirs = AutoencoderTiny.from_pretrained(POCKET_FOLDER / "vae", dtype=torch.float32).eval()
    mine = own(TinyAutoencoder, "vae")
    image = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1)) * 2 - 1
    latents = theirs.encode(image, return_dict=False)[0]
    assert torch.equal(mine.encode(image)[0], latents)
    assert torch.equal(mine.decode(3 * latents)[0], theirs.decode(3 * latents, return_dict=False)[0])


def test_texts_become_the_same_tokens_and_the_same_numbers() -> None:
    from transformers import CLIPTextModel, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(POCKET_FOLDER / "tokenizer")
    model = CLIPTextModel.from_pretrained(POCKET_FOLDER / "text_encoder", dtype=torch.float32).eval()
    mine, tokens = own(ClipText, "text_encoder"), ClipTokenizer(POCKET_FOLDER / "tokenizer")
    for name in ("model_max_length", "bos_token_id", "eos_token_id", "pad_token_id"):
        assert getattr(tokens, name) == getattr(tokenizer, name)
    for prompt in PROMPTS:
        wanted = tokenizer(prompt, add_special_tokens=False, truncation=False, verbose=False).input_ids
        assert tokens(prompt).input_ids == wanted
        assert tokens.decode(wanted) == tokenizer.decode(wanted)
        row = torch.tensor([[tokens.bos_token_id, *wanted[:62], *[tokens.eos_token_id] * 64][:64]] * 2)
        assert torch.equal(mine(row)[0], model(row)[0])


@pytest.mark.parametrize(("steps", "begin"), [(1, 0), (2, 0), (10, 0), (25, 0), (20, 7), (60, 0)])
def test_the_scheduler_steps_as_diffusers_does(steps: int, begin: int) -> None:
    from diffusers import DPMSolverMultistepScheduler

    config = json.loads((POCKET_FOLDER / "scheduler" / "scheduler_config.json").read_text())
    theirs = DPMSolverMultistepScheduler.from_config(config)
    theirs.set_timesteps(steps)
    mine = make_scheduler("dpm++", config, steps)
    assert isinstance(mine, DpmSolver)
    assert torch.equal(mine.timesteps, theirs.timesteps)
    assert torch.equal(mine.sigmas, theirs.sigmas)
    generator = torch.Generator().manual_seed(steps)
    sample, noise = (torch.randn(1, 12, 8, 8, generator=generator) for _ in range(2))
    if begin:
        mine.set_begin_index(begin)
        theirs.set_begin_index(begin)
    latents = mine.add_noise(sample, noise, mine.timesteps[begin : begin + 1])
    assert torch.equal(latents, theirs.add_noise(sample, noise, theirs.timesteps[begin : begin + 1]))
    for time in mine.timesteps[begin:]:
        predicted = torch.randn(sample.shape, generator=generator)
        moved = mine.step(predicted, time, latents).prev_sample
        assert torch.equal(moved, theirs.step(predicted, time, latents).prev_sample)
        latents = moved


def test_other_networks_and_schedulers_are_left_to_the_libraries() -> None:
    assert not UNet.fits({**config_of("unet"), "addition_embed_type": None})
    assert not UNet.fits({**config_of("unet"), "down_block_types": ["AttnDownBlock2D"] * 3})
    assert not UNet.fits({**config_of("unet"), "something_new": True})
    assert not TinyAutoencoder.fits({**config_of("vae"), "act_fn": "silu"})
    assert not ClipText.fits({**config_of("text_encoder"), "hidden_act": "gelu"})
    config = json.loads((POCKET_FOLDER / "scheduler" / "scheduler_config.json").read_text())
    assert not DpmSolver.fits({**config, "prediction_type": "epsilon"})
    assert type(make_scheduler("euler", config, 3)).__name__ == "EulerDiscreteScheduler"


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    import shutil

    from riffusion_inference.errors import CheckpointError

    broken = tmp_path / "broken"
    shutil.copytree(POCKET_FOLDER, broken)
    shutil.copy(broken / "vae" / "diffusion_pytorch_model.safetensors", broken / "unet")
    with pytest.raises(CheckpointError, match="its unet cannot be loaded"):
        load_parts(broken, "broken", "cpu", torch.float32)


def test_pocket_is_loaded_and_painted_with_without_the_libraries() -> None:
    code = (
        "import sys; from riffusion_inference import GenerationSettings, load_model; "
        "settings = GenerationSettings('solo harp', seed=1, guidance_scale=1.5, num_inference_steps=2); "
        "load_model('pocket', device='cpu').generate(settings, n_samples=22050, sample_rate=22050); "
        "print(sorted({'diffusers', 'transformers', 'accelerate', 'torchaudio'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
