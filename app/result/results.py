"""What a dub is asked for and what comes out of it: frozen types without any work in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from riffusion_inference.datatypes import GenerationSettings, check_range

from ..errors import ConfigError, PlanError
from ..settings import (
    MAX_LOUDNESS_LUFS,
    MAX_MUSIC_GAIN_DB,
    MIN_LOUDNESS_LUFS,
    MIN_MUSIC_GAIN_DB,
    SOUND_MODES,
    SPLIT_MODES,
)
from ..soundtrack.mix import MixSettings


@dataclass(frozen=True)
class DubSettings:
    """One run's wishes. Validated on construction as far as that goes without the clip."""

    n_parts: int
    """Parts to cut the video into, 1 to its number of frames."""
    parts: tuple[int, ...]
    """Parts that get new music, 1-based; none keeps an earlier result's dubs as they are."""
    generation: GenerationSettings | None = None
    """What the music should be; None only where no part is dubbed."""
    split_mode: str = "exact"
    """keyframe, exact or reencode."""
    sound_mode: str = "replace"
    """replace, under or duck."""
    music_gain_db: float = -12.0
    """How far the music lies below the original sound in under and duck, -40 to 0."""
    loudness: float | None = None
    """LUFS of the dubbed part, -40 to -6; None matches the original."""
    take: int = 1
    """Which candidate is laid in, 1 for the first."""
    prompts: tuple[str, ...] = ()
    """One prompt for each of parts, where they differ; empty: generation.prompt for all."""

    def __post_init__(self) -> None:
        if self.n_parts < 1:
            raise PlanError(f"{self.n_parts} parts were asked for: choose at least 1.")
        for part in self.parts:
            if not 1 <= part <= self.n_parts:
                raise PlanError(f"Part {part} does not exist: choose from 1 to {self.n_parts}.")
        if len(set(self.parts)) < len(self.parts):
            raise PlanError(f"A part is named twice in {', '.join(map(str, self.parts))}: name each part once.")
        if self.parts and self.generation is None:
            raise ConfigError("There is no prompt for the music: say what it should be.")
        if self.prompts and len(self.prompts) != len(self.parts):
            raise ConfigError(
                f"There are {len(self.prompts)} prompts for {len(self.parts)} parts: "
                "give one prompt, or one for each part."
            )
        check_choice("Split mode", self.split_mode, SPLIT_MODES)
        check_choice("Sound mode", self.sound_mode, SOUND_MODES)
        check_range("The music's gain in dB", self.music_gain_db, MIN_MUSIC_GAIN_DB, MAX_MUSIC_GAIN_DB)
        if self.loudness is not None:
            check_range("Loudness in LUFS", self.loudness, MIN_LOUDNESS_LUFS, MAX_LOUDNESS_LUFS)
        if self.generation is not None:
            check_range("Take", self.take, 1, self.generation.candidates)

    @property
    def mix(self) -> MixSettings:
        """How music and original sound share a part."""
        return MixSettings(self.sound_mode, self.music_gain_db, self.loudness)


@dataclass(frozen=True)
class Candidate:
    """One take of a part's music."""

    wav: Path
    """The music as it was made, before loudness and edges, exactly as long as the part."""
    seed: int
    """The seed that makes it again."""
    image: Path | None = None
    """Its spectrogram image with EXIF, where the model paints one."""


@dataclass(frozen=True)
class MusicFiles:
    """The music of one dubbed part."""

    part: int
    """1-based."""
    wav: Path
    """The take that was laid in."""
    image: Path | None
    """Its spectrogram image."""
    take: int
    """Which candidate that is, 1 for the first."""
    candidates: tuple[Candidate, ...]
    """All takes."""
    before: Path
    """The part as it was before it was dubbed."""
    after: Path
    """The dubbed part."""


@dataclass(frozen=True)
class DubResult:
    """Where everything is."""

    out_dir: Path
    """The folder of it all."""
    parts: tuple[Path, ...]
    """The parts in order, dubbed ones with their new sound."""
    film: Path | None
    """The whole video with the new sound; None where nothing was dubbed."""
    archive: Path | None
    """The zip of it all; None where nothing was dubbed."""
    manifest: Path
    """manifest.json."""
    music: tuple[MusicFiles, ...] = ()
    """One entry for each dubbed part, in order."""
    seeds: Mapping[int, int] = field(default_factory=dict)
    """Seed of the take that was laid in, by part."""
    loudness_lufs: Mapping[int, float | None] = field(default_factory=dict)
    """Loudness that was reached, by part; None is silence."""
    times: tuple[tuple[Fraction, Fraction], ...] = ()
    """Start and end of each part in seconds."""
    seconds_per_stage: Mapping[str, float] = field(default_factory=dict)
    """What each stage took."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know."""


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise ConfigError unless value is one of choices."""
    if value not in choices:
        raise ConfigError(f"{name} {value!r} is unknown: choose one of {', '.join(choices)}.")
