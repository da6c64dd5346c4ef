"""Music from text by a spectrogram diffusion model; knows nothing of video or of the web.

    from riffusion_inference import GenerationSettings, load_model

    model = load_model("pocket")
    take = model.generate(GenerationSettings("calm piano"), n_samples=5 * 44100, sample_rate=44100)[0]

Importing this package is cheap: numpy and torch are imported when a model is loaded.
"""

from riffusion_inference.datatypes import (
    GenerationSettings,
    MusicModel,
    Progress,
    Spectrogram,
    SpectrogramParams,
    Take,
    Waveform,
)
from riffusion_inference.engines.load import load_model
from riffusion_inference.errors import (
    CheckpointError,
    EngineError,
    GenerationCancelled,
    RiffusionError,
    SettingError,
    SpectrogramError,
)

__all__ = [
    "CheckpointError",
    "EngineError",
    "GenerationCancelled",
    "GenerationSettings",
    "MusicModel",
    "Progress",
    "RiffusionError",
    "SettingError",
    "Spectrogram",
    "SpectrogramError",
    "SpectrogramParams",
    "Take",
    "Waveform",
    "load_model",
]
