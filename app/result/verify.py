"""The proof that a result is the source but for what was dubbed, top to bottom.

    files      every file is what the manifest says                                    hashes
    source     the video is the one that it was made from, and the numbers are its     hash, probe
    frames     the parts' pictures are the source's                                    packets, edges decoded
    sound      so is their own sound                                                   packets, edges decoded
    film       so is the film but for the sound of the dubbed parts                    packets
    part, music  the new sound is as long and as loud as it should be, and is its music   decoded
    archive    the zip holds what the folder holds                                     bytes

docs/verify.md says what each of these proves, and what it does not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel

from .. import media
from ..errors import ArchiveError, MediaError
from ..files import check_cancel, hash_file
from ..plan import parts_at
from ..unfinished import work_folder
from .archive import unpack
from .archived import judge_archive
from .checks import Check, VerifyReport
from .facts import MANIFEST_NAME, SPLICED, Manifest
from .film import judge_film
from .listening import judge_lengths, judge_music, judge_new_sound
from .manifest import read_manifest
from .numbers import judge_numbers, judge_ranges
from .pictures import judge_pictures
from .sounds import judge_sounds

STEPS = 4


def verify(
    dir_or_zip: Path,
    source: Path,
    *,
    decode: bool = False,
    temporary_directory: Path | None = None,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> VerifyReport:
    """Prove that a result is its source but for what was dubbed.

    Args:
        dir_or_zip: a result folder or its zip.
        source: the video it was made from.
        decode: also decode every frame of the parts and hold it against the source's.
        temporary_directory: where a zip is unpacked for the time being.
        on_progress: stage "verify".
        should_cancel: asked between checks and packets.
    Raises:
        ArchiveError: there is no result to look at.
        MediaError: the source cannot be read.
    """
    path, source = Path(dir_or_zip).absolute(), Path(source).absolute()
    if not path.exists():
        raise ArchiveError(f"{path} does not exist: give a result folder or its zip.")
    depth = media.Depth.ALL if decode else media.Depth.NEW
    if path.is_dir():
        with media.job(reads=[source, path]):
            return _Verification(path, media.probe(source), depth, on_progress, should_cancel).report()
    with work_folder(temporary_directory or Path(tempfile.gettempdir()), "riffusion-dub-verify") as folder:
        unpack(path, folder)
        if not (folder / MANIFEST_NAME).is_file():
            raise ArchiveError(f"{path.name} holds no manifest.json: it was not made by this program.")
        with media.job(reads=[source, folder]):
            return _Verification(folder, media.probe(source), depth, on_progress, should_cancel).report()


def check_made(
    folder: Path, manifest: Manifest, clip: media.Clip, should_cancel: ShouldCancel | None = None
) -> VerifyReport:
    """The proof's cheap half, of files that were just made: nothing but the edges of copies is decoded.

    Args:
        folder: with parts and film.
        manifest: of them; its list of files and its archive are not looked at.
        clip: the source.
        should_cancel: asked often.
    Raises:
        DubCancelled: should_cancel returned True.
    """
    try:
        evidence = media.prove(_claim(folder, manifest, clip), media.Depth.EDGES, should_cancel=should_cancel)
    except MediaError as error:
        return VerifyReport((Check("read", False, str(error)),))
    return VerifyReport(tuple(_judge(folder, manifest, clip, evidence)))


def _judge(folder: Path, manifest: Manifest, clip: media.Clip, evidence: media.Evidence) -> Iterator[Check]:
    """What packets and edges say."""
    claim = _claim(folder, manifest, clip)
    yield from judge_pictures(claim, evidence, manifest.x264_crf)
    yield from judge_sounds(claim, evidence, manifest.sample_rate)
    yield from judge_lengths(manifest, evidence)
    yield from judge_film(manifest, claim, evidence)


def _claim(folder: Path, manifest: Manifest, clip: media.Clip) -> media.Claim:
    planned = parts_at(clip, [part.start_frame for part in manifest.parts])
    # Parts that are missing at the end are not made up for by the last one there is.
    ends = manifest.parts[-1].end_frame
    if ends < clip.n_frames:
        planned = parts_at(clip, [*(part.start_frame for part in manifest.parts), ends])[:-1]
    files = tuple(
        media.PartFile(one, folder / part.own_file, folder / part.file if part.undubbed is not None else None)
        for one, part in zip(planned, manifest.parts, strict=True)
    )
    dubbed = [manifest.parts[dub.part - 1] for dub in manifest.dubs]
    return media.Claim(
        clip,
        manifest.split_used,
        files,
        folder / manifest.film if manifest.film is not None else None,
        manifest.film_sound == SPLICED,
        tuple((part.start_sample, part.end_sample) for part in dubbed),
    )


class _Verification:
    """What every step of one verification shares."""

    def __init__(
        self,
        folder: Path,
        clip: media.Clip,
        depth: media.Depth,
        on_progress: OnProgress | None,
        should_cancel: ShouldCancel | None,
    ) -> None:
        self.folder, self.clip, self.depth = folder, clip, depth
        self.on_progress, self.should_cancel = on_progress, should_cancel
        self.manifest = read_manifest(folder)

    def report(self) -> VerifyReport:
        """All steps; files are hashed, and the zip is read, beside the others."""
        with ThreadPoolExecutor(1) as pool:
            hashed = pool.submit(lambda: [*self._files(), self._same_source()])
            archived = pool.submit(lambda: [*judge_archive(self.folder, self.manifest, self.should_cancel)])
            checks: list[Check] = []
            for number, step in enumerate((self._numbers, self._media, self._sound, self._music)):
                if self.on_progress is not None:
                    self.on_progress(Progress("verify", number, STEPS))
                checks += self._done(step.__name__.strip("_"), step())
            checks = [*hashed.result(), *checks, *archived.result()]
        if self.on_progress is not None:
            self.on_progress(Progress("verify", STEPS, STEPS))
        return VerifyReport(tuple(checks))

    def _done(self, name: str, step: Iterator[Check]) -> Iterator[Check]:
        """A step's checks; a file that cannot be read ends it, which is one failed check."""
        try:
            for check in step:
                check_cancel(self.should_cancel)
                yield check
        except MediaError as error:
            yield Check(name, False, str(error))

    def _files(self) -> Iterator[Check]:
        """Every file of the manifest is there and unchanged."""
        manifest, wrong = self.manifest, []
        for name, facts in manifest.files.items():
            path = self.folder / name
            if not path.is_file():
                wrong.append(f"{name} is missing")
            elif path.stat().st_size != facts.size_bytes or hash_file(path, self.should_cancel) != facts.sha256:
                wrong.append(f"{name} was changed")
        named = [part.file for part in manifest.parts] + [manifest.film] * (manifest.film is not None)
        wrong += [f"{name} is not in the manifest's list" for name in named if name not in manifest.files]
        yield Check("files", not wrong, "; ".join(wrong) or f"{len(manifest.files)} files are as they were made")

    def _same_source(self) -> Check:
        same = hash_file(self.clip.path, self.should_cancel) == self.manifest.source.sha256
        text = f"{self.clip.path.name} is {'the' if same else 'not the'} video this was made from"
        return Check("source", same, text)

    def _numbers(self) -> Iterator[Check]:
        """The manifest's numbers are the source's."""
        ranges = judge_ranges(self.manifest, self.clip)
        yield ranges
        if ranges.ok:
            yield from judge_numbers(self.manifest, self.clip)

    def _media(self) -> Iterator[Check]:
        """Parts and film have the source's packets."""
        bounds = [(part.start_frame, part.end_frame) for part in self.manifest.parts]
        if any(not 0 <= start < end <= self.clip.n_frames for start, end in bounds):
            text = f"the parts' frames do not lie within the source's {self.clip.n_frames}: nothing can be compared"
            yield Check("frames", False, text)
            return
        evidence = media.prove(
            _claim(self.folder, self.manifest, self.clip),
            self.depth,
            on_progress=self.on_progress,
            should_cancel=self.should_cancel,
        )
        yield from _judge(self.folder, self.manifest, self.clip, evidence)

    def _sound(self) -> Iterator[Check]:
        """The new sound is what the manifest says."""
        yield from judge_new_sound(self.folder, self.manifest)

    def _music(self) -> Iterator[Check]:
        """So is the music by itself."""
        yield from judge_music(self.folder, self.manifest)
