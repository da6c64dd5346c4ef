"""Which of several takes is best: always by plain measures, and by CLAP where its weights are on this machine."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import Take, Waveform
from riffusion_inference.devices import is_hub_error
from riffusion_inference.resampling import resample
from riffusion_inference.takes.beats import tempo_match

CLAP_NAMES = ("laion/larger_clap_music", "laion/clap-htsat-unfused")
"""Hub names looked for in the local cache, the one trained on music first; nothing is ever downloaded for ranking."""
SILENT_DB = -50.0
"""A block this far below the take's peak level is silence."""
BLOCK_SECONDS = 0.1
FULL_SCALE = 0.999
"""A sample this loud is clipped."""
STEADY_DB = 6.0
"""Level variation (standard deviation of the blocks' levels) that is usual in music."""
CLAP_WEIGHT = 0.6
"""Share of the score that is CLAP's; the plain measures have the rest."""


@dataclass(frozen=True)
class Ranked:
    """A take and how good it is thought to be."""

    take: Take
    """As it was made."""
    score: float
    """0 bad to 1 good; only for comparing takes of one prompt."""
    reasons: tuple[str, ...]
    """One phrase for each measure: "3 % silence", "no clipping", "levels vary by 4.1 dB", "tempo match 0.82"."""


@dataclass(frozen=True)
class Measures:
    """What plain signal processing says about a take."""

    silence_share: float
    """Share of 0.1 s blocks that are 50 dB or more below the loudest, 0 to 1; 1 for pure silence."""
    clipped_share: float
    """Share of samples at full scale, 0 to 1."""
    level_variation_db: float
    """Standard deviation of the levels of the blocks that sound."""
    tempo: float | None
    """0 to 1, how well the wanted tempo explains the take; None where none is wanted."""

    @property
    def score(self) -> float:
        """Mean of what each measure is worth: 1 is flawless, 0 is useless."""
        worth = [
            1 - self.silence_share,
            max(0.0, 1 - 100 * self.clipped_share),
            max(0.0, min(1.0, 1 - (self.level_variation_db - STEADY_DB) / (2 * STEADY_DB))),
        ]
        if self.tempo is not None:
            worth.append(self.tempo)
        return 0.0 if self.silence_share == 1 else float(np.mean(worth))

    @property
    def reasons(self) -> tuple[str, ...]:
        """One phrase for each measure."""
        clipping = f"{self.clipped_share:.2%} clipped" if self.clipped_share else "no clipping"
        phrases = [f"{self.silence_share:.0%} silence", clipping, f"levels vary by {self.level_variation_db:.1f} dB"]
        if self.tempo is not None:
            phrases.append(f"tempo match {self.tempo:.2f}")
        return tuple(phrases)


def rank(
    takes: Sequence[Take], prompt: str, bpm: float | None = None, *, clap: str | Path | None = None
) -> list[Ranked]:
    """Order takes, best first; all are kept, and takes that are equally good stay in the order they came.

    Args:
        takes: of one prompt.
        prompt: what they should be.
        bpm: the tempo that was asked for, if any.
        clap: a folder with a CLAP model; None looks for one in the local cache.
    Returns:
        One Ranked for each take. The same takes are ordered the same way every time.
    """
    measured = [measure(take.waveform, bpm) for take in takes]
    similar = clap_similarities([take.waveform for take in takes], prompt, clap) if len(takes) > 1 else None
    ranked = []
    for number, (take, found) in enumerate(zip(takes, measured, strict=True)):
        score, reasons = found.score, found.reasons
        if similar is not None and found.silence_share < 1:
            # CLAP's cosine similarities to music lie between about 0 and 0.5.
            score = (1 - CLAP_WEIGHT) * score + CLAP_WEIGHT * float(np.clip(2 * similar[number], 0, 1))
            reasons = (f"CLAP similarity {similar[number]:.2f}", *reasons)
        ranked.append(Ranked(take, score, reasons))
    return sorted(ranked, key=lambda found: -found.score)


def measure(waveform: Waveform, bpm: float | None = None) -> Measures:
    """Silence, clipping, level variation and tempo match of a take.

    Args:
        waveform: samples [C, T].
        bpm: the wanted tempo, or None.
    """
    mono = waveform.samples.mean(axis=0, dtype=np.float64)
    block = max(1, int(BLOCK_SECONDS * waveform.sample_rate))
    whole = mono[: len(mono) // block * block] if len(mono) >= block else np.pad(mono, (0, block - len(mono)))
    rms = np.sqrt(np.square(whole.reshape(-1, block)).mean(axis=1))
    if rms.max() < 1e-6:
        return Measures(1.0, 0.0, 0.0, None if bpm is None else 0.0)
    levels = 20 * np.log10(np.maximum(rms / rms.max(), 1e-9))
    sounding = levels > SILENT_DB
    return Measures(
        silence_share=float(1 - sounding.mean()),
        clipped_share=float((np.abs(waveform.samples) >= FULL_SCALE).mean()),
        level_variation_db=float(levels[sounding].std()),
        tempo=None if bpm is None else tempo_match(waveform, bpm),
    )


def clap_similarities(waveforms: Sequence[Waveform], prompt: str, clap: str | Path | None = None) -> list[float] | None:
    """Cosine similarity of each sound to the prompt, or None where no CLAP weights are on this machine.

    The model runs on the CPU and is freed before this returns; nothing is downloaded.
    """
    for name in [str(clap)] if clap is not None else CLAP_NAMES:
        if clap is None and not _is_cached(name):
            continue
        try:
            return _similarities(waveforms, prompt, name)
        except Exception as error:
            # Half a download in the cache is no reason to lose the takes; a folder that was named must work.
            if clap is not None or not is_hub_error(error):
                raise
        finally:
            gc.collect()
    return None


def _is_cached(name: str) -> bool:
    """True when the weights lie in the local Hugging Face cache; looks at files only."""
    import huggingface_hub

    files = ("model.safetensors", "pytorch_model.bin")
    return any(isinstance(huggingface_hub.try_to_load_from_cache(name, file), str) for file in files)


def _similarities(waveforms: Sequence[Waveform], prompt: str, name: str) -> list[float]:
    import torch
    from transformers import ClapModel, ClapProcessor

    processor = ClapProcessor.from_pretrained(name, local_files_only=True)
    model: torch.nn.Module = ClapModel.from_pretrained(name, local_files_only=True)
    model.eval()
    rate = processor.feature_extractor.sampling_rate
    sounds = [resample(waveform, rate).samples.mean(axis=0) for waveform in waveforms]
    inputs = processor(text=[prompt], audio=sounds, sampling_rate=rate, return_tensors="pt", padding=True)
    with torch.inference_mode():
        found = model(**inputs)
    return [float(value) for value in (found.audio_embeds @ found.text_embeds.T)[:, 0]]
