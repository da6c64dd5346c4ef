"""Who asks: a visitor is known by a random token, wherever it comes from.

A browser keeps it as a cookie. Inside another site's frame cookies may be blocked, so the page's own addresses carry it
as well: Gradio is told that it is served under /visit/<token>, and the browser asks for everything there. A program
may send it as a header. The address that a request comes from is nobody's key: it only shares out turns and limits.

Agents are all one visitor, since one client of Gradio's calls for them all, and what belongs to that visitor is had by
whoever can name it. Who says that he is an agent gains nothing but that.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections import OrderedDict
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from ..visitors import OPEN
from .asgi import Headers, Scope, Send, header, with_headers

COOKIE = "riffusion_dub_visitor"
HEADER = b"x-visitor"
AGENT = (b"x-gradio-user", "mcp")
"""Header of the calls that Gradio makes for agents."""
AGENT_FROM = b"x-agent-from"
"""Header that brings an agent's address along with such a call; only this process can write it."""
AGENTS = "/gradio_api/mcp"
PREFIX = "/visit/"
TOKEN = re.compile(r"[0-9a-f]{64}")
UNDER_PREFIX = re.compile(rf"^{PREFIX}([0-9a-f]{{64}})(/.*)?$", re.DOTALL)
KEPT_COOKIES = 100_000
SCOPE_KEY = "riffusion_dub.visitor"


@dataclass(frozen=True)
class Visitor:
    """Behind one request."""

    key: str
    """Name of the visitor's folder: a hash, so that a path never gives the token away."""
    address: str
    """Where the request comes from; several visitors may share it."""
    token: str
    """What the visitor is known by."""
    is_new: bool = False
    """Whether the token was drawn for this request."""

    @property
    def account(self) -> str:
        """What limits count for, and name of the folder for what is sent: agents have one for each address."""
        if self.key != OPEN:
            return self.key
        return f"{OPEN}-{hashlib.sha256(self.address.encode()).hexdigest()[:32]}"

    def as_agent(self) -> Visitor:
        """Who sends something without a token cannot be known again, and is one of the agents."""
        return Visitor(OPEN, self.address, "")


NOBODY = Visitor("nobody", "", "")
"""Behind a call that did not come over the web."""
CALLER: ContextVar[Visitor] = ContextVar("caller", default=NOBODY)
"""Behind the event that Gradio's queue carries out."""


def key_of(token: str) -> str:
    """Folder name of a visitor."""
    return hashlib.sha256(token.encode()).hexdigest()[:40]


def visitor_of(scope: Scope | None) -> Visitor:
    """The visitor that `Identities` has found behind a request."""
    found = (scope or {}).get(SCOPE_KEY, NOBODY)
    assert isinstance(found, Visitor)
    return found


class Identities:
    """Finds the visitor behind each request.

    Args:
        trust_proxy: whether a proxy of ours stands in front, which says where a request comes from.
    """

    def __init__(self, *, trust_proxy: bool) -> None:
        self._trust_proxy = trust_proxy
        self._keeps_cookies: OrderedDict[str, None] = OrderedDict()
        self._secret = secrets.token_hex(32)
        self._lock = threading.Lock()

    def identify(self, scope: Scope) -> Visitor:
        """Find who asks, note it in the scope, and let Gradio think that it is served under the visitor's address."""
        prefix = UNDER_PREFIX.match(scope["path"])
        address = self._address(scope)
        if header(scope, AGENT[0]) == AGENT[1]:
            visitor = Visitor(OPEN, address, "")
            token = prefix[1] if prefix else ""
        else:
            token, is_new = self._token(scope, prefix[1] if prefix else None)
            visitor = Visitor(key_of(token), address, token, is_new)
        scope[SCOPE_KEY] = visitor
        _use_forwarded_host(scope)
        path = (prefix[2] or "/") if prefix else scope["path"]
        if path.startswith(AGENTS):
            said = f"{self._secret} {address}".encode("latin-1", "replace")
            scope["headers"] = [*(one for one in scope["headers"] if one[0] != AGENT_FROM), (AGENT_FROM, said)]
        if prefix or (path == "/" and token):
            scope["root_path"] = f"{PREFIX}{prefix[1] if prefix else token}"
            scope["path"] = scope["root_path"] + path
            scope["raw_path"] = scope["path"].encode("utf-8", "surrogateescape")
        return visitor

    def _token(self, scope: Scope, in_path: str | None) -> tuple[str, bool]:
        """The token of a request, and whether it had to be drawn."""
        in_header, in_cookie = header(scope, HEADER), cookie_of(scope)
        if TOKEN.fullmatch(in_header):
            return in_header, False
        if in_cookie is not None:
            self._note_cookie(in_cookie)
            return in_cookie, False
        # Whoever keeps cookies is not known by an address, which people copy and send to each other.
        if in_path is not None and key_of(in_path) not in self._keeps_cookies:
            return in_path, False
        return secrets.token_hex(32), True

    def _note_cookie(self, token: str) -> None:
        with self._lock:
            self._keeps_cookies[key_of(token)] = None
            self._keeps_cookies.move_to_end(key_of(token))
            if len(self._keeps_cookies) > KEPT_COOKIES:
                self._keeps_cookies.popitem(last=False)

    def _address(self, scope: Scope) -> str:
        known, _, agents = header(scope, AGENT_FROM).partition(" ")
        if secrets.compare_digest(known.encode(), self._secret.encode()):
            return agents
        if self._trust_proxy:
            # The last one is what our proxy has seen; those before it are what the visitor says.
            forwarded = header(scope, b"x-forwarded-for").rpartition(",")[2].strip()
            if forwarded:
                return forwarded
        return str(scope["client"][0]) if scope.get("client") else ""


def cookie_of(scope: Scope) -> str | None:
    """The visitor cookie of a request; None if there is none of our making."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header(scope, b"cookie"))
    except CookieError:
        return None
    value = jar[COOKIE].value if COOKIE in jar else ""
    return value if TOKEN.fullmatch(value) else None


def giving_cookie(send: Send, scope: Scope, visitor: Visitor) -> Send:
    """Add Set-Cookie to the answer; in a Space's frame, over https, the cookie must be allowed across sites."""
    secure = scope.get("scheme") == "https" or header(scope, b"x-forwarded-proto").startswith("https")
    rules = "SameSite=None; Secure; Partitioned" if secure else "SameSite=Lax"
    value = f"{COOKIE}={visitor.token}; Path=/; HttpOnly; {rules}".encode()

    def change(headers: Headers) -> Headers:
        return [*headers, (b"set-cookie", value)]

    return with_headers(send, change)


def _use_forwarded_host(scope: Scope) -> None:
    """Put the name that a proxy was asked by where names belong: Gradio forgets the path where it reads the other."""
    forwarded = header(scope, b"x-forwarded-host").split(",")[0].strip()
    if forwarded:
        kept = [(name, value) for name, value in scope["headers"] if name not in (b"host", b"x-forwarded-host")]
        scope["headers"] = [*kept, (b"host", forwarded.encode("latin-1"))]
