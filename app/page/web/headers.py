"""What every answer says to the browser: where scripts may come from, who may show the page, what is no document."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable

from .asgi import Headers, Message, Send

FRAMED_BY = "'self' https://huggingface.co https://*.hf.space"
"""Sites that may show the page in a frame: a Space is shown by the hub."""
SCRIPTS = re.compile(rb"<script(?:\s[^>]*)?>(.*?)</script>", re.DOTALL)
SHOWN = ("video/", "audio/", "image/png", "image/jpeg", "image/webp", "image/gif")
"""Kinds of files that the page plays or shows; everything else is for downloading."""
OF_ALL: dict[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin-allow-popups",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
FILE_POLICY = b"default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
"""A visitor's file that is opened by itself may do nothing."""


def page_policy(scripts: Iterable[bytes]) -> bytes:
    """The policy of a page with these scripts in it, and no others.

    Gradio makes functions of texts (its `js=` and `js_on_load`), which needs 'unsafe-eval'. Scripts and event handlers
    that somebody smuggles into the page's HTML do not run.
    """
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}'" for one in scripts)
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' 'unsafe-eval' {hashes}".strip(),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": FRAMED_BY,
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items()).encode()


def file_headers(headers: Headers) -> Headers:
    """Of an answer that is a visitor's file: it is shown by the page or downloaded, and never a document."""
    kind = next((value.decode("latin-1") for name, value in headers if name == b"content-type"), "")
    named = [(name, value) for name, value in headers if name != b"content-security-policy"]
    if not kind.startswith(SHOWN):
        named = [
            (name, value.replace(b"inline", b"attachment", 1) if name == b"content-disposition" else value)
            for name, value in named
        ]
        if all(name != b"content-disposition" for name, _ in named):
            named.append((b"content-disposition", b"attachment"))
    return [*named, (b"content-security-policy", FILE_POLICY), (b"cache-control", b"private")]


def guarded(send: Send, own_scripts: tuple[bytes, ...], request_id: str) -> Send:
    """Add what every answer says; an HTML page waits until it is whole, since its policy names its scripts."""
    start: Message = {}
    html = bytearray()

    async def guarding(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            names = {name for name, _ in message.get("headers", [])}
            added = [(name, value) for name, value in OF_ALL.items() if name not in names]
            message["headers"] = [*message.get("headers", []), *added, (b"x-request-id", request_id.encode())]
            if dict(message["headers"]).get(b"content-type", b"").startswith(b"text/html"):
                start = message
                return
        elif start and message["type"] == "http.response.body":
            html.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            policy = page_policy([*own_scripts, *SCRIPTS.findall(bytes(html))])
            start["headers"] = [*start["headers"], (b"content-security-policy", policy)]
            await send(start)
            message, start = {"type": "http.response.body", "body": bytes(html)}, {}
        await send(message)

    return guarding
