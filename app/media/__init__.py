"""The only place that touches FFmpeg or PyAV: probe, split, decode, mux.

Times are pts and time_base or Fraction seconds, samples are counted from the clip's first frame, and files are
written under a temporary name and moved into place.
"""

from app.media.clip import SPLIT_MODES, Clip, SplitMode, SplitPlan
from app.media.decode import audio_samples, decode_audio, read_audio, write_wav
from app.media.frames import frame_at, frame_hashes, frames_at, thumbnails
from app.media.mux import film_suffix, mux_film, replace_audio
from app.media.probe import probe
from app.media.proof import packet_hashes, same_sound
from app.media.split import explain_split, split

__all__ = [
    "SPLIT_MODES",
    "Clip",
    "SplitMode",
    "SplitPlan",
    "audio_samples",
    "decode_audio",
    "explain_split",
    "film_suffix",
    "frame_at",
    "frame_hashes",
    "frames_at",
    "mux_film",
    "packet_hashes",
    "probe",
    "read_audio",
    "replace_audio",
    "same_sound",
    "split",
    "thumbnails",
    "write_wav",
]
