"""The timeline under the film: everything on one axis, as the browser draws it. Values in, HTML out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from ..media import Clip, read_score
from ..result.facts import DubFacts
from ..result.folder import Result
from . import strings
from .cards import data_pictures, dubbed_parts, file_url, strip_html
from .film_look import PAIRS, music_path
from .render import render
from .session import Session

PICTURES = 12
"""Pictures along the axis."""
FEWEST_PAIRS = 60
"""Stretches of a short part's music that are drawn."""
MOST_BARS = 200
"""More bar lines than this are a grey band."""


@dataclass(frozen=True)
class Span:
    """Something that lasts."""

    x: str
    """Where it begins, in percent."""
    width: str
    """How long it is, in percent."""
    path: str = ""
    """What is drawn in it."""
    number: int = 0
    """Of a part, 1 for the first."""
    dubbed: bool = False
    """Whether it has new music."""


@dataclass(frozen=True)
class Timeline:
    """All that the axis shows, and what the player has to know."""

    film: int
    """Another number is another film."""
    seconds: str
    """Its length."""
    rate: str
    """Frames a second, on average."""
    shape: str
    """Width and height as CSS wants them."""
    before: str
    """Address of the film as it came."""
    after: str
    """Address of the film with new music; empty while there is none."""
    poster: str
    """Its first picture that is not black, more or less: the middle of the first part."""
    parts: list[tuple[float, float]]
    """Seconds of each part's start and end."""
    snaps: list[float]
    """Seconds at which a range likes to begin and end: cuts, bars, edges of parts."""
    pictures: list[str]
    """Addresses."""
    looked: bool
    """Whether the film has been looked through."""
    old: str
    """Its own sound."""
    music: list[Span]
    """The new music."""
    music_says: str
    """The new music in words."""
    bars: list[str]
    """Bar lines of the new music, in percent."""
    cuts: list[str]
    """Cuts, in percent."""
    energy: str
    """How much happens."""
    follow_says: str
    """Cuts and energy in words."""
    spans: list[Span]
    """The parts."""


def film_views(session: Session) -> dict[str, str]:
    """The timeline and the parts under it."""
    return {"timeline": timeline_html(session), "strip": strip_html(session)}


def timeline_html(session: Session) -> str:
    """The timeline; nothing while there is no film."""
    if session.clip is None or session.source is None:
        return ""
    return render("timeline", it=timeline_of(session, session.clip, session.source))


def timeline_of(session: Session, clip: Clip, source: Path) -> Timeline:
    """Lay out a film, its parts and its new music."""
    parts = session.plan.parts if session.plan else ()
    look = session.look if session.look is not None and session.look.clip is clip else None
    result = session.result if session.result is not None and session.result.film else None
    dubs = [(dub, *result.times[dub.part - 1]) for dub in result.dubs] if result else []
    bars = [at for dub, start, end in dubs if result for at in _bars(result, dub, start, end)]
    cuts = look.cuts if look else ()
    edges = [part.start for part in parts] + [clip.duration]
    dubbed = dubbed_parts(session)
    pictures = _pictures(session, clip)
    return Timeline(
        film=session.n_films,
        seconds=f"{float(clip.duration):.6f}",
        rate=f"{float(clip.frame_rate):.6f}",
        shape=f"{clip.width} / {clip.height}",
        before=file_url(source),
        after=file_url(result.film) if result and result.film else "",
        poster=pictures[0],
        parts=[(round(float(part.start), 6), round(float(part.end), 6)) for part in parts],
        snaps=sorted({round(float(at), 6) for at in (*cuts, *bars, *edges)}),
        pictures=pictures,
        looked=look is not None,
        old=look.sound if look else "",
        music=[_music(result, dub, start, end, clip.duration) for dub, start, end in dubs if result],
        music_says=strings.counted(strings.MUSIC_LANE, len(dubs)),
        bars=[_percent(at, clip.duration) for at in (bars if len(bars) <= MOST_BARS else ())],
        cuts=[_percent(at, clip.duration) for at in cuts],
        energy=look.energy if look else "",
        follow_says=strings.counted(strings.FOLLOW_LANE, len(cuts)),
        spans=[
            Span(*_place(part.start, part.end, clip.duration), number=part.index, dubbed=part.index in dubbed)
            for part in parts
        ],
    )


def _percent(at: Fraction, duration: Fraction) -> str:
    return f"{float(100 * at / duration):.3f}%"


def _place(start: Fraction, end: Fraction, duration: Fraction) -> tuple[str, str]:
    return _percent(start, duration), _percent(end - start, duration)


def _pictures(session: Session, clip: Clip) -> list[str]:
    """Pictures in the middle of equal stretches."""
    count = min(PICTURES, clip.n_frames)
    bounds = [k * clip.n_frames // count for k in range(count + 1)]
    return data_pictures(session, clip, [(first + end) // 2 for first, end in pairwise(bounds)])


def _music(result: Result, dub: DubFacts, start: Fraction, end: Fraction, duration: Fraction) -> Span:
    """The chosen take of a part, where it lies."""
    wav = result.folder / dub.chosen.wav
    n_pairs = max(FEWEST_PAIRS, round(PAIRS * (end - start) / duration))
    return Span(*_place(start, end, duration), path=_drawn(wav, wav.stat().st_mtime_ns, end - start, n_pairs))


@lru_cache(maxsize=64)
def _drawn(wav: Path, _changed: int, seconds: Fraction, n_pairs: int) -> str:
    return music_path(wav, seconds, n_pairs)


def _bars(result: Result, dub: DubFacts, start: Fraction, end: Fraction) -> list[Fraction]:
    """When each bar of a part's music begins."""
    if dub.chosen.midi is None:
        return []
    midi = result.folder / dub.chosen.midi
    return [start + at for at in _bar_times(midi, midi.stat().st_mtime_ns) if start + at < end]


@lru_cache(maxsize=64)
def _bar_times(midi: Path, _changed: int) -> tuple[Fraction, ...]:
    score = read_score(midi).score
    return tuple(score.seconds(tick) for tick in score.bar_lines())
