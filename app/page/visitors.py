"""Who may fetch which file: each visitor has a folder of his own, and everything else is refused.

Gradio serves whatever lies in its cache folder to anyone who knows the path. `OwnFilesOnly` sits in front of it: a
visitor is known by a random cookie, results lie in a folder named after that cookie's hash, and an upload belongs to
whoever sent it. Browsers that refuse cookies are told apart by address and program, and by the unguessable names.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any

from riffusion_inference.errors import SettingError

from . import strings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

COOKIE = "riffusion_dub_visitor"
COOKIE_FORM = re.compile(r"[0-9a-f]{64}")
ASKS_FILE = re.compile(r"^(?:/gradio_api)?/(?:file=|file/)(.*)$", re.DOTALL)
ASKS_PROXY = re.compile(r"^(?:/gradio_api)?/proxy=")
UPLOADS = re.compile(r"^(?:/gradio_api)?/upload/?$")
SWEEP_SECONDS = 30
OPEN = "open"
"""Whose the files of those are that cannot be known again, such as agents: whoever can name a file has it. The names
cannot be guessed."""
AGENT = (b"x-gradio-user", b"mcp")
"""Header of the calls that Gradio makes for agents: all by one client of its own."""


def visitor_key(cookie: str | None, host: str, program: str) -> str:
    """Folder name of a visitor: a hash, so that a path never gives the cookie away."""
    known_by = cookie if cookie and COOKIE_FORM.fullmatch(cookie) else f"no cookie\0{host}\0{program}"
    return hashlib.sha256(known_by.encode()).hexdigest()[:40]


class Visitors:
    """The page's folder and whose is what in it."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.home = self.root / "visitors"
        self._uploads: dict[Path, set[str]] = {}
        self._open_uploads: set[Path] = set()
        self._lock = threading.Lock()

    def new_folder(self, visitor: str) -> Path:
        """Make an empty folder with an unguessable name for one session of a visitor."""
        folder = self.home / visitor / secrets.token_hex(16)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def claim_upload(self, visitor: str, path: Path, *, is_open: bool = False) -> None:
        """Note that this visitor sent this file; the same bytes sent by two belong to both.

        Args:
            visitor: who sent it.
            path: where it lies.
            is_open: whoever can name it may use it, since the sender cannot be known again.
        """
        with self._lock:
            self._uploads.setdefault(path.resolve(), set()).add(visitor)
            if is_open:
                self._open_uploads.add(path.resolve())

    def may_read(self, visitor: str, path: Path | str) -> bool:
        """Whether a file is this visitor's own; where the path leads counts, not how it is spelled."""
        try:
            real = Path(path).resolve()
        except (OSError, ValueError, RuntimeError):
            return False
        if real.is_relative_to(self.home):
            return real.is_relative_to(self.home / visitor) or real.is_relative_to(self.home / OPEN)
        with self._lock:
            return visitor in self._uploads.get(real, ())

    def own(self, visitor: str, path: Path | str) -> Path:
        """The path itself, once it is known to be this visitor's.

        Raises:
            SettingError: it is someone else's, or no upload at all.
        """
        with self._lock:
            is_open = Path(path).resolve() in self._open_uploads
        if not is_open and not self.may_read(visitor, path):
            raise SettingError(strings.NOT_YOURS)
        return Path(path)

    def sweep(self, older_than: float) -> int:
        """Delete sessions and uploads that nobody has touched since a time.

        Args:
            older_than: seconds since the epoch.
        Returns:
            How many folders went.
        """
        old = [f for f in self.home.glob("*/*") if _touched(f) < older_than]
        old += [f for f in self.root.glob("*") if f != self.home and f.is_dir() and _touched(f) < older_than]
        for folder in old:
            shutil.rmtree(folder, ignore_errors=True)
        with self._lock:
            self._uploads = {path: who for path, who in self._uploads.items() if path.exists()}
            self._open_uploads &= self._uploads.keys()
        return len(old)

    def sweep_for_ever(self, delete_after_seconds: float) -> threading.Thread:
        """Start the thread that deletes what has been left alone for so long."""

        def work() -> None:
            while True:
                self.sweep(time.time() - delete_after_seconds)
                time.sleep(min(SWEEP_SECONDS, delete_after_seconds))

        thread = threading.Thread(target=work, name="sweep", daemon=True)
        thread.start()
        return thread


def _touched(folder: Path) -> float:
    """Seconds since the epoch when a folder or a file right in it last changed; the future if it is just going."""
    try:
        return max(p.stat().st_mtime for p in (folder, *folder.iterdir()))
    except OSError:
        return float("inf")


class OwnFilesOnly:
    """ASGI middleware: gives each browser its cookie, notes who uploads, and refuses everyone else's files."""

    def __init__(self, app: Callable[..., Awaitable[None]], visitors: Visitors) -> None:
        self.app = app
        self.visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cookie, key = who_asks(scope)
        asked = ASKS_FILE.match(scope["path"])
        if ASKS_PROXY.match(scope["path"]) or (asked and not self.visitors.may_read(key, asked.group(1))):
            await _refuse(send)
            return
        if cookie is None:
            send = _giving_cookie(send, scope)
        if scope["method"] == "POST" and UPLOADS.match(scope["path"]):
            is_open = cookie is None or AGENT in scope["headers"]
            send = self._noting_uploads(send, key, is_open=is_open)
        await self.app(scope, receive, send)

    def _noting_uploads(self, send: Send, key: str, *, is_open: bool) -> Send:
        """Read the answer to an upload, a JSON list of paths, on its way out."""
        body = bytearray()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    for path in _paths_in(bytes(body)):
                        self.visitors.claim_upload(key, Path(path), is_open=is_open)
            await send(message)

        return noting


def who_asks(scope: Scope) -> tuple[str | None, str]:
    """The visitor cookie of a request, None if there is none of ours, and the visitor's key."""
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        jar = SimpleCookie()
    cookie = jar[COOKIE].value if COOKIE in jar else None
    if cookie is not None and not COOKIE_FORM.fullmatch(cookie):
        cookie = None
    host = scope["client"][0] if scope.get("client") else ""
    return cookie, visitor_key(cookie, host, headers.get(b"user-agent", b"").decode("latin-1"))


def _giving_cookie(send: Send, scope: Scope) -> Send:
    """Add Set-Cookie to the answer; in a Space's frame, over https, the cookie must be allowed across sites."""
    headers = dict(scope["headers"])
    secure = scope.get("scheme") == "https" or headers.get(b"x-forwarded-proto", b"") == b"https"
    rules = "SameSite=None; Secure; Partitioned" if secure else "SameSite=Lax"
    value = f"{COOKIE}={secrets.token_hex(32)}; Path=/; HttpOnly; {rules}".encode()

    async def giving(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), (b"set-cookie", value)]
        await send(message)

    return giving


async def _refuse(send: Send) -> None:
    body = b'{"detail":"This file is not yours, or it is gone."}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _paths_in(body: bytes) -> list[str]:
    try:
        answer = json.loads(body)
    except ValueError:
        return []
    return [path for path in answer if isinstance(path, str)] if isinstance(answer, list) else []
