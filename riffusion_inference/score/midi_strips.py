"""The notes in a MIDI file's messages: keys paired with their release, the pedal held, volumes taken into account."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from riffusion_inference.score.midi_layers import Strip

DRUM_CHANNEL = 9
VOLUME, EXPRESSION, PEDAL, ALL_OFF = 7, 11, 64, (120, 123)
USUAL_VOLUME = 100
LOST = {
    "pitchwheel": "Pitch bends are not painted.",
    "aftertouch": "Aftertouch is not painted.",
    "polytouch": "Aftertouch is not painted.",
    "lyrics": "Lyrics are not kept.",
    "sysex": "System exclusive messages are not kept.",
}

PORTAMENTO, PARAMETER = (65, 84), 100
TUNINGS = (1, 2)
"""Registered parameters that tune a channel."""


@dataclass
class Channel:
    """What a channel is set to, and which keys are down."""

    program: int = 0
    """General MIDI program, or drum set."""
    volume: int = USUAL_VOLUME
    """Controller 7."""
    expression: int = 127
    """Controller 11."""
    pedal: bool = False
    """Whether the sustain pedal is down."""
    down: dict[int, deque[tuple[int, int, int, int]]] = field(default_factory=lambda: defaultdict(deque))
    """Key -> (track, tick, program, velocity) of its notes that have not been let go, oldest first."""
    held: list[tuple[int, tuple[int, int, int, int]]] = field(default_factory=list)
    """(key, note) of notes that only the pedal holds."""


Groups = dict[tuple[int, int, int], list[tuple[int, int, int, int]]]
"""(track, channel, program) -> (tick, ticks, key, velocity) of each note."""


def collect_strips(
    events: Iterable[tuple[int, int, Any]], *, ours: bool, names: list[str]
) -> tuple[list[Strip], list[str]]:
    """Collect all notes.

    Args:
        events: (tick, track, message) in order of time.
        ours: whether this program wrote the file, whose volumes say what the layers say anyway.
        names: of the tracks.
    Returns:
        The strips, and a sentence for everything that was lost.
    """
    channels = [Channel() for _ in range(16)]
    groups: Groups = defaultdict(list)
    lost: dict[str, None] = {}
    last = 0
    for tick, track, message in events:
        last = tick
        if sentence := _what_is_lost(message):
            lost[sentence] = None
        if not message.is_meta and hasattr(message, "channel"):
            _act(channels[message.channel], tick, track, message, groups, ours)
    for number, channel in enumerate(channels):
        if any(channel.down.values()):
            lost["Some notes are never let go; they last to the end."] = None
        _release_all(channel, number, last, groups)
    strips = [
        Strip(names[track], number == DRUM_CHANNEL, program, tuple(notes))
        for (track, number, program), notes in groups.items()
    ]
    return strips, list(lost)


def _what_is_lost(message: Any) -> str:
    """A sentence for a message that is not painted, "" for one that is or that changes nothing."""
    if message.type == "control_change":
        if message.control in PORTAMENTO and message.value > 0:
            return "Glides from key to key are not painted."
        return "Tunings are not painted." if message.control == PARAMETER and message.value in TUNINGS else ""
    return "" if message.type == "pitchwheel" and message.pitch == 0 else LOST.get(message.type, "")


def _act(channel: Channel, tick: int, track: int, message: Any, groups: Groups, ours: bool) -> None:
    """Let one message act on its channel."""
    number = message.channel
    if message.type == "program_change":
        channel.program = message.program
    elif message.type == "note_on" and message.velocity > 0:
        velocity = message.velocity if ours else _loudness(channel, message.velocity)
        if not ours:
            _end_held(channel, number, tick, groups, message.note)
        channel.down[message.note].append((track, tick, channel.program, velocity))
    elif message.type in ("note_on", "note_off") and channel.down[message.note]:
        note = channel.down[message.note].popleft()
        if channel.pedal:
            channel.held.append((message.note, note))
        else:
            _finish(message.note, note, number, tick, groups)
    elif message.type == "control_change":
        _control(channel, number, tick, message, groups)


def _control(channel: Channel, number: int, tick: int, message: Any, groups: Groups) -> None:
    """Let a controller act on its channel."""
    if message.control == VOLUME:
        channel.volume = message.value
    elif message.control == EXPRESSION:
        channel.expression = message.value
    elif message.control == PEDAL:
        channel.pedal = message.value >= 64
        if not channel.pedal:
            _end_held(channel, number, tick, groups)
    elif message.control in ALL_OFF:
        _release_all(channel, number, tick, groups)


def _loudness(channel: Channel, velocity: int) -> int:
    """Velocity with the channel's volume and expression in it; General MIDI takes the square of both."""
    factor = (channel.volume / USUAL_VOLUME * channel.expression / 127) ** 2
    return max(1, min(127, round(velocity * factor)))


def _finish(key: int, note: tuple[int, int, int, int], number: int, tick: int, groups: Groups) -> None:
    """Add a note that ends at a tick; one of no length lasts a tick."""
    track, start, program, velocity = note
    groups[track, number, program].append((start, max(tick - start, 1), key, velocity))


def _end_held(channel: Channel, number: int, tick: int, groups: Groups, key: int | None = None) -> None:
    """End what only the pedal holds: one key that is struck again, or all."""
    for held_key, note in channel.held:
        if key in (None, held_key):
            _finish(held_key, note, number, tick, groups)
    channel.held = [] if key is None else [(held, note) for held, note in channel.held if held != key]


def _release_all(channel: Channel, number: int, tick: int, groups: Groups) -> None:
    """End everything that sounds."""
    _end_held(channel, number, tick, groups)
    for key, notes in channel.down.items():
        for note in notes:
            _finish(key, note, number, tick, groups)
        notes.clear()
