"""What may be done with a result's music, by the licence that its checkpoint states."""

from __future__ import annotations

from collections.abc import Iterable

from .facts import DubFacts, MusicFacts, PartFacts

LICENCE_NAME = "LICENCE.txt"
POCKET = "pocket"
FREE = ("mit", "apache-2.0", "bsd-3-clause", "bsd-2-clause", "cc0-1.0", "unlicense")
"""Licences of weights that ask nothing of what the weights make."""
OPEN_RAIL = ("creativeml-openrail-m", "openrail", "openrail++", "bigscience-openrail-m")
"""Licences that claim no rights in what is made, and forbid some uses."""


def terms_of(music: MusicFacts) -> str:
    """A sentence or two on what may be done with a part's music."""
    licence = music.licence.lower()
    if music.model == POCKET and licence == "mit":
        terms = (
            "This music is yours: pocket is under the MIT licence, and was trained on pieces that this project's own "
            "code composed, on no recording."
        )
    elif licence in FREE:
        terms = (
            f"The licence of {music.model}, {music.licence}, asks nothing of the music that it makes; what it was "
            "trained on is for its model card to say."
        )
    elif licence in OPEN_RAIL:
        terms = (
            f"The licence of {music.model}, {music.licence}, claims no rights in the music that it makes, and forbids "
            "the uses that it lists."
        )
    elif "-nc" in licence:
        terms = f"The licence of {music.model}, {music.licence}, allows no commercial use."
    elif licence in ("", "unknown"):
        terms = f"The licence of {music.model} is not known: look at its model card before you use this music."
    else:
        terms = f"The licence of {music.model} is {music.licence}: read there what may be done with what it makes."
    given = [name for name in (music.seed_audio, music.seed_image, music.seed_midi) if name is not None]
    if given:
        terms += f" It started from {given[0]}, which somebody gave: the rights in that stay whose they are."
    return terms


def all_terms(dubs: Iterable[DubFacts]) -> tuple[str, ...]:
    """The terms of all dubs, each once."""
    return tuple(dict.fromkeys(terms_of(dub.music) for dub in dubs))


def licence_text(dubs: Iterable[DubFacts], parts: tuple[PartFacts, ...]) -> str:
    """The file that goes with a result's music."""
    found: dict[str, list[str]] = {}
    for dub in dubs:
        found.setdefault(terms_of(dub.music), []).append(f"  {parts[dub.part - 1].timeline}   {dub.chosen.wav}")
    blocks = ("\n".join([terms, *places]) for terms, places in found.items())
    head = "The new music in this film, and what may be done with it. The film itself stays whose it is.\n"
    return "\n".join([head, *(f"{block}\n" for block in blocks)])
