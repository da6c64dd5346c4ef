"""What is printed of a finished result."""

from __future__ import annotations

from typing import Any

from ..plan import timeline
from ..result.facts import DubFacts
from ..result.folder import Result
from ..result.terms import terms_of
from .usage import print_json


def report(result: Result, as_json: bool) -> None:
    """Where everything is and what it took."""
    if as_json:
        print_json(result_values(result))
        return
    for number, (path, (start, end)) in enumerate(zip(result.parts, result.times, strict=True), 1):
        print(f"part {number}   {path}   {timeline(start)} to {timeline(end)}")
    for one in result.dubs:
        heard = "silent" if one.loudness_lufs is None else f"{one.loudness_lufs:.1f} LUFS"
        print(f"music    {result.path(one.chosen.wav)}   part {one.part}, seed {one.chosen.seed}, {heard}")
        if one.chosen.midi is not None:
            print(f"score    {result.path(one.chosen.midi)}   part {one.part}")
    for name, found in (("film", result.film), ("archive", result.archive), ("manifest", result.manifest_file)):
        if found is not None:
            print(f"{name:<8} {found}")
    print(*(f"licence  {terms}" for terms in result.manifest.terms), sep="\n", end="\n" * bool(result.manifest.terms))
    seconds = result.manifest.seconds_per_stage
    spent = ", ".join(f"{stage} {took:.1f}" for stage, took in seconds.items())
    print(f"seconds  {spent}, together {sum(seconds.values()):.1f}")


def result_values(result: Result) -> dict[str, Any]:
    """A result as plain values."""
    return {
        "out_dir": str(result.folder),
        "parts": [str(path) for path in result.parts],
        "times": [[float(start), float(end)] for start, end in result.times],
        "film": str(result.film) if result.film else None,
        "archive": str(result.archive) if result.archive else None,
        "manifest": str(result.manifest_file),
        "music": [_music_values(result, one) for one in result.dubs],
        "seconds_per_stage": dict(result.manifest.seconds_per_stage),
        "notes": list(result.manifest.notes),
    }


def _music_values(result: Result, dub: DubFacts) -> dict[str, Any]:
    image, midi = result.path(dub.chosen.image), result.path(dub.chosen.midi)
    return {
        "part": dub.part,
        "wav": str(result.path(dub.chosen.wav)),
        "image": str(image) if image else None,
        "midi": str(midi) if midi else None,
        "take": dub.take,
        "seed": dub.chosen.seed,
        "loudness_lufs": dub.loudness_lufs,
        "licence": dub.music.licence,
        "terms": terms_of(dub.music),
        "candidates": [{"wav": str(result.path(take.wav)), "seed": take.seed} for take in dub.music.takes],
        "before": str(result.before(dub.part)),
        "after": str(result.after(dub.part)),
    }
