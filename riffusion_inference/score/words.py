"""The words that prompts and captions say things in: moods, tempi, density, dynamics, articulation, texture, scenes."""

from __future__ import annotations

MOODS: dict[str, tuple[str, ...]] = {
    "happy": ("cheerful", "joyful", "bright", "sunny", "feel-good", "merry"),
    "sad": ("melancholic", "sorrowful", "mournful", "gloomy", "tearful", "wistful"),
    "calm": ("peaceful", "relaxing", "serene", "gentle", "tranquil", "soothing", "quiet"),
    "energetic": ("driving", "powerful", "upbeat", "lively", "intense", "exciting"),
    "dark": ("brooding", "ominous", "shadowy", "sinister", "moody"),
    "tense": ("suspenseful", "anxious", "nervous", "uneasy", "urgent"),
    "dreamy": ("ethereal", "floating", "hazy", "spacey", "otherworldly"),
    "epic": ("heroic", "grand", "majestic", "triumphant", "massive"),
    "romantic": ("tender", "loving", "intimate", "passionate", "sentimental"),
    "mysterious": ("enigmatic", "curious", "secretive", "magical", "strange"),
    "playful": ("bouncy", "whimsical", "light-hearted", "mischievous", "quirky"),
    "warm": ("cozy", "mellow", "soft-hearted", "friendly", "comforting"),
    "nostalgic": ("bittersweet", "reflective", "vintage", "longing"),
    "uplifting": ("inspiring", "hopeful", "optimistic", "positive", "motivational"),
    "dramatic": ("theatrical", "emotional", "stormy", "tragic"),
    "scary": ("creepy", "eerie", "haunting", "spooky", "frightening"),
    "angry": ("aggressive", "furious", "brutal", "violent"),
    "confident": ("bold", "proud", "cool", "swaggering", "determined"),
    "hypnotic": ("repetitive", "trance-like", "mesmerizing", "pulsing"),
    "serious": ("solemn", "sober", "earnest", "dignified"),
    "funny": ("comical", "silly", "goofy", "humorous"),
}
MINOR_MOODS = ("sad", "dark", "tense", "scary", "angry", "mysterious", "dramatic")
MAJOR_MOODS = ("happy", "uplifting", "playful", "warm", "funny", "epic")
SLOW_MOODS = ("calm", "sad", "dreamy", "romantic", "mysterious", "scary", "serious", "nostalgic")
FAST_MOODS = ("energetic", "happy", "playful", "angry", "funny", "uplifting")
SOFT_MOODS = ("calm", "sad", "dreamy", "romantic", "warm", "mysterious")
DENSITIES = ("sparse", "medium", "busy")
DYNAMICS = ("soft", "medium", "loud")
ARTICULATIONS = ("legato", "normal", "staccato")
ENERGIES = ("low", "high")
SECTIONS = ("intro", "ending")
TEMPO_WORDS: tuple[tuple[float, str, tuple[str, ...]], ...] = (
    (70, "very slow", ("largo", "extremely slow", "dragging", "glacial tempo", "very slow tempo")),
    (92, "slow", ("adagio", "slow tempo", "downtempo", "unhurried", "slow-paced", "ballad tempo", "leisurely")),
    (
        113,
        "medium tempo",
        ("moderate tempo", "mid-tempo", "andante", "walking pace", "moderately paced", "steady pace"),
    ),
    (142, "fast", ("allegro", "fast tempo", "quick", "up-tempo", "fast-paced", "brisk")),
    (1000, "very fast", ("presto", "rapid", "frantic tempo", "breakneck", "very fast tempo", "racing")),
)
DENSITY_WORDS = {
    "sparse": ("sparse", "minimal", "simple", "few notes", "spacious", "minimalist"),
    "medium": (),
    "busy": ("busy", "dense", "full", "many notes", "rich", "intricate"),
}
DYNAMIC_WORDS = {
    "soft": ("soft", "quiet", "gentle", "delicate", "subtle"),
    "medium": (),
    "loud": ("loud", "powerful", "big", "forceful", "strong"),
}
ARTICULATION_WORDS = {
    "legato": ("legato", "flowing", "smooth", "sustained"),
    "normal": (),
    "staccato": ("staccato", "short notes", "plucky", "crisp", "choppy"),
}
TEXTURE_WORDS = {
    "melody": ("melody", "tune", "theme", "solo", "melodic line"),
    "arpeggio": ("arpeggio", "arpeggios", "arpeggiated pattern", "broken chords", "rolling figure"),
    "ostinato": ("ostinato", "repeating figure", "looping pattern", "pulse", "repeated notes"),
    "drone": ("drone", "long held notes", "sustained tones", "drones"),
    "riff": ("riff", "hook", "lick", "phrase", "repeated riff"),
    "chords": ("chords", "block chords", "harmony", "chord progression"),
}
TEXTURES = tuple(TEXTURE_WORDS)
SECTION_WORDS = {
    "steady": (),
    "intro": ("intro", "building up", "gradual build"),
    "outro": ("outro", "ending", "fading out"),
}
DRUM_WORDS = ("with drums", "drums", "drum beat", "drum groove", "beat", "percussion", "rhythmic drums")
NO_DRUM_WORDS = ("no drums", "without drums", "beatless", "no percussion", "drumless", "no beat")
MINOR_WORDS = ("minor key", "minor", "in a minor key", "minor mode", "minor tonality")
MAJOR_WORDS = ("major key", "major", "in a major key", "major mode", "major tonality")
SCENES: dict[str, tuple[str, ...]] = {
    "happy": ("party", "birthday", "summer holiday", "children playing", "a dog running"),
    "sad": ("funeral", "goodbye", "rainy window", "lonely street", "a breakup"),
    "calm": ("sunset", "lake", "forest", "beach at dawn", "meditation", "a sleeping cat", "mountains"),
    "energetic": ("workout", "car race", "sports highlights", "city traffic", "skateboarding"),
    "dark": ("night alley", "abandoned factory", "storm clouds", "crime scene"),
    "tense": ("chase", "heist", "countdown", "detective story"),
    "dreamy": ("clouds", "underwater", "stars", "snowfall", "outer space"),
    "epic": ("battle", "mountain peak", "victory", "castle", "a rocket launch"),
    "romantic": ("wedding", "candlelight dinner", "first kiss", "paris street"),
    "mysterious": ("cave", "ancient temple", "misty forest", "magic trick"),
    "playful": ("kitten", "toy shop", "circus", "cartoon"),
    "warm": ("family dinner", "fireplace", "coffee shop", "autumn leaves"),
    "nostalgic": ("old photographs", "childhood memories", "home movie"),
    "uplifting": ("graduation", "startup presentation", "sunrise", "time-lapse of flowers"),
    "dramatic": ("courtroom", "shipwreck", "opera stage", "rough sea"),
    "scary": ("haunted house", "graveyard", "monster", "nightmare"),
    "angry": ("fight", "riot", "explosion"),
    "confident": ("fashion show", "boss walking in", "parade"),
    "hypnotic": ("night drive", "machines", "dance floor"),
    "serious": ("memorial", "museum", "news report"),
    "funny": ("slapstick", "clumsy robot", "silly walk"),
}


def tempo_word(bpm: float) -> str:
    """The plain word for a tempo: very slow, slow, medium tempo, fast or very fast."""
    return next(word for limit, word, _ in TEMPO_WORDS if bpm < limit)
