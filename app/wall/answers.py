"""Values that come through the wall: plain data, turned back into what the called function says it returns.

A worker reads strangers' files and may have been taken over by one, so nothing that it says is executed: no pickle, no
class that it could name. It sends JSON and bytes, and this side builds the annotated type from them or refuses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt
from PIL import Image

Buffers = Sequence[bytes | bytearray | memoryview]
PLAIN = (type(None), bool, int, float, str)
PICTURES = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I;16": 2, "I": 4, "F": 4}
"""Modes of pictures that cross, and bytes of a pixel."""
MAX_DEPTH = 40
"""Values within values; the deepest that is ours, an MP4's index in a clip, has a dozen."""
NAMES = {"Image": Image, "np": np, "NDArray": npt.NDArray}
"""What annotations name that their modules import for type checkers only."""


class AnswerError(Exception):
    """An answer is not what the function returns."""


def encode(value: Any, buffers: list[Any]) -> Any:
    """A value as JSON takes it; what is large goes into buffers, the same bytes once.

    Args:
        value: plain values, tuples, lists, dicts, enums, fractions, paths, bytes, arrays, pictures and dataclasses.
        buffers: added to.
    """
    if type(value) in PLAIN:
        return value
    if isinstance(value, tuple | list):
        return list(value) if all(type(item) in PLAIN for item in value) else [encode(item, buffers) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Fraction):
        return [value.numerator, value.denominator]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes | bytearray):
        return _place(value, buffers)
    if isinstance(value, np.ndarray):
        return [value.dtype.str, list(value.shape), _place(np.ascontiguousarray(value), buffers)]
    if isinstance(value, Image.Image):
        return _encode_picture(value, buffers)
    if isinstance(value, Mapping):
        return [[encode(key, buffers), encode(item, buffers)] for key, item in value.items()]
    assert is_dataclass(value), f"{type(value).__name__} has no way through the wall"
    return {field.name: encode(getattr(value, field.name), buffers) for field in fields(value) if field.init}


def _place(data: Any, buffers: list[Any]) -> int:
    """Where among the buffers some bytes are; those of a box that is in an answer twice are sent once."""
    # Only the latest few: an MP4's boxes come again soon after they came first.
    for place in range(len(buffers) - 1, max(-1, len(buffers) - 200), -1):
        if buffers[place] is data:
            return place
    buffers.append(data)
    return len(buffers) - 1


def _encode_picture(image: Image.Image, buffers: list[Any]) -> list[Any]:
    plain = image if image.mode in PICTURES else image.convert("RGB")
    exif = {int(tag): item for tag, item in image.getexif().items() if type(item) in (int, float, str)}
    exif |= {int(tag): float(item) for tag, item in image.getexif().items() if _is_ratio(item)}
    return [plain.mode, plain.width, plain.height, _place(plain.tobytes(), buffers), [[*one] for one in exif.items()]]


def _is_ratio(item: Any) -> bool:
    """Whether an EXIF value is a fraction that is a number."""
    return hasattr(item, "numerator") and type(item) is not int and bool(getattr(item, "denominator", 0))


def decode(hint: Any, value: Any, buffers: Buffers, check_path: Callable[[Path], Path], depth: int = 0) -> Any:
    """Build what a type hint says from what encode made.

    Args:
        hint: the type; a dataclass's fields are built by their own hints.
        value: parsed JSON.
        buffers: the bytes beside it.
        check_path: raises where a path is none that this worker was told of.
    Raises:
        AnswerError: the value is not of that type.
    """
    if depth > MAX_DEPTH:
        raise AnswerError("it is nested too deep")

    def inner(kind: Any, item: Any) -> Any:
        return decode(kind, item, buffers, check_path, depth + 1)

    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _decode_union(args, value, inner)
    if hint is np.ndarray or origin is np.ndarray:
        return _decode_array(hint, value, buffers)
    if origin is tuple:
        return _decode_tuple(args, value, inner)
    if origin in (list, Sequence):
        return _only_plain(args[0], value) or [inner(args[0], item) for item in _list(value)]
    if origin in (dict, Mapping):
        pairs = [_list(pair, 2) for pair in _list(value)]
        return {inner(args[0], key): inner(args[1], item) for key, item in pairs}
    if hint is Fraction:
        numerator, denominator = (_plain(int, item) for item in _list(value, 2))
        if denominator < 1:
            raise AnswerError("a fraction has no denominator")
        return Fraction(numerator, denominator)
    if hint is Path:
        return check_path(Path(_plain(str, value)))
    if hint is bytes:
        return bytes(_buffer(value, buffers))
    if hint is Image.Image:
        return _decode_picture(value, buffers)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _made(hint, value)
    if isinstance(hint, type) and is_dataclass(hint):
        return _decode_dataclass(hint, value, inner)
    return _plain(hint, value)


def _decode_union(kinds: tuple[Any, ...], value: Any, inner: Callable[[Any, Any], Any]) -> Any:
    """The first of several types that a value is of; of two that JSON writes alike the one named first."""
    error = AnswerError("it is of no type that is expected")
    for kind in kinds:
        try:
            return inner(kind, value)
        except AnswerError as why:
            error = why
    raise error


def _only_plain(kind: Any, value: Any) -> list[Any] | None:
    """A list of nothing but plain values of one type, quickly; None where it is not that."""
    if isinstance(value, list) and kind in PLAIN and all(type(item) is kind for item in value):
        return value
    return None


def _decode_tuple(args: tuple[Any, ...], value: Any, inner: Callable[[Any, Any], Any]) -> tuple[Any, ...]:
    if len(args) == 2 and args[1] is Ellipsis:
        plain = _only_plain(args[0], value)
        return tuple(plain) if plain is not None else tuple(inner(args[0], item) for item in _list(value))
    return tuple(inner(kind, item) for kind, item in zip(args, _list(value, len(args)), strict=True))


def _decode_array(hint: Any, value: Any, buffers: Buffers) -> np.ndarray:
    form, shape, place = _list(value, 3)
    # NDArray[np.float32] is np.ndarray[shape, np.dtype[np.float32]].
    wanted = [one for arg in get_args(hint)[1:] for one in get_args(arg)]
    try:
        dtype = np.dtype(_plain(str, form))
    except TypeError as error:
        raise AnswerError("an array is of no known kind") from error
    data, lengths = _buffer(place, buffers), [_plain(int, length) for length in _list(shape)]
    if dtype.kind not in "biuf" or (wanted and dtype != np.dtype(wanted[0])):
        raise AnswerError(f"an array is of the kind {dtype}")
    if len(lengths) > 4 or min(lengths, default=0) < 0 or math.prod(lengths) * dtype.itemsize != len(data):
        raise AnswerError("an array is not as large as it says")
    return np.frombuffer(data, dtype).reshape(lengths)


def _decode_picture(value: Any, buffers: Buffers) -> Image.Image:
    mode, width, height, place, exif = _list(value, 5)
    width, height, data = _plain(int, width), _plain(int, height), bytes(_buffer(place, buffers))
    if mode not in PICTURES or min(width, height) < 1 or width * height * PICTURES[mode] != len(data):
        raise AnswerError("a picture is not as large as it says")
    image = Image.frombytes(mode, (width, height), data)
    for pair in _list(exif):
        tag, item = _list(pair, 2)
        if type(item) not in (int, float, str):
            raise AnswerError("a picture's EXIF is not plain")
        image.getexif()[_plain(int, tag)] = item
    return image


def _decode_dataclass(kind: type[Any], value: Any, inner: Callable[[Any, Any], Any]) -> Any:
    hints = hints_of(kind)  # type: ignore[arg-type]
    if not isinstance(value, dict) or set(value) != set(hints):
        raise AnswerError(f"it is no {kind.__name__}")
    return _made(kind, **{name: inner(hint, value[name]) for name, hint in hints.items()})


def _made(kind: Any, /, *args: Any, **kwargs: Any) -> Any:
    try:
        return kind(*args, **kwargs)
    except Exception as error:
        raise AnswerError(f"it is no {kind.__name__}: {error}") from error


@lru_cache(maxsize=256)
def hints_of(kind: type[Any]) -> dict[str, Any]:
    """The types of the fields that a dataclass is made from."""
    hints = get_type_hints(kind, localns=NAMES)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}


def _plain(kind: Any, value: Any) -> Any:
    """A plain value of one type; whole numbers are also numbers."""
    if kind is type(None) or kind is None:
        if value is None:
            return None
    elif kind is float and type(value) is int and abs(value) < 1 << 53:
        return float(value)
    elif kind in PLAIN and type(value) is kind:
        return value
    raise AnswerError(f"it has {str(value)[:40]!r} where {getattr(kind, '__name__', kind)} is expected")


def _list(value: Any, length: int | None = None) -> list[Any]:
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise AnswerError("it has something else where a list is expected")
    return value


def _buffer(place: Any, buffers: Buffers) -> Any:
    if type(place) is not int or not 0 <= place < len(buffers):
        raise AnswerError("it names bytes that did not come")
    return buffers[place]
