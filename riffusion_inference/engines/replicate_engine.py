"""haoheliu/audio-ldm on replicate.com as a MusicModel, with Audiv's settings; every piece is a paid prediction."""

from __future__ import annotations

import io
from collections.abc import Callable

import soundfile

from riffusion_inference.datatypes import (
    GenerationSettings,
    OnProgress,
    ShouldCancel,
    Take,
    Waveform,
    check_length,
)
from riffusion_inference.engines.joins import Steps, join, plan_pieces
from riffusion_inference.engines.replicate_api import DEFAULT_BASE_URL, ReplicateApi
from riffusion_inference.errors import EngineError, SettingError

MODEL = "haoheliu/audio-ldm"
DURATIONS = ("2.5", "5.0", "7.5", "10.0", "12.5", "15.0", "17.5", "20.0")
"""Clip lengths that the model offers, in seconds; Audiv took 5.0 whatever the video's length."""
LONGEST_SECONDS = 19.9
"""A little under the longest clip, which may come back a few samples short."""
OVERLAP_SECONDS = 1.5
N_CANDIDATES = 3
"""How many clips the model makes for each one it returns, the one that fits the prompt best; Audiv's value."""
GUIDANCE_SCALE = 2.5
"""Audiv's value; configs/replicate.toml states it too."""


def load_replicate(
    model: str = "replicate",
    *,
    token: str = "",
    base_url: str = "",
    on_progress: OnProgress | None = None,
    **_unused: object,
) -> ReplicateModel:
    """Make the engine; nothing is sent before `generate`.

    Raises:
        EngineError: no token, or the client is not installed.
    """
    return ReplicateModel(ReplicateApi(token, base_url=base_url or DEFAULT_BASE_URL), model)


class ReplicateModel:
    """AudioLDM on replicate.com's machines."""

    licence = "cc-by-nc-sa-4.0"
    sample_rate = 16000
    native_seconds = 20.0
    takes_scores = False

    def __init__(self, api: ReplicateApi, name: str = "replicate") -> None:
        """Make the engine of a client."""
        self.name = name
        self._api: ReplicateApi | None = api

    def generate(
        self,
        settings: GenerationSettings,
        n_samples: int,
        sample_rate: int,
        *,
        on_progress: OnProgress | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> list[Take]:
        """Make settings.candidates takes of exactly n_samples at sample_rate; see MusicModel.

        Steps, scheduler and negative prompt are the service's own; a note says so where they were asked for.
        """
        check_length(n_samples, sample_rate)
        if self._api is None:
            raise EngineError("The replicate engine was unloaded: load it again.")
        if settings.seed_image is not None or settings.seed_audio is not None:
            raise SettingError(
                "The engine 'replicate' cannot start from an image or sound: leave the seed image or sound out."
            )
        pieces = plan_pieces(n_samples, int(LONGEST_SECONDS * sample_rate), int(OVERLAP_SECONDS * sample_rate))
        progress = Steps(on_progress, should_cancel, len(pieces) * settings.candidates)
        takes = []
        for seed in settings.seeds():
            waveform = join(
                self._piece_maker(settings, seed, progress),
                n_samples,
                sample_rate,
                longest_seconds=LONGEST_SECONDS,
                overlap_seconds=OVERLAP_SECONDS,
                loop=settings.loop,
            )
            takes.append(Take(waveform, seed, notes=_notes(settings, len(pieces))))
        return takes

    def unload(self) -> None:
        """Close the connections; the object cannot be used afterwards."""
        if self._api is not None:
            self._api.close()
            self._api = None

    def _piece_maker(
        self,
        settings: GenerationSettings,
        seed: int,
        progress: Steps,
    ) -> Callable[[int, float], Waveform]:
        """A function that makes one prediction for piece number k."""
        api = self._api
        assert api is not None, "checked by generate"

        def make(number: int, seconds: float) -> Waveform:
            inputs = {
                "text": settings.prompt,
                "duration": next(length for length in DURATIONS if float(length) >= seconds),
                "guidance_scale": settings.guidance_scale,
                "n_candidates": int(settings.extra.get("n_candidates", N_CANDIDATES)),
                # The service takes 32-bit signed seeds.
                "random_seed": (seed + number * 1_000_003) % 2**31,
            }
            output = api.run(MODEL, inputs, should_cancel=progress.should_cancel)
            url = output[0] if isinstance(output, list) and output else output
            if not isinstance(url, str):
                raise EngineError(f"Replicate's {MODEL} returned no sound: try again, or choose another engine.")
            sound = decode(api.download(url, should_cancel=progress.should_cancel))
            progress.step()
            return sound

        return make


def decode(data: bytes) -> Waveform:
    """Sound file to Waveform, samples [C, T].

    Raises:
        EngineError: it is not a sound file.
    """
    try:
        samples, sample_rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise EngineError(
            f"Replicate's sound file of {len(data)} bytes cannot be read: try again, or choose another engine."
        ) from error
    return Waveform(samples.T.copy(), int(sample_rate))


def _notes(settings: GenerationSettings, n_pieces: int) -> tuple[str, ...]:
    notes = []
    if settings.negative_prompt:
        notes.append("The replicate engine takes no negative prompt: it was ignored.")
    if n_pieces > 1:
        notes.append(f"The replicate engine makes at most 20 s at once: {n_pieces} pieces were crossfaded.")
    return tuple(notes)
