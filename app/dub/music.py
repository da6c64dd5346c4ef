"""Making a piece's music, or copying it from an earlier result, as files of the new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import MAX_SECONDS, MIN_SECONDS, GenerationSettings, MusicModel, Take
from riffusion_inference.errors import EngineError

from ..errors import PlanError
from ..files import copy_file
from ..mood import Watched
from ..plan import Bounds
from ..result.facts import MusicFacts, ScoreFacts
from ..result.folder import Result
from ..settings.writing import Lead
from .cut import Cut
from .order import PartOrder
from .piece import Piece, key_of
from .run import Run
from .score import facts_between, lead_of, score_music, wants_score, watch_piece
from .takes import take_between, write_starts, write_take


def check_length(piece: Piece, cut: Cut) -> None:
    """Raise PlanError where a part is too short for music, or a piece too long."""
    parts = [cut.part(number) for number in piece.numbers]
    for part in parts:
        if not MIN_SECONDS <= float(part.duration) <= MAX_SECONDS:
            is_short = float(part.duration) < MIN_SECONDS
            hint = f"{'fewer' if is_short else 'more'} parts"
            if isinstance(cut.cutting, Bounds):
                hint = f"a {'longer' if is_short else 'shorter'} range"
            raise PlanError(
                f"Part {part.index} lasts {float(part.duration):.3f} s, but music is made for {MIN_SECONDS:g} s "
                f"to {MAX_SECONDS / 60:g} minutes: choose {hint}."
            )
    together = sum(part.duration for part in parts)
    if together > MAX_SECONDS:
        raise PlanError(
            f"{piece.name} last {float(together):.3f} s, but music is made for at most {MAX_SECONDS / 60:g} minutes: "
            "let it run on through fewer parts."
        )


def copy_music(music: MusicFacts, earlier: Result, work: Path, stem: str) -> MusicFacts:
    """Copy an earlier result's takes into the new result's folder, under the names that they have there.

    Args:
        music: the takes; the files have the earlier result's names.
        earlier: where they are.
        work: the new result's folder.
        stem: the part's number as file names have it.
    """

    def copied(name: str | None) -> str | None:
        if name is None:
            return None
        _, dot, kind = Path(name).name.partition(".")
        new = f"music/{stem}{dot}{kind}"
        copy_file(earlier.folder / name, work / new)
        return new

    takes = [
        replace(take, wav=str(copied(take.wav)), image=copied(take.image), midi=copied(take.midi))
        for take in music.takes
    ]
    return replace(
        music,
        takes=tuple(takes),
        seed_image=copied(music.seed_image),
        seed_audio=copied(music.seed_audio),
        seed_midi=copied(music.seed_midi),
    )


def make_music(
    piece: Piece, model: MusicModel, cut: Cut, lead: Lead | None, run: Run, work: Path
) -> tuple[MusicFacts, ...]:
    """Write and paint a piece's takes, and write the files of each of its parts.

    Args:
        piece: what to make; the prompt is known.
        model: makes it.
        cut: where its parts lie.
        lead: key and tempo that it goes with; None where it is the film's first.
        run: progress, the way to stop, notes.
        work: the result's folder.
    Returns:
        The music of its parts, in order.
    Raises:
        RiffusionError: the model could not do it.
        DubCancelled: the person asked to stop.
    """
    first = piece.first
    if first.writing.lead is None:
        first = replace(first, writing=replace(first.writing, lead=lead))
    start, end = piece.samples(cut)
    watched = watch_piece(piece, cut, run) if wants_score(first.writing, model) else None
    with run.stage("generate"):
        made, facts = paint(first, model, end - start, cut.sample_rate, run, watched=watched, name=piece.name)
    if len(made) < first.take:
        raise EngineError(f"{model.name} made {len(made)} takes where take {first.take} was chosen: choose take 1.")
    painted = made[first.take - 1].score
    if painted is not None and first.writing.lead is None:
        first = replace(first, writing=replace(first.writing, lead=lead_of(first.part, painted)))
    if len(piece.orders) > 1:
        first = replace(first, writing=replace(first.writing, run_samples=(start, end)))
    whole = Piece(tuple(replace(first, part=number) for number in piece.numbers))
    return tuple(_part_music(whole, place, made, facts, model, cut, work) for place in range(len(piece.orders)))


def paint(
    order: PartOrder,
    model: MusicModel,
    n_samples: int,
    sample_rate: int,
    run: Run,
    *,
    watched: Watched | None = None,
    name: str = "",
) -> tuple[list[Take], ScoreFacts | None]:
    """Write the scores of a piece, say what was understood before the long work, and paint them.

    Args:
        order: what to make; the prompt is known.
        model: makes it.
        n_samples: exact length of each take.
        sample_rate: Hz.
        run: progress, the way to stop, notes.
        watched: what the picture does, where it is followed.
        name: whose music it is, for what is told.
    Returns:
        The takes, the best first, and where their scores come from; None where the model found the notes itself.
    """

    def tell(*sentences: str) -> None:
        run.note(*(f"{name}: {sentence}" if name else sentence for sentence in sentences if sentence))

    scored = score_music(order, model, Fraction(n_samples, sample_rate), watched)
    facts = scored.facts
    tell(*((facts.read, *facts.notes) if facts is not None else scored.notes))
    generation = replace(order.generation, scores=scored.scores)
    takes = make_takes(model, generation, n_samples, sample_rate, run, bpm=order.writing.attributes.get("bpm"))
    if facts is not None and takes[0].score is None:
        tell(f"{model.name} paints no scores, so its music has notes of its own.")
        return takes, None
    return takes, facts


def _part_music(
    piece: Piece,
    place: int,
    made: Sequence[Take],
    facts: ScoreFacts | None,
    model: MusicModel,
    cut: Cut,
    work: Path,
) -> MusicFacts:
    """One part of a piece: its stretch of every take, as files."""
    order = piece.orders[place]
    begin, end = cut.samples_of(order.part)
    origin, rate = piece.samples(cut)[0], cut.sample_rate
    whole = made[0].waveform.n_samples
    if facts is not None and len(piece.orders) > 1:
        start, stop = Fraction(begin - origin, rate), Fraction(end - origin, rate)
        facts = facts_between(facts, start, stop, Fraction(whole, rate))
    cuts = facts.cuts if facts is not None else ()
    stem = cut.stem(order.part)
    parts = [take_between(take, begin - origin, end - origin) for take in made]
    takes = tuple(write_take(take, cuts, work, stem, number) for number, take in enumerate(parts, 1))
    return MusicFacts(
        generation=replace(order.generation, seed_image=None, seed_audio=None),
        **write_starts(order.generation, order.writing, work, stem),
        model=model.name,
        licence=model.licence,
        n_samples=end - begin,
        sample_rate=rate,
        generation_key=key_of(order, cut),
        takes=takes,
        writing=replace(order.writing, midi=None),
        score=facts,
    )


def make_takes(
    model: MusicModel,
    generation: GenerationSettings,
    n_samples: int,
    sample_rate: int,
    run: Run,
    *,
    bpm: float | None = None,
) -> list[Take]:
    """Make takes, the best first, each checked to be what was ordered.

    Args:
        model: makes them.
        generation: what to make. Scores keep their own time; without them the tempo is held that was asked for.
        n_samples: exact length of each.
        sample_rate: Hz.
        run: progress and the way to stop.
        bpm: a tempo that goes over the one that the prompt names.
    """
    from riffusion_inference.takes.tempo_hold import hold_takes, samples_to_make

    settings, to_make = replace(generation, bpm=None), n_samples
    if not generation.scores:
        asked = generation if bpm is None else replace(generation, bpm=float(bpm))
        settings = with_named_bpm(asked)
        to_make = samples_to_make(settings, n_samples, sample_rate)
    made = model.generate(settings, to_make, sample_rate, on_progress=run.progress, should_cancel=run.should_cancel)
    whole = [check_take(take, to_make, sample_rate, model.name) for take in made]
    return best_first(hold_takes(whole, settings, n_samples, run.should_cancel), settings)


def with_named_bpm(generation: GenerationSettings) -> GenerationSettings:
    """Set bpm to the tempo that the prompt names, unless it is set already.

    extra["bpm"] goes before the prompt: None there leaves the beat alone although the prompt names a tempo; a number is
    the tempo, as results have it that were made before bpm was a setting of its own.
    """
    from ..mood.tempo import named_bpm

    if generation.bpm is not None:
        return generation
    bpm = generation.extra["bpm"] if "bpm" in generation.extra else named_bpm(generation.prompt)
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
