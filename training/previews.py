"""Sample sheets and sounds at intervals of the training, drawn with the averaged weights and the linear codec."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.latents import PatchCodec, load_codec
from training.sampling import draw_sheet, sound_from_pixels
from training.tokenizer import tokenize

PROMPTS = (
    "techno, 125 BPM, drums",
    "solo violin, slow, sad",
    "calm piano, no drums, 75 BPM",
    "rock, fast, drums",
    "ambient drone, warm pad",
    "jazz saxophone, drums",
)
GUIDANCE, STEPS = 4.0, 20


@torch.no_grad()
def sample_latents(unet: Any, encoder: Any, tokenizer: Any, scheduler: Any, prompts: list[str]) -> torch.Tensor:
    """Denoise one window for each prompt, with classifier-free guidance; returns latents [B, C, 32, 32] on the CPU."""
    device = next(unet.parameters()).device
    ids = tokenize(tokenizer, [*[""] * len(prompts), *prompts], tokenizer.model_max_length).to(device)
    states = encoder(ids).last_hidden_state
    size = unet.config.sample_size
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(len(prompts), unet.config.in_channels, size, size, generator=generator).to(device)
    scheduler.set_timesteps(STEPS, device=device)
    latents = latents * scheduler.init_noise_sigma
    for step in scheduler.timesteps:
        both = scheduler.scale_model_input(torch.cat([latents, latents]), step)
        plain, asked = unet(both, step, states).sample.chunk(2)
        latents = scheduler.step(plain + GUIDANCE * (asked - plain), step, latents).prev_sample
    return latents.cpu()


def write_preview(
    folder: Path, unet: Any, average: dict[str, torch.Tensor], encoder: Any, tokenizer: Any, scheduler: Any, step: int
) -> None:
    """Write folder/samples/STEP.png with a window for each of PROMPTS, and STEP-1.wav ... with their sound.

    Args:
        folder: has codec.npz.
        unet: the model in training, left as it is.
        average: its averaged weights, which are looked at.
        encoder: text encoder.
        tokenizer: its tokenizer.
        scheduler: for sampling.
        step: names the files.
    """
    import soundfile

    judged = copy.deepcopy(unet).eval()
    judged.load_state_dict(average)
    codec: PatchCodec = load_codec(folder)
    latents = sample_latents(judged, encoder, tokenizer, scheduler, list(PROMPTS))
    pixels = ((codec.decode(latents) + 1) * 127.5).clamp(0, 255).round().byte().numpy()
    target = folder / "samples"
    target.mkdir(exist_ok=True)
    draw_sheet(
        [(prompt, [picture]) for prompt, picture in zip(PROMPTS, pixels, strict=True)], target / f"{step:06d}.png", 3
    )
    for place, picture in enumerate(pixels):
        sound = sound_from_pixels(np.asarray(picture), 16)
        soundfile.write(target / f"{step:06d}-{place + 1}.wav", sound.samples.T, sound.sample_rate)
