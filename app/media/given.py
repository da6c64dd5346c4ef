"""Files that are given beside a video: pictures of spectrograms, and scores."""

from __future__ import annotations

import logging
import struct
import zlib
from pathlib import Path

from PIL import Image

from riffusion_inference.errors import ScoreError
from riffusion_inference.notation.score import Score
from riffusion_inference.score.midi import MAX_BYTES, MidiReading, midi_from_score, score_from_midi

from ..errors import MediaError
from ..wall.registry import walled
from .open import check_readable

LOG = logging.getLogger(__name__)
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
"""Kinds of pictures, by Pillow's names; the others are left alone: some run further programs."""
MAX_IMAGE_PIXELS = 40_000_000
"""Of a picture: a spectrogram of ten minutes has 31 million."""
MAX_SCORE_JSON_BYTES = 64 << 20
DAMAGED = (
    OSError, ValueError, SyntaxError, TypeError, LookupError, AttributeError, ArithmeticError, EOFError, struct.error,
    zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises where a picture is damaged or made to do harm."""


@walled
def read_image(path: Path) -> Image.Image:
    """Read an image file, whole.

    Raises:
        MediaError: it is not there, is not an image, or is too large.
    """
    path = check_readable(path)
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise MediaError(
                    f"{path.name} has {image.width} x {image.height} pixels, but at most {MAX_IMAGE_PIXELS:,} are "
                    "accepted: choose a smaller picture."
                )
            image.load()
            copy = image.copy()
            copy.getexif()  # It is read when it is first asked for, which is not to be later.
            return copy
    except DAMAGED as error:
        LOG.info("%s: %s", path.name, error)
        raise MediaError(f"{path.name} is not an image that can be read: choose a PNG or JPEG file.") from error


@walled
def read_score(path: Path) -> MidiReading:
    """Read a score: a MIDI file, or the JSON that this program writes.

    Raises:
        MediaError: it is not there, or is neither.
    """
    try:
        json = path.suffix.lower() == ".json"
        most, size = MAX_SCORE_JSON_BYTES if json else MAX_BYTES, path.stat().st_size
        if size > most:
            raise MediaError(f"{path.name} has {size:,} bytes, but a score has at most {most:,}: choose another file.")
        data = path.read_bytes()
        read = MidiReading(Score.from_json(data.decode("utf-8", "replace"))) if json else score_from_midi(data)
        midi_from_score(read.score)  # It is kept as one, and what cannot be is said before the long work.
        return read
    except OSError as error:
        raise MediaError(f"{path.name} cannot be read ({error.strerror or error}): give a MIDI file.") from error
    except ScoreError as error:
        raise MediaError(f"{path.name} cannot be painted. {error}") from error
