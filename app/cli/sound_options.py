"""The options of the commands that make music, scores and spectrograms without a film's parts."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Any

from ..settings.options import ATTRIBUTES
from .options import add_command, add_json, add_model, add_music, add_options, add_score, part_of, seconds


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
    add_music(parser)
    add_score(parser, "score", "midi")
    add_model(parser)
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
    add_options(parser, "seed", "loop", "describer")
    add_score(parser, "follow")
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
    add_model(parser)
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
    add_model(parser)
    add_json(parser)
