"""The frozen types that flow through the music layer. Importing this module costs the standard library and no more."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from riffusion_inference.errors import GenerationCancelled, SettingError, SpectrogramError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from riffusion_inference.notation.score import Score

MIN_GUIDANCE, MAX_GUIDANCE = 0.0, 45.0
MIN_STEPS, MAX_STEPS = 1, 100
MIN_CANDIDATES, MAX_CANDIDATES = 1, 8
MIN_SEED, MAX_SEED = 0, 2**32 - 1
MIN_SECONDS, MAX_SECONDS = 0.2, 600.0
MIN_BPM, MAX_BPM = 40.0, 240.0
MIN_POWER = 0.01
MAX_SAMPLE_RATE, MAX_N_FFT, MAX_N_MELS = 768_000, 1 << 20, 8192
SCHEDULERS = ("dpm++", "ddim", "euler", "euler_a", "heun", "unipc")


@dataclass(frozen=True)
class Progress:
    """How far one stage has come."""

    stage: str
    """What is being done, one lower-case word or two: "split", "load model", "generate", "invert", ..."""
    done: int
    """Steps finished."""
    total: int
    """Steps in all, >= 1."""


OnProgress = Callable[[Progress], None]
ShouldCancel = Callable[[], bool]


@dataclass(frozen=True)
class SpectrogramParams:
    """How sound becomes a mel spectrogram image; the defaults are Riffusion's.

    Source: riffusion-hobby's SpectrogramParams (step 10 ms, window 100 ms, padded to 400 ms).
    """

    sample_rate: int = 44100
    """Hz."""
    n_fft: int = 17640
    """FFT length in samples; longer than win_length means zero padding, which only interpolates the spectrum."""
    win_length: int = 4410
    """Hann window in samples."""
    hop_length: int = 441
    """Samples from one frame to the next."""
    n_mels: int = 512
    """Mel bands, which is the image's height."""
    f_min: float = 0.0
    """Hz, lower edge of the lowest band."""
    f_max: float = 10000.0
    """Hz, upper edge of the highest band."""
    power_for_image: float = 0.25
    """Pixel brightness is (amplitude / max) to this power."""
    stereo: bool = False
    """True: green is left and blue is right. False: all three channels are the same."""

    def __post_init__(self) -> None:
        if min(self.sample_rate, self.hop_length, self.n_mels) < 1 or not MIN_POWER <= self.power_for_image <= 1:
            raise SpectrogramError(
                f"sample_rate {self.sample_rate}, hop_length {self.hop_length} and n_mels {self.n_mels} must be "
                f"at least 1, and power_for_image {self.power_for_image:g} from {MIN_POWER} to 1."
            )
        if self.sample_rate > MAX_SAMPLE_RATE or self.n_fft > MAX_N_FFT or self.n_mels > MAX_N_MELS:
            raise SpectrogramError(
                f"sample_rate {self.sample_rate}, n_fft {self.n_fft} and n_mels {self.n_mels} must be at most "
                f"{MAX_SAMPLE_RATE}, {MAX_N_FFT} and {MAX_N_MELS}."
            )
        if not self.hop_length <= self.win_length <= self.n_fft:
            raise SpectrogramError(
                f"hop_length is {self.hop_length}, win_length {self.win_length} and n_fft {self.n_fft}, but hop_length "
                "must not exceed win_length, nor win_length n_fft."
            )
        if not 0 <= self.f_min < self.f_max <= self.sample_rate / 2:
            raise SpectrogramError(
                f"The band from {self.f_min:g} to {self.f_max:g} Hz must lie within 0 to {self.sample_rate / 2:g} Hz, "
                "half the sample rate."
            )

    @property
    def n_channels(self) -> int:
        """1 for mono, 2 for stereo."""
        return 2 if self.stereo else 1

    def n_samples(self, n_frames: int) -> int:
        """Samples that n_frames centred frames span."""
        return (n_frames - 1) * self.hop_length

    def n_frames(self, n_samples: int) -> int:
        """Fewest centred frames that span at least n_samples."""
        return -(-n_samples // self.hop_length) + 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in a checkpoint's spectrogram.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SpectrogramParams:
        """Build from spectrogram.json's values; an unknown key is an error that names it."""
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise SpectrogramError(f"spectrogram.json has unknown keys: {', '.join(unknown)}.")
        return cls(**values)


@dataclass(frozen=True)
class Spectrogram:
    """Mel amplitudes with what is needed to turn them back into sound."""

    mel_amplitudes: NDArray[np.float32]
    """[C, n_mels, F] float32, linear, >= 0, lowest band first."""
    params: SpectrogramParams
    """How they were made."""


@dataclass(frozen=True)
class Waveform:
    """Sound."""

    samples: NDArray[np.float32]
    """[C, T] float32, nominally in [-1, 1]."""
    sample_rate: int
    """Hz."""

    @property
    def n_samples(self) -> int:
        """T, samples per channel."""
        return int(self.samples.shape[1])

    @property
    def n_channels(self) -> int:
        """C."""
        return int(self.samples.shape[0])


@dataclass(frozen=True)
class GenerationSettings:
    """What to make. Validated on construction."""

    prompt: str
    """What the music should be."""
    negative_prompt: str = ""
    """What it should not be; reaches the model as the unconditional prompt."""
    seed: int | None = None
    """0 to 2**32 - 1; None draws one, and the take reports it. Candidate i uses seed + i."""
    guidance_scale: float = 6.5
    """Classifier-free guidance, 0 to 45; 1 is no guidance."""
    num_inference_steps: int = 25
    """Denoising steps, 1 to 100."""
    scheduler: str = "dpm++"
    """One of SCHEDULERS."""
    candidates: int = 1
    """Takes to make, 1 to 8."""
    loop: bool = False
    """True: the end meets the start, so that the clip can repeat without a seam."""
    seed_image: Image.Image | None = None
    """A spectrogram image to start from (img2img)."""
    seed_audio: Waveform | None = None
    """Sound to start from; turned into a spectrogram image first."""
    strength: float = 0.6
    """With a seed image or audio: 0 keeps it, 1 ignores it."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Parameters that only one engine knows, by name."""
    bpm: float | None = None
    """Tempo of the music in beats a minute, 40 to 240; None: not named, the beat is left alone."""
    scores: tuple[Score, ...] = ()
    """The music as it is written: one score for each candidate, or one for all; none leaves the notes to the model. A
    checkpoint that takes a sketch paints it, any other one that paints spectrograms starts from it."""

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise SettingError("The prompt is empty: say what the music should be, for example 'calm piano, slow'.")
        check_range("Guidance scale", self.guidance_scale, MIN_GUIDANCE, MAX_GUIDANCE)
        check_range("Steps", self.num_inference_steps, MIN_STEPS, MAX_STEPS)
        check_range("Candidates", self.candidates, MIN_CANDIDATES, MAX_CANDIDATES)
        check_range("Strength", self.strength, 0.0, 1.0)
        check_bpm(self.bpm)
        for name, value in (("Steps", self.num_inference_steps), ("Candidates", self.candidates), ("Seed", self.seed)):
            if value is not None and not isinstance(value, int):
                raise SettingError(f"{name} is {value}, but must be a whole number: choose {int(value)}, for example.")
        if self.seed is not None:
            check_range("Seed", self.seed, MIN_SEED, MAX_SEED)
        if self.scheduler not in SCHEDULERS:
            raise SettingError(f"Scheduler {self.scheduler!r} is unknown: choose one of {', '.join(SCHEDULERS)}.")
        if self.seed_image is not None and self.seed_audio is not None:
            raise SettingError("A seed image and seed audio are both given: choose one of them.")
        if len(self.scores) not in (0, 1, self.candidates):
            raise SettingError(
                f"There are {len(self.scores)} scores for {self.candidates} candidates: give one for all, or one each."
            )

    def score_of(self, candidate: int) -> Score | None:
        """The score of a candidate, counted from 0; None where there is none."""
        return self.scores[candidate % len(self.scores)] if self.scores else None

    def seeds(self) -> tuple[int, ...]:
        """One seed for each candidate, counting up from `seed` and around its end; a random one where that is None."""
        first = secrets.randbelow(MAX_SEED + 1) if self.seed is None else self.seed
        return tuple((first + index) % (MAX_SEED + 1) for index in range(self.candidates))


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise SettingError unless low <= value <= high; NaN is out of every range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value) or not low <= value <= high:
        limits = f"{low:.12g} to {high:.12g}"
        raise SettingError(f"{name} is {value}, but must be from {limits}: choose a value in that range.")


def check_bpm(bpm: float | None) -> None:
    """Raise SettingError unless bpm is None or a tempo from 40 to 240 beats a minute."""
    if bpm is not None:
        check_range("Tempo in BPM", bpm, MIN_BPM, MAX_BPM)


def check_length(n_samples: int, sample_rate: int) -> None:
    """Raise SettingError unless n_samples at sample_rate are 0.2 s to 10 minutes."""
    if sample_rate < 1:
        raise SettingError(f"Sample rate is {sample_rate}, but it must be at least 1 Hz: choose 44100, for example.")
    seconds = Fraction(n_samples, sample_rate)
    if not Fraction(str(MIN_SECONDS)) <= seconds <= Fraction(str(MAX_SECONDS)):
        raise SettingError(
            f"The music asked for is {float(seconds):g} s long, but it must be {MIN_SECONDS:g} to {MAX_SECONDS:g} s: "
            "choose a longer or shorter part."
        )


def check_cancel(should_cancel: ShouldCancel | None) -> None:
    """Raise GenerationCancelled if the caller wants to stop: the one way to ask."""
    if should_cancel is not None and should_cancel():
        raise GenerationCancelled("Cancelled: nothing was written.")


@dataclass(frozen=True)
class Take:
    """One generated piece."""

    waveform: Waveform
    """[C, exactly the samples asked for], at the sample rate asked for."""
    seed: int
    """The seed that makes it again."""
    image: Image.Image | None = None
    """Its spectrogram image, where the engine paints one."""
    params: SpectrogramParams | None = None
    """How the image was made."""
    score: Score | None = None
    """What was painted, where it was written down first."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing that a person should know ("the prompt was cut after 'violin'")."""


class MusicModel(Protocol):
    """Anything that makes music from a prompt."""

    name: str
    """As the person chose it."""
    licence: str
    """The weights' licence, for the manifest."""
    sample_rate: int
    """Native rate in Hz; takes are resampled from it."""
    native_seconds: float
    """The longest clip made in one window."""
    takes_scores: bool
    """Whether it was made to paint scores."""

    def generate(
        self,
        settings: GenerationSettings,
        n_samples: int,
        sample_rate: int,
        *,
        on_progress: OnProgress | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> list[Take]:
        """Make settings.candidates takes of exactly n_samples at sample_rate.

        Raises:
            SettingError: n_samples is outside 0.2 s to 10 minutes.
            GenerationCancelled: should_cancel returned True; checked between steps.
            EngineError: the model could not do it.
        """
        ...

    def unload(self) -> None:
        """Free the model's memory; the object cannot be used afterwards."""
        ...
