"""Damage of every kind, the same for the same seed."""

from __future__ import annotations

import json
import random
import re
from typing import Any

BYTES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\1" * 8)
WORDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0")
NAMES = re.compile(rb"[a-zA-Z][a-zA-Z0-9 ]{3}|\x1a\x45\xdf\xa3|\x15\x49\xa9\x66|\x16\x54\xae\x6b|\x1f\x43\xb6\x75|OggS")
NUMBERS: tuple[Any, ...] = (0, -1, 1, 10**15, -(10**15), 2**31, 2**63, 1e300, 0.5, None, True, "", "x", [], {}, "1/0")
HEAD_BYTES = 4096
"""Where a file says what it is: half of all damage is done there."""


def mutated(data: bytes, rng: random.Random, other: bytes = b"") -> bytes:
    """Bytes with one to eight things wrong.

    Args:
        data: a whole file.
        rng: decides what.
        other: another file, pieces of which may get in.
    """
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5, 8))):
        if len(changed) < 16:
            break
        rng.choice(WAYS)(changed, rng, other)
    return bytes(changed)


def mutated_json(text: str, rng: random.Random) -> str:
    """JSON with values that nobody would write, or text that is no JSON any more."""
    if rng.random() < 0.3:
        return mutated(text.encode(), rng).decode("utf-8", "replace")
    values = json.loads(text)
    for _ in range(rng.choice((1, 1, 2, 4))):
        inner: Any = values
        while isinstance(inner, dict | list) and inner:
            keys = list(inner) if isinstance(inner, dict) else range(len(inner))
            key = rng.choice(list(keys))
            if not isinstance(inner[key], dict | list) or not inner[key] or rng.random() < 0.1:
                _change_item(inner, key, rng)
                break
            inner = inner[key]
    return json.dumps(values)


def _change_item(inner: Any, key: Any, rng: random.Random) -> None:
    kind = rng.random()
    if kind < 0.1:
        del inner[key]
    elif kind < 0.2 and isinstance(inner, dict):
        inner[f"{key}x"] = inner.pop(key)
    elif kind < 0.3:
        inner[key] = json.loads("[" * 500 + "]" * 500)
    elif kind < 0.4 and isinstance(inner[key], str):
        inner[key] = rng.choice(("/etc/passwd", "../../x", "a\0b", "%s" * 20, "x" * 100_000, "\ud800"))
    else:
        inner[key] = rng.choice(NUMBERS)


def _at(data: bytearray, rng: random.Random) -> int:
    return rng.randrange(min(len(data), HEAD_BYTES) if rng.random() < 0.5 else len(data))


def _flip(data: bytearray, rng: random.Random, _other: bytes) -> None:
    data[_at(data, rng)] ^= 1 << rng.randrange(8)


def _edge(data: bytearray, rng: random.Random, _other: bytes) -> None:
    at, piece = _at(data, rng), rng.choice(BYTES + WORDS)
    data[at : at + len(piece)] = piece


def _field(data: bytearray, rng: random.Random, _other: bytes) -> None:
    """A number before or after a name, as containers have them."""
    found = [match.start() for match in NAMES.finditer(bytes(data[: 1 << 16]))]
    if not found:
        return _edge(data, rng, b"")
    at = max(0, rng.choice(found) + rng.choice((-4, 4, 8, 12, 16)))
    data[at : at + 4] = rng.choice((*WORDS, rng.randbytes(4), rng.randrange(1 << 16).to_bytes(4, "big")))
    return None


def _random(data: bytearray, rng: random.Random, _other: bytes) -> None:
    at, size = _at(data, rng), rng.choice((1, 4, 16, 200))
    data[at : at + size] = rng.randbytes(size)


def _cut(data: bytearray, rng: random.Random, _other: bytes) -> None:
    del data[max(16, _at(data, rng)) :]


def _drop(data: bytearray, rng: random.Random, _other: bytes) -> None:
    at = _at(data, rng)
    del data[at : at + rng.choice((1, 4, 100, 5000))]


def _repeat(data: bytearray, rng: random.Random, _other: bytes) -> None:
    at, size = _at(data, rng), rng.choice((4, 100, 5000))
    data[at:at] = data[at : at + size] * rng.choice((1, 2, 50))


def _swap(data: bytearray, rng: random.Random, _other: bytes) -> None:
    size, first, second = rng.choice((4, 64, 1000)), _at(data, rng), _at(data, rng)
    one, two = data[first : first + size], data[second : second + size]
    data[first : first + size], data[second : second + size] = two, one


def _graft(data: bytearray, rng: random.Random, other: bytes) -> None:
    if other:
        at, start, size = _at(data, rng), rng.randrange(len(other)), rng.choice((8, 200, 4000))
        data[at : at + size] = other[start : start + size]


WAYS = (_flip, _edge, _edge, _field, _field, _random, _cut, _drop, _repeat, _swap, _graft)
"""All kinds of damage, likelier ones twice."""
