"""Which functions are called behind the wall, and which errors come back through it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from riffusion_inference import errors as of_music
from riffusion_inference.errors import RiffusionError

from .. import errors as of_app
from .answers import NAMES
from .bounds import Bounds

F = TypeVar("F", bound=Callable[..., Any])
FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The functions themselves by name."""
ERRORS: dict[str, type[RiffusionError]] = {
    name: kind
    for module in (of_music, of_app)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, RiffusionError)
}
"""The errors that may come back."""
HOOKS = ("on_progress", "should_cancel")
"""Parameters that are functions of the caller: their calls go through the wall the other way."""
_INSIDE = False
_PROGRAMS: list[Callable[[Bounds], Path]] = []
_CALL: Callable[[str, tuple[Any, ...], dict[str, Any]], Any] | None = None


def walled(function: F) -> F:
    """Let calls of a function be carried out in a worker; what is called from there is a plain call.

    Its annotations say what may come back. Callbacks are named on_progress and should_cancel, files and folders to
    write begin with out_.
    """
    name = function.__name__
    assert name not in FUNCTIONS, name
    FUNCTIONS[name] = function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if _INSIDE or _CALL is None:
            return function(*args, **kwargs)
        return _CALL(name, args, kwargs)

    return cast(F, call)


def uses_program(find: Callable[[Bounds], Path]) -> Callable[[Bounds], Path]:
    """Let a function say, when a worker starts, which program it is going to run."""
    _PROGRAMS.append(find)
    return find


def programs(bounds: Bounds) -> list[Path]:
    """The programs that a worker is going to run."""
    return [find(bounds) for find in _PROGRAMS]


def enter() -> None:
    """From here on this process is behind the wall."""
    global _INSIDE
    _INSIDE = True


def use_caller(call: Callable[[str, tuple[Any, ...], dict[str, Any]], Any]) -> None:
    """Who carries out the calls of walled functions outside; before that they are plain calls."""
    global _CALL
    _CALL = call


def public_name(error: RiffusionError) -> str:
    """The first of an error's classes that is in the public tree."""
    return next(kind.__name__ for kind in type(error).__mro__ if ERRORS.get(kind.__name__) is kind)


@functools.lru_cache(maxsize=128)
def signature_of(name: str) -> inspect.Signature:
    """A walled function's parameters."""
    return inspect.signature(FUNCTIONS[name])


@functools.lru_cache(maxsize=128)
def returns(name: str) -> tuple[Any, bool]:
    """What a walled function returns; and whether it is many of these, one after another."""
    hint = get_type_hints(FUNCTIONS[name], localns=NAMES)["return"]
    if get_origin(hint) is not None and isinstance(get_origin(hint), type) and issubclass(get_origin(hint), Iterator):
        return get_args(hint)[0], True
    return hint, False
