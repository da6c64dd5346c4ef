"""What a run did, as the manifest says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..plan import Bounds, n_parts_of, timeline_range
from ..result.facts import Manifest, PartFacts, SourceFacts, versions
from ..result.terms import all_terms
from .cut import Cut
from .mix import Film, MixedPart
from .run import Run


def facts_of(
    cut: Cut,
    files: Sequence[Path],
    undubbed: Mapping[int, Path],
    mixed: Sequence[MixedPart],
    film: Film | None,
    run: Run,
) -> Manifest:
    """The manifest of a finished folder, still without the list of its files."""
    return Manifest(
        source=_source(cut),
        split_asked=cut.plan.mode_asked,
        split_used=cut.plan.mode_used,
        x264_crf=run.settings.x264_crf,
        n_parts=n_parts_of(cut.cutting),
        at_times=isinstance(cut.cutting, Bounds),
        sample_rate=cut.sample_rate,
        n_channels=cut.n_channels,
        parts=tuple(_part(cut, number, file, undubbed.get(number)) for number, file in enumerate(files, 1)),
        dubs=tuple(one.facts for one in mixed),
        terms=all_terms(one.facts for one in mixed),
        film=film.path.name if film is not None else None,
        film_start_sample=film.start_sample if film is not None else 0,
        film_samples=film.n_samples if film is not None else 0,
        film_sound=film.sound if film is not None else None,
        versions=versions(),
        seconds_per_stage=dict(run.seconds),
        notes=tuple(run.notes),
    )


def _source(cut: Cut) -> SourceFacts:
    clip = cut.clip
    return SourceFacts(
        name=clip.path.name,
        sha256=cut.sha256,
        size_bytes=clip.size_bytes,
        duration=str(clip.duration),
        n_frames=clip.n_frames,
        frame_rate=str(clip.frame_rate),
        width=clip.width,
        height=clip.height,
        rotation=clip.rotation,
        video_codec=clip.video_codec,
        audio_codec=clip.audio_codec,
        sample_rate=clip.sample_rate,
        n_channels=clip.n_channels,
        n_samples=clip.n_samples,
        path=str(clip.path),
    )


def _part(cut: Cut, number: int, file: Path, undubbed: Path | None) -> PartFacts:
    part = cut.part(number)
    start_sample, end_sample = cut.samples_of(number)
    return PartFacts(
        index=number,
        file=f"parts/{file.name}",
        start_frame=part.start_frame,
        end_frame=part.end_frame,
        start=str(part.start),
        end=str(part.end),
        start_sample=start_sample,
        end_sample=end_sample,
        timeline=timeline_range(part.start, part.end),
        undubbed=f"original/{undubbed.name}" if undubbed is not None else None,
    )
