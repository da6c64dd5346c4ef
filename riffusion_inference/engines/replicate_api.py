"""Calls to replicate.com through its own client: patience, cancelling, and one sentence for each way it can fail.

The token is handed in, never read from the environment, and never appears in a message, a repr or a URL.
"""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from riffusion_inference.datatypes import ShouldCancel
from riffusion_inference.errors import EngineError, GenerationCancelled

DEFAULT_BASE_URL = "https://api.replicate.com"
MAX_DOWNLOAD_BYTES = 200_000_000
MAX_RETRY_AFTER_SECONDS = 60.0
"""A server that asks for a longer wait than this is as good as not there."""
WAITS = "starting", "processing"
ALWAYS_SAFE = "GET", "HEAD"
"""Requests that may be repeated whatever happened; a POST might have started a paid prediction already."""


class ReplicateApi:
    """The service, seen through its own client."""

    def __init__(
        self,
        token: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout_seconds: float = 600.0,
        poll_seconds: float = 1.0,
        attempts: int = 5,
        first_wait_seconds: float = 1.0,
        read_timeout_seconds: float = 30.0,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            token: the account's API token.
            base_url: without /v1; another one is for proxies and tests.
            timeout_seconds: longest that one prediction may take, cold start included.
            poll_seconds: from one look at a prediction to the next.
            attempts: how often a request is tried in all.
            first_wait_seconds: before the second try; doubles each time, unless the server names a time.
            read_timeout_seconds: longest that one request may be silent.
        Raises:
            EngineError: no token, or the client is not installed.
        """
        if not token.strip():
            raise EngineError(
                "Replicate needs a token: put REPLICATE_API_TOKEN=... into .env, or choose an engine that runs here."
            )
        try:
            import replicate
        except ImportError as error:
            raise EngineError(
                'Replicate needs its client: run pip install ".[replicate]" (or -r requirements-replicate.txt) in the '
                "project's folder, or choose an engine that runs here."
            ) from error
        self._token = token.strip()
        self._base_url = base_url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._poll_seconds = poll_seconds
        self._should_cancel: ShouldCancel | None = None
        timeout = httpx.Timeout(read_timeout_seconds, connect=min(10.0, read_timeout_seconds))
        self._patience = _Patience(self, timeout, attempts, first_wait_seconds)
        self._client = replicate.Client(
            api_token=self._token, base_url=self._base_url, timeout=timeout, transport=self._patience
        )

    def __repr__(self) -> str:
        """Without the token."""
        return f"ReplicateApi(base_url={self._base_url!r})"

    def run(
        self,
        model: str,
        inputs: dict[str, Any],
        *,
        should_cancel: ShouldCancel | None = None,
        on_status: Callable[[str], None] | None = None,
    ) -> Any:
        """Run the latest version of a model and wait for its output.

        Args:
            model: "owner/name".
            inputs: as the model's page names them.
            should_cancel: asked several times a second; True cancels the prediction there too.
            on_status: told "starting", "processing" and so on.
        Raises:
            EngineError: the service refused, failed, or took too long; one sentence that says which.
            GenerationCancelled: should_cancel returned True.
        """
        self._should_cancel = should_cancel
        self.stop_if_asked()
        version = self._understood(lambda: self._client.models.get(model).latest_version)
        if version is None:
            raise EngineError(f"Replicate has no version of {model} to run: choose another engine.")
        prediction = self._understood(lambda: self._client.predictions.create(version=version.id, input=inputs))
        deadline = time.monotonic() + self._timeout_seconds
        identity = prediction.id
        try:
            while prediction.status in WAITS:
                if on_status is not None:
                    on_status(prediction.status)
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"Replicate did not finish {model} within {self._timeout_seconds:g} s: try again later, or "
                        "choose an engine that runs here."
                    )
                self.wait(self._poll_seconds)
                prediction = self._understood(lambda: self._client.predictions.get(identity))
        except (EngineError, GenerationCancelled):
            self._cancel(identity)
            raise
        if prediction.status != "succeeded":
            why = self.without_token(" ".join(str(prediction.error or "no reason given").split()))[:200]
            raise EngineError(f"Replicate's {model} {prediction.status}: {why}")
        return prediction.output

    def download(self, url: str, *, should_cancel: ShouldCancel | None = None) -> bytes:
        """Fetch an output file, again from the start when the connection drops.

        The token goes along only to the service's own host.
        """
        self._should_cancel = should_cancel
        if url.startswith("data:"):
            return base64.b64decode(url.partition(",")[2])
        parts = urlsplit(url)
        ours = parts.netloc == urlsplit(self._base_url).netloc
        if parts.scheme != "https" and not (parts.scheme == "http" and ours):
            raise EngineError(
                "Replicate's answer holds no address to download from: try again, or choose another engine."
            )
        headers = {"Authorization": f"Bearer {self._token}"} if ours else {}
        with httpx.Client(transport=self._patience, headers=headers, follow_redirects=True) as client:
            return client.get(url).content

    def close(self) -> None:
        """End the connections."""
        self._patience.hang_up()

    def wait(self, seconds: float) -> None:
        """Sleep, looking up several times a second whether to stop."""
        until = time.monotonic() + seconds
        while True:
            self.stop_if_asked()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(0.1, left))

    def stop_if_asked(self) -> None:
        """Raise GenerationCancelled when the person asked to stop."""
        if self._should_cancel is not None and self._should_cancel():
            raise GenerationCancelled("Stopped: nothing was written.")

    def without_token(self, text: str) -> str:
        """The text with the token blotted out, should a server ever send it back."""
        return text.replace(self._token, "(token)")

    def _understood(self, call: Callable[[], Any]) -> Any:
        """Run a client call; a reply that is no such thing is a sentence too."""
        try:
            return call()
        except (ValueError, TypeError, KeyError) as error:  # JSON and pydantic errors are ValueErrors
            raise EngineError(
                "Replicate's reply could not be understood: check REPLICATE_BASE_URL, or choose another engine."
            ) from error

    def _cancel(self, identity: str) -> None:
        """Stop paying. A failure here must not hide why we stop."""
        self._should_cancel = None
        with contextlib.suppress(EngineError):
            self._understood(lambda: self._client.predictions.cancel(identity))


class _Patience(httpx.BaseTransport):
    """Sends requests, repeats those that may be repeated, and turns what stays wrong into sentences."""

    def __init__(self, api: ReplicateApi, timeout: httpx.Timeout, attempts: int, first_wait_seconds: float) -> None:
        self._api = api
        self._timeout = timeout
        self._attempts = attempts
        self._first_wait_seconds = first_wait_seconds
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer with a complete, successful response or raise EngineError."""
        # The client switches time-outs off for some requests; a silent server shall never hang a run.
        request.extensions = {**request.extensions, "timeout": self._timeout.as_dict()}
        problem = ""
        for attempt in range(self._attempts):
            self._api.stop_if_asked()
            wait = self._first_wait_seconds * 2**attempt
            try:
                response = self._fetch(request)
            except httpx.ConnectError:
                problem = "Replicate could not be reached: check the network"
            except httpx.HTTPError as error:
                problem = _what_broke(error)
                if request.method not in ALWAYS_SAFE:
                    break
            else:
                if response.status_code < 400:
                    return response
                problem = self._refusal(response)
                if response.status_code < 500 and response.status_code != 429:
                    raise EngineError(problem)
                if response.status_code >= 500 and request.method not in ALWAYS_SAFE:
                    break
                wait = _retry_after(response, wait)
            if wait > MAX_RETRY_AFTER_SECONDS:
                break
            if attempt + 1 < self._attempts:
                self._api.wait(wait)
        tries = f" (tried {attempt + 1} times)" if attempt else ""
        raise EngineError(f"{problem}{tries}; try again later, or choose an engine that runs here.")

    def close(self) -> None:
        """Nothing: the connections are kept for the next request; ReplicateApi.close ends them."""

    def hang_up(self) -> None:
        """End the connections."""
        self._inner.close()

    def _fetch(self, request: httpx.Request) -> httpx.Response:
        """One try, with the whole body read, so that a dropped connection shows here."""
        response = self._inner.handle_request(request)
        try:
            body = bytearray()
            for chunk in response.stream:  # type: ignore[union-attr]
                if request.method in ALWAYS_SAFE:  # a prediction that was just made must be known to be cancelled
                    self._api.stop_if_asked()
                body += chunk
                if len(body) > MAX_DOWNLOAD_BYTES:
                    raise EngineError(
                        f"Replicate sent more than {MAX_DOWNLOAD_BYTES // 1_000_000} MB: that is no music."
                    )
        finally:
            response.close()
        return httpx.Response(response.status_code, headers=response.headers, content=bytes(body), request=request)

    def _refusal(self, response: httpx.Response) -> str:
        """The sentence for an HTTP error; without full stop where more may follow."""
        status = response.status_code
        if status == 401:
            return "Replicate refused the token (401): check REPLICATE_API_TOKEN in .env."
        if status == 402:
            return "Replicate wants payment (402): add credit to the account, or choose an engine that runs here."
        if status == 429:
            return "Replicate was asked too often (429)"
        if status >= 500:
            return f"Replicate's service failed ({status})"
        try:
            detail = str(response.json().get("detail", ""))
        except (ValueError, AttributeError):
            detail = ""
        detail = self._api.without_token(" ".join(detail.split()))[:200].rstrip(".")
        return f"Replicate refused the request ({status}): {detail or 'it gave no reason'}."


def _what_broke(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "Replicate did not answer in time"
    return "The connection to Replicate broke off"


def _retry_after(response: httpx.Response, default: float) -> float:
    """Seconds that the server asks for, or our own; dates are not worth the trouble here."""
    text = response.headers.get("Retry-After", "").strip()
    return float(text) if text.isdigit() else default
