"""The options of each command, with the help that a newcomer reads."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from textwrap import fill
from typing import Any

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


def _add(group: Any, *names: str) -> None:
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
    _add(parser, "no_sandbox")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout; progress stays on stderr")


def _add_model(parser: argparse.ArgumentParser) -> None:
    _add(parser.add_argument_group("the model"), "model", "device", "max_image_width")


def _add_music(parser: argparse.ArgumentParser) -> None:
    _add(parser.add_argument_group("the music"), *MUSIC)


def _add_score(parser: argparse.ArgumentParser, *names: str) -> None:
    _add(parser.add_argument_group("the score"), *names)
    _add(parser.add_argument_group("what the score should be, over what the prompt says"), *ATTRIBUTES)


def _add_mix(parser: argparse.ArgumentParser) -> None:
    _add(parser.add_argument_group("into the film"), "split_mode", *MIX, "threads_on_splitting", "no_check")


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
        "  python -m app dub --from result/manifest.json --out again                    (makes the same again)\n"
        "  python -m app dub --from result/manifest.json --part 2 --loudness -14        (redoes only the mix)\n",
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
    parser.add_argument(
        "--prompt", metavar="TEXT", action="append", default=[],
        help='what the music should be, or "auto" to read it from the picture; once, or once for each --part',
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
    _add(parser, "describer")
    _add_music(parser)
    _add_score(parser, *(name for name in SCORE if name not in ATTRIBUTES))
    _add_model(parser)
    _add_mix(parser)


def add_split(commands: Any) -> None:
    """split: parts and nothing else."""
    parser = add_command(
        commands,
        "split",
        "cut a video into equal parts",
        "  python -m app split clip.mp4 --parts 5 --out parts_of_clip\n"
        "  python -m app split clip.mp4 --parts 5 --split reencode --out parts_of_clip\n",
    )
    parser.add_argument("video", type=Path, metavar="VIDEO", help="the video")
    parser.add_argument("--parts", type=int, metavar="N", required=True, help="how many parts")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="a new folder; the files are in DIR/parts"
    )
    _add(parser, "split_mode", "threads_on_splitting", "no_check")
    parser.add_argument("--force", action="store_true", help="replace an earlier result in DIR")
    add_json(parser)


def add_generate(commands: Any) -> None:
    """generate: music without a video."""
    parser = add_command(
        commands,
        "generate",
        "make music from words, without a video",
        '  python -m app generate --prompt "funky bass line" --seconds 12.3 --out bass.wav\n'
        '  python -m app generate --prompt "techno loop" --seconds 8 --loop --out loop.wav --image loop.png\n'
        '  python -m app generate --prompt "solo harp" --midi tune.mid --out harp.wav\n',
    )
    parser.add_argument("--prompt", metavar="TEXT", required=True, help="what the music should be")
    parser.add_argument("--seconds", type=seconds, metavar="S", help="how long, 0.2 to 600; with --midi, as it is")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.wav", required=True, help="further takes go to FILE.take2.wav ..."
    )
    parser.add_argument("--image", type=Path, metavar="FILE.png", help="also write the spectrogram image")
    parser.add_argument("--sample-rate", type=int, metavar="HZ", help="8000 to 192000; the model's own if not given")
    parser.add_argument(
        "--loudness",
        dest="level",
        metavar="LUFS|raw",
        default="-16",
        help="-40 to -6 (default -16), or raw: as it was made",
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    _add_music(parser)
    _add_score(parser, "score", "midi")
    _add_model(parser)
    add_json(parser)


def _listed(name: str) -> str:
    """All that an attribute may be, under its flag."""
    option = ATTRIBUTES[name]
    return fill(f"{option.flag}: {', '.join(option.choices)}", 78, subsequent_indent="  ") + "\n"


def add_compose(commands: Any) -> None:
    """compose: a score and no sound."""
    parser = add_command(
        commands,
        "compose",
        "write a score from words, a video or both, as a MIDI file",
        '  python -m app compose "lo-fi, 78 BPM" --seconds 30 --out tune.mid\n'
        "  python -m app compose clip.mp4 --out clip.mid                     (as long as it is, on its cuts)\n"
        '  python -m app compose "calm piano" clip.mp4 --part 2/4 --out part.mid\n'
        "  python -m app generate --prompt harp --midi tune.mid --out tune.wav            (paints it)\n\n"
        + "\n".join(_listed(name) for name in ("genre", "mood", "instruments", "key")),
    )
    parser.add_argument("what", nargs="+", metavar="PROMPT|VIDEO", help="words, a video, or both")
    parser.add_argument("--part", type=part_of, metavar="K/N", help="write for part K of N of the video only")
    parser.add_argument("--seconds", type=seconds, metavar="S", help="how long, 0.2 to 600; with a video, as it is")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.mid|FILE.json", required=True, help="where to; JSON keeps the form in words"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    _add(parser, "seed", "loop", "describer")
    _add_score(parser, "follow")
    add_json(parser)


def add_invert(commands: Any) -> None:
    """invert: image to sound."""
    parser = add_command(
        commands,
        "invert",
        "turn a spectrogram image into sound",
        "  python -m app invert picture.png --out sound.wav\n",
    )
    parser.add_argument(
        "image", type=Path, metavar="IMAGE.png", help="a spectrogram image; its EXIF says how it was made"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.wav", required=True, help="where to")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    _add_model(parser)
    add_json(parser)


def add_spectrogram(commands: Any) -> None:
    """spectrogram: sound to image."""
    parser = add_command(
        commands,
        "spectrogram",
        "turn sound into a spectrogram image",
        "  python -m app spectrogram song.mp3 --out picture.png\n"
        "  python -m app spectrogram song.mp3 --stereo --out picture.png\n",
    )
    parser.add_argument("audio", type=Path, metavar="AUDIO", help="any sound or video file")
    parser.add_argument("--out", type=Path, metavar="IMAGE.png", required=True, help="where to")
    parser.add_argument("--stereo", action="store_true", help="left in green, right in blue")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    _add_model(parser)
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
    _add(parser, "describer", "device")
    add_json(parser)


def add_serve(commands: Any) -> None:
    """serve: the page."""
    parser = add_command(
        commands, "serve", "open the page for a browser", "  python -m app serve\n  python -m app serve --port 8080\n"
    )
    _add(parser, "host", "port", "share", "model", "device")
