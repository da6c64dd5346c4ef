"""What can go wrong with files and the program around them, under the music layer's root.

    RiffusionError
    ├── ConfigError             .env, configs/*.toml or a command-line option
    ├── MediaError              a file cannot be read, is not a video, is damaged, or cannot be written
    ├── PlanError               the parts asked for do not fit the clip
    ├── ArchiveError            a result folder, manifest or zip is missing, damaged or in the way
    ├── StorageError            a store that films are read from or results are written to does not answer or refuses
    ├── MoodError               no prompt could be made from the picture
    └── DubCancelled            the person stopped the run; nothing was left behind

One `except RiffusionError` is enough for the page and for the command line.
"""

from riffusion_inference.errors import RiffusionError


class ConfigError(RiffusionError):
    """A setting in .env, configs/*.toml or on the command line is unknown or out of range."""


class MediaError(RiffusionError):
    """A file cannot be read, is not a video, is damaged, or cannot be written."""


class PlanError(RiffusionError):
    """The parts asked for do not fit the clip."""


class ArchiveError(RiffusionError):
    """A result folder, manifest or archive is missing, damaged or in the way."""


class StorageError(RiffusionError):
    """A store that films are read from or results are written to does not answer or refuses."""


class MoodError(RiffusionError):
    """No prompt could be made from the picture."""


class DubCancelled(RiffusionError):
    """The person stopped the run; nothing was left behind."""
