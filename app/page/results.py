"""What the page shows of a result: the dubbed part, all parts, the film, the history. Values in, HTML out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from ..media import read_image, read_score
from ..result.facts import DubFacts, ScoreFacts, TakeFacts
from ..result.folder import Result
from ..result.terms import terms_of
from ..result.timeline import TIMELINE_NAME
from ..settings import SoundMode
from . import strings
from .cards import data_pictures, data_url, dubbed_parts, file_url, hint_html, time_range
from .colours import in_colour
from .follow_lane import Lane, follow_lane
from .mixer_values import mixer_values
from .piano_roll import PianoRoll, piano_roll
from .render import render
from .session import HistoryEntry, Session

MAX_COLUMNS = 21
"""Parts side by side."""


@dataclass(frozen=True)
class ShownTake:
    """One take of a part's music."""

    number: int
    """1 for the first."""
    name: str
    """"Take 1"."""
    seed: str
    """"seed 7"."""
    in_use: bool
    """Whether the film has it."""
    sound: str
    """Address of the music alone."""
    picture: str
    """Address of its spectrogram; empty where there is none."""
    picture_says: str
    """The spectrogram in words."""
    roll: PianoRoll | None
    """The score that was painted; None where the model found the notes itself."""
    lane: Lane | None
    """What it follows in the picture; None where it follows nothing."""
    downloads: tuple[tuple[str, str, str], ...]
    """Words, address and file name of what can be taken away."""


@dataclass(frozen=True)
class ShownPart:
    """One part in the grid."""

    number: int
    """1 for the first."""
    url: str
    """Where the browser fetches it."""
    name: str
    """What a screen reader says."""
    when: str
    """Its time range."""
    dubbed: bool
    """Whether it has new music."""
    poster: str
    """Address of its picture; empty where there is none."""


def results(session: Session, part: float, columns: float | None) -> dict[str, Any]:
    """Everything below the heading "Results", for the part that the tab shows as chosen."""
    result, chosen = session.result, session.part_of(part)
    number = chosen.index if chosen else 0
    music = music_of(session, number)
    detail = detail_html(result, music, number) if result and music else ""
    archive = str(result.archive) if result and result.archive else None
    film = named_film(result) if result and result.film else None
    return {
        "results_empty": gr.update(visible=result is None),
        "detail": gr.update(value=detail, visible=bool(detail)),
        "undo": gr.update(value=strings.UNDO.format(part=number), visible=music is not None),
        "grid": gr.update(value=grid_html(session, result, columns) if result else "", visible=result is not None),
        "archive": gr.update(value=archive, visible=archive is not None),
        "film_file": gr.update(value=str(film) if film else None, visible=film is not None),
        "history": history_html(session.history),
        **mixer_values(music),
    }


def named_film(result: Result) -> Path | None:
    """The film under the name that people keep it by: a download is called what the file is called."""
    if result.film is None:
        return None
    name = strings.FILM_NAME.format(video=Path(result.manifest.source.name).stem)
    target = result.folder.parent / "downloads" / result.folder.name / f"{name}{result.film.suffix}"
    if not target.exists() or not target.samefile(result.film):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        # Another name of the same bytes; they are read no more than once more.
        os.link(result.film, target)
    return target


def music_of(session: Session, part: int) -> DubFacts | None:
    """The new music of a part as the film is cut now, if it has any."""
    number = dubbed_parts(session).get(part)
    return session.result.manifest.dub_of(number) if session.result is not None and number else None


def detail_html(result: Result, music: DubFacts, number: int) -> str:
    """The dubbed part: its takes, and how it was made; the film above plays it."""
    timeline = result.folder / TIMELINE_NAME
    return render(
        "detail",
        part=music.part,
        heading=strings.DETAIL_HEADING.format(part=number),
        takes=takes(result, music),
        made=made(music),
        terms=terms_of(music.music),
        timeline=file_url(timeline) if timeline.is_file() else "",
        notes=[*music.notes, *other_notes(result, music)],
    )


def other_notes(result: Result, dub: DubFacts) -> list[str]:
    """What there is to know of the whole result, without what is said of each part's music beside it."""
    of_parts = tuple(f"Part {one.part}: " for one in result.dubs)
    own = set(dub.notes)
    return [note for note in result.manifest.notes if not note.startswith(of_parts) and note not in own]


def takes(result: Result, dub: DubFacts) -> list[ShownTake]:
    """Each take with its sound, spectrogram and seed; the others can be chosen."""
    return [_take(result, dub, number, take) for number, take in enumerate(dub.music.takes, 1)]


def _take(result: Result, dub: DubFacts, number: int, take: TakeFacts) -> ShownTake:
    name, sound = strings.TAKE.format(take=number), result.folder / take.wav
    roll, lane, downloads = None, None, [(strings.DOWNLOAD_SOUND, file_url(sound), sound.name)]
    if take.midi is not None:
        duration = Fraction(dub.music.n_samples, dub.music.sample_rate)
        midi = result.folder / take.midi
        roll, lane = _score(midi, midi.stat().st_mtime_ns, duration, dub.music.score, name.lower())
        downloads.append((strings.DOWNLOAD_SCORE, file_url(midi), midi.name))
    image = result.path(take.image)
    if image is not None:
        downloads.append((strings.DOWNLOAD_PICTURE, file_url(image), image.name))
    return ShownTake(
        number=number,
        name=name,
        seed=strings.TAKE_SEED.format(seed=take.seed),
        in_use=number == dub.take,
        sound=file_url(sound),
        picture=_coloured(image, image.stat().st_mtime_ns) if image is not None else "",
        picture_says=strings.SPECTROGRAM_ALT.format(take=number),
        roll=roll,
        lane=lane,
        downloads=tuple(downloads),
    )


@lru_cache(maxsize=32)
def _coloured(image: Path, _changed: int) -> str:
    """A spectrogram in colour, as a data address; the file itself stays as it can be turned into sound again."""
    return data_url(in_colour(read_image(image)))


@lru_cache(maxsize=32)
def _score(
    midi: Path, _changed: int, duration: Fraction, facts: ScoreFacts | None, name: str
) -> tuple[PianoRoll, Lane | None]:
    """A take's score as it is drawn; ten minutes of music take a moment, and every click shows them again."""
    score = read_score(midi).score
    return piano_roll(score, duration, name), follow_lane(facts, score, duration)


def made(dub: DubFacts) -> list[tuple[str, str]]:
    """How the part's music was made and how loud it came out, as names and values."""
    asked, sound = dub.music.generation, str(dub.mix.mode)
    if dub.mix.mode != SoundMode.REPLACE:
        sound = strings.MADE_MUSIC_LEVEL.format(mode=sound, gain=f"{dub.mix.music_gain_db:g}")
    return [
        (strings.MADE_PROMPT, dub.prompt),
        (strings.MADE_NEGATIVE, asked.negative_prompt or strings.CARD_NOTHING),
        (strings.MADE_LOUDNESS, loudness(dub)),
        (strings.MADE_SEED, str(dub.chosen.seed)),
        (strings.MADE_GENERATION, f"{asked.guidance_scale:g}, {asked.num_inference_steps}, {asked.scheduler}"),
        (strings.MADE_MODEL, strings.MADE_LICENCE.format(model=model_name(dub.music.model), licence=dub.music.licence)),
        (strings.MADE_SOUND, sound),
    ]


def loudness(dub: DubFacts) -> str:
    """What was reached, what was aimed at and why, and the true peak."""
    reached = strings.SILENT if dub.loudness_lufs is None else f"{dub.loudness_lufs:.1f} LUFS"
    text = strings.MADE_LEVEL.format(reached=reached, target=dub.target_lufs, source=dub.loudness_from)
    peak = dub.true_peak_dbtp
    return text if peak is None else f"{text}, {strings.MADE_PEAK.format(peak=peak)}"


def grid_html(session: Session, result: Result, columns: float | None) -> str:
    """All parts in the chosen number of columns; dubbed ones are marked."""
    dubbed = {one.part for one in result.dubs}
    pictures = [""] * len(result.parts)
    if session.clip is not None:
        middles = [(part.start_frame + part.end_frame) // 2 for part in result.manifest.parts]
        pictures = data_pictures(session, session.clip, middles)
    parts = [
        ShownPart(
            number=number,
            url=file_url(path),
            name=f"{strings.PART.format(part=number)}, {time_range(start, end)}",
            when=time_range(start, end),
            dubbed=number in dubbed,
            poster=picture,
        )
        for number, (path, (start, end), picture) in enumerate(
            zip(result.parts, result.times, pictures, strict=True), 1
        )
    ]
    return render("grid", parts=parts, n_columns=min(MAX_COLUMNS, max(1, int(columns or 3))))


def history_html(history: Iterable[HistoryEntry]) -> str:
    """A table of this session's takes, the latest first."""
    entries = [(e.time, e.part, e.prompt, e.seed, model_name(e.model), f"{e.seconds:.1f}") for e in history]
    return render("history", entries=entries) if entries else hint_html(strings.HISTORY_EMPTY)


def model_name(name: str) -> str:
    """A checkpoint's name without the folders above it, which are the server's own business."""
    return name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] if name.startswith(("/", "~", ".")) else name
