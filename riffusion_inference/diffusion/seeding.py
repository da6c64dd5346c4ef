"""What a piece starts from, when it does not start from noise: a spectrogram image or a sound (img2img)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import GenerationSettings, Spectrogram, SpectrogramParams, Waveform
from riffusion_inference.diffusion.canvas import Canvas
from riffusion_inference.resampling import resample
from riffusion_inference.spectrogram.image import image_from_mel, mel_from_image
from riffusion_inference.spectrogram.inversion import waveform_from_mel
from riffusion_inference.spectrogram.mel import match_channels, mel_from_waveform


@dataclass(frozen=True)
class SeedPicture:
    """A start for the denoising, fitted to the canvas."""

    brightness: NDArray[np.float32]
    """[3, n_mels, canvas columns] float32 in 0..1, high frequencies first."""
    max_value: float
    """The amplitude of black, so that the music keeps the seed's level."""
    notes: tuple[str, ...]
    """What was done to it."""


def seed_picture(
    settings: GenerationSettings, params: SpectrogramParams, canvas: Canvas, factor: int
) -> SeedPicture | None:
    """Turn the settings' seed image or audio into a picture as wide as the canvas, or None where there is no seed.

    A longer seed is trimmed, a shorter one repeated. An image made with other parameters is turned into sound first.

    Args:
        settings: with seed_image, seed_audio or neither.
        params: the checkpoint's.
        canvas: the piece's.
        factor: columns for one latent.
    Raises:
        SpectrogramError: the image has the wrong height, or the sound is empty.
    """
    notes: list[str] = []
    if settings.seed_audio is not None:
        spectrogram = _from_sound(settings.seed_audio, params)
    elif settings.seed_image is not None:
        spectrogram = mel_from_image(settings.seed_image, params)
        if replace(spectrogram.params, stereo=params.stereo, power_for_image=params.power_for_image) != params:
            notes.append("The seed image was made with other parameters: it was turned into sound and redrawn.")
            spectrogram = _from_sound(waveform_from_mel(spectrogram), params)
        elif spectrogram.params != params:
            spectrogram = Spectrogram(match_image_channels(spectrogram.mel_amplitudes, params), params)
    else:
        return None
    pixels = np.asarray(image_from_mel(spectrogram), dtype=np.float32).transpose(2, 0, 1) / 255.0
    fitted, note = fit_columns(pixels, canvas.n_columns, params.hop_length / params.sample_rate)
    if note:
        notes.append(note)
    width = canvas.n_latents * factor
    full = stretch_circular(fitted, width) if canvas.loop else fit_columns(fitted, width, 1.0)[0]
    return SeedPicture(full, float(spectrogram.mel_amplitudes.max()), tuple(notes))


def match_image_channels(amplitudes: NDArray[np.float32], params: SpectrogramParams) -> NDArray[np.float32]:
    """Return amplitudes [C, n_mels, F] with as many channels as params has: doubled, or averaged."""
    flat = match_channels(amplitudes.reshape(len(amplitudes), -1), params.n_channels)
    return flat.reshape(params.n_channels, *amplitudes.shape[1:])


def fit_columns(picture: NDArray[np.float32], n_columns: int, column_seconds: float) -> tuple[NDArray[np.float32], str]:
    """Trim or repeat a picture [3, H, W] to n_columns; returns it and a note on what was done, or ''."""
    width = picture.shape[2]
    if width >= n_columns:
        used, whole = n_columns * column_seconds, width * column_seconds
        note = f"Only the first {used:.2f} s of the seed's {whole:.2f} s are used."
        return picture[:, :, :n_columns], note if width > n_columns + 1 else ""
    short, wanted = width * column_seconds, n_columns * column_seconds
    note = f"The seed lasts only {short:.2f} s: it is repeated to fill {wanted:.2f} s."
    return np.take(picture, np.arange(n_columns) % width, axis=2), note if width < n_columns - 1 else ""


def stretch_circular(picture: NDArray[np.float32], n_columns: int) -> NDArray[np.float32]:
    """Stretch a picture [C, H, W] that wraps around to n_columns, interpolating linearly between columns.

    >>> stretch_circular(np.array([[[0.0, 1.0]]]), 4).tolist()
    [[[0.0, 0.5, 1.0, 0.5]]]
    """
    width = picture.shape[2]
    if width == n_columns:
        return picture
    position = np.arange(n_columns) * (width / n_columns)
    left = position.astype(np.int64) % width
    share = (position - np.floor(position)).astype(picture.dtype)
    mixed: NDArray[np.float32] = picture[:, :, left] * (1 - share) + picture[:, :, (left + 1) % width] * share
    return mixed


def _from_sound(sound: Waveform, params: SpectrogramParams) -> Spectrogram:
    """Draw a sound with the checkpoint's params."""
    matched = Waveform(match_channels(sound.samples, params.n_channels), sound.sample_rate)
    return mel_from_waveform(resample(matched, params.sample_rate), params)
