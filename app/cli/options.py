"""The options of each command, with the help that a newcomer reads."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import SCHEDULERS

from ..settings import DESCRIBERS, SOUND_MODES, SPLIT_MODES

SPLIT_HELP = (
    "how parts are cut. exact: to the frame and sample without re-encoding where the file allows it. keyframe: at the "
    "nearest keyframes, so fewer parts may come out, which is said first. reencode: to the frame, with clean starts"
)


def _command(commands: Any, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
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
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: write for example 12.3") from error


def part_of(text: str) -> tuple[int, int]:
    """K/N as typed."""
    number, _, total = text.partition("/")
    try:
        return int(number), int(total)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no part: write for example 2/4 for part 2 of 4") from error


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout; progress stays on stderr")


def _add_model(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the model")
    group.add_argument(
        "--model", metavar="NAME_OR_PATH", help="auto, pocket, riffusion, a checkpoint folder, a hub name"
    )
    group.add_argument("--device", help="auto, cuda, cuda:1, mps or cpu")
    group.add_argument(
        "--max-image-width", type=int, metavar="PX", help="widest image one pass may see; a multiple of 8"
    )


def _add_music(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the music")
    group.add_argument("--negative-prompt", metavar="TEXT", help="what it should not sound like")
    group.add_argument("--steps", type=int, metavar="N", help="denoising steps, 1 to 100; more is slower")
    group.add_argument("--guidance", type=float, metavar="G", help="how closely the prompt is followed, 0 to 45")
    group.add_argument("--seed", type=int, metavar="S", help="the same seed makes the same music; drawn if not given")
    group.add_argument("--candidates", type=int, metavar="C", help="takes to make, 1 to 8; all are kept")
    group.add_argument("--scheduler", choices=SCHEDULERS, help="how the noise is taken away")
    group.add_argument("--loop", action="store_true", default=None, help="make the end meet the start")
    group.add_argument("--seed-image", type=Path, metavar="PNG", help="a spectrogram image to start from")
    group.add_argument("--seed-audio", type=Path, metavar="FILE", help="sound to start from")
    group.add_argument("--strength", type=float, metavar="X", help="with a start: 0 keeps it, 1 ignores it")


def _add_mix(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("into the film")
    group.add_argument("--split", choices=SPLIT_MODES, help=SPLIT_HELP)
    group.add_argument(
        "--mix", choices=SOUND_MODES,
        help="replace the sound, lay the music under it, or duck the music while the original speaks",
    )  # fmt: skip
    group.add_argument(
        "--music-gain", type=float, metavar="DB", help="under and duck: music below the original, -40 to 0"
    )
    group.add_argument(
        "--loudness", metavar="match|LUFS", help="match the original (default), or a loudness, -40 to -6"
    )
    group.add_argument("--take", type=int, metavar="T", help="which candidate is laid in, from 1")
    group.add_argument("--threads", type=int, metavar="N", help="threads for re-encoding")


def add_dub(commands: Any) -> None:
    """dub: the main job."""
    parser = _command(
        commands,
        "dub",
        "split a video and put new music into one or more parts",
        '  python -m app dub clip.mp4 --parts 4 --part 2 --prompt "calm piano" --out result\n'
        '  python -m app dub clip.mp4 --parts 4 --part 1 --part 3 --prompt "rain" --prompt "drums" --out result\n'
        '  python -m app dub clip.mp4 --parts 4 --part 2 --prompt "soft strings" --mix duck --out result\n'
        "  python -m app dub --from result/manifest.json --out again                    (makes the same again)\n"
        "  python -m app dub --from result/manifest.json --part 2 --loudness -14        (redoes only the mix)\n",
    )
    parser.add_argument("video", nargs="?", type=Path, metavar="VIDEO", help="the video; not needed with --from")
    parser.add_argument("--parts", type=int, metavar="N", help="how many equal parts to cut it into")
    parser.add_argument(
        "--part",
        type=int,
        metavar="K",
        action="append",
        default=[],
        help="which part gets music, from 1; repeat for more",
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
    parser.add_argument("--describer", choices=DESCRIBERS, help="who reads the picture for --prompt auto")
    _add_music(parser)
    _add_model(parser)
    _add_mix(parser)
    _add_json(parser)


def add_split(commands: Any) -> None:
    """split: parts and nothing else."""
    parser = _command(
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
    parser.add_argument("--split", choices=SPLIT_MODES, help=SPLIT_HELP)
    parser.add_argument("--threads", type=int, metavar="N", help="threads for re-encoding")
    parser.add_argument("--force", action="store_true", help="replace an earlier result in DIR")
    _add_json(parser)


def add_generate(commands: Any) -> None:
    """generate: music without a video."""
    parser = _command(
        commands,
        "generate",
        "make music from words, without a video",
        '  python -m app generate --prompt "funky bass line" --seconds 12.3 --out bass.wav\n'
        '  python -m app generate --prompt "techno loop" --seconds 8 --loop --out loop.wav --image loop.png\n',
    )
    parser.add_argument("--prompt", metavar="TEXT", required=True, help="what the music should be")
    parser.add_argument("--seconds", type=seconds, metavar="S", required=True, help="how long, 0.2 to 600")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.wav", required=True, help="further takes go to FILE.take2.wav ..."
    )
    parser.add_argument("--image", type=Path, metavar="FILE.png", help="also write the spectrogram image")
    parser.add_argument("--sample-rate", type=int, metavar="HZ", help="8000 to 192000; the model's own if not given")
    parser.add_argument(
        "--loudness", metavar="LUFS|raw", default="-16", help="-40 to -6 (default -16), or as it was made"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    _add_music(parser)
    _add_model(parser)
    _add_json(parser)


def add_invert(commands: Any) -> None:
    """invert: image to sound."""
    parser = _command(
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
    _add_json(parser)


def add_spectrogram(commands: Any) -> None:
    """spectrogram: sound to image."""
    parser = _command(
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
    _add_json(parser)


def add_verify(commands: Any) -> None:
    """verify: proof."""
    parser = _command(
        commands,
        "verify",
        "prove that a result's parts are the source and only the dubbed sound differs",
        "  python -m app verify result --source clip.mp4\n  python -m app verify result/clip.zip --source clip.mp4\n",
    )
    parser.add_argument("result", type=Path, metavar="DIR_OR_ZIP", help="a result folder or its zip")
    parser.add_argument("--source", type=Path, metavar="VIDEO", required=True, help="the video it was made from")
    _add_json(parser)


def add_mood(commands: Any) -> None:
    """mood: a picture's music in words."""
    parser = _command(
        commands,
        "mood",
        "look at a video and suggest a prompt for fitting music",
        "  python -m app mood clip.mp4 --part 2/4\n  python -m app mood clip.mp4 --at 0.33\n",
    )
    parser.add_argument("video", type=Path, metavar="VIDEO", help="the video")
    parser.add_argument("--part", type=part_of, metavar="K/N", help="look at part K of N only")
    parser.add_argument("--at", type=seconds, metavar="SHARE", help="look at one still: 0 is the start, 1 the end")
    parser.add_argument("--describer", choices=DESCRIBERS, help="who looks")
    parser.add_argument("--device", help="auto, cuda, cuda:1, mps or cpu")
    _add_json(parser)


def add_serve(commands: Any) -> None:
    """serve: the page."""
    parser = _command(
        commands, "serve", "open the page for a browser", "  python -m app serve\n  python -m app serve --port 8080\n"
    )
    parser.add_argument("--host", help="address to listen on; 0.0.0.0 for every network")
    parser.add_argument("--port", type=int, help="port, 7860 if not given")
    parser.add_argument("--share", action="store_true", default=None, help="ask Gradio for a public link")
    parser.add_argument(
        "--model", metavar="NAME_OR_PATH", help="auto, pocket, riffusion, a checkpoint folder, a hub name"
    )
    parser.add_argument("--device", help="auto, cuda, cuda:1, mps or cpu")
