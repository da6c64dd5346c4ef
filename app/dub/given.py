"""Options that name files: what is in the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import media
from ..settings.options import OPTIONS, Kind


def read_option(name: str, path: Path) -> Any:
    """The image, sound or score that an option names.

    Raises:
        MediaError: it is not there, or is none.
    """
    readers = {Kind.IMAGE: media.read_image, Kind.SOUND: media.read_audio, Kind.MIDI: media.read_score}
    return readers[OPTIONS[name].kind](path)
