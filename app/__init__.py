"""New music for one part of a video, frame- and sample-exact.

    from riffusion_dub import load_settings

Importing this package is cheap: each name is fetched from its room when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .settings import Settings, load_settings

__all__ = ["Settings", "__version__", "load_settings"]
__version__ = "0.1.0"
"""The program's version; the wheel's metadata is made from this line."""

ROOM_OF = {"Settings": "settings", "load_settings": "settings"}
"""The module of this package that defines each public name."""


def __getattr__(name: str) -> object:
    if name not in ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{ROOM_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
