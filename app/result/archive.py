"""A finished result: its manifest, its zip, what a caller gets of it, and the proof that it is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from riffusion_inference.datatypes import OnProgress, ShouldCancel

from ..files import hash_file
from .checks import Check, VerifyReport
from .folder import safe_stem
from .manifest import MANIFEST_NAME, DubFacts, FileFacts, Manifest, manifest_text, read_manifest
from .results import Candidate, DubResult, MusicFiles
from .verify import verify
from .zip import unpack, write_zip

__all__ = ["Check", "VerifyReport", "pack", "result_of", "unpack", "verify"]


def pack(
    folder: Path,
    manifest: Manifest,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> None:
    """Write manifest.json and the zip of a folder whose other files are finished.

    Args:
        folder: the result.
        manifest: all but the list of files; with a film it also gets a zip.
        on_progress: stage "archive", in files.
        should_cancel: asked often.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths]
    files = {
        name: FileFacts(hash_file(path, should_cancel), path.stat().st_size)
        for name, path in zip(names, paths, strict=True)
    }
    manifest = replace(manifest, files=files)
    if manifest.film is not None:
        zip_name = f"{safe_stem(manifest.source.name)}.zip"
        # The archive is for giving away: it does not tell where the video lay on this machine.
        shared = manifest_text(replace(manifest, source=replace(manifest.source, path=None)))
        write_zip(folder / zip_name, folder, names, {MANIFEST_NAME: shared}, on_progress, should_cancel)
        manifest = replace(manifest, archive=zip_name)
    (folder / MANIFEST_NAME).write_text(manifest_text(manifest), encoding="utf-8")


def result_of(folder: Path, seconds_per_stage: Mapping[str, float] | None = None) -> DubResult:
    """What a caller gets of a result folder.

    Args:
        folder: with manifest.json.
        seconds_per_stage: of the run that just ended; None takes the manifest's, which lack the archive's own.
    Raises:
        ArchiveError: there is no manifest that can be read.
    """
    manifest = read_manifest(folder)
    return DubResult(
        out_dir=folder,
        parts=tuple(folder / part.file for part in manifest.parts),
        film=folder / manifest.film if manifest.film else None,
        archive=folder / manifest.archive if manifest.archive else None,
        manifest=folder / MANIFEST_NAME,
        music=tuple(_music(folder, manifest, dub) for dub in manifest.dubs),
        seeds={dub.part: dub.takes[dub.take - 1].seed for dub in manifest.dubs},
        loudness_lufs={dub.part: dub.loudness_lufs for dub in manifest.dubs},
        times=tuple((Fraction(part.start), Fraction(part.end)) for part in manifest.parts),
        seconds_per_stage=dict(manifest.seconds_per_stage if seconds_per_stage is None else seconds_per_stage),
        notes=manifest.notes,
    )


def _music(folder: Path, manifest: Manifest, dub: DubFacts) -> MusicFiles:
    candidates = tuple(
        Candidate(folder / take.wav, take.seed, folder / take.image if take.image else None) for take in dub.takes
    )
    part = manifest.parts[dub.part - 1]
    chosen = candidates[dub.take - 1]
    before = folder / (part.undubbed or part.file)
    return MusicFiles(dub.part, chosen.wav, chosen.image, dub.take, candidates, before, folder / part.file)
