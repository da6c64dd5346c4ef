"""Known music goes into MIDI and comes back, two other libraries read it alike, and any program's files are read."""

from __future__ import annotations

import io
import struct

import mido
import pretty_midi
import pytest

from examples.scores import SCORES
from riffusion_inference.errors import ScoreError
from riffusion_inference.notation.score import Score
from riffusion_inference.score.midi import MAX_BYTES, midi_from_score, score_from_midi
from tests.fixtures_beside import EXAMPLES

TEMPO_120 = b"\x00\xff\x51\x03\x07\xa1\x20"
END = b"\x00\xff\x2f\x00"


def chunk(events: bytes) -> bytes:
    """A track with an end."""
    return b"MTrk" + struct.pack(">I", len(events + END)) + events + END


def midi(*tracks: bytes, kind: int = 1, division: int = 96) -> bytes:
    """A file byte by byte, as another program may write it."""
    return b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division & 0xFFFF) + b"".join(map(chunk, tracks))


def heard(score: Score) -> list[tuple[float, float, int]]:
    """(start, length, key) of every note, in seconds."""
    return [(round(note.start, 4), round(note.duration, 4), note.key) for note in score.played()]


@pytest.mark.parametrize("name", SCORES)
def test_known_music_comes_back_and_other_libraries_hear_the_same(name: str) -> None:
    score = SCORES[name]()
    data = (EXAMPLES / f"{name}.mid").read_bytes()
    assert data == midi_from_score(score)
    assert score_from_midi(data).score == score
    theirs = pretty_midi.PrettyMIDI(io.BytesIO(data))
    notes = sorted((note.start, note.end, note.pitch) for one in theirs.instruments for note in one.notes)
    ours = sorted((note.start, note.start + note.duration, note.key) for note in score.played())
    assert len(notes) == len(ours)
    for one, other in zip(notes, ours, strict=True):
        assert one == pytest.approx(other, abs=2e-3)
    assert theirs.time_signature_changes[0].numerator == score.meters[0].beats
    strikes = [m for m in mido.MidiFile(file=io.BytesIO(data)) if m.type == "note_on" and m.velocity]
    assert len(strikes) == len(score.notes)
    assert mido.MidiFile(file=io.BytesIO(data)).length == pytest.approx(float(score.duration), abs=1e-3)


def test_the_prelude_is_the_prelude() -> None:
    """The first bar's tones in the order in which they are heard, twice; the last bar is home."""
    score = SCORES["prelude"]()
    bar = sorted((note.tick, note.key) for note in score.notes if note.tick < 1920)
    assert [key for _, key in bar] == 2 * [60, 64, 67, 72, 76, 67, 72, 76]
    assert len(score.bar_lines()) >= 19
    assert {note.key % 12 for note in score.notes if note.tick >= 18 * 1920} == {0, 4, 7}


def test_type_0_with_running_status_and_no_tempo_is_read() -> None:
    # Two notes of half a second at the usual 120 BPM, the second strike and both releases without a status byte.
    events = b"\x00\x90\x3c\x40\x60\x3c\x00\x00\x40\x40\x60\x40\x00"
    reading = score_from_midi(midi(events, kind=0))
    assert heard(reading.score) == [(0.0, 0.5, 60), (0.5, 0.5, 64)]
    assert reading.notes == ()


def test_empty_tracks_and_tempi_midway_are_read() -> None:
    tempi = TEMPO_120 + b"\x60\xff\x51\x03\x0f\x42\x40"
    notes = b"\x00\x90\x3c\x40\x60\x80\x3c\x00\x00\x90\x3e\x40\x60\x80\x3e\x00"
    reading = score_from_midi(midi(tempi, b"", notes, b""))
    assert heard(reading.score) == [(0.0, 0.5, 60), (0.5, 1.0, 62)]


def test_a_key_struck_again_while_it_is_held_sounds_again() -> None:
    events = b"\x00\x90\x3c\x40\x30\x90\x3c\x50\x30\x80\x3c\x00\x30\x80\x3c\x00"
    score = score_from_midi(midi(events)).score
    assert [(note.tick, note.velocity) for note in score.notes] == [(0, 64), (48, 80)]
    assert max(note.tick + note.ticks for note in score.notes) == 144


def test_an_instrument_that_changes_midway_is_two_instruments() -> None:
    events = b"\x00\xc0\x49\x00\x90\x3c\x40\x60\x80\x3c\x00\x00\xc0\x28\x00\x90\x40\x40\x60\x80\x40\x00"
    score = score_from_midi(midi(events)).score
    assert [(note.tick, note.program) for note in score.notes] == [(0, 73), (96, 40)]


def test_bends_lyrics_and_notes_without_an_end_are_said_to_be_lost() -> None:
    events = b"\x00\xe0\x00\x50\x00\xb0\x41\x7f\x00\xb0\x64\x02\x00\xff\x05\x02la"
    events += b"\x00\x90\x3c\x40\x60\x90\x3e\x40\x60\x80\x3e\x00"
    reading = score_from_midi(midi(events))
    assert len(reading.score.notes) == 2
    assert set(reading.notes) == {
        "Pitch bends are not painted.",
        "Glides from key to key are not painted.",
        "Tunings are not painted.",
        "Lyrics are not kept.",
        "Some notes are never let go; they last to the end.",
    }


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (midi(b"", kind=2), "type 2"),
        (midi(b"", division=0xE728), "ticks of a quarter note"),
        (midi(b"", division=0), "ticks of a quarter note"),
        (b"\x00" * (MAX_BYTES + 1), f"may have at most {MAX_BYTES}"),
        (midi(b"\x00\x90\x3c\x40")[:-6], "it ends too soon"),
        (b"RIFF" + midi(b""), "MIDI file"),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ScoreError, match=sentence) as refused:
        score_from_midi(data)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_file_without_notes_and_one_of_days_are_read_as_what_they_are() -> None:
    assert score_from_midi(midi(b"")).score.notes == ()
    days = score_from_midi(midi(b"\x00\x90\x3c\x40\xff\xff\xff\x7f\x80\x3c\x00"))
    assert days.score.duration > 100_000
