"""New music for one part of a video, frame- and sample-exact.

    from pathlib import Path

    from riffusion_dub import ModelShelf, Run, load_settings, new_order
    from riffusion_dub.dub import dub

    settings = load_settings()
    what = {"n_parts": 4, "parts": [2], "prompts": ["calm piano"], "given": {"seed": 7}}
    with ModelShelf(settings) as models:
        order = new_order(Path("holiday.mp4"), Path("result"), **what, settings=settings, models=models)
        print(dub(order, Run(settings), models).film)

Importing this package is cheap: each name is fetched from its room when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .dub import Order, PartOrder, Run, changed_order, new_order
    from .models import ModelShelf
    from .result.folder import Result, open_result
    from .result.verify import verify
    from .settings import Settings, load_settings

__all__ = [
    "ModelShelf",
    "Order",
    "PartOrder",
    "Result",
    "Run",
    "Settings",
    "__version__",
    "changed_order",
    "load_settings",
    "new_order",
    "open_result",
    "verify",
]
__version__ = "0.2.0"
"""The program's version; the wheel's metadata is made from this line."""

ROOM_OF = {
    "ModelShelf": "models",
    "Order": "dub",
    "PartOrder": "dub",
    "Result": "result.folder",
    "Run": "dub",
    "Settings": "settings",
    "changed_order": "dub",
    "load_settings": "settings",
    "new_order": "dub",
    "open_result": "result.folder",
    "verify": "result.verify",
}
"""The module of each public name. The function dub is in the room of its name, so it is imported from there."""


def __getattr__(name: str) -> object:
    if name not in ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{ROOM_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
