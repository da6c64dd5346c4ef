"""The General MIDI instruments that the composer writes for, and the words people use for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """One melodic instrument."""

    name: str
    """As captions say it most often."""
    program: int
    """General MIDI program, 0 to 127."""
    family: str
    """keys, mallets, organ, guitar, strings, voice, brass, reeds, winds, synth, pad, plucked, percussion or bass."""
    low: int
    """Lowest MIDI key that sounds well."""
    high: int
    """Highest MIDI key that sounds well."""
    sustains: bool
    """True: a held note keeps sounding; False: it is struck or plucked and dies away."""
    words: tuple[str, ...] = ()
    """Other ways to say it."""


def _table(family: str, sustains: bool, rows: str) -> list[Instrument]:
    """Read rows of `name;program;low;high;word|word`."""
    instruments = []
    for row in rows.strip().splitlines():
        name, program, low, high, words = row.strip().split(";")
        instruments.append(
            Instrument(
                name, int(program), family, int(low), int(high), sustains, tuple(w for w in words.split("|") if w)
            )
        )
    return instruments


_ALL = [
    *_table(
        "keys",
        False,
        """
        piano;0;45;88;grand piano|pianos|upright piano|ivories|keyboard
        honky-tonk piano;3;45;84;saloon piano|honky tonk|barroom piano
        electric piano;4;45;84;rhodes|e-piano|electric keys|wurlitzer|soft keys
        harpsichord;6;48;84;cembalo|baroque keyboard
        clavinet;7;45;76;clav|funky clav""",
    ),
    *_table(
        "mallets",
        False,
        """
        celesta;8;60;96;celeste
        glockenspiel;9;72;100;glock|orchestral bells|chimes
        music box;10;60;96;musical box|toy box melody|lullaby box
        vibraphone;11;53;89;vibes|vibraharp
        marimba;12;48;84;wooden mallets|balafon
        xylophone;13;65;96;wooden bars
        tubular bells;14;60;79;church bells|bells|carillon
        dulcimer;15;55;84;hammered dulcimer|cimbalom|santur""",
    ),
    *_table(
        "organ",
        True,
        """
        organ;16;48;84;hammond|drawbar organ|electric organ
        church organ;19;40;84;pipe organ|cathedral organ
        accordion;21;53;86;squeezebox|musette
        harmonica;22;60;86;mouth organ|blues harp
        bandoneon;23;53;86;concertina|tango accordion""",
    ),
    *_table(
        "guitar",
        False,
        """
        acoustic guitar;24;43;79;nylon guitar|classical guitar|spanish guitar|fingerpicked guitar
        steel guitar;25;43;81;steel-string guitar|folk guitar|strummed guitar|western guitar
        jazz guitar;26;43;79;hollow-body guitar|mellow guitar
        electric guitar;27;43;81;clean guitar|clean electric guitar|chiming guitar
        muted guitar;28;43;72;palm-muted guitar|chicken scratch guitar""",
    ),
    *_table(
        "guitar",
        True,
        """
        overdriven guitar;29;40;81;overdrive guitar|crunchy guitar|blues rock guitar
        distorted guitar;30;40;81;distortion guitar|heavy guitar|metal guitar|fuzz guitar|power chords""",
    ),
    *_table(
        "strings",
        True,
        """
        violin;40;58;93;violins
        fiddle;110;58;90;folk fiddle|country fiddle
        viola;41;50;82;
        cello;42;38;72;violoncello|cellos
        tremolo strings;44;43;86;trembling strings|shivering strings
        strings;48;40;88;string section|string orchestra|orchestral strings|string ensemble
        slow strings;49;40;86;lush strings|legato strings
        synth strings;50;40;86;string machine|analog strings""",
    ),
    *_table(
        "plucked",
        False,
        """
        pizzicato strings;45;48;86;pizzicato|plucked strings
        harp;46;40;91;concert harp|celtic harp|lyre
        sitar;104;48;79;indian sitar|raga strings
        banjo;105;50;84;five-string banjo|bluegrass picking
        shamisen;106;50;79;japanese lute
        koto;107;48;86;japanese zither|guzheng
        kalimba;108;55;88;thumb piano|mbira""",
    ),
    *_table(
        "voice",
        True,
        """
        choir;52;48;79;choral voices|singers|chorus|voices|choir aahs
        voice;53;52;79;vocal oohs|humming|wordless voice|vocals""",
    ),
    *_table(
        "brass",
        True,
        """
        trumpet;56;55;84;trumpets|horn lead
        trombone;57;40;72;trombones
        tuba;58;28;60;oom-pah tuba
        muted trumpet;59;55;82;harmon trumpet|cup-muted trumpet
        french horn;60;43;77;horn|french horns
        brass section;61;45;82;brass|big band brass|fanfare brass|horn section|horns
        synth brass;62;45;82;analog brass|eighties brass""",
    ),
    *_table(
        "reeds",
        True,
        """
        soprano saxophone;64;56;86;soprano sax
        saxophone;65;50;80;alto sax|sax|alto saxophone
        tenor saxophone;66;46;76;tenor sax|smoky sax
        oboe;68;58;88;hautbois
        english horn;69;52;79;cor anglais
        bassoon;70;36;70;fagott
        clarinet;71;50;86;clarinets|klezmer clarinet
        bagpipes;109;55;79;highland pipes|pipes""",
    ),
    *_table(
        "winds",
        True,
        """
        piccolo;72;72;102;piccolo flute
        flute;73;60;93;flutes|transverse flute
        recorder;74;62;90;blockflute
        pan flute;75;60;88;pan pipes|andean flute|zampona
        shakuhachi;77;57;84;bamboo flute|japanese flute
        whistle;78;67;93;tin whistle|whistling
        ocarina;79;62;88;clay flute""",
    ),
    *_table(
        "synth",
        True,
        """
        square lead;80;48;90;chiptune lead|square wave|8-bit lead|pulse wave
        saw lead;81;48;90;synth lead|sawtooth lead|supersaw|lead synth
        synth;90;45;84;polysynth|synthesizer|analog synth|synths""",
    ),
    *_table(
        "pad",
        True,
        """
        warm pad;89;40;84;soft pad|analog pad|synth pad|pads
        new age pad;88;45;84;glassy pad|fantasia
        choir pad;91;45;82;vocal pad|ethereal voices
        bowed pad;92;45;82;glass harmonica|bowed glass
        metallic pad;93;40;79;cold pad|dark pad
        halo pad;94;45;84;airy pad|angelic pad
        sweep pad;95;40;82;filter sweep|swelling pad|evolving pad""",
    ),
    *_table(
        "plucked",
        False,
        """
        crystal synth;98;55;93;crystal bells|icy plucks|sparkling synth
        steel drums;114;55;84;steel pan|steelpan""",
    ),
    *_table(
        "percussion",
        False,
        """
        timpani;47;36;57;kettledrums|orchestral drums
        taiko;116;36;60;taiko drums|war drums""",
    ),
    *_table(
        "bass",
        False,
        """
        double bass;32;28;52;upright bass|acoustic bass|contrabass
        bass guitar;33;28;52;electric bass|bass
        fretless bass;35;28;55;smooth bass
        slap bass;36;28;52;popping bass|funk bass""",
    ),
    *_table(
        "bass",
        True,
        """
        synth bass;38;26;52;sub bass|bass synth|808 bass|deep bass
        acid bass;39;28;55;squelchy bass|303""",
    ),
]

INSTRUMENTS: dict[str, Instrument] = {instrument.name: instrument for instrument in _ALL}
