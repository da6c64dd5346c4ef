"""What a run is asked to do: the page's values, checked and turned into what the core takes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from PIL import Image

from riffusion_inference.datatypes import GenerationSettings
from riffusion_inference.errors import SettingError

from ..media import read_audio
from ..plan import Part
from ..result.results import DubSettings
from .session import Desk, Session

QUEUE = "music"
"""The concurrency id of everything that needs the model: one at a time."""


@dataclass(frozen=True)
class Controls:
    """Every value of "Additional settings", as the widgets give it."""

    model: str = "auto"
    """Engine, checkpoint folder or hub name."""
    scheduler: str = "dpm++"
    """One of SCHEDULERS."""
    guidance_scale: float = 6.5
    """0 to 45."""
    num_inference_steps: float = 25
    """1 to 100."""
    seed: float | str | None = None
    """None or an empty text draws one."""
    candidates: float = 1
    """Takes to make."""
    columns: float = 3
    """Parts side by side in the results."""
    sound_mode: str = "replace"
    """replace, under or duck."""
    music_gain_db: float = -12.0
    """Below the original sound."""
    loudness: str = "match"
    """match or fixed."""
    loudness_lufs: float = -16.0
    """Used with fixed."""
    seed_image: str | None = None
    """Path of an uploaded picture."""
    seed_audio: str | None = None
    """Path of an uploaded sound."""
    strength: float = 0.6
    """0 keeps the seed, 1 ignores it."""
    loop: bool = False
    """Whether the end meets the start."""
    negative_prompt: str = ""
    """What the music should not be."""
    describer: str = "palette"
    """Who looks, for the one button."""


CONTROLS = tuple(f.name for f in fields(Controls))
"""The widgets' names, in the order in which handlers get their values."""


@dataclass(frozen=True)
class Look:
    """What to look at for a prompt."""

    source: Path
    """The video."""
    part: Part
    """The part that gets the music."""
    describer: str
    """Who looks."""
    images: tuple[Image.Image, ...] = ()
    """Pictures that the person chose; none stands for all over the part."""


@dataclass(frozen=True)
class Order:
    """One run, complete and checked before it waits in the queue."""

    controls: Controls
    """As they stood at the click."""
    settings: DubSettings
    """For the core; with a stand-in prompt until the picture has been looked at, if suggest is set."""
    out_dir: Path
    """A folder of its own."""
    previous: Path | None
    """Manifest of the film so far, whose dubs stay."""
    look: Look
    """The video and the part, as they were at the click."""
    suggest: bool
    """Whether to look for a prompt first."""
    cut: tuple[Any, ...]
    """What it was ordered for."""


def whole(name: str, value: float | str | None) -> int:
    """A whole number from a number or text field.

    Raises:
        SettingError: it is empty, no number, or has a fraction.
    """
    try:
        number = float(value if value is not None else "")
        if number == int(number):
            return int(number)
    except (ValueError, OverflowError):
        pass  # Said below, together with fractions.
    raise SettingError(f"{name} is {str(value or 'empty')!r}, but must be a whole number, for example 25.")


def dub_settings(desk: Desk, session: Session, controls: Controls, prompt: str) -> DubSettings:
    """Everything the page has set, as the core wants it.

    Raises:
        RiffusionError: a value is out of range, or a seed file is not the visitor's or cannot be read.
    """
    seed_image = seed_audio = None
    if controls.seed_image:
        try:
            seed_image = Image.open(desk.visitors.own(session.visitor, controls.seed_image))
            seed_image.load()
        except OSError as error:
            raise SettingError("The seed image cannot be read as a picture: choose a PNG or JPEG file.") from error
    if controls.seed_audio:
        seed_audio = read_audio(desk.visitors.own(session.visitor, controls.seed_audio))
    generation = GenerationSettings(
        prompt=prompt,
        negative_prompt=controls.negative_prompt.strip(),
        seed=whole("Seed", controls.seed) if controls.seed is not None and controls.seed != "" else None,
        guidance_scale=float(controls.guidance_scale),
        num_inference_steps=whole("Steps", controls.num_inference_steps),
        scheduler=controls.scheduler,
        candidates=whole("Candidates", controls.candidates),
        loop=bool(controls.loop),
        seed_image=seed_image,
        seed_audio=seed_audio,
        strength=float(controls.strength),
    )
    return DubSettings(
        n_parts=session.n_parts,
        parts=(session.part,),
        generation=generation,
        split_mode=session.split_mode,
        sound_mode=controls.sound_mode,
        music_gain_db=float(controls.music_gain_db),
        loudness=float(controls.loudness_lufs) if controls.loudness == "fixed" else None,
    )
