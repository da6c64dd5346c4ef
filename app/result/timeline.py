"""A result as a timeline for editing programs (OpenTimelineIO): the film, its own sound, each music in its place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .facts import DubFacts, Manifest, PartFacts
from .folder import safe_stem

if TYPE_CHECKING:
    from opentimelineio.opentime import RationalTime, TimeRange
    from opentimelineio.schema import Clip, Marker, Timeline, Track

TIMELINE_NAME = "timeline.otio"
FORMATS = {
    "otio": ("otio_json", ".otio", "opentimelineio"),
    "edl": ("cmx_3600", ".edl", "otio-cmx3600-adapter"),
    "fcpxml": ("fcpx_xml", ".fcpxml", "otio-fcpx-xml-adapter"),
}
"""Each of TIMELINE_FORMATS: the adapter's name, the file's ending, and the package that brings the adapter."""
OURS = "riffusion-dub"
"""The key of our own facts among the metadata of clips."""


class Clock:
    """Exact times of one film: its frames at its frame rate where that is constant, else the smallest unit that fits.

    Args:
        manifest: whose times are to be told.
    """

    def __init__(self, manifest: Manifest) -> None:
        rate = Fraction(manifest.source.frame_rate)
        bounds = [(part.start_frame, Fraction(part.start)) for part in manifest.parts]
        bounds.append((manifest.parts[-1].end_frame, Fraction(manifest.parts[-1].end)))
        is_constant = all(time * rate == frame for frame, time in bounds)
        self.rate = rate if is_constant else Fraction(math.lcm(*(time.denominator for _, time in bounds)))

    def time(self, seconds: Fraction) -> RationalTime:
        """A moment; where it falls between two units, to the nearest."""
        from opentimelineio.opentime import RationalTime

        return RationalTime(round(seconds * self.rate), float(self.rate))

    def range(self, start: Fraction, end: Fraction) -> TimeRange:
        """From one moment to another."""
        from opentimelineio.opentime import TimeRange

        return TimeRange(self.time(start), self.time(end) - self.time(start))


def timeline_of(manifest: Manifest, folder: str = "") -> Timeline:
    """The timeline of a result with a film.

    Tracks, from the bottom: the film's pictures, the sound that the film had before, part by part, and a track for each
    dub with the chosen take, as it was made. Markers on the film are the cuts between parts, and those that the music
    follows.

    Args:
        manifest: of the result.
        folder: where the result lies as seen from the timeline's file; empty is beside it.
    """
    from opentimelineio import schema

    clock = Clock(manifest)
    timeline = schema.Timeline(safe_stem(manifest.source.name))
    tracks = [_film_track(manifest, clock)]
    if manifest.source.sample_rate is not None:
        tracks.append(_own_sound(manifest, clock))
    tracks += [_music_track(dub, manifest.parts[dub.part - 1], clock) for dub in manifest.dubs]
    timeline.tracks.extend(tracks)
    for clip in timeline.find_clips() if folder else ():
        clip.media_reference.target_url = f"{folder}/{clip.media_reference.target_url}"
    return timeline


def timeline_text(manifest: Manifest, form: str = "otio", folder: str = "") -> str:
    """A timeline as a file's text.

    Args:
        manifest: of a result with a film.
        form: one of FORMATS.
        folder: as in timeline_of.
    Raises:
        ConfigError: what writes this form is not installed, or cannot write such a timeline.
    """
    from opentimelineio import adapters
    from opentimelineio.exceptions import OTIOError

    adapter, _, package = FORMATS[form]
    if adapter not in adapters.available_adapter_names():
        raise ConfigError(
            f"Writing {form} needs the package {package}, which is not installed: run pip install {package}, or take "
            f"{TIMELINE_NAME}, which many editing programs read."
        )
    try:
        return str(adapters.write_to_string(timeline_of(manifest, folder), adapter))
    except (OTIOError, ValueError, NotImplementedError) as error:
        raise ConfigError(
            f"This timeline cannot be written as {form} ({str(error)[:200]}): take {TIMELINE_NAME} instead."
        ) from error


def _track(name: str, kind: str, *items: Any) -> Track:
    from opentimelineio.schema import Track

    track = Track(name, kind=kind)
    track.extend(items)
    return track


def _clip(name: str, file: str, source: TimeRange, available: TimeRange, facts: dict[str, Any]) -> Clip:
    from opentimelineio.schema import Clip, ExternalReference

    return Clip(name, ExternalReference(file, available), source, {OURS: facts} if facts else {})


def _film_track(manifest: Manifest, clock: Clock) -> Track:
    whole = clock.range(Fraction(0), Fraction(manifest.parts[-1].end))
    facts = {"source": manifest.source.name, "sha256": manifest.source.sha256, "split": manifest.split_used}
    clip = _clip(manifest.source.name, str(manifest.film), whole, whole, facts)
    clip.markers.extend(_markers(manifest, clock))
    return _track("Film", "Video", clip)


def _markers(manifest: Manifest, clock: Clock) -> Iterator[Marker]:
    from opentimelineio.schema import Marker, MarkerColor

    for part in manifest.parts:
        start = Fraction(part.start)
        yield Marker(f"Part {part.index}", clock.range(start, start), MarkerColor.GREEN)
    for dub in manifest.dubs:
        begin = Fraction(manifest.parts[dub.part - 1].start)
        for hit in dub.music.score.cuts if dub.music.score is not None else ():
            at = begin + Fraction(hit.time)
            yield Marker("Cut", clock.range(at, at), MarkerColor.RED, {OURS: {"weight": hit.weight}})


def _own_sound(manifest: Manifest, clock: Clock) -> Track:
    from opentimelineio.opentime import TimeRange

    def clip(part: PartFacts) -> Clip:
        whole = TimeRange(clock.time(Fraction(0)), clock.range(Fraction(part.start), Fraction(part.end)).duration)
        return _clip(f"Part {part.index}", part.own_file, whole, whole, {})

    return _track("Original sound", "Audio", *map(clip, manifest.parts))


def _music_track(dub: DubFacts, part: PartFacts, clock: Clock) -> Track:
    from opentimelineio.opentime import RationalTime, TimeRange
    from opentimelineio.schema import Gap

    music, take = dub.music, dub.chosen
    start, end = Fraction(part.start), Fraction(part.end)
    place = clock.range(start, end)
    rate = float(music.sample_rate)
    file = TimeRange(RationalTime(0, rate), RationalTime(music.n_samples, rate))
    facts = {
        "prompt": dub.prompt,
        "seed": str(take.seed),
        "model": music.model,
        "licence": music.licence,
        "mix": str(dub.mix.mode),
        "midi": take.midi,
    }
    clip = _clip(dub.prompt, take.wav, TimeRange(clock.time(Fraction(0)), place.duration), file, facts)
    before = [Gap(source_range=TimeRange(clock.time(Fraction(0)), place.start_time))] if start else []
    return _track(f"Music {part.timeline}", "Audio", *before, clip)
