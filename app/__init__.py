"""New music for one part of a video, frame- and sample-exact.

    from pathlib import Path

    from riffusion_dub import ModelShelf, Run, carry_out, load_settings, new_order

    settings = load_settings()
    what = {"n_parts": 4, "parts": [2], "prompts": ["calm piano"], "given": {"seed": 7}}
    with ModelShelf(settings) as models:
        order = new_order(Path("holiday.mp4"), Path("result"), **what, settings=settings, models=models)
        print(carry_out(order, Run(settings), models).film)

Importing this package is cheap: each name is fetched from its room when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .dub import (
        Order,
        PartOrder,
        Run,
        carry_out,
        changed_order,
        new_order,
        remix,
        remix_order,
        take_order,
        undo_order,
        what_stays,
    )
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
    "carry_out",
    "changed_order",
    "load_settings",
    "new_order",
    "open_result",
    "remix",
    "remix_order",
    "take_order",
    "undo_order",
    "verify",
    "what_stays",
]
__version__ = "0.6.0"
"""The program's version; the wheel's metadata is made from this line."""

ROOM_OF = {
    "ModelShelf": "models",
    "Order": "dub",
    "PartOrder": "dub",
    "Result": "result.folder",
    "Run": "dub",
    "Settings": "settings",
    "carry_out": "dub",
    "changed_order": "dub",
    "load_settings": "settings",
    "new_order": "dub",
    "open_result": "result.folder",
    "remix": "dub",
    "remix_order": "dub",
    "take_order": "dub",
    "undo_order": "dub",
    "verify": "result.verify",
    "what_stays": "dub",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    if name not in ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{ROOM_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
