"""The options of the commands that work on a finished result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..settings.options import MIX, PART_FORMATS, TIMELINE_FORMATS
from .options import add_command, add_json, add_options, add_range


def add_remix(commands: Any) -> None:
    """remix: the same music, mixed in another way."""
    parser = add_command(
        commands,
        "remix",
        "mix a result's music in another way; nothing is generated",
        "  python -m app remix result --mix under --music-gain -8\n"
        "  python -m app remix result --part 2 --fade-in 1.5 --fade-out 3 --loudness -16\n"
        "  python -m app remix result --mix duck --duck-depth 12 --music-gain -3 --duck-release 0.8 --out softer\n",
    )
    parser.add_argument("result", type=Path, metavar="RESULT", help="a result folder, or the manifest in it")
    parser.add_argument(
        "--part", type=int, metavar="K", action="append", default=[], help="whose music; repeat for more, none is all"
    )
    add_range(parser, "or the music at these times, such as 00:12.4-00:31; repeat for more")
    parser.add_argument("--source", type=Path, metavar="VIDEO", help="the video, where it is not where it was")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="a new folder; without it the result is changed in place"
    )
    parser.add_argument("--force", action="store_true", help="replace an earlier result in DIR")
    add_options(parser.add_argument_group("the mix; what is not given stays as it was"), *MIX)
    add_options(parser, "no_check")
    add_json(parser)


def add_timeline(commands: Any) -> None:
    """timeline: for editing programs."""
    parser = add_command(
        commands,
        "timeline",
        "write a result as a timeline for editing programs: the film, its own sound, and each music in its place",
        "  python -m app timeline result --out film.otio\n"
        "  python -m app timeline result --format fcpxml --out film.fcpxml\n",
    )
    parser.add_argument("result", type=Path, metavar="RESULT", help="a result folder, or the manifest in it")
    parser.add_argument(
        "--format", choices=TIMELINE_FORMATS, default="otio",
        help="otio is in every result already, as timeline.otio; edl and fcpxml need a package, which is then named",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="FILE", required=True, help="where to; media stay where they are")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_json(parser)


def add_export(commands: Any) -> None:
    """export: one part by itself."""
    parser = add_command(
        commands,
        "export",
        "write one part of a result as a file by itself, with nothing encoded again",
        "  python -m app export result --part 2 --format mov --out part.mov\n"
        "  python -m app export result --part 2 --format wav --out music.wav    (as long as the film, in its place)\n",
    )
    parser.add_argument("result", type=Path, metavar="RESULT", help="a result folder, or the manifest in it")
    parser.add_argument("--part", type=int, metavar="K", required=True, help="which part, from 1")
    parser.add_argument(
        "--format",
        choices=PART_FORMATS,
        required=True,
        help="mp4 or mov: the part as in the film. wav: the music alone",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", required=True, help="where to")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_json(parser)
