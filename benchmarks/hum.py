"""Music that costs nothing, for measuring all the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from riffusion_inference.datatypes import GenerationSettings, Take, Waveform


@dataclass
class HumModel:
    """Music that costs nothing: a quiet tone in every channel."""

    name: str = "hum"
    licence: str = "mit"
    sample_rate: int = 48000
    native_seconds: float = 600.0
    takes_scores: bool = False
    note: str | None = None

    def full_name(self, _name: str) -> str:
        """Whatever is asked for, this is given."""
        return self.name

    def get(self, _name: str, _on_progress: Any = None) -> HumModel:
        """The model, loaded."""
        return self

    def generate(self, settings: GenerationSettings, n_samples: int, sample_rate: int, **_told: Any) -> list[Take]:
        """One take of exactly n_samples."""
        wave = 0.1 * np.sin(2 * np.pi * 330 * np.arange(n_samples) / sample_rate)
        return [Take(Waveform(wave[None].astype(np.float32), sample_rate), settings.seed or 0)]

    def unload(self) -> None:
        """Nothing to free."""
