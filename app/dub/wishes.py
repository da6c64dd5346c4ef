"""What each dubbed part shall have: from new settings, and from the manifest of an earlier result."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import MAX_CANDIDATES, MAX_SEED, GenerationSettings

from .. import media
from ..errors import ArchiveError, ConfigError
from ..files import hash_file
from ..result.manifest import DubFacts, Manifest, read_manifest
from ..result.results import DubSettings
from ..soundtrack.mix import MixSettings

# Names of changes that belong to how the music is laid in, and their names in MixSettings.
MIX_CHANGES = {"sound_mode": "mode", "music_gain_db": "music_gain_db", "loudness": "loudness"}


@dataclass(frozen=True)
class Wish:
    """One part's music."""

    part: int
    """1-based."""
    generation: GenerationSettings
    """What to make; the seed is known."""
    mix: MixSettings
    """How to lay it in."""
    take: int
    """Which candidate, 1-based."""
    model_name: str
    """As the person chose it."""


class Earlier:
    """A result that this run goes on from: files of it that are still what its manifest says."""

    def __init__(self, path: Path) -> None:
        path = Path(path).absolute()
        self.folder = path if path.is_dir() else path.parent
        self.manifest: Manifest = read_manifest(path)
        self._checked: dict[str, bool] = {}

    def has(self, *names: str | None) -> bool:
        """Whether all these files are there, unchanged; None stands for no file."""
        return all(self._is_whole(name) for name in names if name is not None)

    def _is_whole(self, name: str) -> bool:
        if name not in self._checked:
            facts, path = self.manifest.files.get(name), self.folder / name
            same_size = facts is not None and path.is_file() and path.stat().st_size == facts.size_bytes
            self._checked[name] = same_size and facts is not None and hash_file(path) == facts.sha256
        return self._checked[name]

    def wish(self, dub: DubFacts) -> Wish:
        """Ask for the same again.

        Raises:
            ArchiveError: the image or sound that it started from is missing or was changed.
        """
        if not self.has(dub.seed_image, dub.seed_audio):
            raise ArchiveError(
                f"The music of part {dub.part} started from {dub.seed_image or dub.seed_audio}, "
                f"which is missing or was changed in {self.folder}: give that file again."
            )
        generation = GenerationSettings(
            prompt=dub.prompt,
            negative_prompt=dub.negative_prompt,
            seed=dub.seed,
            guidance_scale=dub.guidance_scale,
            num_inference_steps=dub.num_inference_steps,
            scheduler=dub.scheduler,
            candidates=dub.candidates,
            loop=dub.loop,
            strength=dub.strength,
            seed_image=_open_image(self.folder / dub.seed_image) if dub.seed_image else None,
            seed_audio=media.read_audio(self.folder / dub.seed_audio) if dub.seed_audio else None,
            extra=dict(dub.extra),
        )
        return Wish(dub.part, generation, dub.mix, dub.take, dub.model)


def _open_image(path: Path) -> Any:
    from PIL import Image

    with Image.open(path) as image:
        image.load()
        return image.copy()


def new_wishes(settings: DubSettings, model_name: str) -> list[Wish]:
    """One wish for each part of the settings; a seed that is not given is drawn, for each part another."""
    wishes = []
    for number, part in enumerate(settings.parts):
        assert settings.generation is not None, "DubSettings has checked it"
        generation = settings.generation
        if settings.prompts:
            generation = replace(generation, prompt=settings.prompts[number])
        wishes.append(Wish(part, with_seed(generation), settings.mix, settings.take, model_name))
    return wishes


def with_seed(generation: GenerationSettings) -> GenerationSettings:
    """The same settings with a seed, drawn where there is none; candidates count up from it."""
    if generation.seed is not None:
        return generation
    return replace(generation, seed=secrets.randbelow(MAX_SEED - MAX_CANDIDATES))


def kept_wishes(earlier: Earlier | None, but_not: tuple[int, ...]) -> list[Wish]:
    """The dubs of an earlier result that stay."""
    if earlier is None:
        return []
    return [earlier.wish(dub) for dub in earlier.manifest.dubs if dub.part not in but_not]


def changed_wishes(earlier: Earlier, parts: tuple[int, ...], changes: dict[str, Any], model_name: str) -> list[Wish]:
    """The dubs of an earlier result with changed options for some parts.

    Args:
        earlier: where the dubs come from.
        parts: which parts change, 1-based; none means every part that was dubbed. A part without a dub needs a prompt.
        changes: new values by name: fields of GenerationSettings, sound_mode, music_gain_db, loudness, take,
            model_name.
        model_name: for a part that had no dub.
    """
    changes = dict(changes)
    mixes = {MIX_CHANGES[name]: changes.pop(name) for name in [*changes] if name in MIX_CHANGES}
    chosen = {name: changes.pop(name) for name in [*changes] if name in ("take", "model_name")}
    wishes = {dub.part: earlier.wish(dub) for dub in earlier.manifest.dubs}
    for part in parts or tuple(wishes):
        if part not in wishes:
            if "prompt" not in changes:
                raise ConfigError(f"Part {part} has no music yet: say with --prompt what it should be.")
            fresh = with_seed(GenerationSettings(**changes))
            wishes[part] = Wish(part, fresh, MixSettings(**mixes), 1, model_name)
        old = wishes[part]
        seeds = {"seed_image": None, "seed_audio": None} if {"seed_image", "seed_audio"} & set(changes) else {}
        generation = with_seed(replace(old.generation, **{**seeds, **changes}))
        take = min(chosen.get("take", old.take), generation.candidates)
        wishes[part] = Wish(part, generation, replace(old.mix, **mixes), take, chosen.get("model_name", old.model_name))
    return [wishes[part] for part in sorted(wishes)]
