"""The checks of raw values from .env, the environment, configs/*.toml and the command line."""

from __future__ import annotations

import difflib
import math
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .options import MATCH, OPTIONS, Kind, Option


def check_value(name: str, value: Any, where: str) -> Any:
    """Turn one raw value into the kind that its option takes.

    Args:
        name: the option's.
        value: text from a file or the environment, or a value of the right kind already.
        where: who says so, for the sentence.
    Raises:
        ConfigError: it is of the wrong kind or out of range.
    """
    option = OPTIONS[name]
    shown = f"{name.upper() if where.endswith(('.env', 'environment')) else name} in {where}"
    if option.kind is Kind.SWITCH:
        return _check_switch(shown, value)
    if option.kind is Kind.FOLDER:
        return Path(str(value)).expanduser()
    if option.kind is Kind.LOUDNESS:
        if value is None or str(value).strip().lower() == MATCH:
            return None
        return _check_number(f"{shown} (LUFS, or match)", value, option)
    if option.kind in (Kind.WHOLE, Kind.NUMBER):
        number = _check_number(shown, value, option)
        if name == "max_image_width" and number % 8:
            below = int(number) // 8 * 8
            raise ConfigError(f"{shown} is {number}, which is not a multiple of 8: choose {below} or {below + 8}.")
        return number
    text = str(value).strip()
    if option.choices and text not in option.choices:
        raise ConfigError(f"{shown} is {text!r}: choose one of {', '.join(option.choices)}.")
    return type(option.choices[0])(text) if option.choices else text


def unknown_name(name: str, where: str, known: list[str]) -> ConfigError:
    """The sentence for a name that is not in the table."""
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
    return ConfigError(f"{where} sets {name}, which is unknown: did you mean {nearest}?")


def _check_switch(shown: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if str(value).strip().lower() not in words:
        raise ConfigError(f"{shown} is {value!r}: write true or false.")
    return words[str(value).strip().lower()]


def _check_number(shown: str, value: Any, option: Option) -> int | float:
    whole = option.kind is Kind.WHOLE
    try:
        if isinstance(value, bool):
            raise ValueError
        number = int(str(value)) if whole else float(value)
    except ValueError as error:
        kind = "whole number" if whole else "number"
        raise ConfigError(
            f"{shown} is {value!r}, but must be a {kind} from {option.low:.12g} to {option.high:.12g}."
        ) from error
    if math.isnan(number) or not option.low <= number <= option.high:
        limits = f"{option.low:.12g} to {option.high:.12g}"
        raise ConfigError(f"{shown} is {value}, but must be from {limits}: choose a value in that range.")
    return number
