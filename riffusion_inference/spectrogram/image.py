"""Mel amplitudes <-> spectrogram images, in Riffusion's format; numpy and Pillow only."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from riffusion_inference.datatypes import Spectrogram, SpectrogramParams
from riffusion_inference.errors import SpectrogramError

EXIF_SAMPLE_RATE = 11000
EXIF_STEREO = 11005
EXIF_STEP_MS = 11010
EXIF_WINDOW_MS = 11020
EXIF_PADDED_MS = 11030
EXIF_N_MELS = 11040
EXIF_F_MIN = 11050
EXIF_F_MAX = 11060
EXIF_POWER = 11070
EXIF_MAX_VALUE = 11080

INT16_SCALE = 32768.0
"""Riffusion computes amplitudes from 16-bit integers, we from floats in [-1, 1]: its MAX_VALUE is this much larger."""

MAX_MAX_VALUE = 1e12
"""Riffusion's own images state some ten million."""

REFERENCE_MAX = 30e6 / INT16_SCALE / 4410
"""Amplitude of black, per sample of window, in an image that states none: Riffusion's own fallback of 30e6."""


def reference_max(params: SpectrogramParams) -> float:
    """Return the amplitude of a black pixel in an image that has no MAX_VALUE, such as a generated one.

    It is a convention, not a measurement: Riffusion's fallback, which puts the loudest tone some 2 dB below full scale.

    >>> round(reference_max(SpectrogramParams()) * 32768)
    30000000
    """
    return REFERENCE_MAX * params.win_length


def image_from_mel(spectrogram: Spectrogram) -> Image.Image:
    """Paint mel amplitudes as an RGB image with Riffusion's EXIF; amplitudes are rounded to 256 levels.

    Args:
        spectrogram: mel_amplitudes [C, n_mels, F], linear, >= 0; C = 1 (channels alike) or 2 (green left, blue right).
    Returns:
        Image, F wide and n_mels high, low frequencies at the bottom; EXIF records the params and the largest amplitude.
    Raises:
        SpectrogramError: the array's shape does not match the params, or it contains negative or non-finite values.
    Source: riffusion-hobby, image_from_spectrogram.
    """
    amplitudes, params = np.asarray(spectrogram.mel_amplitudes, dtype=np.float32), spectrogram.params
    check_amplitudes(amplitudes, params)
    max_value = float(amplitudes.max())
    scaled = amplitudes / max_value if max_value > 0 else np.zeros_like(amplitudes)
    # Rounded down as Riffusion does, but what was read from a pixel becomes the same pixel again.
    pixels = (255.0 - 255.0 * scaled**params.power_for_image + 1e-3).astype(np.uint8)[:, ::-1]
    return image_from_brightness((pixels / np.float32(255.0)).astype(np.float32), params, max_value)


def image_from_brightness(brightness: NDArray[np.float32], params: SpectrogramParams, max_value: float) -> Image.Image:
    """Make a spectrogram image from what a model painted; brightness is rounded to 256 levels.

    Args:
        brightness: [1 or 2, n_mels, W] in 0..1, high frequencies first, 1 is silence.
        params: stereo must match the number of channels.
        max_value: the amplitude of black, on the scale of samples in [-1, 1].
    """
    pixels = np.rint(np.clip(brightness, 0.0, 1.0) * 255.0).astype(np.uint8)
    red, green, blue = (np.zeros_like(pixels[0]), pixels[0], pixels[1]) if params.stereo else (pixels[0],) * 3
    image = Image.fromarray(np.stack([red, green, blue], axis=-1))
    write_exif(image, params, max_value)
    return image


def mel_from_image(image: Image.Image, params: SpectrogramParams | None = None) -> Spectrogram:
    """Read a spectrogram image back to mel amplitudes; what the 8-bit pixels rounded away stays lost.

    EXIF wins where the image has it; else params; else Riffusion's defaults. Without EXIF the level is `reference_max`,
    and an image whose red is empty while green or blue is not is read as stereo.

    Args:
        image: any mode (8- or 16-bit grey, palette, RGB, RGBA); transparency is ignored.
        params: how the image was made, for images without EXIF.
    Returns:
        Spectrogram, mel_amplitudes [C, n_mels, width] float32.
    Raises:
        SpectrogramError: the height is not n_mels, the width is 1, or the EXIF contains impossible values.
    Source: riffusion-hobby, spectrogram_from_image.
    """
    exif = image.getexif()
    stated = params_from_exif(exif, params or SpectrogramParams())
    levels = _levels(image)
    if EXIF_STEREO not in exif and not levels[0].any() and levels[1:].any():
        stated = replace(stated, stereo=True)
    if levels.shape[1] != stated.n_mels:
        raise SpectrogramError(
            f"The image is {levels.shape[1]} px high, but its parameters say {stated.n_mels} mel bands, one for each "
            f"row: use an image that is {stated.n_mels} px high, or give the parameters that it was made with."
        )
    if levels.shape[2] < 2:
        raise SpectrogramError("The image is 1 px wide, which is no sound yet: use one that is at least 2 px wide.")
    chosen = (levels[1:3] if stated.stereo else levels[:1])[:, ::-1]
    # Riffusion writes 255 for silence and any max for it; the product below is then exactly 0.
    amplitudes = (1.0 - chosen) ** (1.0 / stated.power_for_image) * _max_value(exif, stated)
    return Spectrogram(np.ascontiguousarray(amplitudes, dtype=np.float32), stated)


def save_image(image: Image.Image, path: Path) -> None:
    """Write a spectrogram image and keep its EXIF; only a PNG keeps its pixels too.

    Raises:
        SpectrogramError: the folder is missing, the disk is full, or Pillow knows no such file type.
    """
    try:
        image.save(path, exif=image.getexif())
    except (OSError, ValueError) as error:
        raise SpectrogramError(f"The spectrogram image {path} could not be written: {error}.") from error


def check_amplitudes(amplitudes: NDArray[np.float32], params: SpectrogramParams) -> None:
    """Raise SpectrogramError unless amplitudes are [C, n_mels, F >= 1], finite and >= 0."""
    if amplitudes.ndim != 3 or amplitudes.shape[:2] != (params.n_channels, params.n_mels) or amplitudes.shape[2] < 1:
        raise SpectrogramError(
            f"The spectrogram's shape is {list(amplitudes.shape)}, but its parameters need "
            f"[{params.n_channels}, {params.n_mels}, frames] with at least 1 frame."
        )
    if not np.isfinite(amplitudes).all() or amplitudes.min() < 0:
        raise SpectrogramError(
            "The spectrogram contains amplitudes that are negative or not finite: choose another one."
        )


def write_exif(image: Image.Image, params: SpectrogramParams, max_value: float) -> None:
    """Put the params and the largest amplitude into the image's EXIF, in Riffusion's tags and units."""
    image.getexif().update(
        {
            EXIF_SAMPLE_RATE: params.sample_rate,
            EXIF_STEREO: int(params.stereo),
            EXIF_STEP_MS: _milliseconds(params.hop_length, params.sample_rate),
            EXIF_WINDOW_MS: _milliseconds(params.win_length, params.sample_rate),
            EXIF_PADDED_MS: _milliseconds(params.n_fft, params.sample_rate),
            EXIF_N_MELS: params.n_mels,
            EXIF_F_MIN: _plain(params.f_min),
            EXIF_F_MAX: _plain(params.f_max),
            EXIF_POWER: float(params.power_for_image),
            EXIF_MAX_VALUE: float(max_value * INT16_SCALE),
        }
    )


def params_from_exif(exif: Any, fallback: SpectrogramParams) -> SpectrogramParams:
    """Read the params from a mapping of EXIF tags; tags that are missing or unknown leave fallback's values.

    Raises:
        SpectrogramError: a value is not a number, or the values do not fit together.
    """
    try:
        sample_rate = int(exif.get(EXIF_SAMPLE_RATE, fallback.sample_rate))

        def samples(tag: int, default: int) -> int:
            return round(float(exif[tag]) * sample_rate / 1000) if tag in exif else default

        return SpectrogramParams(
            sample_rate=sample_rate,
            n_fft=samples(EXIF_PADDED_MS, fallback.n_fft),
            win_length=samples(EXIF_WINDOW_MS, fallback.win_length),
            hop_length=samples(EXIF_STEP_MS, fallback.hop_length),
            n_mels=int(exif.get(EXIF_N_MELS, fallback.n_mels)),
            f_min=float(exif.get(EXIF_F_MIN, fallback.f_min)),
            f_max=float(exif.get(EXIF_F_MAX, fallback.f_max)),
            power_for_image=float(exif.get(EXIF_POWER, fallback.power_for_image)),
            stereo=bool(exif.get(EXIF_STEREO, fallback.stereo)),
        )
    except (TypeError, ValueError, ArithmeticError) as error:
        raise SpectrogramError(
            f"The image's EXIF contains a value that is not a number ({str(error)[:80]}): use one whose EXIF is whole."
        ) from error


def _max_value(exif: Any, params: SpectrogramParams) -> float:
    """Return the amplitude of a black pixel: the EXIF's, or the reference where it has none."""
    value = exif.get(EXIF_MAX_VALUE)
    if value is None:
        return reference_max(params)
    try:
        stated = float(value)
    except (TypeError, ValueError, ArithmeticError):
        stated = math.nan
    if not 0 <= stated <= MAX_MAX_VALUE:
        raise SpectrogramError(
            f"The image's EXIF says MAX_VALUE {str(value)[:40]!r}, but it must be a number from 0 to "
            f"{MAX_MAX_VALUE:g}: use an image whose EXIF is whole."
        )
    return stated / INT16_SCALE


def _levels(image: Image.Image) -> NDArray[np.float32]:
    """Return brightness in 0..1 as [3, height, width] float32, for any of Pillow's modes."""
    if image.mode.startswith("I;16") or image.mode == "I":
        grey = np.asarray(image, dtype=np.float32) / np.float32(65535.0)
        return np.stack([np.clip(grey, 0.0, 1.0)] * 3)
    if image.mode == "F":
        grey = np.asarray(image, dtype=np.float32)
        return np.stack([np.clip(grey / (255.0 if grey.max() > 1.0 else 1.0), 0.0, 1.0)] * 3)
    return np.asarray(image.convert("RGB"), dtype=np.float32).transpose(2, 0, 1) / np.float32(255.0)


def _plain(value: float) -> int | float:
    """Return whole numbers as int, which is how Riffusion writes them."""
    return int(value) if value == int(value) else float(value)


def _milliseconds(samples: int, sample_rate: int) -> int | float:
    """Return samples in ms such that Riffusion's own `int(ms / 1000 * sample_rate)` gives the samples back."""
    value: float = samples * 1000 / sample_rate
    while int(value / 1000 * sample_rate) < samples:
        value = math.nextafter(value, math.inf)
    return _plain(value)
