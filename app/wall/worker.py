"""What a worker does: gives up all that it does not need, and then one call after another."""

from __future__ import annotations

import importlib
import socket
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import Progress
from riffusion_inference.errors import RiffusionError

from ..unfinished import work_for
from . import registry
from .answers import encode
from .bounds import Bounds
from .confine import confine
from .wire import is_cancelled, receive_call, send_answer

PACKAGE = Path(__file__).resolve().parents[1]


MOST_ITEMS, ITEM_SECONDS = 64, 0.1
LIBRARIES = ("PIL.PngImagePlugin", "PIL.JpegImagePlugin", "soundfile", "mido", "imageio_ffmpeg")


def prepare() -> None:
    """Load what calls need, before there is anything to be careful of."""
    registry.enter()
    for name in (f"{__package__.rpartition('.')[0]}.media", *LIBRARIES):
        importlib.import_module(name)


def serve(calls: socket.socket, bounds: Bounds) -> None:
    """Do calls until there are no more."""
    work_for(bounds.owner, bounds.mark)
    done = confine(bounds, PACKAGE, registry.programs(bounds))
    try:
        send_answer(calls, {"ready": done}, [])
        while (call := receive_call(calls)) is not None:
            _answer(calls, *call)
    except (BrokenPipeError, ConnectionError):
        return


def _answer(calls: socket.socket, name: str, arguments: dict[str, Any]) -> None:
    """Do one call, and say what came of it."""
    hooks: dict[str, Any] = {
        "on_progress": lambda progress: _tell(calls, progress),
        "should_cancel": lambda: is_cancelled(calls),
    }
    arguments = {key: hooks.get(key, value) for key, value in arguments.items()}
    try:
        found = registry.FUNCTIONS[name](**arguments)
        if isinstance(found, Iterator):
            _send_all(calls, found)
            found = None
        _send(calls, "done", found)
    except (BrokenPipeError, ConnectionError):
        raise
    except MemoryError:
        send_answer(calls, {"memory": True}, [])
    except RecursionError:
        send_answer(calls, {"bug": "RecursionError", "trace": ""}, [])
    except RiffusionError as error:
        send_answer(calls, {"error": registry.public_name(error), "said": str(error)}, [])
    except OSError as error:
        place = str(error.filename) if error.filename is not None else None
        send_answer(calls, {"system": error.errno, "said": error.strerror or str(error), "place": place}, [])
    except Exception as error:
        send_answer(calls, {"bug": type(error).__name__, "trace": traceback.format_exc()}, [])


def _send_all(calls: socket.socket, items: Iterator[Any]) -> None:
    """One thing after another, several to a message, but none long after it is there."""
    found: list[Any] = []
    sent = time.monotonic()
    for item in items:
        found.append(item)
        if len(found) == MOST_ITEMS or time.monotonic() - sent > ITEM_SECONDS:
            _send(calls, "items", found)
            found, sent = [], time.monotonic()
    _send(calls, "items", found)


def _send(calls: socket.socket, kind: str, value: Any) -> None:
    buffers: list[Any] = []
    send_answer(calls, {kind: encode(value, buffers)}, buffers)


def _tell(calls: socket.socket, progress: Progress) -> None:
    send_answer(calls, {"progress": [progress.stage, progress.done, progress.total]}, [])
