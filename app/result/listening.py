"""Judging the new sound by decoding it: as long as its part, as loud as the manifest says, and made of its music."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import Waveform

from .. import media
from ..soundtrack.loudness import integrated_loudness
from .checks import Check
from .facts import DubFacts, Manifest, PartFacts
from .key import generation_key, numbered_run, of_score
from .sounds import MILLISECOND_SAMPLES, MIN_LOSSY_SNR_DB

EDGE_SECONDS = 0.1
"""At both ends of a part the old sound goes over into the new, which loudness is measured with and without."""
LOUDNESS_LU, SHORT_LOUDNESS_LU, SHORT_SECONDS = 1.0, 3.0, 5.0
"""How far coding and edges may move the loudness; more where a part is short."""
SILENT_LUFS = -60.0
MIN_EXPLAINED = 0.3
"""Share of what is new in a part that its music has to account for. The right one has 0.9 and more where it is not far
below the original, another one below 0.1."""
LEAST_NEW_POWER = 1e-3
"""Of all power; where less of it is new, the music is too quiet to be told from coding."""


def judge_music(folder: Path, manifest: Manifest) -> Iterator[Check]:
    """Whether every take is as long as its part, and was made by what the manifest says.

    Args:
        folder: the result.
        manifest: of it.
    """
    for dub in manifest.dubs:
        part = manifest.parts[dub.part - 1]
        lengths = [media.read_audio(folder / take.wav).n_samples for take in dub.music.takes]
        right = all(length == part.n_samples == dub.music.n_samples for length in lengths)
        text = f"{len(lengths)} takes of {', '.join(map(str, lengths))} samples"
        yield Check(f"music {dub.part}", right, text if right else f"{text}, and the part has {part.n_samples}")
        if dub.music.generation_key not in (_keys(manifest, dub, part) or (dub.music.generation_key,)):
            text = "what the manifest says of how it was made does not lead to the key of these takes"
            yield Check(f"music {dub.part}", False, text)
        names = [take.midi for take in dub.music.takes if take.midi is not None]
        if names:
            notes = [len(media.read_score(folder / name).score.notes) for name in names]
            yield Check(f"score {dub.part}", True, f"scores of {', '.join(map(str, notes))} notes can be read")


def _keys(manifest: Manifest, dub: DubFacts, part: PartFacts) -> tuple[str, ...]:
    """What the generation key may be; none where files decide it too."""
    music = dub.music
    if music.seed_image or music.seed_audio or music.seed_midi:
        return ()
    picture = [manifest.source.sha256, part.start_frame, part.end_frame]
    runs = (music.writing.run_samples, numbered_run(manifest, music.writing))
    scores = (of_score(music.writing, run, picture) for run in runs)
    made = (music.generation, music.model, music.n_samples, music.sample_rate)
    return tuple(generation_key(*made, score) for score in scores)


def judge_lengths(manifest: Manifest, evidence: media.Evidence) -> Iterator[Check]:
    """Whether the dubbed parts' new sound is as long as the parts.

    Args:
        manifest: of the result.
        evidence: what was found.
    """
    for part, dub in zip(manifest.parts, evidence.dubs, strict=True):
        if dub is not None:
            right = dub.n_samples == part.n_samples and dub.sample_rate == manifest.sample_rate
            text = f"the new sound has {dub.n_samples} of {part.n_samples} samples"
            yield Check(f"part {part.index}", right, text)


def judge_new_sound(folder: Path, manifest: Manifest) -> Iterator[Check]:
    """Whether the dubbed parts sound as the manifest says, and the film over them as they do.

    Args:
        folder: the result.
        manifest: of it.
    """
    film = media.probe_copy(folder / manifest.film) if manifest.film is not None else None
    for dub in manifest.dubs:
        part = manifest.parts[dub.part - 1]
        name = f"part {part.index}"
        file = media.probe_copy(folder / part.file)
        new = media.decode_audio(file, start_sample=0, end_sample=part.n_samples)
        yield _loudness(name, dub, new)
        yield from _heard(name, folder, dub, part, new)
        if film is not None:
            yield _in_film(manifest, part, film, new)


def _loudness(name: str, dub: DubFacts, new: Waveform) -> Check:
    edge = min(round(EDGE_SECONDS * new.sample_rate), new.n_samples // 4)
    inner = Waveform(new.samples[:, edge : new.n_samples - edge], new.sample_rate)
    slack = LOUDNESS_LU if new.n_samples >= SHORT_SECONDS * new.sample_rate else SHORT_LOUDNESS_LU
    measured, said = integrated_loudness(new), dub.loudness_lufs
    right = _is_loud(measured, said, slack) or _is_loud(integrated_loudness(inner), said, slack)
    text = f"the new sound is {_in_words(measured)}, "
    return Check(name, right, text + ("as the manifest says" if right else f"and the manifest says {_in_words(said)}"))


def _is_loud(measured: float | None, said: float | None, slack: float) -> bool:
    if said is None or measured is None:
        return said is None and (measured is None or measured < SILENT_LUFS)
    return abs(measured - said) <= slack


def _in_words(loudness: float | None) -> str:
    return "silent" if loudness is None else f"{loudness:.1f} LUFS"


def _heard(name: str, folder: Path, dub: DubFacts, part: PartFacts, new: Waveform) -> Iterator[Check]:
    music = media.read_audio(folder / dub.chosen.wav)
    if music.n_samples != new.n_samples or part.undubbed is None:
        return
    original = np.zeros_like(new.samples)
    undubbed = media.probe_copy(folder / part.undubbed)
    if undubbed.sample_rate == new.sample_rate:
        original = media.decode_audio(undubbed, start_sample=0, end_sample=new.n_samples).samples
    share = explained(new.samples, music.samples, original, new.sample_rate)
    if share is not None and share < MIN_EXPLAINED:
        # Matroska counts in milliseconds: there the sound may lie one beside its place.
        late = media.lag(new.samples, music.samples, new.sample_rate // MILLISECOND_SAMPLES)
        share = explained(new.samples, np.roll(music.samples, late, axis=1), original, new.sample_rate)
    if share is not None:
        right = share >= MIN_EXPLAINED
        text = f"it has the music of {dub.chosen.wav}"
        yield Check(name, right, text if right else f"its new sound is not the music of {dub.chosen.wav}")


def explained(new: np.ndarray, music: np.ndarray, original: np.ndarray, sample_rate: int) -> float | None:
    """How much of what a part has beside its own sound its music accounts for, level aside, second by second.

    Args:
        new: [C, T] what is heard.
        music: [D, T] what should be in it.
        original: [E, T] the part's own sound.
        sample_rate: Hz.
    Returns:
        0 to 1; None where next to nothing is new, or the music is silent.
    """
    heard, wanted, own = (one.mean(axis=0, dtype=np.float64) for one in (new, music, original))
    without, with_music = 0.0, 0.0
    for at in range(0, len(heard), sample_rate):
        block, one, other = (sound[at : at + sample_rate] for sound in (heard, wanted, own))
        without += _left(block, [other])
        with_music += _left(block, [other, one])
    power = float(np.square(heard).sum())
    if without <= max(LEAST_NEW_POWER * power, 1e-12) or not np.any(wanted):
        return None
    return 1 - with_music / without


def _left(block: np.ndarray, parts: list[np.ndarray]) -> float:
    """Energy of a block that no sum of others accounts for."""
    made_of = np.stack(parts, axis=1)
    gains = np.linalg.lstsq(made_of, block, rcond=None)[0]
    return float(np.square(block - made_of @ gains).sum())


def _in_film(manifest: Manifest, part: PartFacts, film: media.Clip, new: Waveform) -> Check:
    late = film.audio_start_sample - manifest.film_start_sample
    late = late if abs(late) <= manifest.sample_rate // MILLISECOND_SAMPLES else 0
    # Where the film's container puts its sound a little late, a part that was cut from it has that too, or not.
    like = -np.inf
    for off in {0, late}:
        start, end = part.start_sample + off, part.end_sample + off
        heard = media.decode_audio(film, start_sample=start, end_sample=end)
        like = max(like, media.likeness_db(new.samples, heard.samples, manifest.sample_rate))
    text = f"over part {part.index} it has the part's new sound ({like:.1f} dB)"
    return Check("film", like >= MIN_LOSSY_SNR_DB, text)
