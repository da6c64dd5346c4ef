"""The story: probe -> plan -> prompt -> split -> watch -> write and paint -> mix -> mux -> check -> archive.

Everything is made in a temporary folder beside the result and moved into place at the end; a stop or an error leaves
nothing behind. An earlier result gives what has not changed: parts, takes and dubbed parts are copied, not made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from .. import media, mood
from ..files import still_there
from ..models import Models
from ..result.archive import pack, write_beside, zip_name
from ..result.facts import MusicFacts
from ..result.folder import Result, check_free_place, made_aside
from ..result.packing import Packing
from ..unfinished import recover
from .check import check
from .cut import Cut, copy_or_split, plan_cut
from .facts import facts_of
from .mix import Film, MixedPart, SourceSound, mix_piece, plan_sound, write_film, write_parts
from .music import check_length, copy_music, make_music
from .order import AUTO, Order
from .piece import Piece, earlier_music, pieces_of
from .run import Run
from .score import film_lead


def carry_out(order: Order, run: Run, models: Models) -> Result:
    """Carry out an order: split the video, make music for the parts that want it, put it in, and archive it all.

    Args:
        order: what is asked for.
        run: settings, progress, the way to stop, notes.
        models: where music models come from; nothing is unloaded here.
    Returns:
        The finished result.
    Raises:
        RiffusionError: one sentence on what went wrong; nothing was left behind.
    """
    with (
        still_there(Path(order.video)),
        media.job(run.settings, reads=[order.video], should_cancel=run.should_cancel),
    ):
        return _carry_out(order, run, models)


def _carry_out(order: Order, run: Run, models: Models) -> Result:
    """The story itself."""
    out_dir, in_place_of = Path(order.out_dir).absolute(), order.earlier.folder if order.earlier else None
    run.note(*recover(out_dir.parent), *order.notes)
    check_free_place(out_dir, order.force or in_place_of == out_dir)
    with run.stage("probe"):
        cut = plan_cut(order.video, order.cutting, order.split_mode, run, clip=order.clip)
        pieces = pieces_of(order.parts)
        for piece in pieces:
            check_length(piece, cut)
        plan = plan_sound([number for piece in pieces for number in piece.numbers], cut, run)
    wanted = [_wanted(piece, order, cut) for piece in _with_prompts(pieces, cut, run)]
    run.note(*_about_runs(wanted))
    _load_first(wanted, models, run)
    with (
        made_aside(out_dir, force=order.force, in_place_of=in_place_of, on_note=run.note) as work,
        Packing(work, zip_name(cut.clip.path.name) if order.with_film else None, run.should_cancel) as packing,
        media.job(reads=[order.video], writes=[work]),
    ):
        with run.stage("split"):
            files, undubbed = copy_or_split(cut, order.earlier, work, run), {}
        dubbed = {number for one in wanted for number in one.piece.numbers} if order.with_film else set()
        packing.add(file for number, file in enumerate(files, 1) if number not in dubbed)
        mixed: list[MixedPart] = []
        film: Film | None = None
        if order.with_film:
            music = _all_music(wanted, order, cut, models, run, work)
            with run.stage("mix"):
                sound = SourceSound(cut)
                for one in wanted:
                    takes = [music[number] for number in one.piece.numbers]
                    mixed += mix_piece(one.piece, takes, cut, sound, run, work, music)
            with run.stage("mux"):
                film, stretches = write_film(mixed, cut, plan, work, run)
                undubbed = write_parts(mixed, film, stretches, cut, files, work, run)
            packing.add((film.path, *files, *undubbed.values()))
        if not run.settings.no_check:
            with run.stage("check"):
                check(work, facts_of(cut, files, undubbed, mixed, film, run), cut, run)
        with run.stage("archive"):
            facts = facts_of(cut, files, undubbed, mixed, film, run)
            write_beside(work, facts)
            manifest = pack(work, facts, run.progress, run.should_cancel, packing)
    return Result(out_dir, replace(manifest, seconds_per_stage=dict(run.seconds)))


@dataclass(frozen=True)
class Wanted:
    """One piece of music, and what an earlier result has of it."""

    piece: Piece
    """What is asked for; its prompt is known."""
    reusable: tuple[MusicFacts, ...] | None
    """The very same takes of each part, whole, in the earlier result."""


def _about_runs(wanted: list[Wanted]) -> Iterator[str]:
    """What is said of new music that runs on through several parts, or that was to and cannot."""
    for one in wanted:
        if len(one.piece.orders) > 1 and one.reusable is None:
            yield f"{one.piece.name} are one piece, made as part {one.piece.first.part} is ordered."
    for before, after in pairwise(wanted):
        left, right = before.piece.orders[-1], after.piece.first
        is_new = before.reusable is None or after.reusable is None
        if is_new and left.part + 1 == right.part and left.writing.through != right.writing.through:
            begins, other = (right, left) if right.writing.through else (left, right)
            yield (
                f"The music of part {begins.part} does not run on across the cut to part {other.part}, "
                "which was ordered as a piece by itself: order both together to join them."
            )


def _with_prompts(pieces: tuple[Piece, ...], cut: Cut, run: Run) -> list[Piece]:
    """The pieces with the prompts that had to be read from the picture."""
    if all(piece.first.generation.prompt != AUTO for piece in pieces):
        return list(pieces)
    with run.stage("suggest"):
        return [_with_prompt(piece, cut, run) if piece.first.generation.prompt == AUTO else piece for piece in pieces]


def _with_prompt(piece: Piece, cut: Cut, run: Run) -> Piece:
    found = mood.suggest(
        cut.clip,
        part=piece.span(cut),
        describer=piece.first.describer,
        settings=run.settings,
        images=piece.first.stills or None,
        on_progress=run.progress,
        should_cancel=run.should_cancel,
    )
    looks = "looks" if len(piece.orders) == 1 else "look"
    run.note(f'{piece.name} {looks} {found.saw}: the prompt is "{found.prompt}".', *found.notes)
    return piece.with_prompt(found.prompt)


def _wanted(piece: Piece, order: Order, cut: Cut) -> Wanted:
    found = earlier_music(piece, cut, order.earlier)
    return Wanted(piece if found is not None else piece.made_anew(), found)


def _load_first(wanted: list[Wanted], models: Models, run: Run) -> None:
    """Load the first model that is needed before any long work, so that a missing checkpoint is said at once."""
    for one in wanted:
        if one.reusable is None:
            with run.stage("load model"):
                models.get(one.piece.first.model, run.progress)
                run.note(models.note)
            return


def _all_music(
    wanted: list[Wanted], order: Order, cut: Cut, models: Models, run: Run, work: Path
) -> dict[int, MusicFacts]:
    """The takes of every part in the new result's folder, copied or made; what is made goes with what there is."""
    music: dict[int, MusicFacts] = {}
    for one in wanted:
        if one.reusable is not None and order.earlier is not None:
            for number, facts in zip(one.piece.numbers, one.reusable, strict=True):
                music[number] = copy_music(facts, order.earlier, work, cut.stem(number))
    for one in wanted:
        if one.reusable is None:
            first = one.piece.first
            lead = None if first.writing.apart else film_lead([music[part] for part in sorted(music)])
            model = models.get(first.model, run.progress)
            made = make_music(one.piece, model, cut, lead, run, work)
            music.update(zip(one.piece.numbers, made, strict=True))
    return music
