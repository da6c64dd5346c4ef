"""From a video to its parts: probe, plan, and split, or copy the parts of an earlier result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .. import media
from ..errors import MediaError, PlanError
from ..files import Hashing, copy_file
from ..plan import Cutting, Part, SplitMode, timeline
from ..result.folder import Result
from .run import Run

# What a video without sound gets: DVD's and the web's usual rate, in stereo.
NEW_SAMPLE_RATE, NEW_CHANNELS = 48000, 2


@dataclass(frozen=True)
class Cut:
    """A probed video and how it is cut."""

    clip: media.Clip
    """The source."""
    plan: media.SplitPlan
    """Its parts."""
    cutting: Cutting
    """What was asked for: equal parts, or times to cut at."""
    hashing: Hashing
    """Of the source file."""

    @property
    def sha256(self) -> str:
        """Of the source file; waited for where it is not there yet."""
        return self.hashing.result()

    @property
    def sample_rate(self) -> int:
        """Hz of the result's sound: the source's own."""
        return self.clip.sample_rate or NEW_SAMPLE_RATE

    @property
    def n_channels(self) -> int:
        """Channels of the result's sound: the source's own."""
        return self.clip.n_channels or NEW_CHANNELS

    def part(self, number: int) -> Part:
        """The part of that number.

        Raises:
            PlanError: keyframe mode made fewer parts than were asked for.
        """
        parts = self.plan.parts
        if not 1 <= number <= len(parts):
            found = "1 part" if len(parts) == 1 else f"{len(parts)} parts"
            why = " ".join(self.plan.notes)
            raise PlanError(f"Part {number} does not exist: {self.clip.path.name} gives {found}. {why}".strip())
        return parts[number - 1]

    def samples_of(self, number: int) -> tuple[int, int]:
        """Half-open range of a part's samples; 0 sounds with the first frame."""
        part = self.part(number)
        return part.start_sample(self.sample_rate), part.end_sample(self.sample_rate)

    def stem(self, number: int) -> str:
        """A part's number as file names have it."""
        return f"{number:0{max(2, len(str(len(self.plan.parts))))}d}"


def plan_cut(video: Path, cutting: Cutting, split_mode: SplitMode, run: Run, *, clip: media.Clip | None = None) -> Cut:
    """Look at a video and plan its parts, saying what will happen.

    Args:
        video: the source.
        cutting: how many equal parts, or the times to cut at.
        split_mode: how to cut.
        run: settings, notes, the way to stop.
        clip: the video where it was probed already.

    Raises:
        MediaError: it is not a video, or longer than the settings allow.
        PlanError: the parts do not fit it.
    """
    hashing = Hashing(Path(video).absolute(), run.should_cancel)
    try:
        clip = clip or media.probe(Path(video))
        limit = run.settings.max_duration_seconds
        if clip.duration > limit:
            raise MediaError(
                f"{clip.path.name} lasts {timeline(clip.duration)}, but at most {limit} s are accepted: "
                "cut it, or raise MAX_DURATION_SECONDS."
            )
        plan = media.explain_split(clip, cutting, split_mode)
    except BaseException:
        hashing.stop()
        raise
    run.note(*plan.notes)
    return Cut(clip, plan, cutting, hashing)


def same_cut(cut: Cut, earlier: Result | None, x264_crf: int) -> bool:
    """Whether an earlier result holds the very parts that this cut would write."""
    if earlier is None:
        return False
    facts = earlier.manifest
    same = (
        facts.source.sha256 == cut.sha256
        and facts.split_used == cut.plan.mode_used
        and (facts.split_used != "reencode" or facts.x264_crf == x264_crf)
        and [(p.start_frame, p.end_frame) for p in facts.parts]
        == [(p.start_frame, p.end_frame) for p in cut.plan.parts]
    )
    return same and earlier.has(*(part.own_file for part in facts.parts))


def copy_or_split(cut: Cut, earlier: Result | None, work: Path, run: Run) -> list[Path]:
    """Put every part, with its own sound, under work/parts.

    Returns:
        The files in order.
    """
    settings = run.settings
    if earlier is None or not same_cut(cut, earlier, settings.x264_crf):
        files = media.split(
            cut.clip,
            cut.plan,
            work / "parts",
            threads=settings.threads_on_splitting,
            crf=settings.x264_crf,
            on_progress=run.progress,
            should_cancel=run.should_cancel,
        )
        return list(files)
    files_kept = []
    for part in earlier.manifest.parts:
        target = work / "parts" / Path(part.file).name
        copy_file(earlier.folder / part.own_file, target, run.should_cancel)
        files_kept.append(target)
    return files_kept
