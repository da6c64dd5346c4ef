"""Sound like speech and like a street, out of sines and noise.

A voice is a row of harmonics whose levels follow the formants of vowels (Peterson and Barney 1952), with noise for s
and h, and pauses between its phrases. Everything else is noise of a certain colour with a certain course of loudness.
"""

from __future__ import annotations

import numpy as np

RATE = 48_000
VOWELS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
    "y": (390, 1990, 2550),
}
"""The three formants in Hz."""
BANDWIDTHS = (90, 110, 170)
PHRASES = (
    "meri samo tule",
    "o ne sariva",
    "leyu tami son ara velo",
    "isha",
    "rama tulo nevi sa",
    "yo ma lena susha ri",
)
"""Syllables that mean nothing; vowels sound, s and h hiss, the others are the dips between them."""
SYLLABLE, PAUSE = 0.19, 1.0


def harbour_sound(seconds: float) -> np.ndarray:
    """A voice that speaks, surf, and gulls [2, n]."""
    n, rng = round(seconds * RATE), np.random.default_rng(1)
    speech = voice(n, rng)
    surf = np.stack([noise(n, rng, 60, 900) * swell(n, 5.3, phase) for phase in (0.0, 0.9)])
    gulls = np.zeros((2, n))
    for at, side in ((1.1, 0.2), (6.4, 0.8), (7.0, 0.7), (13.2, 0.3), (17.9, 0.6)):
        put(gulls, pan(gull(rng), side), at)
    return level(0.30 * speech[None] + 0.02 * surf + 0.012 * gulls, -20.0)


def street_sound(seconds: float) -> np.ndarray:
    """Traffic that comes and goes, steps, a bell and a horn [2, n]."""
    n, rng = round(seconds * RATE), np.random.default_rng(2)
    mixed = 0.10 * np.stack([noise(n, rng, 30, 250), noise(n, rng, 30, 250)])
    for at, length, side in ((0.3, 3.2, 0.1), (2.4, 2.6, 0.9), (5.6, 3.4, 0.3), (8.3, 2.8, 0.7), (10.2, 4.4, 0.5)):
        put(mixed, 0.16 * passing_car(length, side, rng), at)
    for number in range(22):
        put(mixed, 0.10 * pan(step(rng), 0.4 + 0.2 * (number % 2)), 0.2 + 0.52 * number)
    for at in (9.7, 10.15):
        put(mixed, 0.09 * pan(bell(), 0.6), at)
    put(mixed, 0.05 * pan(horn(), 0.2), 4.1)
    return level(mixed, -20.0)


def voice(n: int, rng: np.random.Generator) -> np.ndarray:
    """Phrases with pauses between them [n]."""
    times, out = np.arange(n) / RATE, np.zeros(n)
    loud, hiss = np.zeros(n), np.zeros(n)
    formants = np.tile(np.array([VOWELS["a"]], dtype=float).T, n)
    at, number = 0.5, 0
    pitch = np.full(n, 118.0)
    while at < n / RATE - 2.5:
        letters = PHRASES[number % len(PHRASES)]
        began = at
        for letter in letters:
            if letter in VOWELS:
                length = SYLLABLE * rng.uniform(0.8, 1.3)
                here = (times >= at) & (times < at + length)
                loud[here] = np.sin(np.pi * (times[here] - at) / length) ** 0.6 * rng.uniform(0.7, 1.0)
                formants[:, here] = np.array(VOWELS[letter], dtype=float)[:, None]
                at += length
            elif letter in "sh":
                here = (times >= at) & (times < at + 0.09)
                hiss[here] = np.sin(np.pi * (times[here] - at) / 0.09)
                at += 0.07
            else:
                at += 0.10 if letter == " " else 0.035
        spoken = (times >= began) & (times < at)
        # A sentence falls towards its end.
        pitch[spoken] = 128 - 34 * (times[spoken] - began) / (at - began) + 5 * np.sin(7 * times[spoken])
        at, number = at + PAUSE * rng.uniform(0.8, 1.5), number + 1
    formants = np.stack([smooth(row, 0.05) for row in formants])
    phase = 2 * np.pi * np.cumsum(smooth(pitch, 0.04)) / RATE
    for harmonic in range(1, 36):
        tone = harmonic * pitch
        shape = sum(
            gain / (1 + ((tone - formant) / width) ** 2)
            for formant, width, gain in zip(formants, BANDWIDTHS, (1.0, 0.5, 0.25), strict=True)
        )
        out += shape * np.sin(harmonic * phase)
    return out * smooth(loud, 0.02) + 0.25 * noise(n, rng, 3500, 9000) * smooth(hiss, 0.01)


def noise(n: int, rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """Noise between two frequencies in Hz, falling by 3 dB an octave, of level 1."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hertz = np.fft.rfftfreq(n, 1 / RATE)
    shape = 1 / np.sqrt(np.maximum(hertz, 20.0)) / (1 + (low / np.maximum(hertz, 1)) ** 4) / (1 + (hertz / high) ** 4)
    made = np.fft.irfft(spectrum * shape, n)
    return made / made.std()


def swell(n: int, period: float, phase: float) -> np.ndarray:
    """Waves that come in and run back."""
    return 0.35 + 0.65 * (0.5 + 0.5 * np.sin(2 * np.pi * np.arange(n) / RATE / period + phase)) ** 2


def gull(rng: np.random.Generator) -> np.ndarray:
    """Three cries that fall."""
    cries = []
    for length in rng.uniform(0.22, 0.36, 3):
        times = np.arange(round(length * RATE)) / RATE
        pitch = 1150 * np.exp(-1.1 * times / length) + 350 * np.sin(np.pi * times / length)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        cries += [np.sin(np.pi * times / length) * (np.sin(phase) + 0.5 * np.sin(2 * phase)), np.zeros(RATE // 10)]
    return np.concatenate(cries)


def passing_car(length: float, side: float, rng: np.random.Generator) -> np.ndarray:
    """Tyres and an engine that come from one side and go to the other [2, n]."""
    n = round(length * RATE)
    course = np.linspace(-1, 1, n)
    near = 1 / (1 + (3.2 * course) ** 2) * np.sin(np.pi * (course + 1) / 2)
    engine = np.sin(2 * np.pi * np.cumsum(78 - 9 * np.tanh(4 * course)) / RATE)
    sound = near * (noise(n, rng, 250, 2600) + 0.6 * engine)
    place = np.clip(0.5 + (0.5 - side) * course, 0.05, 0.95)
    return np.stack([sound * np.sqrt(1 - place), sound * np.sqrt(place)])


def step(rng: np.random.Generator) -> np.ndarray:
    """A heel on stone."""
    n = RATE // 10
    return noise(n, rng, 150, 1800) * np.exp(-np.arange(n) / RATE / 0.018)


def bell() -> np.ndarray:
    """A tram's bell."""
    times = np.arange(round(1.4 * RATE)) / RATE
    partials = ((880, 1.0, 0.5), (1773, 0.6, 0.32), (2640, 0.45, 0.2), (3730, 0.3, 0.12))
    return sum((gain * np.exp(-times / fall) * np.sin(2 * np.pi * hertz * times)) for hertz, gain, fall in partials)


def horn() -> np.ndarray:
    """A horn, far away."""
    times = np.arange(round(0.5 * RATE)) / RATE
    edge = np.minimum(1, np.minimum(times, 0.5 - times) / 0.03)
    return edge * sum(np.sin(2 * np.pi * hertz * k * times) / k for hertz in (349, 440) for k in range(1, 6))


def pan(sound: np.ndarray, place: float) -> np.ndarray:
    """A mono sound between left 0 and right 1 [2, n]."""
    return np.stack([sound * np.sqrt(1 - place), sound * np.sqrt(place)])


def put(into: np.ndarray, sound: np.ndarray, at: float) -> None:
    """Add a sound at a time in seconds; what goes over the end is left out."""
    start = round(at * RATE)
    end = min(into.shape[1], start + sound.shape[1])
    into[:, start:end] += sound[:, : end - start]


def smooth(values: np.ndarray, seconds: float) -> np.ndarray:
    """A course without steps."""
    window = np.hanning(round(seconds * RATE) | 1)
    return np.convolve(np.pad(values, len(window) // 2, mode="edge"), window / window.sum(), mode="valid")


def level(sound: np.ndarray, decibels: float) -> np.ndarray:
    """The whole at a level in dBFS, peaks bent below -1.5 dBFS, and its ends faded."""
    scaled = sound * 10 ** (decibels / 20) / sound.std()
    ends = np.minimum(1, np.minimum(np.arange(sound.shape[1]), np.arange(sound.shape[1])[::-1]) / (0.05 * RATE))
    return 0.84 * np.tanh(scaled / 0.84) * ends
