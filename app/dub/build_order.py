"""Building an order, for every door in one place: new, or from an earlier result; defaults are resolved here, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riffusion_inference.datatypes import GenerationSettings

from .. import media
from ..errors import ArchiveError, ConfigError
from ..media import read_image, read_score
from ..models import Models
from ..plan import Cutting, SplitMode, TimeRange
from ..result.facts import DubFacts
from ..result.folder import Result
from ..settings import Settings
from ..settings.options import MIX, MUSIC, PER_MODEL
from ..settings.writing import Writing
from ..soundtrack.mix import MixSettings
from .order import AUTO, Order, PartOrder, check_part, split_mode_of
from .piece import run_through
from .ranges import Placed, place_parts, place_ranges, renumbered

if TYPE_CHECKING:
    from PIL import Image

MIX_FIELDS = {"sound_mode": "mode", **{name: name for name in MIX if name not in ("sound_mode", "take")}}
"""Options of the mix, and their names in MixSettings."""
MIX_OF_SETTINGS = ("sound_mode", "music_gain_db", "loudness")
"""Those that are the program's settings too."""


def new_order(
    video: Path,
    out_dir: Path,
    *,
    n_parts: int | None = None,
    parts: Sequence[int] = (),
    ranges: Sequence[TimeRange] = (),
    prompts: Sequence[str],
    given: Mapping[str, Any],
    settings: Settings,
    models: Models,
    earlier: Result | None = None,
    force: bool = False,
    stills: tuple[Image.Image, ...] = (),
    clip: media.Clip | None = None,
) -> Order:
    """Order new music for some parts, or for ranges of time; dubs that `earlier` has elsewhere stay.

    Args:
        video: the source.
        out_dir: where the result goes.
        n_parts: equal parts to cut the video into; not with ranges.
        parts: which of them get the music, 1-based.
        ranges: which times get the music; each becomes a part, and the rest of the film is what lies between.
        prompts: one for all, or one for each; "auto" is read from the picture.
        given: what the person has set, by the option's name; the rest is the settings' or the model's own.
        settings: the program's.
        models: the shelf that knows what a short name of a model stands for.
        earlier: a result to go on from.
        force: replace another result at out_dir.
        stills: pictures to read for the prompt "auto".
        clip: the video where it was probed already.
    Raises:
        RiffusionError: something cannot be right whatever the files hold; the sentence says what.
    """
    split_mode = given.get("split_mode", settings.split_mode)
    if (n_parts is None) != bool(ranges) or (ranges and parts):
        raise ConfigError("Music goes either into parts of so many, or into ranges of time: choose one of the two.")
    cutting: Cutting = 1 if n_parts is None else n_parts
    Order(video, out_dir, cutting, split_mode)
    for number in parts:
        check_part(number, n_parts or 1)
    words = words_for(prompts, len(parts or ranges), "part" if parts else "range")
    kept = kept_parts(earlier) if earlier is not None else ()
    notes: tuple[str, ...] = ()
    if ranges or (earlier is not None and earlier.cutting != cutting):
        placed = _place(clip or media.probe(video), n_parts, parts, ranges, earlier)
        kept, notes = renumbered(kept, placed.now), placed.notes
        clip, cutting, parts = placed.clip, placed.cutting, placed.numbers
    fresh = [
        part_order(number, prompt, given, settings, models, stills) for number, prompt in zip(parts, words, strict=True)
    ]
    all_parts = run_through((*fresh, *(one for one in kept if one.part not in parts)), parts)
    return Order(video, out_dir, cutting, split_mode, all_parts, earlier, force, tuple(parts), notes, clip)


def words_for(prompts: Sequence[str], n_pieces: int, piece: str) -> list[str]:
    """A prompt for each part or range, of one for all or one for each."""
    if not prompts:
        raise ConfigError("There is no prompt for the music: say what it should be.")
    if len(prompts) not in (1, n_pieces):
        raise ConfigError(
            f"There are {len(prompts)} prompts for {n_pieces} {piece}s: give one prompt, or one for each {piece}."
        )
    return [*prompts] * (n_pieces if len(prompts) == 1 else 1)


def _place(
    clip: media.Clip,
    n_parts: int | None,
    parts: Sequence[int],
    ranges: Sequence[TimeRange],
    earlier: Result | None,
) -> Placed:
    """Where ranges, or some of so many equal parts, lie in a film of which an earlier result may have music."""
    if n_parts is None:
        return place_ranges(clip, ranges, earlier)
    assert earlier is not None, "without earlier music equal parts are what they are"
    return place_parts(clip, n_parts, parts, earlier)


def changed_order(
    earlier: Result,
    out_dir: Path,
    *,
    video: Path | None = None,
    parts: Sequence[int] = (),
    ranges: Sequence[TimeRange] = (),
    prompts: Sequence[str] = (),
    given: Mapping[str, Any],
    settings: Settings,
    models: Models,
    n_parts: int | None = None,
    split_mode: SplitMode | None = None,
    force: bool = False,
) -> Order:
    """Order an earlier result again with what is given changed; the rest stays as it was.

    Args:
        earlier: the result.
        out_dir: where the new one goes; the same folder changes it in place.
        video: the source; None: where the result remembers it.
        parts: which parts change, 1-based; none means every part that was dubbed. A part without music needs a prompt.
        ranges: which times change instead, or get music; each becomes a part.
        prompts: new words, one for each part or range, or one for all.
        given: what the person has set, by the option's name; "prompt" may be among it instead.
        settings: the program's; for parts that had no music.
        models: the shelf that knows what a short name of a model stands for.
        n_parts: cut into so many equal parts; dubs of another cut stay where they are, and the parts lie around them.
        split_mode: another way to cut.
        force: replace another result at out_dir.
    """
    facts = earlier.manifest
    source, cutting = source_of(earlier, video), earlier.cutting
    mode = split_mode or split_mode_of(facts.split_asked)
    kept, clip = kept_parts(earlier), None
    notes: tuple[str, ...] = ()
    if ranges or (n_parts is not None and n_parts != cutting):
        placed = _place(media.probe(source), n_parts, parts, ranges, earlier)
        kept, notes = renumbered(kept, placed.now), placed.notes
        clip, cutting, parts = placed.clip, placed.cutting, placed.numbers
    if not prompts and "prompt" in given:
        prompts = (given["prompt"],)
    orders = {one.part: one for one in kept}
    named = with_their_runs(parts, orders)
    said = (
        dict(zip(parts, words_for(prompts, len(parts), "range" if ranges else "part"), strict=True)) if prompts else {}
    )
    for number in named or tuple(orders):
        words = said.get(number, prompts[0] if prompts else None)
        asked = dict(given) if words is None else {**given, "prompt": words}
        if number in orders:
            orders[number] = _changed_part(orders[number], asked, models)
        elif words is None:
            raise ConfigError(f"Part {number} has no music yet: say with --prompt what it should be.")
        else:
            orders[number] = part_order(number, words, given, settings, models)
    changed = run_through(tuple(orders.values()), named or tuple(orders))
    return Order(source, out_dir, cutting, mode, changed, earlier, force, named or tuple(orders), notes, clip)


def with_their_runs(parts: Sequence[int], orders: Mapping[int, PartOrder]) -> tuple[int, ...]:
    """Parts, and those that are one piece with them: what changes one changes all."""
    runs = (orders[number].writing.run for number in parts if number in orders)
    return tuple(dict.fromkeys((*parts, *(number for run in runs for number in run if number in orders))))


def take_order(earlier: Result, part: int, take: int, *, video: Path | None = None) -> Order:
    """Order another candidate for a dubbed part of a result, and for those that are one piece with it, in place."""
    dub = earlier.manifest.dub_of(part)
    if dub is None:
        raise ArchiveError(f"Part {part} of {earlier.folder.name} has no music: dub it first.")
    check_take(dub, take)
    kept = {one.part: one for one in kept_parts(earlier)}
    chosen = with_their_runs((part,), kept)
    parts = [replace(one, take=take) if one.part in chosen else one for one in kept.values()]
    return _in_place(earlier, video, parts)


def check_take(dub: DubFacts, take: int) -> None:
    """Raise ArchiveError unless a dub has a take of that number."""
    n_takes = len(dub.music.takes)
    if not 1 <= take <= n_takes:
        raise ArchiveError(f"Part {dub.part} has {n_takes} takes, not a take {take}: choose one of them.")


def undo_order(earlier: Result, part: int, *, video: Path | None = None) -> Order:
    """Order a dubbed part's own sound back, in place; other dubs stay."""
    if earlier.manifest.dub_of(part) is None:
        raise ArchiveError(f"Part {part} of {earlier.folder.name} has no music that could be taken out.")
    return _in_place(earlier, video, kept_parts(earlier, but_not=(part,)))


def _in_place(earlier: Result, video: Path | None, parts: Sequence[PartOrder]) -> Order:
    source, mode = source_of(earlier, video), split_mode_of(earlier.manifest.split_asked)
    return Order(source, earlier.folder, earlier.cutting, mode, tuple(parts), earlier)


def source_of(earlier: Result, video: Path | None) -> Path:
    """The video an earlier result was made from: the one given, or the one it remembers if that is still there.

    Raises:
        ArchiveError: it is not.
    """
    if video is not None:
        return Path(video)
    recorded = earlier.manifest.source
    if recorded.path is None or not Path(recorded.path).is_file():
        raise ArchiveError(f"The video {recorded.name} is not where it was: name the file it is in now.")
    return Path(recorded.path)


def kept_parts(earlier: Result, but_not: Sequence[int] = ()) -> tuple[PartOrder, ...]:
    """The dubs of an earlier result, ordered again as they were."""
    return tuple(_part_again(earlier, dub) for dub in earlier.manifest.dubs if dub.part not in but_not)


def _part_again(earlier: Result, dub: DubFacts) -> PartOrder:
    music = dub.music
    started_from = [name for name in (music.seed_image, music.seed_audio, music.seed_midi) if name is not None]
    if not earlier.has(*started_from):
        raise ArchiveError(
            f"The music of part {dub.part} started from {started_from[0]}, "
            f"which is missing or was changed in {earlier.folder}: give that file again."
        )
    generation = replace(
        music.generation,
        seed_image=read_image(earlier.folder / music.seed_image) if music.seed_image else None,
        seed_audio=media.read_audio(earlier.folder / music.seed_audio) if music.seed_audio else None,
    )
    midi = read_score(earlier.folder / music.seed_midi) if music.seed_midi else None
    return PartOrder(dub.part, generation, music.model, dub.mix, dub.take, writing=replace(music.writing, midi=midi))


def part_order(
    number: int,
    prompt: str,
    given: Mapping[str, Any],
    settings: Settings,
    models: Models,
    stills: tuple[Image.Image, ...] = (),
) -> PartOrder:
    """A part's music from what is given, the settings, and what the model likes."""
    # Checked before a device is looked for, which takes seconds.
    asked = GenerationSettings(prompt, **{name: value for name, value in given.items() if name in MUSIC})
    mix = mix_of(MixSettings(**{MIX_FIELDS[name]: getattr(settings, name) for name in MIX_OF_SETTINGS}), given)
    writing = Writing().changed(given)
    model = models.full_name(given.get("model", settings.model))
    defaults = settings.model_defaults(model)
    generation = replace(asked, **{name: getattr(defaults, name) for name in PER_MODEL if name not in given})
    describer = given.get("describer", settings.describer)
    return PartOrder(number, generation, model, mix, given.get("take", 1), describer, stills, writing)


def _changed_part(old: PartOrder, given: Mapping[str, Any], models: Models) -> PartOrder:
    music = {name: value for name, value in given.items() if name in MUSIC or name == "prompt"}
    # One start takes the place of the other.
    starts = {"seed_image": None, "seed_audio": None} if {"seed_image", "seed_audio"} & music.keys() else {}
    generation = replace(old.generation, **{**starts, **music})
    writing = old.writing.changed(given)
    if "prompt" in given:
        writing = replace(writing, seen=False)
    if (writing, generation) != (old.writing, old.generation):
        # Other music than before goes with the film's other music, not with what it was itself.
        writing = replace(writing, lead=None)
    return PartOrder(
        old.part,
        generation,
        models.full_name(given["model"]) if "model" in given else old.model,
        mix_of(old.mix, given),
        min(given.get("take", old.take), generation.candidates),
        writing=writing,
    )


def mix_of(old: MixSettings, given: Mapping[str, Any]) -> MixSettings:
    """A mix with what a person has set over it."""
    return replace(old, **{to: given[name] for name, to in MIX_FIELDS.items() if name in given})


def check_given(given: Mapping[str, Any]) -> None:
    """Raise RiffusionError where a value cannot be right whatever the earlier result holds."""
    GenerationSettings(**{"prompt": AUTO, **{n: v for n, v in given.items() if n in MUSIC or n == "prompt"}})
    mix_of(MixSettings(), given)
    Writing().changed(given)
    if given.get("take", 1) < 1:
        raise ConfigError(f"Take {given['take']} does not exist: takes count from 1.")
