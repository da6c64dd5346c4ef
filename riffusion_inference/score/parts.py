"""The notes of each layer: lead, chords, bass and drums, bar by bar, and the last chord."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from riffusion_inference.notation.score import TICKS, ScoreNote
from riffusion_inference.score.form import Block, Plan, with_following
from riffusion_inference.score.harmony import STATIC, Bar, scale_of
from riffusion_inference.score.instruments import INSTRUMENTS, Instrument
from riffusion_inference.score.melody import Event, Lead, write_lead
from riffusion_inference.score.patterns import BASS, CHORDS, CRASH, DRUM_SETS, DRUMS, KICK
from riffusion_inference.score.taste import Taste
from riffusion_inference.score.timbres import fade_seconds

SIXTEENTH = TICKS // 4
ENTERS = {"lead": 0.0, "chords": 0.15, "bass": 0.28, "drums": 0.4}
"""How much has to happen in a section for a layer to play in it."""
MATERIAL = {"a": 1, "intro": 1, "b": 2, "c": 3}
"""Sections of one number share their motifs."""
POWER_CHORDS = ("distorted guitar", "overdriven guitar")
DRUM_TICKS = 48
MOVING = 0.7
"""How much has to happen in a section for held chords to move."""
SHORTEST_LAST = 0.12
"""Seconds for which a note of the last chord is held at least, where there is room."""


@dataclass(frozen=True)
class Writer:
    """What every layer is written with."""

    taste: Taste
    """Choices that hold for the whole piece."""
    plan: Plan
    """Bars and sections."""
    bars: list[Bar]
    """Harmony of each bar, and of the last chord."""
    seed: int
    """Draws everything else."""

    def rng(self, *what: int) -> np.random.Generator:
        """A source of chance that is the same for the same thing in the same kind of piece."""
        kind = zlib.crc32(f"{self.taste.genre.name}, {self.taste.lead}".encode())
        return np.random.default_rng([self.seed, kind, *what])

    def tick(self, bar: int, step: float) -> int:
        """Tick of a sixteenth in a bar, swung: the off-beat eighth comes late."""
        whole, within = divmod(step, 4)
        swing = self.taste.genre.swing
        if swing:
            within = 2 + 2 * swing + (within - 2) * (1 - swing) if within >= 2 else within * (1 + swing)
        return self.plan.tick(bar, whole * 4 + within)

    def note(self, layer: str, program: int, key: int, span: tuple[float, float], loud: float) -> ScoreNote:
        """A note over a span of ticks; what does not fit into MIDI's ranges is brought into them."""
        first, last = (max(0, min(round(tick), self.plan.end)) for tick in span)
        velocity = min(max(int(loud * self.taste.loudness), 10), 127)
        return ScoreNote(first, layer, program, min(max(int(key), 0), 127), max(last - first, 1), velocity)


def fold(key: int, instrument: Instrument) -> int:
    """Move a key by octaves into the instrument's range."""
    while key < instrument.low:
        key += 12
    while key > instrument.high:
        key -= 12
    return key


def plays(layer: str, block: Block, writer: Writer) -> bool:
    """Whether a layer plays in a section; what was asked for is not left out of one for its picture's sake."""
    is_asked = layer in writer.taste.asked and bool(writer.plan.energies) and block.name != "intro"
    return is_asked or block.energy >= ENTERS[layer]


def write_lead_part(writer: Writer) -> list[ScoreNote]:
    """Write the melody: each section's motifs come back with it, a little varied, and close where it ends."""
    taste, notes = writer.taste, []
    instrument = INSTRUMENTS[taste.lead]
    low, high = max(instrument.low, 43), instrument.high
    lead = Lead(
        taste.texture, taste.density, taste.tonic, scale_of(taste), low, high, taste.steps_per_bar, writer.plan.loop
    )
    for block, following in with_following(writer.plan.blocks):
        if block.name == "intro" and taste.chords and block.n_bars == 2:
            continue
        inside = writer.bars[block.first_bar : block.first_bar + block.n_bars]
        rng = writer.rng(1, MATERIAL[block.name])
        events = write_lead(lead, [bar.degree for bar in inside], [list(bar.voicing) for bar in inside], rng)
        if taste.texture in ("melody", "riff"):
            events = _vary(events, lead, block, writer)
            # Where the same comes again the melody runs on.
            if following is None or MATERIAL[following.name] != MATERIAL[block.name]:
                events = _close(events, lead, inside)
        hand = writer.rng(2, block.first_bar)
        for step, steps, key, accent in events:
            bar, within = divmod(step, taste.steps_per_bar)
            first = writer.tick(block.first_bar + bar, within) + hand.normal(0, 3)
            last = first + steps * SIXTEENTH * taste.held
            loud = 104 * accent * (0.72 + 0.4 * block.energy) * hand.normal(1, 0.05)
            notes.append(writer.note("lead", instrument.program, key, (first, last), loud))
    return notes


def _vary(events: list[Event], lead: Lead, block: Block, writer: Writer) -> list[Event]:
    """Ornament what comes back: now and then a long note becomes two, by way of its neighbour."""
    if block.visit == 0:
        return events
    rng, varied = writer.rng(3, MATERIAL[block.name], block.visit), []
    for step, steps, key, accent in events:
        if steps >= 4 and rng.random() < 0.15:
            half = steps // 2
            neighbour = min(max(_step_from(key, lead, 1 if rng.random() < 0.6 else -1), lead.low), lead.high)
            varied += [(step, half, key, accent), (step + half, steps - half, neighbour, accent * 0.92)]
        else:
            varied.append((step, steps, key, accent))
    return varied


def _step_from(key: int, lead: Lead, steps: int) -> int:
    """The key one step of the scale up or down."""
    tones = sorted((lead.key + tone) % 12 for tone in lead.scale)
    candidate = key + steps
    while candidate % 12 not in tones:
        candidate += steps
    return candidate


def _close(events: list[Event], lead: Lead, bars: list[Bar]) -> list[Event]:
    """End a section's melody on a long tone of its last chord."""
    if len(bars) < 2 or not events:
        return events
    from_step = (len(bars) - 1) * lead.steps_per_bar + lead.steps_per_bar // 2
    kept = [
        (step, min(steps, from_step - step), key, accent) for step, steps, key, accent in events if step < from_step
    ]
    before = kept[-1][2] if kept else events[0][2]
    near = range(max(before - 6, lead.low), min(before + 6, lead.high) + 1)
    tones = [key for key in near if (key - bars[-1].root) % 12 in bars[-1].tones[:3]] or [before]
    key = min(tones, key=lambda tone: abs(tone - before))
    return [*kept, (from_step, lead.steps_per_bar - lead.steps_per_bar // 2, key, 1.0)]


def write_chord_part(writer: Writer) -> list[ScoreNote]:
    """Play the genre's chord pattern; where little happens, held chords."""
    taste, notes = writer.taste, []
    instrument = INSTRUMENTS[taste.chords]
    moving = str(writer.rng(11).choice(("pad", "halves", "beats")))
    for block in sections_of(writer, "chords"):
        style = "pad" if _is_still(writer, block, 0.35) else taste.genre.chord_style
        if style == "pad" and block.energy > MOVING and taste.genre.name not in STATIC:
            style = moving
        pattern = CHORDS[style]
        hand = writer.rng(4, block.first_bar)
        for bar in range(block.first_bar, block.first_bar + block.n_bars):
            voicing = _voicing(writer, bar)
            for step, mark, steps in read_pattern(pattern, taste.steps_per_bar):
                keys = voicing if mark == "C" else voicing[1:] if mark == "U" else (voicing[int(mark) % len(voicing)],)
                first = writer.tick(bar, step) + hand.normal(0, 2)
                for order, key in enumerate(keys):
                    late = 4 * order if instrument.family == "guitar" else 0
                    loud = 76 * (0.75 + 0.35 * block.energy) * hand.normal(1, 0.05)
                    span = (first + late, first + 0.95 * steps * SIXTEENTH)
                    notes.append(writer.note("chords", instrument.program, fold(key, instrument), span, loud))
    return notes


def _is_still(writer: Writer, block: Block, least: float) -> bool:
    """Whether the accompaniment holds its tones in a section; what is a dance keeps its step."""
    taste = writer.taste
    dances = taste.genre.chord_style in ("waltz", "offbeat", "quarter", "montuno", "skank")
    return block.energy < least or (taste.density == "sparse" and taste.genre.drums < 0.5 and not dances)


def _voicing(writer: Writer, bar: int) -> tuple[int, ...]:
    """Keys of a bar's chord; distorted guitars play root and fifth."""
    voicing = writer.bars[bar].voicing
    if writer.taste.chords in POWER_CHORDS:
        root = 40 + (writer.bars[bar].root - 40) % 12
        return (root, root + 7, root + 12)
    return voicing


def write_bass_part(writer: Writer) -> list[ScoreNote]:
    """Play the genre's bass pattern; the last note before a new root leads to it."""
    taste, notes = writer.taste, []
    instrument = INSTRUMENTS[taste.bass]
    for block in sections_of(writer, "bass"):
        pattern = BASS["long" if _is_still(writer, block, 0.4) else taste.genre.bass_style]
        hand = writer.rng(5, block.first_bar)
        for bar in range(block.first_bar, block.first_bar + block.n_bars):
            low = fold(28 + (writer.bars[bar].root - 28) % 12, instrument)
            following = fold(28 + (writer.bars[bar + 1].root - 28) % 12, instrument)
            third = low + writer.bars[bar].tones[1]
            # The same lead-in wherever these bars come back.
            turn = writer.rng(7, MATERIAL[block.name], (bar - block.first_bar) % 4)
            approach = following + (1 if turn.random() < 0.4 else -1)
            pitches = {"R": low, "F": low + 7, "O": low + 12, "W": third, "A": approach}
            events = read_pattern(pattern, taste.steps_per_bar)
            for place, (step, mark, steps) in enumerate(events):
                last = place == len(events) - 1 and step >= taste.steps_per_bar - 4 and following != low
                key = approach if last and mark != "A" and turn.random() < 0.5 else pitches[mark]
                first = writer.tick(bar, step) + hand.normal(0, 1.5)
                span = (first, first + 0.95 * steps * SIXTEENTH)
                loud = 98 * (0.78 + 0.3 * block.energy) * hand.normal(1, 0.04)
                notes.append(writer.note("bass", instrument.program, key, span, loud))
    return notes


def write_ending(writer: Writer, before: int | None = None) -> list[ScoreNote]:
    """Write the last chord, which rings out inside the part, and what leads to it where there is no bar before it.

    Args:
        writer: what the piece is written with.
        before: the melody's last key, near which it ends.
    """
    taste, plan, notes = writer.taste, writer.plan, []
    lead, last = INSTRUMENTS[taste.lead], writer.bars[-1]
    home = fold(60 + (taste.tonic - 60) % 12, lead)
    if before is not None:
        homes = [key for key in range(lead.low, lead.high + 1) if key % 12 == taste.tonic] or [home]
        home = min((abs(key - before), key) for key in homes)[1]
    for place in range(plan.pickup // TICKS):
        before = _degree_below(writer, plan.pickup // TICKS - place)
        steps = (place * TICKS, (place + 0.9) * TICKS)
        notes.append(writer.note("lead", lead.program, fold(home + before, lead), steps, 92))
    notes.append(_last_note(writer, "lead", lead, home, 104))
    if taste.chords:
        chords = INSTRUMENTS[taste.chords]
        keys = {fold(key, chords) for key in _voicing(writer, len(writer.bars) - 1)}
        notes += [_last_note(writer, "chords", chords, key, 84) for key in sorted(keys)]
    if taste.bass:
        bass = INSTRUMENTS[taste.bass]
        notes.append(_last_note(writer, "bass", bass, fold(28 + (last.root - 28) % 12, bass), 100))
    if taste.groove and (not plan.blocks or plays("drums", plan.blocks[-1], writer)):
        program = DRUM_SETS[DRUMS[taste.groove][0]]
        strike: Any = (plan.final, plan.final + DRUM_TICKS)
        notes += [writer.note("drums", program, key, strike, 104) for key in (KICK, CRASH)]
    return notes


def _last_note(writer: Writer, layer: str, instrument: Instrument, key: int, loud: float) -> ScoreNote:
    """A note of the last chord, let go so early that it dies away inside the part, if it can."""
    plan = writer.plan
    room = plan.end - plan.final
    ticks_per_second = 1_000_000 * TICKS / plan.tempi[-1].microseconds
    seconds = room / ticks_per_second
    shares = [share for share in (0.85, 0.7, 0.55, 0.4, 0.25) if share * seconds >= SHORTEST_LAST] or [0.85]
    dies = (s for s in shares if fade_seconds(instrument.program, key, round(s * seconds, 2)) <= seconds)
    held = max(next(dies, shares[-1]) * room, 1)
    return writer.note(layer, instrument.program, key, (plan.final, plan.final + held), loud)


def _degree_below(writer: Writer, steps: int) -> int:
    """Semitones from the tonic down to the step of the scale `steps` below it; the leading tone is a semitone below."""
    if steps == 1:
        return -1
    return scale_of(writer.taste)[-steps % 7] - 12


def sections_of(writer: Writer, layer: str) -> list[Block]:
    """The sections in which a layer plays; all of them where it would not play at all."""
    chosen = [block for block in writer.plan.blocks if plays(layer, block, writer)]
    return chosen or list(writer.plan.blocks)


def read_pattern(pattern: str, steps_per_bar: int) -> list[tuple[int, str, int]]:
    """Read a bar's pattern: (step, mark, sixteenths held) of each note."""
    marks = [pattern[step % len(pattern)] for step in range(steps_per_bar)]
    events = []
    for step, mark in enumerate(marks):
        if mark in ".-":
            continue
        end = step + 1
        while end < steps_per_bar and marks[end] == "-":
            end += 1
        events.append((step, mark, end - step))
    return events
