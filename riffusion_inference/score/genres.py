# ruff: noqa: E501
"""What each kind of music is made of: tempo, mode, instruments, drum pattern and playing styles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Genre:
    """How pieces of one kind are drawn."""

    name: str
    """As captions say it most often."""
    words: tuple[str, ...]
    """Other ways to say it."""
    weight: float
    """How often it is drawn, relative to the others."""
    tempo: tuple[int, int]
    """Slowest and fastest, BPM."""
    minor: float
    """Share of pieces in minor."""
    drums: float
    """Share of pieces with drums."""
    kits: tuple[str, ...]
    """Drum patterns to draw from, names in patterns.DRUMS."""
    leads: tuple[str, ...]
    """Instruments that carry the melody."""
    chords: tuple[str, ...]
    """Instruments that play the chords; "" for none."""
    basses: tuple[str, ...]
    """Bass instruments; "" for none."""
    bass_style: str
    """Name in patterns.BASS."""
    chord_style: str
    """Name in patterns.CHORDS."""
    textures: tuple[str, ...]
    """What the lead does: melody, arpeggio, ostinato, drone, riff or chords."""
    moods: tuple[str, ...]
    """Moods that this kind of music leans to."""
    reverb: float = 0.2
    """Share of reverberation, 0 to 1."""
    swing: float = 0.0
    """How late the off-beat eighth comes, in eighths."""
    meter: int = 4
    """Beats in a bar."""


def _genre(name: str, words: str, weight: float, tempo: tuple[int, int], minor: float, drums: float, kits: str,
           leads: str, chords: str, basses: str, styles: str, textures: str, moods: str,
           **more: float) -> Genre:  # fmt: skip
    """Build a Genre from comma lists; styles is `bass style, chord style`."""

    def split(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",")) if text else ()

    bass_style, chord_style = split(styles)
    return Genre(name, split(words), weight, tempo, minor, drums, split(kits), split(leads), split(chords), split(basses),
                 bass_style, chord_style, split(textures), split(moods), **more)  # type: ignore[arg-type]  # fmt: skip


_ALL = (
    _genre("techno", "techno track, warehouse techno, rave music", 3, (120, 140), 0.8, 1, "four",
           "saw lead,synth,crystal synth,square lead", "synth,sweep pad,", "synth bass,acid bass", "offbeat,stab",
           "riff,ostinato,arpeggio", "energetic,dark,hypnotic", reverb=0.2),
    _genre("house", "house music, deep house, club music, dance music, edm", 2.5, (118, 128), 0.5, 1, "four,house",
           "piano,synth,saw lead,electric piano", "electric piano,organ,piano", "synth bass", "offbeat,stab",
           "riff,melody,chords", "happy,energetic,uplifting"),
    _genre("ambient", "ambient music, ambient soundscape, atmospheric music, soundscape, space music", 3, (56, 80), 0.5, 0, "",
           "warm pad,halo pad,choir pad,bowed pad,new age pad,slow strings", "sweep pad,warm pad,choir pad,", ",synth bass",
           "drone,pad", "drone,melody,chords", "calm,dreamy,mysterious", reverb=0.55),
    _genre("lo-fi", "lofi, lo-fi beat, lo-fi hip hop, lofi beats to study to, chillhop, study beats, chill beat", 3, (66, 90), 0.6, 1,
           "lofi", "electric piano,piano,jazz guitar,vibraphone", "electric piano,jazz guitar,warm pad",
           "bass guitar,double bass", "simple,lazy", "melody,chords", "calm,nostalgic,warm", swing=0.25),
    _genre("hip hop", "hip-hop, hip hop beat, boom bap, rap beat", 2, (82, 100), 0.75, 1, "hiphop",
           "piano,strings,flute,electric piano,brass section", "strings,electric piano,", "synth bass,bass guitar", "simple,stab",
           "riff,ostinato,melody", "dark,confident,energetic", swing=0.15),
    _genre("trap", "trap beat, trap music, drill", 1.5, (66, 78), 0.9, 1, "trap", "flute,tubular bells,piano,strings,choir",
           ",strings,choir pad", "synth bass", "long,pad", "ostinato,arpeggio,melody", "dark,tense,confident"),
    _genre("rock", "rock music, rock song, guitar rock, indie rock", 2.5, (105, 145), 0.45, 1, "rock",
           "overdriven guitar,electric guitar,organ", "distorted guitar,overdriven guitar,electric guitar", "bass guitar",
           "eighths,power", "riff,melody,chords", "energetic,confident,happy", reverb=0.15),
    _genre("metal", "heavy metal, metal music, thrash", 1.5, (130, 180), 0.95, 1, "metal", "distorted guitar,overdriven guitar",
           "distorted guitar", "bass guitar", "eighths,chug", "riff,melody", "angry,dark,energetic", reverb=0.12),
    _genre("jazz", "jazz music, smooth jazz, jazz trio, bebop, cool jazz", 2.5, (95, 170), 0.5, 0.85, "jazz",
           "saxophone,tenor saxophone,trumpet,muted trumpet,piano,vibraphone,clarinet,jazz guitar", "piano,jazz guitar,vibraphone",
           "double bass", "walking,comp", "melody", "warm,romantic,playful", swing=0.33),
    _genre("swing", "big band, swing music, big band swing", 1, (125, 190), 0.25, 1, "jazz", "brass section,clarinet,trombone,trumpet",
           "piano,brass section", "double bass", "walking,comp", "melody,riff", "happy,energetic,playful", swing=0.33),
    _genre("blues", "blues music, slow blues, delta blues, twelve-bar blues", 1.5, (66, 112), 0.4, 0.7, "shuffle",
           "overdriven guitar,harmonica,electric guitar,piano,tenor saxophone", "organ,piano,electric guitar", "bass guitar,double bass",
           "walking,comp", "melody,riff", "sad,nostalgic,warm", swing=0.33),
    _genre("funk", "funk music, funky groove, funky", 1.5, (94, 115), 0.6, 1, "funk", "brass section,clavinet,saxophone,organ",
           "clavinet,muted guitar,electric piano", "slap bass,bass guitar", "funk,scratch", "riff,melody", "playful,energetic,confident"),
    _genre("disco", "disco music, seventies disco, nu disco", 1.5, (112, 126), 0.5, 1, "four,house",
           "strings,brass section,saxophone,synth strings", "electric piano,muted guitar,piano", "bass guitar,slap bass", "octaves,scratch",
           "melody,riff", "happy,energetic,uplifting"),
    _genre("pop", "pop music, pop song, catchy pop", 2, (90, 126), 0.35, 1, "pop", "piano,electric guitar,synth,voice,saw lead",
           "piano,steel guitar,electric piano,warm pad", "bass guitar,synth bass", "simple,eighth", "melody,riff,chords",
           "happy,uplifting,romantic"),
    _genre("synthwave", "retrowave, eighties synth, 80s synth music, outrun", 2, (84, 118), 0.8, 1, "eighties",
           "saw lead,synth brass,synth,square lead", "synth strings,warm pad,synth", "synth bass", "eighths,pad",
           "arpeggio,melody,riff", "nostalgic,dreamy,dark", reverb=0.3),
    _genre("chiptune", "8-bit music, video game music, chip music, retro game music", 1.5, (120, 188), 0.4, 0.7, "four,rock",
           "square lead", "square lead,", "square lead,synth bass", "octaves,arpeggio", "melody,arpeggio",
           "happy,playful,energetic", reverb=0.03),
    _genre("reggae", "reggae music, dub reggae, roots reggae", 1.5, (66, 84), 0.5, 1, "reggae", "organ,trombone,harmonica,saxophone",
           "electric guitar,organ,muted guitar", "bass guitar", "reggae,skank", "melody,riff", "happy,calm,warm"),
    _genre("ska", "ska music, ska punk", 0.7, (125, 168), 0.2, 1, "ska", "trombone,trumpet,saxophone,brass section",
           "electric guitar,organ", "bass guitar", "walking,skank", "melody,riff", "happy,energetic,playful"),
    _genre("bossa nova", "bossa, latin jazz, brazilian jazz, lounge music", 1.5, (62, 84), 0.45, 0.8, "bossa",
           "flute,acoustic guitar,saxophone,voice", "acoustic guitar", "double bass", "bossa,bossa", "melody", "romantic,calm,warm"),
    _genre("salsa", "latin music, salsa dance, cuban music, latin dance", 1.2, (88, 110), 0.6, 1, "salsa",
           "trumpet,trombone,piano,flute", "piano", "double bass,bass guitar", "tumbao,montuno", "melody,riff", "happy,energetic,playful"),
    _genre("tango", "tango music, argentine tango", 1, (110, 132), 0.95, 0, "", "bandoneon,violin,accordion", "piano,bandoneon",
           "double bass", "quarters,quarter", "melody", "romantic,dramatic,sad"),
    _genre("classical piano", "solo piano, piano solo, piano music, piano piece, neoclassical piano", 3, (60, 110), 0.5, 0, "", "piano",
           "piano", "", "none,alberti", "melody,arpeggio,chords", "calm,sad,romantic", reverb=0.3),
    _genre("baroque", "baroque music, harpsichord music, bach style", 1.2, (80, 120), 0.5, 0, "",
           "harpsichord,violin,recorder,oboe", "harpsichord", "cello", "quarters,alberti", "melody,arpeggio", "playful,confident,serious",
           reverb=0.25),
    _genre("orchestral", "orchestra, symphonic music, classical music, symphony, orchestral film music", 3, (66, 112), 0.5, 0.15, "orchestral",
           "violin,flute,oboe,clarinet,french horn,cello,strings", "strings,slow strings", "cello,double bass", "long,pad",
           "melody,ostinato", "romantic,dramatic,calm", reverb=0.35),
    _genre("epic", "epic trailer, trailer music, cinematic, epic cinematic music, blockbuster score, heroic score", 2.5, (76, 140), 0.8, 0.9,
           "epic", "brass section,french horn,choir,strings", "strings,choir,brass section", "cello,tuba", "long,pad",
           "melody,ostinato", "epic,dramatic,tense", reverb=0.4),
    _genre("horror", "horror score, scary music, horror film music, suspense, thriller score", 2, (56, 84), 1, 0.1, "orchestral",
           "tremolo strings,celesta,choir,music box,violin", "metallic pad,tremolo strings,bowed pad", "cello,synth bass",
           "drone,pad", "drone,ostinato,melody", "tense,scary,dark", reverb=0.45),
    _genre("folk", "folk music, acoustic folk, singer-songwriter, campfire song", 2, (76, 120), 0.35, 0.25, "brushes",
           "acoustic guitar,steel guitar,fiddle,harmonica,flute", "steel guitar,acoustic guitar", "double bass,", "simple,pick",
           "melody,arpeggio", "warm,calm,nostalgic"),
    _genre("country", "country music, bluegrass, western music, americana", 1.5, (95, 150), 0.1, 0.75, "train",
           "fiddle,banjo,steel guitar,harmonica", "steel guitar,banjo", "bass guitar,double bass", "country,strum", "melody,arpeggio",
           "happy,warm,playful"),
    _genre("celtic", "irish music, celtic music, irish jig, scottish music", 1.5, (104, 140), 0.4, 0.4, "bodhran",
           "fiddle,whistle,bagpipes,harp,accordion", "steel guitar,harp,", "cello,", "long,strum", "melody", "happy,playful,nostalgic",
           reverb=0.25),
    _genre("waltz", "waltz music, viennese waltz, ballroom waltz", 1, (100, 168), 0.3, 0, "",
           "violin,accordion,strings,clarinet,piano", "strings,piano,accordion", "double bass,cello", "waltz,waltz", "melody",
           "romantic,happy,nostalgic", reverb=0.3, meter=3),
    _genre("lullaby", "lullaby music, bedtime music, baby music, nursery song", 1.5, (60, 84), 0.15, 0, "",
           "music box,celesta,glockenspiel,harp,kalimba", "harp,warm pad,", "", "none,alberti", "melody,arpeggio",
           "calm,dreamy,warm", reverb=0.3),
    _genre("march", "military march, marching band, parade music", 1, (104, 126), 0.2, 1, "march", "trumpet,piccolo,brass section,trombone",
           "brass section,french horn", "tuba", "quarters,offbeat", "melody", "confident,happy,epic"),
    _genre("drum and bass", "drum'n'bass, dnb, jungle, breakbeat", 1.5, (164, 180), 0.8, 1, "dnb", "sweep pad,synth,saw lead,electric piano",
           "warm pad,synth strings,", "synth bass,acid bass", "long,pad", "riff,melody,chords", "energetic,dark,hypnotic"),
    _genre("trance", "trance music, uplifting trance, psytrance", 1.2, (132, 144), 0.8, 1, "four", "saw lead,crystal synth,synth",
           "sweep pad,synth strings,choir pad", "synth bass", "offbeat,pad", "arpeggio,ostinato", "uplifting,energetic,dreamy", reverb=0.35),
    _genre("indian", "indian classical, raga, indian music, bollywood", 1, (72, 116), 0.6, 0.6, "tabla", "sitar,flute,violin",
           "warm pad,", ",cello", "drone,drone", "melody", "mysterious,calm,hypnotic", reverb=0.3),
    _genre("japanese", "japanese music, traditional japanese, asian music, zen music, chinese music", 1.2, (60, 96), 0.7, 0.15, "taiko",
           "koto,shakuhachi,shamisen", "koto,warm pad,", "", "none,sparse", "melody,arpeggio", "calm,mysterious,serious", reverb=0.35),
    _genre("african", "african music, afrobeat, world music, tribal music", 1.2, (98, 126), 0.3, 1, "african", "kalimba,marimba,brass section,flute",
           "marimba,kalimba,electric guitar", "bass guitar", "funk,arpeggio", "ostinato,melody,riff", "happy,playful,energetic"),
    _genre("caribbean", "calypso, tropical music, island music, beach music", 1.2, (96, 120), 0.1, 0.9, "latin", "steel drums,flute,marimba",
           "electric guitar,steel drums,marimba", "bass guitar", "tumbao,skank", "melody,arpeggio", "happy,warm,playful"),
    _genre("church music", "sacred music, hymn, gospel choir, gregorian chant, organ music", 1.2, (56, 84), 0.4, 0, "",
           "church organ,choir", "choir,church organ,", "", "none,pad", "chords,melody", "serious,calm,epic", reverb=0.55),
    _genre("corporate", "corporate background, motivational music, presentation music, inspirational music", 1.2, (100, 124), 0.05, 0.7,
           "pop", "piano,muted guitar,glockenspiel,marimba", "warm pad,muted guitar,strings", "bass guitar", "eighths,eighth",
           "arpeggio,ostinato,melody", "uplifting,happy,confident"),
    _genre("documentary", "underscore, documentary underscore, film bed, background bed, nature documentary", 1.5, (66, 100), 0.5, 0.1, "orchestral",
           "piano,pizzicato strings,cello,marimba,harp", "slow strings,warm pad", ",cello", "long,pad", "ostinato,arpeggio,melody",
           "mysterious,calm,serious", reverb=0.35),
    _genre("comedy", "comedy music, cartoon music, funny music, quirky music, circus music", 1.2, (100, 150), 0.25, 0.35, "brushes",
           "pizzicato strings,bassoon,clarinet,xylophone,tuba", "pizzicato strings,accordion,", "tuba,double bass", "quarters,offbeat",
           "melody", "playful,happy,funny", reverb=0.15),
)  # fmt: skip

GENRES: dict[str, Genre] = {genre.name: genre for genre in _ALL}
