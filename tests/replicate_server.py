"""A local server that speaks as much of replicate.com's protocol as its client uses, and fails on demand."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import soundfile

TOKEN = "r8_secret_token_of_a_test"
VERSION = "v" * 64


@dataclass
class Answer:
    """One reply that goes before the usual ones."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Send this many bytes of the body and hang up."""
    delay_seconds: float = 0.0
    """Be silent for so long first."""


@dataclass
class FakeReplicate:
    """What the server does and what it saw."""

    url: str = ""
    polls: int = 1
    """How often a prediction is "processing" before it is done."""
    output: Any = None
    """Of a prediction; None is a sound file of the duration asked for."""
    final_status: str = "succeeded"
    error: str | None = None
    queued: dict[str, list[Answer]] = field(default_factory=dict)
    """Answers by "METHOD /path/prefix" that come first, in order."""
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    """(method, path, headers, JSON body) of every request."""

    def fail(self, request: str, *answers: Answer) -> None:
        """Give these answers to the next requests that begin so."""
        self.queued.setdefault(request, []).extend(answers)

    def calls(self, request: str) -> list[Any]:
        """Bodies of the requests that began so."""
        return [body for method, path, _, body in self.seen if f"{method} {path}".startswith(request)]


@contextmanager
def fake_replicate() -> Iterator[FakeReplicate]:
    """Run a server on a free port for as long as the block lasts."""
    state = FakeReplicate()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sound_file(seconds: float) -> bytes:
    """A WAV as the model makes it: 16 kHz mono."""
    buffer = io.BytesIO()
    samples = np.sin(np.arange(int(seconds * 16000)) * 0.05) * 0.3
    soundfile.write(buffer, samples.astype(np.float32), 16000, format="WAV")
    return buffer.getvalue()


def _handler(state: FakeReplicate) -> type[BaseHTTPRequestHandler]:
    predictions: dict[str, dict[str, Any]] = {}
    polled: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self.answer("GET", None)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            self.answer("POST", json.loads(body) if body else None)

        def answer(self, method: str, body: Any) -> None:
            state.seen.append((method, self.path, dict(self.headers), body))
            for request, answers in state.queued.items():
                if answers and f"{method} {self.path}".startswith(request):
                    return self.send(answers.pop(0))
            if not self.path.startswith("/files/") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self.send(Answer(401, {"detail": "You did not pass a valid authentication token"}))
            self.send(self.usual(method, body))

        def usual(self, method: str, body: Any) -> Answer:
            if self.path.startswith("/files/"):
                return Answer(200, sound_file(float(self.path.rsplit("/", 1)[1])))
            if self.path.startswith("/v1/models/"):
                return Answer(200, model(*self.path.split("/")[3:5]))
            if method == "POST" and self.path == "/v1/predictions":
                identity = f"p{len(predictions)}"
                predictions[identity] = prediction(identity, "starting", body["input"])
                polled[identity] = 0
                return Answer(201, predictions[identity])
            identity = self.path.split("/")[3]
            if self.path.endswith("/cancel"):
                return Answer(200, prediction(identity, "canceled", {}))
            polled[identity] += 1
            given = predictions[identity]["input"]
            if polled[identity] <= state.polls:
                return Answer(200, prediction(identity, "processing", given))
            done = prediction(identity, state.final_status, given)
            done["error"] = state.error
            done["output"] = state.output or f"{state.url}/files/{given.get('duration', '1.0')}"
            return Answer(200, done)

        def send(self, answer: Answer) -> None:
            if answer.delay_seconds:
                threading.Event().wait(answer.delay_seconds)
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body or {}).encode()
            try:
                self.send_response(answer.status)
                for key, value in answer.headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: answer.cut_after])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            if answer.cut_after is not None:
                self.close_connection = True

    return Handler


def model(owner: str, name: str) -> dict[str, Any]:
    """A model's page as JSON."""
    version = {"id": VERSION, "created_at": "2024-01-01T00:00:00Z", "cog_version": "0.9", "openapi_schema": {}}
    return {
        "url": f"https://replicate.com/{owner}/{name}",
        "owner": owner,
        "name": name,
        "description": None,
        "visibility": "public",
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 1,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": version,
    }


def prediction(identity: str, status: str, given: dict[str, Any]) -> dict[str, Any]:
    """A prediction as JSON."""
    return {
        "id": identity,
        "model": "owner/name",
        "version": VERSION,
        "status": status,
        "input": given,
        "output": None,
        "logs": "",
        "error": None,
        "metrics": None,
        "created_at": "2024-01-01T00:00:00Z",
        "started_at": None,
        "completed_at": None,
        "urls": {},
    }
