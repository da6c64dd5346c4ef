"""Putting the music into the parts and into the film."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import Progress, Waveform

from .. import media
from ..result.facts import ENCODED, SPLICED, DubFacts, MusicFacts
from ..soundtrack.mix import Mixed, join_edges, measure, mix, reference_loudness
from .cut import Cut
from .order import PartOrder
from .piece import Piece
from .run import Run

WHOLE_NOTE = "All of the film's sound is encoded once again, not only the parts with music: {why}."


@dataclass(frozen=True)
class MixedPart:
    """One part with its new sound."""

    facts: DubFacts
    """For the manifest."""
    body: Waveform
    """The new sound before its edges are joined."""
    original: Waveform
    """What was there."""
    start: str
    """What the first edge crosses over from: the "original" before it, "silence" where the film begins, or "music" that
    runs on from the part before it."""
    end: str
    """What the last edge crosses over to."""

    def joined(self, start: str | None = None, end: str | None = None) -> Waveform:
        """The new sound with its edges joined to what lies beside it."""
        return join_edges(self.body, self.original, start=start or self.start, end=end or self.end)


@dataclass(frozen=True)
class Film:
    """The whole video with the new sound."""

    path: Path
    """The file."""
    start_sample: int
    """Where its sound starts, counted from the first frame; negative where it starts before."""
    n_samples: int
    """Samples per channel."""
    sound: str
    """How its sound was made, as the manifest says it."""


class SourceSound:
    """The source's sound from its first frame on, silence where it has none; only what is asked for is decoded."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        pictures = cut.samples_of(len(cut.plan.parts))[1]
        self.n_samples = max(pictures, sound_end(cut))
        """Samples of it: as long as the pictures at least."""

    def between(self, start: int, end: int) -> Waveform:
        """The sound from one sample to another, [C, end - start]."""
        if self.cut.clip.sample_rate is None:
            return Waveform(np.zeros((self.cut.n_channels, end - start), dtype=np.float32), self.cut.sample_rate)
        return media.decode_audio(self.cut.clip, start_sample=start, end_sample=end)


def sound_end(cut: Cut) -> int:
    """One past the source's last sample, counted from its first frame."""
    return max(0, cut.clip.audio_end_sample)


def first_sound(cut: Cut) -> int:
    """The sample with which the film begins to sound: what comes before the first frame too."""
    return min(0, cut.clip.audio_start_sample) if cut.clip.sample_rate else 0


def _range(sound: Waveform, start: int, end: int) -> Waveform:
    return Waveform(sound.samples[:, start:end], sound.sample_rate)


def mix_piece(
    piece: Piece,
    music: Sequence[MusicFacts],
    cut: Cut,
    sound: SourceSound,
    run: Run,
    work: Path,
    dubbed: Collection[int] = (),
) -> list[MixedPart]:
    """Mix the music of one part, or of several that it runs on through, with what the source sounds like there.

    What is one piece is mixed in one go, so that nothing changes at the cuts between its parts.

    Args:
        piece: what was asked for.
        music: the takes of each of its parts.
        cut: where they lie.
        sound: the source's.
        run: told what there is to know.
        work: the folder with the takes.
        dubbed: all parts that have music: where one lies beside this, fades do not bring the source's sound back.
    """
    first, numbers = piece.first, piece.numbers
    begin, end = piece.samples(cut)
    original = sound.between(begin, end)
    near = [number for number in (numbers[0] - 1, numbers[-1] + 1) if 1 <= number <= len(cut.plan.parts)]
    # What lies beside a part is decoded only where it has no sound of its own to be as loud as.
    neighbours = (sound.between(*cut.samples_of(number)) for number in near)
    reference, loudness_from = reference_loudness(original, neighbours)
    if first.mix.loudness is not None:
        loudness_from = "the setting"
    takes = [one.takes[order.take - 1] for order, one in zip(piece.orders, music, strict=True)]
    chosen = [media.read_audio(work / take.wav) for take in takes]
    joined = Waveform(np.concatenate([one.samples for one in chosen], axis=1), chosen[0].sample_rate)
    edges = ["silence" if begin <= first_sound(cut) else "original", *["music"] * (len(numbers) - 1)]
    edges.append("original" if end < sound.n_samples else "silence")
    start, stop = (
        "silence" if beside in dubbed else edge
        for beside, edge in ((numbers[0] - 1, edges[0]), (numbers[-1] + 1, edges[-1]))
    )
    mixed = mix(original, joined, first.mix, reference, start=start, end=stop)
    parts = []
    for place, (order, one) in enumerate(zip(piece.orders, music, strict=True)):
        low, high = (sample - begin for sample in cut.samples_of(order.part))
        body = replace(mixed, waveform=_range(mixed.waveform, low, high))
        own = MixedBody(order, one, body, _range(original, low, high), loudness_from, edges[place], edges[place + 1])
        parts.append(_mixed_part(own, piece, run))
    run.progress(Progress("mix", 1, 1))
    return parts


@dataclass(frozen=True)
class MixedBody:
    """What mixing a piece gives one of its parts."""

    order: PartOrder
    """What was asked for."""
    music: MusicFacts
    """Its takes."""
    mixed: Mixed
    """Its stretch of the mix."""
    original: Waveform
    """What was there."""
    loudness_from: str
    """Where the target loudness came from."""
    start: str
    """As in MixedPart."""
    end: str
    """As in MixedPart."""


def _mixed_part(own: MixedBody, piece: Piece, run: Run) -> MixedPart:
    """Measure a part's new sound, and tell what there is to know of it."""
    order, music, mixed = own.order, own.music, own.mixed
    part, take, score = order.part, music.takes[order.take - 1], music.score
    lufs, peak = measure(join_edges(mixed.waveform, own.original, start=own.start, end=own.end))
    of_score = (score.read, *score.notes) if score is not None else ()
    notes = [f"{piece.name}: {note}" for note in of_score if note]
    notes += [f"Part {part}: {note}" for note in (*take.notes, *mixed.notes)]
    is_steady = len(piece.orders) == 1 and not order.mix.fades
    if lufs is not None and order.mix.mode == "replace" and mixed.target_lufs - lufs > 1.0 and is_steady:
        notes.append(f"Part {part}: its peaks keep the music at {lufs:.1f} LUFS instead of {mixed.target_lufs:.1f}.")
    run.note(*notes)
    facts = DubFacts(
        part=part,
        music=music,
        mix=order.mix,
        take=order.take,
        target_lufs=round(mixed.target_lufs, 2),
        loudness_lufs=None if lufs is None else round(lufs, 2),
        true_peak_dbtp=None if peak is None else round(peak, 2),
        loudness_from=own.loudness_from,
        notes=tuple(notes),
    )
    return MixedPart(facts, mixed.waveform, own.original, own.start, own.end)


def stretches_of(parts: Sequence[MixedPart], cut: Cut) -> list[media.Stretch]:
    """The new sound of the film, neighbours in one piece.

    Where two dubbed parts meet, each fades to silence: what lies under them is no longer heard anywhere near. What runs
    on from one into the other is left as it is.
    """
    dubbed = {one.facts.part for one in parts}
    found: list[media.Stretch] = []
    for one in parts:
        part = one.facts.part
        start = "silence" if part - 1 in dubbed and one.start != "music" else None
        end = "silence" if part + 1 in dubbed and one.end != "music" else None
        sound, first = one.joined(start, end), cut.samples_of(part)[0]
        if found and found[-1].end == first:
            both = np.concatenate([found[-1].sound.samples, sound.samples], axis=1)
            found[-1] = media.Stretch(found[-1].start, Waveform(both, sound.sample_rate))
        else:
            found.append(media.Stretch(first, sound))
    return found


def plan_sound(numbers: Sequence[int], cut: Cut, run: Run) -> media.FilmPlan:
    """Find out how the film's sound will be made, and say it where all of it has to be encoded.

    Args:
        numbers: the parts that have music.
        cut: where they lie.
        run: told what to know.
    """
    plan = media.plan_film(cut.clip, [cut.samples_of(number) for number in numbers])
    if plan.why_whole is not None and cut.clip.sample_rate is not None and numbers:
        run.note(WHOLE_NOTE.format(why=plan.why_whole))
    return plan


def write_film(
    parts: Sequence[MixedPart], cut: Cut, plan: media.FilmPlan, work: Path, run: Run
) -> tuple[Film, list[media.Stretch]]:
    """Write the whole video with the new sound; beside the dubbed ranges every packet is the source's.

    Returns:
        The film, and the new sound in it.
    """
    stretches = stretches_of(parts, cut)
    path = work / f"film{media.film_suffix(cut.clip)}"
    pictures_end = cut.samples_of(len(cut.plan.parts))[1]
    made = media.write_film(cut.clip, stretches, plan, path, pictures_end, run.should_cancel)
    if made.why_whole is not None and cut.clip.sample_rate is not None:
        run.note(WHOLE_NOTE.format(why=made.why_whole))
    return Film(path, made.start, made.n_samples, ENCODED if made.why_whole is not None else SPLICED), stretches


def write_parts(
    parts: Sequence[MixedPart],
    film: Film,
    stretches: Sequence[media.Stretch],
    cut: Cut,
    files: list[Path],
    work: Path,
    run: Run,
) -> dict[int, Path]:
    """Write each dubbed part in the place of the undubbed one, which moves to work/original; its sound is the film's.

    Returns:
        The undubbed file by part.
    """
    undubbed: dict[int, Path] = {}
    numbers = [one.facts.part for one in parts]
    targets = [files[part - 1] for part in numbers]
    for part, target in zip(numbers, targets, strict=True):
        undubbed[part] = work / "original" / target.name
        undubbed[part].parent.mkdir(exist_ok=True)
        os.rename(target, undubbed[part])
    taken = media.take_sound(
        [undubbed[part] for part in numbers],
        cut.clip,
        film.path,
        [cut.part(part) for part in numbers],
        targets,
        on_progress=run.progress,
        should_cancel=run.should_cancel,
    )
    for part, target, is_taken in zip(numbers, targets, taken, strict=True):
        if not is_taken:
            media.replace_audio(undubbed[part], _between(stretches, *cut.samples_of(part)), target)
    return undubbed


def _between(stretches: Sequence[media.Stretch], start: int, end: int) -> Waveform:
    """The new sound of one part."""
    [one] = [one for one in stretches if one.start <= start and end <= one.end]
    return _range(one.sound, start - one.start, end - one.start)
