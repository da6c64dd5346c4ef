"""A score in words: keys, chords, instruments, tempo and form as musicians read them."""

from __future__ import annotations

from riffusion_inference.notation.notes import DRUMS, LAYERS
from riffusion_inference.notation.score import Chord, Key, Score
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.patterns import DRUM_SETS

from . import strings

SHARP_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
FLAT_NAMES = ("C", "D♭", "D", "E♭", "E", "F", "G♭", "G", "A♭", "A", "B♭", "B")
SHARP_KEYS = frozenset((7, 2, 9, 4, 11, 6))
"""Tonics of the major keys that are written with sharps."""
SUFFIXES: dict[tuple[int, ...], str] = {
    (0,): "",
    (0, 7): "5",
    (0, 4): "",
    (0, 3): "m",
    (0, 4, 7): "",
    (0, 3, 7): "m",
    (0, 3, 6): "dim",
    (0, 4, 8): "aug",
    (0, 2, 7): "sus2",
    (0, 5, 7): "sus4",
    (0, 4, 7, 9): "6",
    (0, 3, 7, 9): "m6",
    (0, 4, 7, 10): "7",
    (0, 4, 7, 11): "maj7",
    (0, 3, 7, 10): "m7",
    (0, 3, 7, 11): "m(maj7)",
    (0, 3, 6, 9): "dim7",
    (0, 3, 6, 10): "m7♭5",
    (0, 4, 8, 10): "aug7",
}
"""What follows a chord's root, by its tones in semitones above the root."""
PROGRAM_NAMES = {instrument.program: name for name, instrument in reversed(INSTRUMENTS.items())}
KIT_NAMES = {program: name for name, program in DRUM_SETS.items()}

LONGEST_NAME = 24
"""Letters of a section's name at most: a MIDI file's markers may be anything."""
MANY_SECTIONS = 12
"""More than this are not all named to a screen reader."""


def pitch_name(pitch_class: int, key: Key | None) -> str:
    """A pitch class, 0 = C, with the sharps or flats of the key.

    >>> pitch_name(10, Key(5, minor=False)), pitch_name(6, Key(4, minor=True))
    ('B♭', 'F♯')
    """
    relative_major = None if key is None else (key.tonic + 3 * key.minor) % 12
    return (SHARP_NAMES if relative_major in SHARP_KEYS else FLAT_NAMES)[pitch_class % 12]


def key_name(key: Key) -> str:
    """A key in words.

    >>> key_name(Key(10, minor=True)), key_name(Key(2, minor=False))
    ('B♭ minor', 'D major')
    """
    return f"{pitch_name(key.tonic, key)} {strings.MINOR if key.minor else strings.MAJOR}"


def chord_name(chord: Chord, key: Key | None) -> str:
    """A chord as a lead sheet writes it; of tones that have no name there, the triad below them.

    >>> chord_name(Chord(0, 9, (0, 3, 7, 10)), None), chord_name(Chord(0, 6, (0, 3, 6, 10)), Key(7, minor=False))
    ('Am7', 'F♯m7♭5')
    """
    tones = tuple(dict.fromkeys(tone % 12 for tone in chord.tones))
    known = next((tones[:count] for count in (len(tones), 3, 2) if tones[:count] in SUFFIXES), (0,))
    return pitch_name(chord.root, key) + SUFFIXES[known]


def instrument_names(score: Score) -> dict[str, list[str]]:
    """Instruments of each layer that plays, in the order of the layers; the ones with the most notes first."""
    counts: dict[tuple[str, int], int] = {}
    for note in score.notes:
        counts[note.layer, note.program] = counts.get((note.layer, note.program), 0) + 1
    names: dict[str, list[str]] = {}
    for (layer, program), _ in sorted(counts.items(), key=lambda item: (LAYERS.index(item[0][0]), -item[1])):
        names.setdefault(layer, []).append(_instrument(layer, program))
    return names


def _instrument(layer: str, program: int) -> str:
    if layer == DRUMS:
        return strings.DRUM_KIT.format(name=KIT_NAMES[program]) if program in KIT_NAMES else strings.PERCUSSION
    return PROGRAM_NAMES.get(program) or strings.OTHER_PROGRAM.format(number=program + 1)


def tempo_text(score: Score) -> str:
    """The tempo up to the end, or the slowest and the fastest where it moves.

    >>> tempo_text(Score((), 480))
    '120 BPM'
    """
    used = sorted(tempo.bpm for tempo in score.tempi if tempo.tick < max(score.end, 1))
    slowest, fastest = (f"{bpm:.1f}".removesuffix(".0") for bpm in (used[0], used[-1]))
    return f"{slowest} BPM" if slowest == fastest else f"{slowest} to {fastest} BPM"


def section_name(name: str) -> str:
    """What a section is called.

    >>> section_name("a"), section_name("ending")
    ('A', 'Ending')
    """
    return f"{name[:1].upper()}{name[1:LONGEST_NAME]}"


def layers_in_words(score: Score) -> dict[str, str]:
    """Who plays, for each layer that does.

    >>> layers_in_words(Score((ScoreNote(0, "lead", 73, 72, 480, 90),), 480))
    {'lead': 'Lead: flute'}
    """
    return {layer: f"{strings.LAYERS[layer]}: {', '.join(names)}" for layer, names in instrument_names(score).items()}


def score_facts(score: Score, n_bars: int | None = None) -> list[str]:
    """Bars, meter, tempo, key and who plays; n_bars where not all of them are meant."""
    n_bars = len(score.bar_lines()) if n_bars is None else n_bars
    meters = ", ".join(dict.fromkeys(f"{meter.beats}/{meter.unit}" for meter in score.meters))
    keys = [key_name(score.key)] if score.key else []
    return [
        strings.counted(strings.ROLL_BARS, n_bars), meters, tempo_text(score), *keys, *layers_in_words(score).values()
    ]  # fmt: skip


def score_in_words(score: Score, name: str, n_bars: int) -> str:
    """All of a piano roll for those who do not see it."""
    facts = score_facts(score, n_bars)
    names = [section_name(one.name) for one in score.sections]
    if len(names) > MANY_SECTIONS:
        names = [*names[: MANY_SECTIONS - 1], strings.ROLL_MORE, names[-1]]
    if names:
        facts.append(strings.ROLL_SECTIONS.format(names=", ".join(names)))
    if score.accents:
        facts.append(strings.counted(strings.ROLL_ACCENTS, len(score.accents)))
    return strings.ROLL_ALT.format(name=name, facts="; ".join(facts))
