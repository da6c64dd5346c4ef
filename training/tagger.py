"""A simple judge: linear classifiers of genre and of the lead's family, fitted on real renderings alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import FAMILIES
from training.dataset import PATCH_WINDOW, read_shards
from training.piece import Piece
from training.render import lead_family

Array = NDArray[np.float64]


def features(pixels: NDArray[np.uint8]) -> Array:
    """Describe a window [n_mels, 256]: level, spread and movement of 64 bands, and how they repeat in time.

    Returns:
        [64 * 3 + 60], the last 60 being the autocorrelation of the strokes at 1 to 60 frames.
    """
    level = 1 - pixels[::-1].astype(np.float64) / 255.0
    bands = level.reshape(64, -1, level.shape[1]).mean(1)
    strokes = np.maximum(np.diff(bands, axis=1), 0)
    pulse = strokes.mean(0) - strokes.mean()
    repeats = np.array([(pulse[:-lag] * pulse[lag:]).mean() for lag in range(1, 61)]) / (pulse.var() + 1e-9)
    return np.concatenate([bands.mean(1), bands.std(1), strokes.mean(1) * 4, repeats * 0.2])


@dataclass(frozen=True)
class Tagger:
    """Ridge regression on standardised features, one output for each label."""

    mean: Array
    """[features]."""
    deviation: Array
    """[features]."""
    weights: Array
    """[features + 1, labels]."""
    labels: tuple[str, ...]
    """Names of the outputs."""

    def rank(self, pixels: NDArray[np.uint8]) -> list[str]:
        """Labels of a window, likeliest first."""
        scores = np.append((features(pixels) - self.mean) / self.deviation, 1.0) @ self.weights
        return [self.labels[place] for place in np.argsort(-scores)]


def fit(samples: Array, names: list[str], labels: tuple[str, ...], strength: float = 30.0) -> Tagger:
    """Fit a tagger to features [N, features] and their labels; rare labels count as much as common ones."""
    mean, deviation = samples.mean(0), samples.std(0) + 1e-6
    inputs = np.concatenate([(samples - mean) / deviation, np.ones((len(samples), 1))], axis=1)
    counts = {name: names.count(name) for name in set(names)}
    weight = np.array([1 / counts[name] ** 0.5 for name in names])
    weight /= weight.mean()
    targets = np.array([[float(name == label) for label in labels] for name in names])
    gram = (inputs * weight[:, None]).T @ inputs + strength * np.eye(inputs.shape[1])
    return Tagger(mean, deviation, np.linalg.solve(gram, (inputs * weight[:, None]).T @ targets), labels)


def fit_taggers(data: Path, n_shards: int = 60) -> dict[str, Tagger]:
    """Fit the judges of genre and of the lead's family on the shards of stage `data`."""
    samples, pieces = read_samples(data, n_shards)
    leads = tuple(family for family in FAMILIES if family not in ("bass", "percussion"))
    return {
        "genre": fit(samples, [piece.genre for piece in pieces], tuple(GENRES)),
        "lead family": fit(samples, [lead_family(piece) for piece in pieces], leads),
    }


def read_samples(data: Path, n_shards: int) -> tuple[Array, list[Piece]]:
    """Read the first window of every piece of the first shards: features [N, features] and pieces."""
    rows: list[Array] = []
    pieces: list[Piece] = []
    for index, (pixels, shard) in enumerate(read_shards(data)):
        if index >= n_shards:
            break
        rows += [features(np.asarray(picture[:, :PATCH_WINDOW])) for picture in pixels]
        pieces += shard
    return np.stack(rows), pieces
