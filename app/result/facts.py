"""What manifest.json says about a result: enough to check it and to make it again."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from importlib import metadata

from riffusion_inference.datatypes import GenerationSettings

from ..settings.options import ScoreMode
from ..settings.writing import Writing
from ..soundtrack.mix import MixSettings

SCHEMA = 5
MANIFEST_NAME = "manifest.json"
SPLICED, ENCODED = "spliced", "encoded"
"""How a film's sound was made: only the packets of the dubbed ranges are new, or all of it was encoded."""
LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "av", "imageio-ffmpeg")
SEED_FILES = ("seed_image", "seed_audio")
"""Fields of GenerationSettings that a manifest holds as file names."""
NOT_IN_JSON: dict[type, tuple[str, ...]] = {GenerationSettings: (*SEED_FILES, "scores"), Writing: ("midi",)}
"""Fields that are files of the result, of each dataclass that has such."""


@dataclass(frozen=True)
class SourceFacts:
    """The video that went in."""

    name: str
    """File name."""
    sha256: str
    """Of the file."""
    size_bytes: int
    """Of the file."""
    duration: str
    """Seconds as a fraction, "61/2"."""
    n_frames: int
    """Frames shown."""
    frame_rate: str
    """Frames per second as a fraction, on average."""
    width: int
    """Pixels as shown."""
    height: int
    """Pixels as shown."""
    rotation: int
    """Degrees."""
    video_codec: str
    """FFmpeg's name."""
    audio_codec: str | None
    """FFmpeg's name; None where there is no sound."""
    sample_rate: int | None
    """Hz; None where there is no sound."""
    n_channels: int
    """0 where there is no sound."""
    n_samples: int
    """Per channel."""
    path: str | None = None
    """Where it was on the machine that made this; left out of the archive."""


@dataclass(frozen=True)
class PartFacts:
    """One part's range, half-open; samples count from the first frame, at `sample_rate` of the result."""

    index: int
    """1-based."""
    file: str
    """The part, dubbed if it was."""
    start_frame: int
    """First frame."""
    end_frame: int
    """One past the last."""
    start: str
    """Seconds as a fraction."""
    end: str
    """Seconds as a fraction."""
    start_sample: int
    """First sample."""
    end_sample: int
    """One past the last."""
    timeline: str
    """As people read it."""
    undubbed: str | None = None
    """The part with its own sound, where it was dubbed."""

    @property
    def own_file(self) -> str:
        """The part with its own sound."""
        return self.undubbed or self.file

    @property
    def n_samples(self) -> int:
        """Samples of the result's sound."""
        return self.end_sample - self.start_sample


@dataclass(frozen=True)
class TakeFacts:
    """One candidate."""

    seed: int
    """Makes it again."""
    wav: str
    """As it was made: before loudness and edges."""
    image: str | None
    """Spectrogram image with EXIF."""
    notes: tuple[str, ...] = ()
    """What the model had to say."""
    midi: str | None = None
    """The score that was painted; None where the model found the notes itself."""
    kept_cuts: int | None = None
    """How many of the part's cuts fall on beats of it; None where no cuts were followed."""


@dataclass(frozen=True)
class HitFacts:
    """A moment of the picture that the music was to meet."""

    time: str
    """Seconds from the beginning of the part, as a fraction."""
    weight: float
    """0 to 1, how much it matters."""


@dataclass(frozen=True)
class ScoreFacts:
    """Where the scores of a part come from."""

    origin: str
    """`written` from the prompt, or `given` as a file."""
    read: str = ""
    """What was understood of the prompt, and what was not, as a person is told."""
    cuts: tuple[HitFacts, ...] = ()
    """The cuts that were followed."""
    peaks: tuple[HitFacts, ...] = ()
    """The peaks of motion that were followed."""
    energy: tuple[float, ...] = ()
    """How much happens, 0 to 1, at even distances from the beginning of the part to its end, where it was followed."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know."""


@dataclass(frozen=True)
class MusicFacts:
    """The takes of one part: what was asked for, and the files."""

    generation: GenerationSettings
    """As applied, whole; the image or sound it started from is a file, named below."""
    seed_image: str | None
    """File that it started from."""
    seed_audio: str | None
    """File that it started from."""
    model: str
    """Engine or checkpoint."""
    licence: str
    """Of its weights."""
    n_samples: int
    """Made for each take."""
    sample_rate: int
    """Hz."""
    generation_key: str
    """Same key, same takes: a hash of all of the above that decides them."""
    takes: tuple[TakeFacts, ...]
    """All candidates."""
    writing: Writing = field(default_factory=lambda: Writing(ScoreMode.OFF))
    """How it was written; somebody's own score is a file, named below. Results before there were scores have none."""
    seed_midi: str | None = None
    """Somebody's own score that was painted."""
    score: ScoreFacts | None = None
    """Where its scores come from; None where the model found the notes itself."""

    @property
    def file_names(self) -> tuple[str, ...]:
        """Every file of it."""
        of_takes = (name for take in self.takes for name in (take.wav, take.image, take.midi))
        names = (self.seed_image, self.seed_audio, self.seed_midi, *of_takes)
        return tuple(name for name in names if name is not None)


@dataclass(frozen=True)
class DubFacts:
    """One dubbed part: its music, and how it was mixed in."""

    part: int
    """1-based."""
    music: MusicFacts
    """The takes."""
    mix: MixSettings
    """How the chosen one was mixed in."""
    take: int
    """Which candidate that is, 1-based."""
    target_lufs: float
    """Loudness aimed at."""
    loudness_lufs: float | None
    """Loudness reached, before encoding; None is silence."""
    true_peak_dbtp: float | None
    """True peak reached, before encoding."""
    loudness_from: str
    """Where the target came from."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know."""

    @property
    def prompt(self) -> str:
        """As applied."""
        return self.music.generation.prompt

    @property
    def chosen(self) -> TakeFacts:
        """The candidate that is in the film."""
        return self.music.takes[self.take - 1]


@dataclass(frozen=True)
class FileFacts:
    """What a file of the result must be."""

    sha256: str
    """Of its bytes."""
    size_bytes: int
    """Of the file."""


@dataclass(frozen=True)
class Manifest:
    """A whole result."""

    source: SourceFacts
    """What went in."""
    split_asked: str
    """Mode that was chosen."""
    split_used: str
    """Mode that ran."""
    x264_crf: int
    """Quality of re-encoded parts."""
    n_parts: int
    """Parts asked for."""
    sample_rate: int
    """Hz of the result's sound."""
    n_channels: int
    """Channels of the result's sound."""
    parts: tuple[PartFacts, ...]
    """In order."""
    dubs: tuple[DubFacts, ...] = ()
    """In order of their parts."""
    film: str | None = None
    """The whole video with the new sound."""
    film_start_sample: int = 0
    """Where the film's sound starts, counted from its first frame; negative where it starts before."""
    film_samples: int = 0
    """Samples per channel of the film's new sound."""
    film_sound: str | None = None
    """`spliced`: every packet outside the dubbed ranges is the source's; `encoded`: all of it; None without a film."""
    archive: str | None = None
    """The zip beside this file."""
    files: dict[str, FileFacts] = field(default_factory=dict)
    """Every other file, by its name relative to this one."""
    versions: dict[str, str] = field(default_factory=dict)
    """What made it."""
    seconds_per_stage: dict[str, float] = field(default_factory=dict)
    """What each stage of the last run took."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know."""
    job: str | None = None
    """Hash of the job of a batch that this is the result of: source, options, checkpoint and version; else None."""
    terms: tuple[str, ...] = ()
    """What may be done with the music, by the licences of what made it, in plain words."""
    at_times: bool = False
    """Whether it was cut at given times, those of the parts, and not into equal parts."""
    schema: int = SCHEMA
    """Version of this layout."""

    def dub_of(self, part: int) -> DubFacts | None:
        """The dub of a part, if it has one."""
        return next((dub for dub in self.dubs if dub.part == part), None)


def versions() -> dict[str, str]:
    """What made a result: this program, Python, and the libraries that decide its samples."""
    from .. import __version__  # The face of the package, which stands above this room.

    found = {"riffusion-dub": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
