"""The story, top to bottom: probe -> plan -> split -> generate -> mix -> mux -> archive.

Everything is made in a temporary folder beside the result and moved into place at the end; a stop or an error leaves
nothing behind. An earlier result gives what has not changed: parts, takes and dubbed parts are taken over, not redone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import MusicModel, OnProgress, ShouldCancel

from ..errors import ArchiveError
from ..result.archive import pack, result_of
from ..result.folder import check_free_place, made_aside
from ..result.manifest import DubFacts
from ..result.results import DubResult, DubSettings
from ..settings import Settings
from .cut import Cut, probed, split_or_take_over
from .facts import facts_of
from .mix import Film, Laid, lay, lay_parts, read_sound, write_film
from .music import PartMusic, check_length, earlier_music, make, music_key, take_over
from .run import Models, OnNote, Run
from .wishes import Earlier, Wish, changed_wishes, kept_wishes, new_wishes


@dataclass(frozen=True)
class Job:
    """What a run shall bring about, whoever asked for it."""

    video: Path
    """The source."""
    out_dir: Path
    """Where the result shall be."""
    n_parts: int
    """Parts to cut into."""
    split_mode: str
    """keyframe, exact or reencode."""
    wishes: Sequence[Wish]
    """One for each part that shall have music, in order."""
    earlier: Earlier | None
    """A result to go on from."""
    force: bool
    """Replace another result at out_dir."""
    with_film: bool = True
    """Whether to write the film and the zip."""


def dub(
    video: Path,
    out_dir: Path,
    dub_settings: DubSettings,
    *,
    model: MusicModel | None = None,
    model_name: str | None = None,
    app_settings: Settings,
    previous: Path | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
    on_note: OnNote | None = None,
) -> DubResult:
    """Split a video, make music for some of its parts, put it in, and archive it all.

    Args:
        video: the source.
        out_dir: a folder that does not exist yet, or that of `previous`.
        dub_settings: parts, music and mix.
        model: an already loaded model; None loads model_name.
        model_name: None takes the settings'.
        previous: manifest of an earlier result whose other dubs stay; what has not changed is not redone.
        force: replace another earlier result at out_dir.
        on_progress: called with each step of each stage.
        should_cancel: asked often; True stops within one step.
        on_note: called with each sentence a person should know, the split's before it begins.
    Raises:
        RiffusionError: one sentence on what went wrong; nothing was left behind.
    """
    run = Run(app_settings, on_progress, should_cancel, on_note)
    name = model_name or (model.name if model is not None else app_settings.model)
    earlier = Earlier(previous) if previous is not None else None
    wishes = [*kept_wishes(earlier, dub_settings.parts), *new_wishes(dub_settings, name)]
    wishes.sort(key=lambda wish: wish.part)
    job = Job(video, out_dir, dub_settings.n_parts, dub_settings.split_mode, wishes, earlier, force)
    return _carry_out(job, Models(run, model, name), run)


def dub_again(
    previous: Path,
    out_dir: Path,
    *,
    video: Path | None = None,
    parts: tuple[int, ...] = (),
    changes: dict[str, Any] | None = None,
    n_parts: int | None = None,
    split_mode: str | None = None,
    model: MusicModel | None = None,
    app_settings: Settings,
    force: bool = False,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
    on_note: OnNote | None = None,
) -> DubResult:
    """Make an earlier result again, redoing only what `changes` touches; see dub and dub_wishes.changed_wishes."""
    run = Run(app_settings, on_progress, should_cancel, on_note)
    earlier = Earlier(previous)
    facts = earlier.manifest
    name = (changes or {}).get("model_name") or (model.name if model is not None else app_settings.model)
    wishes = changed_wishes(earlier, parts, changes or {}, name)
    source = source_of(earlier, video)
    job = Job(source, out_dir, n_parts or facts.n_parts, split_mode or facts.split_asked, wishes, earlier, force)
    return _carry_out(job, Models(run, model, name), run)


def choose_take(result_dir: Path, part: int, take: int, *, app_settings: Settings, **options: Any) -> DubResult:
    """Lay another candidate into a dubbed part of a result, in place; options as in dub_again."""
    dub_of_part = Earlier(result_dir).manifest.dub_of(part)
    if dub_of_part is None:
        raise ArchiveError(f"Part {part} of {Path(result_dir).name} has no music: dub it first.")
    if not 1 <= take <= len(dub_of_part.takes):
        raise ArchiveError(f"Part {part} has {len(dub_of_part.takes)} takes, not a take {take}: choose one of them.")
    return dub_again(
        result_dir, result_dir, parts=(part,), changes={"take": take}, app_settings=app_settings, **options
    )


def undo(
    result_dir: Path,
    part: int,
    *,
    video: Path | None = None,
    app_settings: Settings,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
    on_note: OnNote | None = None,
) -> DubResult:
    """Give a part of a result its own sound back, in place; the other dubs stay."""
    run = Run(app_settings, on_progress, should_cancel, on_note)
    earlier = Earlier(result_dir)
    facts = earlier.manifest
    if facts.dub_of(part) is None:
        raise ArchiveError(f"Part {part} of {Path(result_dir).name} has no music that could be taken out.")
    wishes = kept_wishes(earlier, (part,))
    job = Job(source_of(earlier, video), result_dir, facts.n_parts, facts.split_asked, wishes, earlier, False)
    return _carry_out(job, Models(run, None, app_settings.model), run)


def split_only(
    video: Path,
    out_dir: Path,
    n_parts: int,
    split_mode: str,
    *,
    app_settings: Settings,
    force: bool = False,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
    on_note: OnNote | None = None,
) -> DubResult:
    """Cut a video into parts with a manifest, and nothing else."""
    settings = DubSettings(n_parts, (), split_mode=split_mode)
    run = Run(app_settings, on_progress, should_cancel, on_note)
    job = Job(video, out_dir, settings.n_parts, settings.split_mode, (), None, force, with_film=False)
    return _carry_out(job, Models(run, None, app_settings.model), run)


def source_of(earlier: Earlier, video: Path | None) -> Path:
    """The video an earlier result was made from: the one given, or the one it remembers if that is still there."""
    if video is not None:
        return Path(video)
    recorded = earlier.manifest.source
    if recorded.path is None or not Path(recorded.path).is_file():
        raise ArchiveError(f"The video {recorded.name} is not where it was: name the file it is in now.")
    return Path(recorded.path)


def _carry_out(job: Job, models: Models, run: Run) -> DubResult:
    """The stages, in order."""
    out_dir, in_place_of = Path(job.out_dir).absolute(), job.earlier.folder if job.earlier else None
    check_free_place(out_dir, job.force or in_place_of == out_dir)
    try:
        with run.stage("probe"):
            cut = probed(job.video, job.n_parts, job.split_mode, run)
            for wish in job.wishes:
                check_length(cut.part(wish.part))
        _load_first(job, cut, models, run)
        with made_aside(out_dir, force=job.force, in_place_of=in_place_of) as work:
            with run.stage("split"):
                files, undubbed = split_or_take_over(cut, job.earlier, work, run), {}
            laid: list[Laid] = []
            film: Film | None = None
            if job.with_film:
                music = _make_music(job, cut, models, run, work)
                with run.stage("mix"):
                    sound = read_sound(cut)
                    laid = [lay(one, cut, sound, run, work) for one in music]
                with run.stage("mux"):
                    undubbed = lay_parts(laid, cut, files, job.earlier, work, run)
                    film = write_film(laid, cut, sound, work, run)
            with run.stage("archive"):
                pack(work, facts_of(cut, files, undubbed, laid, film, run), run.progress, run.should_cancel)
        return result_of(out_dir, run.seconds)
    finally:
        models.unload()


def _reused(wish: Wish, job: Job, cut: Cut, models: Models) -> DubFacts | None:
    start, end = cut.samples_of(wish.part)
    return earlier_music(wish, music_key(wish, models, end - start, cut.sample_rate), job.earlier)


def _load_first(job: Job, cut: Cut, models: Models, run: Run) -> None:
    """Load the model before any long work, so that a missing checkpoint is said at once."""
    for wish in job.wishes:
        if _reused(wish, job, cut, models) is None:
            with run.stage("load model"):
                models.get(wish.model_name)
            return


def _make_music(job: Job, cut: Cut, models: Models, run: Run, work: Path) -> list[PartMusic]:
    """Every dubbed part's takes, made or taken over."""
    music = []
    for wish in job.wishes:
        dub_of_part = _reused(wish, job, cut, models)
        if dub_of_part is not None and job.earlier is not None:
            music.append(take_over(wish, dub_of_part, job.earlier, work))
            continue
        start, end = cut.samples_of(wish.part)
        with run.stage("generate"):
            music.append(make(wish, end - start, cut.sample_rate, models, run, work, cut.stem(wish.part)))
    return music
