"""Judging the manifest's numbers by the source they are about."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from .. import media
from ..plan import parts_at, timeline
from .checks import Check
from .facts import Manifest, versions


def judge_ranges(manifest: Manifest, clip: media.Clip) -> Check:
    """Whether the parts' ranges cover the source, each frame once."""
    bounds = [(part.start_frame, part.end_frame) for part in manifest.parts]
    whole = bounds[0][0] == 0 and bounds[-1][1] == clip.n_frames and all(a[1] == b[0] for a, b in pairwise(bounds))
    text = f"{len(bounds)} parts {'cover' if whole else 'do not cover'} frames 0 to {clip.n_frames}"
    return Check("ranges", whole, text)


def judge_numbers(manifest: Manifest, clip: media.Clip) -> Iterator[Check]:
    """Whether what the manifest says of the source, and of where its parts lie, is so.

    Args:
        manifest: whose ranges cover the source.
        clip: the source.
    """
    said = manifest.source
    pairs = {
        "size_bytes": (said.size_bytes, clip.size_bytes),
        "duration": (said.duration, str(clip.duration)),
        "n_frames": (said.n_frames, clip.n_frames),
        "frame_rate": (said.frame_rate, str(clip.frame_rate)),
        "width": (said.width, clip.width),
        "height": (said.height, clip.height),
        "rotation": (said.rotation, clip.rotation),
        "video_codec": (said.video_codec, clip.video_codec),
        "audio_codec": (said.audio_codec, clip.audio_codec),
        "sample_rate": (said.sample_rate, clip.sample_rate),
        "n_channels": (said.n_channels, clip.n_channels),
        "n_samples": (said.n_samples, clip.n_samples),
    }
    wrong = [f"its {name} is {found}, not {given}" for name, (given, found) in pairs.items() if given != found]
    if clip.sample_rate is not None and manifest.sample_rate != clip.sample_rate:
        wrong.append(f"its sound has {clip.sample_rate} Hz, not {manifest.sample_rate}")
    # Another version may have measured otherwise; its parts and film are proved all the same.
    is_ours = manifest.versions.get("riffusion-dub") == versions()["riffusion-dub"]
    is_wrong = False if is_ours else None
    text = "it is what the manifest says"
    yield Check("source", is_wrong if wrong else True, f"of the source, {'; '.join(wrong)}" if wrong else text)
    planned = parts_at(clip, [part.start_frame for part in manifest.parts])
    wrong = [
        f"{name} of part {part.index} is {given}, and should be {wanted}"
        for part, one in zip(manifest.parts, planned, strict=True)
        for name, given, wanted in (
            ("start", part.start, str(one.start)),
            ("end", part.end, str(one.end)),
            ("start_sample", part.start_sample, one.start_sample(manifest.sample_rate)),
            ("end_sample", part.end_sample, one.end_sample(manifest.sample_rate)),
            ("timeline", part.timeline, f"{timeline(one.start)} to {timeline(one.end)}"),
        )
        if given != wanted
    ]
    bare = [dub.part for dub in manifest.dubs if manifest.parts[dub.part - 1].undubbed is None]
    wrong += [f"part {number} has music and no undubbed file" for number in bare]
    text = f"{len(planned)} parts lie where the manifest says"
    yield Check("ranges", is_wrong if wrong else True, "; ".join(wrong) or text)
