"""Every kind of tampering is found and named by a sentence of its own, also where manifest, hashes and zip agree."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import media
from app.plan import plan_parts
from app.result.verify import verify
from tests import tampering
from tests.fixtures_dub import RATE

Tamper = Callable[[Path, Path], Any]
"""Gets the result's folder and the source."""


def part(folder: Path, number: int = 3) -> Path:
    return folder / "parts" / f"{number:02d}.mp4"


def planned(source: Path, number: int, **changes: int) -> Any:
    return dataclasses.replace(plan_parts(media.probe(source), 4)[number - 1], **changes)


def fewer_frames(folder: Path, source: Path) -> None:
    clip = media.probe(source)
    end = (clip.frame_pts[29] - clip.frame_pts[0]) * clip.time_base
    tampering.cut_otherwise(source, part(folder), dataclasses.replace(planned(source, 3), end_frame=29, end=end))


def more_frames(folder: Path, source: Path) -> None:
    clip = media.probe(source)
    end = (clip.frame_pts[31] - clip.frame_pts[0]) * clip.time_base
    tampering.cut_otherwise(source, part(folder), dataclasses.replace(planned(source, 3), end_frame=31, end=end))


def one_frame(source: Path) -> int:
    clip = media.probe(source)
    return clip.frame_pts[1] - clip.frame_pts[0]


def set_dub(name: str, value: object) -> Callable[[dict[str, Any]], Any]:
    return lambda values: values["dubs"][0].update({name: value})


KINDS: dict[str, tuple[Tamper, str]] = {
    "two video packets swapped": (
        lambda f, s: tampering.swap_packets(part(f), "vide"),
        r"frames: video packet \d+ of part 3 is not the source's, nor are 1 more",
    ),
    "a byte in a video packet": (
        lambda f, s: tampering.flip_a_byte(part(f), "vide", 4),
        r"frames: video packet 4 of part 3 is not the source's$",
    ),
    "a byte in an audio packet": (
        lambda f, s: tampering.flip_a_byte(part(f), "soun", 5),
        r"sound: that of part 3 does not have the source's packets from 00:00\.\d+ on",
    ),
    "the pictures' edit list": (
        lambda f, s: tampering.shift_edit_list(part(f), "vide", one_frame(s)),
        r"frames: part 3 shows (the source's frames 21 to \d+|\d+ frames)",
    ),
    "the sound's edit list": (
        lambda f, s: tampering.shift_edit_list(part(f), "soun", 100),
        r"sound: that of part 3 plays its packets 100 samples beside their places",
    ),
    "a second of a part muted": (
        lambda f, s: tampering.mute(part(f), 0, RATE),
        r"sound: that of part 3 does not have the source's packets",
    ),
    "a second of the film muted": (
        lambda f, s: tampering.mute(f / "film.mp4", 3 * RATE, 4 * RATE),
        r"film: outside the dubbed parts its sound is not the source's: the first other packet is at 00:0\d",
    ),
    "some packets of the film from elsewhere": (
        lambda f, s: tampering.other_packets(f / "film.mp4", 40, 44),
        r"film: outside the dubbed parts its sound is not the source's: the first other packet is at 00:02\.\d",
    ),
    "two parts exchanged": (
        lambda f, s: tampering.exchange(part(f, 1), part(f, 4)),
        r"frames: part 1 shows the source's frames 30 to 39, which are those of part 4, and not 0 to 9",
    ),
    "a part encoded again": (
        lambda f, s: tampering.encode_again(part(f)),
        r"frames: .*part 3 does not have the source's pictures: \d+ of its \d+ video packets are others",
    ),
    "the decoder's configuration": (
        lambda f, s: tampering.change_config(part(f)),
        r"frames: part 3 tells decoders something else of its pictures than the source does",
    ),
    "a frame missing at the end": (fewer_frames, r"frames: part 3 shows 9 frames where 10 are planned, too few"),
    "a frame too many": (more_frames, r"frames: part 3 shows 11 frames where 10 are planned, too many"),
    "the film's pictures encoded again": (
        lambda f, s: tampering.encode_again(f / "film.mp4"),
        r"film: \d+ of its \d+ video packets are not the source's: it was encoded again",
    ),
    "the film's pictures a byte off": (
        lambda f, s: tampering.flip_a_byte(f / "film.mp4", "vide", 7),
        r"film: its video packet 7 is not the source's",
    ),
    "the film's edit list": (
        lambda f, s: tampering.shift_edit_list(f / "film.mp4", "vide", one_frame(s)),
        r"film: (40|39) frames.* (off|of 40)",
    ),
    "other music": (
        lambda f, s: tampering.other_music(f / "music" / "02.wav"),
        r"part 2: its new sound is not the music of music/02\.wav",
    ),
    "the new sound muted": (
        lambda f, s: tampering.mute(part(f, 2), 0, RATE // 2),
        r"film: over part 2 it has the part's new sound \(-?\d+\.\d dB\)",
    ),
    "the loudness in the manifest": (
        lambda f, s: tampering.change_numbers(f, set_dub("loudness_lufs", -10.0)),
        r"part 2: the new sound is -\d+\.\d LUFS, and the manifest says -10\.0 LUFS",
    ),
    "the seed in the manifest": (
        lambda f, s: tampering.change_numbers(f, lambda v: v["dubs"][0]["music"]["generation"].update(seed=12)),
        r"music 2: what the manifest says of how it was made does not lead to the key of these takes",
    ),
    "the width in the manifest": (
        lambda f, s: tampering.change_numbers(f, lambda v: v["source"].update(width=1920)),
        r"source: of the source, its width is 64, not 1920",
    ),
    "a sample number in the manifest": (
        lambda f, s: tampering.change_numbers(f, lambda v: v["parts"][2].update(start_sample=32001)),
        r"ranges: start_sample of part 3 is 32001, and should be 32000",
    ),
    "the film's length in the manifest": (
        lambda f, s: tampering.change_numbers(f, lambda v: v.update(film_samples=1)),
        r"film: its sound has 64000 samples of 16000 Hz, the manifest says 1 of 16000 Hz",
    ),
}
OF_THE_ZIP: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "lacks a file": (lambda files: files.pop("parts/03.mp4"), r"archive: it lacks parts/03\.mp4"),
    "holds another file": (
        lambda files: files.update({"parts/03.mp4": files["parts/03.mp4"][:-1] + b"!"}),
        r"archive: it holds another parts/03\.mp4 than the folder",
    ),
    "holds one file more": (lambda files: files.update({"evil.sh": b"#!"}), r"archive: it also holds evil\.sh"),
    "says something else": (
        lambda files: files.update({"manifest.json": files["manifest.json"].replace(b'"calm piano"', b'"loud drums"')}),
        r"archive: it holds another manifest\.json than the folder",
    ),
}


def failures(folder: Path, source: Path, **how: bool) -> str:
    return "\n".join(f"{check.name}: {check.text}" for check in verify(folder, source, **how).failed)


@pytest.mark.parametrize("kind", KINDS)
def test_tampering_is_found_and_named(result_copy: Path, dub_clip: Path, kind: str) -> None:
    tamper, sentence = KINDS[kind]
    tamper(result_copy, dub_clip)
    tampering.agree(result_copy)
    assert re.search(sentence, failures(result_copy, dub_clip), re.MULTILINE), failures(result_copy, dub_clip)


@pytest.mark.parametrize("kind", OF_THE_ZIP)
def test_a_tampered_archive_beside_its_files_is_found(result_copy: Path, dub_clip: Path, kind: str) -> None:
    change, sentence = OF_THE_ZIP[kind]
    tampering.edit_zip(next(result_copy.glob("*.zip")), change)
    assert re.search(sentence, failures(result_copy, dub_clip)), failures(result_copy, dub_clip)


def test_careful_hands_that_change_nothing_are_not_suspected(result_copy: Path, dub_clip: Path) -> None:
    tampering.agree(result_copy)
    assert not failures(result_copy, dub_clip)
    assert not failures(result_copy, dub_clip, decode=True)
