"""`python -m app`: the command line."""

import os
import sys

from .cli.main import STOPPED, main

__all__ = ["main", "run"]


def run() -> None:
    """Run the command line and end the process with its exit code."""
    code = main()
    if code == STOPPED:
        # Whoever pressed Ctrl-C does not wait for large libraries to take themselves apart; ours has cleaned up.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(STOPPED)
    raise SystemExit(code)


if __name__ == "__main__":
    run()
