"""The story, top to bottom: probe -> plan -> prompt -> split -> generate -> mix -> mux -> archive.

Everything is made in a temporary folder beside the result and moved into place at the end; a stop or an error leaves
nothing behind. An earlier result gives what has not changed: parts, takes and dubbed parts are copied, not made again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from .. import mood
from ..models import Models
from ..result.archive import pack
from ..result.facts import MusicFacts
from ..result.folder import Result, check_free_place, made_aside
from .cut import Cut, copy_or_split, plan_cut
from .facts import facts_of
from .mix import Film, MixedPart, mix_part, read_sound, write_film, write_parts
from .music import check_length, copy_music, earlier_music, make_music
from .order import AUTO, Order, PartOrder
from .run import Run


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
    out_dir, in_place_of = Path(order.out_dir).absolute(), order.earlier.folder if order.earlier else None
    check_free_place(out_dir, order.force or in_place_of == out_dir)
    with run.stage("probe"):
        cut = plan_cut(order.video, order.n_parts, order.split_mode, run)
        for part in order.parts:
            check_length(cut.part(part.part))
    wanted = [Wanted(part, _reusable(part, order, cut)) for part in _with_prompts(order, cut, run)]
    _load_first(wanted, models, run)
    with made_aside(out_dir, force=order.force, in_place_of=in_place_of) as work:
        with run.stage("split"):
            files, undubbed = copy_or_split(cut, order.earlier, work, run), {}
        mixed: list[MixedPart] = []
        film: Film | None = None
        if order.with_film:
            music = [_music(one, order, cut, models, run, work) for one in wanted]
            with run.stage("mix"):
                sound = read_sound(cut)
                mixed = [
                    mix_part(one.order, found, cut, sound, run, work) for one, found in zip(wanted, music, strict=True)
                ]
            with run.stage("mux"):
                undubbed = write_parts(mixed, cut, files, order.earlier, work, run)
                film = write_film(mixed, cut, sound, work, run)
        with run.stage("archive"):
            facts = facts_of(cut, files, undubbed, mixed, film, run)
            manifest = pack(work, facts, run.progress, run.should_cancel)
    return Result(out_dir, replace(manifest, seconds_per_stage=dict(run.seconds)))


@dataclass(frozen=True)
class Wanted:
    """One part's music, and what an earlier result has of it."""

    order: PartOrder
    """What is asked for; its prompt is known."""
    reusable: MusicFacts | None
    """The very same takes, whole, in the earlier result."""


def _with_prompts(order: Order, cut: Cut, run: Run) -> list[PartOrder]:
    """The parts with the prompts that had to be read from the picture."""
    if all(part.generation.prompt != AUTO for part in order.parts):
        return list(order.parts)
    with run.stage("suggest"):
        return [_with_prompt(part, cut, run) if part.generation.prompt == AUTO else part for part in order.parts]


def _with_prompt(part: PartOrder, cut: Cut, run: Run) -> PartOrder:
    found = mood.suggest(
        cut.clip,
        part=cut.part(part.part),
        describer=part.describer,
        settings=run.settings,
        images=part.stills or None,
        on_progress=run.progress,
        should_cancel=run.should_cancel,
    )
    run.note(f'Part {part.part} looks {found.saw}: the prompt is "{found.prompt}".', *found.notes)
    return part.with_prompt(found.prompt)


def _reusable(part: PartOrder, order: Order, cut: Cut) -> MusicFacts | None:
    start, end = cut.samples_of(part.part)
    return earlier_music(part, end - start, cut.sample_rate, order.earlier)


def _load_first(wanted: list[Wanted], models: Models, run: Run) -> None:
    """Load the first model that is needed before any long work, so that a missing checkpoint is said at once."""
    for one in wanted:
        if one.reusable is None:
            with run.stage("load model"):
                models.get(one.order.model, run.progress)
                run.note(models.note)
            return


def _music(one: Wanted, order: Order, cut: Cut, models: Models, run: Run, work: Path) -> MusicFacts:
    """A part's takes in the new result's folder, copied or made."""
    if one.reusable is not None and order.earlier is not None:
        return copy_music(one.reusable, order.earlier, work)
    start, end = cut.samples_of(one.order.part)
    model = models.get(one.order.model, run.progress)
    with run.stage("generate"):
        return make_music(one.order, model, end - start, cut.sample_rate, run, work, cut.stem(one.order.part))
