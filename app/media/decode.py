"""Sound out of files, on one grid: sample 0 sounds when the clip's first frame appears."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from riffusion_inference.datatypes import Waveform

from ..files import written_whole
from ..wall.registry import walled
from .clip import Clip
from .mp4.movie import rescaled
from .open import opened, path_of, seek_back
from .probe import as_clip
from .sound import audio_stream, decoded_pieces, steady_index

WARM_UP_SECONDS = 1
BLOCK_SECONDS = 10


@walled
def decode_audio(
    clip_or_path: Clip | Path,
    *,
    track: int = 0,
    start_sample: int | None = 0,
    end_sample: int | None = None,
) -> Waveform:
    """Decode a range of one audio track; where the track has no sound (before it, after it, in gaps) it is silent.

    Args:
        clip_or_path: a probed clip, or a video file to probe.
        track: number among the audio tracks, 0 for the first.
        start_sample: first sample; 0 sounds with the clip's first frame; None: the track's first, even before that.
        end_sample: one past the last sample; None: the track's end.
    Returns:
        Waveform, samples [C, end_sample - start_sample] float32.
    Raises:
        MediaError: there is no such track, or it cannot be decoded.
    """
    clip = as_clip(clip_or_path)
    pieces, rate, channels = placed_pieces(clip, track, start_sample, end_sample)
    low = start_sample if start_sample is not None else min((at for at, _ in pieces), default=0)
    high = end_sample if end_sample is not None else max((at + p.shape[1] for at, p in pieces), default=low)
    samples = np.zeros((channels, max(0, high - low)), dtype=np.float32)
    for at, piece in pieces:
        a, b = max(at, low), min(at + piece.shape[1], high)
        if a < b:
            samples[:, a - low : b - low] = piece[:, a - at : b - at]
    return Waveform(samples, rate)


@walled
def audio_samples(clip_or_path: Clip | Path, track: int = 0) -> Waveform:
    """Decode every sample of an audio track, one after another as FFmpeg presents them, gaps closed.

    What is to be heard at a time comes from decode_audio; this is for counting and comparing.

    Args:
        clip_or_path: a probed clip, or any media file.
        track: number among the audio tracks, 0 for the first.
    Returns:
        Waveform, samples [C, T] float32; exact for 8, 16 and 24 bit integers.
    Raises:
        MediaError: there is no such track, or it cannot be decoded.
    """
    pieces, rate, channels = _all_pieces(clip_or_path, track)
    empty = np.zeros((channels, 0), dtype=np.float32)
    return Waveform(np.concatenate([empty, *(piece for _, piece in pieces)], axis=1), rate)


@walled
def read_audio(clip_or_path: Clip | Path) -> Waveform:
    """Read the first audio track of any sound or video file, whole, with silence in its holes.

    Args:
        clip_or_path: WAV, FLAC, MP3, M4A, a video, ..., or a probed clip.
    Returns:
        Waveform, samples [C, T] float32.
    Raises:
        MediaError: it cannot be read or has no sound.
    """
    pieces, rate, channels = _all_pieces(clip_or_path, 0)
    # A damaged file may say of a later piece that it is heard first.
    begin = min((time for time, _ in pieces), default=Fraction(0))
    starts = [rescaled(time - begin, rate) for time, _ in pieces]
    n_samples = max((at + piece.shape[1] for at, (_, piece) in zip(starts, pieces, strict=True)), default=0)
    samples = np.zeros((channels, n_samples), dtype=np.float32)
    for at, (_, piece) in zip(starts, pieces, strict=True):
        samples[:, at : at + piece.shape[1]] = piece
    return Waveform(samples, rate)


def _all_pieces(clip_or_path: Clip | Path, track: int) -> tuple[list[tuple[Fraction, np.ndarray]], int, int]:
    """The decoded pieces of a track as decoded_pieces gives them; the sample rate; the channels."""
    path = path_of(clip_or_path)
    with opened(path) as container:
        stream = audio_stream(container, track, path)
        movie = clip_or_path.movie if isinstance(clip_or_path, Clip) else steady_index(path, container)
        rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
        pieces = list(decoded_pieces(container, stream, movie))
        return pieces, rate or stream.codec_context.sample_rate, pieces[0][1].shape[0] if pieces else channels


def write_wav(path: Path, waveform: Waveform) -> None:
    """Write a waveform as 32-bit float WAV, which loses nothing; the file appears whole or not at all.

    Args:
        path: where to.
        waveform: samples [C, T].
    Raises:
        MediaError: the folder cannot be written or is full.
    """
    write_stream(path, stream_of(waveform))


@dataclass(frozen=True)
class SoundStream:
    """Sound that need not be in memory as a whole."""

    sample_rate: int
    """Hz."""
    n_channels: int
    """Channels."""
    n_samples: int
    """Samples of each."""
    blocks: Callable[[], Iterable[np.ndarray]]
    """Gives the sound from its start, [C, n] float32 at a time."""


def stream_of(waveform: Waveform) -> SoundStream:
    """A waveform as such."""
    n_channels, n_samples = waveform.samples.shape
    return SoundStream(waveform.sample_rate, n_channels, n_samples, lambda: [waveform.samples])


def write_stream(path: Path, sound: SoundStream) -> None:
    """Write sound as write_wav does; see there."""
    import soundfile

    with written_whole(Path(path)) as temporary:
        try:
            with soundfile.SoundFile(
                temporary, "w", sound.sample_rate, sound.n_channels, subtype="FLOAT", format="WAV"
            ) as file:
                for block in sound.blocks():
                    file.write(block.T)
        except soundfile.LibsndfileError as error:
            # libsndfile calls a full disk "System error".
            n_bytes = 4 * sound.n_channels * sound.n_samples
            full = shutil.disk_usage(temporary.parent).free < n_bytes
            raise OSError(errno.ENOSPC if full else error.code, str(error)) from error


def blocks_between(clip: Clip, start: int, end: int) -> Iterator[np.ndarray]:
    """The first track's sound, as decode_audio gives it, a few seconds at a time; decoded in one go.

    Args:
        clip: a probed clip with sound.
        start: first sample, counted from the first frame.
        end: one past the last.
    Returns:
        [C, n] float32, one after another.
    """
    size = BLOCK_SECONDS * (clip.sample_rate or 1)
    held, low = np.zeros((clip.n_channels, 2 * size), dtype=np.float32), start
    with opened(clip.path) as container:
        stream = audio_stream(container, 0, clip.path)
        for at, piece in _pieces(container, stream, clip, start, end):
            while min(at + piece.shape[1], end) > low + held.shape[1]:
                yield held[:, :size].copy()
                # What comes later may still lie a little before what came last: half is held back.
                held[:, :size] = held[:, size:]
                held[:, size:] = 0
                low += size
            a, b = max(at, low), min(at + piece.shape[1], end)
            if a < b:
                held[:, a - low : b - low] = piece[:, a - at : b - at]
    while low < end:
        yield held[:, : end - low].copy()
        low += held.shape[1]
        held[:] = 0


def placed_pieces(
    clip: Clip, track: int, start_sample: int | None, end_sample: int | None
) -> tuple[list[tuple[int, np.ndarray]], int, int]:
    """Decode the pieces of sound that overlap a range of samples.

    Args:
        clip: a probed clip.
        track: number among the audio tracks.
        start_sample: first sample of interest; None: the track's first.
        end_sample: one past the last; None: the track's end.
    Returns:
        (place of its first sample on the grid, [C, n] float32) for each piece; the sample rate; the channels.
    """
    with opened(clip.path) as container:
        stream = audio_stream(container, track, clip.path)
        rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
        placed = [*_pieces(container, stream, clip, start_sample, end_sample)]
    return placed, rate, placed[0][1].shape[0] if placed else channels


def _pieces(
    container: Any, stream: Any, clip: Clip, start_sample: int | None, end_sample: int | None
) -> Iterator[tuple[int, np.ndarray]]:
    """The pieces of an open file's track, one after another; see placed_pieces."""
    rate, time_base = stream.codec_context.sample_rate, Fraction(stream.time_base)
    if start_sample is not None and (1 / (time_base * rate)).denominator == 1:
        from_time = clip.start + Fraction(start_sample, rate) - WARM_UP_SECONDS
        if from_time > 0:
            seek_back(container, stream, int(from_time / time_base))
    for time, piece in decoded_pieces(container, stream, clip.movie):
        at = rescaled(time - clip.start, rate)
        if end_sample is not None and at >= end_sample:
            break
        if start_sample is None or at + piece.shape[1] > start_sample:
            yield at, piece
