"""From a part of a video to a music prompt, by one of three describers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel
from riffusion_inference.errors import RiffusionError

from ..errors import MoodError
from ..files import check_cancel
from .answers import INSTRUCTION
from .frames import Samples, part_stills, sample_part, still_at, whole
from .look import look_at, movement_of
from .palette import Reading, read_palette
from .tempo import named_bpm

if TYPE_CHECKING:
    from PIL import Image

    from ..media import Clip
    from ..plan import Part
    from ..settings import Settings

DESCRIBERS = ("auto", "palette", "vlm", "replicate")


@dataclass(frozen=True)
class MoodSuggestion:
    """A prompt for a part, and why."""

    prompt: str
    """Under 30 words, to be edited by the person."""
    bpm: float | None
    """The tempo in the prompt; None where it names none, as an image model's words may."""
    saw: str
    """What was seen: "dark, cold, slow movement"."""
    describer: str
    """Who wrote the prompt: palette, vlm or replicate."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know."""


def suggest(
    video: Clip | Path,
    *,
    part: Part | None = None,
    at: Fraction | None = None,
    describer: str = "palette",
    settings: Settings,
    images: Sequence[Image.Image] | None = None,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> MoodSuggestion:
    """Look at a part and suggest music for it.

    Light and colour are read from the pictures given, else from the still at `at`, else from all over the part;
    movement and cuts always come from the whole part.

    Args:
        video: a probed clip, or a video file to probe.
        part: the part that gets the music; None is the whole video.
        at: seconds from the video's first frame: look at this one frame.
        describer: auto, palette, vlm or replicate; auto is vlm where there is a GPU, else palette.
        settings: device, image model and token.
        images: pictures to look at instead of frames; goes over `at`.
    Returns:
        MoodSuggestion; the palette describer gives the same one for the same part every time.
    Raises:
        MoodError: an unknown describer, no pictures, or an image model that gave no usable answer.
        MediaError: the video cannot be read.
        EngineError, CheckpointError: the image model or the service could not be used.
        DubCancelled: should_cancel returned True.
    """
    from ..media import as_clip

    if describer not in DESCRIBERS:
        raise MoodError(f"Describer {describer!r} is unknown: choose one of {', '.join(DESCRIBERS)}.")
    if images is not None and not images:
        raise MoodError("No picture is chosen: choose at least one.")
    _tell(on_progress, 0)
    clip = as_clip(video)
    part = part or whole(clip)
    samples = sample_part(clip, part, should_cancel)
    shown = list(images) if images is not None else [still_at(clip, at)] if at is not None else None
    reading = _read(part, samples, shown)
    _tell(on_progress, 1)
    chosen, notes = _resolve(describer, settings)
    if chosen == "palette":
        return _from_palette(reading, notes)
    shown = shown or part_stills(clip, part)
    try:
        answer = _ask(chosen, shown, settings, should_cancel)
    except RiffusionError as error:
        check_cancel(should_cancel)
        if describer != "auto":
            raise
        return _from_palette(reading, (*notes, f"The palette describer was used instead of the image model: {error}"))
    return MoodSuggestion(answer, named_bpm(answer), reading.saw, chosen, notes)


def _read(part: Part, samples: Samples, shown: Sequence[Image.Image] | None) -> Reading:
    movement = movement_of(samples.pairs, samples.images, samples.times, part.duration)
    return read_palette(look_at(shown or samples.images), movement)


def _resolve(describer: str, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """The describer that will run, and what to say about it."""
    if describer != "auto":
        return describer, ()
    from riffusion_inference.devices import choose_device

    device, note = choose_device(settings.device)
    if device.startswith("cuda"):
        return "vlm", ()
    return "palette", (note,) if note else ()


def _ask(describer: str, images: Sequence[Image.Image], settings: Settings, should_cancel: ShouldCancel | None) -> str:
    if describer == "vlm":
        from .vlm import describe

        return describe(
            images, INSTRUCTION, model=settings.image_model, device=settings.device, should_cancel=should_cancel
        )
    from .replicate_describer import describe as describe_remotely

    return describe_remotely(
        images,
        INSTRUCTION,
        token=settings.replicate_api_token,
        base_url=settings.replicate_base_url,
        should_cancel=should_cancel,
    )


def _from_palette(reading: Reading, notes: tuple[str, ...]) -> MoodSuggestion:
    return MoodSuggestion(reading.prompt, float(reading.bpm), reading.saw, "palette", notes)


def _tell(on_progress: OnProgress | None, done: int) -> None:
    if on_progress is not None:
        on_progress(Progress("look", done, 1))
