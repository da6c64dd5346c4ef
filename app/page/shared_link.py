"""What others see of a link to the page: its own name, sentence and picture, where Gradio's page says Gradio."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path
from typing import Any

from . import strings
from .web.asgi import Message, Receive, Scope, Send

ICON = Path(__file__).parent / "icon.png"
"""Gradio serves it as favicon.ico."""
GRADIOS_OWN = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*|<link rel="manifest"[^>]*>\s*')


class OwnName:
    """ASGI middleware: puts the page's own name into the head of its HTML."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the page itself comes back with its own name."""
        is_page = scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and scope["path"].endswith("/")
        await self.app(scope, receive, _renamed(send, address_of(scope)) if is_page else send)


def address_of(scope: Scope) -> str:
    """Where the page is for who asks, also behind a proxy; without a slash at the end."""
    headers: dict[bytes, bytes] = dict(scope.get("headers", ()))
    scheme = headers.get(b"x-forwarded-proto", b"").decode("latin-1").split(",")[0].strip() or scope.get(
        "scheme", "http"
    )
    host = headers.get(b"x-forwarded-host", headers.get(b"host", b"")).decode("latin-1").split(",")[0].strip()
    return f"{scheme}://{host}"


def head(address: str) -> str:
    """The tags that a shared link is shown by."""
    title, text, picture = escape(strings.TITLE), escape(strings.TAGLINE), escape(f"{address}/favicon.ico")
    return (
        f'<meta property="og:title" content="{title}"><meta property="og:type" content="website">'
        f'<meta property="og:description" content="{text}"><meta property="og:image" content="{picture}">'
        f'<meta property="og:url" content="{escape(address)}/"><meta name="description" content="{text}">'
        f'<meta name="twitter:card" content="summary"><meta name="twitter:title" content="{title}">'
        f'<meta name="twitter:description" content="{text}"><meta name="twitter:image" content="{picture}">'
    )


def _renamed(send: Send, address: str) -> Send:
    """Hold HTML back until it is whole, and send it on with its own head."""
    start: list[Any] = []
    body = bytearray()

    async def renaming(message: Message) -> None:
        if message["type"] == "http.response.start":
            kinds = dict(message.get("headers", ())).get(b"content-type", b"")
            if not kinds.startswith(b"text/html"):
                await send(message)
                return
            start.append(message)
            return
        if not start:
            await send(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        tags = head(address).encode()
        whole = GRADIOS_OWN.sub(b"", bytes(body)).replace(b"</head>", tags + b"</head>", 1)
        headers = [(name, value) for name, value in start[0]["headers"] if name != b"content-length"]
        await send({**start[0], "headers": [*headers, (b"content-length", str(len(whole)).encode())]})
        await send({"type": "http.response.body", "body": whole})

    return renaming
