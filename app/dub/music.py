"""Making a part's music, or copying it from an earlier result, as files of the new one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import MAX_SECONDS, MIN_SECONDS, GenerationSettings, MusicModel, Take
from riffusion_inference.errors import EngineError
from riffusion_inference.score.midi import midi_from_score

from .. import media
from ..errors import PlanError
from ..files import copy_file
from ..plan import Part
from ..result.facts import MusicFacts, TakeFacts, generation_key
from ..result.folder import Result
from ..settings.writing import Writing
from .order import PartOrder
from .run import Run


def check_length(part: Part) -> None:
    """Raise PlanError where a part is too short or too long for music."""
    if not MIN_SECONDS <= part.duration <= MAX_SECONDS:
        hint = "fewer" if part.duration < MIN_SECONDS else "more"
        raise PlanError(
            f"Part {part.index} lasts {float(part.duration):.3f} s, but music is made for {MIN_SECONDS:g} s "
            f"to {MAX_SECONDS / 60:g} minutes: choose {hint} parts."
        )


def earlier_music(order: PartOrder, n_samples: int, sample_rate: int, earlier: Result | None) -> MusicFacts | None:
    """The takes of an earlier result that this order would make again, if their files are unchanged."""
    dub = earlier.manifest.dub_of(order.part) if earlier is not None else None
    if earlier is None or dub is None:
        return None
    key = generation_key(order.generation, order.model, n_samples, sample_rate)
    return dub.music if dub.music.generation_key == key and earlier.has(*dub.music.file_names) else None


def copy_music(music: MusicFacts, earlier: Result, work: Path) -> MusicFacts:
    """Copy an earlier result's takes into the new result's folder."""
    for name in music.file_names:
        copy_file(earlier.folder / name, work / name)
    return music


def make_music(
    order: PartOrder, model: MusicModel, n_samples: int, sample_rate: int, run: Run, work: Path, stem: str
) -> MusicFacts:
    """Generate a part's takes and write them.

    Args:
        order: what to make; the prompt is known.
        model: makes it.
        n_samples: exact length of each take.
        sample_rate: Hz.
        run: progress and the way to stop.
        work: the result's folder.
        stem: the part's number as file names have it.
    Raises:
        RiffusionError: the model could not do it.
        DubCancelled: the person asked to stop.
    """
    made = make_takes(model, order.generation, n_samples, sample_rate, run)
    if len(made) < order.take:
        raise EngineError(f"{model.name} made {len(made)} takes where take {order.take} was chosen: choose take 1.")
    takes = tuple(_write_take(take, work, stem, number) for number, take in enumerate(made, 1))
    seed_image, seed_audio = _write_seeds(order.generation, work, stem)
    seed_midi = _write_seed_midi(order.writing, work, stem)
    return MusicFacts(
        generation=replace(order.generation, seed_image=None, seed_audio=None),
        seed_image=seed_image,
        seed_audio=seed_audio,
        model=model.name,
        licence=model.licence,
        n_samples=n_samples,
        sample_rate=sample_rate,
        generation_key=generation_key(order.generation, order.model, n_samples, sample_rate),
        takes=takes,
        writing=replace(order.writing, midi=None),
        seed_midi=seed_midi,
    )


def make_takes(
    model: MusicModel, generation: GenerationSettings, n_samples: int, sample_rate: int, run: Run
) -> list[Take]:
    """Make takes that keep the tempo their prompt names, the best first, each checked to be what was ordered."""
    from riffusion_inference.takes.tempo_hold import hold_takes, samples_to_make

    settings = with_part_bpm(generation, Fraction(n_samples, sample_rate))
    to_make = samples_to_make(settings, n_samples, sample_rate)
    made = model.generate(settings, to_make, sample_rate, on_progress=run.progress, should_cancel=run.should_cancel)
    whole = [check_take(take, to_make, sample_rate, model.name) for take in made]
    return best_first(hold_takes(whole, settings, n_samples, run.should_cancel), settings)


def with_part_bpm(generation: GenerationSettings, duration: Fraction) -> GenerationSettings:
    """Set bpm to the tempo that the prompt names, unless it is set already.

    extra["bpm"] goes before the prompt: None there leaves the beat alone although the prompt names a tempo; a number is
    the tempo, as results have it that were made before bpm was a setting of its own.
    """
    from ..mood.tempo import part_bpm

    if generation.bpm is not None:
        return generation
    bpm = generation.extra["bpm"] if "bpm" in generation.extra else part_bpm(generation.prompt, duration)
    return replace(generation, bpm=bpm)


def best_first(takes: list[Take], generation: GenerationSettings) -> list[Take]:
    """Several takes in the order of their rank, each with a note of what was measured; a single one as it is."""
    if len(takes) < 2:
        return takes
    from riffusion_inference.takes.ranking import rank

    ranked = rank(takes, generation.prompt, generation.bpm)
    return [
        replace(one.take, notes=(*one.take.notes, f"Rank {place} of {len(takes)}: {', '.join(one.reasons)}."))
        for place, one in enumerate(ranked, 1)
    ]


def check_take(take: Take, n_samples: int, sample_rate: int, model: str) -> Take:
    """Raise EngineError unless a take is what was ordered: length, rate, and numbers throughout."""
    found = take.waveform
    if found.n_samples != n_samples or found.sample_rate != sample_rate:
        raise EngineError(
            f"{model} made {found.n_samples} samples at {found.sample_rate} Hz where {n_samples} at {sample_rate} Hz "
            "were asked for: choose another model."
        )
    if not np.isfinite(found.samples).all():
        raise EngineError(
            f"{model} made sound that is not a number (seed {take.seed}): "
            "try another seed, lower guidance or DEVICE=cpu."
        )
    return take


def _write_take(take: Take, work: Path, stem: str, number: int) -> TakeFacts:
    name = f"music/{stem}" if number == 1 else f"music/{stem}.take{number}"
    media.write_wav(work / f"{name}.wav", take.waveform)
    image_name = None
    if take.image is not None:
        from riffusion_inference.spectrogram.image import save_image

        image_name = f"{name}.png"
        save_image(take.image, work / image_name)
    return TakeFacts(take.seed, f"{name}.wav", image_name, take.notes)


def _write_seeds(generation: GenerationSettings, work: Path, stem: str) -> tuple[str | None, str | None]:
    """Keep what the music started from, so that it can be made again."""
    image, audio = generation.seed_image, generation.seed_audio
    image_name = f"music/{stem}.seed.png" if image is not None else None
    audio_name = f"music/{stem}.seed.wav" if audio is not None else None
    if image is not None and image_name is not None:
        from riffusion_inference.spectrogram.image import save_image

        save_image(image, work / image_name)
    if audio is not None and audio_name is not None:
        media.write_wav(work / audio_name, audio)
    return image_name, audio_name


def _write_seed_midi(writing: Writing, work: Path, stem: str) -> str | None:
    """Keep somebody's own score, so that it can be painted again."""
    if writing.midi is None:
        return None
    name = f"music/{stem}.seed.mid"
    (work / name).write_bytes(midi_from_score(writing.midi.score))
    return name
