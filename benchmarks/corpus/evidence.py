"""Whether parts and film are the source's, judged without the program's own reading, splitting or verifying."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from .decoded import Pictures, Sound, binary_hashes, binary_samples, pictures_of, sound_of

TICK = Fraction(15, 10_000)
PLACE_SECONDS = 0.003
MAX_GREY_APART = 14.0
# Decoders that do not give the same samples after a fresh start (noise substitution, dither, prediction).
REMEMBERING = {"aac", "ac3", "eac3", "opus", "mp3", "vorbis"}
MIN_CORRELATION = 0.5
LEAK_SAMPLES = 4096
AUDIBLE = 1e-3


@dataclass(frozen=True)
class PartFile:
    """A part as the result names it."""

    path: Path
    """The file with its own sound."""
    start_frame: int
    """First frame of the source."""
    end_frame: int
    """One past the last."""
    claimed: int
    """Samples that the program says it has: believed within two, as far as rounding leaves it open."""
    is_dubbed: bool
    """Whether its sound was replaced in the film."""


@dataclass(frozen=True)
class Source:
    """The source, decoded once."""

    path: Path
    """The file."""
    pictures: Pictures
    """As PyAV decodes them."""
    binary: list[str]
    """As FFmpeg's binary decodes them."""
    sound: Sound | None
    """The first audio track."""
    n_samples: int
    """Samples of it, agreed on by both."""


def read_source(path: Path, claimed: int) -> Source:
    """Decode a source; claimed is what the program says of its samples, believed where both decoders leave it open."""
    sound = sound_of(path)
    return Source(path, pictures_of(path), binary_hashes(path), sound, _agreed(path, sound, claimed))


def _agreed(path: Path, sound: Sound | None, wanted: int) -> int:
    """Samples that a track has; where the decoders leave it open, the number nearest to what is wanted.

    Where an edit list ends inside the last packet, PyAV's libraries play it to its end, and the binary cuts it there,
    or not, or too early where the track starts with a wait. So what is wanted is believed as far as one packet goes;
    the samples are compared one by one.
    """
    if sound is None or not sound.n_samples:
        return 0
    low = min(binary_samples(path), sound.n_samples) - sound.largest_packet
    return max(low, min(wanted, sound.n_samples))


def wrong_parts(source: Source, parts: Sequence[PartFile], is_reencoded: bool) -> Iterator[str]:
    """One sentence for each thing about the parts that is not the source's."""
    found = [pictures_of(part.path) for part in parts]
    yield from _wrong_pictures(source, parts, found, is_reencoded)
    if source.sound is not None and source.sound.n_samples:
        yield from _wrong_sound(source, parts, found, is_reencoded)


def _wrong_pictures(
    source: Source, parts: Sequence[PartFile], found: list[Pictures], is_reencoded: bool
) -> Iterator[str]:
    counts = [len(one.hashes) for one in found]
    wanted = [part.end_frame - part.start_frame for part in parts]
    if source.pictures.damaged:
        # Where the source's own packets do not decode, the parts are right where they show what it shows.
        if [digest for one in found for digest in one.hashes] != source.pictures.hashes and not is_reencoded:
            yield "the source is damaged, and the parts show other pictures than it does"
        return
    if counts != wanted or sum(counts) != len(source.pictures.hashes):
        yield f"the parts decode to {counts} pictures, planned {wanted}, source {len(source.pictures.hashes)}"
        return
    times = source.pictures.times
    for number, (part, one) in enumerate(zip(parts, found, strict=True), 1):
        mine = [time - one.times[0] for time in one.times]
        theirs = [time - times[part.start_frame] for time in times[part.start_frame : part.end_frame]]
        off = max(abs(a - b) for a, b in zip(mine, theirs, strict=True))
        if off > TICK:
            yield f"pictures of part {number} are up to {float(off) * 1000:.1f} ms off"
    joined = [digest for one in found for digest in one.hashes]
    if is_reencoded:
        small = [picture for one in found for picture in one.small]
        apart = [float(np.abs(a.astype(int) - b).mean()) for a, b in zip(small, source.pictures.small, strict=True)]
        if max(apart) > MAX_GREY_APART:
            yield f"picture {int(np.argmax(apart))} differs by {max(apart):.0f} of 255"
        return
    if joined != source.pictures.hashes:
        different = [n for n, (a, b) in enumerate(zip(joined, source.pictures.hashes, strict=True)) if a != b]
        yield f"{len(different)} pictures differ by PyAV, the first is {different[0]}"
    elif [digest for part in parts for digest in binary_hashes(part.path)] != source.binary:
        yield "pictures differ by FFmpeg's binary"


def _wrong_sound(source: Source, parts: Sequence[PartFile], found: list[Pictures], is_reencoded: bool) -> Iterator[str]:
    theirs = source.sound
    assert theirs is not None
    bounds = [*map(float, source.pictures.times), np.inf]
    at, total, half = 0, 0, 0.5 / theirs.sample_rate
    for number, (part, pictures) in enumerate(zip(parts, found, strict=True), 1):
        sound = sound_of(part.path)
        low, high = (bounds[part.start_frame] if number > 1 else -np.inf), bounds[part.end_frame]
        heard = theirs.times[: source.n_samples]
        planned = int(((heard >= low - half) & (heard < high - half)).sum())
        n_samples = _agreed(part.path, sound, part.claimed if abs(part.claimed - planned) <= 2 else planned)
        total += n_samples
        if sound is None or not n_samples:
            continue
        mine, want = sound.samples[:, :n_samples], theirs.samples[:, at : at + n_samples]
        if mine.shape != want.shape or sound.sample_rate != theirs.sample_rate:
            yield f"the sound of part {number} ends at sample {at + n_samples} of {source.n_samples}"
            return
        if not np.array_equal(mine, want) and not _same_packets(sound, theirs, is_reencoded):
            like = _correlation(mine, want)
            # Sound that cannot be cut as it is becomes AAC in any mode; what is lossless has to stay so.
            is_lossy = is_reencoded or theirs.codec in REMEMBERING or (sound.codec == "aac" != theirs.codec)
            if not is_lossy or like < MIN_CORRELATION:
                yield f"the sound of part {number} is not the source's (correlation {like:.2f})"
        zero = float(source.pictures.times[part.start_frame]) - float(pictures.times[0])
        off = np.abs(sound.times[:n_samples] + zero - theirs.times[at : at + n_samples]).max()
        if off > PLACE_SECONDS:
            yield f"the sound of part {number} is up to {off * 1000:.1f} ms off"
        at += n_samples
    if total != source.n_samples:
        yield f"the parts have {total} samples, the source {source.n_samples}"


def _same_packets(mine: Sound, theirs: Sound, is_reencoded: bool) -> bool:
    """True where one's packets are a run of the other's."""
    first = next((n for n, digest in enumerate(theirs.packets) if digest == mine.packets[0]), None)
    if is_reencoded or first is None:
        return False
    return any(
        theirs.packets[start : start + len(mine.packets)] == mine.packets
        for start in range(first, len(theirs.packets) - len(mine.packets) + 1)
        if theirs.packets[start] == mine.packets[0]
    )


def _correlation(mine: np.ndarray, theirs: np.ndarray) -> float:
    """Of what is audible; 1 where both are silent."""
    powers = [float(np.square(one, dtype=np.float64).sum()) for one in (mine, theirs)]
    if max(powers) < AUDIBLE**2 * mine.size:
        return 1.0
    return float((mine.astype(np.float64) * theirs).sum() / max(1e-12, np.sqrt(powers[0] * powers[1])))


def wrong_film(source: Source, film: Path, parts: Sequence[PartFile]) -> Iterator[str]:
    """One sentence for each thing about the film that is not as it should be."""
    pictures = pictures_of(film)
    if pictures.hashes != source.pictures.hashes:
        yield f"the film's {len(pictures.hashes)} pictures are not the source's {len(source.pictures.hashes)}"
        return
    if binary_hashes(film) != source.binary:
        yield "the film's pictures differ by FFmpeg's binary"
    zero, new_zero = float(source.pictures.times[0]), float(pictures.times[0])
    off = max(abs((a - new_zero) - (b - zero)) for a, b in zip(pictures.times, source.pictures.times, strict=True))
    if off > TICK:
        yield f"the film's pictures are up to {float(off) * 1000:.1f} ms off"
    sound = sound_of(film)
    if sound is None or not sound.n_samples:
        yield "the film has no sound"
        return
    if source.sound is not None and source.n_samples:
        yield from _wrong_film_sound(source, sound, parts, new_zero - zero)


def _wrong_film_sound(source: Source, mine: Sound, parts: Sequence[PartFile], later: float) -> Iterator[str]:
    theirs = source.sound
    assert theirs is not None
    end, start = float(theirs.times[source.n_samples - 1]), float(theirs.times[0])
    if mine.times[-1] - later < end - PLACE_SECONDS or mine.times[0] - later > start + PLACE_SECONDS:
        yield (
            f"the film's sound is heard from {mine.times[0] - later:.3f} to {mine.times[-1] - later:.3f} s, "
            f"the source's from {start:.3f} to {end:.3f} s"
        )
    rate = theirs.sample_rate
    if mine.sample_rate != rate:
        yield f"the film has {mine.sample_rate} Hz, the source {rate}"
        return
    low = min(start, float(mine.times[0]) - later)
    grids = [_on_grid(one, low + shift, rate) for one, shift in ((theirs, 0.0), (mine, later))]
    length = max(grid.shape[1] for grid in grids)
    old, new = (np.pad(grid, ((0, 0), (0, length - grid.shape[1]))) for grid in grids)
    if old.shape[0] != new.shape[0]:
        yield f"the film has {new.shape[0]} channels, the source {old.shape[0]}"
        return
    outside = np.ones(length, bool)
    times = [*map(float, source.pictures.times), np.inf]
    for part in parts:
        if part.is_dubbed:
            a, b = (
                (round((times[frame] - low) * rate) for frame in (part.start_frame, part.end_frame))
                if (part.end_frame < len(times) - 1)
                else (round((times[part.start_frame] - low) * rate), length)
            )
            outside[max(0, a - LEAK_SAMPLES) : b + LEAK_SAMPLES] = False
    for at in range(0, length, rate):
        here = outside[at : at + rate]
        if here.sum() >= rate // 10:
            like = _correlation(new[:, at : at + rate][:, here], old[:, at : at + rate][:, here])
            if like < MIN_CORRELATION:
                yield f"{at // rate} s from its start the film does not sound like the source (correlation {like:.2f})"
                return


def _on_grid(sound: Sound, low: float, rate: int) -> np.ndarray:
    places = np.round((sound.times - low) * rate).astype(np.int64)
    grid = np.zeros((sound.samples.shape[0], int(places.max()) + 1), np.float32)
    grid[:, places[places >= 0]] = sound.samples[:, places >= 0]
    return grid
