"""Is there form in the music: does it come back, has it a pulse, the tempo that was asked for, an ending?

    python -m benchmarks.form [--model pocket] [--sketch-only]

Every piece is a score, measured as its sketch and as the sound that a model makes of it. The tempo is estimated from
the picture alone. Then, how alike pieces of one prompt are, and how long a score of ten minutes takes to write.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from riffusion_inference import GenerationSettings, MusicModel, load_model
from riffusion_inference.notation.score import Score
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.sketch import draw_sketch
from riffusion_inference.score.timbres import GRID
from riffusion_inference.spectrogram.mel import mel_from_waveform

Array = NDArray[np.float64]
Painter = Callable[[str, Score], NDArray[np.float32]]
"""A prompt and its score to mel amplitudes [n_mels, F] on GRID."""
FRAME_RATE = GRID.sample_rate / GRID.hop_length
SECONDS = 30
FORM_PROMPTS = (
    "calm piano",
    "techno",
    "orchestral, strings and french horn",
    "folk, acoustic guitar",
    "lo-fi, electric piano",
    "epic trailer",
)
TEMPO_PROMPTS = (
    ("ambient pads with a slow piano, {} bpm", 60),
    ("trap beat, {} bpm", 71),
    ("lo-fi, {} bpm", 80),
    ("hip hop, {} bpm", 90),
    ("funk, {} bpm", 101),
    ("pop, {} bpm", 112),
    ("house, {} bpm", 123),
    ("techno, {} bpm", 134),
    ("rock, {} bpm", 145),
    ("bluegrass banjo, {} bpm", 156),
    ("swing, {} bpm", 168),
    ("drum and bass, {} bpm", 180),
)
FORM_ROW = "  {:40s} repetition {:.2f}  pulse {:.2f}  end {:.0f} dB"
N_FORM_SEEDS, N_SEEDS = 2, 4
SEED_PROMPTS = ("techno", "piano", "rock", "ambient")
WINDOW, NEAREST, FARTHEST = 2.0, 1.5, 12.0
"""Seconds: of a window, and how far away the window may be that it is compared with."""
TOLERANCE = 0.01
"""How far a tempo that is heard may be from the one that was asked for."""


def picture_of(mel: NDArray[np.float32]) -> Array:
    """The picture that repetition is looked for in: fourth roots, two rows in one, each row without its mean.

    Returns:
        [n_mels // 2, F].
    """
    roots = np.asarray(mel, dtype=np.float64) ** GRID.power_for_image
    small = roots[: len(roots) // 2 * 2].reshape(len(roots) // 2, 2, -1).mean(1)
    return np.asarray(small - small.mean(1, keepdims=True))


def repetition(mel: NDArray[np.float32]) -> float:
    """Best correlation of a window with one NEAREST to FARTHEST seconds away, mean over all windows; 1 is the same."""
    picture, size = picture_of(mel), round(FRAME_RATE * WINDOW)
    count = picture.shape[1] - size + 1
    energy = _sums((picture**2).sum(0), size)
    best = np.full(count, -1.0)
    for lag in range(round(FRAME_RATE * NEAREST), min(round(FRAME_RATE * FARTHEST), count - 1) + 1):
        products = _sums(np.einsum("ij,ij->j", picture[:, :-lag], picture[:, lag:]), size)
        alike = products / np.sqrt(energy[:-lag] * energy[lag:] + 1e-12)
        best[:-lag] = np.maximum(best[:-lag], alike)
        best[lag:] = np.maximum(best[lag:], alike)
    return float(best.mean())


def _sums(values: Array, size: int) -> Array:
    """Sums over every window of `size`."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[size:] - total[:-size])


def onset_envelope(mel: NDArray[np.float32]) -> Array:
    """How much begins in each frame: the rise of the logarithm in 32 bands, without its slow part; deviation 1."""
    bands = np.asarray(mel, dtype=np.float64).reshape(32, -1, mel.shape[1]).mean(1)
    floor = max(float(bands.max()), 1e-9) * 1e-3
    rise = np.maximum(np.diff(np.log(bands + floor), axis=1, prepend=np.log(bands[:, :1] + floor)), 0).sum(0)
    width = round(0.8 * FRAME_RATE)
    rise = rise - np.convolve(np.pad(rise, width // 2, mode="edge"), np.ones(width) / width, mode="same")[: len(rise)]
    return np.asarray((rise - rise.mean()) / (rise.std() + 1e-9))


def autocorrelation(envelope: Array) -> Array:
    """Likeness of an envelope with itself at every lag of frames, 1 at lag 0."""
    count = len(envelope)
    raw = np.fft.irfft(np.abs(np.fft.rfft(envelope, 2 * count)) ** 2)[:count]
    return np.asarray(raw / (raw[0] + 1e-9) * count / np.maximum(count - np.arange(count), count // 4))


def pulse(mel: NDArray[np.float32], bpm: float) -> float:
    """Autocorrelation of what begins, at one beat or at the two of a kick and a snare, whichever is more."""
    likeness = autocorrelation(onset_envelope(mel))
    lags = [round(beats * 60 * FRAME_RATE / bpm) for beats in (1, 2)]
    return max(float(likeness[lag - 1 : lag + 2].max()) for lag in lags)


def heard_tempo(mel: NDArray[np.float32]) -> float:
    """Estimate BPM from the picture alone: the tempo whose multiples repeat best, then exactly by what stays in step.

    Source: autocorrelation of onsets, weighted by how usual a tempo is: Ellis 2007, with his 120 BPM and an octave.
    """
    envelope = onset_envelope(mel)
    likeness, tempi = autocorrelation(envelope), np.geomspace(50, 200, 700)
    lags = 60 * FRAME_RATE / tempi
    repeats = [np.interp(n * lags, np.arange(len(likeness)), likeness) for n in (1, 2, 3, 4, 6, 8, 1 / 2, 1 / 4)]
    # Where a beat is divided in two and in four, a third of another beat is not.
    comb = np.mean(repeats[:6], axis=0) + 0.25 * np.mean(repeats[6:], axis=0)
    usual = np.exp(-0.5 * np.log2(tempi / 120) ** 2)
    near = tempi[int(np.argmax(np.maximum(comb, 0) * usual))]
    fine = near * np.geomspace(0.97, 1.03, 601)
    moments = np.arange(len(envelope)) / FRAME_RATE
    turns = [np.abs(np.exp(2j * np.pi * np.outer(fine * parts / 60, moments)) @ envelope) for parts in (1, 2, 4)]
    return float(fine[int(np.argmax(np.sum(turns, axis=0)))])


def likeness_of(first: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation of two pictures as they are seen."""
    frames = min(first.shape[1], other.shape[1])
    seen = [np.asarray(mel[:, :frames], dtype=np.float64) ** GRID.power_for_image for mel in (first, other)]
    return float(np.corrcoef(seen[0].ravel(), seen[1].ravel())[0, 1])


def dies_away_db(mel: NDArray[np.float32]) -> float:
    """How loud the last 60 ms are beside the loudest of the last second and a half, in dB, -60 at least."""
    last = max(float(mel[:, -round(1.5 * FRAME_RATE) :].max()), 1e-9)
    return float(20 * np.log10(max(float(mel[:, -3:].max()) / last, 1e-3)))


def sketched(prompt: str, score: Score) -> NDArray[np.float32]:
    """The picture of a score as it is drawn, before any model has seen it."""
    return draw_sketch(score.played(), round(float(score.duration) * FRAME_RATE))


def painted_by(model: MusicModel, steps: int) -> Painter:
    """A painter that has a model paint a score, and looks at the sound that comes out."""

    def paint(prompt: str, score: Score) -> NDArray[np.float32]:
        settings = GenerationSettings(prompt, seed=0, guidance_scale=1.5, num_inference_steps=steps, scores=(score,))
        n_samples = round(float(score.duration) * GRID.sample_rate)
        take = model.generate(settings, n_samples=n_samples, sample_rate=GRID.sample_rate)[0]
        return mel_from_waveform(take.waveform, GRID).mel_amplitudes[0]

    return paint


def print_form(paint: Painter) -> None:
    """Print repetition, pulse and ending of six prompts."""
    figures = []
    for prompt in FORM_PROMPTS:
        scores = [write_score(read_prompt(prompt), Fraction(SECONDS), seed) for seed in range(N_FORM_SEEDS)]
        mels = [(paint(prompt, score), score.tempi[0].bpm) for score in scores]
        figures.append(np.mean([(repetition(mel), pulse(mel, bpm), dies_away_db(mel)) for mel, bpm in mels], axis=0))
        print(FORM_ROW.format(prompt, *figures[-1]))
    print(FORM_ROW.format("mean", *np.mean(figures, axis=0)))


def print_tempi(paint: Painter) -> None:
    """Print the tempo that is heard in twelve prompts that name one."""
    exact, octaves = 0, 0
    for prompt, bpm in TEMPO_PROMPTS:
        prompt = prompt.format(bpm)
        heard = heard_tempo(paint(prompt, write_score(read_prompt(prompt), Fraction(SECONDS), seed=0)))
        level = 2.0 ** round(np.log2(heard / bpm))
        right = abs(heard / level / bpm - 1) <= TOLERANCE
        exact, octaves = exact + (right and level == 1), octaves + right
        print(f"  {prompt:40s} heard {heard:.1f} BPM")
    n_prompts = len(TEMPO_PROMPTS)
    print(f"  within 1 %: {octaves} of {n_prompts}, of which {octaves - exact} were counted at half or twice the beat")


def print_seeds(paint: Painter) -> None:
    """Print how alike the pictures of one prompt's seeds are."""
    for prompt in SEED_PROMPTS:
        scores = [write_score(read_prompt(prompt), Fraction(SECONDS), seed) for seed in range(N_SEEDS)]
        mels = [paint(prompt, score) for score in scores]
        alike = [likeness_of(one, other) for one, other in itertools.combinations(mels, 2)]
        print(f"  {prompt:40s} mean {np.mean(alike):.2f}  most {max(alike):.2f}")


def main() -> None:
    """Print every figure, of the sketches and of what the model makes of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--sketch-only", action="store_true", help="load no model")
    args = parser.parse_args()
    painters: dict[str, Painter] = {"sketch": sketched}
    if not args.sketch_only:
        painters[args.model] = painted_by(load_model(args.model), args.steps)
    for name, paint in painters.items():
        for what, show in (("form", print_form), ("tempo", print_tempi), ("likeness of seeds", print_seeds)):
            print(f"{name}, {what}")
            show(paint)
    began = time.perf_counter()
    score = write_score(read_prompt("drum and bass"), Fraction(600), seed=0)
    print(f"a score of ten minutes with {len(score.notes)} notes: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
