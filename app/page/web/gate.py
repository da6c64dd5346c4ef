"""The gate in front of Gradio: every request passes it, and most of what Gradio offers is not let through."""

from __future__ import annotations

import importlib
import logging
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import strings
from ..visitors import Visitors
from .asgi import App, Message, Receive, Scope, Send, answer, with_headers
from .body import PLAIN_BYTES, Refused, declared_bytes, limited, read_again, tab_in
from .headers import file_headers, guarded
from .identity import PREFIX, Identities, Visitor, giving_cookie
from .logs import REQUEST_ID, new_request_id
from .rates import AtOnce, Rates
from .uploads import Uploads

LOG = logging.getLogger(__name__)
API = "/gradio_api"
LET_THROUGH = re.compile(
    r"/|/(?:config|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon)/?|/(?:assets|static|svelte)/.*"
    r"|/gradio_api/(?:info|openapi\.json|app_id|startup-events|login_check|theme\.css|upload_progress)/?"
    r"|/gradio_api/queue/(?:join|data|status)|/gradio_api/(?:call/(?:v2/)?|run/)[\w-]+(?:/\w+)?/?|/gradio_api/(?:cancel|reset)/?"
    r"|/gradio_api/heartbeat/[\w-]+|/gradio_api/custom_component/.*|/gradio_api/mcp(?:/.*)?",
    re.DOTALL,
)
"""What the page, gradio_client and agents ask for. Everything else that Gradio offers (proxies, recordings, editors,
monitoring, calls past the queue) is refused."""
ASKS_FILE = re.compile(r"(?:/gradio_api)?/(?:file=|file/)(.*)", re.DOTALL)
ASKS_TAB = re.compile(r"/gradio_api/(?:heartbeat/([\w-]+)|call/(?:v2/)?[\w-]+/(\w+)/?)")
ASKS_FOR_WORK = re.compile(r"/gradio_api/(?:run/.*|call/.*|queue/join|cancel|reset)/?")
COSTLY = ("/", "/config", f"{API}/info", f"{API}/openapi.json")
"""Answers that take as long as a click."""
UPLOAD, PIECE, HEALTH = f"{API}/upload", f"{API}/upload_piece", "/health"
WITHOUT_COOKIE = re.compile(r"/(?:assets|static|svelte)/|/(?:theme\.css|favicon\.ico|manifest\.json|robots\.txt)")
MOST_FILES = 8192
OPEN_PER_VISITOR, OPEN_PER_ADDRESS = 64, 512
"""Requests that may be under way at once; a tab keeps up to four open."""


@dataclass(frozen=True)
class Watch:
    """What the gate asks the page about tabs."""

    owner: Callable[[str], str | None]
    """The visitor whose tab, or whose call, goes by this name; None where nobody's does."""
    claim: Callable[[str, str], bool]
    """Make a tab a visitor's, unless it is another's: the tab and the visitor; tells whether it is this one's."""
    opened: Callable[[str], None]
    """A tab's heartbeat has begun."""
    closed: Callable[[str], None]
    """A tab's heartbeat has ended."""
    health: Callable[[], tuple[bool, dict[str, Any]]]
    """Whether more jobs are taken, and facts."""


class Gate:
    """ASGI middleware: who asks, whether they may, how much; and what every answer says.

    Args:
        app: Gradio's.
        visitors: whose is what.
        identities: finds out who asks.
        uploads: takes uploads.
        rates: how often a visitor may ask.
        watch: what the page knows of tabs.
        own_scripts: scripts that the page adds to Gradio's.
    """

    def __init__(
        self,
        app: App,
        visitors: Visitors,
        identities: Identities,
        uploads: Uploads,
        rates: Rates,
        watch: Watch,
        own_scripts: tuple[bytes, ...] = (),
    ) -> None:
        self.app, self.visitors, self.watch = app, visitors, watch
        self._identities, self._uploads, self._rates, self._own_scripts = identities, uploads, rates, own_scripts
        # Half of what this process may have open is for files, models and the disk.
        most = max(64, _open_files() // 2)
        self._open = AtOnce(per_visitor=OPEN_PER_VISITOR, per_address=min(OPEN_PER_ADDRESS, most), in_all=most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say in a sentence why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # Gradio needs no websockets.
        request_id, began, path = new_request_id(), time.monotonic(), scope["path"]
        held = REQUEST_ID.set(request_id)
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        said = guarded(noting, self._own_scripts, request_id)
        try:
            await self._answered(scope, receive, said)
        except Refused as refused:
            if not status:
                await answer(said, refused.status, refused.sentence, [(b"connection", b"close")])
        finally:
            LOG.info("%s %s %d %.0f ms", scope["method"], shown(path), status, 1000 * (time.monotonic() - began))
            REQUEST_ID.reset(held)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == HEALTH:
            ok, facts = self.watch.health()
            await answer(send, 200 if ok else 503, facts)
            return
        visitor = self._identities.identify(scope)
        path = scope["path"][len(scope.get("root_path", "")) :]
        if visitor.is_new and not WITHOUT_COOKIE.match(path):
            send = giving_cookie(send, scope, visitor)
        with self._open.one_more(visitor) as fits:
            if not fits:
                raise Refused(429, strings.TOO_MANY_OPEN)
            await self._routed(path, scope, receive, send, visitor)

    async def _routed(self, path: str, scope: Scope, receive: Receive, send: Send, visitor: Visitor) -> None:
        asked = ASKS_FILE.fullmatch(path)
        if asked:
            if not self.visitors.may_read(visitor.key, asked[1]):
                raise Refused(403, strings.FILE_NOT_YOURS)
            await self.app(scope, receive, with_headers(send, file_headers))
            return
        writes = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if writes or path in COSTLY:
            self._check_rate(visitor)
        if writes and path.rstrip("/") == UPLOAD:
            if visitor.is_new and not scope.get("root_path", "").startswith(PREFIX):
                visitor = visitor.as_agent()
            await self._uploads.take_form(scope, receive, send, visitor)
        elif writes and path.rstrip("/") == PIECE:
            await self._uploads.take_piece(scope, receive, send, visitor)
        elif not LET_THROUGH.fullmatch(path):
            raise Refused(403, strings.NOT_OFFERED)
        else:
            if writes:
                if (declared_bytes(scope) or 0) > PLAIN_BYTES:
                    raise Refused(413, strings.TOO_LONG_A_REQUEST)
                receive = limited(receive, PLAIN_BYTES, strings.TOO_LONG_A_REQUEST)
            await self._to_the_page(path, scope, receive, send, visitor)

    async def _to_the_page(self, path: str, scope: Scope, receive: Receive, send: Send, visitor: Visitor) -> None:
        """Tabs and calls are their visitor's own, as files are."""
        tab = ASKS_TAB.fullmatch(path)
        names = [name for name in tab.groups() if name] if tab else []
        if path == f"{API}/queue/data":
            names = re.findall(r"(?:^|&)session_hash=([\w-]+)", scope.get("query_string", b"").decode("latin-1"))
        if any(self.watch.owner(name) not in (None, visitor.key) for name in names):
            raise Refused(403, strings.NOT_YOUR_TAB)
        if ASKS_FOR_WORK.fullmatch(path) and scope["method"] == "POST":
            body, receive = await read_again(receive)
            name = tab_in(body)
            if name and not self.watch.claim(name, visitor.key):
                raise Refused(403, strings.NOT_YOUR_TAB)
        beats = tab is not None and tab[1] is not None and scope["method"] == "GET"
        if beats:
            self.watch.opened(names[0])
        try:
            await self.app(scope, receive, send)
        finally:
            if beats:
                self.watch.closed(names[0])

    def _check_rate(self, visitor: Visitor) -> None:
        wait = self._rates.wait_seconds(visitor)
        if wait:
            raise Refused(429, strings.TOO_OFTEN.format(seconds=max(1, round(wait))))


def _open_files() -> int:
    """Let this process have as many files open as the system allows, within reason; tells how many."""
    if os.name != "posix":
        return MOST_FILES
    resource = importlib.import_module("resource")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    return int(allowed)


def shown(path: str) -> str:
    """A path as it is logged: without tokens and without what files are called."""
    path = re.sub(rf"^{PREFIX}[^/]*", "", path)
    return re.sub(r"(file[=/]).*", r"\1...", path, flags=re.DOTALL)[:120].encode("ascii", "backslashreplace").decode()
