"""Three scores whose composers have been dead for long, typed in as short lists: music to paint without composing any.

    python -m examples.scores --folder FOLDER

writes them as MIDI files, which lie in this folder too:

    python -m app generate --midi examples/ode_to_joy.mid --prompt "string quartet"
"""

from __future__ import annotations

import argparse
from pathlib import Path

from riffusion_inference.notation.score import MICROSECONDS, TICKS, Key, Meter, Score, ScoreNote, Section, Tempo
from riffusion_inference.score.midi import midi_from_score

PIANO, VIOLIN, VIOLA, CELLO, HORN = 0, 40, 41, 42, 60
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

PRELUDE = """
C4 E4 G4 C5 E5 | C4 D4 A4 D5 F5 | B3 D4 G4 D5 F5 | C4 E4 G4 C5 E5 | C4 E4 A4 E5 A5 | C4 D4 F#4 A4 D5
B3 D4 G4 D5 G5 | B3 C4 E4 G4 C5 | A3 C4 E4 G4 C5 | D3 A3 D4 F#4 C5 | G3 B3 D4 G4 B4 | G3 Bb3 E4 G4 C#5
F3 A3 D4 A4 D5 | F3 Ab3 D4 F4 B4 | E3 G3 C4 G4 C5 | E3 F3 A3 C4 F4 | D3 F3 A3 C4 F4 | G2 D3 G3 B3 F4
C3 E3 G3 C4 E4
"""
"""Bach, Prelude in C major, BWV 846, the first nineteen bars: the five tones of each bar, which is played twice."""

ODE_PHRASES = (
    "F#5 1 F#5 1 G5 1 A5 1 A5 1 G5 1 F#5 1 E5 1 D5 1 D5 1 E5 1 F#5 1 F#5 1.5 E5 .5 E5 2",
    "F#5 1 F#5 1 G5 1 A5 1 A5 1 G5 1 F#5 1 E5 1 D5 1 D5 1 E5 1 F#5 1 E5 1.5 D5 .5 D5 2",
    "E5 1 E5 1 F#5 1 D5 1 E5 1 F#5 .5 G5 .5 F#5 1 D5 1 E5 1 F#5 .5 G5 .5 F#5 1 E5 1 D5 1 E5 1 A4 2",
)
ODE_CHORDS = ("DDDDDDDADDADDDAA", "DDDDDDDADDADAADD", "AADDAADDAADADEAA")
"""A chord for each beat of each phrase."""
ODE_FORM = (0, 1, 2, 1)
ODE_VOICES = {"D": ("F#4", "A3", "D3"), "A": ("E4", "C#4", "A2"), "E": ("G#4", "B3", "E3")}
"""Alto, tenor and bass of each chord."""

GYMNOPEDIE_TUNE = "- 1 F#5 1 A5 1 G5 1 F#5 1 C#5 1 B4 1 C#5 1 D5 1 A4 3"
"""Bars 5 to 8, which come again as bars 13 to 16; between them F#4 is held."""


def key_of(name: str) -> int:
    """MIDI key of a name such as C#5; C4 is 60."""
    step, sign, octave = name[0], name[1:-1], int(name[-1])
    return 12 * (octave + 1) + STEPS[step] + sign.count("#") - sign.count("b")


def line(text: str, layer: str, program: int, start: float = 0.0, velocity: int = 80) -> list[ScoreNote]:
    """Read a line of names and lengths in quarters, "-" for a rest, from a quarter on."""
    words, notes, beat = text.split(), [], start
    for name, length in zip(words[::2], words[1::2], strict=True):
        if name != "-":
            ticks = round(0.97 * float(length) * TICKS)
            notes.append(ScoreNote(round(beat * TICKS), layer, program, key_of(name), ticks, velocity))
        beat += float(length)
    return notes


def prelude() -> Score:
    """Bach: Prelude in C major, BWV 846, bars 1 to 19."""
    bars, notes = [bar.split() for row in PRELUDE.strip().splitlines() for bar in row.split("|")], []
    for bar, tones in enumerate(bars):
        keys = [key_of(tone) for tone in tones]
        for half in range(2):
            first = (4 * bar + 2 * half) * TICKS
            # The left hand holds its two tones, the right hand plays its three twice.
            notes.append(ScoreNote(first, "bass", PIANO, keys[0], 2 * TICKS - 12, 72))
            notes.append(ScoreNote(first + TICKS // 4, "chords", PIANO, keys[1], 7 * TICKS // 4 - 12, 66))
            for place, key in enumerate(2 * keys[2:]):
                notes.append(ScoreNote(first + (place + 2) * TICKS // 4, "lead", PIANO, key, TICKS // 4 - 6, 76))
    return _score(notes, 4 * len(bars), 66, Meter(0, 4, 4), Key(0, False))


def ode_to_joy() -> Score:
    """Beethoven: the tune of the Ninth Symphony's last movement, set in four parts."""
    notes = []
    for place, phrase in enumerate(ODE_FORM):
        start = 16.0 * place
        notes += line(ODE_PHRASES[phrase], "lead", VIOLIN, start, 96)
        for voice, (layer, program) in enumerate((("chords", VIOLA), ("chords", HORN), ("bass", CELLO))):
            names = [ODE_VOICES[chord][voice] for chord in ODE_CHORDS[phrase]]
            notes += line(" ".join(f"{name} 1" for name in names), layer, program, start, 78)
    return _score(notes, 64, 108, Meter(0, 4, 4), Key(2, False))


def gymnopedie() -> Score:
    """Satie: the first Gymnopédie, bars 1 to 16."""
    notes = line(GYMNOPEDIE_TUNE, "lead", PIANO, 12.0, 84) + line(GYMNOPEDIE_TUNE, "lead", PIANO, 36.0, 84)
    notes += line("F#4 12", "lead", PIANO, 24.0, 70)
    for bar in range(16):
        bass, chord = (("G2", "B3 D4 F#4"), ("D2", "A3 C#4 F#4"))[bar % 2]
        notes += line(f"{bass} 3", "bass", PIANO, 3.0 * bar, 66)
        for name in chord.split():
            notes += line(f"{name} 2", "chords", PIANO, 3.0 * bar + 1, 58)
    return _score(notes, 48, 76, Meter(0, 3, 4), Key(2, False))


SCORES = {"prelude": prelude, "ode_to_joy": ode_to_joy, "gymnopedie": gymnopedie}


def _score(notes: list[ScoreNote], quarters: int, bpm: int, meter: Meter, key: Key) -> Score:
    """A score of one tempo, with a second more in which the last chord rings out."""
    tempo = Tempo(0, round(60 * MICROSECONDS / bpm))
    end = quarters * TICKS + round(MICROSECONDS * TICKS / tempo.microseconds)
    return Score(tuple(notes), end, (tempo,), (meter,), key, (Section(0, "a"),))


def main() -> None:
    """Write the scores as MIDI files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    folder = parser.parse_args().folder
    for name, make in SCORES.items():
        (folder / f"{name}.mid").write_bytes(midi_from_score(make()))


if __name__ == "__main__":
    main()
