"""Deciding how a clip is cut, and cutting it."""

from __future__ import annotations

from pathlib import Path

from app.errors import PlanError
from app.media.clip import SPLIT_MODES, Clip, SplitMode, SplitPlan
from app.media.ffmpeg import check_free_space
from app.media.reencode import reencode
from app.plan import plan_parts
from riffusion_inference.datatypes import OnProgress, ShouldCancel


def explain_split(clip: Clip, n_parts: int, mode: SplitMode) -> SplitPlan:
    """Say what a split will do before it does anything.

    Args:
        clip: a probed clip.
        n_parts: parts wanted.
        mode: "keyframe", "exact" or "reencode".
    Returns:
        The mode that will run, the parts that will be written, and the notes a person should read first.
    Raises:
        PlanError: n_parts does not fit the clip, or the mode is unknown.
    """
    if mode not in SPLIT_MODES:
        raise PlanError(f"Split mode {mode!r} is unknown: choose one of {', '.join(SPLIT_MODES)}.")
    parts = plan_parts(clip, n_parts)
    notes = () if mode == "reencode" else (f"{mode} is re-encoded for now.",)
    return SplitPlan(mode, "reencode", parts, notes)


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
    """Write the parts of a plan; each file appears whole or not at all, and a cancel leaves none.

    Args:
        clip: the source.
        plan: from explain_split.
        out_dir: where the parts go, as 01.mp4, 02.mp4, ...; made where missing.
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
    check_free_space(out_dir, clip.size_bytes)
    width = max(2, len(str(len(plan.parts))))
    names = [Path(out_dir) / f"{part.index:0{width}d}.mp4" for part in plan.parts]
    written: list[Path] = []
    try:
        for part, path in zip(plan.parts, names, strict=True):
            reencode(clip, part, path, threads=threads, crf=crf, on_progress=on_progress, should_cancel=should_cancel)
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return tuple(names)
