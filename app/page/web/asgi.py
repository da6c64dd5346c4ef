"""The few words of ASGI that the rooms around this file share."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


def header(scope: Scope, name: bytes) -> str:
    """A request's header; empty where there is none."""
    return next((value.decode("latin-1") for key, value in scope.get("headers", ()) if key == name), "")


async def answer(send: Send, status: int, body: Any, headers: Headers | None = None) -> None:
    """Answer in JSON; a sentence goes where Gradio's clients look for one."""
    content = json.dumps({"detail": body} if isinstance(body, str) else body).encode()
    own = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*own, *(headers or [])]})
    await send({"type": "http.response.body", "body": content})


def with_headers(send: Send, change: Callable[[Headers], Headers]) -> Send:
    """Pass answers on with their headers changed."""

    async def changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = change(list(message.get("headers", [])))
        await send(message)

    return changed
