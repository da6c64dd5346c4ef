"""Proof that a result's parts are together the source, and that nothing but the dubbed ranges sounds different."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel

from .. import media
from ..errors import ArchiveError, MediaError
from ..files import check_cancel, hash_file
from .archive import unpack
from .checks import (
    LEAK_SAMPLES,
    MAX_PICTURE_DIFFERENCE,
    MIN_LOSSY_SNR_DB,
    PICTURE_HEIGHT,
    Check,
    VerifyReport,
    frame_time,
    likeness_db,
)
from .facts import MANIFEST_NAME, Manifest
from .manifest import read_manifest


def verify(
    dir_or_zip: Path,
    source: Path,
    *,
    temporary_directory: Path | None = None,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> VerifyReport:
    """Decode every part and hold it against the source.

    Args:
        dir_or_zip: a result folder or its zip.
        source: the video it was made from.
        temporary_directory: where a zip is unpacked for the time being.
        on_progress: stage "verify".
        should_cancel: asked between checks and frames.
    Raises:
        ArchiveError: there is no result to look at.
        MediaError: the source cannot be read.
    """
    path = Path(dir_or_zip)
    if not path.exists():
        raise ArchiveError(f"{path} does not exist: give a result folder or its zip.")
    clip = media.probe(Path(source))
    if path.is_dir():
        return _verify_folder(path, clip, on_progress, should_cancel)
    if temporary_directory is not None:
        temporary_directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=temporary_directory) as folder:
        unpack(path, Path(folder))
        if not (Path(folder) / MANIFEST_NAME).is_file():
            raise ArchiveError(f"{path.name} holds no manifest.json: it was not made by this program.")
        return _verify_folder(Path(folder), clip, on_progress, should_cancel)


def _verify_folder(
    folder: Path, clip: media.Clip, on_progress: OnProgress | None, should_cancel: ShouldCancel | None
) -> VerifyReport:
    manifest = read_manifest(folder)
    checks: list[Check] = []
    for number, (name, step) in enumerate(STEPS.items()):
        if on_progress is not None:
            on_progress(Progress("verify", number, len(STEPS)))
        try:
            for check in step(folder, manifest, clip):
                check_cancel(should_cancel)
                checks.append(check)
        except MediaError as error:
            checks.append(Check(name, False, str(error)))
    if on_progress is not None:
        on_progress(Progress("verify", len(STEPS), len(STEPS)))
    return VerifyReport(tuple(checks))


def _files(folder: Path, manifest: Manifest, clip: media.Clip) -> Iterator[Check]:
    """Every file of the manifest is there and unchanged."""
    wrong = []
    for name, facts in manifest.files.items():
        path = folder / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif path.stat().st_size != facts.size_bytes or hash_file(path) != facts.sha256:
            wrong.append(f"{name} was changed")
    named = [part.file for part in manifest.parts] + [manifest.film] * (manifest.film is not None)
    wrong += [f"{name} is not in the manifest's list" for name in named if name not in manifest.files]
    yield Check("files", not wrong, "; ".join(wrong) or f"{len(manifest.files)} files are as they were made")


def _source(folder: Path, manifest: Manifest, clip: media.Clip) -> Iterator[Check]:
    """The source is the one that the manifest names, and the parts' ranges cover it."""
    same = hash_file(clip.path) == manifest.source.sha256
    yield Check("source", same, f"{clip.path.name} is {'the' if same else 'not the'} video this was made from")
    bounds = [(part.start_frame, part.end_frame) for part in manifest.parts]
    starts = [0, *(end for _, end in bounds)]
    whole = starts[:-1] == [start for start, _ in bounds] and starts[-1] == clip.n_frames
    yield Check(
        "ranges", whole, f"{len(bounds)} parts {'cover' if whole else 'do not cover'} frames 0 to {clip.n_frames}"
    )


def _frames(folder: Path, manifest: Manifest, clip: media.Clip) -> Iterator[Check]:
    """The parts' pictures, one after another, are the source's."""
    if manifest.split_used == "reencode":
        yield from _reencoded_frames(folder, manifest, clip)
    else:
        yield _same_frames(folder, manifest, clip)
    for part in manifest.parts:
        if part.undubbed is not None:
            same = media.packet_hashes(folder / part.file) == media.packet_hashes(folder / part.undubbed)
            text = "are byte for byte the undubbed part's" if same else "differ from the undubbed part's"
            yield Check(f"part {part.index}", same, f"the dubbed part's video packets {text}")


def _same_frames(folder: Path, manifest: Manifest, clip: media.Clip) -> Check:
    def of_parts() -> Iterator[tuple[str, int, int]]:
        for part in manifest.parts:
            for number, digest in enumerate(media.frame_hashes(folder / part.own_file)):
                yield digest, part.index, number

    count = 0
    for digest, found in zip_longest(media.frame_hashes(clip.path), of_parts()):
        if digest is None or found is None or digest != found[0]:
            if found is None:
                return Check("frames", False, f"the parts end at frame {count} of {clip.n_frames}")
            where = f"frame {found[2]} of part {found[1]}"
            return Check("frames", False, f"{where} is not frame {count} of the source")
        count += 1
    return Check("frames", True, f"{count} decoded frames are the source's, hash for hash")


def _reencoded_frames(folder: Path, manifest: Manifest, clip: media.Clip) -> Iterator[Check]:
    wrong: list[str] = []
    worst = 0.0
    for part in manifest.parts:
        wanted, found = part.end_frame - part.start_frame, media.probe(folder / part.own_file)
        if found.n_frames != wanted:
            wrong.append(f"part {part.index} has {found.n_frames} frames, not {wanted}")
            continue
        numbers = sorted({0, wanted // 2, wanted - 1})
        pictures = media.thumbnails(found, [frame_time(found, number) for number in numbers], PICTURE_HEIGHT)
        times = [frame_time(clip, part.start_frame + number) for number in numbers]
        originals = media.thumbnails(clip, times, PICTURE_HEIGHT)
        for number, picture, original in zip(numbers, pictures, originals, strict=True):
            small = picture.resize(original.size)
            difference = float(np.abs(np.asarray(small, np.float32) - np.asarray(original, np.float32)).mean())
            worst = max(worst, difference)
            if difference > MAX_PICTURE_DIFFERENCE:
                wrong.append(f"frame {number} of part {part.index} is not the source's ({difference:.0f} of 255 apart)")
    text = f"{clip.n_frames} re-encoded frames in the source's order, at most {worst:.1f} of 255 apart where compared"
    yield Check("frames", not wrong, "; ".join(wrong) or text)


def _sounds(folder: Path, manifest: Manifest, clip: media.Clip) -> Iterator[Check]:
    """The parts' own sound is the source's, and a dubbed part's sound is exactly as long as the part."""
    if clip.sample_rate is not None:
        found = [media.probe(folder / part.own_file) for part in manifest.parts]
        total = sum(one.n_samples for one in found)
        yield Check("samples", total == clip.n_samples, f"the parts have {total} samples, the source {clip.n_samples}")
        if manifest.split_used == "reencode":
            yield from _encoded_sound(manifest, clip, found)
        else:
            yield _copied_sound(manifest, clip, found)
    for part in manifest.parts:
        if part.undubbed is not None:
            new, wanted = media.probe(folder / part.file), part.n_samples
            right = new.n_samples == wanted and new.sample_rate == manifest.sample_rate
            yield Check(f"part {part.index}", right, f"the new sound has {new.n_samples} of {wanted} samples")


def _copied_sound(manifest: Manifest, clip: media.Clip, found: list[media.Clip]) -> Check:
    wrong = []
    for part, own in zip(manifest.parts, found, strict=True):
        # The first part also holds what sounds before the first frame, the last what sounds after the last.
        start = None if part.index == 1 else part.start_sample
        end = None if part.index == len(manifest.parts) else part.end_sample
        if own.sample_rate is not None and not media.same_sound(own, clip, start, end):
            wrong.append(f"that of part {part.index} is not the source's")
    return Check("sound", not wrong, "; ".join(wrong) or "the parts' own sound is the source's, sample for sample")


def _encoded_sound(manifest: Manifest, clip: media.Clip, found: list[media.Clip]) -> Iterator[Check]:
    least = np.inf
    for part, own in zip(manifest.parts, found, strict=True):
        if own.sample_rate is not None:
            original = media.decode_audio(clip, start_sample=part.start_sample, end_sample=part.end_sample).samples
            heard = media.decode_audio(own, start_sample=0, end_sample=original.shape[1]).samples
            like = likeness_db(original, heard, manifest.sample_rate)
            least = min(least, like)
            if like < MIN_LOSSY_SNR_DB:
                yield Check(f"part {part.index}", False, f"its own sound is not the source's ({like:.1f} dB)")
    text = f"the parts' own sound, re-encoded, is the source's ({least:.1f} dB in the worst second)"
    yield Check("sound", least >= MIN_LOSSY_SNR_DB, text)


def _music(folder: Path, manifest: Manifest, clip: media.Clip) -> Iterator[Check]:
    """Every take is as long as its part."""
    for dub in manifest.dubs:
        part = manifest.parts[dub.part - 1]
        wanted = part.n_samples
        lengths = [media.read_audio(folder / take.wav).n_samples for take in dub.music.takes]
        right = all(length == wanted for length in lengths)
        yield Check(f"music {dub.part}", right, f"{len(lengths)} takes of {', '.join(map(str, lengths))} samples")
        names = [take.midi for take in dub.music.takes if take.midi is not None]
        if names:
            notes = [len(media.read_score(folder / name).score.notes) for name in names]
            yield Check(f"score {dub.part}", True, f"scores of {', '.join(map(str, notes))} notes can be read")


def _film(folder: Path, manifest: Manifest, clip: media.Clip) -> Iterator[Check]:
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
    # A transport stream's packets are framed differently in any other container; the pictures must still be the same.
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


STEPS: dict[str, Callable[[Path, Manifest, media.Clip], Iterator[Check]]] = {
    "files": _files,
    "source": _source,
    "frames": _frames,
    "sound": _sounds,
    "music": _music,
    "film": _film,
}
"""What is proved, in order; a step that a damaged file ends is one failed check of that name."""
