"""What a visitor sends, read with limits: bytes, silence, and pace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from .. import strings
from .asgi import Message, Receive, Scope, header

SILENT_SECONDS = 30.0
"""Longest wait for the next bytes of a body."""
WINDOW_BYTES = 64 << 10
"""Bytes that must come within each such time: a connection that trickles is no better than one that is silent."""
CHECK_BYTES = 8 << 20
"""Bytes after which room is looked for again."""
PLAIN_BYTES = 8 << 20
"""Largest body that is no upload: clicks and texts."""
Check = Callable[[], Awaitable[None]]


class Refused(Exception):
    """A request is not carried out: a status of HTTP and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def declared_bytes(scope: Scope) -> int | None:
    """What a request says of its body's length.

    Raises:
        Refused: it says nonsense.
    """
    said = header(scope, b"content-length")
    if not said:
        return None
    if not said.isdecimal():
        raise Refused(400, strings.BAD_REQUEST)
    return int(said)


def limited(receive: Receive, most_bytes: int, too_large: str, check: Check | None = None) -> Receive:
    """Receive a body of at most so many bytes, at a pace that a slow line has.

    Args:
        receive: the server's.
        most_bytes: more are refused with 413.
        too_large: the sentence for that.
        check: asked now and then while bytes come; raises Refused.
    """
    loop = asyncio.get_running_loop()
    came, checked, window, ended = 0, 0, (loop.time(), 0), False

    async def receiving() -> Message:
        nonlocal came, checked, window, ended
        if ended:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), SILENT_SECONDS)
        except TimeoutError:
            raise Refused(408, strings.TOO_SLOW) from None
        if message["type"] != "http.request":
            return message
        came, ended = came + len(message.get("body", b"")), not message.get("more_body")
        if came > most_bytes:
            raise Refused(413, too_large)
        since, before = window
        if loop.time() - since > SILENT_SECONDS:
            if came - before < WINDOW_BYTES and not ended:
                raise Refused(408, strings.TOO_SLOW)
            window = (loop.time(), came)
        if check is not None and came - checked >= CHECK_BYTES:
            checked = came
            await check()
        return message

    return receiving


async def read_again(receive: Receive) -> tuple[bytes, Receive]:
    """Read a body whole; gives it, and what hands it on once more and then what comes after it."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body), receive  # The visitor has gone.
        body.extend(message.get("body", b""))
        more = bool(message.get("more_body"))
    waiting = [bytes(body)]

    async def receiving() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return bytes(body), receiving


def tab_in(body: bytes) -> str:
    """The tab that a call says it is from; empty where it says none.

    Raises:
        Refused: it is no JSON that anybody would send.
    """
    try:
        said = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise Refused(400, strings.BAD_CALL) from None
    name = said.get("session_hash") if isinstance(said, dict) else None
    return name if isinstance(name, str) else ""
