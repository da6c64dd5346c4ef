"""Messages between this program and a worker, over a socket: how long they may be is checked before they are read."""

from __future__ import annotations

import json
import pickle
import select
import socket
import struct
from typing import Any

MAX_WORDS = 1 << 28
"""Bytes of a message's JSON: an index of some million packets has a tenth of that."""
MAX_BUFFERS = 1 << 16
MAX_BYTES = 3 << 30
"""Bytes beside the JSON: an hour of stereo sound is 1.4 GB."""
JOINED_BYTES = 1 << 20
"""What is smaller is sent in one piece."""
CALL, CANCEL = b"call", b"stop"
HEAD, BUFFER = struct.Struct(">II"), struct.Struct(">Q")
REQUEST = struct.Struct(">4sQ")


class WireError(Exception):
    """What came is no message, or larger than a message may be."""


def send_answer(end: socket.socket, words: dict[str, Any], buffers: list[Any]) -> None:
    """Worker's side: send JSON and the bytes beside it."""
    text = json.dumps(words, separators=(",", ":")).encode()
    views = [memoryview(one).cast("B") if _has_bytes(one) else memoryview(b"") for one in buffers]
    head = [HEAD.pack(len(text), len(views)), *(BUFFER.pack(view.nbytes) for view in views), text]
    small = sum(view.nbytes for view in views) < JOINED_BYTES
    end.sendall(b"".join([*head, *(views if small else ())]))
    for view in () if small else views:
        end.sendall(view)


def _has_bytes(data: Any) -> bool:
    """Whether there is anything to send: an empty array cannot be seen as bytes."""
    return bool(memoryview(data).nbytes)


def receive_answer(end: socket.socket) -> tuple[dict[str, Any], list[bytearray]] | None:
    """This program's side: the next message; None where the worker has ended.

    Raises:
        WireError: it is none.
    """
    head = _exactly(end, HEAD.size)
    if head is None:
        return None
    n_text, n_buffers = HEAD.unpack(head)
    if n_text > MAX_WORDS or n_buffers > MAX_BUFFERS:
        raise WireError("it is too long")
    lengths = _exactly(end, n_buffers * BUFFER.size)
    text = _exactly(end, n_text)
    if lengths is None or text is None:
        return None
    sizes = [size for (size,) in BUFFER.iter_unpack(lengths)]
    if sum(sizes) > MAX_BYTES:
        raise WireError("it is too large")
    buffers = [_exactly(end, size) for size in sizes]
    try:
        words = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise WireError("it is not JSON") from error
    if not isinstance(words, dict):
        raise WireError("it says nothing")
    return (words, [one for one in buffers if one is not None]) if None not in buffers else None


def send_call(end: socket.socket, call: Any) -> None:
    """This program's side: what to do. Pickle, because a worker may trust whoever started it."""
    data = pickle.dumps(call, protocol=pickle.HIGHEST_PROTOCOL)
    end.sendall(REQUEST.pack(CALL, len(data)))
    end.sendall(data)


def send_cancel(end: socket.socket) -> None:
    """This program's side: stop what is being done."""
    end.sendall(REQUEST.pack(CANCEL, 0))


def receive_call(end: socket.socket) -> Any | None:
    """Worker's side: what to do next; None at the end."""
    while (head := _exactly(end, REQUEST.size)) is not None:
        kind, size = REQUEST.unpack(head)
        data = _exactly(end, size)
        # A stop that came when the call had just ended is over.
        if kind == CALL and data is not None:
            return pickle.loads(data)
    return None


def is_cancelled(end: socket.socket) -> bool:
    """Worker's side: whether a stop has come for what is being done, or nobody waits for it any more."""
    return is_readable(end, 0)


def is_readable(end: socket.socket, seconds: float) -> bool:
    """Whether something has come, or the other side has gone, within some time."""
    poll = select.poll()
    poll.register(end, select.POLLIN)
    return bool(poll.poll(1000 * seconds))


def _exactly(end: socket.socket, size: int) -> bytearray | None:
    """So many bytes; None where the other side has gone."""
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        n = end.recv_into(view[got:])
        if n == 0:
            return None
        got += n
    return data
