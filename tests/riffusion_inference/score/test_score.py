"""A score keeps exact time, refuses what cannot be played, and comes back whole from JSON and from MIDI."""

from __future__ import annotations

import contextlib
import io
from fractions import Fraction

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riffusion_inference.errors import ScoreError
from riffusion_inference.notation.notes import LAYERS
from riffusion_inference.notation.score import Accent, Chord, Key, Meter, Score, ScoreNote, Section, Tempo
from riffusion_inference.score.midi import midi_from_score, score_from_midi


def example() -> Score:
    notes = [ScoreNote(480 * place, "lead", 73, 72 + place, 400, 90) for place in range(8)]
    notes += [ScoreNote(1920 * bar, "chords", 0, key, 1900, 60) for bar in range(2) for key in (48, 52, 55)]
    notes += [ScoreNote(0, "bass", 33, 36, 3840, 100), ScoreNote(960, "drums", 25, 38, 48, 110)]
    return Score(
        notes=tuple(reversed(notes)),
        end=3840,
        tempi=(Tempo(0, 600_000), Tempo(1920, 587_321)),
        meters=(Meter(0, 4, 4), Meter(1920, 6, 8)),
        key=Key(9, minor=True),
        sections=(Section(0, "a"), Section(1920, "ending")),
        chords=(Chord(0, 9, (0, 3, 7)), Chord(1920, 4, (0, 4, 7, 10))),
        accents=(Accent(1920, 0.8),),
    )


def test_time_is_exact_and_bars_follow_the_meter() -> None:
    score = example()
    assert score.seconds(1920) == Fraction(12, 5)
    assert score.duration == Fraction(12, 5) + Fraction(4 * 587_321, 1_000_000)
    assert score.tick_at(score.seconds(2345)) == 2345
    assert score.bar_lines() == [0, 1920, 1920 + 1440]
    assert [note.tick for note in score.notes] == sorted(note.tick for note in score.notes)
    played = score.played()
    assert played[0].start == 0
    assert {note.layer for note in played} == set(LAYERS)


def test_a_score_comes_back_from_json_and_from_midi() -> None:
    score = example()
    assert Score.from_json(score.to_json()) == score
    reading = score_from_midi(midi_from_score(score))
    assert reading.score == score
    assert reading.notes == ()


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Any score whose keys are not struck and let go while they are held."""
    notes, free = [], {}
    for _ in range(draw(st.integers(0, 30))):
        layer, program = draw(st.sampled_from(LAYERS)), draw(st.integers(0, 2))
        key, length = draw(st.integers(0, 127)), draw(st.integers(1, 2000))
        tick = draw(st.integers(0, 5000)) + free.get((layer, program, key), 0)
        # Drums share a channel, so that a key of one set is held by a key of another.
        free[layer, program, key] = free[layer, program, key] = tick + length
        if layer == "drums":
            free |= {(layer, other, key): tick + length for other in range(3)}
        notes.append(ScoreNote(tick, layer, program, key, length, draw(st.integers(1, 127))))
    return Score(tuple(notes), draw(st.integers(0, 9000)), ticks_per_quarter=draw(st.integers(1, 32767)))


@given(scores())
@settings(max_examples=60, deadline=None)
def test_any_score_comes_back(score: Score) -> None:
    assert Score.from_json(score.to_json()) == score
    assert score_from_midi(midi_from_score(score)).score == score


def test_another_library_reads_it_alike() -> None:
    pretty_midi = pytest.importorskip("pretty_midi")
    score = example()
    read = pretty_midi.PrettyMIDI(io.BytesIO(midi_from_score(score)))
    theirs = sorted((round(n.start, 4), n.pitch, n.velocity) for i in read.instruments for n in i.notes)
    ours = sorted((round(note.start, 4), note.key, note.velocity) for note in score.played())
    assert len(theirs) == len(ours)
    for one, other in zip(theirs, ours, strict=True):
        assert one == pytest.approx(other, abs=2e-4)
    assert read.key_signature_changes[0].key_number == 12 + 9


def foreign(*tracks: list[mido.Message]) -> bytes:
    """A file as another program writes it."""
    file = mido.MidiFile(ticks_per_beat=96)
    file.tracks += [mido.MidiTrack(track) for track in tracks]
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def test_the_pedal_volumes_and_layers_of_a_foreign_file() -> None:
    on, off, control = (
        lambda key, time, channel=0, velocity=100: mido.Message(
            "note_on", note=key, time=time, channel=channel, velocity=velocity
        ),
        lambda key, time, channel=0: mido.Message("note_on", note=key, time=time, channel=channel, velocity=0),
        lambda number, value, time=0, channel=0: mido.Message(
            "control_change", control=number, value=value, time=time, channel=channel
        ),
    )
    piano = [control(64, 127), on(76, 0), off(76, 48), on(76, 48), off(76, 48), control(64, 0, 48)]
    left = [on(48, 0, 1), on(55, 0, 1), off(48, 96, 1), off(55, 0, 1)]
    bass = [mido.Message("program_change", program=33, channel=2), control(7, 50, 0, 2), on(30, 0, 2), off(30, 96, 2)]
    drums = [on(38, 0, 9), off(38, 10, 9), mido.Message("pitchwheel", pitch=99, channel=0)]
    reading = score_from_midi(foreign(piano, left, bass, drums))
    by_layer = {layer: [note for note in reading.score.notes if note.layer == layer] for layer in LAYERS}
    assert [(note.tick, note.ticks) for note in by_layer["lead"]] == [(0, 96), (96, 96)]
    assert [note.key for note in by_layer["chords"]] == [48, 55]
    assert [note.velocity for note in by_layer["bass"]] == [25]
    assert [note.key for note in by_layer["drums"]] == [38]
    assert reading.notes == ("Pitch bends are not painted.",)


def test_what_cannot_be_read_or_played_is_refused_with_a_sentence() -> None:
    whole = midi_from_score(example())
    for data in (b"", b"RIFF0000", whole[:40], whole[:14] + b"MTrk\xff\xff\xff\xff"):
        with pytest.raises(ScoreError, match="MIDI file"):
            score_from_midi(data)
    for text in ("", "[]", "{}", '{"format": "riffusion-dub score"}'):
        with pytest.raises(ScoreError):
            Score.from_json(text)
    with pytest.raises(ScoreError, match="velocity is 0"):
        Score((ScoreNote(0, "lead", 0, 60, 10, 0),), 100)
    with pytest.raises(ScoreError, match="still held"):
        Score((ScoreNote(0, "lead", 0, 60, 100, 90), ScoreNote(10, "lead", 0, 60, 10, 90)), 100)
    many = tuple(ScoreNote(0, "lead", program, 60, 10, 90) for program in range(16))
    with pytest.raises(ScoreError, match="15 channels"):
        midi_from_score(Score(many, 100))


@given(st.binary(max_size=200))
@settings(max_examples=80, deadline=None)
def test_damaged_files_are_refused_and_never_crash(noise: bytes) -> None:
    whole = midi_from_score(example())
    for data in (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk" + noise, whole[: 30 + len(noise)] + noise):
        with contextlib.suppress(ScoreError):
            score_from_midi(data)
