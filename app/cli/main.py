"""The command line: what it understands. What it does is in cli_commands; nothing heavy is imported to show --help."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from riffusion_inference.errors import GenerationCancelled, RiffusionError

from ..errors import DubCancelled
from .options import add_dub, add_generate, add_invert, add_mood, add_serve, add_spectrogram, add_split, add_verify
from .terminal import StopSwitch
from .usage import UsageError

DONE, FAILED, WRONG_USAGE, STOPPED = 0, 1, 2, 130
DESCRIPTION = """\
Cut a video into equal parts, make music for one of them from a few words, and put it in.

The result is a folder with the parts, the music, the whole film with the new sound, and a zip of it all.
Nothing but the chosen part's sound changes; `verify` proves it.
"""
EXAMPLES = """\
examples:
  python -m app dub holiday.mp4 --parts 4 --part 2 --prompt "calm piano, slow" --out result
  python -m app dub holiday.mp4 --parts 4 --part 2 --prompt auto --out result        (looks at the picture)
  python -m app verify result --source holiday.mp4
  python -m app generate --prompt "funky bass line" --seconds 12.3 --out bass.wav
  python -m app serve                                                                  (the page, in a browser)

`python -m app dub --help` tells all about dub, and so on. Settings that stay can be written to .env (see .env.example).
Exit code: 0 done, 1 it failed and said why, 2 the command was wrong, 130 stopped by Ctrl-C.
"""


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (add_dub, add_split, add_generate, add_invert, add_spectrogram, add_verify, add_mood, add_serve):
        add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: words after `python -m app`; None takes the process's.
    Returns:
        The exit code: 0 done, 1 failed, 130 stopped.
    Raises:
        SystemExit: with 0 after --help, with 2 after wrong usage.
    """
    parser = build_parser()
    args = parser.parse_args(argv)
    with StopSwitch(enabled=args.command != "serve") as stop:
        try:
            from .commands import COMMANDS

            return COMMANDS[args.command](args, stop)
        except UsageError as error:
            return _tell(args, str(error), WRONG_USAGE)
        except (KeyboardInterrupt, DubCancelled, GenerationCancelled):
            return _tell(args, "Stopped; nothing was left behind.", STOPPED)
        except RiffusionError as error:
            return _tell(args, str(error), FAILED)
        except BrokenPipeError:
            # Whoever read our output has closed it (`| head`): there is nobody left to tell.
            sys.stdout = None  # type: ignore[assignment]
            return FAILED


def _tell(args: argparse.Namespace, sentence: str, code: int) -> int:
    """Say on stderr why it ended, and in JSON on stdout where that was asked for."""
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    print(sentence, file=sys.stderr)
    if getattr(args, "json", False):
        print(json.dumps({"error": sentence}, ensure_ascii=False))
    return code
