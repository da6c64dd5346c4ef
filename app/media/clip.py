"""What a probe found and what a split will do: the frozen types of the video layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ..plan import Part, SplitMode
from .mp4.movie import Movie

MAX_SIDE, MAX_CHANNELS, MAX_RATE = 1 << 20, 1 << 10, 10_000_000
"""What nothing that can be decoded exceeds: pixels of a side, channels, Hz."""


@dataclass(frozen=True)
class Clip:
    """A video file, as FFmpeg presents it: edit lists are honoured and hidden frames are not counted."""

    path: Path
    """The file, absolute."""
    container: str
    """FFmpeg's name of the format, for example "mov,mp4,m4a,3gp,3g2,mj2"."""
    size_bytes: int
    """Bytes on disk."""
    duration: Fraction
    """Seconds from the first frame's start to the last frame's end."""
    frame_pts: tuple[int, ...]
    """Presentation time of each frame, rising, in time_base units."""
    time_base: Fraction
    """Seconds per unit of frame_pts."""
    frame_rate: Fraction
    """Frames per second, on average over the clip."""
    keyframes: tuple[int, ...]
    """Frame numbers, in presentation order, that can be decoded without the frames before them."""
    width: int
    """Pixels as shown, after rotation."""
    height: int
    """Pixels as shown, after rotation."""
    rotation: int
    """Degrees counter-clockwise that a player turns the stored picture: 0, 90, 180 or 270."""
    video_codec: str
    """FFmpeg's name, for example "h264"."""
    pixel_format: str
    """FFmpeg's name, for example "yuv420p10le"."""
    video_index: int
    """The video track's number among all streams of the file."""
    sample_rate: int | None
    """Hz of the first audio track; None where there is no sound."""
    n_channels: int
    """Channels of the first audio track; 0 where there is no sound."""
    n_samples: int
    """Samples per channel that the first audio track decodes to; 0 where there is no sound. Holes do not count."""
    audio_start_sample: int
    """When the first audio sample sounds, counted from the clip's first frame; negative where sound comes first."""
    audio_end_sample: int
    """One past the last audio sample, counted likewise: holes in the sound lie before it. 0 where there is no sound."""
    audio_codec: str | None
    """FFmpeg's name, for example "aac"; None where there is no sound."""
    n_audio_tracks: int
    """Audio tracks in the file."""
    n_subtitle_tracks: int = 0
    """Subtitle tracks in the file."""
    n_chapters: int = 0
    """Chapters in the file."""
    frames_are_packets: bool = True
    """Whether each frame is one packet of the file that bears its time, so that packets can be cut in its stead."""
    movie: Movie | None = field(default=None, repr=False, compare=False)
    """The file's index as the probe read it, so that it is not read again; None where the file is not MP4 or MOV."""

    def __post_init__(self) -> None:
        whole = self.frame_pts and self.time_base > 0 and self.duration > 0 and self.frame_rate > 0
        sound = 0 <= self.n_channels <= MAX_CHANNELS and (self.sample_rate is None or 0 < self.sample_rate <= MAX_RATE)
        if not (whole and sound and 0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE and self.n_samples >= 0):
            raise ValueError("a clip has frames, each shown for a time, and a size")

    @property
    def n_frames(self) -> int:
        """Frames that a player shows, at least 1."""
        return len(self.frame_pts)

    @property
    def start(self) -> Fraction:
        """Seconds on the file's own timeline at which the first frame appears."""
        return self.frame_pts[0] * self.time_base

    @property
    def is_variable_frame_rate(self) -> bool:
        """True where frames are shown for different times, by more than rounding to time_base."""
        steps = [b - a for a, b in zip(self.frame_pts, self.frame_pts[1:], strict=False)]
        return bool(steps) and max(steps) - min(steps) > 1


@dataclass(frozen=True)
class SplitPlan:
    """What a split will do, known before it does it."""

    mode_asked: SplitMode
    """The mode the person chose."""
    mode_used: SplitMode
    """The mode that will run; differs where this clip cannot carry the one asked for."""
    parts: tuple[Part, ...]
    """The parts it will write; in keyframe mode they may be fewer than asked for, and a note says so."""
    notes: tuple[str, ...]
    """One sentence for each thing a person should know."""
