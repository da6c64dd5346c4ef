"""Where films come from and results go: a folder or any store that fsspec reaches, with transport tried again."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from riffusion_inference.errors import RiffusionError

from ..errors import MediaError, StorageError
from ..files import write_errors

LOG = logging.getLogger(__name__)
T = TypeVar("T")
WAITS_SECONDS = (0.5, 2.0, 8.0)
"""How long is waited before transport is tried again, each time."""

LOCAL = "file"


@dataclass(frozen=True)
class Place:
    """A folder or a file, here or in a store; made by open_place."""

    fs: Any
    """The fsspec file system."""
    root: str
    """Path on it, without the protocol."""
    url: str
    """As it was named, without what is secret in it."""

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine's own file system."""
        return LOCAL in (self.fs.protocol if isinstance(self.fs.protocol, tuple | list) else (self.fs.protocol,))

    @property
    def is_folder(self) -> bool:
        """Whether it holds files.

        Raises:
            MissingError: there is nothing.
        """
        return transport(self.url, lambda: str(self.fs.info(self.root)["type"])) == "directory"

    def at(self, *names: str) -> str:
        """The path of something below it."""
        return "/".join((self.root.rstrip("/"), *names))

    def url_of(self, path: str) -> str:
        """The URL of a path on the same file system; a plain path where that is local."""
        return path if self.is_local else str(self.fs.unstrip_protocol(path))

    def read(self, *names: str) -> bytes | None:
        """A small file's bytes; None where there is none."""
        try:
            return transport(self.at(*names), lambda: bytes(self.fs.cat_file(self.at(*names))))
        except MissingError:
            return None

    def write(self, data: bytes, *names: str) -> None:
        """Write a small file, whole or not at all."""
        path = self.at(*names)
        transport(path, lambda: _write(self, path, data))

    def append(self, data: bytes, *names: str) -> None:
        """Add to a file of the local file system."""
        with write_errors(Path(self.at(*names))):
            Path(self.at(*names)).parent.mkdir(parents=True, exist_ok=True)
            with Path(self.at(*names)).open("ab") as file:
                file.write(data)

    def create(self, data: bytes, *names: str) -> bool:
        """Write a small file that must not be there yet; False where it is."""
        path = self.at(*names)

        def work() -> bool:
            try:
                if self.is_local:
                    Path(path).parent.mkdir(parents=True, exist_ok=True)
                    with Path(path).open("xb") as file:
                        file.write(data)
                else:
                    self.fs.pipe_file(path, data, mode="create")
            except FileExistsError:
                return False
            return True

        return transport(path, work)

    def delete(self, *names: str) -> None:
        """Delete a file if it is there."""
        path = self.at(*names)

        def work() -> None:
            with suppress(FileNotFoundError):
                self.fs.rm_file(path)

        transport(path, work)

    def names(self, *folders: str) -> list[str]:
        """What lies directly in a folder; empty where that is not there."""
        path = self.at(*folders)

        def work() -> list[str]:
            self.fs.invalidate_cache()
            return [PurePosixPath(found).name for found in self.fs.ls(path, detail=False)]

        try:
            return sorted(transport(path, work))
        except MissingError:
            return []

    def find(self) -> list[str]:
        """Every file below it, hidden ones left out."""
        found = transport(self.url, lambda: list(self.fs.find(self.root)))
        below = len(self.root.rstrip("/"))
        return sorted(path for path in found if "/." not in path[below:] and path.rstrip("/") != self.root.rstrip("/"))

    def glob(self) -> list[str]:
        """Every file that matches, where it is a pattern."""
        found = transport(self.url, lambda: list(self.fs.glob(self.root)))
        return sorted(path for path in found if not PurePosixPath(path).name.startswith("."))


class MissingError(MediaError):
    """A file is not where it was said to be."""


def open_place(url: str) -> Place:
    """The place of a path or URL; nothing is read yet.

    Raises:
        StorageError: nothing is known of such URLs, or a package is missing that reads them.
    """
    import fsspec

    shown = without_secrets(url)
    if "://" not in url:
        return Place(fsspec.filesystem(LOCAL), os.path.abspath(os.path.expanduser(url)), shown)
    try:
        fs, root = fsspec.url_to_fs(url)
    except ImportError as error:
        raise StorageError(f"{shown} cannot be reached: {error}. Install that package beside this program.") from error
    except ValueError as error:
        raise StorageError(f"{shown} cannot be reached ({error}): give a path, or a URL such as s3://.") from error
    return Place(fs, root, shown)


def without_secrets(url: str) -> str:
    """A URL as it may be shown and kept: without passwords, signatures and tokens."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def transport(what: str, action: Callable[[], T]) -> T:
    """Do something over the network or with a disk; what may pass by itself is tried again after a wait.

    Raises:
        MissingError: there is no such file.
        StorageError: it may not be read or written, or every try failed.
    """
    shown = without_secrets(what)
    for wait in (*WAITS_SECONDS, None):
        try:
            return action()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MissingError(f"{shown} does not exist: check the name.") from error
        except PermissionError as error:
            raise StorageError(f"{shown} may not be used ({_reason(error)}): check the rights to it.") from error
        except RiffusionError:
            raise
        except Exception as error:  # Each store has exceptions of its own, not all of them OSErrors.
            if wait is None:
                tries = len(WAITS_SECONDS) + 1
                raise StorageError(f"{shown} did not answer in {tries} tries ({_reason(error)}).") from error
            LOG.info("%s: %s; trying again in %g s.", shown, _reason(error), wait)
            time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".")


def _write(place: Place, path: str, data: bytes) -> None:
    if not place.is_local:
        place.fs.pipe_file(path, data)
        return
    hidden = Path(path).with_name(f".{Path(path).name}.{os.getpid()}")
    hidden.parent.mkdir(parents=True, exist_ok=True)
    hidden.write_bytes(data)
    os.replace(hidden, path)
