"""Everything that can be set outside a single run, as one frozen dataclass, and what it changes in the process."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ConfigError
from ..plan import SplitMode
from .options import SoundMode

PAGE_FOLDER = "riffusion-dub"
"""Name of the page's own folder under the temporary directory."""


@dataclass(frozen=True)
class ModelDefaults:
    """What a model is asked for when the person says nothing."""

    guidance_scale: float = 6.5
    """Classifier-free guidance, 0 to 45."""
    num_inference_steps: int = 25
    """Denoising steps, 1 to 100."""
    scheduler: str = "dpm++"
    """One of riffusion_inference.datatypes.SCHEDULERS."""
    candidates: int = 1
    """Takes to make, 1 to 8."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be set outside a single run; the key in .env is the field's name in capitals."""

    temporary_directory: Path = Path(tempfile.gettempdir())
    """Where work files and the page's sessions live; made when missing."""
    threads_on_splitting: int = min(os.cpu_count() or 1, 16)
    """Threads that re-encoding may use."""
    no_check: bool = False
    """True leaves out the proof at the end of a run."""
    device: str = "auto"
    """auto, cuda, cuda:1, mps or cpu; what is not there falls back with a note."""
    model: str = "auto"
    """auto, pocket, riffusion, another engine, a checkpoint folder, or a Hugging Face name."""
    max_image_width: int = 1024
    """Widest spectrogram image that one pass of the model may see, in pixels; a multiple of 8."""
    split_mode: SplitMode = SplitMode.EXACT
    """How parts are cut."""
    x264_crf: int = 16
    """Quality of re-encoded parts; lower is better and larger."""
    sound_mode: SoundMode = SoundMode.REPLACE
    """How music and original sound share a part."""
    music_gain_db: float = -12.0
    """How far the music lies below the original sound in under and duck."""
    loudness: float | None = None
    """LUFS of a dubbed part, or None to match the part's original sound ("match" in files)."""
    max_upload_mb: int = 2000
    """Largest upload that the page takes."""
    upload_piece_mb: int = 50
    """The page sends larger files in pieces of this size."""
    visitor_mb: int = 4000
    """How much one visitor's uploads may take."""
    visitor_files: int = 100
    """How many uploads one visitor may have."""
    visitor_jobs: int = 4
    """How many jobs one visitor may have waiting for the same thing."""
    requests_per_minute: int = 600
    """How many clicks, uploads and calls one visitor may send in a minute."""
    min_free_mb: int = 1000
    """How much of the disk the page leaves free."""
    max_duration_seconds: int = 3600
    """Longest video that is accepted, on the page and on the command line."""
    delete_after_minutes: int = 60
    """How long the page keeps a visitor's files."""
    delete_closed_after_minutes: int = 5
    """How long the page keeps the results of a tab that was closed."""
    stop_after_seconds: int = 20
    """How long jobs may go on when the page is told to stop."""
    trust_proxy: bool = False
    """Whether X-Forwarded-For says where a visitor is; a Space's proxy is always believed."""
    host: str = "127.0.0.1"
    """Address that the page listens on; 0.0.0.0 for every network."""
    port: int = 7860
    """Port of the page."""
    share: bool = False
    """True asks Gradio for a public link."""
    queue_size: int = 40
    """How many jobs may wait on the page for the same thing."""
    mcp_server: bool = False
    """True offers the page's functions to agents over MCP."""
    no_sandbox: bool = False
    """True reads files in this process instead of in one that may do nothing else."""
    media_memory_mb: int = 6144
    """Most memory that reading or writing a file may take."""
    media_seconds: int = 60
    """How long reading a file may go on without progress; large files get a second more for each megabyte."""
    ffmpeg_path: Path | None = None
    """An FFmpeg of one's own, 8.1.2 or newer; None: the one that the program carries."""
    describer: str = "auto"
    """What turns a frame into a prompt: auto, palette, vlm or replicate."""
    replicate_api_token: str = field(default="", repr=False)
    """Token for replicate.com; needed by the replicate describer and engine only."""
    replicate_base_url: str = "https://api.replicate.com"
    """Where that service answers; another address is for proxies and tests."""
    image_model: str = "HuggingFaceTB/SmolVLM-500M-Instruct"
    """Vision-language model of the vlm describer: a Hugging Face name or a local folder."""
    per_model: Mapping[str, ModelDefaults] = field(default_factory=dict, repr=False)
    """ModelDefaults by model name; "" stands for every other model."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know about where a setting came from."""

    def model_defaults(self, full_name: str) -> ModelDefaults:
        """What a model, by its full name, is asked for when the person says nothing."""
        # "riffusion/riffusion-model-v1" is the hub's name for what configs/riffusion.toml is about.
        names = (full_name, full_name.split("/")[0], "")
        return next((self.per_model[name] for name in names if name in self.per_model), ModelDefaults())


def use_temporary_directory(settings: Settings) -> None:
    """Make the folder for work files, and let every library of this process put its own there.

    Raises:
        ConfigError: it cannot be made or written.
    """
    folder = settings.temporary_directory
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"TEMPORARY_DIRECTORY {folder} cannot be made: {error.strerror or error}.") from error
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"TEMPORARY_DIRECTORY {folder} cannot be written: choose another folder.")
    tempfile.tempdir = str(folder)
    atexit.register(_leave_no_cache, folder)


def _leave_no_cache(folder: Path) -> None:
    """torch makes a folder for what it compiles as soon as it is asked for anything; here it compiles nothing."""
    for path in folder.glob("torchinductor_*"):
        with suppress(OSError):  # It is not empty: another program's.
            path.rmdir()


def use_page_folder(settings: Settings) -> Path:
    """Make the page's own folder under the temporary directory, and tell Gradio, which reads the environment, of it.

    Returns:
        The folder; only what lies in it can ever be served.
    Raises:
        ConfigError: it cannot be made.
    """
    folder = settings.temporary_directory.expanduser().resolve() / PAGE_FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"The folder {folder} cannot be made ({error.strerror}): set TEMPORARY_DIRECTORY to another one."
        ) from error
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def server_environment() -> dict[str, str]:
    """All that the process which reads files gets of the environment: nothing that is secret."""
    names = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    # One thread each: a process with threads cannot be forked safely.
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **single, "MALLOC_ARENA_MAX": "4", "PYTHONUTF8": "1"}


def use_worker_folder(folder: Path | None) -> None:
    """Let every library of a process that reads files put its own into one folder; None: nowhere."""
    place = str(folder) if folder is not None else "/nonexistent"
    os.environ.update(HOME=place, TMPDIR=place)
    tempfile.tempdir = place
    os.chdir(place if folder is not None else "/")


def use_threads(n: int) -> None:
    """Let the libraries of this process, which read the environment when they are first imported, use n threads each.

    Where the environment says a number already, that stays.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(n))
