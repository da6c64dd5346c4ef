"""Takes as files of a result: sound, picture and score of each, and what they started from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from riffusion_inference.datatypes import GenerationSettings, Take, Waveform
from riffusion_inference.score.midi import midi_from_score

from .. import media
from ..result.facts import HitFacts, TakeFacts
from ..settings.writing import Writing
from .score import cuts_sentence, kept_cuts, score_between

if TYPE_CHECKING:
    from PIL import Image


def take_between(take: Take, start: int, end: int) -> Take:
    """The stretch of a piece's take that a part has: the very samples, and the columns and notes that go with them.

    Args:
        take: of a whole piece.
        start, end: half-open range of samples.
    """
    found, total = take.waveform, take.waveform.n_samples
    if (start, end) == (0, total):
        return take
    rate, score = found.sample_rate, take.score
    return replace(
        take,
        waveform=Waveform(found.samples[:, start:end], rate),
        image=None if take.image is None else _columns(take.image, Fraction(start, total), Fraction(end, total)),
        score=None if score is None else score_between(score, Fraction(start, rate), Fraction(end, rate)),
    )


def _columns(image: Image.Image, start: Fraction, end: Fraction) -> Image.Image:
    """The columns between two shares of a spectrogram image, with its EXIF."""
    left, right = round(start * (image.width - 1)), round(end * (image.width - 1)) + 1
    exif = image.getexif()
    cropped = image.crop((left, 0, right, image.height))
    cropped.getexif().update(exif)
    return cropped


def write_take(take: Take, cuts: tuple[HitFacts, ...], work: Path, stem: str, number: int) -> TakeFacts:
    """Write a take's files.

    Args:
        take: of a part.
        cuts: those of the part that its score followed.
        work: the result's folder.
        stem: the part's number as file names have it.
        number: of the take, 1 for the first.
    """
    name = f"music/{stem}" if number == 1 else f"music/{stem}.take{number}"
    media.write_wav(work / f"{name}.wav", take.waveform)
    image_name = midi_name = kept = None
    if take.image is not None:
        image_name = f"{name}.png"
        _write_image(take.image, work / image_name)
    if take.score is not None:
        midi_name = f"{name}.mid"
        (work / midi_name).write_bytes(midi_from_score(take.score))
        kept = kept_cuts(take.score, cuts)
    said = cuts_sentence(kept, len(cuts))
    notes = (*take.notes, said) if said else take.notes
    return TakeFacts(take.seed, f"{name}.wav", image_name, notes, midi_name, kept)


def write_starts(generation: GenerationSettings, writing: Writing, work: Path, stem: str) -> dict[str, str | None]:
    """Keep what the music started from, so that it can be made again.

    Returns:
        The names of the files by their fields in MusicFacts; None where there is none.
    """
    image, audio, midi = generation.seed_image, generation.seed_audio, writing.midi
    names = {
        "seed_image": f"music/{stem}.seed.png" if image is not None else None,
        "seed_audio": f"music/{stem}.seed.wav" if audio is not None else None,
        "seed_midi": f"music/{stem}.seed.mid" if midi is not None else None,
    }
    if image is not None:
        _write_image(image, work / str(names["seed_image"]))
    if audio is not None:
        media.write_wav(work / str(names["seed_audio"]), audio)
    if midi is not None:
        (work / str(names["seed_midi"])).write_bytes(midi_from_score(midi.score))
    return names


def _write_image(image: Image.Image, path: Path) -> None:
    from riffusion_inference.spectrogram.image import save_image

    save_image(image, path)
