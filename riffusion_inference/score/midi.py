"""A score as a Standard MIDI File, and any MIDI file as a score.

What this program writes it reads back whole: sections are markers, accents cue points, and chords text events, which
other programs show or pass over. What another program wrote is read as far as it can be painted, and the rest is said.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from riffusion_inference.errors import ScoreError
from riffusion_inference.notation.notes import DRUMS, LAYER_VOLUME
from riffusion_inference.notation.score import BY_TIME, Accent, Chord, Key, Meter, Score, ScoreNote, Section, Tempo
from riffusion_inference.score.midi_layers import choose_layers
from riffusion_inference.score.midi_strips import DRUM_CHANNEL, collect_strips

MAX_BYTES = 4 * 2**20
MAX_NOTES = 200_000
OURS = "riffusion-dub score"
"""Name of the first track of a file that this program wrote."""
CONTROL_VOLUME = 7
MAJOR_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR_NAMES = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
OTHER_NAMES = {"C#": 1, "Gb": 6, "Cb": 11, "D#m": 3, "Abm": 8, "A#m": 10}
"""Spellings of a key that are read but not written."""


@dataclass(frozen=True)
class MidiReading:
    """A MIDI file as a score."""

    score: Score
    """What it holds."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing in the file that is not in the score."""


def midi_from_score(score: Score) -> bytes:
    """Write a score as a Standard MIDI File of type 1: a track for the plan, one for each instrument of each layer.

    Raises:
        ScoreError: there are more instruments than a MIDI file has channels.
    """
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=score.ticks_per_quarter)
    file.tracks.append(_track(_plan_events(score), OURS, score.end))
    pitched = sorted({(note.layer, note.program) for note in score.notes if note.layer != DRUMS})
    channels = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    if len(pitched) > len(channels):
        raise ScoreError(
            f"The score has {len(pitched)} instruments, but a MIDI file has {len(channels)} channels beside the drums: "
            "write fewer instruments."
        )
    for channel, (layer, program) in zip(channels, pitched, strict=False):
        chosen = [note for note in score.notes if (note.layer, note.program) == (layer, program)]
        file.tracks.append(_track(_note_events(chosen, channel), layer))
    drums = [note for note in score.notes if note.layer == DRUMS]
    if drums:
        file.tracks.append(_track(_note_events(drums, DRUM_CHANNEL), DRUMS))
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def score_from_midi(data: bytes) -> MidiReading:
    """Read a Standard MIDI File of type 0 or 1.

    Pitch bends, aftertouch and effects are not painted, and lyrics are not kept; volume and expression act on velocity,
    and the sustain pedal on length.

    Raises:
        ScoreError: it is no MIDI file, or one that cannot be read; the message says why.
    """
    import mido

    if len(data) > MAX_BYTES:
        raise ScoreError(f"The MIDI file has {len(data)} bytes, but may have at most {MAX_BYTES}.")
    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    # A damaged file makes the library raise nearly anything.
    except Exception as error:
        why = str(error).rstrip(".") or "it ends too soon"
        raise ScoreError(f"The file is no MIDI file that can be read: {why}.") from error
    if file.type not in (0, 1) or file.ticks_per_beat < 1:
        raise ScoreError(
            f"The MIDI file is of type {file.type} with division {file.ticks_per_beat}, but only types 0 and 1 with "
            "ticks of a quarter note can be read: save it as type 1."
        )
    try:
        return _read(file)
    except (ValueError, KeyError, IndexError) as error:
        raise ScoreError(f"The MIDI file says something that cannot be read: {error}.") from error


def _read(file: Any) -> MidiReading:
    """Make a score of a parsed file."""
    events = sorted(_timed(file), key=lambda event: event[0])
    ours = bool(file.tracks) and file.tracks[0].name == OURS
    strips, lost = collect_strips(events, ours=ours, names=[track.name for track in file.tracks])
    if sum(len(strip.notes) for strip in strips) > MAX_NOTES:
        raise ScoreError(f"The MIDI file has more than {MAX_NOTES} notes.")
    notes = _unnested(choose_layers(strips))
    plan = [(tick, message) for tick, _, message in events if message.is_meta]
    ends = [sum(message.time for message in track) for track in file.tracks] or [0]
    score = Score(
        notes=tuple(notes),
        end=ends[0] if ours else max([*ends, *(note.tick + note.ticks for note in notes)]),
        tempi=_changes([Tempo(tick, max(m.tempo, 1)) for tick, m in plan if m.type == "set_tempo"], Tempo(0, 500_000)),
        meters=_changes(
            [Meter(tick, m.numerator, m.denominator) for tick, m in plan if m.type == "time_signature"], Meter(0, 4, 4)
        ),
        key=next((_key(m.key) for _, m in plan if m.type == "key_signature"), None),
        sections=tuple(Section(tick, m.text) for tick, m in plan if m.type == "marker"),
        chords=tuple(_chord(tick, m.text) for tick, m in plan if m.type == "text" and ours),
        accents=tuple(Accent(tick, float(m.text)) for tick, m in plan if m.type == "cue_marker" and ours),
        ticks_per_quarter=file.ticks_per_beat,
    )
    return MidiReading(score, tuple(lost))


def _timed(file: Any) -> Iterator[tuple[int, int, Any]]:
    """Yield (tick, track, message) of every message, track by track."""
    for index, track in enumerate(file.tracks):
        tick = 0
        for message in track:
            tick += message.time
            yield tick, index, message


def _changes(changes: list[Any], usual: Any) -> tuple[Any, ...]:
    """Keep the last change at each tick, with the usual value at the beginning where none is stated."""
    return tuple({change.tick: change for change in (usual, *changes)}.values())


def _unnested(notes: list[ScoreNote]) -> list[ScoreNote]:
    """Lengthen a note that is struck and let go while the same key is held, so that the two end together."""
    ends: dict[tuple[str, int, int], int] = {}
    result = []
    for note in sorted(notes, key=BY_TIME):
        which = (note.layer, note.program, note.key)
        ends[which] = max(ends.get(which, 0), note.tick + note.ticks)
        length = ends[which] - note.tick
        result.append(ScoreNote(note.tick, note.layer, note.program, note.key, length, note.velocity))
    return result


def _key(name: str) -> Key:
    """Read a key signature's name."""
    minor = name.endswith("m")
    names = MINOR_NAMES if minor else MAJOR_NAMES
    return Key(names.index(name) if name in names else OTHER_NAMES[name], minor)


def _chord(tick: int, text: str) -> Chord:
    """Read a chord that `_plan_events` wrote."""
    name, *tones = text.split()
    return Chord(tick, MAJOR_NAMES.index(name), tuple(int(tone) for tone in tones))


def _plan_events(score: Score) -> list[tuple[int, Any]]:
    """The tempo map, meters, key, sections, chords and accents as timed messages."""
    from mido import MetaMessage

    events: list[tuple[int, Any]] = [(t.tick, MetaMessage("set_tempo", tempo=t.microseconds)) for t in score.tempi]
    for meter in score.meters:
        message = MetaMessage("time_signature", numerator=meter.beats, denominator=meter.unit)
        events.append((meter.tick, message))
    if score.key:
        name = (MINOR_NAMES if score.key.minor else MAJOR_NAMES)[score.key.tonic]
        events.append((0, MetaMessage("key_signature", key=name)))
    events += [(section.tick, MetaMessage("marker", text=section.name)) for section in score.sections]
    for chord in score.chords:
        text = " ".join((MAJOR_NAMES[chord.root], *map(str, chord.tones)))
        events.append((chord.tick, MetaMessage("text", text=text)))
    events += [(accent.tick, MetaMessage("cue_marker", text=repr(accent.weight))) for accent in score.accents]
    return events


def _note_events(notes: list[ScoreNote], channel: int) -> list[tuple[int, Any]]:
    """One channel's messages; a key is let go before it is struck again at the same tick."""
    from mido import Message

    volume = LAYER_VOLUME[notes[0].layer]
    strikes: list[tuple[int, int, Any]] = []
    program = -1
    for note in notes:
        if note.program != program:
            program = note.program
            strikes.append((note.tick, 1, Message("program_change", channel=channel, program=program)))
        on = Message("note_on", channel=channel, note=note.key, velocity=note.velocity)
        strikes.append((note.tick, 1, on))
        strikes.append((note.tick + note.ticks, 0, Message("note_off", channel=channel, note=note.key)))
    ordered = sorted(strikes, key=lambda strike: strike[:2])
    head = (0, Message("control_change", channel=channel, control=CONTROL_VOLUME, value=volume))
    return [head, *((tick, message) for tick, _, message in ordered)]


def _track(events: list[tuple[int, Any]], name: str, end: int = 0) -> Any:
    """Make a track of timed messages that ends no sooner than tick `end`."""
    from mido import MetaMessage, MidiTrack

    track, last = MidiTrack([MetaMessage("track_name", name=name)]), 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - last))
        last = tick
    track.append(MetaMessage("end_of_track", time=max(end - last, 0)))
    return track


__all__ = ["MidiReading", "midi_from_score", "score_from_midi"]
