"""What decides a result's samples, as one hash: with the same key, takes are copied and not made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from riffusion_inference.datatypes import GenerationSettings

from ..plan import Follow
from ..settings.options import ScoreMode
from ..settings.writing import Writing
from .facts import NOT_IN_JSON, Manifest


def generation_key(
    settings: GenerationSettings, model: str, n_samples: int, sample_rate: int, score: Sequence[Any] = ()
) -> str:
    """Hash everything that decides which samples are made; the seed must be known.

    Args:
        settings: as asked for.
        model: its full name.
        n_samples: of each take.
        sample_rate: Hz.
        score: plain values that decide the score; empty where there is none.
    """
    digest = hashlib.sha256()
    names = [f.name for f in fields(settings) if f.name not in NOT_IN_JSON[GenerationSettings]]
    values = {name: getattr(settings, name) for name in names}
    if values["bpm"] is None:
        del values["bpm"]  # Results that were made before there was this setting keep their key.
    # 7 and 7.0 ask for the same; a manifest that was read back has floats.
    values |= {name: float(values[name]) for name in ("guidance_scale", "strength", "bpm") if name in values}
    decides = [values, model, n_samples, sample_rate, *score]
    digest.update(json.dumps(decides, sort_keys=True, default=str).encode())
    if settings.seed_image is not None:
        digest.update(np.asarray(settings.seed_image.convert("RGB")).tobytes())
    if settings.seed_audio is not None:
        digest.update(np.ascontiguousarray(settings.seed_audio.samples).tobytes())
    return digest.hexdigest()


def numbered_run(manifest: Manifest, writing: Writing) -> list[Any]:
    """What stood for the samples of a piece in the keys of version 4 and older: its parts by their numbers."""
    parts = {part.index: part for part in manifest.parts}
    there = [parts[number] for number in writing.run if number in parts]
    return [[part.index, part.start_sample, part.end_sample] for part in there]


def of_score(writing: Writing, run: Sequence[Any], picture: Sequence[Any]) -> list[Any]:
    """What decides the score of a part beside its prompt and its length, as plain values.

    Args:
        writing: how it is written.
        run: the samples of the whole piece, where that is more than the part; see Writing.run_samples.
        picture: what tells the part's pictures from others.
    """
    decides = writing.decides
    if not decides:
        return []
    # A score of one's own, or none at all, has nothing of the picture.
    sees = writing.midi is None and writing.score != ScoreMode.OFF and writing.follow != Follow.OFF
    return [decides, [*run], [*picture] if sees else []]
