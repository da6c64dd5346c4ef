"""Mixing music into a part: channels, loudness, ducking and edges; arrays in, arrays out (pure).

Decisions. The original sound of a part is never resampled or moved. Peaks over -1 dBTP are held by a look-ahead limiter
for at most 6 dB; what would need more stays quieter than asked, and the loudness reported is what was reached.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from riffusion_inference.datatypes import Waveform, check_range

from ..errors import ConfigError
from ..settings.options import (
    MAX_DUCK_ATTACK_SECONDS,
    MAX_DUCK_DEPTH_DB,
    MAX_DUCK_RELEASE_SECONDS,
    MAX_FADE_SECONDS,
    MAX_LOUDNESS_LUFS,
    MAX_MUSIC_GAIN_DB,
    MIN_DUCK_ATTACK_SECONDS,
    MIN_DUCK_RELEASE_SECONDS,
    MIN_LOUDNESS_LUFS,
    MIN_MUSIC_GAIN_DB,
    SoundMode,
)
from .loudness import (
    CEILING_DBTP,
    MAX_LIMITING_DB,
    db_to_gain,
    gain_to_db,
    integrated_loudness,
    limit,
    true_peak,
    true_peak_dbtp,
)

DEFAULT_LUFS = -16.0
# A part whose own sound is quieter than this (room tone, hiss) counts as silent: music to match could not be heard.
SILENT_BELOW_LUFS = -50.0
FADE_SECONDS = 0.015
ENVELOPE_HOP_SECONDS = 0.01
ATTACK_SECONDS = 0.05
RELEASE_SECONDS = 0.4
# The original "speaks" where it is less than this below its own loudness; the duck is full 6 dB above that.
SPEAKS_WITHIN_LU = 18.0
DUCK_KNEE_DB = 6.0


@dataclass(frozen=True)
class MixSettings:
    """How music and original sound share a part."""

    mode: SoundMode = SoundMode.REPLACE
    """replace: music only. under: both, all along. duck: the music goes down while the original speaks."""
    music_gain_db: float = -12.0
    """Music over original. duck: only while the original speaks; in its pauses the music is as loud as it."""
    loudness: float | None = None
    """LUFS of the result; None keeps the reference (the original's, its neighbours' or -16)."""
    fade_in: float = 0.0
    """Seconds over which the music comes in; in replace, what it takes the place of goes as it comes."""
    fade_out: float = 0.0
    """Seconds over which the music goes out; in replace, what it took the place of comes back as it goes."""
    duck_depth_db: float | None = None
    """duck: how far the music goes down, from music_gain_db, while the original speaks; None goes down to it."""
    duck_attack: float = ATTACK_SECONDS
    """duck: seconds before speech in which the music goes down."""
    duck_release: float = RELEASE_SECONDS
    """duck: seconds in which it comes back after speech."""

    def __post_init__(self) -> None:
        if self.mode not in list(SoundMode):
            raise ConfigError(f"Sound mode {self.mode!r} is unknown: choose one of {', '.join(SoundMode)}.")
        object.__setattr__(self, "mode", SoundMode(self.mode))
        check_range("The music's gain in dB", self.music_gain_db, MIN_MUSIC_GAIN_DB, MAX_MUSIC_GAIN_DB)
        if self.loudness is not None:
            check_range("Loudness in LUFS", self.loudness, MIN_LOUDNESS_LUFS, MAX_LOUDNESS_LUFS)
        check_range("The fade in, in seconds,", self.fade_in, 0.0, MAX_FADE_SECONDS)
        check_range("The fade out, in seconds,", self.fade_out, 0.0, MAX_FADE_SECONDS)
        if self.duck_depth_db is not None:
            check_range("The duck's depth in dB", self.duck_depth_db, 0.0, MAX_DUCK_DEPTH_DB)
        attack, release = self.duck_attack, self.duck_release
        check_range("The duck's attack in seconds", attack, MIN_DUCK_ATTACK_SECONDS, MAX_DUCK_ATTACK_SECONDS)
        check_range("The duck's release in seconds", release, MIN_DUCK_RELEASE_SECONDS, MAX_DUCK_RELEASE_SECONDS)

    @property
    def fades(self) -> bool:
        """Whether the music comes in or goes out slowly."""
        return self.fade_in > 0 or self.fade_out > 0


@dataclass(frozen=True)
class Mixed:
    """A part's new sound, before its edges are joined to what lies beside it."""

    waveform: Waveform
    """[C, T] float32, exactly as long as the original, true peak at most -1 dBTP."""
    target_lufs: float
    """What was asked for."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know."""


def reference_loudness(original: Waveform, neighbours: Iterable[Waveform] = ()) -> tuple[float, str]:
    """The loudness that new music should have here, in LUFS, and where it comes from.

    The part's own; else the mean of the neighbours that have sound; else -16 LUFS. Below -50 LUFS counts as silent.
    The neighbours are asked for only where the part is silent.
    """
    own = audible_loudness(original)
    if own is not None:
        return own, "the part's original sound"
    found = [lufs for lufs in map(audible_loudness, neighbours) if lufs is not None]
    if found:
        return sum(found) / len(found), "its neighbours"
    return DEFAULT_LUFS, "no sound near it"


def audible_loudness(waveform: Waveform) -> float | None:
    """Integrated loudness in LUFS, or None below -50 LUFS."""
    lufs = integrated_loudness(waveform)
    return lufs if lufs is not None and lufs >= SILENT_BELOW_LUFS else None


def fit_channels(samples: np.ndarray, n_channels: int) -> np.ndarray:
    """[C, T] to [n_channels, T]: mono goes to left and right alike, surround gets music in its front pair only."""
    have = samples.shape[0]
    if have == n_channels:
        return samples.astype(np.float32, copy=False)
    if n_channels == 1:
        return np.asarray(samples.mean(axis=0, keepdims=True, dtype=np.float32))
    fitted = np.zeros((n_channels, samples.shape[1]), dtype=np.float32)
    fitted[:2] = samples if have == 1 else samples[:2]
    return fitted


def mix(
    original: Waveform,
    music: Waveform,
    settings: MixSettings,
    reference_lufs: float,
    *,
    start: str = "original",
    end: str = "original",
) -> Mixed:
    """Put music and a part's original sound together at the loudness asked for.

    Args:
        original: [C, T], the part's own sound; zeros where it has none.
        music: [any C, T] at the same sample rate.
        reference_lufs: what "match" means here, from reference_loudness.
        start, end: what the fades of music that replaces cross over from and to, as in join_edges: "original" or
            "silence".
    Returns:
        [C, T]; the original's channels and length.
    """
    assert music.n_samples == original.n_samples, "music is made to the part's exact length"
    assert music.sample_rate == original.sample_rate, "music is made at the part's sample rate"
    rate = original.sample_rate
    target = reference_lufs if settings.loudness is None else settings.loudness
    fitted = fit_channels(music.samples, original.n_channels)
    music_lufs = integrated_loudness(Waveform(fitted, rate))
    notes: list[str] = []
    if music_lufs is None:
        notes.append("The music that was generated is silent: try another seed or prompt.")
    original_lufs = audible_loudness(original) if settings.mode != "replace" else None
    if settings.mode != "replace" and original_lufs is None:
        notes.append(f"The part has no sound of its own to mix with ({settings.mode}): the music takes its place.")
    if settings.mode == "replace" or original_lufs is None:
        samples = _brought(fitted, rate, target, music_lufs)
        if settings.fades:
            samples = limit(_crossed(samples, original, settings, start, end), rate)
    else:
        if music_lufs is not None:
            fitted = fitted * _music_gain(original, original_lufs, music_lufs, settings)
        rise, fall = fade_curves(fitted.shape[1], rate, settings)
        fitted = fitted * (rise * fall)
        both = original.samples + fitted
        samples = limit(both, rate) if settings.loudness is None else bring_to(both, rate, target)
    together, lasts = settings.fade_in + settings.fade_out, music.n_samples / rate
    if together > lasts:
        notes.append(f"The fades take {together:g} s together and the music lasts {lasts:.1f} s: they overlap.")
    return Mixed(Waveform(samples, rate), target, tuple(notes))


def fade_curves(n_samples: int, sample_rate: int, settings: MixSettings) -> tuple[np.ndarray, np.ndarray]:
    """[T] how much of the music there is as it comes in, and [T] as it goes out: 0 to 1, raised cosines."""
    left = np.arange(n_samples) + 0.5
    lengths = (max(1.0, seconds * sample_rate) for seconds in (settings.fade_in, settings.fade_out))
    rise, fall = (0.5 - 0.5 * np.cos(np.pi * np.minimum(left / length, 1.0)) for length in lengths)
    return (
        rise.astype(np.float32) if settings.fade_in else np.ones(n_samples, dtype=np.float32),
        fall[::-1].astype(np.float32) if settings.fade_out else np.ones(n_samples, dtype=np.float32),
    )


def _crossed(music: np.ndarray, original: Waveform, settings: MixSettings, start: str, end: str) -> np.ndarray:
    """[C, T] music that comes in and goes out over what it replaces, where there is that beside it."""
    rise, fall = fade_curves(original.n_samples, original.sample_rate, settings)
    own = (1 - rise if start == "original" else 0) + (1 - fall if end == "original" else 0)
    return np.asarray(music * (rise * fall) + original.samples * np.minimum(own, 1), dtype=np.float32)


def _music_gain(original: Waveform, original_lufs: float, music_lufs: float, settings: MixSettings) -> np.ndarray:
    """[T] or [1] linear gain for the music under or around the original."""
    level = original_lufs - music_lufs
    if settings.mode == "under":
        return np.array([db_to_gain(level + settings.music_gain_db)], dtype=np.float32)
    speaking = speech_envelope(original, original_lufs, settings.duck_attack, settings.duck_release)
    in_pauses, depth = 0.0, settings.music_gain_db
    if settings.duck_depth_db is not None:
        in_pauses, depth = settings.music_gain_db, -settings.duck_depth_db
    return (10.0 ** ((level + in_pauses + depth * speaking) / 20.0)).astype(np.float32)


def speech_envelope(
    original: Waveform, loudness_lufs: float, attack: float = ATTACK_SECONDS, release: float = RELEASE_SECONDS
) -> np.ndarray:
    """[T] from 0 (the original is quiet) to 1 (it speaks); rises in the seconds before speech, falls over those after.

    Args:
        original: [C, T].
        loudness_lufs: of it.
        attack, release: seconds.
    """
    hop = max(1, round(ENVELOPE_HOP_SECONDS * original.sample_rate))
    n_hops = -(-original.n_samples // hop)
    energy = np.zeros(n_hops * hop)
    energy[: original.n_samples] = np.square(original.samples, dtype=np.float64).sum(axis=0)
    level_db = 10.0 * np.log10(energy.reshape(n_hops, hop).mean(axis=1) + 1e-12)
    active = np.clip((level_db - (loudness_lufs - SPEAKS_WITHIN_LU)) / DUCK_KNEE_DB, 0.0, 1.0)
    ahead = max(1, round(attack / ENVELOPE_HOP_SECONDS))
    active = np.lib.stride_tricks.sliding_window_view(np.pad(active, (0, ahead), mode="edge"), ahead + 1).max(axis=1)
    rise = 1.0 - math.exp(-ENVELOPE_HOP_SECONDS / (attack / 2))
    fall = 1.0 - math.exp(-ENVELOPE_HOP_SECONDS / release)
    followed, state = np.empty(n_hops), float(active[0])
    for i, value in enumerate(active):
        state += (value - state) * (rise if value > state else fall)
        followed[i] = state
    return np.interp(np.arange(original.n_samples), (np.arange(n_hops) + 0.5) * hop, followed)


def bring_to(samples: np.ndarray, sample_rate: int, target_lufs: float) -> np.ndarray:
    """Set [C, T] to a loudness with the true peak at most -1 dBTP; high peaks keep it quieter, silence stays."""
    return _brought(samples, sample_rate, target_lufs, integrated_loudness(Waveform(samples, sample_rate)))


def _brought(samples: np.ndarray, sample_rate: int, target_lufs: float, lufs: float | None) -> np.ndarray:
    """As bring_to, where the loudness is known already."""
    if lufs is None:
        return limit(samples, sample_rate)
    most_db = CEILING_DBTP + MAX_LIMITING_DB - gain_to_db(true_peak(samples))
    gain_db, result = min(target_lufs - lufs, most_db), samples
    for _ in range(3):
        result = limit(samples * np.float32(db_to_gain(gain_db)), sample_rate)
        reached = integrated_loudness(Waveform(result, sample_rate))
        missing = 0.0 if reached is None else target_lufs - reached
        if abs(missing) < 0.05 or gain_db >= most_db:
            break
        gain_db = min(gain_db + missing, most_db)
    return result


def join_edges(body: Waveform, original: Waveform, *, start: str = "original", end: str = "original") -> Waveform:
    """Fade a part's new sound in and out, wholly inside its own range, so that nothing clicks.

    Args:
        body: [C, T] the new sound.
        original: [C, T] what was there, which the neighbouring parts go on from.
        start, end: "original" crosses over from what was there, "silence" fades from nothing (the film's own ends, or
            another dubbed part), "music" leaves the edge as it is, because the music runs on.
    Returns:
        [C, T]; at most the outer 15 ms (a quarter of a very short part) differ from the body.
    """
    n_fade = min(round(FADE_SECONDS * body.sample_rate), body.n_samples // 4)
    samples = body.samples.copy()
    if n_fade:
        rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(n_fade) + 0.5) / n_fade)).astype(np.float32)
        old_start = original.samples[:, :n_fade] if start == "original" else np.float32(0)
        old_end = original.samples[:, -n_fade:] if end == "original" else np.float32(0)
        if start != "music":
            samples[:, :n_fade] = samples[:, :n_fade] * rise + old_start * (1 - rise)
        if end != "music":
            samples[:, -n_fade:] = samples[:, -n_fade:] * rise[::-1] + old_end * (1 - rise[::-1])
    return Waveform(samples, body.sample_rate)


def measure(waveform: Waveform) -> tuple[float | None, float | None]:
    """Integrated loudness in LUFS and true peak in dBTP; None where it is silent."""
    peak = true_peak_dbtp(waveform)
    return integrated_loudness(waveform), None if math.isinf(peak) else peak
