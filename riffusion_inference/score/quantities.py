"""Numbers in a prompt: tempo, meter and key, in English, German, Spanish and French."""

from __future__ import annotations

import re
from dataclasses import dataclass

from riffusion_inference.datatypes import MAX_BPM, MIN_BPM

_BPM = (
    r"bpm|beats?[ -]per[ -]minute|schläge(?: pro minute)?|pulsaciones(?: por minuto)?|ppm|lpm|"
    r"battements? par minute|pulsations? par minute"
)
_NUMBER = r"(\d{2,3}(?:[.,]\d{1,2})?)"
TEMPO = (
    re.compile(rf"{_NUMBER}\s*(?:-|–|to|bis|a|à)\s*{_NUMBER}\s*-?\s*(?:{_BPM})\b"),
    re.compile(rf"{_NUMBER}\s*-?\s*(?:{_BPM})\b"),
    re.compile(rf"(?:\b(?:{_BPM}|tempo)\s*(?:of|von|de)?\s*[:=]?|[♩𝅘𝅥]\s*=)\s*{_NUMBER}"),
)
BARE = re.compile(r"(?<![\d/.,])(\d{2,3})(?![\d/.,]*\d)(?!\s*(?:s|sec|seconds|second|hz|min|minutes|bit|bars|%)\b)")
"""A number by itself, which is a tempo where nothing else is."""
BARE_BPM = (55, 200)
METER = re.compile(r"\b(1[0-2]|[2-9])\s*/\s*(2|4|8|16)\b")
_MODE = r"(major|minor|maj|min|dur|moll|mayor|menor|majeur|mineur)"
KEY = re.compile(rf"\b([a-h])[ -]?(sharp|flat|#|♯|♭|b|is|es|s)?[ -]*{_MODE}\b")
SOLFEGE = re.compile(rf"\b(do|re|mi|fa|sol|la|si)[ -]?(sostenido|bemol|diese|dièse|bémol|#|♯|♭)?[ -]*{_MODE}\b")
SHORT_KEY = re.compile(r"(?<![\w#])([A-G])(#|♯|b|♭)?m(?!\w)")
KEY_OF = re.compile(r"\bkey of ([a-g])[ -]?(sharp|flat|#|♯|♭)?(?!\w)")
LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
SYLLABLES = {"do": 0, "re": 2, "mi": 4, "fa": 5, "sol": 7, "la": 9, "si": 11}
SHARPS = ("sharp", "#", "♯", "is", "sostenido", "diese", "dièse")
FLATS = ("flat", "♭", "b", "es", "s", "bemol", "bémol")
MINORS = ("minor", "min", "moll", "menor", "mineur")


@dataclass(frozen=True)
class Quantities:
    """What the numbers and key names of a prompt say."""

    bpm: float | None
    """Beats per minute."""
    meter: tuple[int, int] | None
    """Beats in a bar, and what a beat is."""
    tonic: int | None
    """Pitch class, 0 = C."""
    minor: bool | None
    """True: minor mode."""
    rest: str
    """The prompt without them."""
    notes: tuple[str, ...]
    """One sentence for each that cannot be."""


def read_quantities(text: str) -> Quantities:
    """Read tempo, meter and key out of a prompt.

    >>> read_quantities("a waltz in F# minor, 3/4, 92 bpm")
    Quantities(bpm=92.0, meter=(3, 4), tonic=6, minor=True, rest='a waltz in  ,  ,  ', notes=())
    """
    tonic, minor, rest = _read_key(text)
    bpm, rest, notes = _read_tempo(rest)
    found = METER.search(rest)
    meter = (int(found[1]), int(found[2])) if found else None
    return Quantities(bpm, meter, tonic, minor, METER.sub(" ", rest), notes)


TONIC_ALONE = re.compile(r"\s*([a-g])[ -]?(sharp|flat|#|♯|♭|b)?\s*", re.IGNORECASE)


def read_key(text: str) -> tuple[int | None, bool | None]:
    """Read a key that stands by itself: tonic as a pitch class and whether it is minor, each None where not said.

    >>> read_key("Bbm"), read_key("F#"), read_key("sol mayor"), read_key("loud")
    ((10, True), (6, None), (7, False), (None, None))
    """
    alone = TONIC_ALONE.fullmatch(text)
    if alone:
        sign = (alone[2] or "").lower()
        return (LETTERS[alone[1].lower()] + (sign in SHARPS) - (sign in FLATS)) % 12, None
    tonic, minor, _ = _read_key(text.strip())
    return tonic, minor


def _read_tempo(text: str) -> tuple[float | None, str, tuple[str, ...]]:
    """Read the first tempo; of a range its middle. Returns it, the rest of the text, and what is wrong with it."""
    lower = text.lower()
    for pattern in TEMPO:
        found = pattern.search(lower)
        if found:
            numbers = [float(number.replace(",", ".")) for number in found.groups() if number]
            bpm, rest = sum(numbers) / len(numbers), text[: found.start()] + " " + text[found.end() :]
            if MIN_BPM <= bpm <= MAX_BPM:
                return bpm, rest, ()
            limits = f"{MIN_BPM:g} to {MAX_BPM:g}"
            return None, rest, (f"A tempo of {bpm:g} BPM is out of range: choose {limits}, or say slow or fast.",)
    bare = BARE.search(lower)
    if bare and BARE_BPM[0] <= int(bare[1]) <= BARE_BPM[1]:
        return float(bare[1]), text[: bare.start()] + " " + text[bare.end() :], ()
    return None, text, ()


def _read_key(text: str) -> tuple[int | None, bool | None, str]:
    """Read the first key. Returns tonic, mode and the rest of the text."""
    lower = text.lower()
    for pattern, names, source in (
        (KEY, LETTERS, lower),
        (SOLFEGE, SYLLABLES, lower),
        (SHORT_KEY, LETTERS, text),
        (KEY_OF, LETTERS, lower),
    ):
        found = pattern.search(source)
        if not found:
            continue
        parts = found.groups()
        name, sign, mode = parts[0].lower(), parts[1] or "", parts[2] if len(parts) > 2 else ""
        # "a minor key" and "a major event" have an article and no tonic, unless "in" says that it is one.
        article = name == "a" and not sign and mode and not re.search(r"(in|key of|en)\s*$", lower[: found.start()])
        if article and re.match(r"\s*(key|mode|tonality|chord|feel|event|piece|melody)", lower[found.end() :]):
            continue
        german_b = name == "b" and mode in ("dur", "moll")
        step = (sign in SHARPS) - (sign in FLATS or german_b)
        minor = True if pattern is SHORT_KEY else (mode in MINORS) if mode else None
        return (names[name] + step) % 12, minor, text[: found.start()] + " " + text[found.end() :]
    return None, None, text
