"""Which layer a MIDI file's instruments are: the lead, the chords, the bass or the drums."""

from __future__ import annotations

from dataclasses import dataclass

from riffusion_inference.notation.notes import DRUMS, LAYERS
from riffusion_inference.notation.score import ScoreNote

BASS_PROGRAMS = range(32, 40)
LEAD_WORDS = ("melod", "lead", "vocal", "voice", "solo", "right", "tune", "theme", "soprano", "cantus")
BASS_KEY = 48
"""Instruments that play lower than this on average, and lower than all others, are the bass."""


@dataclass(frozen=True)
class Strip:
    """All notes that one program plays on one channel of one track."""

    name: str
    """The track's name."""
    drums: bool
    """Whether it is the drum channel."""
    program: int
    """General MIDI program, or drum set."""
    notes: tuple[tuple[int, int, int, int], ...]
    """(tick, ticks, key, velocity) of each note."""

    @property
    def height(self) -> float:
        """Mean key."""
        return sum(note[2] for note in self.notes) / max(len(self.notes), 1)

    @property
    def thickness(self) -> float:
        """Mean number of notes that begin together."""
        return len(self.notes) / max(len({note[0] for note in self.notes}), 1)


def choose_layers(strips: list[Strip]) -> list[ScoreNote]:
    """Give every strip a layer, and return all notes.

    A track that is named like a layer is that layer, which is how this program names its own. Of the others, bass
    programs and whatever lies lowest are the bass; the highest line that plays mostly one note at a time, or is named
    like a melody, is the lead; the rest are chords.
    """
    layers = [DRUMS if strip.drums else strip.name if strip.name in LAYERS[:3] else "" for strip in strips]
    free = [index for index, layer in enumerate(layers) if not layer]
    for index in free:
        strip = strips[index]
        lowest = all(strip.height <= strips[other].height for other in free)
        if strip.program in BASS_PROGRAMS or (lowest and strip.height < BASS_KEY and strip.thickness < 1.2):
            layers[index] = "bass"
    free = [index for index in free if not layers[index]]
    if free and "lead" not in layers:
        layers[max(free, key=lambda index: _like_a_lead(strips[index]))] = "lead"
    return [
        ScoreNote(tick, layer or "chords", strip.program, key, ticks, velocity)
        for strip, layer in zip(strips, layers, strict=True)
        for tick, ticks, key, velocity in strip.notes
    ]


def _like_a_lead(strip: Strip) -> float:
    """How much a strip is like a melody: in semitones of height."""
    named = any(word in strip.name.lower() for word in LEAD_WORDS)
    return strip.height - 12 * (strip.thickness - 1) + 40 * named
