"""What a piece is made of: a brief with every gap filled, by what the genre usually is and by chance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from riffusion_inference.score.brief import Brief
from riffusion_inference.score.genres import GENRES, Genre
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.timbres import fade_seconds
from riffusion_inference.score.words import FAST_MOODS, MAJOR_MOODS, MINOR_MOODS, SLOW_MOODS, SOFT_MOODS

PACES = {
    "very slow": (50.0, 66.0),
    "slow": (66.0, 90.0),
    "medium tempo": (92.0, 112.0),
    "fast": (114.0, 140.0),
    "very fast": (144.0, 180.0),
}
"""Slowest and fastest BPM of each word for a tempo."""
MANY_VOICED = ("keys", "organ", "guitar", "plucked", "mallets", "pad", "synth", "voice", "strings")
"""Families whose instruments accompany themselves when they play alone."""
BASS_FAMILIES = ("bass",)
LONGEST_LOOP = 11.0
"""Seconds after which the harmony comes back at the latest."""
LOUDNESS = {"soft": 0.62, "medium": 0.8, "loud": 1.0}
BEATEN = 0.8
"""Share of a genre's pieces that have drums, from which on the genre is nothing without them."""
HELD = {"legato": 1.05, "normal": 0.9, "staccato": 0.45}


@dataclass(frozen=True)
class Taste:
    """All choices that hold for a whole piece."""

    genre: Genre
    """The kind of music."""
    mood: str
    """Name in words.MOODS."""
    bpm: float
    """Quarter notes per minute."""
    bpm_is_asked: bool
    """Whether a person named the tempo, so that it may not be bent to fit."""
    meter: tuple[int, int]
    """Beats in a bar, and what a beat is."""
    tonic: int
    """Pitch class, 0 = C."""
    minor: bool
    """True: minor mode."""
    lead: str
    """Instrument with the melody."""
    chords: str
    """Instrument with the chords, or ""."""
    bass: str
    """Bass instrument, or ""."""
    groove: str
    """Name in patterns.DRUMS, or "" for no drums."""
    texture: str
    """What the lead does: melody, arpeggio, ostinato, drone, riff or chords."""
    density: str
    """sparse, medium or busy."""
    loudness: float
    """0 to 1, factor on velocities."""
    held: float
    """Share of its time that a note is held."""
    lively: float
    """0 to 1, how much happens."""
    loop: int
    """Bars after which the harmony comes back in a piece that is long enough: 4, 2, or 1 for bars played twice."""
    asked: tuple[str, ...]
    """Layers that a person would miss, so that a quiet picture by itself does not silence them."""
    linger: float
    """How much longer the last chord stays than it must, as a factor; with it the tempo differs from piece to piece."""

    @property
    def ring_seconds(self) -> float:
        """How long a last chord of half a second takes to die away."""
        names = {name for name in (self.lead, self.chords, self.bass) if name}
        middle = {name: (INSTRUMENTS[name].low + INSTRUMENTS[name].high) // 2 for name in names}
        return max(fade_seconds(INSTRUMENTS[name].program, key, 0.5) for name, key in middle.items())

    @property
    def steps_per_bar(self) -> int:
        """Sixteenths in a bar."""
        return 16 * self.meter[0] // self.meter[1]


def settle(brief: Brief, rng: np.random.Generator) -> Taste:
    """Fill the gaps of a brief; what it says stays."""
    genre = _genre(brief, rng)
    mood = brief.mood or str(rng.choice(genre.moods))
    lead, chords, bass = _instruments(brief, genre, rng)
    meter = brief.meter or (genre.meter, 4)
    soft = mood in SOFT_MOODS
    high, low = brief.energy == "high", brief.energy == "low"
    bpm = brief.bpm or _tempo(brief, genre, mood, rng)
    density = brief.density or str(rng.choice(("sparse", "medium", "busy"), p=_shares(high, low or soft)))
    dynamics = brief.dynamics or ("loud" if high else "soft" if low or soft else "medium")
    return Taste(
        genre=genre,
        mood=mood,
        bpm=bpm,
        bpm_is_asked=brief.bpm is not None,
        meter=meter,
        tonic=int(rng.integers(12)) if brief.tonic is None else brief.tonic,
        minor=_minor(genre, mood, rng) if brief.minor is None else brief.minor,
        lead=lead,
        chords=chords,
        bass=bass,
        groove=_groove(brief, genre, rng),
        texture=_texture(brief, genre, lead, rng),
        density=density,
        loudness=LOUDNESS[dynamics],
        held=HELD[brief.articulation or str(rng.choice(("legato", "normal", "normal", "staccato")))],
        lively=0.9 if high else 0.05 if low else 0.5 + 0.2 * (mood in FAST_MOODS) - 0.15 * soft,
        loop=_loop(240.0 / bpm * meter[0] / meter[1], rng),
        linger=float(rng.uniform(1.0, 1.4)),
        asked=_asked_layers(brief, genre, chords, bass),
    )


def _asked_layers(brief: Brief, genre: Genre, chords: str, bass: str) -> tuple[str, ...]:
    """Layers that a person would miss: named by their instrument, or drums and bass of a genre that is named."""
    beaten = brief.drums or (brief.drums is None and brief.genre is not None and genre.drums >= BEATEN)
    named = {"chords": chords in brief.instruments, "bass": beaten or bass in brief.instruments, "drums": beaten}
    return ("lead", *(layer for layer, is_asked in named.items() if is_asked))


def _loop(bar_seconds: float, rng: np.random.Generator) -> int:
    """Draw how many bars the harmony's loop has: so few that an ear still knows them when they come again."""
    fits = [bars for bars in (4, 2, 1) if bars * bar_seconds <= LONGEST_LOOP] or [1]
    return fits[0] if rng.random() < (0.85 if fits[0] * bar_seconds < 9 else 0.5) else fits[min(1, len(fits) - 1)]


def _shares(high: bool, low: bool) -> tuple[float, float, float]:
    """How often each density is drawn."""
    return (0.1, 0.4, 0.5) if high else (0.5, 0.42, 0.08) if low else (0.2, 0.5, 0.3)


def _genre(brief: Brief, rng: np.random.Generator) -> Genre:
    """Take the genre that was asked for, or draw one that suits the instruments, the mood and the drums."""
    if brief.genre:
        return GENRES[brief.genre]
    suits = []
    for genre in GENRES.values():
        own = {*genre.leads, *genre.chords, *genre.basses}
        known = sum(name in own for name in brief.instruments)
        weight = float(genre.weight) * (1.0 if not brief.instruments else 0.02 + known**2)
        if brief.mood:
            weight *= 3.0 if brief.mood in genre.moods else 0.4
        if brief.drums is not None:
            weight *= max(genre.drums if brief.drums else 1 - genre.drums, 0.05)
        slow, fast = PACES.get(brief.pace or "", (0.0, 999.0))
        slow, fast = (brief.bpm, brief.bpm) if brief.bpm else (slow, fast)
        weight *= 1.0 if genre.tempo[0] <= fast and genre.tempo[1] >= slow else 0.15
        suits.append(weight)
    shares = np.array(suits) / np.sum(suits)
    return list(GENRES.values())[int(rng.choice(len(shares), p=shares))]


def _tempo(brief: Brief, genre: Genre, mood: str, rng: np.random.Generator) -> float:
    """Draw a tempo among those that are usual."""
    slow, fast = usual_tempi(replace(brief, genre=genre.name, mood=mood))
    return float(round(slow * (fast / slow) ** rng.random(), 2))


def usual_tempi(brief: Brief) -> tuple[float, float]:
    """Slowest and fastest BPM of a brief's genre; a word for a pace wins over it, and the mood narrows it."""
    slow, fast = map(float, GENRES[brief.genre].tempo) if brief.genre else (PACES["slow"][0], PACES["fast"][1])
    if brief.pace:
        low, high = PACES[brief.pace]
        slow, fast = (max(slow, low), min(fast, high)) if slow < high and fast > low else (low, high)
    width = np.log(fast / slow)
    if brief.mood in SLOW_MOODS:
        fast = float(slow * np.exp(0.6 * width))
    elif brief.mood in FAST_MOODS:
        slow = float(slow * np.exp(0.4 * width))
    return slow, fast


def _minor(genre: Genre, mood: str, rng: np.random.Generator) -> bool:
    """Draw the mode: the mood decides more than the genre."""
    share = genre.minor
    if mood in MINOR_MOODS:
        share = 1 - (1 - share) * 0.15
    elif mood in MAJOR_MOODS:
        share *= 0.3
    return bool(rng.random() < share)


def _instruments(brief: Brief, genre: Genre, rng: np.random.Generator) -> tuple[str, str, str]:
    """Choose lead, chords and bass: what was asked for takes the place that suits it, the genre fills the others."""
    asked = [name for name in brief.instruments if name not in brief.without]
    basses = [name for name in asked if INSTRUMENTS[name].family in BASS_FAMILIES]
    others = [name for name in asked if name not in basses]
    lead = others[0] if others else _pick(genre.leads, brief.without, rng) or "piano"
    if brief.solo:
        many = INSTRUMENTS[lead].family in MANY_VOICED
        return lead, lead if many else "", ""
    chords = others[1] if len(others) > 1 else _pick(genre.chords, brief.without, rng)
    bass = basses[0] if basses else _pick(genre.basses, brief.without, rng)
    return lead, chords, bass


def _pick(names: tuple[str, ...], without: tuple[str, ...], rng: np.random.Generator) -> str:
    """Draw a name that is not ruled out; "" where there is none."""
    allowed = [name for name in names if name not in without]
    return str(rng.choice(allowed)) if allowed else ""


def _groove(brief: Brief, genre: Genre, rng: np.random.Generator) -> str:
    """Draw a groove where drums play: where they were asked for, or where the genre has them."""
    wanted = brief.drums
    if wanted is None:
        wanted = not brief.solo and rng.random() < genre.drums
    if not wanted:
        return ""
    return str(rng.choice(genre.kits)) if genre.kits else "pop"


def _texture(brief: Brief, genre: Genre, lead: str, rng: np.random.Generator) -> str:
    """Draw what the lead does; an instrument that dies away cannot drone."""
    texture = brief.texture or str(rng.choice(genre.textures))
    return "ostinato" if texture == "drone" and not INSTRUMENTS[lead].sustains else texture
