"""The one table of options: what a person can set, in which range, and the words that explain it.

The command line's flags and help, the page's controls, the endpoints' descriptions, and the checks of .env and
configs/*.toml are all made from it, so that a range or a sentence is written once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from riffusion_inference.datatypes import (
    MAX_BPM,
    MAX_CANDIDATES,
    MAX_GUIDANCE,
    MAX_SEED,
    MAX_STEPS,
    MIN_BPM,
    MIN_CANDIDATES,
    MIN_GUIDANCE,
    MIN_SEED,
    MIN_STEPS,
    SCHEDULERS,
)
from riffusion_inference.score.options import CHOICES

from ..plan import Follow, SplitMode

DESCRIBERS = ("auto", "palette", "vlm", "replicate")
MIN_LOUDNESS_LUFS, MAX_LOUDNESS_LUFS = -40.0, -6.0
MIN_MUSIC_GAIN_DB, MAX_MUSIC_GAIN_DB = -40.0, 0.0
MAX_FADE_SECONDS = 60.0
MAX_DUCK_DEPTH_DB = 40.0
MIN_DUCK_ATTACK_SECONDS, MAX_DUCK_ATTACK_SECONDS = 0.01, 2.0
MIN_DUCK_RELEASE_SECONDS, MAX_DUCK_RELEASE_SECONDS = 0.05, 10.0
TIMELINE_FORMATS = ("otio", "edl", "fcpxml")
"""What a result's timeline can be written as, for editing programs."""
PART_FORMATS = ("mp4", "mov", "wav")
"""What one part of a result can be written as, by itself."""
MATCH = "match"
"""The loudness that stands for the original's own."""


class ScoreMode(StrEnum):
    """Whether the music is written as a score before it is painted."""

    AUTO = "auto"
    """Where the model paints scores."""
    ON = "on"
    """Always; a model that paints pictures but knows no scores starts from a picture of it."""
    OFF = "off"
    """Never: the model finds the notes itself."""


class SoundMode(StrEnum):
    """How music and original sound share a part."""

    REPLACE = "replace"
    """Music only."""
    UNDER = "under"
    """Both, the music below the original all along."""
    DUCK = "duck"
    """The music goes down while the original speaks."""


class Kind(StrEnum):
    """What kind of value an option takes."""

    TEXT = "text"
    CHOICE = "choice"
    WHOLE = "whole"
    NUMBER = "number"
    SWITCH = "switch"
    LOUDNESS = "loudness"
    FOLDER = "folder"
    IMAGE = "image"
    SOUND = "sound"
    MIDI = "midi"
    NAMES = "names"
    """Several of the choices, with commas between them."""
    EITHER = "either"
    """True is the first of two choices, False the second; not given is neither."""


FILE_KINDS = (Kind.IMAGE, Kind.SOUND, Kind.MIDI)
"""Kinds whose value is a file."""


@dataclass(frozen=True)
class Option:
    """One thing that a person can set."""

    kind: Kind
    """What kind of value it takes."""
    help: str
    """What it does, in one sentence or less."""
    label: str = ""
    """Its name on the page; empty where the page does not show it."""
    flag: str = ""
    """Its name on the command line; empty where that does not offer it."""
    metavar: str | None = None
    """What its value is called in --help."""
    low: float = -math.inf
    """Smallest number."""
    high: float = math.inf
    """Largest number."""
    choices: tuple[str, ...] = ()
    """The values there are."""
    step: float = 1
    """Step of the page's slider."""


MUSIC: dict[str, Option] = {
    "negative_prompt": Option(
        Kind.TEXT, "what the music should not sound like; the model gets it word for word", "Negative prompt",
        "--negative-prompt", "TEXT",
    ),
    "scheduler": Option(
        Kind.CHOICE, "denoising method; dpm++ needs the fewest steps", "Scheduler", "--scheduler", choices=SCHEDULERS
    ),
    "guidance_scale": Option(
        Kind.NUMBER, "how closely the music follows the prompt, 0 to 45", "Guidance scale", "--guidance", "G",
        MIN_GUIDANCE, MAX_GUIDANCE, step=0.5,
    ),
    "num_inference_steps": Option(
        Kind.WHOLE, "denoising steps, 1 to 100; more take longer and give finer sound", "Steps", "--steps", "N",
        MIN_STEPS, MAX_STEPS,
    ),
    "seed": Option(
        Kind.WHOLE, "the same seed makes the same music again; without one, a new seed is drawn each time",
        "Seed", "--seed", "S", MIN_SEED, MAX_SEED,
    ),
    "candidates": Option(
        Kind.WHOLE, "how many takes to make, 1 to 8; all are kept, and you can choose among them afterwards",
        "Candidates", "--candidates", "C", MIN_CANDIDATES, MAX_CANDIDATES,
    ),
    "seed_image": Option(
        Kind.IMAGE, "a spectrogram image to start from, such as one made here",
        "Seed image", "--seed-image", "PNG"
    ),
    "seed_audio": Option(
        Kind.SOUND, "a sound to start from: a recording, a hum, an earlier take",
        "Seed audio", "--seed-audio", "FILE"
    ),
    "strength": Option(
        Kind.NUMBER, "with a seed image or seed audio: 0 keeps it, 1 ignores it", "Strength", "--strength", "X",
        0.0, 1.0, step=0.05,
    ),
    "loop": Option(
        Kind.SWITCH, "lead the end of the music back to its start, so that it can repeat without a seam", "Loop",
        "--loop",
    ),
}  # fmt: skip
"""What decides the music, by its name in GenerationSettings."""

ATTRIBUTES: dict[str, Option] = {
    "key": Option(Kind.CHOICE, "such as C, A minor or Bb major", "Key", "--key", "KEY", choices=CHOICES["key"]),
    "bpm": Option(
        Kind.NUMBER, "tempo in beats a minute, 40 to 240", "Tempo in BPM", "--bpm", "BPM", MIN_BPM, MAX_BPM, step=0.5
    ),
    "pace": Option(
        Kind.CHOICE, "tempo in a word, where no number is given", "Pace", "--pace", choices=CHOICES["pace"]
    ),
    "meter": Option(Kind.CHOICE, "what a bar is", "Meter", "--meter", choices=CHOICES["meter"]),
    "genre": Option(Kind.CHOICE, "such as lo-fi, jazz or epic", "Genre", "--genre", "NAME", choices=CHOICES["genre"]),
    "mood": Option(Kind.CHOICE, "such as calm, tense or playful", "Mood", "--mood", "NAME", choices=CHOICES["mood"]),
    "instruments": Option(
        Kind.NAMES, "who plays, the melody first, such as piano,cello", "Instruments", "--instruments", "NAME,...",
        choices=CHOICES["instruments"],
    ),
    "without": Option(
        Kind.NAMES, "who must not play, such as piano,choir", "Without", "--without", "NAME,...",
        choices=CHOICES["without"],
    ),
    "solo": Option(Kind.EITHER, "one instrument alone, or several", "Players", "--solo", choices=("solo", "band")),
    "drums": Option(Kind.EITHER, "a drum kit, or none", "Drums", "--drums", choices=("drums", "no drums")),
    "density": Option(Kind.CHOICE, "how many notes", "Density", "--density", choices=CHOICES["density"]),
    "dynamics": Option(Kind.CHOICE, "how loud it is played", "Dynamics", "--dynamics", choices=CHOICES["dynamics"]),
    "articulation": Option(
        Kind.CHOICE, "how long notes are held", "Articulation", "--articulation", choices=CHOICES["articulation"]
    ),
    "texture": Option(
        Kind.CHOICE, "what the melody instrument does", "Texture", "--texture", choices=CHOICES["texture"]
    ),
    "energy": Option(Kind.CHOICE, "how much happens", "Energy", "--energy", choices=CHOICES["energy"]),
    "section": Option(
        Kind.CHOICE, "an intro grows and does not end, an ending fades", "Section", "--section",
        choices=CHOICES["section"],
    ),
}  # fmt: skip
"""What the score should be, by its name in score.options.with_options; each goes over what the prompt says."""

SCORE: dict[str, Option] = {
    "score": Option(
        Kind.CHOICE, "write the music down first, then paint it. auto: where the model was trained for that, as pocket "
        "was", "Written score", "--score", choices=tuple(ScoreMode),
    ),
    "follow": Option(
        Kind.CHOICE, "what the score follows in the picture. cuts: they fall on beats. motion: the more moves, the "
        "fuller and louder", "Follows", "--follow", choices=tuple(Follow),
    ),
    "midi": Option(
        Kind.MIDI, "paint this score instead of writing one; a MIDI file", "Your own score", "--midi", "FILE"
    ),
    "through": Option(
        Kind.SWITCH, "let the music run on across the cut into neighbouring parts that have this too, as one piece",
        "Run on across cuts",
        "--through",
    ),
    "apart": Option(
        Kind.SWITCH, "write this music by itself; else it goes with the key and tempo of the film's other music",
        "By itself", "--apart",
    ),
    **ATTRIBUTES,
}  # fmt: skip
"""How the music is written; these act on a written score alone, but for the tempo, which any music is held to."""

MIX: dict[str, Option] = {
    "sound_mode": Option(
        Kind.CHOICE,
        "replace the original sound, mix the music under it, or duck: turn the music down while the original speaks",
        "Sound", "--mix", choices=tuple(SoundMode),
    ),
    "music_gain_db": Option(
        Kind.NUMBER, "for under and duck: level of the music relative to the original, -40 to 0 dB", "Music level",
        "--music-gain", "DB", MIN_MUSIC_GAIN_DB, MAX_MUSIC_GAIN_DB, step=0.5,
    ),
    "loudness": Option(
        Kind.LOUDNESS,
        "match the original, or a loudness in LUFS, -40 to -6 (-14 is usual for video sites, -16 for podcasts)",
        "Loudness", "--loudness", "match|LUFS", MIN_LOUDNESS_LUFS, MAX_LOUDNESS_LUFS, step=0.5,
    ),
    "fade_in": Option(
        Kind.NUMBER, "seconds over which the music comes in, 0 to 60; what it replaces goes as it comes", "Fade in",
        "--fade-in", "S", 0.0, MAX_FADE_SECONDS, step=0.1,
    ),
    "fade_out": Option(
        Kind.NUMBER, "seconds over which the music goes out, 0 to 60; what it replaces comes back as it goes",
        "Fade out", "--fade-out", "S", 0.0, MAX_FADE_SECONDS, step=0.1,
    ),
    "duck_depth_db": Option(
        Kind.NUMBER, "for duck: how far the music goes down while the original speaks, 0 to 40 dB below --music-gain; "
        "if not given, it goes down to --music-gain, and in pauses is as loud as the original", "Duck depth",
        "--duck-depth", "DB", 0.0, MAX_DUCK_DEPTH_DB, step=0.5,
    ),
    "duck_attack": Option(
        Kind.NUMBER, "for duck: seconds before speech in which the music goes down, 0.01 to 2 (0.05 if not given)",
        "Duck attack", "--duck-attack", "S", MIN_DUCK_ATTACK_SECONDS, MAX_DUCK_ATTACK_SECONDS, step=0.01,
    ),
    "duck_release": Option(
        Kind.NUMBER, "for duck: seconds in which the music comes back after speech, 0.05 to 10 (0.4 if not given)",
        "Duck release", "--duck-release", "S", MIN_DUCK_RELEASE_SECONDS, MAX_DUCK_RELEASE_SECONDS, step=0.05,
    ),
    "take": Option(
        Kind.WHOLE, "which candidate goes into the film, 1 for the first", "", "--take", "T", 1, MAX_CANDIDATES
    ),
}  # fmt: skip
"""What decides how the music is mixed into the part."""

SPLIT_MODE = Option(
    Kind.CHOICE,
    "how parts are cut. exact: to the frame and sample, without re-encoding where the file allows it. keyframe: at "
    "the nearest keyframes, so there may be fewer parts, which is said first. reencode: to the frame, clean starts",
    "How to cut", "--split", choices=tuple(SplitMode),
)  # fmt: skip

PROGRAM: dict[str, Option] = {
    "temporary_directory": Option(Kind.FOLDER, "where work files and the page's sessions live"),
    "threads_on_splitting": Option(
        Kind.WHOLE, "threads for re-encoding", "", "--threads", "N", low=1, high=64
    ),
    "no_check": Option(
        Kind.SWITCH, "leave out the proof, at the end of a run, that nothing but the new sound differs from the source",
        "", "--no-check",
    ),
    "device": Option(Kind.TEXT, "auto, cuda, cuda:1, mps or cpu", "", "--device"),
    "model": Option(
        Kind.TEXT, "auto (riffusion on a CUDA GPU, pocket elsewhere), pocket, riffusion, audioldm, audioldm2, "
        "replicate, a checkpoint folder, or a Hugging Face name", "Checkpoint", "--model", "NAME_OR_PATH",
    ),
    "max_image_width": Option(
        Kind.WHOLE, "widest image that one pass of the model may see, in pixels; a multiple of 8", "",
        "--max-image-width", "PX", 64, 16384, step=8,
    ),
    "split_mode": SPLIT_MODE,
    "x264_crf": Option(Kind.WHOLE, "quality of re-encoded parts; lower is better and larger", low=0, high=51),
    "sound_mode": MIX["sound_mode"],
    "music_gain_db": MIX["music_gain_db"],
    "loudness": MIX["loudness"],
    "max_upload_mb": Option(Kind.WHOLE, "largest upload that the page takes, in MB", low=1, high=100_000),
    "upload_piece_mb": Option(
        Kind.WHOLE, "the page sends larger files in pieces of this size, which proxies let through, in MB", low=1,
        high=1000,
    ),
    "visitor_mb": Option(Kind.WHOLE, "how much one visitor's uploads may take, in MB", low=1, high=1_000_000),
    "visitor_files": Option(Kind.WHOLE, "how many uploads one visitor may have", low=1, high=10_000),
    "visitor_jobs": Option(
        Kind.WHOLE, "how many jobs one visitor may have waiting for the same thing", low=1, high=100
    ),
    "requests_per_minute": Option(
        Kind.WHOLE, "how many clicks, uploads and calls one visitor may send in a minute", low=10, high=100_000
    ),
    "min_free_mb": Option(
        Kind.WHOLE, "how much of the disk the page leaves free: below that, uploads and jobs are refused, in MB", low=0,
        high=1_000_000,
    ),
    "max_duration_seconds": Option(Kind.WHOLE, "longest video that is accepted, in seconds", low=1, high=86_400),
    "delete_after_minutes": Option(Kind.WHOLE, "how long the page keeps a visitor's files", low=1, high=10_080),
    "delete_closed_after_minutes": Option(
        Kind.WHOLE, "how long the page keeps the results of a tab that was closed", low=1, high=10_080
    ),
    "stop_after_seconds": Option(
        Kind.WHOLE, "how long jobs may go on when the page is told to stop; then they are cancelled", low=0, high=3600
    ),
    "trust_proxy": Option(
        Kind.SWITCH, "a proxy of yours stands in front: believe its X-Forwarded-For, by which turns are shared out"
    ),
    "host": Option(Kind.TEXT, "address to listen on; 0.0.0.0 for every network", "", "--host"),
    "port": Option(Kind.WHOLE, "port, 7860 if not given", "", "--port", low=1, high=65_535),
    "share": Option(Kind.SWITCH, "ask Gradio for a public link", "", "--share"),
    "queue_size": Option(Kind.WHOLE, "how many jobs may wait on the page for the same thing", low=1, high=1000),
    "mcp_server": Option(Kind.SWITCH, "offer the page's functions to agents over MCP"),
    "no_sandbox": Option(
        Kind.SWITCH, "read and write media in this process instead of in one that may touch nothing else", "",
        "--no-sandbox",
    ),
    "media_memory_mb": Option(
        Kind.WHOLE, "most memory that reading or writing one file may take, in MB", low=512, high=1_000_000
    ),
    "media_seconds": Option(
        Kind.WHOLE, "how long reading a file may go on without progress; a second more for each megabyte of it",
        low=2, high=86_400,
    ),
    "ffmpeg_path": Option(Kind.FOLDER, "an FFmpeg of your own, 8.1.2 or newer"),
    "describer": Option(
        Kind.CHOICE, "what describes the picture. palette: colour, light and movement, at once. vlm: a vision-language "
        "model. replicate: an online model, needs a token. auto: vlm on a GPU, otherwise palette", "Described by",
        "--describer", choices=DESCRIBERS,
    ),
    "replicate_api_token": Option(Kind.TEXT, "token for replicate.com"),
    "replicate_base_url": Option(Kind.TEXT, "where that service answers"),
    "image_model": Option(Kind.TEXT, "vision-language model of the vlm describer"),
}  # fmt: skip
"""Settings of the program, by their name in Settings."""

PER_MODEL = ("guidance_scale", "num_inference_steps", "scheduler", "candidates")
"""Options whose default is a matter of the model: configs/<model>.toml may set them."""
OPTIONS: dict[str, Option] = {**MUSIC, **SCORE, **MIX, **PROGRAM}
"""All of them by name."""
