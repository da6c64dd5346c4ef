"""Music that keeps the tempo it was asked for, from a beat at its start to its end.

A diffusion model follows "at 96 BPM" only roughly. Where its takes are spectrograms and have a clear beat near the
wanted tempo, the columns are moved: the first beat to the start, the tempo to the wanted one. Pitch stays, since only
time is stretched, by at most 12 %. What has no clear beat stays as it is, and a note says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from riffusion_inference.datatypes import (
    MAX_SECONDS,
    GenerationSettings,
    ShouldCancel,
    Spectrogram,
    Take,
    Waveform,
    check_bpm,
    check_cancel,
)
from riffusion_inference.takes.beats import Pulse, find_pulse

MAX_STRETCH = 1.12
"""Furthest that a tempo is moved, either way; more is heard in the drums."""
HOLD_STRENGTH = 0.15
"""Pulse strength from which a beat counts as one; white noise has about 0.1. A wrong guess costs a small stretch."""


def samples_to_make(settings: GenerationSettings, n_samples: int, sample_rate: int) -> int:
    """How long takes must be made so that n_samples of them can be held to settings.bpm; n_samples where they cannot.

    A tempo is held by playing up to 12 % faster, and by leaving out what lies before the first beat.
    """
    if settings.bpm is None or settings.loop:
        return n_samples
    longer = math.ceil(n_samples * MAX_STRETCH + sample_rate * 60 / settings.bpm)
    return longer if longer <= MAX_SECONDS * sample_rate else n_samples


def hold_takes(
    takes: Sequence[Take], settings: GenerationSettings, n_samples: int, should_cancel: ShouldCancel | None = None
) -> list[Take]:
    """Hold takes to settings.bpm where it is set.

    Args:
        takes: of samples_to_make(settings, n_samples, their sample rate) samples.
        settings: what they were made from; bpm None changes nothing.
        n_samples: exact length of each.
        should_cancel: asked before each take.
    Returns:
        Takes of exactly n_samples, with a note where the tempo could not be held.
    Raises:
        GenerationCancelled: should_cancel returned True.
    """
    if settings.bpm is None:
        return list(takes)
    held = []
    for take in takes:
        check_cancel(should_cancel)
        if samples_to_make(settings, n_samples, take.waveform.sample_rate) > n_samples:
            held.append(hold(take, settings.bpm, n_samples))
        else:
            why = "A loop" if settings.loop else "Music this long"
            held.append(_with_note(take, f"{why} keeps the tempo it was made with, near {settings.bpm:.0f} BPM."))
    return held


def hold(take: Take, bpm: float, n_samples: int) -> Take:
    """Cut a longer take to n_samples so that it begins on a beat and keeps bpm.

    Args:
        take: at least 1.12 * n_samples and a beat long.
        bpm: the tempo wanted.
        n_samples: at the take's own sample rate.
    Returns:
        Take of exactly n_samples, its image to match; with a note where the tempo could not be held.
    Raises:
        SettingError: the tempo is out of range.
    """
    check_bpm(bpm)
    if take.image is None or take.params is None:
        return _cut(take, n_samples, f"This engine's music keeps its own tempo, which may not be {bpm:.0f} BPM.")
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
    note = f"The beat was moved from {pulse.bpm:.1f} to {bpm:.1f} BPM, so that the music keeps the tempo asked for."
    return replace(take, waveform=Waveform(sound, rate), image=image, notes=(*take.notes, note))


def move_beats(painted: Spectrogram, pulse: Pulse, bpm: float, n_frames: int) -> Spectrogram:
    """Take columns so that the first beat comes at 0 and the tempo is bpm, interpolating linearly between columns.

    Args:
        painted: mel_amplitudes [C, n_mels, F].
        pulse: where its beats are.
        bpm: where they should be.
        n_frames: columns of the result.
    """
    params = painted.params
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
    return _with_note(replace(take, waveform=waveform, image=image), note)


def _with_note(take: Take, note: str) -> Take:
    return replace(take, notes=(*take.notes, note))
