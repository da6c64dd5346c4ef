"""What a program is told of a video and of a result, as JSON."""

from __future__ import annotations

from typing import Any

from ..media import Clip
from ..result.folder import Result
from ..result.terms import terms_of
from .cards import facts, time_range
from .made import name_of

Facts = dict[str, Any]


def clip_facts(clip: Clip) -> Facts:
    """A probe's findings as JSON."""
    return {
        "duration_seconds": float(clip.duration),
        "n_frames": clip.n_frames,
        "frame_rate": float(clip.frame_rate),
        "width": clip.width,
        "height": clip.height,
        "video_codec": clip.video_codec,
        "sample_rate": clip.sample_rate,
        "n_channels": clip.n_channels,
        "keyframes": len(clip.keyframes),
        "summary": ", ".join(facts(clip)),
    }


def result_facts(result: Result) -> Facts:
    """A result's manifest in short, as JSON, without paths on the server."""
    manifest = result.manifest
    return {
        "result": name_of(result),
        "split_mode": manifest.split_used,
        "parts": [time_range(start, end) for start, end in result.times],
        "times": [[float(start), float(end)] for start, end in result.times],
        "dubs": [
            {
                "part": one.part,
                "time": [float(time) for time in result.times[one.part - 1]],
                "prompt": one.prompt,
                "seed": one.chosen.seed,
                "model": one.music.model,
                "licence": one.music.licence,
                "terms": terms_of(one.music),
                "loudness_lufs": one.loudness_lufs,
            }
            for one in result.dubs
        ],
        "seconds_per_stage": dict(manifest.seconds_per_stage),
        "notes": list(manifest.notes),
    }
