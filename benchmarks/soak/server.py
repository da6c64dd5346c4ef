"""The page as a process of its own, with a model that takes a moment and sounds as its prompt says.

python -m benchmarks.soak.server --port 7860 --folder FOLDER
"""

from __future__ import annotations

import argparse
import hashlib
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import riffusion_inference.engines.load as engines
from benchmarks.hum import HumModel
from riffusion_inference.datatypes import GenerationSettings, Take, Waveform
from riffusion_inference.errors import GenerationCancelled

WORK_SECONDS, STEP_SECONDS = 0.4, 0.05
FORGET_SECONDS = 2.0
"""How long a closed tab is remembered here; minutes on a real page."""

SWEEP = "sweep now"
"""A file that asks for what nobody uses to be deleted, as happens after an hour on a real page."""


def pitch_of(prompt: str) -> int:
    """What a prompt sounds like, in Hz."""
    return 100 + int(hashlib.sha256(prompt.encode()).hexdigest()[:6], 16) % 2000


@dataclass
class TellingModel(HumModel):
    """Hums the pitch of its prompt, after a while."""

    def generate(self, settings: GenerationSettings, n_samples: int, sample_rate: int, **told: Any) -> list[Take]:
        """One take of exactly n_samples."""
        end = time.monotonic() + WORK_SECONDS
        while time.monotonic() < end:
            if told.get("should_cancel") is not None and told["should_cancel"]():
                raise GenerationCancelled("Stopped.")
            time.sleep(STEP_SECONDS)
        wave = 0.1 * np.sin(2 * np.pi * pitch_of(settings.prompt) * np.arange(n_samples) / sample_rate)
        return [Take(Waveform(wave[None].astype(np.float32), sample_rate), settings.seed or 0)]


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    args = parser.parse_args()
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    from app.page import launch as opening
    from app.page import stop
    from app.settings import load_settings

    engines.load_model = lambda name, **options: TellingModel()
    plain, asked = stop.serve, args.folder / SWEEP

    def serve(page: Any, context: Any, queue: Any) -> None:
        def forget() -> None:
            while True:
                context.tabs.forget_closed(FORGET_SECONDS)
                if asked.exists():
                    context.visitors.sweep(time.time())
                    asked.unlink()
                time.sleep(1)

        threading.Thread(target=forget, daemon=True).start()
        plain(page, context, queue)

    stop.serve = serve
    settings = load_settings(
        None, {}, port=args.port, temporary_directory=args.folder, model="pocket", device="cpu", describer="palette",
        max_upload_mb=5, requests_per_minute=300,
    )  # fmt: skip
    opening.launch(settings)


if __name__ == "__main__":
    main()
