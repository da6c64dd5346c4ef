"""Showing that packets and sound are the source's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from riffusion_inference.datatypes import Waveform

from ..wall.registry import walled
from .clip import Clip
from .decode import audio_samples, placed_pieces
from .open import codec_name, opened, path_of, video_stream
from .probe import as_clip
from .sound import audio_stream

PACKET_DECODERS = {"aac", "opus", "ac3", "eac3"}
CLOCK_SLACK = Fraction(2, 1000)


@walled
def packet_hashes(clip_or_path: Clip | Path, kind: str = "video", track: int = 0) -> list[str]:
    """Hash a track's stored packets in the order of the file, hidden ones too.

    Args:
        clip_or_path: a probed clip, or a media file.
        kind: "video" or "audio".
        track: number among the audio tracks; pictures have one.
    Returns:
        One hexadecimal MD5 per packet.
    Raises:
        MediaError: there is no such track.
    """
    path = path_of(clip_or_path)
    with opened(path) as container:
        return [digest for _, digest in _packets(container, _stream(container, path, kind, track))]


@walled
def same_sound(
    part: Clip | Path, source: Clip, start_sample: int | None, end_sample: int | None, track: int = 0
) -> bool:
    """True where a part's sound is the source's over a range of samples.

    The decoded samples are compared first. Some decoders do not give the same samples twice (AAC puts noise where the
    encoder said "noise here"; Opus and AC-3 remember what came before), so for those it is also enough that there are
    as many samples and that the packets are the source's, byte for byte and at the same times.

    Args:
        part: a part, probed or not.
        source: the clip that it was cut from.
        start_sample: first sample, counted from the source's first frame; None: the track's first.
        end_sample: one past the last; None: the track's end.
        track: number among the audio tracks.
    Raises:
        MediaError: a file cannot be decoded.
    """
    part = as_clip(part)
    mine = audio_samples(part, track)
    theirs = _heard(source, track, start_sample, end_sample)
    if mine.sample_rate != theirs.sample_rate or mine.samples.shape != theirs.samples.shape:
        return False
    return np.array_equal(mine.samples, theirs.samples) or _same_packets(part, source, start_sample or 0, track)


def _heard(clip: Clip, track: int, start_sample: int | None, end_sample: int | None) -> Waveform:
    """The samples that a track decodes to within a range, gaps closed."""
    pieces, rate, channels = placed_pieces(clip, track, start_sample, end_sample)
    cut = [np.zeros((channels, 0), dtype=np.float32)]
    for at, piece in pieces:
        low = 0 if start_sample is None else max(0, start_sample - at)
        high = piece.shape[1] if end_sample is None else max(0, end_sample - at)
        cut.append(piece[:, low:high])
    return Waveform(np.concatenate(cut, axis=1), rate)


def _same_packets(part: Clip, source: Clip, start_sample: int, track: int) -> bool:
    """True where the part's packets are a run of the source's, byte for byte, at the same times."""
    mine, codec = _placed_packets(part, track)
    theirs, source_codec = _placed_packets(source, track)
    if codec not in PACKET_DECODERS or codec != source_codec or not mine:
        return False
    rate = part.sample_rate or 1
    at, digest = mine[0]
    for number, (place, other) in enumerate(theirs):
        if other == digest and abs(place - at - Fraction(start_sample, rate)) <= CLOCK_SLACK:
            run = theirs[number : number + len(mine)]
            return [known for _, known in run] == [known for _, known in mine]
    return False


def _placed_packets(clip: Clip, track: int) -> tuple[list[tuple[Fraction, str]], str]:
    """Each packet's time in seconds from the clip's first frame and its hash, and the codec's name."""
    with opened(clip.path) as container:
        stream = _stream(container, clip.path, "audio", track)
        codec = codec_name(stream)
        time_base = Fraction(stream.time_base)
        return [(pts * time_base - clip.start, digest) for pts, digest in _packets(container, stream)], codec


def _packets(container: Any, stream: Any) -> Iterator[tuple[int, str]]:
    for packet in container.demux(stream):
        if packet.size:
            yield packet.pts or 0, hashlib.md5(bytes(packet), usedforsecurity=False).hexdigest()


def _stream(container: Any, path: Path, kind: str, track: int) -> Any:
    if kind == "video":
        return video_stream(container, path)
    return audio_stream(container, track, path)
