"""Putting the music into the parts and into the film."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import Progress, Waveform

from .. import media
from ..files import copy_file
from ..result.facts import ENCODED, DubFacts, MusicFacts
from ..result.folder import Result
from ..soundtrack.mix import Mixed, join_edges, measure, mix, reference_loudness
from .cut import Cut, same_cut
from .order import PartOrder
from .piece import Piece
from .run import Run


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


def read_sound(cut: Cut) -> Waveform:
    """The source's whole sound from its first frame on, at least as long as its pictures; silence where it has none."""
    end = cut.samples_of(len(cut.plan.parts))[1]
    if cut.clip.sample_rate is None:
        return Waveform(np.zeros((cut.n_channels, end), dtype=np.float32), cut.sample_rate)
    return media.decode_audio(cut.clip, start_sample=0, end_sample=max(end, sound_end(cut)))


def sound_end(cut: Cut) -> int:
    """One past the source's last sample, counted from its first frame."""
    return max(0, cut.clip.audio_end_sample)


def _range(sound: Waveform, start: int, end: int) -> Waveform:
    return Waveform(sound.samples[:, start:end], sound.sample_rate)


def mix_piece(
    piece: Piece, music: Sequence[MusicFacts], cut: Cut, sound: Waveform, run: Run, work: Path
) -> list[MixedPart]:
    """Mix the music of one part, or of several that it runs on through, with what the source sounds like there.

    What is one piece is mixed in one go, so that nothing changes at the cuts between its parts.
    """
    first, numbers = piece.first, piece.numbers
    begin, end = piece.samples(cut)
    original = _range(sound, begin, end)
    near = [number for number in (numbers[0] - 1, numbers[-1] + 1) if 1 <= number <= len(cut.plan.parts)]
    neighbours = [_range(sound, *cut.samples_of(number)) for number in near]
    reference, loudness_from = reference_loudness(original, neighbours)
    if first.mix.loudness is not None:
        loudness_from = "the setting"
    takes = [one.takes[order.take - 1] for order, one in zip(piece.orders, music, strict=True)]
    chosen = [media.read_audio(work / take.wav) for take in takes]
    joined = Waveform(np.concatenate([one.samples for one in chosen], axis=1), chosen[0].sample_rate)
    mixed = mix(original, joined, first.mix, reference)
    edges = ["silence" if numbers[0] == 1 else "original", *["music"] * (len(numbers) - 1)]
    edges.append("original" if end < sound.n_samples else "silence")
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
    alone = len(piece.orders) == 1
    if lufs is not None and order.mix.mode == "replace" and mixed.target_lufs - lufs > 1.0 and alone:
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


def write_parts(
    parts: Sequence[MixedPart], cut: Cut, files: list[Path], earlier: Result | None, work: Path, run: Run
) -> dict[int, Path]:
    """Write each dubbed part in the place of the undubbed one, which moves to work/original.

    Returns:
        The undubbed file by part.
    """
    undubbed: dict[int, Path] = {}
    goes_on = same_cut(cut, earlier, run.settings.x264_crf)
    for number, one in enumerate(parts):
        run.progress(Progress("mux", number, len(parts) + 1))
        part, target = one.facts.part, files[one.facts.part - 1]
        undubbed[part] = work / "original" / target.name
        undubbed[part].parent.mkdir(exist_ok=True)
        os.rename(target, undubbed[part])
        if goes_on and earlier is not None and _copy_part(one.facts, earlier, target, run):
            continue
        media.replace_audio(undubbed[part], one.joined(), target)
    return undubbed


def _copy_part(facts: DubFacts, earlier: Result, target: Path, run: Run) -> bool:
    """Copy the earlier result's dubbed part where it would come out the same."""
    before = earlier.manifest.dub_of(facts.part)
    file = next((part.file for part in earlier.manifest.parts if part.index == facts.part), None)
    if before is None or file is None or replace(before, notes=()) != replace(facts, notes=()) or not earlier.has(file):
        return False
    copy_file(earlier.folder / file, target, run.should_cancel)
    return True


def film_with_music(parts: Sequence[MixedPart], cut: Cut, sound: Waveform) -> Waveform:
    """The source's sound with every dubbed range replaced; samples outside these ranges are the source's own.

    Where two dubbed parts meet, each fades to silence: what lies under them is no longer heard anywhere near. What runs
    on from one into the other is left as it is.
    """
    dubbed = {one.facts.part for one in parts}
    # A video without sound gets a track as long as its pictures.
    own = sound_end(cut) if cut.clip.sample_rate is not None else sound.n_samples
    n_samples = max([own, *(cut.samples_of(part)[1] for part in dubbed)])
    samples = sound.samples[:, :n_samples].copy()
    for one in parts:
        part = one.facts.part
        first, last = cut.samples_of(part)
        start = "silence" if part - 1 in dubbed and one.start != "music" else None
        end = "silence" if part + 1 in dubbed and one.end != "music" else None
        samples[:, first:last] = one.joined(start, end).samples
    return Waveform(samples, cut.sample_rate)


def write_film(parts: Sequence[MixedPart], cut: Cut, sound: Waveform, work: Path, run: Run) -> Film:
    """Write the whole video with the new sound, encoded once; sound before the first picture stays before it."""
    film = film_with_music(parts, cut, sound)
    early = min(0, cut.clip.audio_start_sample) if cut.clip.sample_rate else 0
    if early:
        before = media.decode_audio(cut.clip, start_sample=early, end_sample=0)
        film = Waveform(np.concatenate([before.samples, film.samples], axis=1), film.sample_rate)
    path = work / f"film{media.film_suffix(cut.clip)}"
    media.mux_film(cut.clip, film, path, start_sample=early, should_cancel=run.should_cancel)
    return Film(path, early, film.n_samples, ENCODED)
