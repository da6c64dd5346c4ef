"""Scores of many clips: how far they do what the prompt says, beside real renderings and beside shuffled prompts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.measures import Heard, strength_near, tempo_matches
from training.piece import Piece
from training.render import lead_family
from training.tagger import Tagger, features

N_SHUFFLES = 40
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Clip:
    """One window and what is heard in it."""

    prompt: int
    """Index of the piece that it was asked to be."""
    pixels: NDArray[np.uint8]
    """[n_mels, 256]."""
    heard: Heard
    """Measures of its sound."""


@dataclass
class ScoreTable:
    """Figures by row: generated, shuffled (chance), real (ceiling)."""

    rows: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Name -> the three figures; NaN where a figure has no meaning."""
    facts: dict[str, str] = field(default_factory=dict)
    """What else was measured."""

    def to_markdown(self) -> str:
        """The table as Markdown."""
        lines = ["| measure | generated | prompts shuffled | real renderings |", "|---|---|---|---|"]
        for name, figures in self.rows.items():
            cells = ["" if np.isnan(figure) else f"{figure:.2f}" for figure in figures]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        return "\n".join([*lines, "", *(f"- {name}: {fact}" for name, fact in self.facts.items())])


Score = Callable[[list[Clip], list[Piece]], float]
"""(clips, piece asked for by each clip) -> a figure."""


def mean_of(value: Callable[[Clip, Piece], float]) -> Score:
    """Mean of a value over the clips."""
    return lambda clips, asked: float(np.mean([value(clip, piece) for clip, piece in zip(clips, asked, strict=True)]))


def share(test: Callable[[Clip, Piece], bool]) -> Score:
    """Share of clips that pass a test."""
    return mean_of(lambda clip, piece: float(test(clip, piece)))


def separation(value: Callable[[Clip], float], positive: Callable[[Piece], bool]) -> Score:
    """Area under the ROC curve: how often a clip that was asked for a thing has more of it than one that was not."""

    def score(clips: list[Clip], asked: list[Piece]) -> float:
        values = np.array([value(clip) for clip in clips])
        chosen = np.array([positive(piece) for piece in asked])
        if chosen.all() or not chosen.any():
            return float("nan")
        differences = values[chosen][:, None] - values[~chosen][None]
        return float((differences > 0).mean() + 0.5 * (differences == 0).mean())

    return score


def spearman(first: Array, second: Array) -> float:
    """Rank correlation."""
    ranks = [np.argsort(np.argsort(values)).astype(float) for values in (first, second)]
    if min(np.std(first), np.std(second)) < 1e-12:
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def agreement(value: Callable[[Clip], float], expected: dict[int, float]) -> Score:
    """Rank correlation with the mean that real renderings of the asked piece have, by the piece's seed."""
    return lambda clips, asked: spearman(
        np.array([value(clip) for clip in clips]), np.array([expected[piece.seed] for piece in asked])
    )


def make_scores(expected: dict[str, dict[int, float]], taggers: dict[str, Tagger]) -> dict[str, Score]:
    """All scores by name; `expected` has the real renderings' mean brightness and density by piece seed."""
    genre, family = taggers["genre"], taggers["lead family"]
    return {
        "tempo within 8 %, or its double or half (share)": share(
            lambda clip, piece: tempo_matches(clip.heard.bpm, piece.bpm)
        ),
        "beat strength within 8 % of the asked tempo (-1 to 1)": mean_of(
            lambda clip, piece: strength_near(clip.heard.envelope, piece.beat_frames)
        ),
        "drums or none, by percussive share (AUC)": separation(
            lambda clip: clip.heard.percussive, lambda piece: piece.drums
        ),
        "minor or major, by chroma (AUC)": separation(lambda clip: clip.heard.minor, lambda piece: piece.minor),
        "brightness, rank correlation with real": agreement(lambda clip: clip.heard.centroid, expected["centroid"]),
        "density of onsets, rank correlation with real": agreement(lambda clip: clip.heard.onsets, expected["onsets"]),
        "genre named first of 42 by a tagger (share)": share(
            lambda clip, piece: genre.rank(clip.pixels)[0] == piece.genre
        ),
        "genre among the tagger's first five (share)": share(
            lambda clip, piece: piece.genre in genre.rank(clip.pixels)[:5]
        ),
        "lead's family among the first three of 12 (share)": share(
            lambda clip, piece: lead_family(piece) in family.rank(clip.pixels)[:3]
        ),
    }


def score_clips(pieces: list[Piece], generated: list[Clip], real: list[Clip], taggers: dict[str, Tagger]) -> ScoreTable:
    """Score generated clips beside shuffled prompts and beside real renderings.

    Args:
        pieces: what was asked for.
        generated: clips of the checkpoint.
        real: renderings of the same attributes, as many for each piece.
        taggers: judges of genre and lead family.
    Returns:
        The table.
    """
    expected = {
        name: {
            piece.seed: float(np.mean([getattr(c.heard, name) for c in real if c.prompt == index]))
            for index, piece in enumerate(pieces)
        }
        for name in ("centroid", "onsets")
    }
    table, rng = ScoreTable(), np.random.default_rng(0)
    orders = [rng.permutation(len(pieces)) for _ in range(N_SHUFFLES)]
    for name, score in make_scores(expected, taggers).items():
        asked = score(generated, [pieces[clip.prompt] for clip in generated])
        shuffled = [score(generated, [pieces[order[clip.prompt]] for clip in generated]) for order in orders]
        table.rows[name] = (asked, float(np.mean(shuffled)), score(real, [pieces[clip.prompt] for clip in real]))
    nan = float("nan")
    table.rows["diversity between seeds (share of that between prompts)"] = (diversity(generated), nan, diversity(real))
    halves = frechet(
        [clip for place, clip in enumerate(real) if place % 2],
        [clip for place, clip in enumerate(real) if place % 2 == 0],
    )
    table.rows["distance to real renderings in mel statistics (Frechet)"] = (frechet(generated, real), nan, halves)
    return table


def diversity(clips: list[Clip]) -> float:
    """Mean distance between clips of one prompt over the mean distance between clips of different prompts."""
    rows = np.stack([features(clip.pixels) for clip in clips])
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    prompts = np.array([clip.prompt for clip in clips])
    same = (prompts[:, None] == prompts[None]) & ~np.eye(len(clips), dtype=bool)
    if not same.any():
        return float("nan")
    return float(distances[same].mean() / distances[prompts[:, None] != prompts[None]].mean())


def frechet(first: list[Clip], second: list[Clip], size: int = 16) -> float:
    """Frechet distance between Gaussians fitted to the `size` strongest components of the mel statistics of `second`.

    Source: Heusel et al. 2017, with mel statistics in place of a network's features.
    """
    a, b = (np.stack([features(clip.pixels)[:192] for clip in clips]) for clips in (first, second))
    centre = b.mean(0)
    basis = np.linalg.svd(b - centre, full_matrices=False)[2][:size].T
    a, b = (a - centre) @ basis, (b - centre) @ basis
    covariances = [np.atleast_2d(np.cov(x.T)) for x in (a, b)]
    values = np.linalg.eigvals(covariances[0] @ covariances[1])
    root = float(np.sqrt(np.maximum(values.real, 0)).sum())
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * root)
