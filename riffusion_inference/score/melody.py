"""What the lead plays: melodies built of motifs and rests, arpeggios, ostinatos, riffs, drones and block chords."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Event = tuple[int, int, int, float]
"""(first sixteenth, sixteenths held, MIDI key, accent 0 to 1.2)."""
RHYTHMS: dict[str, tuple[tuple[int, ...], ...]] = {
    "sparse": ((8, -8), (12, -4), (4, 4, -8), (-4, 8, -4), (6, 6, -4), (16,)),
    "medium": (
        (4, 4, 4, -4),
        (6, 2, 4, 4),
        (4, 2, 2, 8),
        (2, 2, 4, 4, -4),
        (3, 3, 2, 4, -4),
        (-2, 2, 4, 4, 4),
        (8, 4, 4),
    ),
    "busy": (
        (2, 2, 2, 2, 4, 4),
        (2, 2, 2, 2, 2, 2, 2, 2),
        (1, 1, 2, 2, 2, 4, 4),
        (3, 1, 2, 2, 3, 1, 4),
        (2, 1, 1, 2, 2, 4, -4),
    ),
}
ORDER = {4: (0, 0, 1, 2), 2: (0, 1, 0, 1), 1: (0, 0, 1, 1)}
"""Which motif each bar has, by the length of the loop; motif 2 is motif 0 with another end."""
OVER_CHORDS = 60
"""MIDI key over which a melody stands out from the chords."""
RIFFS = ((3, 3, 2, 3, 3, 2), (2, 2, -2, 2, 3, 3, 2), (4, -2, 2, 2, 2, -4), (3, 3, 4, 2, 4), (2, -2, 2, 2, -2, 2, 2, -2))


@dataclass(frozen=True)
class Lead:
    """What the lead has to keep to."""

    texture: str
    """melody, arpeggio, ostinato, drone, riff or chords."""
    density: str
    """sparse, medium or busy."""
    key: int
    """Pitch class of the tonic."""
    scale: tuple[int, ...]
    """Semitones of the seven degrees."""
    low: int
    """Lowest MIDI key."""
    high: int
    """Highest MIDI key."""
    steps_per_bar: int
    """Sixteenths in a bar."""
    loop: int = 4
    """Bars after which the harmony comes back: 4, 2, or 1 where every bar is played twice."""


def write_lead(lead: Lead, degrees: list[int], voicings: list[list[int]], rng: np.random.Generator) -> list[Event]:
    """Write the lead for all bars; the same generator state gives the same notes.

    Args:
        lead: range, texture and density.
        degrees: the chord's scale degree in each bar.
        voicings: the chord's MIDI keys in each bar.
        rng: source of chance.
    Returns:
        Events in order of time.
    """
    writers = {"arpeggio": _arpeggio, "ostinato": _ostinato, "drone": _drone, "riff": _riff, "chords": _block}
    return writers.get(lead.texture, _melody)(lead, degrees, voicings, rng)


def _rhythm(lead: Lead, rng: np.random.Generator, table: tuple[tuple[int, ...], ...]) -> list[tuple[int, int]]:
    """Draw a bar's rhythm as (step, length); negative lengths in the table are rests."""
    row = table[int(rng.integers(len(table)))]
    step, notes = 0, []
    for length in row:
        if length > 0 and step < lead.steps_per_bar:
            notes.append((step, min(length, lead.steps_per_bar - step)))
        step += abs(length)
    return notes


def _degree_key(lead: Lead, degree: int, base: int) -> int:
    """MIDI key of a scale degree counted from the tonic at or above `base`, folded into the range."""
    octave, step = divmod(degree, len(lead.scale))
    tonic = base + (lead.key - base) % 12
    key = tonic + lead.scale[step] + 12 * octave
    while key > lead.high:
        key -= 12
    while key < lead.low:
        key += 12
    return key


def _base(lead: Lead, rng: np.random.Generator) -> int:
    """Where the lead's register begins: over the chords if the instrument can."""
    lowest = max(lead.low + 5, min(OVER_CHORDS, lead.high - 20))
    return int(rng.integers(lowest, max(lowest + 1, min(lead.high - 14, lowest + 12))))


def _melody(lead: Lead, degrees: list[int], voicings: list[list[int]], rng: np.random.Generator) -> list[Event]:
    """Motifs that come back with the harmony, chord tones on strong beats, each bar near where the last one ended."""
    base, motifs = _base(lead, rng), [_motif(lead, rng) for _ in range(2)]
    turn = len(motifs[0]) // 2
    motifs.append(
        motifs[0][:turn] + [(step, n, offset + int(rng.integers(-1, 2))) for step, n, offset in motifs[0][turn:]]
    )
    events: list[Event] = []
    before: int | None = None
    written: dict[tuple[int, int], list[Event]] = {}
    for bar, degree in enumerate(degrees):
        which = ORDER[lead.loop][bar % 4]
        if (which, degree) not in written:
            written[which, degree] = _sung(lead, motifs[which], degree, base, before)
        bar_of = written[which, degree]
        events += [(bar * lead.steps_per_bar + step, length, key, accent) for step, length, key, accent in bar_of]
        before = bar_of[-1][2] if bar_of else before
    return events


def _sung(lead: Lead, motif: list[tuple[int, int, int]], degree: int, base: int, before: int | None) -> list[Event]:
    """A motif over one chord, in the octave that begins nearest to the key before it."""
    bar = []
    for step, length, offset in motif:
        strong = step % 4 == 0
        tone = degree + (2 * round(offset / 2) if strong else offset)
        bar.append((step, length, _degree_key(lead, tone, base), 1.08 if strong else 0.92))
    if not bar or before is None:
        return bar
    low, high = min(event[2] for event in bar), max(event[2] for event in bar)
    shifts = [shift for shift in (0, -12, 12) if lead.low <= low + shift and high + shift <= lead.high] or [0]
    nearest = min(shifts, key=lambda shift: abs(bar[0][2] + shift - before) + 0.1 * abs(shift))
    return [(step, length, key + nearest, accent) for step, length, key, accent in bar]


def _motif(lead: Lead, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """A bar of (step, length, degrees above the chord's root), mostly moving by step."""
    offset = int(rng.choice((0, 2, 4)))
    motif = []
    for step, length in _rhythm(lead, rng, RHYTHMS[lead.density]):
        motif.append((step, length, offset))
        offset = int(np.clip(offset + rng.choice((-2, -1, -1, 1, 1, 2, 3)), -2, 7))
    return motif


def _arpeggio(lead: Lead, degrees: list[int], voicings: list[list[int]], rng: np.random.Generator) -> list[Event]:
    """Chord notes up, or up and down, in even notes."""
    stride = {"sparse": 4, "medium": 2, "busy": 1}[lead.density]
    shape = ((0, 1, 2, 3), (0, 1, 2, 3, 2, 1), (0, 2, 1, 3), (3, 2, 1, 0))[int(rng.integers(4))]
    events: list[Event] = []
    for bar, voicing in enumerate(voicings):
        for place, step in enumerate(range(0, lead.steps_per_bar, stride)):
            key = _fold(lead, voicing[shape[place % len(shape)] % len(voicing)] + 12)
            events.append((bar * lead.steps_per_bar + step, stride, key, 1.1 if step % 4 == 0 else 0.9))
    return events


def _ostinato(lead: Lead, degrees: list[int], voicings: list[list[int]], rng: np.random.Generator) -> list[Event]:
    """One short figure of chord notes, again and again."""
    stride = 4 if lead.density == "sparse" else 2
    figure = [int(rng.integers(0, 4)) for _ in range(4)]
    events: list[Event] = []
    for bar, voicing in enumerate(voicings):
        for place, step in enumerate(range(0, lead.steps_per_bar, stride)):
            key = _fold(lead, voicing[figure[place % len(figure)] % len(voicing)])
            events.append((bar * lead.steps_per_bar + step, stride, key, 1.1 if step % 4 == 0 else 0.92))
    return events


def _riff(lead: Lead, degrees: list[int], voicings: list[list[int]], rng: np.random.Generator) -> list[Event]:
    """A syncopated bar on the tonic's pentatonic, the same in every bar."""
    base = _base(lead, rng)
    table = RIFFS if lead.density != "sparse" else ((6, 6, 4), (8, -4, 4), (3, 3, -10))
    bar_of = [(s, n, int(rng.choice((0, 0, 2, 4, 6, -1)))) for s, n in _rhythm(lead, rng, table)]
    return [
        (bar * lead.steps_per_bar + step, length, _degree_key(lead, offset, base), 1.05)
        for bar in range(len(degrees))
        for step, length, offset in bar_of
    ]


def _drone(lead: Lead, degrees: list[int], voicings: list[list[int]], rng: np.random.Generator) -> list[Event]:
    """Long root and fifth, a new breath every two bars, with a tone above in every other one."""
    events: list[Event] = []
    above = int(rng.choice((7, 7, 8)))
    for bar in range(0, len(degrees), 2):
        start, length = bar * lead.steps_per_bar, 2 * lead.steps_per_bar
        tones = [0, 4, above if bar % 4 else 7]
        if lead.density != "sparse":
            tones.append(9)
        events += [(start, length, _fold(lead, _degree_key(lead, tone, max(lead.low, 43))), 0.85) for tone in tones]
    return sorted(set(events))


def _block(lead: Lead, degrees: list[int], voicings: list[list[int]], rng: np.random.Generator) -> list[Event]:
    """Whole chords, held."""
    stride = {"sparse": lead.steps_per_bar, "medium": 8, "busy": 4}[lead.density]
    return [
        (bar * lead.steps_per_bar + step, min(stride, lead.steps_per_bar - step), _fold(lead, key), 0.9)
        for bar, voicing in enumerate(voicings)
        for step in range(0, lead.steps_per_bar, stride)
        for key in voicing
    ]


def _fold(lead: Lead, key: int) -> int:
    """Move a key by octaves into the lead's range."""
    while key > lead.high:
        key -= 12
    while key < lead.low:
        key += 12
    return key
