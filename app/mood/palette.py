"""From what a part looks like to a music prompt, by a table; no model, no download, the same answer every time.

Each thing seen is a level, and each level gives points for cheer (dark to bright) and for energy (calm to driving).
The two sums choose the atmosphere and the style; colour temperature chooses the melody's instrument and texture what
it stands on. docs/mood.md shows the same tables, and a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.mood.look import Look, Movement
from app.mood.tempo import Tempo, fit_tempo


@dataclass(frozen=True)
class Level:
    """One row of the table of what is seen."""

    feature: str
    """The field of Look or Movement."""
    below: float
    """The level holds for values under this that no earlier row of the feature took."""
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

STYLES = {
    ("dark", "calm"): ("dark mysterious ambient music, sparse", 66),
    ("dark", "gentle"): ("mysterious documentary underscore, soft pulse", 80),
    ("dark", "lively"): ("dark hip hop beat, heavy drums", 94),
    ("dark", "driving"): ("dark hypnotic techno, four on the floor", 130),
    ("pensive", "calm"): ("calm ambient music, sparse", 68),
    ("pensive", "gentle"): ("nostalgic lo-fi beat, relaxed drums", 82),
    ("pensive", "lively"): ("dreamy synthwave, steady drums", 106),
    ("pensive", "driving"): ("energetic rock, strong drums", 130),
    ("easy", "calm"): ("calm romantic orchestral music, no drums", 72),
    ("easy", "gentle"): ("warm folk music, light drums", 92),
    ("easy", "lively"): ("confident funk, tight drums", 106),
    ("easy", "driving"): ("energetic drum and bass, fast drums", 168),
    ("bright", "calm"): ("dreamy lullaby, no drums", 72),
    ("bright", "gentle"): ("uplifting pop, light drums", 100),
    ("bright", "lively"): ("happy disco, bouncing drums", 116),
    ("bright", "driving"): ("happy energetic house, four on the floor", 126),
}
"""(cheer, energy) -> atmosphere, style and rhythm, and the tempo that this style likes in bpm."""

SPEEDS = ((76, "slow"), (100, "medium tempo"), (126, "upbeat"), (999, "fast"))
"""Highest bpm, and what it is called."""

MELODY = {
    "icy": ("celesta", "crystal synth"),
    "cold": ("electric piano", "synth lead"),
    "neutral in tone": ("piano", "piano"),
    "warm": ("acoustic guitar", "electric guitar"),
    "glowing": ("flute", "brass section"),
}
"""Level of warmth -> melody when calm or gentle, melody when lively or driving."""

GROUND = {"smooth": "soft pad", "detailed": "strings", "busy": "bass and percussion"}
"""Level of texture -> what the melody stands on."""

TOUCH = {"low contrast": "soft", "": "", "high contrast": "powerful"}
"""Level of contrast -> how it is played."""


@dataclass(frozen=True)
class Reading:
    """What the table made of a part."""

    prompt: str
    """Under 30 words: atmosphere, rhythm, melody."""
    saw: str
    """What was seen, in words."""
    tempo: Tempo
    """Fits the part in whole bars."""
    cheer: int
    """Sum of cheer points."""
    energy: int
    """Sum of energy points."""


def read_palette(look: Look, movement: Movement | None, duration: Fraction) -> Reading:
    """Map a look and a movement to a prompt.

    Args:
        look: of the still, or the mean of the part's samples.
        movement: of the part; None where only stills are at hand, which gives no points either way.
        duration: seconds of the part, for the tempo.
    Raises:
        MoodError: the duration is not positive.
    """
    levels = levels_of(look, movement)
    cheer = sum(level.cheer for level in levels.values())
    energy = sum(level.energy for level in levels.values())
    mood = next(name for most, name in CHEER if cheer <= most)
    pace = next(name for most, name in ENERGY if energy <= most)
    style, desired = STYLES[mood, pace]
    tempo = fit_tempo(duration, desired, movement.cuts if movement else ())
    melody = MELODY[levels["warmth"].says][pace in ("lively", "driving")]
    key = {"dark": "minor key", "bright": "major key"}.get(mood, "")
    phrases = (
        style,
        speed_words(tempo, desired),
        key,
        melody,
        GROUND[levels["texture"].says],
        TOUCH[levels["contrast"].says],
    )
    return Reading(
        prompt=", ".join(phrase for phrase in phrases if phrase),
        saw=_say(levels, look),
        tempo=tempo,
        cheer=cheer,
        energy=energy,
    )


def speed_words(tempo: Tempo, desired_bpm: float | None = None) -> str:
    """The tempo as a prompt says it.

    Args:
        tempo: without a number where a part is too short for one to be heard.
        desired_bpm: what the style likes; where whole bars only fit far from it, the bare number is said.
    """
    if not tempo.is_musical:
        return "one short phrase"
    bpm = round(tempo.bpm)
    if desired_bpm is not None and not 0.7 < float(tempo.bpm) / desired_bpm < 1.4:
        return f"{bpm} bpm"
    return f"{next(name for most, name in SPEEDS if bpm <= most)}, {bpm} bpm"


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
    styles = [(mood, pace, *STYLES[mood, pace]) for _, mood in CHEER for pace in paces]
    tables = (
        _table(("Seen", "Value below", "Said", "Cheer", "Energy"), seen),
        _table(("Sum of cheer up to", "Mood"), [(_most(most, 99), name) for most, name in CHEER]),
        _table(("Sum of energy up to", "Pace"), [(_most(most, 99), name) for most, name in ENERGY]),
        _table(("Mood", "Pace", "Atmosphere, style and rhythm", "Liked bpm"), styles),
        _table(("Bpm up to", "Said"), [(_most(most, 999), name) for most, name in SPEEDS]),
        _table(("Warmth", "Melody, calm or gentle", "Melody, lively or driving"), [(k, *v) for k, v in MELODY.items()]),
        _table(("Texture", "Under the melody"), list(GROUND.items())),
        _table(("Contrast", "Touch"), [(k or "(nothing)", v or "(nothing)") for k, v in TOUCH.items()]),
    )
    return "\n\n".join(tables)


def _most(value: float, top: float) -> str:
    return "any" if value == top else f"{value:g}"


def _table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
