"""The options of the commands that work on a finished result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..settings.options import MIX
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
