"""The options of each command, with the help that a newcomer reads."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import PlanError
from ..plan import TimeRange, read_range, read_time
from ..settings.options import ATTRIBUTES, FILE_KINDS, MIX, MUSIC, OPTIONS, SCORE, Kind

VALUE_TYPES: dict[Kind, type] = {Kind.WHOLE: int, Kind.NUMBER: float, **dict.fromkeys(FILE_KINDS, Path)}
"""What text on the command line is turned into; text stays text."""
ALL = "all"
"""The --part that stands for every one."""


def add_command(commands: Any, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{examples}\nA file name that begins with - is written ./-name, or after a lone --.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def seconds(text: str) -> Fraction:
    """A length as typed, exactly."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds: write for example 12.3") from error


def range_of(text: str) -> TimeRange:
    """A range of time as typed."""
    try:
        return read_range(text)
    except PlanError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def times_of(text: str) -> tuple[Fraction, ...]:
    """Times with commas between them, as typed."""
    try:
        return tuple(map(read_time, text.split(",")))
    except PlanError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def part_of(text: str) -> tuple[int, int]:
    """K/N as typed."""
    number, _, total = text.partition("/")
    try:
        return int(number), int(total)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a part: write for example 2/4 for part 2 of 4") from error


class _Either(argparse.Action):
    """Two flags for one option: the first says True, the second False."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        setattr(namespace, self.dest, option == self.option_strings[0])


def part_number(text: str) -> int | str:
    """K, or all, as typed."""
    try:
        return text if text == ALL else int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a part: write a number such as 2, or {ALL}") from error


def add_options(group: Any, *names: str) -> None:
    """Add options of the table; each one that is not given is None."""
    for name in names:
        option = OPTIONS[name]
        if option.kind is Kind.SWITCH:
            group.add_argument(option.flag, dest=name, action="store_true", default=None, help=option.help)
        elif option.kind is Kind.EITHER:
            flags = [f"--{choice.replace(' ', '-')}" for choice in option.choices]
            group.add_argument(*flags, dest=name, action=_Either, nargs=0, help=option.help)
        elif option.kind is Kind.CHOICE and option.metavar is None:
            group.add_argument(option.flag, dest=name, choices=[*map(str, option.choices)], help=option.help)
        else:
            kind = VALUE_TYPES.get(option.kind, str)
            group.add_argument(option.flag, dest=name, type=kind, metavar=option.metavar, help=option.help)


def add_everywhere(parser: argparse.ArgumentParser) -> None:
    """What every command has."""
    add_options(parser, "no_sandbox")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout; progress stays on stderr")


def add_range(parser: argparse.ArgumentParser, explained: str) -> None:
    """Ranges of time."""
    parser.add_argument(
        "--range", dest="ranges", type=range_of, metavar="A-B", action="append", default=[],
        help=f"{explained}; nothing, or end, after the - is the film's end",
    )  # fmt: skip


def add_model(parser: argparse.ArgumentParser) -> None:
    add_options(parser.add_argument_group("the model"), "model", "device", "max_image_width")


def add_music(parser: argparse.ArgumentParser) -> None:
    add_options(parser.add_argument_group("the music"), *MUSIC)


def add_score(parser: argparse.ArgumentParser, *names: str) -> None:
    add_options(parser.add_argument_group("the score"), *names)
    add_options(parser.add_argument_group("what the score should be, over what the prompt says"), *ATTRIBUTES)


def add_mix(parser: argparse.ArgumentParser) -> None:
    add_options(parser.add_argument_group("into the film"), "split_mode", *MIX, "threads_on_splitting", "no_check")


def add_dub(commands: Any) -> None:
    """dub: the main job."""
    parser = add_command(
        commands,
        "dub",
        "split a video and put new music into one or more parts",
        '  python -m app dub clip.mp4 --parts 4 --part 2 --prompt "calm piano" --out result\n'
        '  python -m app dub clip.mp4 --parts 4 --part 1 --part 3 --prompt "rain" --prompt "drums" --out result\n'
        '  python -m app dub clip.mp4 --parts 4 --part 2 --prompt "soft strings" --mix duck --out result\n'
        "  python -m app dub clip.mp4 --parts 4 --part all --prompt auto --through --out result\n"
        '  python -m app dub clip.mp4 --range 00:12.4-00:31 --prompt "calm piano" --out result\n'
        "  python -m app dub clip.mp4 --scenes --prompt auto --out result\n"
        "  python -m app dub --from result/manifest.json --out again                    (makes the same again)\n"
        '  python -m app dub --from result --range 01:05- --prompt "drums"                 (adds to it)\n',
    )
    parser.add_argument("video", nargs="?", type=Path, metavar="VIDEO", help="the video; not needed with --from")
    parser.add_argument("--parts", type=int, metavar="N", help="how many equal parts to cut it into")
    parser.add_argument(
        "--part",
        type=part_number,
        metavar="K|all",
        action="append",
        default=[],
        help="which part gets music, from 1, or all of them; repeat for more",
    )
    add_range(parser, "which time gets music, instead of parts, such as 00:12.4-00:31; repeat for more")
    parser.add_argument(
        "--scenes", type=int, nargs="?", const=0, metavar="N",
        help="give the whole film music, instead of parts: a piece for each scene that is found, N scenes at most",
    )  # fmt: skip
    parser.add_argument(
        "--shortest-scene", type=seconds, metavar="S", help="with --scenes: what is shorter is no scene (default 4)"
    )
    parser.add_argument(
        "--prompt", metavar="TEXT", action="append", default=[],
        help='what the music should be, or "auto" to read it from the picture; once, or for each --part or --range',
    )  # fmt: skip
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="a new folder for the result; with --from, without it, the earlier result is changed in place",
    )
    parser.add_argument("--force", action="store_true", help="replace an earlier result in DIR")
    parser.add_argument(
        "--from", dest="earlier", type=Path, metavar="MANIFEST",
        help="go on from an earlier result; what is not given stays as it was, and only what changes is redone",
    )  # fmt: skip
    add_of_dub(parser)
    add_json(parser)


def add_of_dub(parser: argparse.ArgumentParser) -> None:
    """What decides a dub beside its video, parts and prompt."""
    add_options(parser, "describer")
    add_music(parser)
    add_score(parser, *(name for name in SCORE if name not in ATTRIBUTES))
    add_model(parser)
    add_mix(parser)


def add_split(commands: Any) -> None:
    """split: parts and nothing else."""
    parser = add_command(
        commands,
        "split",
        "cut a video into equal parts, or at times",
        "  python -m app split clip.mp4 --parts 5 --out parts_of_clip\n"
        "  python -m app split clip.mp4 --at 10,00:25.5,1:02:03 --out parts_of_clip\n"
        "  python -m app split clip.mp4 --range 00:12.4-00:31 --out parts_of_clip    (that, and what lies around it)\n"
        "  python -m app split clip.mp4 --parts 5 --split reencode --out parts_of_clip\n",
    )
    parser.add_argument("video", type=Path, metavar="VIDEO", help="the video")
    parser.add_argument("--parts", type=int, metavar="N", help="how many equal parts")
    add_range(parser, "a part of its own from one time to another, such as 00:12.4-00:31; repeat for more")
    parser.add_argument("--at", type=times_of, metavar="T,T", help="cut at these times, such as 10,00:25.5")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="a new folder; the files are in DIR/parts"
    )
    add_options(parser, "split_mode", "threads_on_splitting", "no_check")
    parser.add_argument("--force", action="store_true", help="replace an earlier result in DIR")
    add_json(parser)


def add_verify(commands: Any) -> None:
    """verify: proof."""
    parser = add_command(
        commands,
        "verify",
        "prove that a result's parts are the source and only the dubbed sound differs",
        "  python -m app verify result --source clip.mp4\n"
        "  python -m app verify result --source clip.mp4 --decode\n"
        "  python -m app verify result/clip.zip --source clip.mp4\n",
    )
    parser.add_argument("result", type=Path, metavar="DIR_OR_ZIP", help="a result folder or its zip")
    parser.add_argument("--source", type=Path, metavar="VIDEO", required=True, help="the video it was made from")
    parser.add_argument(
        "--decode", action="store_true", help="also decode every frame and hold it against the source's; takes longer"
    )
    add_json(parser)


def add_mood(commands: Any) -> None:
    """mood: a picture's music in words."""
    parser = add_command(
        commands,
        "mood",
        "look at a video and suggest a prompt for fitting music",
        "  python -m app mood clip.mp4 --part 2/4\n  python -m app mood clip.mp4 --at 0.33\n",
    )
    parser.add_argument("video", type=Path, metavar="VIDEO", help="the video")
    parser.add_argument("--part", type=part_of, metavar="K/N", help="look at part K of N only")
    parser.add_argument("--at", type=seconds, metavar="SHARE", help="look at one still: 0 is the start, 1 the end")
    add_options(parser, "describer", "device")
    add_json(parser)


def add_serve(commands: Any) -> None:
    """serve: the page."""
    parser = add_command(
        commands, "serve", "open the page for a browser", "  python -m app serve\n  python -m app serve --port 8080\n"
    )
    add_options(parser, "host", "port", "share", "model", "device")
