"""Spectrogram images in Riffusion's format, and anyone else's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riffusion_inference.datatypes import Spectrogram, SpectrogramParams
from riffusion_inference.errors import SpectrogramError
from riffusion_inference.spectrogram.image import (
    EXIF_MAX_VALUE,
    EXIF_N_MELS,
    EXIF_SAMPLE_RATE,
    image_from_mel,
    mel_from_image,
    reference_max,
    save_image,
)

SMALL = SpectrogramParams(sample_rate=8000, n_fft=1600, win_length=400, hop_length=80, n_mels=32, f_max=3600.0)


def some_mel(params: SpectrogramParams = SMALL, n_frames: int = 20, top: float = 37.5) -> Spectrogram:
    amplitudes = np.random.default_rng(0).random((params.n_channels, params.n_mels, n_frames), dtype=np.float32)
    return Spectrogram(amplitudes / amplitudes.max() * np.float32(top), params)


def test_pixels_follow_riffusions_formula() -> None:
    mel = np.zeros((1, 32, 3), dtype=np.float32)
    mel[0, 0, 0], mel[0, 31, 1], mel[0, 5, 2] = 16.0, 1.0, 8.0
    pixels = np.asarray(image_from_mel(Spectrogram(mel, SMALL)))
    assert pixels.shape == (32, 3, 3)
    assert (pixels[31, 0] == 0).all(), "the loudest is black, and the lowest band is at the bottom"
    assert (pixels[0, 1] == 127).all(), "255 - 255 * (1/16) ** 0.25, rounded down"
    assert (pixels[26, 2] == int(255 - 255 * 0.5**0.25)).all()
    assert (pixels[10] == 255).all(), "silence is white"


def test_round_trip_through_a_png_keeps_level_and_params(tmp_path: Path) -> None:
    for params in (SMALL, replace(SMALL, stereo=True, f_min=20.5, power_for_image=0.5)):
        mel = some_mel(params)
        save_image(image_from_mel(mel), tmp_path / "mel.png")
        back = mel_from_image(Image.open(tmp_path / "mel.png"))
        assert back.params == params
        assert back.mel_amplitudes.dtype == np.float32
        worst = np.abs(back.mel_amplitudes - mel.mel_amplitudes).max()
        assert worst <= 37.5 / params.power_for_image / 255 * 1.05, "one of 255 levels of the brightness"
        assert back.mel_amplitudes.max() == pytest.approx(37.5, rel=1e-5)


@pytest.mark.parametrize("params", [SpectrogramParams(), SpectrogramParams(22050, 2205, 2205, 221, 256), SMALL])
def test_milliseconds_in_exif_survive_riffusions_own_rounding(params: SpectrogramParams) -> None:
    exif = image_from_mel(some_mel(params, 2)).getexif()
    for tag, samples in ((11010, params.hop_length), (11020, params.win_length), (11030, params.n_fft)):
        assert int(exif[tag] / 1000.0 * params.sample_rate) == samples


def test_reading_and_painting_again_changes_no_pixel() -> None:
    levels = np.arange(256, dtype=np.uint8).repeat(2).reshape(32, 16)
    image = Image.fromarray(levels)
    again = image_from_mel(mel_from_image(image, SMALL))
    np.testing.assert_array_equal(np.asarray(again)[..., 0], levels)


def test_exif_is_in_riffusions_units() -> None:
    exif = dict(image_from_mel(some_mel(SpectrogramParams(), 2, top=1000.0)).getexif())
    assert exif.pop(EXIF_MAX_VALUE) == pytest.approx(1000.0 * 32768, rel=1e-5)
    assert exif == {
        11000: 44100, 11005: 0, 11010: 10, 11020: 100, 11030: 400, 11040: 512, 11050: 0, 11060: 10000, 11070: 0.25
    }  # fmt: skip


def test_stereo_is_green_left_and_blue_right() -> None:
    mel = np.zeros((2, 32, 4), dtype=np.float32)
    mel[0, 0], mel[1, 31] = 5.0, 5.0
    image = image_from_mel(Spectrogram(mel, replace(SMALL, stereo=True)))
    pixels = np.asarray(image)
    assert (pixels[..., 0] == 0).all()
    assert (pixels[31, :, 1] == 0).all()
    assert (pixels[0, :, 2] == 0).all()
    bare = Image.fromarray(pixels)
    assert mel_from_image(bare, SMALL).params.stereo, "an empty red without EXIF is stereo"
    np.testing.assert_array_equal(mel_from_image(image).mel_amplitudes, mel)


def test_silence_stays_silence() -> None:
    mel = Spectrogram(np.zeros((1, 32, 5), dtype=np.float32), SMALL)
    image = image_from_mel(mel)
    assert (np.asarray(image) == 255).all()
    assert not mel_from_image(image).mel_amplitudes.any()


def test_other_modes_read_alike() -> None:
    rgb = Image.fromarray(np.asarray(image_from_mel(some_mel())))
    wanted = mel_from_image(rgb, SMALL).mel_amplitudes
    deep = np.asarray(rgb.convert("L"), dtype=np.uint16) * 257
    palette = Image.fromarray(np.asarray(rgb)[..., 0], mode="L").convert(
        "P", palette=Image.Palette.ADAPTIVE, colors=256
    )
    for image in (rgb.convert("L"), rgb.convert("RGBA"), palette, Image.fromarray(deep)):
        np.testing.assert_allclose(mel_from_image(image, SMALL).mel_amplitudes, wanted, rtol=1e-4, atol=1e-6)


def test_an_image_without_exif_gets_params_and_the_reference_level() -> None:
    image = Image.fromarray(np.zeros((512, 7, 3), dtype=np.uint8) + np.array([0, 1, 1], dtype=np.uint8))
    black = mel_from_image(Image.fromarray(np.zeros((512, 7), dtype=np.uint8)))
    assert black.params == SpectrogramParams()
    assert black.mel_amplitudes.shape == (1, 512, 7)
    np.testing.assert_allclose(black.mel_amplitudes, 30e6 / 32768, rtol=1e-6)
    assert reference_max(SMALL) == pytest.approx(30e6 / 32768 * 400 / 4410)
    assert mel_from_image(image).params.stereo


def test_a_wrong_height_says_both_numbers() -> None:
    with pytest.raises(SpectrogramError, match=r"300 px high.*512 mel bands"):
        mel_from_image(Image.new("RGB", (10, 300)))
    image = image_from_mel(some_mel())
    image.getexif()[EXIF_N_MELS] = 64
    with pytest.raises(SpectrogramError, match=r"32 px high.*64 mel bands"):
        mel_from_image(image)


@pytest.mark.parametrize(
    ("tag", "value"),
    [(EXIF_SAMPLE_RATE, "many"), (EXIF_SAMPLE_RATE, 0), (11060, 99999), (EXIF_MAX_VALUE, float("nan")), (11070, 0.0)],
)
def test_impossible_exif_is_a_sentence(tag: int, value: object) -> None:
    image = image_from_mel(some_mel())
    image.getexif()[tag] = value
    with pytest.raises(SpectrogramError):
        mel_from_image(image)


def test_unknown_exif_is_ignored() -> None:
    image = image_from_mel(some_mel())
    image.getexif()[315] = "An artist"
    assert mel_from_image(image).params == SMALL


@pytest.mark.parametrize(
    "amplitudes",
    [
        np.ones((2, 32, 4)),
        np.ones((1, 31, 4)),
        np.ones((32, 4)),
        np.ones((1, 32, 0)),
        -np.ones((1, 32, 4)),
        np.full((1, 32, 4), np.nan),
    ],
)
def test_arrays_that_are_no_spectrogram_are_refused(amplitudes: np.ndarray) -> None:
    with pytest.raises(SpectrogramError):
        image_from_mel(Spectrogram(amplitudes.astype(np.float32), SMALL))


def test_an_image_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpectrogramError, match="could not be written"):
        save_image(image_from_mel(some_mel()), tmp_path / "missing" / "mel.png")
