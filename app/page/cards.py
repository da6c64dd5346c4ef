"""What the page shows of the input: facts, filmstrip, stills, status card, sentences. Values in, HTML out."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..media import Clip, thumbnails
from ..models import ShelfNews, ShelfState
from ..plan import Part, time_of, timeline
from . import strings
from .render import render
from .session import Session

if TYPE_CHECKING:
    from PIL import Image

    from ..mood import MoodSuggestion

THUMBNAIL_HEIGHT = 96
CODECS = {"h264": "H.264", "hevc": "HEVC", "av1": "AV1", "vp9": "VP9", "vp8": "VP8", "mpeg4": "MPEG-4", "aac": "AAC"}


@dataclass(frozen=True)
class Frame:
    """One button of the filmstrip or of the stills."""

    index: int
    """What the click tells the server."""
    picture: str
    """Its address."""
    lines: tuple[str, str]
    """The words below the picture."""
    name: str
    """What a screen reader says."""
    corner: str = ""
    """Written on the picture."""
    badge: str = ""
    """What marks it."""


def time_range(start: Fraction, end: Fraction) -> str:
    """00:10.240 to 00:20.480."""
    return f"{timeline(start)} to {timeline(end)}"


def file_url(path: Path, version: object = "") -> str:
    """Where the browser fetches a file of its own; version changes when the file under the same name does."""
    if version == "":
        version = path.stat().st_mtime_ns if path.exists() else 0
    return f"gradio_api/file={quote(str(path))}?v={version}"


def data_url(image: Image.Image, height: int | None = None) -> str:
    """A picture inside the page itself, so that no file has to be served for it."""
    picture = image.convert("RGB")
    if height is not None and picture.height > height:
        picture = picture.resize((max(1, round(picture.width * height / picture.height)), height))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def facts_html(clip: Clip | None) -> str:
    """Length, size, frame rate, sound and keyframes of a video, or how to begin."""
    return hint_html(strings.VIDEO_EMPTY) if clip is None else render("facts", facts=facts(clip))


def facts(clip: Clip) -> list[str]:
    """What a person wants to know of a video at once."""
    rate = f"{float(clip.frame_rate):.3f}".rstrip("0").rstrip(".")
    return [
        timeline(clip.duration),
        f"{clip.width} × {clip.height}",
        f"{rate} frames/s" + (", variable" if clip.is_variable_frame_rate else ""),
        strings.counted(strings.FRAMES, clip.n_frames),
        _codec(clip.video_codec),
        sound_fact(clip),
        strings.counted(strings.KEYFRAMES, len(clip.keyframes)),
        f"{clip.size_bytes / 1e6:.1f} MB",
    ]


def sound_fact(clip: Clip) -> str:
    """ "AAC, 48 kHz stereo", or that there is none."""
    if clip.sample_rate is None:
        return strings.NO_SOUND
    channels = {1: "mono", 2: "stereo"}.get(clip.n_channels, f"{clip.n_channels} channels")
    tracks = f", {clip.n_audio_tracks} tracks" if clip.n_audio_tracks > 1 else ""
    return f"{_codec(clip.audio_codec or '')} {clip.sample_rate / 1000:g} kHz {channels}{tracks}"


def _codec(name: str) -> str:
    return CODECS.get(name, name.upper())


def data_pictures(session: Session, clip: Clip, frames: Sequence[int]) -> list[str]:
    """A thumbnail of each of some frames, made once."""
    keys = [(str(clip.path), frame) for frame in frames]
    missing = list(dict.fromkeys(key for key in keys if key not in session.pictures))
    if missing:
        times = [time_of(clip, frame) for _, frame in missing]
        for key, image in zip(missing, thumbnails(clip, times, THUMBNAIL_HEIGHT), strict=True):
            session.pictures[key] = data_url(image)
    return [session.pictures[key] for key in keys]


def dubbed_parts(session: Session) -> dict[int, int]:
    """Parts that carry new music as they are cut now, and the number that each has in the result."""
    if session.result is None or session.plan is None:
        return {}
    there = {(part.start_frame, part.end_frame): part.index for part in session.result.manifest.parts}
    dubbed = {one.part for one in session.result.dubs}
    found = {part.index: there.get((part.start_frame, part.end_frame), 0) for part in session.plan.parts}
    return {here: number for here, number in found.items() if number in dubbed}


def strip_html(session: Session) -> str:
    """The parts: one button for each; page.js presses the chosen one, which the tab itself keeps."""
    if session.clip is None or session.plan is None:
        return render("empty", text=strings.STRIP_EMPTY, small=False)
    dubbed = dubbed_parts(session)
    frames = [_part_frame(part, badge=part.index in dubbed) for part in session.plan.parts]
    return render("strip", frames=frames, film=f"{session.n_films}.{session.n_choices}", part=session.part)


def _part_frame(part: Part, *, badge: bool) -> Frame:
    name = f"{strings.PART.format(part=part.index)}, {time_range(part.start, part.end)}"
    mark = strings.DUBBED_BADGE if badge else ""
    spoken = f"{name}, {mark}" if mark else name
    lines = (timeline(part.start), timeline(part.end))
    return Frame(part.index, "", lines, spoken, corner=str(part.index), badge=mark)


def stills_html(session: Session) -> str:
    """The stills to choose from; the first choice is all of them."""
    if not session.stills:
        return render("empty", text=strings.STILLS_EMPTY, small=True)
    _, part = session.stills_of
    frames = [
        Frame(
            number,
            data_url(still.image, THUMBNAIL_HEIGHT),
            (still.label, timeline(still.at)),
            still.label,
        )
        for number, still in enumerate(session.stills, 1)
    ]
    return render("stills", frames=frames, part=part)


def card_html(session: Session, chosen: float | None) -> str:
    """The status card: everything that the next run will use, always in the same place."""
    clip, plan, part = session.clip, session.plan, session.part_of(chosen)
    nothing = strings.CARD_NOTHING
    rows = [
        (strings.CARD_DURATION, timeline(clip.duration) if clip else nothing, ""),
        (strings.CARD_N_PARTS, str(len(plan.parts)) if plan else nothing, ""),
        (strings.CARD_PART_DURATION, part_lengths(plan.parts) if plan else nothing, ""),
        (strings.CARD_PART, f"{part.index} of {len(plan.parts)}" if plan and part else nothing, ""),
        (strings.CARD_TIMELINE, time_range(part.start, part.end) if part else nothing, "wide brief-too"),
        (
            strings.CARD_PROMPT,
            session.prompt or strings.CARD_NO_PROMPT,
            "wide brief-too" if session.prompt else "wide brief-too none",
        ),
    ]
    return render("card", rows=rows, part=part.index if part else 0, n_parts=len(plan.parts) if plan else 0)


def brief_html(session: Session, chosen: float | None) -> str:
    """Range and prompt in one line, for narrow screens."""
    part = session.part_of(chosen)
    if part is None:
        return ""
    where = f"{strings.PART.format(part=part.index)}, {timeline(part.start)} – {timeline(part.end)}"
    return render("brief", where=where, prompt=session.prompt or strings.CARD_NO_PROMPT)


def part_lengths(parts: Iterable[Part]) -> str:
    """One length where all parts last the same to the millisecond, else the shortest and the longest."""
    lengths = sorted({timeline(part.duration) for part in parts})
    return lengths[0] if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"


def saw_html(suggestion: MoodSuggestion, offered: str = "") -> str:
    """Why this prompt: what was seen, the tempo, what else there is to know; the prompt where it is only offered."""
    words = [strings.SAW.format(saw=suggestion.saw)]
    if suggestion.bpm is not None:
        words.append(strings.SAW_TEMPO.format(bpm=f"{suggestion.bpm:g}"))
    return render("saw", describer=suggestion.describer, seen=" ".join(words), notes=suggestion.notes, offered=offered)


def model_html(news: ShelfNews) -> str:
    """One line on the checkpoint."""
    name = Path(news.name).name
    sentences = {
        ShelfState.WAITING: strings.MODEL_WAITING,
        ShelfState.LOADING: strings.MODEL_LOADING.format(name=name),
        ShelfState.READY: strings.MODEL_READY.format(name=name),
        ShelfState.FAILED: news.problem,
    }
    return render("model", state=news.state, sentence=sentences[news.state])


def heading_html(text: str) -> str:
    """A panel's heading."""
    return render("heading", text=text)


def hint_html(text: str) -> str:
    """A line of help."""
    return render("hint", text=text)


def reading_html(text: str, count: str = "", *, is_over: bool = False) -> str:
    """How a prompt is understood, and how long it is for a checkpoint that gets the words themselves."""
    return render("reading", sentence=text, count=count, is_over=is_over)


def notes_html(notes: Iterable[str]) -> str:
    """Sentences that a person should read."""
    return render("notes", notes=notes)


def error_html(text: str) -> str:
    """One sentence that says what is wrong and what to do."""
    return render("problem", sentence=text)


def reason_html(text: str) -> str:
    """Why there is no button to press."""
    return render("reason", sentence=text)


def reason(session: Session) -> str:
    """Why a run cannot start; empty when it can."""
    if session.plan is None:
        return session.problem
    draft = " ".join(session.draft.split())
    if draft and draft != session.prompt:
        return strings.REASON_DRAFT
    if not session.prompt:
        return strings.REASON_NO_PROMPT
    if not any(letter.isalpha() for letter in session.prompt):
        return strings.REASON_NO_WORDS
    return ""
