"""The only place that touches FFmpeg or PyAV: probe, split, decode, mux.

Times are pts and time_base or Fraction seconds, samples are counted from the clip's first frame, and files are
written under a temporary name and moved into place.
"""

from ..plan import SPLIT_MODES, SplitMode
from ..wall.job import describe_sandbox, in_this_process, job
from .clip import Clip, SplitPlan
from .cut.split import explain_split, split
from .decode import audio_samples, decode_audio, read_audio, write_wav
from .ffmpeg import ffmpeg_versions, use_settings
from .film import FilmPlan, FilmSound, plan_film, take_sound, write_film
from .frames import frame_at, frame_hashes, frames_at, small_frames, thumbnails
from .given import read_image, read_score
from .mux import film_suffix, mux_film, replace_audio
from .probe import as_clip, probe
from .proof import packet_hashes, same_sound
from .splice.film import Stretch

__all__ = [
    "SPLIT_MODES",
    "Clip",
    "FilmPlan",
    "FilmSound",
    "SplitMode",
    "SplitPlan",
    "Stretch",
    "as_clip",
    "audio_samples",
    "decode_audio",
    "describe_sandbox",
    "explain_split",
    "ffmpeg_versions",
    "film_suffix",
    "frame_at",
    "frame_hashes",
    "frames_at",
    "in_this_process",
    "job",
    "mux_film",
    "packet_hashes",
    "plan_film",
    "probe",
    "read_audio",
    "read_image",
    "read_score",
    "replace_audio",
    "same_sound",
    "small_frames",
    "split",
    "take_sound",
    "thumbnails",
    "use_settings",
    "write_film",
    "write_wav",
]
