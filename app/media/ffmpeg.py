"""Running FFmpeg as a child, writing files in one go, and saying in one sentence what went wrong."""

from __future__ import annotations

import logging
import os
import queue
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import ffmpeg

from riffusion_inference.datatypes import ShouldCancel

from ..errors import ConfigError, MediaError
from ..files import check_cancel, no_space_error
from ..settings import Settings
from ..wall import job
from ..wall.bounds import Bounds
from ..wall.registry import uses_program
from .allowed import OPTIONS

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.1
MAX_SAID_BYTES = 1 << 16
KILL_AFTER_SECONDS = 1.0


_OWN: Path | None = None


def use_own_ffmpeg(path: Path | None) -> None:
    """Run this FFmpeg in this process too; None: the one that the program carries."""
    global _OWN
    _OWN = path


@uses_program
def use_ffmpeg(bounds: Bounds) -> Path:
    """Run the FFmpeg that a worker is told of."""
    use_own_ffmpeg(bounds.ffmpeg)
    return Path(ffmpeg_exe())


def use_settings(settings: Settings) -> None:
    """Read and write media as the settings say from here on, and get ready for the first file.

    Raises:
        ConfigError: there is no FFmpeg where one is said to be.
    """
    path = settings.ffmpeg_path
    if path is not None and not os.access(path, os.X_OK):
        raise ConfigError(f"FFMPEG_PATH is {path}, which is no program that can be run: give FFmpeg's own file.")
    use_own_ffmpeg(path)
    job.use_settings(settings)


def ffmpeg_exe() -> str:
    """Absolute path of the FFmpeg that is run: one's own, or the one that the program carries."""
    return str(_OWN.absolute()) if _OWN is not None else _carried()


@lru_cache(maxsize=1)
def _carried() -> str:
    """The FFmpeg that the imageio-ffmpeg wheel carries; it is never put on PATH."""
    import imageio_ffmpeg

    found = sorted((Path(imageio_ffmpeg.__file__).parent / "binaries").glob("ffmpeg-*"))
    # Asked for by name, the library runs it first to see whether it works, which takes longer than most of our calls.
    return str(found[0]) if len(found) == 1 else str(imageio_ffmpeg.get_ffmpeg_exe())


def ffmpeg_versions() -> tuple[str, str]:
    """A line for each of the two: FFmpeg's libraries in PyAV, and the program."""
    done = subprocess.run([ffmpeg_exe(), "-version"], capture_output=True, text=True, check=False, timeout=60)
    found = re.match(r"ffmpeg version (\S+)", done.stdout)
    program = found[1] if found is not None else f"that does not say its version ({ffmpeg_exe()})"
    return f"FFmpeg {av.ffmpeg_version_info} in PyAV {av.__version__}", f"FFmpeg {program} as a program"


def file_url(path: Path) -> str:
    """An FFmpeg input or output name that no character in it can turn into an option or a protocol."""
    return f"file:{path.absolute()}"


def input_of(path: Path, **options: Any) -> Any:
    """A file that FFmpeg reads, as ffmpeg-python takes it: only what is on the list is opened.

    Args:
        path: the file.
        options: FFmpeg's for this input.
    """
    return ffmpeg.input(file_url(path), **OPTIONS, **options)


def run_ffmpeg(
    arguments: list[str],
    out_path: Path,
    *,
    subject: str,
    on_frames: Callable[[int], None] | None = None,
    should_cancel: ShouldCancel | None = None,
) -> None:
    """Run FFmpeg to its end; the child is killed within two seconds of a cancel or an error here.

    Args:
        arguments: everything after the program's name.
        out_path: the file it writes.
        subject: what is written, as a person calls it, for the error's sentence.
        on_frames: called with the number of frames done.
        should_cancel: asked ten times a second.
    Raises:
        MediaError: FFmpeg failed; its own words go to the log, since they name folders.
        DubCancelled: should_cancel returned True.
    """
    command = [ffmpeg_exe(), "-hide_banner", "-nostdin", "-v", "error", "-nostats", "-progress", "pipe:1", *arguments]
    LOG.debug("Running %s", shlex.join(command))
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            _follow(child, on_frames, should_cancel)
        finally:
            _end(child)
        if child.returncode != 0:
            errors.seek(0)
            said = errors.read(MAX_SAID_BYTES).decode("utf-8", "replace")
            raise _failure(said, child.returncode, out_path, subject)


def _follow(
    child: subprocess.Popen[str], on_frames: Callable[[int], None] | None, should_cancel: ShouldCancel | None
) -> None:
    """Read the child's progress until it ends."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(child, lines), daemon=True).start()
    while True:
        check_cancel(should_cancel)
        try:
            line = lines.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            child.wait()
            return
        key, _, value = line.strip().partition("=")
        if key == "frame" and value.isdigit() and on_frames is not None:
            on_frames(int(value))


def _pump(child: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line)
    lines.put(None)


def _end(child: subprocess.Popen[str]) -> None:
    """Make sure that the child is gone: ask, wait a second, kill."""
    if child.poll() is None:
        child.terminate()
        deadline = time.monotonic() + KILL_AFTER_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if child.poll() is None:
            child.kill()
    child.wait()


WHY: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("No such file or directory|Permission denied"), "a file that is needed is not there any more"),
    (re.compile("File too large"), "it would become larger than is allowed"),
    (re.compile("muxer|container|write header|codec parameters", re.I), "its container cannot carry one of its tracks"),
    (re.compile("Invalid data|[Dd]ecod|[Dd]emux"), "it is damaged or incomplete"),
)
"""What FFmpeg says, which names folders and addresses, in our words."""


def _failure(stderr: str, code: int, out_path: Path, subject: str) -> Exception:
    """The error for a run of FFmpeg that failed."""
    LOG.info("FFmpeg ended with %d: %s", code, stderr.strip())
    if "No space left on device" in stderr:
        return no_space_error(out_path.parent)
    if "Cannot allocate memory" in stderr:
        return MemoryError()
    why = next((why for pattern, why in WHY if pattern.search(stderr)), "FFmpeg gave up on it")
    if code < 0:
        why = "it would become larger than is allowed" if -code == signal.SIGXFSZ else "FFmpeg crashed on it"
    return MediaError(f"{subject} could not be written anew: {why}.")
