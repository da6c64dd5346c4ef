"""What a file is, where it is nothing to be opened: each kind that would lead to other files gets its own sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import MediaError

HEAD_BYTES = 1 << 16
OTHERS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"#EXTM3U"), "is a playlist (HLS) of other files"),
    (re.compile(rb"ffconcat\s"), "is a list of other files (ffconcat)"),
    (re.compile(rb"(?:\s*#[^\n]*\n|\s)*file\s+\S"), "is a list of other files (ffconcat)"),
    (re.compile(rb"(?s)(?:<\?xml.{0,400}?\?>|<!--.{0,4000}?-->|\s)*<MPD[\s>]"), "is a playlist (DASH) of other files"),
    (re.compile(rb"(?s)(?:<\?xml.{0,400}?\?>|\s)*<SmoothStreamingMedia"), "is a playlist (Smooth Streaming) of others"),
    (re.compile(rb"(?s)(?:<\?xml.{0,400}?\?>|\s)*<(?:smil|playlist|asx)\b", re.I), "is a playlist of other files"),
    (re.compile(rb"v=\d\r?\n(?:[a-z]=[^\n]*\n)"), "describes a stream on a network (SDP)"),
    (re.compile(rb"\[(?:playlist|Reference)\]", re.I), "is a playlist of other files"),
    (re.compile(rb";FFMETADATA"), "is a text file of FFmpeg's"),
)
"""How such files begin, and what is said of them."""
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"\0\0\1\0")
SERIES = re.compile(r"%\d*d|%")
PICTURE_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".tga", ".exr", ".dpx"}
EBML, SEGMENT, CLUSTER, INFO, CHAPTERS = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1549A966, 0x1043A770
LINKS = {0x3CB923: "PrevUID", 0x3EB923: "NextUID", 0x3C83AB: "PrevFilename", 0x3E83BB: "NextFilename"}
CHAPTER_LINK = 0x6E67
NESTED = {0x45B9, 0xB6}
"""EditionEntry and ChapterAtom."""
MAX_ELEMENTS, MAX_DEPTH = 20_000, 8


def refuse_others(path: Path) -> None:
    """Raise MediaError where a file leads to other files.

    Args:
        path: any readable file.
    """
    with _open(path) as file:
        head = file.read(HEAD_BYTES)
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0")
        for pattern, what in OTHERS:
            if pattern.match(text):
                raise MediaError(f"{path.name} {what}: give the video file itself.")
        if SERIES.search(path.name) and path.suffix.lower() in PICTURE_ENDINGS:
            raise MediaError(f"{path.name} is the name of a series of pictures: make a video of them first.")
        if head[:4] == EBML.to_bytes(4, "big") and (link := _segment_link(file)):
            raise MediaError(
                f"{path.name} is a part of a film that goes on in other files (Matroska segment link, {link}): "
                "join them first, for example with mkvmerge."
            )


def other_kind(path: Path) -> str:
    """What is said of a file whose kind is not on the list."""
    with _open(path) as file:
        head = file.read(16)
    if head.startswith(PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return f"{path.name} is a picture: give a video."
    return f"{path.name} is of a kind that is not opened here, or damaged: convert it to MP4 (H.264), for example."


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except PermissionError as error:
        raise MediaError(f"Permission to read {path.name} is denied: grant it with chmod u+r.") from error
    except OSError as error:
        raise MediaError(f"{path.name} cannot be read ({error.strerror or error}): check its disk.") from error


def _segment_link(file: BinaryIO) -> str:
    """Which element of a Matroska file points to another file; "" where none does."""
    end = file.seek(0, 2)
    for kind, start, stop in _elements(file, 0, end):
        if kind != SEGMENT:
            continue
        for inner, first, last in _elements(file, start, stop):
            if inner == INFO:
                found = [LINKS[name] for name, _, _ in _elements(file, first, last) if name in LINKS]
                if found:
                    return found[0]
            elif inner == CHAPTERS and _has_chapter_link(file, first, last, 0):
                return "ChapterSegmentUID"
            elif inner == CLUSTER:
                break
    return ""


def _has_chapter_link(file: BinaryIO, start: int, stop: int, depth: int) -> bool:
    return depth < MAX_DEPTH and any(
        kind == CHAPTER_LINK or (kind in NESTED and _has_chapter_link(file, first, last, depth + 1))
        for kind, first, last in _elements(file, start, stop)
    )


def _elements(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Kind, first byte and end of each element in a stretch of a file; a damaged one ends it. Source: RFC 8794."""
    at = start
    for _ in range(MAX_ELEMENTS):
        file.seek(at)
        head = file.read(12)
        if at >= stop or len(head) < 2 or not head[0] or head[0] < 0x10:
            return
        n_kind = 9 - head[0].bit_length()
        if len(head) <= n_kind or not head[n_kind]:
            return
        n_size = 9 - head[n_kind].bit_length()
        size = int.from_bytes(head[n_kind : n_kind + n_size], "big") & ((1 << 7 * n_size) - 1)
        first = at + n_kind + n_size
        unknown = size == (1 << 7 * n_size) - 1
        last = stop if unknown else min(stop, first + size)
        yield int.from_bytes(head[:n_kind], "big"), first, last
        at = last
