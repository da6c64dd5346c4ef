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
from .peaks import MAX_PAIRS, sound_peaks
from .probe import as_clip, probe, probe_copy
from .proof.evidence import (
    Claim,
    Depth,
    DubEvidence,
    Edge,
    Evidence,
    FilmEvidence,
    Match,
    PartFile,
    PictureEvidence,
    SoundEvidence,
)
from .proof.likeness import lag, likeness_db
from .proof.packets import packet_hashes
from .proof.prove import prove
from .splice.film import Stretch

__all__ = [
    "MAX_PAIRS",
    "SPLIT_MODES",
    "Claim",
    "Clip",
    "Depth",
    "DubEvidence",
    "Edge",
    "Evidence",
    "FilmEvidence",
    "FilmPlan",
    "FilmSound",
    "Match",
    "PartFile",
    "PictureEvidence",
    "SoundEvidence",
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
    "lag",
    "likeness_db",
    "mux_film",
    "packet_hashes",
    "plan_film",
    "probe",
    "probe_copy",
    "prove",
    "read_audio",
    "read_image",
    "read_score",
    "replace_audio",
    "small_frames",
    "sound_peaks",
    "split",
    "take_sound",
    "thumbnails",
    "use_settings",
    "write_film",
    "write_wav",
]
