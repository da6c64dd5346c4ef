"""The errors a person can mend. Each message says what is wrong, the number, the allowed range and what to do.

    RiffusionError
    ├── SettingError            a value is out of range or of the wrong kind
    ├── SpectrogramError        an image or array is not a spectrogram that can be read
    ├── ScoreError              a score or a MIDI file cannot be read or written
    ├── CheckpointError         a checkpoint is missing, corrupt, or not what it claims
    ├── EngineError             a model could not do its work (memory, network, service)
    └── GenerationCancelled     the caller asked to stop; nothing was written

`app.errors` adds what belongs to video files and the program around them under the same root, so that one
`except RiffusionError` is enough for the page and for the command line.
"""


class RiffusionError(Exception):
    """Root of every error whose message is meant for the person at the keyboard."""


class SettingError(RiffusionError):
    """A value is out of range or of the wrong kind."""


class SpectrogramError(RiffusionError):
    """An image or array is not a spectrogram that can be read."""


class ScoreError(RiffusionError):
    """A score or a MIDI file cannot be read or written."""


class CheckpointError(RiffusionError):
    """A checkpoint is missing, corrupt, or not what it claims to be."""


class EngineError(RiffusionError):
    """A model could not do its work: out of memory, no network, a service that refused."""


class GenerationCancelled(RiffusionError):
    """The caller asked to stop; nothing was written."""
