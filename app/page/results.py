"""What the page shows of a result: the dubbed part, all parts, the film, the history. Values in, HTML out."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from ..plan import timeline
from ..result import Result
from ..result.facts import DubFacts
from . import strings
from .cards import dubbed_parts, file_url, notes_html, picture_of, time_range
from .session import HistoryEntry, Session

AROUND = Fraction(3)
"""Seconds of film before and after the part in "hear it in place"."""


def results(session: Session, columns: float | None) -> dict[str, Any]:
    """Everything below the heading "Results", for the chosen part."""
    result = session.result
    music = music_of(session)
    poster = poster_of(session)
    detail = detail_html(result, music, poster) if result and music else ""
    archive = str(result.archive) if result and result.archive else None
    film = str(result.film) if result and result.film else None
    return {
        "results_empty": gr.update(visible=result is None),
        "detail": gr.update(value=detail, visible=bool(detail)),
        "undo": gr.update(value=strings.UNDO.format(part=session.part), visible=music is not None),
        "grid": gr.update(value=grid_html(session, result, columns) if result else "", visible=result is not None),
        "film": gr.update(value=film_html(result, poster) if result and result.film else "", visible=film is not None),
        "archive": gr.update(value=archive, visible=archive is not None),
        "film_file": gr.update(value=film, visible=film is not None),
        "history": history_html(session.history),
    }


def music_of(session: Session) -> DubFacts | None:
    """The new music of the chosen part, if it has any."""
    if session.result is None or session.part not in dubbed_parts(session):
        return None
    return session.result.manifest.dub_of(session.part)


def poster_of(session: Session) -> str:
    """The chosen part's picture, for players that have not loaded yet; many a film begins in black."""
    if session.clip is None or session.chosen is None:
        return ""
    return picture_of(session, session.clip, [session.chosen])[0]


def detail_html(result: Result, music: DubFacts, poster: str) -> str:
    """The dubbed part: before and after, in place, its takes, and how it was made."""
    start, end = result.times[music.part - 1]
    heading = escape(strings.DETAIL_HEADING.format(part=music.part))
    pair = _player(result.before(music.part), strings.BEFORE, "before", poster) + _player(
        result.after(music.part), strings.AFTER, "after", poster
    )
    return (
        f'<section class="detail" aria-label="{heading}"><h3>{heading}</h3>'
        f'<div class="compare"><div><div class="pair" data-pair>{pair}</div>'
        f'<p class="hint">{escape(strings.COMPARE_HELP)}</p></div>{in_place_html(result, start, end, poster)}</div>'
        f"<h4>{escape(strings.TAKES_HEADING)}</h4>{takes_html(result, music)}"
        f"{made_html(music)}{notes_html(other_notes(result, music))}</section>"
    )


def other_notes(result: Result, dub: DubFacts) -> list[str]:
    """What there is to know of the whole result, without what is said of each part's music beside it."""
    of_parts = tuple(f"Part {music.part}: " for music in result.dubs)
    own = set(dub.notes)
    return [note for note in result.manifest.notes if not note.startswith(of_parts) and note not in own]


def in_place_html(result: Result, start: Fraction, end: Fraction, poster: str) -> str:
    """The film around the part; the browser plays that range of it."""
    if result.film is None:
        return ""
    film_end = result.times[-1][1]
    first, last = max(Fraction(0), start - AROUND), min(film_end, end + AROUND)
    span = f'data-from="{float(first):.3f}" data-to="{float(last):.3f}"'
    player = _player(result.film, strings.IN_PLACE, "inplace", poster, span)
    return f'<div>{player}<p class="hint">{escape(strings.IN_PLACE_HELP)} {time_range(first, last)}.</p></div>'


def takes_html(result: Result, music: DubFacts) -> str:
    """Each take with its sound, spectrogram and seed; the others can be chosen."""
    rows = []
    for number, candidate in enumerate(music.music.takes, 1):
        name = escape(strings.TAKE.format(take=number))
        picture = ""
        image = result.path(candidate.image)
        if image is not None:
            alt = escape(strings.SPECTROGRAM_ALT.format(take=number))
            picture = f'<img class="spectrogram" src="{file_url(image)}" alt="{alt}" loading="lazy">'
        if number == music.take:
            choice = f'<span class="badge">♪ {escape(strings.TAKE_IN_USE)}</span>'
        else:
            choice = (
                f'<button type="button" class="plain" data-take="{number}" aria-label="{escape(strings.USE_TAKE)}: '
                f'{name}">{escape(strings.USE_TAKE)}</button>'
            )
        wav = file_url(result.folder / candidate.wav)
        sound = f'<audio controls preload="metadata" src="{wav}" aria-label="{name}"></audio>'
        rows.append(
            f'<li class="take"><div class="takehead"><b>{name}</b><span>seed {candidate.seed}</span>{choice}</div>'
            f"{picture}{sound}</li>"
        )
    return f'<ol class="takes">{"".join(rows)}</ol>'


def made_html(dub: DubFacts) -> str:
    """How the part's music was made and how loud it came out."""
    made = dub.music.generation
    loudness = "silent" if dub.loudness_lufs is None else f"{dub.loudness_lufs:.1f} LUFS"
    peak = "" if dub.true_peak_dbtp is None else f", true peak {dub.true_peak_dbtp:.1f} dBTP"
    rows = [
        ("Prompt", dub.prompt),
        ("Negative prompt", made.negative_prompt or strings.CARD_NOTHING),
        ("Loudness", f"{loudness} (aim {dub.target_lufs:.1f} from {dub.loudness_from}){peak}"),
        ("Seed", str(dub.chosen.seed)),
        ("Guidance, steps, scheduler", f"{made.guidance_scale:g}, {made.num_inference_steps}, {made.scheduler}"),
        ("Checkpoint", f"{model_name(dub.music.model)} (licence: {dub.music.licence})"),
        ("Sound", dub.mix.mode + ("" if dub.mix.mode == "replace" else f", music at {dub.mix.music_gain_db:g} dB")),
    ]
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    return f'<dl class="made">{cells}</dl>{notes_html(dub.notes)}'


def grid_html(session: Session, result: Result, columns: float | None) -> str:
    """All parts in the chosen number of columns; dubbed ones are marked."""
    n_columns = min(21, max(1, int(columns or 3)))
    dubbed = {one.part for one in result.dubs}
    pictures: list[str] = []
    if session.clip is not None and session.plan is not None and len(session.plan.parts) == len(result.parts):
        pictures = picture_of(session, session.clip, session.plan.parts)
    cells = []
    for number, path in enumerate(result.parts, 1):
        start, end = result.times[number - 1]
        badge = f'<span class="badge">♪ {escape(strings.DUBBED_BADGE)}</span>' if number in dubbed else ""
        poster = f' poster="{pictures[number - 1]}"' if pictures else ""
        label = f"Part {number}, {time_range(start, end)}"
        cells.append(
            f'<li class="{"dubbed" if badge else ""}"><video controls preload="none" playsinline{poster} '
            f'src="{file_url(path)}" aria-label="{label}"></video><p><b>{number}</b> '
            f"<span>{timeline(start)} to {timeline(end)}</span>{badge}</p></li>"
        )
    heading = escape(strings.PARTS_GRID_HEADING)
    return f'<h3>{heading}</h3><ol class="grid" style="--columns:{n_columns}">{"".join(cells)}</ol>'


def film_html(result: Result, poster: str) -> str:
    """The whole film and what it took to make it."""
    if result.film is None:
        return ""
    heading = escape(strings.FILM_HEADING)
    spent = " · ".join(
        f"{escape(strings.STAGES.get(stage, stage))} {seconds:.1f} s"
        for stage, seconds in result.manifest.seconds_per_stage.items()
    )
    return f'<h3>{heading}</h3>{_player(result.film, strings.FILM_HEADING, "film", poster)}<p class="hint">{spent}</p>'


def history_html(history: Iterable[HistoryEntry]) -> str:
    """A table of this session's takes, the latest first."""
    rows = "".join(
        f"<tr><td>{e.time}</td><td>{escape(e.part)}</td><td>{escape(e.prompt)}</td><td>{e.seed}</td>"
        f"<td>{escape(model_name(e.model))}</td><td>{e.seconds:.1f}</td></tr>"
        for e in history
    )
    if not rows:
        return f'<p class="hint">{escape(strings.HISTORY_EMPTY)}</p>'
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in strings.HISTORY_COLUMNS)
    return (
        f'<div class="scroll"><table class="history"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def model_name(name: str) -> str:
    """A checkpoint's name without the folders above it, which are the server's own business."""
    return name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] if name.startswith(("/", "~", ".")) else name


def _player(path: Path, name: str, kind: str, poster: str, attributes: str = "") -> str:
    label = escape(name)
    caption = "" if kind == "film" else f"<figcaption>{label}</figcaption>"
    if poster:
        attributes += f' poster="{poster}"'
    return (
        f'<figure class="{kind}">{caption}<video controls preload="metadata" playsinline '
        f'data-kind="{kind}" {attributes} src="{file_url(path)}" aria-label="{label}"></video>'
        f'<p class="problem" hidden>{escape(strings.CANNOT_PLAY)}</p></figure>'
    )
