# ruff: noqa: E501
"""Drum grooves, bass lines and chord rhythms, each a bar of sixteenths."""

from __future__ import annotations

KICK, SNARE, STICK, CLAP, HAT, PEDAL, OPEN, RIDE, CRASH = 36, 38, 37, 39, 42, 44, 46, 51, 49
TOM_LOW, TOM_MID, TOM_HIGH, BRUSH, SHAKER, TAMBOURINE, COWBELL = 41, 45, 48, 40, 70, 54, 56
CONGA_LOW, CONGA_HIGH, CONGA_MUTE, BONGO, CLAVES, GUIRO, CABASA, AGOGO, TIMBALE, TRIANGLE = (
    64,
    63,
    62,
    60,
    75,
    73,
    69,
    67,
    65,
    81,
)

DRUM_SETS = {
    "standard": 0,
    "room": 8,
    "power": 16,
    "electronic": 24,
    "tr808": 25,
    "jazz": 32,
    "brush": 40,
    "orchestra": 48,
}

# Each groove: drum set and, for each drum, one character a sixteenth: "." rest, 1 to 9 loudness.
Groove = tuple[str, dict[int, str]]
DRUMS: dict[str, Groove] = {
    "four": ("tr808", {KICK: "9...9...9...9...", HAT: "..6...6...6...6.", CLAP: "....7.......7...", SHAKER: "3434343434343434"}),
    "house": ("electronic", {KICK: "9...9...9...9...", OPEN: "..7...7...7...7.", CLAP: "....8.......8...", HAT: "5.5.5.5.5.5.5.5."}),
    "lofi": ("room", {KICK: "8......4..7.....", STICK: "....7.......7...", HAT: "5.4.5.4.5.4.5.4."}),
    "hiphop": ("standard", {KICK: "9..4......8..5..", SNARE: "....9.......9...", HAT: "6.5.6.5.6.5.6.56"}),
    "trap": ("tr808", {KICK: "9.....4...7.....", CLAP: "........9.......", HAT: "6565656565666565", OPEN: "..............5."}),
    "rock": ("power", {KICK: "9.......9.8.....", SNARE: "....9.......9...", HAT: "7.6.7.6.7.6.7.6."}),
    "metal": ("power", {KICK: "9999999999999999", SNARE: "....9.......9...", CRASH: "8...............", RIDE: "7...7...7...7..."}),
    "jazz": ("jazz", {RIDE: "7...6.5.7...6.5.", PEDAL: "....6.......6...", KICK: "4.......3......."}),
    "shuffle": ("standard", {KICK: "8.......7.......", SNARE: "....8.......8...", HAT: "6..56..56..56..5"}),
    "funk": ("standard", {KICK: "9.5...6...9..5..", SNARE: "....9..3.3..9...", HAT: "7567756775677567"}),
    "pop": ("standard", {KICK: "9.....6.8.......", SNARE: "....8.......8...", HAT: "6.5.6.5.6.5.6.5."}),
    "eighties": ("electronic", {KICK: "9.......9.......", SNARE: "....9.......9...", HAT: "6.6.6.6.6.6.6.6."}),
    "reggae": ("standard", {KICK: "........9.......", STICK: "........8.......", HAT: "..6...6...6...6."}),
    "ska": ("standard", {KICK: "8.......8.......", SNARE: "....8.......8...", HAT: "..7...7...7...7."}),
    "bossa": ("brush", {KICK: "6..56..56..56..5", STICK: "6..6..6...6..6..", HAT: "4343434343434343"}),
    "salsa": ("standard", {CONGA_HIGH: "..5...77..5...77", CONGA_LOW: "........5.......", CLAVES: "7..7...7..7.7...", COWBELL: "6...6...6...6..."}),
    "brushes": ("brush", {SNARE: "....6.......6...", BRUSH: "4.3.4.3.4.3.4.3.", KICK: "6.......6......."}),
    "train": ("standard", {SNARE: "4346434643464346", KICK: "8...8...8...8..."}),
    "bodhran": ("room", {TOM_LOW: "8..5..8..5..8.5.", TAMBOURINE: "..4...4...4...4."}),
    "orchestral": ("orchestra", {TOM_LOW: "7...............", CRASH: "5..............."}),
    "epic": ("orchestra", {TOM_LOW: "9...6.6.9...6.66", TOM_MID: "....7.......7...", KICK: "9.......9.......", CRASH: "6..............."}),
    "march": ("orchestra", {SNARE: "8.668.668.668666", KICK: "8.......8.......", CRASH: "6.......6......."}),
    "dnb": ("standard", {KICK: "9.........9.....", SNARE: "....9..4.4..9...", HAT: "6.6.6.6.6.6.6.6.", RIDE: "5...5...5...5..."}),
    "tabla": ("standard", {BONGO: "7..5..7.5.7.5.5.", CONGA_LOW: "8.......6.......", CONGA_MUTE: "..4...4...4...4."}),
    "taiko": ("orchestra", {TOM_LOW: "9.......6.6.....", TOM_MID: "....5..........."}),
    "african": ("standard", {CONGA_HIGH: "7..7..7...7.7...", CONGA_LOW: "....6.......6.6.", SHAKER: "5353535353535353", AGOGO: "6..6..6...6..6..", KICK: "8.......8......."}),
    "latin": ("standard", {KICK: "8.....6.8.....6.", STICK: "...6..6....6..6.", SHAKER: "5454545454545454", CONGA_HIGH: "..5...6...5...6."}),
}  # fmt: skip

# Bass and chord rhythms: one character a sixteenth. Bass: R root, F fifth, O octave, A approach, W walking tone.
# Chords: C whole chord, U its upper notes, 0 to 3 one chord note. "-" holds what sounds, "." is silence.
BASS: dict[str, str] = {
    "none": "................",
    "offbeat": "..R-..R-..R-..R-",
    "simple": "R-----R-R---F---",
    "long": "R---------------",
    "drone": "R---------------",
    "eighths": "R.R.R.R.R.R.R.R.",
    "walking": "R---W---F---A---",
    "funk": "R.R..O.R..R.F.O.",
    "octaves": "R.O.R.O.R.O.R.O.",
    "reggae": "....R-.RF---R-..",
    "bossa": "R----.F-F----.R-",
    "tumbao": "......F-....R---",
    "quarters": "R-..F-..R-..F-..",
    "country": "R---....F---....",
    "waltz": "R---........",
}
CHORDS: dict[str, str] = {
    "stab": "..C...C...C..C..",
    "pad": "C---------------",
    "drone": "C---------------",
    "halves": "C-------C-------",
    "beats": "C---C---C---C---",
    "lazy": "C-----U---C-----",
    "power": "C.C.C.C.C.C.C.C.",
    "chug": "C.CCC.CCC.CCC.CC",
    "comp": "C-....C-....C-..",
    "scratch": "..C.C.C...C.C.C.",
    "eighth": "C-U-C-U-C-U-C-U-",
    "arpeggio": "0.1.2.3.0.1.2.3.",
    "skank": "..C...C...C...C.",
    "bossa": "C-.C-..C-.C-.C-.",
    "montuno": "0.12.3.12.1.3.2.",
    "quarter": "C-..C-..C-..C-..",
    "alberti": "0-2-1-2-0-2-1-2-",
    "pick": "0-2-1-3-0-2-1-2-",
    "strum": "C---U-U-C---U-UU",
    "waltz": "....C-..C-..",
    "offbeat": "....C.......C...",
    "sparse": "C---....2---....",
}
