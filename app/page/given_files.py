"""What a request brings: a file at an address is fetched, whole or not at all, and belongs to whoever asked for it.

It counts as an upload of theirs, and keeps to the same limits.

Gradio would fetch it as well, into a folder that it knows and we do not, without a limit, and with a traceback where it
fails. Addresses of this page's own files are not fetched: they are files that are here already.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import anyio
import gradio as gr
import httpx
import safehttpx
from gradio_client.utils import is_http_url_like

from riffusion_inference.errors import SettingError

from . import strings
from .visitors import Visitors
from .web.body import CHECK_BYTES
from .web.identity import CALLER
from .web.uploads import safe_name

OWN_FILE = re.compile(r"/gradio_api/file=(.+)$", re.DOTALL)
MAX_REDIRECTS = 5
SECONDS_PER_READ, SECONDS_IN_ALL = 20, 600
CHUNK_BYTES = 1 << 18


def takes_addresses(field: gr.File, fetch: Callable[[str], Awaitable[Path]]) -> gr.File:
    """Let a file field, for programs, fetch addresses by our rules; Gradio asks it where a named file is.

    Args:
        field: it.
        fetch: gives the file at an address.
    Returns:
        The field.
    """
    plain = field.async_move_resource_to_block_cache

    async def take(url_or_file_path: str | Path | None) -> str | None:
        if isinstance(url_or_file_path, str) and is_http_url_like(url_or_file_path):
            try:
                return str(await fetch(url_or_file_path))
            except SettingError as error:
                raise gr.Error(str(error), print_exception=False) from error
        path: str | None = await plain(url_or_file_path)
        return path

    # Not a class of its own: Gradio writes a file of types beside each of those.
    field.async_move_resource_to_block_cache = take  # type: ignore[method-assign]
    return field


def fetcher(visitors: Visitors, max_megabytes: int) -> Callable[[str], Awaitable[Path]]:
    """What fetches files for requests.

    Args:
        visitors: the page's folder.
        max_megabytes: the largest file.
    """

    async def fetch(url: str) -> Path:
        own = _own_file(visitors, url)
        if own is not None:
            return own
        account = CALLER.get().account
        folder = visitors.arriving(account)
        try:
            part = folder / safe_name(unquote(urlsplit(url).path))
            with anyio.fail_after(SECONDS_IN_ALL):
                await _download(url, part, max_megabytes, partial(visitors.check_room, account))
            # The name of the folder cannot be guessed, so that nobody but who asked can name the file.
            target = visitors.uploads(account) / secrets.token_hex(16) / part.name
            target.parent.mkdir(mode=0o700)
            os.replace(part, target)
        except TimeoutError as error:
            raise SettingError(strings.NOT_FETCHED.format(host=_host(url))) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return target

    return fetch


async def _download(url: str, target: Path, max_megabytes: int, check_room: Callable[[int], None]) -> None:
    """Write what is at an address to a file.

    Raises:
        SettingError: it cannot be reached, lies on the network inside, is no file, is too large, or has no place.
    """
    for _ in range(MAX_REDIRECTS):
        host = _host(url)
        try:
            # A name is looked up once, and asked where that led: a second look could lead inside.
            transport = safehttpx.AsyncSecureTransport(await _public_address(host))
            async with (
                httpx.AsyncClient(transport=transport, timeout=SECONDS_PER_READ) as client,
                client.stream("GET", url, follow_redirects=False) as answer,
            ):
                if not answer.has_redirect_location:
                    await _write(answer, host, target, max_megabytes, check_room)
                    return
                url = urljoin(url, answer.headers["location"])
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise SettingError(strings.NOT_FETCHED.format(host=host)) from error
    raise SettingError(strings.NOT_FETCHED.format(host=_host(url)))


async def _public_address(host: str) -> str:
    """An address of a host that is not of the network inside.

    Raises:
        OSError: it has none, or it is not known.
    """
    for *_, address in await anyio.getaddrinfo(host, None):
        if is_public(str(address[0])):
            return str(address[0])
    raise OSError(f"{host} is not public.")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the wide world, and not of this machine, its network or its provider's."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


async def _write(
    answer: httpx.Response, host: str, target: Path, max_megabytes: int, check_room: Callable[[int], None]
) -> None:
    if answer.status_code != httpx.codes.OK:
        raise SettingError(strings.FETCH_STATUS.format(host=host, status=answer.status_code))
    announced = answer.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_megabytes * 1_000_000:
        raise SettingError(strings.FETCH_TOO_LARGE.format(host=host, limit=max_megabytes))
    await anyio.to_thread.run_sync(check_room, int(announced) if announced.isdecimal() else 0)
    n_bytes = checked = 0
    async with await anyio.open_file(target, "wb") as file:
        async for chunk in answer.aiter_bytes(CHUNK_BYTES):
            n_bytes += len(chunk)
            if n_bytes > max_megabytes * 1_000_000:
                raise SettingError(strings.FETCH_TOO_LARGE.format(host=host, limit=max_megabytes))
            await file.write(chunk)
            if n_bytes - checked >= CHECK_BYTES:
                checked = n_bytes
                await anyio.to_thread.run_sync(check_room, 0)


def _own_file(visitors: Visitors, url: str) -> Path | None:
    """The file that an address of this page's own leads to; whether the caller may use it is not asked here."""
    found = OWN_FILE.search(urlsplit(url).path)
    if found is None:
        return None
    path = Path(unquote(found[1]))
    return path if path.is_relative_to(visitors.root) and path.is_file() else None


def _host(url: str) -> str:
    """The host of an address.

    Raises:
        SettingError: there is none, or it is not asked by http or https.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts.hostname
    except ValueError:
        pass  # Said below, together with addresses that lack a host.
    raise SettingError(strings.NOT_FETCHED.format(host=repr(url[:80])))
