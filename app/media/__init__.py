"""The only place that touches FFmpeg or PyAV: probe, split, decode, mux.

Times are pts and time_base or Fraction seconds, samples are counted from the clip's first frame, and files are
written under a temporary name and moved into place.
"""

from ..plan import SPLIT_MODES, SplitMode
from .clip import Clip, SplitPlan
from .cut.split import explain_split, split
from .decode import audio_samples, decode_audio, read_audio, write_wav
from .film import FilmSound, film_sound_source, plan_film, take_sound, write_film
from .frames import frame_at, frame_hashes, frames_at, small_frames, thumbnails
from .mux import film_suffix, mux_film, replace_audio
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
from .splice.film import Splice, Stretch

__all__ = [
    "SPLIT_MODES",
    "Claim",
    "Clip",
    "Depth",
    "DubEvidence",
    "Edge",
    "Evidence",
    "FilmEvidence",
    "FilmSound",
    "Match",
    "PartFile",
    "PictureEvidence",
    "SoundEvidence",
    "Splice",
    "SplitMode",
    "SplitPlan",
    "Stretch",
    "as_clip",
    "audio_samples",
    "decode_audio",
    "explain_split",
    "film_sound_source",
    "film_suffix",
    "frame_at",
    "frame_hashes",
    "frames_at",
    "lag",
    "likeness_db",
    "mux_film",
    "packet_hashes",
    "plan_film",
    "probe",
    "probe_copy",
    "prove",
    "read_audio",
    "replace_audio",
    "small_frames",
    "split",
    "take_sound",
    "thumbnails",
    "write_film",
    "write_wav",
]
