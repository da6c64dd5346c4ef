"""What a tab or a client asks for, from widget values to one order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from riffusion_inference.errors import SettingError

from .. import media
from ..dub.build_order import new_order
from ..dub.order import Order
from ..errors import MediaError
from ..media import read_image, read_score
from ..plan import TimeRange
from ..result.folder import Result
from ..settings.options import ATTRIBUTES, MUSIC, OPTIONS, SCORE, Kind
from .session import PageContext, Session

QUEUE = "music"
"""The concurrency id of everything that needs the model: one at a time."""
LOOKING = "pictures"
"""The concurrency id of what looks at pictures to find a prompt: one at a time, and not behind music."""
CONTROLS = ("model", *MUSIC, *SCORE, "sound_mode", "music_gain_db", "loudness", "loudness_lufs", "describer")
"""The widgets whose values decide an order, in the sequence in which handlers get them."""
EMPTY: tuple[Any, ...] = (None, "", [])
"""What a widget holds where nothing is set."""
FIXED = "fixed"
"""Value of the page's loudness switch that takes the level beside it; its other value is "match"."""


def order_for(
    context: PageContext,
    session: Session,
    part: int,
    values: Mapping[str, Any],
    prompt: str,
    *,
    earlier: Result | None,
    still: float = 0,
    ranges: Sequence[TimeRange] = (),
) -> Order:
    """Order music for a part, or for ranges of time; earlier dubs stay.

    Args:
        context: settings, files, models.
        session: the video, its parts, and a fresh folder for the result.
        part: which part, 1 for the first.
        values: by the widget's or the endpoint's name; what is None or empty is not given.
        prompt: what the music should be, or "auto".
        earlier: the result that has them; None begins a new film.
        still: which of the part's stills is looked at for "auto"; 0 is all of them.
        ranges: which times get the music, instead of the part.
    Raises:
        RiffusionError: a value is out of range, or a seed file is not the visitor's or cannot be read.
    """
    assert session.source is not None
    given = {**given_options(context, session, values), "split_mode": session.split_mode}
    return new_order(
        session.source,
        session.new_run_folder(),
        n_parts=None if ranges else session.n_parts,
        parts=() if ranges else (part,),
        ranges=ranges,
        prompts=(prompt,),
        given=given,
        settings=context.settings,
        models=context.shelf,
        earlier=earlier,
        stills=session.still_of(part, still),
        clip=session.clip,
    )


def given_options(context: PageContext, session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    """An order's options, each as its kind wants it; files are opened once they are known to be the visitor's."""
    given: dict[str, Any] = {}
    for name, value in values.items():
        if name in ("loudness", "loudness_lufs") or value in EMPTY:
            continue
        kind = OPTIONS[name].kind
        if kind in FILES:
            given[name] = FILES[kind](context.visitors.own(session.visitor, value))
        else:
            given[name] = plain_value(name, value)
    fixed = values.get("loudness", FIXED) == FIXED and values.get("loudness_lufs") is not None
    given["loudness"] = float(values["loudness_lufs"]) if fixed else None
    return given


def given_wishes(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked of the score beside the prompt.

    Raises:
        SettingError: a value is not of its option's kind.
    """
    return {name: plain_value(name, values[name]) for name in ATTRIBUTES if values.get(name) not in EMPTY}


def plain_value(name: str, value: Any) -> Any:
    """What a widget holds, as its option's kind wants it.

    Raises:
        SettingError: it is not of that kind.
    """
    option = OPTIONS[name]
    if option.kind is Kind.WHOLE:
        return whole(option.label, value)
    if option.kind is Kind.NUMBER:
        return number(option.label, value)
    text = value.strip() if isinstance(value, str) else value
    if option.kind is Kind.EITHER and text in option.choices:
        return text == option.choices[0]
    return text


def _read_image(path: Path) -> Any:
    try:
        return read_image(path)
    except MediaError as error:
        raise SettingError("The seed image cannot be read as a picture: choose a PNG or JPEG file.") from error


FILES: dict[Kind, Callable[[Path], Any]] = {
    Kind.IMAGE: _read_image,
    Kind.SOUND: lambda path: media.read_audio(path),
    Kind.MIDI: read_score,
}
"""How a file of each kind is opened."""


def number(name: str, value: float | str) -> float:
    """A number from a slider or a text field.

    Raises:
        SettingError: it is none.
    """
    try:
        return float(value)
    except ValueError:
        raise SettingError(f"{name} is {value!r}, but must be a number, for example 92.") from None


def whole(name: str, value: float | str | None) -> int:
    """A whole number from a number or text field.

    Raises:
        SettingError: it is empty, not a number, or has a fraction.
    """
    try:
        number = float(value if value is not None else "")
        if number == int(number):
            return int(number)
    except (ValueError, OverflowError):
        pass  # Said below, together with fractions.
    raise SettingError(f"{name} is {str(value or 'empty')!r}, but must be a whole number, for example 25.")
