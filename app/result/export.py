"""One part of a result as a file by itself, for editing programs: its pictures with the new sound, or its music."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from riffusion_inference.datatypes import ShouldCancel, Waveform

from .. import media
from ..errors import ArchiveError, MediaError
from ..files import copy_file, written_whole
from ..plan import SplitMode
from ..unfinished import work_folder
from .folder import Result

IN_MOV = {"h264", "hevc", "mpeg4", "mjpeg", "prores", "aac", "alac", "mp3", "ac3", "eac3", None}
"""Codecs that MOV carries as MP4 does."""
MOV_BRAND = b"qt  "


def export_part(
    result: Result, part: int, form: str, out: Path, should_cancel: ShouldCancel | None = None
) -> tuple[str, ...]:
    """Write one part as a file by itself, nothing encoded again.

    Args:
        result: a result.
        part: which part, 1-based.
        form: one of PART_FORMATS. mp4 or mov: the part with the sound that it has in the film. wav: its music as it was
            made, at its place in silence that is as long as the film.
        out: the file; one that is there is replaced.
        should_cancel: asked often.
    Returns:
        One sentence for each thing a person should know.
    Raises:
        ArchiveError: there is no such part, or it has no music.
        MediaError: the format cannot carry the part as it is.
    """
    n_parts = len(result.parts)
    if not 1 <= part <= n_parts:
        raise ArchiveError(f"Part {part} of {result.folder.name} does not exist: choose from 1 to {n_parts}.")
    if form == "wav":
        return _music(result, part, out)
    with written_whole(out) as hidden:
        _pictures(result.after(part), form, hidden, should_cancel)
    return ()


def _music(result: Result, part: int, out: Path) -> tuple[str, ...]:
    dub = result.manifest.dub_of(part)
    if dub is None:
        raise ArchiveError(f"Part {part} of {result.folder.name} has no music that could be written: dub it first.")
    place = result.manifest.parts[part - 1]
    take = media.read_audio(result.folder / dub.chosen.wav)
    whole = np.zeros((take.samples.shape[0], result.manifest.parts[-1].end_sample), dtype=np.float32)
    whole[:, place.start_sample : place.end_sample] = take.samples[:, : place.n_samples]
    media.write_wav(out, Waveform(whole, take.sample_rate))
    return (f"The music is as it was made, before it was mixed; it begins at {place.timeline.split(' to ')[0]}.",)


def _pictures(file: Path, form: str, out: Path, should_cancel: ShouldCancel | None) -> None:
    if file.suffix == f".{form}":
        copy_file(file, out, should_cancel)
        return
    clip = media.probe(file)
    plan = media.explain_split(clip, 1, SplitMode.EXACT)
    if plan.mode_used != SplitMode.EXACT:
        raise MediaError(f"{file.name} cannot become {form} without being encoded again: {' '.join(plan.notes)}")
    codecs = {clip.video_codec, clip.audio_codec}
    if form == "mov" and not all(codec in IN_MOV or str(codec).startswith("pcm_") for codec in codecs):
        raise MediaError(f"MOV cannot carry {' and '.join(map(str, codecs - IN_MOV))} as it is: choose mp4.")
    with work_folder(out.parent, "export") as folder:
        [made] = media.split(clip, plan, folder, should_cancel=should_cancel)
        if made.suffix == ".mov" and form == "mp4":
            raise MediaError(
                f"{file.name} is laid out as MOV, which is not turned into MP4 without encoding: choose mov."
            )
        if form == "mov" and made.suffix == ".mp4":
            _as_mov(made)
        same = media.probe_copy(made)
        if (same.n_frames, same.n_samples) != (clip.n_frames, clip.n_samples):
            raise MediaError(f"{file.name} does not stay what it is as {form}: take the part as it is, {file}.")
        os.replace(made, out)


def _as_mov(file: Path) -> None:
    """Let an MP4 say that it is a MOV: what both have in common is laid out alike."""
    with file.open("r+b") as opened:
        head = opened.read(20)
        if head[4:8] != b"ftyp" or int.from_bytes(head[:4], "big") < len(head):
            raise MediaError(f"{file.name} does not begin as an MP4 does: choose mp4.")
        opened.seek(8)
        opened.write(MOV_BRAND + head[12:16] + MOV_BRAND)
