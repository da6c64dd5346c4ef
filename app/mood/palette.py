"""From what a part looks like to a music prompt, by a table; no model, no download, the same answer every time.

Each thing seen is a level, and each level gives points for cheer (dark to bright) and for energy (calm to driving).
The two sums choose the style; colour temperature chooses the instrument, texture what it plays, contrast how. The words
are ones that the embedded checkpoint was trained on. docs/mood.md shows the same tables; a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .look import Look, Movement


@dataclass(frozen=True)
class Level:
    """One row of the table of what is seen."""

    feature: str
    """The field of Look or Movement."""
    below: float
    """The level applies to values under this that no earlier row of the feature took."""
    says: str
    """What the person reads; empty for what is not worth saying."""
    cheer: int
    """Points towards bright (+) or dark (-)."""
    energy: int
    """Points towards driving (+) or calm (-)."""


TOP = float("inf")
LEVELS = (
    Level("light", 0.12, "very dark", -2, 0),
    Level("light", 0.35, "dark", -1, 0),
    Level("light", 0.60, "medium light", 0, 0),
    Level("light", 0.80, "bright", 1, 0),
    Level("light", TOP, "very bright", 1, 0),
    Level("warmth", -0.25, "icy", -1, 0),
    Level("warmth", -0.06, "cold", -1, 0),
    Level("warmth", 0.06, "neutral in tone", 0, 0),
    Level("warmth", 0.25, "warm", 1, 0),
    Level("warmth", TOP, "glowing", 1, 0),
    Level("saturation", 0.08, "colourless", -1, 0),
    Level("saturation", 0.35, "muted", 0, 0),
    Level("saturation", 0.60, "colourful", 1, 0),
    Level("saturation", TOP, "vivid", 1, 1),
    Level("contrast", 0.08, "low contrast", 0, -1),
    Level("contrast", 0.27, "", 0, 0),
    Level("contrast", TOP, "high contrast", 0, 1),
    Level("texture", 0.10, "smooth", 0, -1),
    Level("texture", 0.40, "detailed", 0, 0),
    Level("texture", TOP, "busy", 0, 1),
    Level("motion", 0.05, "no movement", 0, -2),
    Level("motion", 0.40, "slow movement", 0, -1),
    Level("motion", 1.50, "steady movement", 0, 1),
    Level("motion", TOP, "fast movement", 0, 2),
    Level("cuts_per_minute", 0.001, "no cuts", 0, 0),
    Level("cuts_per_minute", 10.0, "few cuts", 0, 0),
    Level("cuts_per_minute", 25.0, "regular cuts", 0, 1),
    Level("cuts_per_minute", TOP, "quick cuts", 0, 2),
)

CHEER = ((-1, "dark"), (0, "pensive"), (1, "easy"), (99, "bright"))
"""Highest sum of cheer points, and what it is called."""
ENERGY = ((-2, "calm"), (0, "gentle"), (2, "lively"), (99, "driving"))
"""Highest sum of energy points, and what it is called."""


@dataclass(frozen=True)
class Style:
    """What one mood at one pace sounds like."""

    atmosphere: str
    """Two moods."""
    genre: str
    """One that the embedded checkpoint knows."""
    drums: str
    """"drums" or "no drums"."""
    bpm: int
    """The tempo that suits it."""


STYLES = {
    ("dark", "calm"): Style("dark, mysterious", "ambient", "no drums", 66),
    ("dark", "gentle"): Style("mysterious, serious", "documentary", "no drums", 80),
    ("dark", "lively"): Style("dark, tense", "hip hop", "drums", 94),
    ("dark", "driving"): Style("dark, hypnotic", "techno", "drums", 130),
    ("pensive", "calm"): Style("calm, dreamy", "ambient", "no drums", 68),
    ("pensive", "gentle"): Style("calm, nostalgic", "lo-fi", "drums", 82),
    ("pensive", "lively"): Style("dreamy, nostalgic", "synthwave", "drums", 106),
    ("pensive", "driving"): Style("energetic, confident", "rock", "drums", 130),
    ("easy", "calm"): Style("calm, romantic", "orchestral", "no drums", 72),
    ("easy", "gentle"): Style("warm, calm", "folk", "no drums", 92),
    ("easy", "lively"): Style("confident, playful", "funk", "drums", 106),
    ("easy", "driving"): Style("energetic, uplifting", "trance", "drums", 138),
    ("bright", "calm"): Style("dreamy, warm", "lullaby", "no drums", 72),
    ("bright", "gentle"): Style("uplifting, happy", "pop", "drums", 100),
    ("bright", "lively"): Style("happy, playful", "disco", "drums", 116),
    ("bright", "driving"): Style("happy, energetic", "house", "drums", 126),
}
"""(cheer, energy) -> style."""

USUAL = {"calm": -3, "gentle": 0, "lively": 1, "driving": 4}
"""Sum of energy points at which a pace has the style's own tempo."""
BPM_PER_POINT, MAX_MOVED = 2, 6
"""Beats per minute by which each point more or less moves it, and all of them together."""

SPEEDS = ((69, "very slow"), (91, "slow"), (112, "medium tempo"), (141, "fast"), (999, "very fast"))
"""Highest bpm, and what it is called."""

MELODY = {
    "icy": ("celesta", "crystal synth"),
    "cold": ("electric piano", "synth lead"),
    "neutral in tone": ("piano", "piano"),
    "warm": ("acoustic guitar", "electric guitar"),
    "glowing": ("flute", "brass section"),
}
"""Level of warmth -> instrument when calm or gentle, instrument when lively or driving."""

FIGURE = {"smooth": "chords", "detailed": "melody", "busy": "arpeggios"}
"""Level of texture -> what the instrument plays."""

TOUCH = {"low contrast": "soft", "": "", "high contrast": "powerful"}
"""Level of contrast -> how it is played."""

KEYS = {"dark": "minor key", "bright": "major key"}
"""Cheer -> key, where it has one."""


@dataclass(frozen=True)
class Reading:
    """What the table made of a part."""

    prompt: str
    """Under 30 words: atmosphere, rhythm, melody."""
    saw: str
    """What was seen, in words."""
    bpm: int
    """The tempo that suits the style; a part's length changes nothing of it, since a score ends with its part."""
    cheer: int
    """Sum of cheer points."""
    energy: int
    """Sum of energy points."""


def read_palette(look: Look, movement: Movement | None) -> Reading:
    """Map a look and a movement to a prompt.

    Args:
        look: of the still, or the mean of the part's samples.
        movement: of the part; None where only stills are at hand, which gives no points either way.
    """
    levels = levels_of(look, movement)
    cheer = sum(level.cheer for level in levels.values())
    energy = sum(level.energy for level in levels.values())
    mood = next(name for most, name in CHEER if cheer <= most)
    pace = next(name for most, name in ENERGY if energy <= most)
    style = STYLES[mood, pace]
    moved = BPM_PER_POINT * (energy - USUAL[pace])
    bpm = style.bpm + min(max(moved, -MAX_MOVED), MAX_MOVED)
    instrument = MELODY[levels["warmth"].says][pace in ("lively", "driving")]
    melody = f"{TOUCH[levels['contrast'].says]} {instrument} {FIGURE[levels['texture'].says]}".strip()
    sound = ", ".join(phrase for phrase in (melody, style.genre, style.drums, KEYS.get(mood, "")) if phrase)
    return Reading(
        prompt="; ".join((f"{style.atmosphere} atmosphere", rhythm(bpm), sound)),
        saw=_say(levels, look),
        bpm=bpm,
        cheer=cheer,
        energy=energy,
    )


def rhythm(bpm: int) -> str:
    """The tempo as a prompt says it.

    >>> rhythm(82)
    'slow steady rhythm at 82 BPM'
    """
    return f"{next(name for most, name in SPEEDS if bpm <= most)} steady rhythm at {bpm} BPM"


def levels_of(look: Look, movement: Movement | None) -> dict[str, Level]:
    """The row of LEVELS that each feature falls into; movement's features are absent without it."""
    found: dict[str, Level] = {}
    for level in LEVELS:
        holder = look if hasattr(look, level.feature) else movement
        if holder is not None and level.feature not in found and getattr(holder, level.feature) < level.below:
            found[level.feature] = level
    return found


def _say(levels: dict[str, Level], look: Look) -> str:
    words = {feature: level.says for feature, level in levels.items()}
    if look.hue != "grey":
        words["saturation"] += f" {look.hue}"
    return ", ".join(word for word in words.values() if word)


def table_markdown() -> str:
    """The tables above as Markdown, for docs/mood.md."""
    seen = [(v.feature, _most(v.below, TOP), v.says or "(nothing)", v.cheer, v.energy) for v in LEVELS]
    paces = [pace for _, pace in ENERGY]
    styles = [
        (mood, pace, v.atmosphere, v.genre, v.drums, v.bpm)
        for _, mood in CHEER
        for pace in paces
        if (v := STYLES[mood, pace])
    ]
    tables = (
        _table(("Seen", "Value below", "Said", "Cheer", "Energy"), seen),
        _table(("Sum of cheer up to", "Mood"), [(_most(most, 99), name) for most, name in CHEER]),
        _table(("Sum of energy up to", "Pace"), [(_most(most, 99), name) for most, name in ENERGY]),
        _table(("Mood", "Pace", "Atmosphere", "Genre", "Drums", "Preferred BPM"), styles),
        _table(("Pace", "Energy at which it has that BPM"), list(USUAL.items())),
        _table(("BPM up to", "Said"), [(_most(most, 999), name) for most, name in SPEEDS]),
        _table(("Warmth", "Instrument, calm or gentle", "Lively or driving"), [(k, *v) for k, v in MELODY.items()]),
        _table(("Texture", "It plays"), list(FIGURE.items())),
        _table(("Contrast", "Touch"), [(k or "(nothing)", v or "(nothing)") for k, v in TOUCH.items()]),
        _table(("Mood", "Key"), list(KEYS.items())),
    )
    return "\n\n".join(tables)


def _most(value: float, top: float) -> str:
    return "any" if value == top else f"{value:g}"


def _table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
