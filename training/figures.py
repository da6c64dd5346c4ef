"""A table of many clips: how far they play what was written and sound like real renderings of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import Waveform
from riffusion_inference.notation.notes import DRUMS, Note
from training.measures import Heard, hear, stft_magnitudes, strength_near, tempo_matches
from training.note_measures import NoteFigures, note_figures, rise_map
from training.piece import Piece
from training.sound_measures import SoundFigures, measure_sound

Array = NDArray[np.float64]
BANDS_HZ = ((0.0, 150.0), (3000.0, 6000.0))
"""Where drums are and a solo piano is not."""
EMPTY_BAND_DB = -30.0
"""Share of the energy below which a band counts as empty: a thousandth, which is not heard beside the rest."""
EMPTY_LEVEL_DB = -50.0
"""Level under full scale below which half of a clip's moments must lie for the clip to count as near-empty."""
NAN = float("nan")


@dataclass(frozen=True)
class Clip:
    """One clip and what is heard in it."""

    prompt: int
    """Index of the piece that it is."""
    drums: bool
    """Whether drums are written."""
    pixels: NDArray[np.uint8]
    """[n_mels, F]."""
    heard: Heard
    """Measures of its music."""
    notes: NoteFigures
    """How well it plays the score."""
    sound: SoundFigures
    """How clean it is."""
    bands_db: tuple[float, ...]
    """Share of the energy in each of BANDS_HZ, dB."""
    is_empty: bool
    """Whether next to nothing is heard."""


def listen(prompt: int, pixels: NDArray[np.uint8], sound: Waveform, notes: Sequence[Note], tonic: int) -> Clip:
    """Measure a clip.

    Args:
        prompt: index of its piece.
        pixels: its picture.
        sound: mono, 22050 Hz.
        notes: what is written.
        tonic: pitch class.
    """
    samples = sound.samples[0]
    return Clip(
        prompt,
        any(note.layer == DRUMS for note in notes),
        pixels,
        hear(sound, tonic),
        note_figures(rise_map(samples, sound.sample_rate), notes),
        measure_sound(sound),
        _bands(samples, sound.sample_rate),
        _is_empty(samples),
    )


def _bands(samples: NDArray[np.float32], sample_rate: int) -> tuple[float, ...]:
    """Share of the energy in each of BANDS_HZ, dB, at least EMPTY_BAND_DB."""
    power = stft_magnitudes(samples) ** 2
    frequencies = np.linspace(0.0, sample_rate / 2, len(power))
    whole = float(power.sum()) + 1e-12
    shares = [float(power[(frequencies >= low) & (frequencies < high)].sum()) / whole for low, high in BANDS_HZ]
    return tuple(max(10 * np.log10(share + 1e-12), EMPTY_BAND_DB) for share in shares)


def _is_empty(samples: NDArray[np.float32], size: int = 2205) -> bool:
    moments = samples[: len(samples) // size * size].astype(np.float64).reshape(-1, size)
    return bool(np.median(10 * np.log10((moments**2).mean(1) + 1e-12)) < EMPTY_LEVEL_DB)


@dataclass
class Table:
    """Figures by row, a column for each way of making the clips."""

    columns: tuple[str, ...]
    """Names of the ways."""
    rows: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Name -> a figure for each column; NaN where it has no meaning."""
    facts: dict[str, str] = field(default_factory=dict)
    """What else was measured."""

    def to_markdown(self) -> str:
        """The table as Markdown."""
        lines = [f"| measure | {' | '.join(self.columns)} |", "|---" * (len(self.columns) + 1) + "|"]
        for name, figures in self.rows.items():
            cells = ["" if np.isnan(figure) else f"{figure:.2f}" for figure in figures]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        return "\n".join([*lines, "", *(f"- {name}: {fact}" for name, fact in self.facts.items())])


def compare(pieces: list[Piece], ways: dict[str, list[Clip]], real: str) -> Table:
    """Compare clips of the same scores made in several ways.

    Args:
        pieces: what was asked for.
        ways: clips by the name of the way, as many of each and in the same order.
        real: the way that is the real renderings.
    """
    table = Table(tuple(ways))

    def row(name: str, value: Callable[[list[Clip]], float]) -> None:
        table.rows[name] = tuple(value(clips) for clips in ways.values())

    _note_rows(row)
    _sound_rows(row, ways[real])
    _music_rows(row, pieces, ways[real])
    return table


Row = Callable[[str, Callable[[list[Clip]], float]], None]


def _drumless(clips: list[Clip]) -> list[Clip]:
    return [clip for clip in clips if not clip.drums]


def _note_rows(row: Row) -> None:
    """How many notes are heard."""
    names = {"heard": "", "shifted": " a quarter of a second late (chance)", "transposed": " a semitone off (chance)"}
    for name, what in names.items():
        row(f"notes heard{what}, drumless", lambda clips, name=name: _mean(_drumless(clips), "notes", name))  # type: ignore[misc]
    row("notes heard, all", lambda clips: _mean(clips, "notes", "heard"))
    row("clear beginnings that are written, drumless", lambda clips: _mean(_drumless(clips), "notes", "precision"))
    row("error of onsets in ms, drumless", lambda clips: _mean(_drumless(clips), "notes", "error_ms"))


def _sound_rows(row: Row, real: list[Clip]) -> None:
    """How clean the sound is."""
    names = {
        "harmonics_db": "harmonics over noise in dB, drumless (median)",
        "floor_db": "noise floor in dB, drumless (median)",
        "range_db": "loudness range in dB, drumless (median)",
        "together": "bands that start together, drumless (median)",
    }
    for name, words in names.items():
        row(words, lambda clips, name=name: _median(_drumless(clips), "sound", name))  # type: ignore[misc]
    for place, (low, high) in enumerate(BANDS_HZ):
        row(
            f"{low:g} to {high:g} Hz within 6 dB of real, drumless (share)",
            lambda clips, place=place: _near(_drumless(clips), _drumless(real), place),  # type: ignore[misc]
        )
    row("near-empty clips (share)", lambda clips: float(np.mean([clip.is_empty for clip in clips])))


def _music_rows(row: Row, pieces: list[Piece], real: list[Clip]) -> None:
    """Whether the music is what the prompt says."""
    row(
        "tempo within 8 %, or its double or half (share)",
        lambda clips: float(np.mean([tempo_matches(one.heard.bpm, pieces[one.prompt].bpm) for one in clips])),
    )
    row(
        "beat strength within 8 % of the tempo, with drums (-1 to 1)",
        lambda clips: _average(
            [strength_near(one.heard.envelope, pieces[one.prompt].beat_frames) for one in clips if one.drums]
        ),
    )
    row(
        "drums or none, by percussive share (AUC)",
        lambda clips: separation([one.heard.percussive for one in clips], [one.drums for one in clips]),
    )
    row(
        "minor or major, by chroma (AUC)",
        lambda clips: separation([one.heard.minor for one in clips], [pieces[one.prompt].minor for one in clips]),
    )
    for name, what in (("centroid", "brightness"), ("onsets", "density of onsets")):
        row(
            f"{what}, rank correlation with real",
            lambda clips, name=name: spearman(*(np.array([getattr(c.heard, name) for c in x]) for x in (clips, real))),  # type: ignore[misc]
        )
    row("diversity between seeds (share of that between prompts)", diversity)
    row("distance to real renderings in mel statistics (Frechet)", lambda clips: frechet(clips, real))


def _mean(clips: list[Clip], part: str, name: str) -> float:
    return _average([getattr(getattr(clip, part), name) for clip in clips])


def _average(values: list[float]) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else NAN


def _median(clips: list[Clip], part: str, name: str) -> float:
    values = [getattr(getattr(clip, part), name) for clip in clips]
    return float(np.nanmedian(values)) if np.isfinite(values).any() else NAN


def _near(clips: list[Clip], real: list[Clip], place: int) -> float:
    """Share of clips whose band has as much of the energy as in the real rendering, within 6 dB."""
    return _average([float(abs(a.bands_db[place] - b.bands_db[place]) <= 6) for a, b in zip(clips, real, strict=True)])


def separation(values: list[float], positive: list[bool]) -> float:
    """Area under the ROC curve: how often a positive has the larger value; NaN where all are of one kind."""
    heard, chosen = np.array(values), np.array(positive)
    if chosen.all() or not chosen.any():
        return NAN
    differences = heard[chosen][:, None] - heard[~chosen][None]
    return float((differences > 0).mean() + 0.5 * (differences == 0).mean())


def spearman(first: Array, second: Array) -> float:
    """Rank correlation; 0 where one is constant."""
    ranks = [np.argsort(np.argsort(values)).astype(float) for values in (first, second)]
    if min(np.std(first), np.std(second)) < 1e-12:
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def features(pixels: NDArray[np.uint8]) -> Array:
    """Describe a picture [n_mels, F] by the level, the spread and the strokes of 64 bands, [192]."""
    level = 1 - pixels[::-1].astype(np.float64) / 255.0
    bands = level.reshape(64, -1, level.shape[1]).mean(1)
    strokes = np.maximum(np.diff(bands, axis=1), 0)
    return np.concatenate([bands.mean(1), bands.std(1), strokes.mean(1) * 4])


def diversity(clips: list[Clip]) -> float:
    """Mean distance between clips of one prompt over the mean distance between clips of different prompts."""
    rows = np.stack([features(clip.pixels) for clip in clips])
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    prompts = np.array([clip.prompt for clip in clips])
    same = (prompts[:, None] == prompts[None]) & ~np.eye(len(clips), dtype=bool)
    if not same.any():
        return NAN
    return float(distances[same].mean() / distances[prompts[:, None] != prompts[None]].mean())


def frechet(first: list[Clip], second: list[Clip], size: int = 16) -> float:
    """Frechet distance between Gaussians fitted to the `size` strongest components of the mel statistics of `second`.

    Source: Heusel et al. 2017, with mel statistics in place of a network's features.
    """
    a, b = (np.stack([features(clip.pixels) for clip in clips]) for clips in (first, second))
    centre = b.mean(0)
    basis = np.linalg.svd(b - centre, full_matrices=False)[2][:size].T
    a, b = (a - centre) @ basis, (b - centre) @ basis
    covariances = [np.atleast_2d(np.cov(x.T)) for x in (a, b)]
    values = np.linalg.eigvals(covariances[0] @ covariances[1])
    root = float(np.sqrt(np.maximum(values.real, 0)).sum())
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * root)
