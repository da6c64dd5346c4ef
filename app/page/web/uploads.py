"""Uploads: into the visitor's own folder, whole or not at all, in one request or in pieces.

Gradio's own route leaves a temporary file behind wherever a request breaks off, knows no limit but one on a file's
size, and puts everybody's files side by side. This one uses Gradio's parser and answers as Gradio does.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

from gradio.route_utils import GradioMultiPartParser, GradioUploadFile
from gradio.routes import file_upload_statuses
from gradio_client.utils import strip_invalid_filename_characters
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from ...files import hash_file
from .. import strings
from ..visitors import ARRIVING, OPEN, NoRoom, Visitors
from .asgi import Receive, Scope, Send, answer
from .body import Check, Refused, declared_bytes, limited
from .identity import Visitor
from .rates import AtOnce

PER_VISITOR, PER_ADDRESS, IN_ALL = 4, 192, 256
"""Uploads that may be under way at once; each holds a connection and a file, and is given up when it falls silent."""
FILES_A_FORM = 10
"""Files in one request: each holds a file open."""
FORM_BYTES = 1 << 20
"""What a form adds to its files, at most."""
TRACKED_SECONDS = 60.0
"""How long after its end a browser may still ask how far an upload is."""
PIECE_ID = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """Takes uploads.

    Args:
        visitors: where they go.
        max_bytes: the largest file that is taken.
    """

    def __init__(self, visitors: Visitors, max_bytes: int) -> None:
        self._visitors, self._max_bytes = visitors, max_bytes
        self._under_way = AtOnce(per_visitor=PER_VISITOR, per_address=PER_ADDRESS, in_all=IN_ALL)
        self._pieces: set[Path] = set()

    async def take_form(self, scope: Scope, receive: Receive, send: Send, visitor: Visitor) -> None:
        """Take files from a form, as browsers and gradio_client send them; answers with their paths.

        Raises:
            Refused: it is too large, too slow, or has no place.
        """
        with self._one_more(visitor), self._arriving(visitor) as folder:
            room = await self._check_room(scope, visitor)
            body = limited(receive, self._max_bytes + FORM_BYTES, self._too_large(), room)
            upload_id = next(iter(_query(scope).get("upload_id", ())), None)
            try:
                files = await self._parse(scope, body, folder, upload_id)
            except ClientDisconnect:
                return  # Nobody is there to be answered.
            finally:
                if upload_id:
                    file_upload_statuses.set_done(upload_id)
                    asyncio.get_running_loop().call_later(
                        TRACKED_SECONDS, file_upload_statuses.stop_tracking, upload_id
                    )
            paths = [str(await asyncio.to_thread(self._keep, visitor, file, name)) for file, name in files]
            await answer(send, 200, paths)

    async def _parse(
        self, scope: Scope, receive: Receive, folder: Path, upload_id: str | None
    ) -> list[tuple[Path, str]]:
        """The files of a form, written to a folder, and their names."""
        if upload_id:
            file_upload_statuses.track(upload_id)
        parser = GradioMultiPartParser(
            Headers(scope=scope),
            Request(scope, receive).stream(),
            max_files=FILES_A_FORM,
            max_fields=FILES_A_FORM,
            upload_dir=folder,
            max_file_size=self._max_bytes,
            upload_id=upload_id,
            upload_progress=file_upload_statuses if upload_id else None,
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            too_large = "maximum allowed size" in error.message
            raise Refused(413 if too_large else 400, self._too_large() if too_large else strings.BAD_REQUEST) from error
        except (KeyError, AttributeError) as error:  # No content type, or a field where a file belongs.
            raise Refused(400, strings.BAD_REQUEST) from error
        files = []
        for file in form.getlist("files"):
            if not isinstance(file, GradioUploadFile):
                raise Refused(400, strings.BAD_REQUEST)
            file.file.close()
            files.append((Path(str(file.file.name)), file.filename or ""))
        return files

    async def take_piece(self, scope: Scope, receive: Receive, send: Send, visitor: Visitor) -> None:
        """Take one piece of a file: ?id=<32 hex digits>&name=&at=<bytes so far>&total=<bytes>, and bytes as the body.

        Answers {"at": n}, or {"path": path} after the last one. A piece that does not begin where the ones before it
        end gets 409 and where that is.

        Raises:
            Refused: it is too large, too slow, or has no place.
        """
        asked = {name: values[0] for name, values in _query(scope).items()}
        at, total = asked.get("at", ""), asked.get("total", "")
        if not PIECE_ID.fullmatch(asked.get("id", "")) or not at.isdecimal() or not total.isdecimal():
            raise Refused(400, strings.BAD_REQUEST)
        if int(total) > self._max_bytes:
            raise Refused(413, self._too_large())
        folder = self._visitors.home / visitor.account / f"{ARRIVING}{asked['id']}"
        part = folder / "part"
        with self._one_more(visitor), self._alone(part):
            room = await self._check_room(scope, visitor)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            come = part.stat().st_size if part.exists() else 0
            if come != int(at):
                await answer(send, 409, {"detail": strings.OTHER_PIECE, "at": come})
                return
            body = limited(receive, int(total) - come, self._too_large(), room)
            if not await _append(part, body, come):
                return
            come = part.stat().st_size
            if come < int(total):
                await answer(send, 200, {"at": come})
                return
            kept = await asyncio.to_thread(self._keep, visitor, part, asked.get("name", ""))
            shutil.rmtree(folder, ignore_errors=True)
            await answer(send, 200, {"path": str(kept)})

    @contextmanager
    def _one_more(self, visitor: Visitor) -> Iterator[None]:
        with self._under_way.one_more(visitor) as fits:
            if not fits:
                raise Refused(429, strings.TOO_MANY_UPLOADS)
            yield

    @contextmanager
    def _alone(self, part: Path) -> Iterator[None]:
        """Two requests never write to one file."""
        if part in self._pieces:
            raise Refused(409, strings.OTHER_PIECE)
        self._pieces.add(part)
        try:
            yield
        finally:
            self._pieces.discard(part)

    @contextmanager
    def _arriving(self, visitor: Visitor) -> Iterator[Path]:
        folder = self._visitors.arriving(visitor.account)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _check_room(self, scope: Scope, visitor: Visitor) -> Check:
        """See that what is announced has a place; gives what to ask again while it comes."""
        announced = declared_bytes(scope) or 0
        if announced > self._max_bytes + FORM_BYTES:
            raise Refused(413, self._too_large())

        async def look(n_bytes: int = 0) -> None:
            try:
                await asyncio.to_thread(self._visitors.check_room, visitor.account, n_bytes)
            except NoRoom as error:
                raise Refused(error.status, str(error)) from error

        await look(announced)
        return look

    def _keep(self, visitor: Visitor, file: Path, name: str) -> Path:
        """Move a finished file to its place; the same bytes under the same name have one, but where names are keys."""
        own = secrets.token_hex(16) if visitor.key == OPEN else hash_file(file)
        target = self._visitors.uploads(visitor.account) / own / safe_name(name)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.replace(file, target)
        os.utime(target.parent)
        return target

    def _too_large(self) -> str:
        return strings.UPLOAD_TOO_LARGE.format(limit=self._max_bytes / 1e6)


async def _append(part: Path, receive: Receive, come: int) -> bool:
    """Add a body to a file; False where the visitor has gone, and the file is as it was."""
    with part.open("ab") as file:
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                await asyncio.to_thread(file.write, message.get("body", b""))
                if not message.get("more_body"):
                    return True
        except ClientDisconnect:
            file.truncate(come)
            return False
        except BaseException:
            file.truncate(come)
            raise


def _query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"))


def safe_name(name: str) -> str:
    """A file's name without folders, and without what file systems stumble over; the ending stays."""
    kept = strip_invalid_filename_characters(Path(name.replace("\\", "/")).name).strip()
    return kept if kept.strip(".") else "upload"
