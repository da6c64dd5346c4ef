"""How long a full-size Stable Diffusion 1.5-shaped checkpoint takes, and how much memory, on this machine's device.

    python -m benchmarks.full_size [--device cuda] [--steps 20 50] [--seconds 5.11 60]
    python -m benchmarks.full_size --tiny --steps 2 --seconds 1     (a dry run on any CPU)

The weights are random and made on the device, so nothing is downloaded: the sizes are the real ones (UNet 860 M,
autoencoder 84 M, text encoder 123 M parameters), and time and memory do not depend on the values. The music is noise.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from riffusion_inference import GenerationSettings
from riffusion_inference.devices import choose_device
from riffusion_inference.diffusion.model import RiffusionModel
from riffusion_inference.diffusion.parts import Parts, make_scheduler

SCHEDULER = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
FULL: dict[str, dict[str, Any]] = {
    "unet": {"sample_size": 64, "cross_attention_dim": 768},
    "vae": {
        "block_out_channels": (128, 256, 512, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 2,
        "latent_channels": 4,
        "sample_size": 512,
    },
    "text": {
        "vocab_size": 49408,
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
    },
}
TINY: dict[str, dict[str, Any]] = {
    "unet": {
        "sample_size": 64,
        "cross_attention_dim": 16,
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "down_block_types": ("DownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "UpBlock2D"),
    },
    "vae": {
        "block_out_channels": (4, 4, 4, 4),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "latent_channels": 4,
        "norm_num_groups": 2,
        "sample_size": 512,
    },
    "text": {
        "vocab_size": 1000,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    },
}
"""The same shape of spectrogram, 512 x 512 from 64 x 64 latents, with next to no weights."""


def write_tokenizer(folder: Path) -> None:
    """Write a CLIP tokenizer that knows single letters."""
    letters = [chr(code) for code in range(33, 127)]
    tokens = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    config = {"bos_token": tokens[-2], "eos_token": tokens[-1], "unk_token": tokens[-1], "pad_token": tokens[-1]}
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "model_max_length": 77}))


def build(device: str, sizes: dict[str, dict[str, Any]], max_image_width: int, folder: Path) -> RiffusionModel:
    """Make the model with random weights, directly on the device and in its precision."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    write_tokenizer(folder)
    tokenizer = CLIPTokenizer.from_pretrained(str(folder))
    dtype = torch.float16 if device.startswith("cuda") else torch.float32
    torch.manual_seed(0)
    with torch.device(device):
        networks = [
            UNet2DConditionModel(**sizes["unet"]),
            AutoencoderKL(**sizes["vae"]),
            CLIPTextModel(CLIPTextConfig(max_position_embeddings=77, bos_token_id=0, eos_token_id=1, **sizes["text"])),
        ]
    for network in networks:
        torch.nn.Module.to(network, dtype=dtype)  # diffusers' own `to` warns about layers that these do not have
        network.eval().requires_grad_(False)
    unet, vae, text_encoder = networks
    parts = Parts(unet, vae, text_encoder, tokenizer, lambda name, steps: make_scheduler(name, SCHEDULER, steps))
    for name, network in (("UNet", unet), ("autoencoder", vae), ("text encoder", text_encoder)):
        print(f"{name}: {sum(weights.numel() for weights in network.parameters()) / 1e6:.1f} M parameters")
    return RiffusionModel(folder, "full-size", parts, max_image_width)


def device_name(device: str) -> str:
    """Return the exact device."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads" if device == "cpu" else device


def measure(model: RiffusionModel, device: str, seconds: float, steps: int) -> tuple[float, float, float]:
    """Return the seconds spent in all, those spent denoising, and the peak memory in GB."""
    cuda = device.startswith("cuda")
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    marks: dict[str, float] = {}
    settings = GenerationSettings("calm piano", seed=1, num_inference_steps=steps)
    start = time.perf_counter()
    model.generate(
        settings,
        round(seconds * 44100),
        44100,
        on_progress=lambda progress: marks.__setitem__(progress.stage, time.perf_counter() - start),
    )
    spent = time.perf_counter() - start
    peak = torch.cuda.max_memory_allocated() if cuda else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return spent, marks["generate"], peak / 1e9


def main() -> None:
    """Measure every length at every number of steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, nargs="+", default=[20, 50])
    parser.add_argument("--seconds", type=float, nargs="+", default=[5.11, 60.0])
    parser.add_argument("--max-image-width", type=int, default=1024)
    parser.add_argument("--tiny", action="store_true", help="next to no weights: a dry run")
    arguments = parser.parse_args()
    device, note = choose_device(arguments.device)
    if note:
        print(note)
    print(f"device: {device_name(device)}, torch {torch.__version__}, MAX_IMAGE_WIDTH {arguments.max_image_width}")
    with tempfile.TemporaryDirectory() as folder:
        sizes = TINY if arguments.tiny else FULL
        model = build(device, sizes, arguments.max_image_width, Path(folder))
        measure(model, device, 1.0, 1)  # warms up kernels and filters
        print(f"{'music':>8s} {'steps':>6s} {'seconds':>9s} {'denoising':>10s} {'peak GB':>8s}")
        for seconds in arguments.seconds:
            for steps in arguments.steps:
                spent, denoising, peak = measure(model, device, seconds, steps)
                print(f"{seconds:6.2f} s {steps:6d} {spent:9.2f} {denoising:10.2f} {peak:8.2f}")


if __name__ == "__main__":
    main()
