"""Ways to tamper with a result, and to make its manifest, hashes and zip agree with it afterwards."""

from __future__ import annotations

import dataclasses
import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from app import media
from app.media.cut.exact import write_part
from app.media.mp4.boxes import Edit, edits_box, read_edits
from app.media.mp4.movie import Track, read_movie, whole_track
from app.media.mp4.write import write_movie
from app.result.archive import pack
from app.result.manifest import read_manifest
from riffusion_inference.datatypes import Waveform
from tests.fixtures_clips import run_ffmpeg

STSD = (b"mdia", b"minf", b"stbl", b"stsd")


def agree(folder: Path, **changes: Any) -> None:
    """Make a result agree with what its folder now holds, as someone would who tampers with care.

    Args:
        folder: the result.
        changes: of the manifest's fields.
    """
    manifest = dataclasses.replace(read_manifest(folder), **changes)
    assert manifest.archive is not None
    (folder / manifest.archive).unlink(missing_ok=True)
    (folder / "manifest.json").unlink()
    pack(folder, dataclasses.replace(manifest, files={}, archive=None))


def change_numbers(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Edit the manifest, the zip's too."""
    path = folder / "manifest.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    agree(folder)


def place_of(track: Track, sample: int) -> tuple[int, int]:
    """First byte of a sample in its file, and its size."""
    table = track.table
    chunk = int(np.searchsorted(table.chunk_first, sample, side="right")) - 1
    before = int(table.sizes_of(int(table.chunk_first[chunk]), sample).sum())
    return int(table.chunk_offsets[chunk]) + before, int(table.sizes_of(sample, sample + 1)[0])


def flip_a_byte(path: Path, handler: str, sample: int) -> None:
    """Turn one byte in the middle of a packet."""
    at, size = place_of(read_movie(path).of_kind(handler)[0], sample)
    content = bytearray(path.read_bytes())
    content[at + size // 2] ^= 0xFF
    path.write_bytes(content)


def swap_packets(path: Path, handler: str) -> None:
    """Let two neighbouring packets change places, bytes, sizes and all."""
    track = read_movie(path).of_kind(handler)[0]
    sizes = track.table.sizes_of(0, track.table.n_samples)
    for sample in range(2, track.table.n_samples - 1):
        (at, size), (next_at, next_size) = place_of(track, sample), place_of(track, sample + 1)
        if at + size == next_at and size != next_size:
            break
    content = bytearray(path.read_bytes())
    one, other = content[at:next_at], content[next_at : next_at + next_size]
    content[at : next_at + next_size] = other + one
    table = sizes.astype(">u4").tobytes()
    where = content.index(table) + 4 * sample
    content[where : where + 8] = struct.pack(">II", next_size, size)
    path.write_bytes(content)


def rewrite(path: Path, change: Callable[[Track], Any]) -> None:
    """Write an MP4 again with changed track boxes; the media data stays."""
    movie = read_movie(path)
    tracks = [dataclasses.replace(whole_track(track), trak=change(track)) for track in movie.tracks]
    new = path.with_suffix(".new.mp4")
    longest = max(sum(edit.duration for edit in read_edits(track.box)) for track in movie.tracks)
    write_movie(new, movie.ftyp, movie.moov, movie.timescale, longest, tracks)
    new.replace(path)


def shift_edit_list(path: Path, handler: str, units: int) -> None:
    """Show a track's media from somewhat later on, for as long as before."""

    def change(track: Track) -> Any:
        trak = whole_track(track).trak
        if track.handler != handler:
            return trak
        *waits, last = read_edits(track.box)
        return trak.replaced(edits_box([*waits, Edit(last.duration, last.media_time + units)]))

    rewrite(path, change)


def change_config(path: Path) -> None:
    """Turn a byte of what the pictures' decoder is told: the level that the stream claims."""
    track = read_movie(path).of_kind("vide")[0]
    payload = track.box.need(*STSD).payload
    content = bytearray(path.read_bytes())
    at = content.index(payload) + payload.index(b"avcC") + 4 + 3
    content[at] ^= 0x01
    path.write_bytes(content)


def cut_otherwise(source: Path, path: Path, part: Any) -> None:
    """Write a part anew, of other frames than it should have."""
    clip = media.probe(source)
    assert clip.movie is not None
    write_part(clip.movie, clip, part, path, pictures=clip.movie.tracks[clip.video_index])


def encode_again(path: Path) -> None:
    """Encode the pictures of a file again, and copy its sound."""
    new = path.with_suffix(".new.mp4")
    arguments = f"-i {path.name} -c:v libx264 -crf 18 -bf 3 -threads 1 -c:a copy -fps_mode passthrough {new.name}"
    run_ffmpeg(path.parent, arguments.split())
    new.replace(path)


def mute(path: Path, start: int, end: int) -> None:
    """Silence some samples of a file, whose sound is encoded again for that."""
    sound = media.decode_audio(path)
    sound.samples[:, start:end] = 0
    media.mux_film(media.probe(path), sound, path)


def other_packets(path: Path, first: int, last: int) -> None:
    """Put packets of the file's own sound from elsewhere into the place of others, all else as it is."""
    track = read_movie(path).of_kind("soun")[0]
    content = bytearray(path.read_bytes())
    sizes = track.table.sizes_of(0, track.table.n_samples)
    for sample in range(first, last):
        at, size = place_of(track, sample)
        donor = next(n for n in range(track.table.n_samples - 1, 0, -1) if sizes[n] <= size and not first <= n < last)
        from_at, from_size = place_of(track, donor)
        content[at : at + size] = content[from_at : from_at + from_size].ljust(size, b"\0")
    path.write_bytes(content)


def other_music(path: Path) -> None:
    """Replace a take by music that nobody painted, as long as it was."""
    old = media.read_audio(path)
    noise = np.random.default_rng(5).standard_normal(old.samples.shape).astype(np.float32) * 0.1
    media.write_wav(path, Waveform(noise, old.sample_rate))


def edit_zip(path: Path, change: Callable[[dict[str, bytes]], Any]) -> None:
    """Change what a zip holds."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def exchange(one: Path, other: Path) -> None:
    """Let two files change places."""
    aside = one.with_suffix(".aside")
    shutil.move(one, aside)
    shutil.move(other, one)
    shutil.move(aside, other)
