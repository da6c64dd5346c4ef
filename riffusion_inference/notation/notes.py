"""One note of a score, and how loud each layer is played."""

from __future__ import annotations

from dataclasses import dataclass

LAYERS = ("lead", "chords", "bass", "drums")
LAYER_VOLUME = {"lead": 112, "chords": 74, "bass": 92, "drums": 96}
"""MIDI volume (controller 7, 0 to 127) of each layer."""
DRUMS = "drums"


@dataclass(frozen=True)
class Note:
    """One note of one instrument."""

    start: float
    """Seconds from the beginning of the piece."""
    duration: float
    """Seconds that the key is held."""
    key: int
    """MIDI key, or the drum's key."""
    velocity: int
    """1 to 127."""
    program: int
    """General MIDI program, or the drum set."""
    layer: str
    """lead, chords, bass or drums."""


def note_gain(note: Note) -> float:
    """Return the note's amplitude relative to full velocity at full volume.

    Velocity acts in proportion and volume by its third power, as in the synthesizer that rendered the training pieces.

    >>> note_gain(Note(0.0, 1.0, 60, 127, 0, "lead")) == (112 / 127) ** 3
    True
    """
    return note.velocity / 127 * (LAYER_VOLUME[note.layer] / 127) ** 3
