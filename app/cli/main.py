"""The command line: what it understands. What it does is in commands; nothing heavy is imported to show --help."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence

from riffusion_inference.errors import GenerationCancelled, RiffusionError

from .. import __version__
from ..errors import ConfigError, DubCancelled
from ..wall.starter import STARTER, is_possible
from . import PROGRAM, batch_options, clean, options, result_options, sound_options
from .terminal import StopSwitch
from .usage import UsageError

FAILED, WRONG_USAGE, STOPPED = 1, 2, 130
DESCRIPTION = """\
Cut a video into equal parts, make music for one of them from a few words, and put it in.

The result is a folder with the parts, the music, the whole film with the new sound, and a zip of it all.
Nothing but the chosen part's sound changes; `verify` proves it.
"""
EXAMPLES = f"""\
examples:
  {PROGRAM} dub holiday.mp4 --parts 4 --part 2 --prompt "calm piano, slow" --out result
  {PROGRAM} dub holiday.mp4 --parts 4 --part 2 --prompt auto --out result    (looks at the picture)
  {PROGRAM} verify result --source holiday.mp4
  {PROGRAM} compose "funky bass line" --seconds 12.3 --out bass.mid
  {PROGRAM} generate --prompt "funky bass line" --seconds 12.3 --out bass.wav
  {PROGRAM} batch films.csv --out results    (a list of films; started again, it goes on where it was)
  {PROGRAM} clean results    (deletes what killed runs left)
  {PROGRAM} serve    (the page, in a browser)

`{PROGRAM} dub --help` tells all about dub, and so on. Settings that stay can be written to .env (see .env.example).
Exit code: 0 done, 1 it failed and said why, 2 the command was wrong, 130 stopped by Ctrl-C.
"""


LOG = logging.getLogger(__name__)
LOG_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""What is logged without -v, with -v and with -vv."""
COMMAND_NAMES = (
    "dub", "split", "generate", "compose", "invert", "spectrogram", "verify", "mood", "remix", "timeline", "export",
    "batch", "clean", "serve",
)  # fmt: skip
VERBOSE_HELP = "log more on stderr: -v what is going on, -vv all details and where an error comes from"
OF_MEMORY = (
    "can't start new thread", "not enough memory", "out of memory", "can't allocate memory", "failed to map segment"
)  # fmt: skip
"""Words of errors that have no class of their own."""
OF_THE_PAGE = ("gradio", "spaces")
"""Libraries that need not be installed: the extra `page` brings them."""


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"riffusion-dub {__version__}")
    parser.add_argument("-v", "--verbose", action="count", default=0, help=VERBOSE_HELP)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    elsewhere = {"batch": batch_options.add_batch, "clean": clean.add_clean}
    for name in COMMAND_NAMES:
        known = [vars(room).get(f"add_{name}") for room in (options, sound_options, result_options)]
        next(add for add in (elsewhere.get(name), *known) if add is not None)(commands)
    for command in commands.choices.values():
        options.add_everywhere(command)
        # Suppressed: without -v after the command, the one before it counts.
        command.add_argument("-v", "--verbose", action="count", default=argparse.SUPPRESS, help=VERBOSE_HELP)
        command.epilog = str(command.epilog).replace("python -m app", PROGRAM)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: words after the program's name; None takes the process's.
    Returns:
        The exit code: 0 done, 1 failed, 130 stopped.
    Raises:
        SystemExit: with 0 after --help and --version, with 2 after wrong usage.
    """
    given = sys.argv[1:] if argv is None else [*argv]
    if "--version" in given and not {"-v", "-vv", "--verbose"}.isdisjoint(given):
        return _tell_versions()
    args = build_parser().parse_args(given)
    logging.basicConfig(level=LOG_LEVELS[min(args.verbose, 2)], format="%(levelname)s %(name)s: %(message)s")
    LOG.info("riffusion-dub %s on Python %s", __version__, sys.version.split()[0])
    with StopSwitch(enabled=args.command != "serve") as stop:
        try:
            if not args.no_sandbox and is_possible():
                # What reads files gets ready while this process loads its own libraries.
                STARTER.start()
            from .commands import COMMANDS

            return COMMANDS[args.command](args, stop)
        except UsageError as error:
            return _tell(args, str(error), WRONG_USAGE)
        except (KeyboardInterrupt, DubCancelled, GenerationCancelled):
            return _tell(args, "Stopped; nothing was left behind.", STOPPED)
        except RiffusionError as error:
            return _tell(args, str(error), FAILED)
        except ModuleNotFoundError as error:
            return _tell(args, str(_without_page(args, error)), FAILED)
        except (MemoryError, RuntimeError, ImportError) as error:
            return _tell(args, str(_without_memory(error)), FAILED)
        except BrokenPipeError:
            # Whoever read our output has closed it (`| head`): there is nobody left to tell.
            sys.stdout = None
            return FAILED


def _tell_versions() -> int:
    """--version -v: this program, what it reads media with, and what protects from them."""
    from ..media import describe_sandbox, ffmpeg_versions, use_settings
    from ..settings import load_settings

    use_settings(load_settings())
    print(f"riffusion-dub {__version__}")
    print(*ffmpeg_versions(), sep="\n")
    print(describe_sandbox())
    return 0


def _tell(args: argparse.Namespace, sentence: str, code: int) -> int:
    """Say on stderr why it ended, and in JSON on stdout where that was asked for."""
    LOG.debug("Ended by:", exc_info=True)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    print(sentence, file=sys.stderr)
    if getattr(args, "json", False):
        print(json.dumps({"error": sentence}, ensure_ascii=False))
    return code


def _without_memory(error: MemoryError | RuntimeError | ImportError) -> RiffusionError:
    """The sentence where memory has run out, also where a thread or torch finds none; else it is our own bug."""
    if not isinstance(error, MemoryError) and not any(words in str(error) for words in OF_MEMORY):
        raise error
    return RiffusionError("There is not enough memory: close other programs, or choose a shorter part or fewer takes.")


def _without_page(args: argparse.Namespace, error: ModuleNotFoundError) -> ConfigError:
    """What to install where the page's libraries are missing; any other missing module is our own bug."""
    library = str(error.name).split(".")[0]
    if library not in OF_THE_PAGE:
        raise error
    return ConfigError(
        f"{args.command} needs the package {library}, which is not installed: "
        'run pip install ".[page]" (or -r requirements.txt) in the project\'s folder.'
    )
