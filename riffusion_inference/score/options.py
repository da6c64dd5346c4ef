"""Everything in a brief as an option of its own, which wins over the words of the prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from riffusion_inference.datatypes import MAX_BPM, MIN_BPM, check_range
from riffusion_inference.errors import SettingError
from riffusion_inference.score.brief import Brief, Said, implies_solo, key_name
from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.lexicon import meanings_of, words_of
from riffusion_inference.score.quantities import read_key
from riffusion_inference.score.words import (
    ARTICULATIONS,
    DENSITIES,
    DYNAMICS,
    ENERGIES,
    MOODS,
    SECTIONS,
    TEMPO_WORDS,
    TEXTURES,
)

METERS = ("2/4", "3/4", "4/4", "5/4", "6/4", "7/4", "5/8", "6/8", "7/8", "9/8", "12/8")
KEYS = tuple(key_name(tonic, minor) for minor in (False, True) for tonic in range(12))
SWITCH = ("yes", "no")
CHOICES: dict[str, tuple[str, ...]] = {
    "genre": tuple(GENRES),
    "mood": tuple(MOODS),
    "pace": tuple(pace for _, pace, _ in TEMPO_WORDS),
    "meter": METERS,
    "key": KEYS,
    "instruments": tuple(INSTRUMENTS),
    "without": tuple(INSTRUMENTS),
    "solo": SWITCH,
    "drums": SWITCH,
    "density": DENSITIES,
    "dynamics": DYNAMICS,
    "articulation": ARTICULATIONS,
    "texture": TEXTURES,
    "energy": ENERGIES,
    "section": SECTIONS,
}
"""What each option may be; `bpm` is a number from MIN_BPM to MAX_BPM beside them, and any tonic may stand without a
mode as `key`."""
NAMED = {"genre": "genre", "mood": "mood", "pace": "pace", "instruments": "instrument", "without": "instrument"}
"""Options whose values have synonyms in the lexicon, and the lexicon's name for them."""


@dataclass(frozen=True)
class _Read:
    """One option as it is understood."""

    values: dict[str, Any]
    """Fields of the brief that it sets."""
    said: tuple[Said, ...]
    """How that is told."""


def with_options(brief: Brief, **options: Any) -> Brief:
    """Set fields of a brief, whatever the prompt said about them.

    Args:
        brief: as the prompt was read.
        **options: any of CHOICES and `bpm`; None leaves the brief as it is. A text is read as a person types it
            ("A minor", "3/4", "piano, cello", "yes"); `solo` and `drums` may be bool, `bpm` a number, and
            `instruments` and `without` a list.
    Returns:
        The brief with them; its sentence says them in place of what they replace.
    Raises:
        SettingError: there is no such option, or it cannot have such a value; the message names those it can have.
    """
    given = {name: value for name, value in options.items() if value is not None}
    unknown = sorted(set(given) - {*CHOICES, "bpm"})
    if unknown:
        raise SettingError(f"There is no option {unknown[0]!r} for the music: choose one of bpm, {', '.join(CHOICES)}.")
    values: dict[str, Any] = {}
    said: list[Said] = []
    for name, value in given.items():
        read = READERS[name](name, value) if name in READERS else _choice(name, value)
        values |= read.values
        said += read.said
    if values.get("solo") and len(values.get("instruments", ())) > 1:
        names = " and ".join(values["instruments"])
        raise SettingError(f"Solo is for one instrument, but {names} are chosen: choose one of them, or no solo.")
    # What the words said of the same field is no longer so, nor is a word for a pace beside a tempo.
    replaced = {*values, "minor"} if "tonic" in values else {*values}
    replaced |= {"pace"} if "bpm" in values else {"bpm"} if "pace" in values else set()
    cleared: dict[str, Any] = {name: None for name in ("pace", "bpm") if name in replaced - set(values)}
    if "mood" in values:
        cleared["other_moods"] = ()
    kept = tuple(one for one in brief.said if one.field not in replaced)
    changed = replace(brief, **cleared, **values, said=(*kept, *said))
    return _consistent(changed, values)


def _consistent(brief: Brief, values: dict[str, Any]) -> Brief:
    """Let a brief agree with itself: one that only implied a solo may imply it no longer, and the reverse."""
    if "without" in values and "instruments" not in values:
        brief = replace(brief, instruments=tuple(name for name in brief.instruments if name not in brief.without))
    if "instruments" in values and "without" not in values:
        brief = replace(brief, without=tuple(name for name in brief.without if name not in brief.instruments))
    if "solo" in values:
        return replace(brief, instruments=brief.instruments[:1]) if brief.solo else brief
    if any(said.field == "solo" for said in brief.said):
        return replace(brief, solo=brief.solo and len(brief.instruments) <= 1)
    return replace(brief, solo=implies_solo(brief.instruments, brief.genre, brief.drums))


def _choice(name: str, value: Any) -> _Read:
    """Read an option that is one of a few words."""
    chosen = _one_of(name, value)
    shown = f"{chosen} energy" if name == "energy" else chosen
    return _Read({name: chosen}, (Said(name, shown),))


def _one_of(name: str, value: Any) -> str:
    """The allowed value that a text is, or is a synonym of; raises SettingError with what lies nearest otherwise."""
    typed = " ".join(str(value).split()).lower()
    if typed in CHOICES[name]:
        return typed
    said = [m for m in meanings_of(tuple(words_of(typed))) if m.field == NAMED.get(name)]
    exact = [meaning.value for meaning in said if not meaning.near]
    if exact:
        return exact[0]
    near = [m.value for m in said] or get_close_matches(typed, CHOICES[name], n=1, cutoff=0.6)
    raise SettingError(_refusal(name.removesuffix("s"), value, CHOICES[name], near))


def _refusal(what: str, value: Any, allowed: Iterable[str], near: Iterable[str] = ()) -> str:
    """The sentence for a value that cannot be."""
    nearest = next((f", and {name} is nearest" for name in near), "")
    return f"The {what} {value!r} is not known{nearest}: choose one of {', '.join(allowed)}."


def _read_bpm(name: str, value: Any) -> _Read:
    """Read a tempo."""
    try:
        bpm = float(value)
    except (TypeError, ValueError):
        limits = f"{MIN_BPM:g} to {MAX_BPM:g}"
        raise SettingError(f"The tempo {value!r} is not a number: choose {limits} beats per minute.") from None
    check_range("Tempo in BPM", bpm, MIN_BPM, MAX_BPM)
    return _Read({"bpm": bpm}, (Said("bpm", f"{bpm:g} BPM"),))


def _read_meter(name: str, value: Any) -> _Read:
    """Read a meter, "3/4" or (3, 4)."""
    typed = "/".join(map(str, value)) if isinstance(value, (tuple, list)) else "".join(str(value).split())
    if typed not in METERS:
        raise SettingError(_refusal("meter", value, METERS, get_close_matches(typed, METERS, n=1, cutoff=0.6)))
    beats, _, unit = typed.partition("/")
    return _Read({"meter": (int(beats), int(unit))}, (Said("meter", typed),))


def _read_key(name: str, value: Any) -> _Read:
    """Read a key: "A minor", "Am", "F#", "Bb major", "a-Moll"."""
    tonic, minor = read_key(str(value))
    if tonic is None:
        near = get_close_matches(str(value), KEYS, n=1, cutoff=0.6)
        raise SettingError(_refusal("key", value, KEYS, near))
    values = {"tonic": tonic} if minor is None else {"tonic": tonic, "minor": minor}
    return _Read(values, (Said("tonic", key_name(tonic, minor)),))


def _read_instruments(name: str, value: Any) -> _Read:
    """Read instruments, as a list or between commas."""
    typed = [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else list(value)
    chosen = tuple(dict.fromkeys(_one_of(name, one) for one in typed))
    if not chosen:
        raise SettingError(f"No instrument is named: choose one or more of {', '.join(CHOICES[name])}.")
    shown = [f"no {one}" if name == "without" else one for one in chosen]
    return _Read({name: chosen}, tuple(Said(name, one) for one in shown))


def _read_switch(name: str, value: Any) -> _Read:
    """Read yes or no."""
    typed = str(value).strip().lower()
    if typed in ("yes", "true", "on", "1"):
        on = True
    elif typed in ("no", "false", "off", "0"):
        on = False
    else:
        raise SettingError(f"{name.capitalize()} is {value!r}, but must be yes or no.")
    shown = {"drums": ("no drums", "drums"), "solo": ("a band", "solo")}[name][on]
    return _Read({name: on}, (Said(name, shown),))


READERS: dict[str, Callable[[str, Any], _Read]] = {
    "bpm": _read_bpm,
    "meter": _read_meter,
    "key": _read_key,
    "instruments": _read_instruments,
    "without": _read_instruments,
    "solo": _read_switch,
    "drums": _read_switch,
}
