"""Proof that the film has the source's pictures, and that its sound differs in the dubbed ranges only."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from .. import media
from .checks import LEAK_SAMPLES, MIN_LOSSY_SNR_DB, Check, frame_time, likeness_db
from .manifest import Manifest


def check_film(folder: Path, manifest: Manifest, clip: media.Clip) -> Iterator[Check]:
    """The film has the source's pictures untouched, and its sound differs in the dubbed ranges only."""
    if manifest.film is None:
        return
    film = media.probe(folder / manifest.film)
    yield _film_pictures(film, clip)
    times = [[frame_time(one, number) for number in range(one.n_frames)] for one in (film, clip)]
    late = max((abs(a - b) for a, b in zip(*times, strict=False)), default=Fraction(0))
    in_time = film.n_frames == clip.n_frames and late <= Fraction(1, 1000)
    yield Check("film", in_time, f"{film.n_frames} frames, shown when the source shows them")
    right = film.n_samples == manifest.film_samples and film.sample_rate == manifest.sample_rate
    yield Check("film", right, f"its sound has {film.n_samples} of {manifest.film_samples} samples")
    yield from _film_sound(folder, manifest, clip, film)


def _film_pictures(film: media.Clip, clip: media.Clip) -> Check:
    packets = media.packet_hashes(film.path)
    if packets == media.packet_hashes(clip.path):
        return Check("film", True, f"its {len(packets)} video packets are byte for byte the source's")
    # A transport stream's packets are framed anew in any other container; the pictures must still be the same.
    if film.container != clip.container and list(media.frame_hashes(film.path)) == list(media.frame_hashes(clip.path)):
        return Check("film", True, f"its {film.n_frames} decoded frames are the source's, hash for hash")
    return Check("film", False, "its video packets differ from the source's")


def _film_sound(folder: Path, manifest: Manifest, clip: media.Clip, film: media.Clip) -> Iterator[Check]:
    first, end = manifest.film_start_sample, manifest.film_start_sample + manifest.film_samples
    # Matroska counts in milliseconds, so that its sound may lie up to one beside its place.
    late = film.audio_start_sample - first
    late = late if abs(late) <= manifest.sample_rate // 1000 else 0
    heard = media.decode_audio(film, start_sample=first + late, end_sample=end + late).samples
    source = np.zeros_like(heard)
    if clip.sample_rate is not None:
        source = media.decode_audio(clip, start_sample=first, end_sample=end).samples
    rate, at = manifest.sample_rate, first
    dubbed = [manifest.parts[dub.part - 1] for dub in manifest.dubs]
    for part in [*dubbed, None]:
        stop = part.start_sample if part is not None else end
        # Beside new sound the encoder's frames hold some of both.
        low, high = at + LEAK_SAMPLES * (at > first), stop - LEAK_SAMPLES * (part is not None)
        if high > low:
            like = likeness_db(source[:, low - first : high - first], heard[:, low - first : high - first], rate)
            where = f"from sample {low} to {high} it sounds like the source"
            yield Check("film", like >= MIN_LOSSY_SNR_DB, f"{where} ({like:.1f} dB)")
        if part is not None:
            at = part.end_sample
            new = media.decode_audio(folder / part.file, start_sample=0, end_sample=at - stop).samples
            like = likeness_db(new, heard[:, stop - first : at - first], rate)
            where = f"over part {part.index} it has the part's new sound"
            yield Check("film", like >= MIN_LOSSY_SNR_DB, f"{where} ({like:.1f} dB)")
