"""Door to the page: `python app/app.py`, which is also a Space's app_file."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path

if __name__ == "__main__":
    # Run as a file, this folder comes first on sys.path and `app` would be this module instead of the package.
    HERE = Path(__file__).resolve().parent
    sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE)]
    sys.modules.pop("app", None)
    __package__ = "app"


def main() -> None:
    """Read the settings and open the page."""
    from riffusion_inference.errors import RiffusionError

    from .page.launch import launch
    from .settings import load_settings

    logging.basicConfig(level=logging.WARNING)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    try:
        launch(load_settings())
    except RiffusionError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
