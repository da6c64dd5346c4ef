"""Deciding how a clip is cut, saying so beforehand, and cutting it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel

from ...errors import PlanError
from ...files import check_cancel, check_free_space, write_errors, written_together
from ...plan import SPLIT_MODES, Cutting, Part, SplitMode, moved, parts_at, plan_cutting
from ...unfinished import work_folder
from ...wall.registry import walled
from ..clip import Clip, SplitPlan
from .clean_start import starts_alike
from .exact import lead_in, write_part
from .keyframe import PACKET_NOTE, copy_segments, segment_format
from .lossless import LosslessCheck, check_lossless, plain_movie
from .reencode import encode_parts
from .source import CutSource, cut_source, part_suffix

LEAD_IN_NOTE = (
    "Each part starts with up to {lead:.1f} s of hidden lead-in that its edit list tells players to skip. "
    "A player that ignores edit lists shows it; choose reencode for such players."
)
NEEDS_BEGINNING = "its pictures decode rightly only after the stream's first packet, which later parts do not have"
OPEN_GOP_NOTE = (
    "The clip has open GOPs and no clean picture within 10 s before some cuts. Browsers may refuse those parts, as "
    "they refuse the source when you seek in it; choose reencode for them."
)


@walled
def explain_split(clip: Clip, cutting: Cutting, mode: str) -> SplitPlan:
    """Say what a split will do before it does anything.

    Args:
        clip: a probed clip.
        cutting: how many equal parts are wanted, or the times at which to cut.
        mode: a SplitMode or its value.
    Returns:
        The mode that will run, the parts that will be written, and the notes a person should read first.
    Raises:
        PlanError: the cutting does not fit the clip or its keyframes, or the mode is unknown.
        MediaError: the clip cannot be cut in any mode.
    """
    if mode not in SPLIT_MODES:
        raise PlanError(f"Split mode {mode!r} is unknown: choose one of {', '.join(SPLIT_MODES)}.")
    mode = SplitMode(mode)
    parts = plan_cutting(clip, cutting)
    is_equal = isinstance(cutting, int)
    lossless = check_lossless(clip)
    notes = [*lossless.notes, *(() if isinstance(cutting, int) else moved(clip, cutting.times))]
    if mode == SplitMode.KEYFRAME and not lossless.is_possible and segment_format(clip) is not None:
        cuts, cut_notes = _keyframe_cuts(clip, parts, is_equal)
        return SplitPlan(mode, mode, parts_at(clip, cuts), (*cut_notes, PACKET_NOTE))
    if mode != SplitMode.REENCODE and lossless.is_possible and not starts_alike(clip, parts):
        lossless = LosslessCheck(False, NEEDS_BEGINNING, lossless.notes)
    if mode == SplitMode.REENCODE or not lossless.is_possible:
        if mode != SplitMode.REENCODE:
            reason = f"{mode} is not possible for this file: {lossless.reason}."
            notes.insert(0, f"{reason} Its video is re-encoded instead.")
        return SplitPlan(mode, SplitMode.REENCODE, parts, tuple(notes))
    if mode == SplitMode.KEYFRAME:
        cuts, cut_notes = _keyframe_cuts(clip, parts, is_equal)
        return SplitPlan(mode, mode, parts_at(clip, cuts), (*notes, *cut_notes))
    return SplitPlan(mode, mode, parts, (*notes, *_lead_in_notes(clip, parts)))


def _keyframe_cuts(clip: Clip, parts: tuple[Part, ...], is_equal: bool) -> tuple[list[int], list[str]]:
    """The keyframes nearest to where the parts begin, and what a person should know of the difference."""
    keys = [key for key in clip.keyframes if key > 0]
    cuts = [0]
    for part in parts[1:]:
        nearest = min(
            keys, key=lambda key: (abs(clip.frame_pts[key] - clip.frame_pts[part.start_frame]), key), default=0
        )
        if nearest > cuts[-1]:
            cuts.append(nearest)
    notes = []
    if len(cuts) < len(parts) and not is_equal:
        raise PlanError(
            "Two of the cuts have the same nearest keyframe, so keyframe cannot give these ranges: choose exact."
        )
    if len(cuts) < len(parts):
        n_keys = len(keys) + 1
        notes.append(
            f"{n_keys} keyframe{'s' if n_keys > 1 else ''}: {len(cuts)} part{'s' if len(cuts) > 1 else ''}, "
            f"not {len(parts)}; choose exact for {len(parts)}."
        )
    elif cuts != [part.start_frame for part in parts]:
        wanted = [clip.frame_pts[part.start_frame] for part in parts]
        off = max(abs(clip.frame_pts[cut] - pts) for cut, pts in zip(cuts, wanted, strict=True)) * clip.time_base
        wish = "equal parts" if is_equal else "the very times"
        notes.append(f"The cuts move to the nearest keyframes, by up to {float(off):.2f} s; choose exact for {wish}.")
    return cuts, notes


def _lead_in_notes(clip: Clip, parts: tuple[Part, ...]) -> list[str]:
    """What a person should know of the hidden pictures before the cuts."""
    if len(parts) == 1:
        return []
    movie = plain_movie(clip)
    if movie is None:
        keys = [max([key for key in clip.keyframes if key <= part.start_frame], default=0) for part in parts]
        hidden = [clip.frame_pts[part.start_frame] - clip.frame_pts[key] for part, key in zip(parts, keys, strict=True)]
        found = [(pts * clip.time_base, True) for pts in hidden]
    else:
        found = [lead_in(movie.tracks[clip.video_index], clip, part) for part in parts[1:]]
    longest = max(seconds for seconds, _ in found)
    notes = [LEAD_IN_NOTE.format(lead=float(longest))] if longest > 0 else []
    return notes + ([] if all(is_clean for _, is_clean in found) else [OPEN_GOP_NOTE])


@walled
def split(
    clip: Clip,
    plan: SplitPlan,
    out_dir: Path,
    *,
    threads: int = 1,
    crf: int = 16,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> tuple[Path, ...]:
    """Write the parts of a plan; they appear together when all are whole, and an error or a cancel leaves none.

    Args:
        clip: the source.
        plan: from explain_split.
        out_dir: where the parts go, as 01.mp4, 02.mp4, ..., or with another container's ending; made where missing.
        threads: encoder threads, re-encoding only.
        crf: x264's constant rate factor, re-encoding only; 16 is beyond what people see.
        on_progress: stage "split", in frames.
        should_cancel: asked often.
    Returns:
        The files in order.
    Raises:
        MediaError: a part cannot be made or written.
        DubCancelled: should_cancel returned True.
    """
    out_dir = Path(out_dir).absolute()
    check_free_space(out_dir, clip.size_bytes // 2)
    report = _Report(clip, on_progress, should_cancel)
    with _without_empty_folder(out_dir), write_errors(out_dir / "part"), written_together() as hidden:
        out_dir.mkdir(parents=True, exist_ok=True)
        with work_folder(out_dir, "split") as folder:
            job = _Job(clip, plan, out_dir, folder, hidden, report)
            if plan.mode_used == SplitMode.KEYFRAME and not check_lossless(clip).is_possible:
                return _move_segments(job)
            return _write_parts(job, cut_source(clip, plan.mode_used, job.folder, should_cancel), threads, crf)


@contextmanager
def _without_empty_folder(folder: Path) -> Iterator[None]:
    """Delete a folder that the block has made when the block fails."""
    is_new = not folder.exists()
    try:
        yield
    except BaseException:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise


@dataclass(frozen=True)
class _Job:
    """What all ways to write parts need."""

    clip: Clip
    """The source."""
    plan: SplitPlan
    """Its parts."""
    out_dir: Path
    """Where they go."""
    folder: Path
    """For temporary files, on the same disk."""
    hidden: Callable[[Path], Path]
    """From a file's name to the one to write to; see written_together."""
    report: _Report
    """Told of progress."""

    def path(self, part: Part, suffix: str) -> Path:
        """01.mp4, 02.mp4, ..., with as many digits as the last one needs."""
        width = max(2, len(str(len(self.plan.parts))))
        return self.out_dir / f"{part.index:0{width}d}{suffix}"


def _move_segments(job: _Job) -> tuple[Path, ...]:
    """Cut by copy in the source's own container."""
    paths = []
    segments = copy_segments(job.clip, job.plan.parts, job.folder, job.report.should_cancel)
    for part, segment in zip(job.plan.parts, segments, strict=True):
        paths.append(job.path(part, segment.suffix))
        os.replace(segment, job.hidden(paths[-1]))
        job.report.part_done(part)
    return tuple(paths)


def _write_parts(job: _Job, source: CutSource, threads: int, crf: int) -> tuple[Path, ...]:
    """Cut by edit lists, with the source's pictures or with re-encoded ones."""
    paths = []
    encoded = None
    if job.plan.mode_used == SplitMode.REENCODE:
        encoded = encode_parts(
            job.clip, job.plan.parts, job.folder, threads=threads, crf=crf, on_frame=job.report.frame
        )
    for part in job.plan.parts:
        paths.append(job.path(part, part_suffix(source)))
        pictures = next(encoded) if encoded is not None else None
        write_part(
            source.movie,
            source.clip,
            part,
            job.hidden(paths[-1]),
            pictures=source.pictures,
            encoded=pictures,
            on_bytes=job.report.bytes_written,
        )
        if pictures is not None:
            pictures.path.unlink()
        job.report.part_done(part)
    return tuple(paths)


class _Report:
    """Passes progress on and stops the work when the person asks to stop."""

    def __init__(self, clip: Clip, on_progress: OnProgress | None, should_cancel: ShouldCancel | None) -> None:
        self.total, self.on_progress, self.should_cancel = clip.n_frames, on_progress, should_cancel
        self.done = 0

    def frame(self, done: int) -> None:
        """Called for every frame encoded."""
        check_cancel(self.should_cancel)
        if done > self.done:
            self._tell(done)

    def bytes_written(self, _count: int) -> None:
        """Called every few megabytes."""
        check_cancel(self.should_cancel)

    def part_done(self, part: Part) -> None:
        """Called when a part is in place."""
        check_cancel(self.should_cancel)
        if part.end_frame > self.done:
            self._tell(part.end_frame)

    def _tell(self, done: int) -> None:
        self.done = done
        if self.on_progress is not None:
            self.on_progress(Progress("split", done, self.total))
