"""What the page shows of the input: facts, filmstrip, status card, stills. Values in, HTML out."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..media import Clip, thumbnails
from ..plan import Part, timeline
from . import strings
from .session import Session

if TYPE_CHECKING:
    from PIL import Image

THUMBNAIL_HEIGHT = 96
CODECS = {"h264": "H.264", "hevc": "HEVC", "av1": "AV1", "vp9": "VP9", "vp8": "VP8", "mpeg4": "MPEG-4", "aac": "AAC"}


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
    if clip is None:
        return f'<p class="hint">{escape(strings.VIDEO_EMPTY)}</p>'
    chips = "".join(f"<li>{escape(text)}</li>" for text in facts(clip))
    return f'<ul class="facts" aria-label="Facts about the video">{chips}</ul>'


def facts(clip: Clip) -> list[str]:
    """What a person wants to know of a video at once."""
    rate = f"{float(clip.frame_rate):.3f}".rstrip("0").rstrip(".")
    n_keys = len(clip.keyframes)
    return [
        timeline(clip.duration),
        f"{clip.width} × {clip.height}",
        f"{rate} frames/s" + (", variable" if clip.is_variable_frame_rate else ""),
        f"{clip.n_frames} frames",
        _codec(clip.video_codec),
        sound_fact(clip),
        f"{n_keys} keyframe{'s' if n_keys != 1 else ''}",
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


def picture_of(session: Session, clip: Clip, parts: Iterable[Part]) -> list[str]:
    """A thumbnail of each part's middle, made once."""
    keys = {part: (str(clip.path), (part.start_frame + part.end_frame) // 2) for part in parts}
    missing = {key: part for part, key in keys.items() if key not in session.pictures}
    if missing:
        times = [(clip.frame_pts[key[1]] - clip.frame_pts[0]) * clip.time_base for key in missing]
        for key, image in zip(missing, thumbnails(clip, times, THUMBNAIL_HEIGHT), strict=True):
            session.pictures[key] = data_url(image)
    return [session.pictures[key] for key in keys.values()]


def dubbed_parts(session: Session) -> set[int]:
    """Parts of the present film that carry new music."""
    if session.result is None or session.result_of != session.cut:
        return set()
    return {one.part for one in session.result.dubs}


def strip_html(session: Session) -> str:
    """The filmstrip: one button for each part, the chosen one pressed."""
    if session.clip is None or session.plan is None:
        return f'<div class="strip empty"><p class="hint">{escape(strings.STRIP_EMPTY)}</p></div>'
    parts = session.plan.parts
    dubbed = dubbed_parts(session)
    frames = [
        _frame(
            part.index,
            picture,
            f"<b>{part.index}</b>",
            f"{timeline(part.start)}<br>{timeline(part.end)}",
            f"Part {part.index}, {time_range(part.start, part.end)}",
            chosen=part.index == session.part,
            badge=part.index in dubbed,
        )
        for part, picture in zip(parts, picture_of(session, session.clip, parts), strict=True)
    ]
    return f'<div class="strip" role="radiogroup" aria-label="{escape(strings.STRIP_LABEL)}">{"".join(frames)}</div>'


def stills_html(session: Session) -> str:
    """The stills to choose from; the first choice is all of them."""
    if not session.stills:
        return f'<div class="strip empty small"><p class="hint">{escape(strings.STILLS_EMPTY)}</p></div>'
    every = f'<span class="all">{escape(strings.STILLS_ALL)}</span>'
    label = escape(strings.STILLS_ALL)
    frames = [_radio(0, label, session.still == 0, every)]
    for number, still in enumerate(session.stills, 1):
        picture = data_url(still.image, THUMBNAIL_HEIGHT)
        caption = f"{escape(still.label)}<br>{timeline(still.at)}"
        frames.append(_frame(number, picture, "", caption, still.label, chosen=session.still == number, badge=False))
    title = escape(strings.STILLS_LABEL)
    return f'<div class="strip small" role="radiogroup" aria-label="{title}">{"".join(frames)}</div>'


def _frame(index: int, picture: str, corner: str, caption: str, label: str, *, chosen: bool, badge: bool) -> str:
    mark = f'<span class="badge">♪ {escape(strings.DUBBED_BADGE)}</span>' if badge else ""
    spoken = escape(label + (f", {strings.DUBBED_BADGE}" if badge else ""))
    inside = f'<span class="shot"><img src="{picture}" alt="">{corner}{mark}</span><span class="when">{caption}</span>'
    return _radio(index, spoken, chosen, inside)


def _radio(index: int, label: str, chosen: bool, inside: str) -> str:
    return (
        f'<button type="button" role="radio" class="frame" data-index="{index}" aria-label="{label}" '
        f'aria-checked="{str(chosen).lower()}" tabindex="{0 if chosen else -1}">{inside}</button>'
    )


def card_html(session: Session) -> str:
    """The status card: everything that the next run will use, always in the same place."""
    clip, plan, part = session.clip, session.plan, session.chosen
    nothing = strings.CARD_NOTHING
    rows = [
        (strings.CARD_DURATION, timeline(clip.duration) if clip else nothing, ""),
        (strings.CARD_N_PARTS, str(len(plan.parts)) if plan else nothing, ""),
        (strings.CARD_PART_DURATION, part_lengths(plan.parts) if plan else nothing, ""),
        (strings.CARD_PART, f"{part.index} of {len(plan.parts)}" if plan and part else nothing, ""),
        (strings.CARD_TIMELINE, time_range(part.start, part.end) if part else nothing, "wide"),
        (strings.CARD_PROMPT, session.prompt or strings.CARD_NO_PROMPT, "wide" if session.prompt else "wide none"),
    ]
    cells = "".join(f'<div class="{c}"><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>' for k, v, c in rows)
    return f'<section class="card" aria-label="{escape(strings.CARD_HEADING)}"><dl>{cells}</dl></section>'


def part_lengths(parts: Iterable[Part]) -> str:
    """One length where all parts last the same to the millisecond, else the shortest and the longest."""
    lengths = sorted({timeline(part.duration) for part in parts})
    return lengths[0] if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"


def notes_html(notes: Iterable[str]) -> str:
    """Sentences that a person should read."""
    return "".join(f'<p class="note">{escape(note)}</p>' for note in notes)


def error_html(text: str) -> str:
    """One sentence that says what is wrong and what to do."""
    return f'<p class="problem" role="alert">{escape(text)}</p>'


def reason(session: Session) -> str:
    """Why a run cannot start; empty when it can."""
    if session.plan is None:
        return session.problem
    if session.draft.strip() and session.draft.strip() != session.prompt:
        return strings.REASON_DRAFT
    if not session.prompt:
        return strings.REASON_NO_PROMPT.format(auto=strings.AUTO_BUTTON)
    return ""
