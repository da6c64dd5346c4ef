"""The mixer: what the browser has to know to let a mix be heard at once, and the remix that makes nothing new."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from riffusion_inference.datatypes import Waveform
from riffusion_inference.errors import RiffusionError

from ..dub.remixing import NoModels, remix_order
from ..media import decode_audio, read_audio
from ..result.facts import DubFacts
from ..result.folder import Result
from ..settings.options import MIN_DUCK_ATTACK_SECONDS, MIN_DUCK_RELEASE_SECONDS
from ..soundtrack.loudness import integrated_loudness
from ..soundtrack.mix import audible_loudness, speech_envelope
from . import strings
from .cards import dubbed_parts, error_html, file_url
from .input import Updates
from .mixer_values import MIXER
from .order import FIXED
from .render import render
from .results import music_of
from .run import change
from .session import PageContext, Session, sentence

ENVELOPE_HZ = 20
"""How often a second the browser is told whether the original speaks."""
QUIETEST_LUFS = -70.0


def mix_facts(session: Session, part: float) -> Updates:
    """What the browser needs to play a part's two sounds by themselves, at the levels that a remix would give them."""
    chosen = session.part_of(part)
    music = music_of(session, chosen.index) if chosen else None
    if music is None or session.result is None:
        return {"mix_facts": ""}
    try:
        return {"mix_facts": _facts_html(session, session.result, music)}
    except RiffusionError as error:
        return {"mix_facts": error_html(sentence(error))}


def _facts_html(session: Session, result: Result, music: DubFacts) -> str:
    start, end = result.times[music.part - 1]
    wav = result.folder / music.chosen.wav
    music_lufs = integrated_loudness(read_audio(wav))
    speaks: list[float] = []
    own_lufs = None
    if session.clip is not None and session.clip.sample_rate is not None:
        part = result.manifest.parts[music.part - 1]
        rate = session.clip.sample_rate
        ends = {"start_sample": round(start * rate), "end_sample": round(end * rate)}
        own = decode_audio(session.clip, **ends)
        assert part.index == music.part
        own_lufs = audible_loudness(own)
        speaks = _speaks(own, own_lufs) if own_lufs is not None else []
    level = music_lufs if music_lufs is not None else QUIETEST_LUFS
    return render(
        "mix_facts",
        wav=file_url(wav),
        start=f"{float(start):.6f}",
        end=f"{float(end):.6f}",
        replace_db=f"{music.target_lufs - level:.3f}",
        under_db=f"{(own_lufs if own_lufs is not None else music.target_lufs) - level:.3f}",
        has_own=own_lufs is not None,
        speaks=speaks,
        hertz=ENVELOPE_HZ,
    )


def _speaks(own: Waveform, lufs: float) -> list[float]:
    """How much the original speaks, 0 to 1, as quickly as it does; the browser slows it down as the mixer says."""
    envelope = speech_envelope(own, lufs, MIN_DUCK_ATTACK_SECONDS, MIN_DUCK_RELEASE_SECONDS)
    step = own.sample_rate // ENVELOPE_HZ
    return [round(float(value), 2) for value in envelope[::step]]


def apply_mix(context: PageContext, session: Session, part: float, columns: float | None, *values: Any) -> Updates:
    """Write the chosen part's mix into the film, in place; its music stays as it is."""
    given = mix_given(dict(zip(MIXER, values, strict=True)))
    chosen = session.part_of(part)
    number = dubbed_parts(session).get(chosen.index) if chosen else None
    if number is None:
        return {"mix_news": error_html(strings.NO_RESULT)}
    order = partial(_order, number, given, session)
    return {"mix_facts": "", "mix_news": "", **change(context, session, part, columns, order, NoModels())}


def _order(number: int, given: Mapping[str, Any], session: Session, film: Result) -> Any:
    return remix_order(film, film.folder, parts=(number,), given=given, video=session.source)


def mix_given(values: Mapping[str, Any]) -> dict[str, Any]:
    """The mixer's values by the names of options.

    >>> mix_given(dict(zip(MIXER, ("under", -6, 0, 2, 0, 0.05, 0.4, "match", -16))))["fade_out"]
    2.0
    """
    depth = float(values["mix_depth"] or 0)
    return {
        "sound_mode": values["mix_mode"],
        "music_gain_db": float(values["mix_gain"]),
        "fade_in": float(values["mix_fade_in"]),
        "fade_out": float(values["mix_fade_out"]),
        "duck_depth_db": depth or None,
        "duck_attack": float(values["mix_attack"]),
        "duck_release": float(values["mix_release"]),
        "loudness": float(values["mix_level"]) if values["mix_match"] == FIXED else None,
    }
