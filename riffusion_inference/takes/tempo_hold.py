"""Music that keeps the tempo it was asked for: begins on a beat and is as many beats long as the part has room for.

A diffusion model follows "at 96 BPM" roughly. Where its takes are spectrograms and have a clear beat near the wanted
one, the columns are moved: the first beat to the start, the tempo to the wanted one. Pitch stays, since only time is
stretched, by at most 12 %. What has no clear beat stays as it is, and a note says so.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from riffusion_inference.datatypes import (
    BPM,
    MAX_BPM,
    MAX_SECONDS,
    MIN_BPM,
    GenerationSettings,
    MusicModel,
    OnProgress,
    ShouldCancel,
    Spectrogram,
    SpectrogramParams,
    Take,
    Waveform,
    check_range,
)
from riffusion_inference.errors import GenerationCancelled
from riffusion_inference.takes.beats import Pulse, find_pulse

MAX_STRETCH = 1.12
"""Furthest that a tempo is moved, either way; more is heard in the drums."""
HOLD_STRENGTH = 0.15
"""Pulse strength from which a beat is taken for one; white noise has about 0.1. A wrong guess costs a small stretch."""


def generate(
    model: MusicModel,
    settings: GenerationSettings,
    n_samples: int,
    sample_rate: int,
    *,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> list[Take]:
    """As model.generate, with settings.extra["bpm"] held where it is set.

    Args:
        model: any engine; one that paints no image keeps its own tempo.
        settings: extra["bpm"] from 40 to 240; absent or None changes nothing.
        n_samples: exact length of each take.
        sample_rate: Hz.
    Raises:
        SettingError: the tempo is out of range.
        GenerationCancelled: should_cancel returned True.
    """
    bpm = settings.extra.get(BPM)
    options = {"on_progress": on_progress, "should_cancel": should_cancel}
    if bpm is None:
        return model.generate(settings, n_samples, sample_rate, **options)  # type: ignore[arg-type]
    check_range("Tempo in BPM", bpm, MIN_BPM, MAX_BPM)
    longer = math.ceil(n_samples * MAX_STRETCH + sample_rate * 60 / bpm)
    if settings.loop or longer > MAX_SECONDS * sample_rate:
        why = "A loop" if settings.loop else "Music this long"
        takes = model.generate(settings, n_samples, sample_rate, **options)  # type: ignore[arg-type]
        return [_noted(take, f"{why} keeps the tempo it was made with, near {bpm:.0f} BPM.") for take in takes]
    held = []
    for take in model.generate(settings, longer, sample_rate, **options):  # type: ignore[arg-type]
        if should_cancel is not None and should_cancel():
            raise GenerationCancelled("Stopped: no music was written.")
        held.append(hold(take, bpm, n_samples))
    return held


def hold(take: Take, bpm: float, n_samples: int) -> Take:
    """Cut a longer take to n_samples so that it begins on a beat and keeps bpm.

    Args:
        take: at least 1.12 * n_samples and a beat long.
        bpm: wanted.
        n_samples: at the take's own sample rate.
    Returns:
        Take of exactly n_samples, its image to match; with a note where the tempo could not be held.
    """
    if take.image is None or take.params is None:
        return _cut(take, n_samples, f"This engine's music keeps its own tempo; {bpm:.0f} BPM was only asked for.")
    pulse = find_pulse(take.waveform, bpm / MAX_STRETCH, bpm * MAX_STRETCH)
    if pulse.strength < HOLD_STRENGTH:
        return _cut(take, n_samples, f"The music has no clear beat near {bpm:.0f} BPM, so its tempo was left as it is.")
    from riffusion_inference.resampling import resample
    from riffusion_inference.spectrogram.image import image_from_mel, mel_from_image
    from riffusion_inference.spectrogram.inversion import waveform_from_mel

    rate = take.waveform.sample_rate
    painted = mel_from_image(take.image, take.params)
    n_frames = painted.params.n_frames(-(-n_samples * painted.params.sample_rate // rate))
    moved = move_beats(painted, pulse, bpm, n_frames)
    image = image_from_mel(moved)
    # Through the 8-bit picture, so that the picture in the archive is what is heard.
    sound = resample(waveform_from_mel(mel_from_image(image, take.params)), rate).samples[:, :n_samples]
    sound = np.pad(sound, ((0, 0), (0, n_samples - sound.shape[1])))
    note = f"Its beat was moved from {pulse.bpm:.1f} to {bpm:.1f} BPM, so that the part is whole bars."
    return replace(take, waveform=Waveform(sound, rate), image=image, notes=(*take.notes, note))


def move_beats(painted: Spectrogram, pulse: Pulse, bpm: float, n_frames: int) -> Spectrogram:
    """Columns taken so that the first beat comes at 0 and the beats at bpm; between two columns, both by their share.

    Args:
        painted: mel_amplitudes [C, n_mels, F].
        pulse: where its beats are.
        bpm: where they shall be.
        n_frames: columns of the result.
    """
    params: SpectrogramParams = painted.params
    columns_per_second = params.sample_rate / params.hop_length
    position = pulse.first_beat * columns_per_second + np.arange(n_frames) * (bpm / pulse.bpm)
    position = np.clip(position, 0, painted.mel_amplitudes.shape[2] - 1)
    left = np.minimum(position.astype(int), painted.mel_amplitudes.shape[2] - 2)
    share = (position - left).astype(np.float32)
    both = painted.mel_amplitudes[:, :, left] * (1 - share) + painted.mel_amplitudes[:, :, left + 1] * share
    return Spectrogram(both.astype(np.float32), params)


def _cut(take: Take, n_samples: int, note: str) -> Take:
    """The beginning of a take as it is, with its image cut at the same place."""
    waveform = Waveform(take.waveform.samples[:, :n_samples], take.waveform.sample_rate)
    image = take.image
    if image is not None and take.params is not None:
        n_native = -(-n_samples * take.params.sample_rate // waveform.sample_rate)
        exif = image.getexif()
        image = image.crop((0, 0, min(image.width, take.params.n_frames(n_native)), image.height))
        image.getexif().update(exif)
    return _noted(replace(take, waveform=waveform, image=image), note)


def _noted(take: Take, note: str) -> Take:
    return replace(take, notes=(*take.notes, note))
